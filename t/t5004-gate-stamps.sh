#!/bin/sh
# Trusted time: what a timestamp token can save, and which tokens save nothing.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
tsa_new tsa
tsa_new foreign
tsa_new plaintsa basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=timeStamping
tsa_new mixedtsa basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature \
	extendedKeyUsage=critical,timeStamping,codeSigning
cat "$T/pki/tsa-root.pem" "$T/pki/plaintsa-root.pem" \
	"$T/pki/mixedtsa-root.pem" >"$T/tsa-roots.pem"
TRUST="roots = roots.pem
	tsaRoots = tsa-roots.pem
	crl = ca.crl"
rule() {
	printf '[ref "refs/heads/*"]\n\trequire = commits\n\ttimestamp = %s\n' \
		"$1" | gate_policy
}
rule when-expired
gate_repo srv
commit base
accept 'no token, a valid certificate' main
git tag --no-sign base main 2>/dev/null

# try REASON WHAT KEY: a commit by this key
try() {
	git reset -q --hard base
	if ! git -c user.signingKey="$3" commit -q --allow-empty -m "$2" \
		2>"$T/out"; then
		RC=1
		tap 1 "$2: the test cannot sign"
		return
	fi
	offer "$1" "$2" main
}
offer() {
	if [ "$1" = good ]; then
		accept "$2" "+$3:refs/heads/try"
	else
		refuse "$1" "$2" "+$3:refs/heads/try"
	fi
	git -C "$SRV" update-ref -d refs/heads/try
}
with() {	# VARIABLE=VALUE...: for the signer, until `without`
	for v; do
		export "${v?}"
	done
}
without() {
	unset SIGN_AT SIGN_TSA TSA_AT
}

# ---- an expired certificate ---------------------------------------------------
# the CA and the TSA are older than the certificates that the tests back-date
for n in ca tsa-root; do
	faketime '2020-01-01' openssl req -x509 -new -key "$T/pki/$n.key" \
		-sha256 -days 9600 -subj "/O=Test/CN=$n" \
		-addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign \
		-out "$T/pki/$n.pem" 2>/dev/null
done
cp "$T/pki/ca.pem" "$T/roots.pem"
cat "$T/pki/tsa-root.pem" "$T/pki/plaintsa-root.pem" \
	"$T/pki/mixedtsa-root.pem" >"$T/tsa-roots.pem"
PKI_AT='2020-06-01' PKI_DAYS=9000 pki_leaf tsa-root tsa '' \
	basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
	extendedKeyUsage=critical,timeStamping
PKI_AT='2021-01-01' PKI_DAYS=30 pki_leaf ca old dev@example.org
try cert-expired 'expired, no token' old
with SIGN_AT='2021-01-10 12:00:00'
try cert-expired 'expired, back-dated, no token' old
with SIGN_TSA=tsa TSA_AT='2021-01-10 12:00:05'
try good 'expired since, with a token of its time' old
with TSA_AT='2021-03-01 12:00:00'
try cert-expired 'a token made after the certificate expired' old
with TSA_AT='2020-12-01 12:00:00'
try cert-not-yet-valid 'a token from before the certificate' old
without
with SIGN_TSA=tsa
try good 'a token beside a valid certificate' dev
rule always
try good 'a token where it is always asked' dev
without
try timestamp-missing 'no token where it is always asked' dev
rule off
with SIGN_AT='2021-01-10 12:00:00' SIGN_TSA=tsa TSA_AT='2021-01-10 12:00:05'
try cert-expired 'a token where tokens are ignored' old
without
rule when-expired

