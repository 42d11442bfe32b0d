#!/bin/sh
# A key whose signatures need approvals ends with approvals alone, under every
# name, and what was agreed to is nothing else.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=approval-lib.sh
. "${0%/*}/approval-lib.sh"
need openssl pkcs11-tool softhsm2-util

token_key release release@example.org
approver ann
approver bob
cd "$T" || exit 1
git config -f "$CONFIG" touchmark.auditLog "$T/audit.log"
needs release 2 ann@example.org bob@example.org
git config -f "$CONFIG" touchmark.alias.uri \
	"$(git config -f "$CONFIG" touchmark.release.uri)"
there() {
	pkcs11-tool --module "$MODULE" --token-label "$TOKEN" --login \
		--pin test-PIN -O --type privkey 2>/dev/null |
		grep -c 'label: *release$'
}
request() {
	ID=$(sed -n 's/.*; request \([0-9a-f]\{32\}\).*/\1/p' out)
}

exits 1 'two must agree' touchmark key destroy release --yes
has 'threshold-unmet: 0 of 2 approvals' 'says so'
request
is "$(there)" 1 'the key is there'
exits 1 'by another name as well' touchmark key destroy alias --yes
has 'threshold-unmet: 0 of 2' 'says so'
exits 1 'and by its URI' touchmark key destroy --yes \
	"pkcs11:token=$TOKEN;object=release?module-path=$MODULE&pin-source=file:$PINFILE"
has 'threshold-unmet: 0 of 2' 'says so'
exits 1 'asked again' touchmark key destroy release --yes
has "request $ID" 'it is the same request'
ok 'the list' touchmark approve --list
has "key 'release'.*destroy" 'says what it is about'
ok 'one agrees' touchmark approve --request "$ID" -k ann
has '^  use: destroy$' 'he saw what he agrees to'
has "^  digest: $(printf 'touchmark destroy 1\nspki sha256:%s\n' "$(openssl \
	x509 -in pki/release.pem -noout -pubkey | openssl pkey -pubin \
	-outform DER | openssl dgst -sha256 -r | cut -c1-64)" |
	openssl dgst -sha256 -r | cut -c1-64)\$" 'and about which key'
exits 1 'one is not enough' touchmark key destroy release --yes
echo x >f
exits 1 'nor is it good for a signature' touchmark sign -k release \
	--no-timestamp f
has '0 of 2' 'which needs its own'
ok 'the other one agrees' touchmark approve --request "$ID" -k bob
ok 'the key ends' touchmark key destroy release --yes
has 'absence proved' 'with its proof'
is "$(there)" 0 'it is gone'
cp audit.log out
has '"event":"destroyed","key":"release"' 'on record'

# A try that failed has used up what was agreed to.
token_key second second@example.org
needs second 2 ann@example.org bob@example.org
git config -f "$CONFIG" touchmark.second.uri "$(git config -f "$CONFIG" \
	touchmark.second.uri | sed "s|module-path=[^&]*|module-path=$MOCK/shim.so|")"
TMK_SHIM_MODULE=$MODULE
export TMK_SHIM_MODULE
exits 1 'another key' touchmark key destroy second --yes
request
for who in ann bob; do
	ok "$who agrees" touchmark approve --request "$ID" -k $who
done
exits 3 'a token that does not let it go' env TMK_SHIM=C_DestroyObject=0x1b \
	touchmark key destroy second --yes
exits 1 'a second try is a second decision' touchmark key destroy second --yes
has '0 of 2' 'that nobody made yet'

done_testing
