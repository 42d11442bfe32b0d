#!/bin/sh
# release.sh - the figures of releases, against the token's own rate or a peer
# in the same run.
#
#   make bench [DEBS=1000] [RPMS=1000] [FILES=4000] [MIB=1024] [XZ_MIB=300]
#              [SAMPLE=50]
#
# Nothing here asserts a time: the machine is not ours. Prints one table.
. "${0%/*}/../lib.sh"
need openssl softhsm2-util rpmbuild rpmkeys dpkg-deb xz gpg
TESTS=1	# no TAP here
DEBS=${DEBS:-1000}
RPMS=${RPMS:-1000}
FILES=${FILES:-4000}
MIB=${MIB:-1024}
XZ_MIB=${XZ_MIB:-300}
SAMPLE=${SAMPLE:-50}
cd "$T" || exit 1

die() {
	echo "release: $1" >&2
	tail -n 20 "$T/out" | sed 's/^/  /' >&2
	exit 1
}

# took COMMAND...: wall seconds in SECS, those of processors in CPU, peak KiB in
# PEAK; its output in $T/out
took() {
	/usr/bin/time -f '%e %U %S %M' -o "$T/took" "$@" >"$T/out" 2>&1 \
		</dev/null || die "this fails: $*"
	read -r SECS user system PEAK <"$T/took"
	CPU=$(sum "$user" "$system")
}

rate() {	# N SECONDS
	awk -v n="$1" -v s="$2" 'BEGIN { printf "%.1f", n / (s > 0 ? s : .01) }'
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / (b > 0 ? b : .01) }'
}

sum() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a + b }'
}

row() {
	printf '%-46s %12s %12s %8s\n' "$1" "$2" "$3" "$4"
}

# The token's own rate in one session, signatures per second, at this moment.
token_rate() {	# LABEL rsa|ec N
	ms=$("$B/benchbin/minimal" "$MODULE" bench "$1" test-PIN "$2" "$3") ||
		die "the token does not sign with $1"
	awk -v n="$3" -v ms="$ms" 'BEGIN { printf "%.1f", n * 1000 / ms }'
}

each() {	# N SECONDS: milliseconds
	awk -v n="$1" -v s="$2" 'BEGIN { printf "%.2f", s * 1000 / n }'
}

# ---- keys --------------------------------------------------------------------
softhsm_new bench
TOUCHMARK_PIN_FILE=$PINFILE
export TOUCHMARK_PIN_FILE
pki_root ca
for k in r3:rsa3072 e2:p256; do
	name=${k%:*}
	took touchmark key generate "$name" --token bench \
		--algorithm "${k#*:}" --pin-file "$PINFILE" --module "$MODULE"
	took git config -f "$XDG_CONFIG_HOME/touchmark/config" \
		"touchmark.$name.userId" "Bench $name <$name@example.org>"
	took touchmark key csr "$name" --subject "/O=Bench/CN=$name" \
		--email "$name@example.org" -o "$name.csr"
	printf '%s\n' basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage=codeSigning,emailProtection \
		"subjectAltName=email:$name@example.org" \
		subjectKeyIdentifier=hash authorityKeyIdentifier=keyid >ext
	took openssl x509 -req -in "$name.csr" -CA "$T/pki/ca.pem" \
		-CAkey "$T/pki/ca.key" -set_serial "0x$(openssl rand -hex 8)" \
		-days 300 -extfile ext -out "$name.pem"
	took touchmark key import-cert "$name" "$name.pem"
	touchmark key export "$name" --type openpgp >"$name.asc" 2>"$T/out" ||
		die "no OpenPGP certificate of $name"
done
# What was configured this moment is parsed each time (core/config_cache.h).
sleep 4
printf '%-46s %12s %12s %8s\n' figure ours peer ratio

# ---- packages: against the token's own rate -----------------------------------
mkdir -p tree/DEBIAN tree/usr/share/hello debs rpms
printf 'Package: hello\nVersion: 1\nArchitecture: all\nMaintainer: B <b@example.org>\nDescription: x\n' \
	>tree/DEBIAN/control
