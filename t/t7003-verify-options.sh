#!/bin/sh
# What --roots, --tsa-roots and --crl stand for without a policy, and which
# exit code wins among several files.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util faketime

token_key dev dev@example.org
git config -f "$CONFIG" touchmark.key dev
tsa_new tsa
cd "$T" || exit 1
echo data >f
cp f g
verify() {	# ARG...: of f.p7s, under the roots
	touchmark verify --roots pki/ca.pem "$@" f
}

ok 'without a timestamp' touchmark sign --no-timestamp f
pki_crl ca
pki_root other
pki_crl other
ok 'a current CRL' verify --crl pki/ca.crl
exits 1 '--crl that says nothing of the signer' verify --crl pki/other.crl
has 'refused revocation-unknown' 'is revocation-unknown'
exits 1 '--crl that has gone stale' faketime '+60 days' touchmark verify \
	--roots pki/ca.pem --crl pki/ca.crl f
has 'refused revocation-unknown' 'is revocation-unknown'

# The least that a key and a clock must be is what a policy asks by default.
PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:2048' \
	pki_leaf ca short dev@example.org
openssl cms -sign -binary -signer pki/short.pem -inkey pki/short.key \
	-outform DER -in f -out short.p7s
exits 1 'RSA of 2048 bits' touchmark verify --roots pki/ca.pem f short.p7s
has 'refused key-weak' 'is key-weak'
for eku in serverAuth emailProtection; do
	pki_leaf ca $eku dev@example.org basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature extendedKeyUsage=$eku
	openssl cms -sign -binary -signer pki/$eku.pem -inkey pki/$eku.key \
		-outform DER -in f -out $eku.p7s
	exits 1 "a certificate for $eku" touchmark verify \
		--roots pki/ca.pem f $eku.p7s
	has 'refused cert-usage' 'is cert-usage'
done
stamp_at() {	# TIME
	tsa_start tsa "$1"
	git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
	# By the same clock: a signer refuses a timestamp of another time.
	${1:+faketime "$1"} touchmark sign --timestamp=require f >"$T/log" 2>&1
	RC=$?
	tsa_stop
}
stamp_at ''
ok 'with a timestamp' verify --tsa-roots pki/tsa-root.pem
exits 1 'no root of TSAs is named' verify
has 'refused timestamp-untrusted' 'is timestamp-untrusted'
pki_crl tsa-root "$(pki_serial tsa)=keyCompromise"
exits 1 'a TSA that --crl revokes' verify --tsa-roots pki/tsa-root.pem \
	--crl pki/ca.crl --crl pki/tsa-root.crl
has 'refused timestamp-untrusted' 'is timestamp-untrusted'
stamp_at '+1 hour'
exits 1 'a timestamp of the next hour' verify --tsa-roots pki/tsa-root.pem
has 'refused timestamp-order' 'is timestamp-order'

# 5 beside 4 ends with 5, in either order; nothing listens there, and never will.
git config -f "$CONFIG" touchmark.tsa http://127.0.0.1:1/
ln g g.p7s
for files in 'f g' 'g f'; do
	# shellcheck disable=SC2086 # two names
	exits 5 "several files: $files" touchmark sign --timestamp=require \
		$files
	has 'touchmark: .*g.p7s' 'the one with 4 is told'
done
done_testing
