#!/bin/sh
# bench.sh - the figures, as ratios against a peer or a floor of the same run.
#
#   make bench [ROUNDS=40] [MIB=1024]
#
# Nothing here asserts a time: the machine is not ours. Prints one table.
. "${0%/*}/../lib.sh"
need openssl gpgsm git softhsm2-util xxd
TESTS=1	# no TAP here
ROUNDS=${ROUNDS:-40}
MIB=${MIB:-1024}
R=$B/benchbin/rounds

die() {
	echo "bench: $1" >&2
	sed 's/^/  /' "$T/out" >&2
	exit 1
}

field() {	# FILE NAME COLUMN
	awk -F'\t' -v n="$2" -v c="$3" '$1 == n { print $c }' "$1"
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

# A configuration or policy that was written this moment is parsed each time
# (core/config_cache.h); nobody signs with such a one but a benchmark.
settle() {
	sleep 4
}

row() {
	printf '%-46s %12s %12s %8s\n' "$1" "$2" "$3" "$4"
}

softhsm_new bench
run touchmark key generate r3 --token bench --algorithm rsa3072 \
	--pin-file "$PINFILE" --module "$MODULE"
[ "$RC" = 0 ] || die 'cannot make a key'
run touchmark key generate e2 --token bench --algorithm p256 \
	--pin-file "$PINFILE" --module "$MODULE"
[ "$RC" = 0 ] || die 'cannot make a key'
pki_root ca
pki_crl ca
for k in r3 e2; do
	run touchmark key csr "$k" --subject "/O=Bench/CN=$k" \
		--email dev@example.org --pin-file "$PINFILE" -o "$T/$k.csr"
	[ "$RC" = 0 ] || die "no CSR of $k"
	cat >"$T/ext" <<-EOF
	basicConstraints=critical,CA:FALSE
	keyUsage=critical,digitalSignature
	extendedKeyUsage=codeSigning,emailProtection
	subjectAltName=email:dev@example.org
	subjectKeyIdentifier=hash
	authorityKeyIdentifier=keyid
	EOF
	run openssl x509 -req -in "$T/$k.csr" -CA "$T/pki/ca.pem" \
		-CAkey "$T/pki/ca.key" -set_serial "0x$(openssl rand -hex 8)" \
		-days 300 -extfile "$T/ext" -out "$T/$k.pem"
	[ "$RC" = 0 ] || die "no certificate of $k"
	run touchmark key import-cert "$k" "$T/$k.pem" --pin-file "$PINFILE"
	[ "$RC" = 0 ] || die "cannot import the certificate of $k"
done
head -c 300 /dev/urandom | xxd -p | head -c 300 >"$T/payload"

# gpgsm with a software key of the same size, its agent running.
PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:3072' \
	pki_leaf ca soft soft@example.org
openssl pkcs12 -export -legacy -out "$T/soft.p12" -inkey "$T/pki/soft.key" \
	-in "$T/pki/soft.pem" -certfile "$T/pki/ca.pem" -passout pass:
printf 'allow-loopback-pinentry\n' >"$GNUPGHOME/gpg-agent.conf"
printf 'disable-crl-checks\n' >"$GNUPGHOME/gpgsm.conf"
run gpgsm --batch --import "$T/pki/ca.pem"
printf '%s S\n' "$(openssl x509 -in "$T/pki/ca.pem" -noout -fingerprint \
	-sha1 | sed 's/.*=//')" >"$GNUPGHOME/trustlist.txt"
# An empty protection pass phrase: the agent never asks.
gpgsm --batch --pinentry-mode loopback --passphrase '' --import "$T/soft.p12" \
	>"$T/out" 2>&1 </dev/null || die 'gpgsm cannot import a key'

export TOUCHMARK_PIN_FILE="$PINFILE"
settle
printf '%-46s %12s %12s %8s\n' figure ours peer ratio
for k in r3 e2; do
	alg=rsa
	[ $k = r3 ] || alg=ec
	label=$k
	set -- "$R" "$ROUNDS" "$T/payload" \
		touchmark "touchmark-gpgsm --status-fd=2 -bsau $k" \
		minimal "$B/benchbin/minimal $MODULE bench $label test-PIN $alg"
	[ $k != r3 ] || set -- "$@" \
		gpgsm "gpgsm --batch --status-fd=2 -bsau soft@example.org"
	"$@" >"$T/rounds" || die 'a signer fails'
	t=$(field "$T/rounds" touchmark 2)
	m=$(field "$T/rounds" minimal 2)
	row "sign 300 bytes, $k: ms against minimal" "$t" "$m" "$(ratio "$t" "$m")"
	[ $k = r3 ] || continue
	g=$(field "$T/rounds" gpgsm 2)
	row "sign 300 bytes, $k: ms against gpgsm" "$t" "$g" "$(ratio "$t" "$g")"
done

head -c "${MIB}M" /dev/urandom >"$T/big"
"$R" 3 /dev/null sign "touchmark sign -k r3 $T/big" \
	dgst "openssl dgst -sha256 $T/big" \
	verify "touchmark verify --roots $T/pki/ca.pem $T/big" >"$T/rounds" ||
	die 'signing a large file fails'
d=$(field "$T/rounds" dgst 2)
for w in sign verify; do
	t=$(field "$T/rounds" $w 2)
	row "$w $MIB MiB: ms against openssl dgst" "$t" "$d" "$(ratio "$t" "$d")"
	row "$w $MIB MiB: peak KiB" "$(field "$T/rounds" $w 5)" 16384 ''
done
rm -f "$T/big" "$T/big.p7s"

. "${0%/*}/agent.sh"
. "${0%/*}/judge.sh"
