#!/bin/sh
# A key without a certificate whose places are spelt differently: whether they
# are one key is seen by the public key, in doctor and key selftest; and what
# could not be compared is told.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/remote-lib.sh"
# shellcheck source=cloud-lib.sh
. "${0%/*}/cloud-lib.sh"
need openssl git pkcs11-tool softhsm2-util

cloud_start
cloud_vault
cloud_google
cloud_key one p256
cloud_key two p256
token_key dev dev@example.org
host_new north
host_twin south north
host_second north second
fake_ssh
cd "$T" || exit 1
git config -f "$CONFIG" touchmark.serviceDeadline 30
git config -f "$CONFIG" --remove-section touchmark.dev
spki() {	# FILE.pub.pem
	openssl pkey -pubin -in "$1" -outform DER 2>setup.log | sha256sum |
		cut -c1-16
}
one=$(spki one.pub.pem) two=$(spki two.pub.pem)
places() {	# URI...
	git config -f "$CONFIG" --unset-all touchmark.k.uri
	for u; do
		git config -f "$CONFIG" --add touchmark.k.uri "$u"
	done
}
doctor() {
	run touchmark doctor
}

# ---- one key ------------------------------------------------------------------------
places vault:transit/one 'vault:transit/one?version=1' "$(cloud_uri gcpkms one)"
ok 'one key in two spellings and two services' touchmark key selftest k
is "$(grep -c '^k  *ok ' out)" 3 'signs in each'
hasnt 'could not be seen' 'and all were compared'
ok 'as JSON' touchmark key selftest --json k
is "$(grep -c "\"spki\":\"sha256:${one}[0-9a-f]*\"" out)" 3 'with the same key'
doctor
is "$(grep -c "ok  *place  *key 'k': .* holds the same key" out)" 2 \
	'doctor sees that the others are the first'
hasnt 'could not be seen' 'and has compared all'
echo f >f
ok 'it signs' touchmark sign -k k -t ssh f

# ---- two keys ------------------------------------------------------------------------
places vault:transit/one vault:transit/two
exits 3 'two keys of one service' touchmark key selftest k
has "^  another key than transit/one|^  another key than vault:transit/one: sha256:$two... instead of sha256:$one..." \
	'both are named'
exits 3 'as JSON' touchmark key selftest --json k
has "\"status\":\"ok\".*\"spki\":\"sha256:$one" 'each with its own:'
has "\"status\":\"failed\".*\"spki\":\"sha256:$two" 'the other one'
doctor
has "fail +place +key 'k': vault:transit/two holds another key than vault:transit/one: sha256:$two... instead of sha256:$one..." \
	'doctor names both'
is "$RC" 1 'and fails'
places ssh://signer@north/release ssh://signer@north:22/release \
	ssh://signer@south/release
ok 'two hosts with one key, one of them twice' touchmark key selftest k
is "$(grep -c '^k  *ok ' out)" 3 'sign alike'
doctor
is "$(grep -c "ok  *place  *key 'k': .* holds the same key" out)" 2 \
	'doctor sees it'
places ssh://signer@north/release ssh://signer@north/second
exits 3 'two keys of one host' touchmark key selftest k
has 'another key than signer@north' 'are told apart'
doctor
has "fail +place +key 'k': signer@north holds another key than signer@north: sha256:" \
	'in doctor too'
places ssh://signer@south/release "$(cloud_uri gcpkms two)"
exits 3 'a host and a service' touchmark key selftest k
has "sha256:$two... instead of sha256:" 'with two keys'

# ---- what could not be compared -----------------------------------------------------------
places vault:transit/one ssh://signer@west/release "$(cloud_uri gcpkms one)"
exits 3 'a host that is away' touchmark key selftest k
has '^  whether 1 of its 3 places holds the same key could not be seen' \
	'was not compared, which is told'
exits 3 'as JSON' touchmark key selftest --json k
has '"status":"away".*"spki":null' 'it has no key'
doctor
has "warn +place +key 'k': signer@west is away" 'doctor tells who is away'
has "warn +place +key 'k': whether 1 of its 3 places hold the same key could not be seen" \
	'and that it was not compared'
places ssh://signer@west/release vault:transit/one "$(cloud_uri gcpkms two)"
exits 3 'the first place is away' touchmark key selftest k
has "another key than .*: sha256:$two... instead of sha256:$one..." \
	'the others are compared'
doctor
has "fail +place +key 'k': .* holds another key than vault:transit/one: sha256:$two" \
	'in doctor as well'
has "whether 1 of its 3 places" 'and the first is told of'
run touchmark doctor --offline
hasnt 'could not be seen' 'offline nobody is to be asked'

# A token that shows no public key before the login.
pkcs11-tool --module "$MODULE" --token-label "$TOKEN" --login \
	--pin "$(cat "$PINFILE")" --delete-object --type pubkey --label dev \
	>setup.log 2>&1 || bail 'the public key cannot be removed'
mute="pkcs11:token=$TOKEN;object=dev;type=private?module-path=$MODULE&pin-source=file:$PINFILE"
places "$mute" vault:transit/one vault:transit/two
doctor
has "ok +place +key 'k': vault:transit/one is there, and is the first to show" \
	'the first that shows one'
has "fail +place +key 'k': vault:transit/two holds another key than vault:transit/one: sha256:$two" \
	'is what others are held against'
has "whether 1 of its 3 places hold the same key could not be seen; touchmark key selftest" \
	'the token was not compared'
places vault:transit/one "$mute"
doctor
has "warn +place +key 'k': .*token=$TOKEN.* shows no " \
	'a second one that shows none'
has "whether 1 of its 2 places" 'is told too'
exits 3 'selftest' touchmark key selftest k
has 'whether 1 of its 2 places holds the same key could not be seen' \
	'and sees none either'
done_testing
