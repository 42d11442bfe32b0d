#!/bin/sh
# touchmark cert verify: one line, one reason, one exit code.
. "${0%/*}/lib.sh"
need openssl faketime

P=$T/pki
pki_root ca
pki_root other
pki_leaf ca mid '' basicConstraints=critical,CA:TRUE,pathlen:0 \
	keyUsage=critical,keyCertSign,cRLSign
pki_leaf mid dev dev@example.org
pki_leaf mid tls '' extendedKeyUsage=serverAuth
pki_leaf mid tsa '' keyUsage=critical,digitalSignature \
	extendedKeyUsage=critical,timeStamping
PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:1024' \
	pki_leaf mid weak weak@example.org
PKI_AT='400 days ago' pki_leaf mid old old@example.org
PKI_AT='+2 days' pki_leaf mid new new@example.org
pki_crl ca
pki_crl mid

v() {
	touchmark cert verify --roots "$P/ca.pem" --untrusted "$P/mid.pem" "$@"
}

exits 0 'a code signing certificate' v "$P/dev.pem"
has "^$P/dev.pem: good\$" 'says so on one line'
cat "$P/dev.pem" "$P/mid.pem" >"$P/chain.pem"
exits 0 'its intermediate in the same file' \
	touchmark cert verify --roots "$P/ca.pem" "$P/chain.pem"
exits 0 'an intermediate named as root' \
	touchmark cert verify --roots "$P/mid.pem" "$P/dev.pem"
exits 1 'without the intermediate' \
	touchmark cert verify --roots "$P/ca.pem" "$P/dev.pem"
has ': refused chain-untrusted: CN=dev,O=Test: ' 'tells the reason'
exits 1 'under another root' touchmark cert verify --roots "$P/other.pem" \
	--untrusted "$P/mid.pem" "$P/dev.pem"
has ': refused chain-untrusted: ' 'it is untrusted'

# ---- purpose ----------------------------------------------------------------
exits 1 'a TLS certificate' v "$P/tls.pem"
has ': refused cert-usage: ' 'is for something else'
exits 0 'any purpose takes it' v --purpose any "$P/tls.pem"
exits 0 'mail' v --purpose emailProtection "$P/dev.pem"
exits 1 'a signer is no TSA' v --purpose timeStamping "$P/dev.pem"
exits 0 'a TSA is' v --purpose timeStamping "$P/tsa.pem"
exits 1 'a CA signs no code' touchmark cert verify --roots "$P/ca.pem" \
	"$P/mid.pem"
has ': refused cert-usage: .* is a CA' 'because it is one'
exits 2 'an unknown purpose' v --purpose fun "$P/dev.pem"
has 'codeSigning, emailProtection' 'and which there are'

# ---- time and strength --------------------------------------------------------
exits 1 'an expired one' v "$P/old.pem"
has ': refused cert-expired: CN=old,O=Test is valid until ' 'says until when'
at=$(date -u -d '100 days ago' +%Y-%m-%dT%H:%M:%SZ)
exits 1 'its CA did not exist then' v --at "$at" "$P/old.pem"
has ': refused cert-not-yet-valid: ' 'and that is told'
exits 1 'one from the future' v "$P/new.pem"
has ': refused cert-not-yet-valid: ' 'is not valid yet'
exits 2 'a time that is none' v --at yesterday "$P/dev.pem"
exits 1 'RSA 1024' v "$P/weak.pem"
has ': refused key-weak: .*1024' 'is too short'
openssl x509 -req -in "$P/dev.csr" -CA "$P/mid.pem" -CAkey "$P/mid.key" \
	-sha1 -set_serial 77 -days 30 -extfile "$P/dev.ext" \
	-out "$P/sha1.pem" 2>/dev/null
exits 1 'SHA-1' v "$P/sha1.pem"
has ': refused digest-weak: .*SHA1' 'is too weak'

# ---- revocation ---------------------------------------------------------------
exits 0 'CRLs of both CAs' v --crl "$P/ca.crl" --crl "$P/mid.crl" "$P/dev.pem"
exits 1 'one of them is missing' v --crl "$P/mid.crl" "$P/dev.pem"
has ': refused revocation-unknown: no current CRL for CN=mid' 'which one'
mkdir "$P/crls"
cp "$P/ca.crl" "$P/mid.crl" "$P/crls"
exits 0 'a folder of CRLs' v --crl "$P/crls" "$P/dev.pem"
pki_crl mid "$(pki_serial dev)=superseded"
exits 1 'revoked' v --crl "$P/ca.crl" --crl "$P/mid.crl" "$P/dev.pem"
has ': refused cert-revoked: .* \(superseded\)' 'says why'
cp "$P/mid.pem" "$P/crls/readme"
exits 2 'a folder with something else in it' v --crl "$P/crls" "$P/dev.pem"

# ---- policies -----------------------------------------------------------------
exits 1 'a policy that nobody claims' v --policy 1.2.3.4 "$P/dev.pem"
exits 2 'a policy that is no OID' v --policy gold "$P/dev.pem"

# ---- input and output ---------------------------------------------------------
exits 4 'a certificate that is not there' v "$P/none.pem"
exits 4 'a certificate that is none' v "$P/dev.csr"
exits 2 'roots that are not there' \
	touchmark cert verify --roots "$P/none.pem" "$P/dev.pem"
exits 2 'no roots' touchmark cert verify "$P/dev.pem"
has 'hint: ' 'says what to do'
exits 2 'no certificate' v
exits 2 'an unknown option' v --frobnicate "$P/dev.pem"
exits 4 'several files, the worst code' v "$P/dev.pem" "$P/none.pem" \
	"$P/tls.pem"
has "^$P/dev.pem: good" 'the good one has its line'
has "^$P/tls.pem: refused" 'the refused one too'
exits 0 'JSON of a good one' v --json "$P/dev.pem"
has '"status":"good","chain":\["[0-9a-f]{64}","[0-9a-f]{64}","[0-9a-f]{64}"\]' \
	'has the chain'
exits 1 'JSON of a refused one' v --json "$P/tls.pem"
has '"status":"refused","reason":"cert-usage","text":".*","hint":' \
	'has the reason'
full() {
	v "$P/dev.pem" >/dev/full 2>"$T/out"
}
! full
tap $? 'a line that cannot be written is no success'

done_testing
