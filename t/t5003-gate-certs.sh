#!/bin/sh
# Who signed, with what certificate and how: each refusal a real push.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
POLICY='[role "developers"]
	member = *@example.org
[ref "refs/heads/*"]
	require = commits
	role = developers'
echo "$POLICY" | gate_policy
gate_repo srv
commit base
accept 'a good certificate' main

# try REASON WHAT KEY [git option...]: a commit by this key on main
try() {
	reason=$1 what=$2 key=$3
	shift 3
	git reset -q --hard base
	# shellcheck disable=SC2086
	if ! git -c user.signingKey="$key" "$@" commit -q --allow-empty \
		-m "$what" 2>"$T/out"; then
		RC=1
		tap 1 "$what: the test cannot sign"
		return
	fi
	if [ "$reason" = good ]; then
		accept "$what" +main:refs/heads/try
	else
		refuse "$reason" "$what" +main:refs/heads/try
	fi
	git -C "$SRV" update-ref -d refs/heads/try
}
git tag --no-sign base main 2>/dev/null

# ---- usage ---------------------------------------------------------------------
leaf='basicConstraints=critical,CA:FALSE'
use='keyUsage=critical,digitalSignature'
pki_leaf ca tls dev@example.org "$leaf" "$use" extendedKeyUsage=serverAuth
try cert-usage 'a TLS certificate' tls
pki_leaf ca mailonly dev@example.org "$leaf" "$use" \
	extendedKeyUsage=emailProtection
try cert-usage 'a mail certificate where code signing is asked' mailonly
pki_leaf ca anyeku dev@example.org "$leaf" "$use" \
	extendedKeyUsage=anyExtendedKeyUsage
try cert-usage 'anyExtendedKeyUsage is not codeSigning' anyeku
pki_leaf ca noeku dev@example.org "$leaf" "$use"
try cert-usage 'no extended key usage at all' noeku
pki_leaf ca encipher dev@example.org "$leaf" \
	keyUsage=critical,keyEncipherment extendedKeyUsage=codeSigning
try cert-usage 'a key for encipherment alone' encipher
pki_leaf ca subca dev@example.org basicConstraints=critical,CA:TRUE \
	keyUsage=critical,keyCertSign,cRLSign,digitalSignature \
	extendedKeyUsage=codeSigning
try cert-usage 'a CA certificate as signer' subca

# ---- chain ---------------------------------------------------------------------
pki_root other
pki_leaf other stranger dev@example.org
try chain-untrusted 'a certificate under another root' stranger
pki_root ca2
openssl req -x509 -new -key "$T/pki/ca2.key" -sha256 -days 30 \
	-subj '/O=Test/CN=ca' -addext basicConstraints=critical,CA:TRUE \
	-out "$T/pki/ca2.pem" 2>/dev/null
pki_leaf ca2 forged dev@example.org
cp "$T/pki/ca2.pem" "$T/pki/forged.chain"
try chain-untrusted 'a CA of the same name' forged
openssl req -x509 -new -key "$T/pki/dev.key" -sha256 -days 30 \
	-subj '/O=Test/CN=self' -addext extendedKeyUsage=codeSigning \
	-addext subjectAltName=email:dev@example.org \
	-out "$T/pki/self.pem" 2>/dev/null
cp "$T/pki/dev.key" "$T/pki/self.key"
try chain-untrusted 'a self-signed certificate' self
pki_leaf ca inter '' basicConstraints=critical,CA:TRUE,pathlen:0 \
	keyUsage=critical,keyCertSign,cRLSign
pki_leaf inter deep dev@example.org
pki_crl inter
cat "$T/pki/ca.crl" "$T/pki/inter.crl" >"$T/ca.crl"
try chain-untrusted 'an intermediate that nobody has' deep
cp "$T/pki/inter.pem" "$T/pki/deep.chain"
try good 'an intermediate that the signature carries' deep
pki_leaf dev leafissued dev@example.org
cp "$T/pki/dev.pem" "$T/pki/leafissued.chain"
try cert-usage 'a certificate issued by a leaf' leafissued

# ---- validity, without a timestamp ------------------------------------------------
PKI_AT='2021-01-01' PKI_DAYS=30 pki_leaf ca old dev@example.org
try cert-expired 'an expired certificate' old
SIGN_AT='2021-01-10 12:00:00'
export SIGN_AT
try cert-expired 'an expired certificate, back-dated' old
unset SIGN_AT
PKI_AT="$(date -u -d '+20 days' '+%F %T')" pki_leaf ca young dev@example.org
try cert-not-yet-valid 'a certificate of the future' young

# ---- revocation ------------------------------------------------------------------
revoked() {	# REASON-IN-CRL REASON
	pki_leaf ca revoked dev@example.org
	pki_crl ca "$(pki_serial revoked)=$1"
	cp "$T/pki/ca.crl" "$T/ca.crl"
	try "$2" "revoked, ${1:-no reason given}" revoked
}
for reason in '' keyCompromise superseded cessationOfOperation \
	affiliationChanged certificateHold CACompromise; do
	revoked "$reason" cert-revoked
