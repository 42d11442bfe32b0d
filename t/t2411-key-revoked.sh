#!/bin/sh
# A certificate that the policy's lists revoke does not sign, and its token is
# not logged in to; what cannot be told is said.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
need openssl pkcs11-tool softhsm2-util

token_key dev dev@example.org
pki_root another
use_shim
SERIAL=$(openssl x509 -in "$T/pki/dev.pem" -noout -serial | sed 's/.*=//')
echo content >"$T/f"

sign() {
	touchmark-gpgsm --status-fd=2 -bsau dev "$T/f"
}

refused() {	# NAME
	exits 3 "$1" sign
	has 'the certificate .* is revoked' 'is refused'
	hasnt 'SIG_CREATED|BEGIN SIGNED' 'without a signature'
}

policy_for ca "crl = $T/pki/ca.crl" "crl = $T/pki/another.crl" \
	'tsaRevocation = off'
pki_crl ca
pki_crl another "$SERIAL=keyCompromise"
ok 'another authority revokes one of that number' sign
hasnt 'revoked' 'which is none of ours'
LOGINS=$(calls C_Login)
for why in keyCompromise superseded certificateHold; do
	pki_crl ca "$SERIAL=$why"
	refused "$why"
done
# The same certificate from the token.
CERT=$(git config -f "$CONFIG" touchmark.dev.cert)
openssl x509 -in "$T/pki/dev.pem" -outform DER -out "$T/dev.der"
pkcs11-tool --module "$MODULE" --token-label "$TOKEN" --login --pin test-PIN \
	--write-object "$T/dev.der" --type cert --id 01 >/dev/null 2>&1
git config -f "$CONFIG" --unset touchmark.dev.cert
refused 'a certificate on the token'
git config -f "$CONFIG" touchmark.dev.cert "$CERT"
is "$(calls C_Login)" "$LOGINS" 'nobody logged in for that'
rm "$T/pki/another.crl"
refused 'though another list cannot be read'
pki_crl ca
ok 'a list that cannot be read' sign
has 'cannot tell whether the certificate is revoked' 'is a warning'

# An agent that signed before.
pki_crl ca
pki_crl another
agent_world
ok 'a signature by the agent' sign
pki_crl ca "$SERIAL=keyCompromise"
touchmark agent forget >/dev/null
refused 'the next login'
touchmark agent stop >/dev/null
done_testing