# ---- bad tokens ---------------------------------------------------------------
with SIGN_TSA=tsa TSA_AT="$(date -u -d '+2 hours' '+%F %T')"
try timestamp-order 'a genTime in the future' dev
with SIGN_TSA=foreign TSA_AT=
unset TSA_AT
try timestamp-untrusted 'a TSA that nobody trusts' dev
with SIGN_TSA=tsa
cat "$T/pki/ca.pem" >"$T/tsa-roots.pem"
try timestamp-untrusted 'the signers roots are not the TSAs' dev
cat "$T/pki/tsa-root.pem" "$T/pki/plaintsa-root.pem" \
	"$T/pki/mixedtsa-root.pem" >"$T/tsa-roots.pem"
try good 'the TSAs own roots again' dev
without

# a token of an hour ago needs a certificate of then
PKI_AT="$(date -u -d '-3 hours' '+%F %T')" pki_leaf ca dev dev@example.org

# a token of our own making over chosen bytes: token DATA NAME
token() {
	SIGN_TSA=tsa "$T/stamp" "$1" "$2"
}
# stamped_by TOKEN...: a commit whose signature carries these tokens
stamped_by() {
	plain "$(git rev-parse base)" >"$T/p"
	openssl cms -sign -binary -signer "$T/pki/dev.pem" \
		-inkey "$T/pki/dev.key" -outform DER -nosmimecap \
		-in "$T/p" -out "$T/der"
	"$MOCK/cms-token" signature "$T/der" >"$T/sig"
	token "$T/sig" "$T/right"
	TSA_AT="$(date -u -d '-1 hour' '+%F %T')" SIGN_TSA=tsa "$T/stamp" \
		"$T/sig" "$T/earlier"
	SIGN_TSA=foreign "$T/stamp" "$T/sig" "$T/foreign"
	"$MOCK/cms-token" add "$T/der" "$@" >"$T/der2" || return 1
	{
		echo '-----BEGIN SIGNED MESSAGE-----'
		openssl base64 -in "$T/der2"
		echo '-----END SIGNED MESSAGE-----'
	} | fold "$GPGSIG" >"$T/h"
	with_header "$T/h" <"$T/p" >"$T/x"
	id=$(put commit <"$T/x")
}
stamped_by "$T/right"
offer good 'a token put in by hand' "$id"
stamped_by "$T/right" "$T/earlier"
offer good 'two good tokens' "$id"
stamped_by "$T/right" "$T/foreign"
offer timestamp-untrusted 'a good token beside a foreign one' "$id"
printf 'other bytes' >"$T/other"
token "$T/other" "$T/wrong"
stamped_by "$T/wrong"
offer timestamp-bad 'a token over another signature' "$id"
stamped_by "$T/right" "$T/wrong"
offer timestamp-bad 'a good token beside a wrong one' "$id"
printf '0\003\002\001\005' >"$T/junk"
stamped_by "$T/junk"
offer timestamp-bad 'a token that is none' "$id"
sed 's/^digests.*/digests = sha1, sha256/' "$T/pki/tsa.tsa.cnf" >"$T/sha1.cnf"
stamped_by "$T/right"
sha1_token() {
	openssl ts -query -data "$T/sig" -sha1 -cert -out "$T/q1" 2>/dev/null
	openssl ts -reply -config "$T/sha1.cnf" -queryfile "$T/q1" \
		-signer "$T/pki/tsa.pem" -inkey "$T/pki/tsa.key" \
		-token_out -out "$T/sha1" 2>/dev/null
	"$MOCK/cms-token" add "$T/der" "$T/sha1" >"$T/der2"
	{
		echo '-----BEGIN SIGNED MESSAGE-----'
		openssl base64 -in "$T/der2"
		echo '-----END SIGNED MESSAGE-----'
	} | fold "$GPGSIG" >"$T/h"
	with_header "$T/h" <"$T/p" >"$T/x"
	id=$(put commit <"$T/x")
}
sha1_token
offer timestamp-bad 'a SHA-1 imprint' "$id"