done
pki_crl ca
rm "$T/ca.crl"
cp "$T/pki/ca.crl" "$T/other.crl"
echo "$POLICY" | gate_policy
push main
has 'refuse - - policy-invalid: .*crl' 'a CRL that is named and not there'
pki_crl other
cp "$T/pki/other.crl" "$T/ca.crl"
try revocation-unknown 'no CRL of this CA' dev
faketime '10 days ago' openssl ca -config "$T/pki/ca.cnf" -gencrl \
	-keyfile "$T/pki/ca.key" -cert "$T/pki/ca.pem" -crldays 1 \
	-out "$T/ca.crl" 2>/dev/null
try revocation-unknown 'a stale CRL' dev
cp "$T/other.crl" "$T/ca.crl"
try good 'a current CRL again' dev
TRUST="roots = roots.pem
	revocation = check"
echo "$POLICY" | gate_policy
try good 'no CRL under revocation = check' dev
TRUST="roots = roots.pem
	crl = ca.crl"
echo "$POLICY" | gate_policy

# ---- keys and digests --------------------------------------------------------------
PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:1024' \
	pki_leaf ca rsa1024 dev@example.org
try key-weak 'RSA 1024' rsa1024
PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:2048' \
	pki_leaf ca rsa2048 dev@example.org
try key-weak 'RSA 2048' rsa2048
PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:3072' \
	pki_leaf ca rsa3072 dev@example.org
try good 'RSA 3072' rsa3072
PKI_KEY='-algorithm EC -pkeyopt ec_paramgen_curve:P-384' \
	pki_leaf ca p384 dev@example.org
SIGN_MD=sha384
export SIGN_MD
try good 'P-384 with SHA-384' p384
SIGN_MD=sha1
try digest-weak 'SHA-1' rsa3072
SIGN_MD=md5
try digest-weak 'MD5' rsa3072
SIGN_MD=sha512
TRUST="roots = roots.pem
	crl = ca.crl
	digest = sha256 sha384"
echo "$POLICY" | gate_policy
try digest-weak 'a digest that this policy leaves out' rsa3072
unset SIGN_MD
TRUST="roots = roots.pem
	crl = ca.crl"
echo "$POLICY" | gate_policy

# ---- the form of the CMS -------------------------------------------------------------
opts() {	# REASON WHAT OPTIONS
	SIGN_OPTS=$3
	export SIGN_OPTS
	try "$1" "$2" dev
	unset SIGN_OPTS
}
opts signature-malformed 'no signed attributes' -noattr
opts signature-malformed 'the content inside the signature' -nodetach
opts signature-malformed 'two signers' \
	"-signer $T/pki/p384.pem -inkey $T/pki/p384.key"
opts cert-missing 'no certificate at all' -nocerts
opts good 'a signer named by its key identifier' -keyid
sed -n '/BEGIN/,/END/p' "$T/pki/ca.pem" >"$T/many.pem"
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	openssl req -x509 -new -key "$T/pki/ca2.key" -days 3 \
		-subj "/CN=extra $i" 2>/dev/null
done >>"$T/many.pem"
opts limit-exceeded 'more certificates than allowed' \
	"-certfile $T/many.pem"

# ---- who it is -------------------------------------------------------------------------
pki_leaf ca eve eve@example.org
try identity-mismatch 'the certificate of another person' eve
pki_leaf ca out dev@example.com
try signer-not-allowed 'no member of the role' out
pki_leaf ca trick dev@example.org.evil.example
try signer-not-allowed 'a domain that only begins alike' trick
pki_leaf ca nomail ''
try signer-not-allowed 'a certificate without a mailbox' nomail
GIT_COMMITTER_EMAIL=boss@example.org
try identity-mismatch 'a committer that is not the signer' dev
GIT_COMMITTER_EMAIL=dev@example.org
GIT_COMMITTER_EMAIL=boss@example.org
PKI_SUBJECT=/CN=dev/emailAddress=boss@example.org pki_leaf ca subj dev@example.org
try identity-mismatch 'an address in the subject, beside another in the SAN' subj
GIT_COMMITTER_EMAIL=dev@example.org
try good 'the one in the SAN' subj
GIT_AUTHOR_EMAIL=boss@example.org
try good 'an author that is not the signer' dev
GIT_COMMITTER_EMAIL=dev@EXAMPLE.org
try good 'a domain in capitals' dev
GIT_COMMITTER_EMAIL=Dev@example.org
try identity-mismatch 'a mailbox in capitals' dev
GIT_COMMITTER_EMAIL=dev@example.org
sha=$(openssl x509 -in "$T/pki/ca.pem" -outform DER | sha256sum | cut -c1-64)
printf '[role "r"]\n\tmember = *\n\tissuer = sha256:%s\n%s\n' "$sha" \
	'[ref "refs/heads/*"]
	require = commits
	role = r' | gate_policy
try good 'issued by the CA that the role names' dev
sha=$(openssl x509 -in "$T/pki/inter.pem" -outform DER | sha256sum | cut -c1-64)
printf '[role "r"]\n\tmember = *\n\tissuer = sha256:%s\n%s\n' "$sha" \
	'[ref "refs/heads/*"]
	require = commits
	role = r' | gate_policy
try signer-not-allowed 'issued by another CA than the role names' dev
done_testing
