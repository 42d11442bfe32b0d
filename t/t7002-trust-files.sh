#!/bin/sh
# Files of trust that are nearly right: a CRL with bytes behind it, an
# intermediate signed with RSA-PSS over a short digest.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
echo '[ref "refs/heads/*"]
	require = commits' | gate_policy
gate_repo srv
commit one
openssl crl -in "$T/pki/ca.crl" -outform DER -out "$T/ca.crl"
accept 'a CRL in DER' main
printf x >>"$T/ca.crl"
commit two
push main
[ "$RC" != 0 ] &&
	grep -Eq 'touchmark: refuse - - policy-invalid: .*ca.crl.*; ' "$T/out"
tap $? 'policy-invalid: the same with a byte behind it'

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 \
	-out "$T/pki/rsa.key" 2>/dev/null
openssl req -x509 -new -key "$T/pki/rsa.key" -sha256 -subj /CN=rsa \
	-addext basicConstraints=critical,CA:TRUE \
	-addext keyUsage=critical,keyCertSign,cRLSign \
	-out "$T/pki/rsa.pem" 2>/dev/null
pss() {	# DIGEST: a leaf by that root
	openssl x509 -req -in "$T/pki/dev.csr" -CA "$T/pki/rsa.pem" \
		-CAkey "$T/pki/rsa.key" "-$1" -sigopt rsa_padding_mode:pss \
		-sigopt rsa_pss_saltlen:digest -extfile "$T/pki/dev.ext" \
		-set_serial 7 -out "$T/pki/$1.pem" 2>/dev/null
}
pss sha256
ok 'a certificate signed with RSA-PSS and SHA-256' touchmark cert verify \
	--roots "$T/pki/rsa.pem" "$T/pki/sha256.pem"
for md in sha224 sha1; do
	pss $md
	exits 1 "with $md" touchmark cert verify --roots "$T/pki/rsa.pem" \
		"$T/pki/$md.pem"
	has 'digest-weak' 'is digest-weak'
done
done_testing
