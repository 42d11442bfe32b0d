#!/bin/sh
# AWS KMS among other places: over TLS with roots of our own, behind an agent,
# beside a token that has the same key; what doctor says of it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=aws-lib.sh
. "${0%/*}/aws-lib.sh"
need openssl softhsm2-util git ssh-keygen

RSA=1234abcd-12ab-34cd-56ef-1234567890ab
aws_key $RSA rsa3072
aws_key outside rsa3072
softhsm_new release
softhsm2-util --import "$AWS/$RSA.pem" --token release --label key --id 01 \
	--pin test-PIN >"$T/setup.log" 2>&1 || {
	cat "$T/setup.log"
	echo 'not ok - prepared: the token takes no key'
	exit 1
}
aws_start --token ''
cd "$T" || exit 1
echo 'what is signed' >f
KEY="awskms:$RSA?region=eu-test-1"
TOKEN="pkcs11:token=release;object=key;type=private?module-path=$MODULE&pin-source=file:$PINFILE"
config() {
	git config -f "$CONFIG" "$@"
}
config touchmark.release.uri "$KEY"
config --add touchmark.release.uri "$TOKEN"
ok 'a certificate' pki_key_cert release dev@example.org
sign() {
	rm -f f.p7s
	touchmark sign -k release --no-timestamp f
}
judged() {
	openssl cms -verify -binary -inform DER -in f.p7s -content f \
		-CAfile pki/ca.pem -purpose any -out /dev/null
}

# ---- several places -------------------------------------------------------------------

aws_mode ok
ok 'the service signs' sign
ok 'openssl verifies it' judged
is "$(aws_calls Sign)" 1 'the service did'
for m in internal close disabled denied expired; do
	aws_mode $m
	config touchmark.serviceDeadline 1
	ok "$m: the token signs" sign
	has 'the next place is asked' "$m: which is said"
	ok "$m: openssl verifies it" judged
	is "$(aws_calls Sign)" 0 "$m: the service did not"
done
config --unset touchmark.serviceDeadline
rm -f f.p7s
ok 'nobody there: the token signs' env AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1 \
	touchmark sign -k release --no-timestamp f
ok 'openssl verifies it' judged
# Two regions of one key.
config --unset-all touchmark.release.uri
config touchmark.release.uri "awskms:$RSA?region=us-test-2"
config --add touchmark.release.uri "$KEY"
aws_mode ok
ok 'another region signs' sign
ok 'openssl verifies it' judged
is "$(aws_calls Sign)" 1 'in its place'
config --unset-all touchmark.release.uri
config touchmark.release.uri "$KEY"

# ---- an agent --------------------------------------------------------------------------

agent_world
ok 'with an agent' sign
ok 'openssl verifies it' judged
ok 'once more' sign
ok 'openssl verifies it' judged
touchmark agent stop >/dev/null 2>&1
unset XDG_RUNTIME_DIR

# ---- doctor ---------------------------------------------------------------------------

run touchmark doctor
has "^ok +key +key 'release': .* is in token AWS KMS eu-test-1" 'doctor sees the key'
has "^ok +service +key 'release': in AWS KMS whoever signs needs kms:Sign, kms:GetPublicKey and kms:DescribeKey" \
	'and names the rights'
run touchmark doctor --json
has '"id":"service","status":"ok"' 'in JSON too'
aws_mode denied-describe
run touchmark doctor
has "^warn +service +key 'release': the service does not describe it: .*may not do that" \
	'it says when one is missing'
aws_mode external
run touchmark doctor
has "^warn +service +key 'release': it was brought there" \
	'and that somebody else may have the key'
aws_mode ok
run touchmark doctor --offline
has '^ok +service ' 'offline it names the rights'
[ ! -e "$AWS/log" ]
tap $? 'and asks nobody'

# ---- TLS -------------------------------------------------------------------------------

printf '{"KeyId":"arn:aws:kms:eu-test-1:111122223333:key/%s","KeySpec":"RSA_3072","KeyUsage":"SIGN_VERIFY","PublicKey":"%s"}' \
	$RSA "$(openssl pkey -pubin -in "$AWS/$RSA.pub" -outform DER | base64 -w0)" \
	>answer.json
pki_root tls
PKI_KEY='-algorithm EC -pkeyopt ec_paramgen_curve:P-256' pki_leaf tls server '' \
	basicConstraints=critical,CA:FALSE extendedKeyUsage=serverAuth \
	subjectAltName=IP:127.0.0.1
"$MOCK/tsa-httpd" --port-file "$T/tls.port" --cert "$T/pki/server.pem" \
	--key "$T/pki/server.key" --type application/x-amz-json-1.1 -- \
	cat "$T/answer.json" 2>"$T/tls.log" &
PIDS="$PIDS $!"
i=0
while [ ! -s "$T/tls.port" ] && [ $i -lt 600 ]; do
	sleep 0.05
	i=$((i + 1))
done
AWS_ENDPOINT_URL_KMS=https://127.0.0.1:$(cat "$T/tls.port")
unset SSL_CERT_FILE CURL_CA_BUNDLE
for v in AWS_CA_BUNDLE SSL_CERT_FILE CURL_CA_BUNDLE; do
	ok "$v: its roots" env $v="$T/pki/tls.pem" touchmark key show "$KEY"
	exits 5 "$v: other roots" env $v="$T/pki/ca.pem" touchmark key show "$KEY"
	has 'certificate' "$v: says why"
done
exits 5 "the system's roots" touchmark key show "$KEY"
has 'certificate' 'says why'
exits 2 'roots that are not there' env AWS_CA_BUNDLE=/nowhere \
	touchmark key show "$KEY"
has 'roots for https cannot be read: /nowhere' 'says which'
ok 'AWS_CA_BUNDLE goes first' env SSL_CERT_FILE="$T/pki/ca.pem" \
	AWS_CA_BUNDLE="$T/pki/tls.pem" touchmark key show "$KEY"
AWS_ENDPOINT_URL_KMS=https://localhost:$(cat "$T/tls.port")
exits 5 'a certificate of another name' env AWS_CA_BUNDLE="$T/pki/tls.pem" \
	touchmark key show "$KEY"

done_testing
