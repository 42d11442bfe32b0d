#!/bin/sh
# A device's attestation has the same public key as the certificate to sign
# with, and may name any usage and end later: beside it, in the file or on the
# token, that one signs, is renewed and is told of; alone it signs nothing.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util faketime

token_key dev dev@example.org
git config -f "$CONFIG" touchmark.key dev
cd "$T" || exit 1
echo data >f
CERT=$(git config -f "$CONFIG" touchmark.dev.cert)
cp "$CERT" real.pem
openssl x509 -in real.pem -noout -pubkey >dev.pub

# ---- the device ----------------------------------------------------------------
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout device.key -out device.pem -days 9000 -sha256 \
	-subj '/CN=Maker PIV Attestation' 2>/dev/null
openssl req -new -key device.key -subj '/CN=PIV Attestation 9c' -out csr
attest() {	# NAME EXT-LINE...
	out=$1
	shift
	printf '%s\n' 1.3.6.1.4.1.41482.3.3=DER:05:04:03 \
		1.3.6.1.4.1.41482.3.8=DER:03:02 "$@" >ext
	openssl x509 -req -in csr -force_pubkey dev.pub -CA device.pem \
		-CAkey device.key -sha256 -days 9000 -set_serial 77 \
		-extfile ext -out "$out" 2>/dev/null
}
attest plain.pem
attest eager.pem basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=codeSigning
signer_is() {	# NAME WHAT
	rm -f f.p7s
	ok "$2: a signature" touchmark sign -k dev --no-timestamp f
	openssl cms -cmsout -print -inform DER -in f.p7s >out 2>/dev/null
	openssl cms -verify -binary -inform DER -in f.p7s -content f -noverify \
		-signer who.pem -out /dev/null 2>/dev/null
	openssl x509 -in who.pem -noout -subject >out
	has "CN ?= ?$1" "$2: by the signer's certificate"
}

# ---- in the file ------------------------------------------------------------------
for a in plain eager; do
	cat $a.pem real.pem >"$CERT"
	signer_is dev "a $a one before it"
	cat real.pem $a.pem device.pem >"$CERT"
	signer_is dev "a $a one behind it"
	ok "$a: key status" touchmark key status --offline
	is "$(grep -c '^cert .* signs ' out)" 1 "$a: one certificate signs"
	has '^cert +dev .* unfit ' "$a: the other does not"
	ok "$a: as JSON" touchmark key status --offline --json
	has '"status":"unfit","subject":"CN=PIV Attestation 9c".*attestation' \
		"$a: and why"
	ok "$a: a renewal" touchmark key csr dev --renew -o csr.pem
	openssl req -in csr.pem -noout -subject >out
	has 'CN ?= ?dev' "$a: asks for the signer's name"
	ok "$a: is taken with it" touchmark key import-cert dev "$CERT" --chain pki/ca.pem
	signer_is dev "$a: after that"
	git config -f "$CONFIG" touchmark.dev.cert "$CERT"
	rm csr.pem

	cp $a.pem "$CERT"
	rm f.p7s
	exits 3 "$a: alone" touchmark sign -k dev --no-timestamp f
	has "is a device's word about the key \\(attestation\\)" "$a: it says what it is"
	[ ! -e f.p7s ]
	tap $? "$a: nothing is signed"
	exits 1 "$a: key status" touchmark key status --offline
	hasnt '^cert .* signs ' "$a: nothing signs"
	exits 3 "$a: cannot be imported" touchmark key import-cert dev $a.pem
done

# ---- one that has ended ---------------------------------------------------------------
cat real.pem eager.pem >"$CERT"
run env ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" \
	faketime '+2000 days' touchmark key status --offline
is "$RC" 1 'beside one that has ended'
has '^key dev: its certificate expired at ' 'that is what is told'

# ---- on the token -------------------------------------------------------------------------
git config -f "$CONFIG" --unset touchmark.dev.cert
ID=$(git config -f "$CONFIG" touchmark.dev.uri | sed -n 's/.*id=\([%0-9A-Fa-f]*\).*/\1/p' | tr -d %)
for c in real eager; do
	openssl x509 -in $c.pem -outform DER -out $c.der
	pkcs11-tool --module "$MODULE" --token-label "$TOKEN" --login --pin test-PIN \
		-w $c.der --type cert --id "$ID" --label $c >out 2>&1
	tap $? "$c.pem goes to the token"
done
signer_is dev 'of both on the token'
done_testing