# A TSA certificate of the wrong kind: `openssl ts` would not sign with it, so
# the statement of a good token is signed again as plain CMS.
again() {	# NAME
	openssl cms -verify -noverify -inform DER -in "$T/right" \
		-certfile "$T/pki/tsa.pem" -out "$T/tstinfo" 2>/dev/null
	openssl cms -sign -binary -nodetach -cades -outform DER \
		-econtent_type 1.2.840.113549.1.9.16.1.4 -in "$T/tstinfo" \
		-signer "$T/pki/$1.pem" -inkey "$T/pki/$1.key" -nosmimecap \
		-out "$T/again" 2>/dev/null
	"$MOCK/cms-token" add "$T/der" "$T/again" >"$T/der2"
	{
		echo '-----BEGIN SIGNED MESSAGE-----'
		openssl base64 -in "$T/der2"
		echo '-----END SIGNED MESSAGE-----'
	} | fold "$GPGSIG" >"$T/h"
	with_header "$T/h" <"$T/p" >"$T/x"
	id=$(put commit <"$T/x")
}
stamped_by "$T/right"
again tsa
offer good 'a token signed again by the right TSA' "$id"
again plaintsa
offer timestamp-untrusted 'a timeStamping usage that is not critical' "$id"
again mixedtsa
offer timestamp-untrusted 'a timeStamping usage that is not the only one' "$id"
pki_leaf tsa-root signer ''
again signer
offer timestamp-untrusted 'a code signer as TSA' "$id"

# ---- the TSA's certificate -------------------------------------------------------
PKI_AT='2021-02-01' PKI_DAYS=60 pki_leaf tsa-root tsa '' \
	basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
	extendedKeyUsage=critical,timeStamping
with SIGN_TSA=tsa TSA_AT='2021-02-10 12:00:00'
PKI_AT='2021-01-01' PKI_DAYS=60 pki_leaf ca spring dev@example.org
with SIGN_AT='2021-02-10 12:00:00'
try good 'the TSA certificate expired since: judged at genTime' spring
with TSA_AT='2021-01-10 12:00:00'
try timestamp-untrusted 'a genTime before the TSA certificate' spring
with TSA_AT='2021-02-10 12:00:00'
pki_crl tsa-root "$(pki_serial tsa)=keyCompromise"
cat "$T/pki/ca.crl" "$T/pki/tsa-root.crl" >"$T/ca.crl"
try timestamp-untrusted 'the TSA key was compromised' spring
pki_crl tsa-root "$(pki_serial tsa)=superseded"
cat "$T/pki/ca.crl" "$T/pki/tsa-root.crl" >"$T/ca.crl"
try good 'the TSA key was replaced later' spring
cp "$T/pki/ca.crl" "$T/ca.crl"
without

# ---- revoked signers, with a token -------------------------------------------------
# (a token of an hour ago; the entry's date before or after it)
PKI_AT='2020-06-01' PKI_DAYS=9000 pki_leaf tsa-root tsa '' \
	basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
	extendedKeyUsage=critical,timeStamping
PKI_AT='2021-06-01' PKI_DAYS=9000 pki_leaf ca gone dev@example.org
with SIGN_TSA=tsa TSA_AT='2021-07-01 12:00:00' SIGN_AT='2021-07-01 11:59:00'
after=210801000000Z
before=210615000000Z
entry() {	# REASON-IN-CRL DATE WANT WHAT
	pki_crl ca "$(pki_serial gone)=$1@$2"
	cp "$T/pki/ca.crl" "$T/ca.crl"
	try "$3" "${1:-no reason}, $4" gone
}
entry superseded $after good 'stamped before'
entry superseded $before cert-revoked 'stamped after'
entry cessationOfOperation $after good 'stamped before'
entry cessationOfOperation $before cert-revoked 'stamped after'
entry affiliationChanged $after good 'stamped before'
entry affiliationChanged $before cert-revoked 'stamped after'
entry keyCompromise $after cert-revoked 'stamped before'
entry unspecified $after cert-revoked 'stamped before'
entry '' $after cert-revoked 'stamped before'
entry certificateHold $after cert-revoked 'stamped before'
done_testing
