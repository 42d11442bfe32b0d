#!/bin/sh
# touchmark.NAME.spki: the public key that a place must hold, at a token, at a
# signing host, through an agent, and when it is the only place that answers.
# shellcheck disable=SC2031 # CONFIG is another one in a host alone
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
# shellcheck source=remote-lib.sh
. "${0%/*}/remote-lib.sh"
need openssl pkcs11-tool softhsm2-util timeout

cd "$T" || exit 1
echo content >f
host_new one
host_new two
fake_ssh
softhsm_new "$TOKEN"
token_key dev dev@example.org
git config -f "$CONFIG" --unset touchmark.dev.cert
git config -f "$CONFIG" touchmark.auditLog "$T/uses"
spki_of() {	# CERTIFICATE
	openssl x509 -in "$1" -noout -pubkey |
		openssl pkey -pubin -outform DER | openssl dgst -sha256 -r |
		cut -d' ' -f1
}
pin() {	# VALUE
	git config -f "$CONFIG" touchmark.dev.spki "$1"
}
uses() {
	[ -e uses ] || : >none
	cat uses none 2>/dev/null | wc -l
}
mine=$(spki_of pki/dev.pem)
one=$(spki_of pki/one.pem)

# ---- a token -------------------------------------------------------------------------

ok 'key show' touchmark key show dev
has "^public key: sha256:$mine\$" 'tells it as openssl does'
ok 'as JSON' touchmark key show --json dev
has "\"spki\":\"sha256:$mine\"" 'too'
pin "sha256:$mine"
ok 'the right key' touchmark sign -k dev -t ssh f
rm f.sig
pin "$(echo "$mine" | tr a-f A-F)"
ok 'in upper case, without the word' touchmark sign -k dev -t ssh f
rm f.sig
before=$(uses)
pin "sha256:$one"
exits 3 'another one' touchmark sign -k dev -t ssh f
has 'holds another key than touchmark.dev.spki says: sha256:' 'is told'
has 'hint: nothing was signed; ' 'with what to do'
exits 3 'in CMS' touchmark sign -k dev f
exits 3 'in OpenPGP' touchmark sign -k dev -t openpgp f
is "$(find . -maxdepth 1 -name 'f.*')" '' 'nothing is signed'
is "$(uses)" "$before" 'nothing was about to be'
exits 3 'the self-test' touchmark key selftest dev --json
has "\"status\":\"failed\".*\"text\":\".*touchmark.dev.spki says" 'says the same'
for wrong in "${mine}0" "${mine%?}" 'sha1:00' 'sha256:' "sha256:${mine%?}g" ''; do
	pin "$wrong"
	exits 2 "not a SHA-256: '$wrong'" touchmark sign -k dev -t ssh f
done
pin "sha256:$mine"

# ---- an agent that has the key open already ---------------------------------------------

agent_world
ok 'by an agent' touchmark sign -k dev -t ssh f
rm f.sig
agent_wait test -S "$SOCKET"
pin "sha256:$one"
exits 3 'the configuration counts as it is now' touchmark sign -k dev -t ssh f
pin "sha256:$mine"
ok 'and so does the next one' touchmark sign -k dev -t ssh f
rm f.sig
touchmark agent stop >out 2>&1
unset XDG_RUNTIME_DIR

# ---- hosts ----------------------------------------------------------------------------

pin "sha256:$one"
client_key dev ssh://signer@one/release ssh://signer@two/release
ok 'a host with that key' touchmark sign -k dev -t ssh f
rm f.sig
client_key dev ssh://signer@away/release ssh://signer@two/release
exits 3 'the only one that answers has another one' \
	touchmark sign -k dev -t ssh f
has 'signer@two holds another key than touchmark.dev.spki says' 'is told'
is "$(host_uses two)" 0 'and signed nothing'
git config -f "$CONFIG" --unset touchmark.dev.spki
ok 'without the word it would have' touchmark sign -k dev -t ssh f
done_testing
