#!/bin/sh
# status.sh - how long `touchmark key status` takes for many keys, each with a
# certificate file of its own: looking at files alone, and at one token that
# all of them name.
#
#   make bench [CERTS=1000]
#
# Nothing here asserts a time: the machine is not ours. Prints one table, with
# the time that openssl takes to print the same certificates beside it.
. "${0%/*}/../lib.sh"
need openssl softhsm2-util git
TESTS=1	# no TAP here
CERTS=${CERTS:-1000}

softhsm_new bench
pki_root ca
run touchmark key generate base --token bench --algorithm p256 \
	--pin-file "$PINFILE" --module "$MODULE"
mkdir "$T/certs" "$XDG_CONFIG_HOME/touchmark" 2>/dev/null
config=$XDG_CONFIG_HOME/touchmark/config
: >"$config"
printf '%s\n' basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=codeSigning \
	>"$T/ext"
i=0
while [ $i -lt "$CERTS" ]; do
	i=$((i + 1))
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$T/key.pem" -subj "/O=Bench/CN=key $i" \
		-out "$T/csr.pem" 2>/dev/null &&
	openssl x509 -req -in "$T/csr.pem" -CA "$T/pki/ca.pem" \
		-CAkey "$T/pki/ca.key" -sha256 -days $((60 + i)) \
		-set_serial "$i" -extfile "$T/ext" \
		-out "$T/certs/$i.pem" 2>/dev/null || exit 1
	printf '[touchmark "k%d"]\n\turi = "pkcs11:token=bench;object=k%d;type=private?module-path=%s"\n\tcert = %s\n' \
		"$i" "$i" "$MODULE" "$T/certs/$i.pem" >>"$config"
done

ms() {	# CMD...: milliseconds of the best of three
	best=
	for _ in 1 2 3; do
		from=$(date +%s%N)
		"$@" >"$T/out" 2>&1
		took=$((($(date +%s%N) - from) / 1000000))
		[ -n "$best" ] && [ "$best" -le "$took" ] || best=$took
	done
	echo "$best"
}
row() {
	printf '%-46s %12s ms %8s\n' "$1" "$2" "$3"
}
all_of_them() {
	cat "$T"/certs/*.pem >"$T/all.pem"
	openssl storeutl -noout -text -certs "$T/all.pem"
}

floor=$(ms all_of_them)
row "openssl prints $CERTS certificates" "$floor" ''
for how in '--offline' '--offline --json' '--json' "--offline --html $T/p"; do
	# shellcheck disable=SC2086 # options
	took=$(ms touchmark key status $how)
	row "key status ${how%% /*}" "$took" \
		"$(awk -v a="$took" -v b="$floor" 'BEGIN { printf "%.2f", a / b }')"
done
n=$(touchmark key status --offline --json | grep -c '"kind":"certificate"')
[ "$n" = "$CERTS" ] || {
	echo "bench: $n of $CERTS certificates were shown" >&2
	exit 1
}