head -c 20000 /dev/urandom >tree/usr/share/hello/data
took dpkg-deb --root-owner-group -b tree one.deb
cat >one.spec <<'EOS'
Name: hello
Version: 1
Release: 1
Summary: x
License: MIT
BuildArch: noarch
%description
x
%install
mkdir -p %{buildroot}/usr/share/hello
head -c 20000 /dev/urandom >%{buildroot}/usr/share/hello/data
%files
/usr/share/hello
EOS
took rpmbuild -bb --define "_topdir $T/top" one.spec
cp top/RPMS/noarch/*.rpm one.rpm || die 'no rpm'
copies() {	# FILE FOLDER N
	i=0
	while [ $i -lt "$3" ]; do
		cp "$1" "$2/$i.${1##*.}" || die 'no room'
		i=$((i + 1))
	done
}
copies one.deb debs "$DEBS"
copies one.rpm rpms "$RPMS"
for kind in deb rpm; do
	n=$DEBS
	[ $kind = deb ] || n=$RPMS
	before=$(token_rate r3 rsa 200)
	find "${kind}s" -type f >list
	# shellcheck disable=SC2046 # names of ours, to be split
	took touchmark sign --embed -k r3 $(cat list)
	secs=$SECS cpu=$CPU peak=$PEAK
	after=$(token_rate r3 rsa 200)
	raw=$(awk -v a="$before" -v b="$after" 'BEGIN { print (a + b) / 2 }')
	ours=$(rate "$n" "$secs")
	row "sign $n ${kind}s, RSA-3072: per s against C_Sign" "$ours" "$raw" \
		"$(ratio "$ours" "$raw")"
	# On a machine with other work this says more.
	took "$B/benchbin/minimal" "$MODULE" bench r3 test-PIN rsa 200
	row '  processor ms each, against C_Sign alone' \
		"$(each "$n" "$cpu")" "$(each 200 "$CPU")" \
		"$(ratio "$(each "$n" "$cpu")" "$(each 200 "$CPU")")"
	row "  peak KiB" "$peak" 24576 ''
done

# ---- small files ---------------------------------------------------------------
mkdir small
i=0
while [ $i -lt "$FILES" ]; do
	head -c 10000 /dev/urandom >"small/$i"
	i=$((i + 1))
done
for type in openpgp cms; do
	# shellcheck disable=SC2046 # as above
	took touchmark sign -t $type -k e2 $(find small -type f -name '*[0-9]')
	row "sign $FILES files of 10 KB, P-256, $type: per s" \
		"$(rate "$FILES" "$SECS")" 2000 ''
	row "  peak KiB" "$PEAK" 24576 ''
done
rm -rf small

# ---- a large file --------------------------------------------------------------
head -c "${MIB}M" /dev/urandom >big
took openssl dgst -sha256 big
sha256=$SECS
took openssl dgst -sha512 big
both=$(sum "$sha256" "$SECS")
took touchmark sign -t cms,openpgp,ssh -k r3 big
row "sign $MIB MiB, three types: s against two digests" "$SECS" "$both" \
	"$(ratio "$SECS" "$both")"
row "  peak KiB" "$PEAK" 24576 ''
rm -f big big.*

# ---- a manifest ----------------------------------------------------------------
mkdir in
i=0
while [ $i -lt 10 ]; do
	head -c "$((XZ_MIB * 1024 * 1024 / 10))" /dev/urandom | base64 -w 76 \
		>"in/$i"
	i=$((i + 1))
done
tar -cf - in | xz -0 -T2 >in.tar.xz || die 'no tarball'
rm -rf in
took sh -c 'xz -dc -T1 in.tar.xz >/dev/null'
alone=$SECS
took touchmark sign --manifest -k r3 in.tar.xz
row "manifest of $(($(wc -c <in.tar.xz) / 1000000)) MB .tar.xz: s against xz -dc" \
	"$SECS" "$alone" "$(ratio "$SECS" "$alone")"
row "  peak KiB" "$PEAK" 24576 ''
rm -f in.tar.xz*

# ---- verifying rpms --------------------------------------------------------------
took rpmkeys --dbpath "$T/db" --import r3.asc
took touchmark verify --keyring r3.asc rpms
ours=$(rate "$RPMS" "$SECS")
find rpms -type f | head -n "$SAMPLE" >list
took sh -c "while read -r f; do rpmkeys --dbpath '$T/db' -K \"\$f\" || exit 1; done <list"
loop=$(rate "$(wc -l <list)" "$SECS")
row "verify $RPMS rpms: per s against rpmkeys in a loop" "$ours" "$loop" \
	"$(ratio "$ours" "$loop")"
# shellcheck disable=SC2046 # as above
took rpmkeys --dbpath "$T/db" -K $(find rpms -type f)
once=$(rate "$RPMS" "$SECS")
row "  against one rpmkeys of all" "$ours" "$once" "$(ratio "$ours" "$once")"

# ---- how others sign ---------------------------------------------------------------
took gpg --batch --quiet --passphrase '' --quick-generate-key \
	'Soft <soft@example.org>' rsa3072 sign never
mkdir peer
copies one.rpm peer "$SAMPLE"
took rpmsign --define '_gpg_name soft@example.org' \
	--define "__gpg $(command -v gpg)" --addsign peer/*.rpm
row 'rpmsign with a software key of gpg: per s' \
	"$(rate "$SAMPLE" "$SECS")" '' ''
rm -f peer/*
copies one.rpm peer "$SAMPLE"
agent_world
took touchmark agent start
took rpmsign --define '_gpg_name r3' \
	--define "__gpg $BIN/touchmark-gpg" --addsign peer/*.rpm
row 'rpmsign with touchmark-gpg: per s' "$(rate "$SAMPLE" "$SECS")" '' ''
