#!/bin/sh
# touchmark key selftest: every place of every key signs, and it is the same
# key; what is away is told from what is wrong.
# shellcheck disable=SC2031 # what a host has is its own
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/remote-lib.sh"
need openssl pkcs11-tool softhsm2-util python3

token_key dev dev@example.org
softhsm_new spare
cd "$T" || exit 1
generate() {	# NAME TOKEN ALGORITHM
	touchmark key generate "$1" --token "$2" --algorithm "$3" \
		--module "$MODULE" --pin-file "$PINFILE" \
		--user 'K <k@example.org>' >/dev/null &&
	git config -f "$CONFIG" "touchmark.$1.uri" "$(git config -f "$CONFIG" \
		"touchmark.$1.uri")&pin-source=file:$PINFILE"
}
uri() {
	git config -f "$CONFIG" "touchmark.$1.uri"
}

# ---- one place ------------------------------------------------------------------
ok 'a key with a certificate' touchmark key selftest dev
has '^dev +ok +[0-9]+ ms +.*token=' 'a line for its place'
hasnt 'pin-source|module-path' 'without what is nobody else.s'
for a in rsa3072 p256 p384 ed25519; do
	generate "k-$a" spare "$a" || exit 1
	ok "$a" touchmark key selftest "k-$a"
done
ok 'all keys' touchmark key selftest
is "$(grep -c ' ok ' "$T/out")" 5 'each has its line'
ok 'two of them' touchmark key selftest dev k-p256
is "$(unhurried "$T/out" | wc -l)" 2 'no other one'
exits 3 'a name that is none' touchmark key selftest nobody
silent=$(uri dev)
git config -f "$CONFIG" touchmark.dev.uri "${silent%&pin-source=*}"
exits 3 'a key whose uri names no PIN' touchmark key selftest dev
ok 'gets it from the environment' env TOUCHMARK_PIN_FILE="$PINFILE" \
	touchmark key selftest dev
mkdir credentials
cp "$PINFILE" credentials/touchmark.pin
ok 'or from a credential' env CREDENTIALS_DIRECTORY="$T/credentials" \
	touchmark key selftest dev
git config -f "$CONFIG" touchmark.dev.uri "$silent"
ok 'as JSON' touchmark key selftest --json dev
unhurried "$T/out" >json
python3 -c 'import json, sys
o = json.loads(open(sys.argv[1]).read())
assert o["name"] == "dev" and o["status"] == "ok" and o["signed"] is True, o
assert o["ms"] >= 0 and "pkcs11" in o["place"] or "token" in o["place"], o
' json
tap $? 'JSON says the same'

# The use is on record, as what it is, and is no signature of anything else.
git config -f "$CONFIG" touchmark.auditLog "$T/log"
ok 'with a record' touchmark key selftest dev
grep -q '"what":"selftest"' log
tap $? 'it is on record as a test'

# ---- several places ---------------------------------------------------------------
good=$(uri dev)
nowhere="pkcs11:token=nowhere;object=dev;type=private?module-path=$MODULE"
git config -f "$CONFIG" touchmark.dev.uri "$nowhere"
exits 3 'the only place is away' touchmark key selftest dev
has '^dev +away ' 'which is no wrong one'
git config -f "$CONFIG" touchmark.dev.uri "$good"
ok 'back in its place' touchmark key selftest dev
git config -f "$CONFIG" --add touchmark.dev.uri "$(uri k-p256)"
exits 3 'another key in the second place' touchmark key selftest dev
has '^dev +ok ' 'the first one is good'
has '^dev +failed ' 'the second one is wrong'
has 'another key' 'and why'
git config -f "$CONFIG" --unset-all touchmark.dev.cert
exits 3 'without a certificate, too' touchmark key selftest dev
has '^dev +ok ' 'the first one is good'
has '^dev +failed ' 'the second one is held against it'
git config -f "$CONFIG" --unset-all touchmark.dev.uri
git config -f "$CONFIG" --add touchmark.dev.uri "$nowhere"
git config -f "$CONFIG" --add touchmark.dev.uri "$good"
exits 3 'one away, one good' touchmark key selftest dev
has '^dev +away ' 'one is away'
has '^dev +ok ' 'one is good'
hasnt '^dev +failed ' 'none is wrong'

# ---- a token that lies, and one that wants another PIN -------------------------------
git config -f "$CONFIG" --unset-all touchmark.dev.uri
echo other-PIN >wrong-pin
chmod 600 wrong-pin
git config -f "$CONFIG" touchmark.dev.uri \
	"$(echo "$good" | sed "s|pin-source=file:.*|pin-source=file:$T/wrong-pin|")"
exits 3 'a wrong PIN' touchmark key selftest dev
has '^dev +failed ' 'is a fault'
git config -f "$CONFIG" touchmark.dev.uri "$good"
ok 'and not the end of the token' touchmark key selftest dev

# ---- another host ---------------------------------------------------------------------
host_new north
fake_ssh
client_key far ssh://signer@north/release
ok 'a signing host' touchmark key selftest far
has '^far +ok +[0-9]+ ms +signer@north' 'is a place like any other'
grep -q '"what":"selftest"' "$HOSTS/north/audit.log" ||
	grep -q 'selftest' "$HOSTS/north/audit.log"
tap $? 'which has it on record'
client_key far ssh://signer@south/release
exits 3 'a host that is away' touchmark key selftest far
has '^far +away ' 'is away'
SERVE_AS=mallory
client_key far ssh://signer@north/release
exits 1 'a host that does not let us' touchmark key selftest far
has '^far +refused ' 'refuses'
has 'signer-not-allowed' 'and says why'
SERVE_AS=alice
host_does north 'head -c 8 >/dev/null; head -c 400 /dev/zero; exit 0'
exits 3 'a host that answers with zeros' touchmark key selftest far
has '^far +failed ' 'is none that is away'
has 'what is no answer' 'and what it did is told'
host_does north

# ---- what only several people may use ---------------------------------------------------
git config -f "$CONFIG" touchmark.dev.approvals 2
git config -f "$CONFIG" --add touchmark.dev.approver a@example.org
git config -f "$CONFIG" --add touchmark.dev.approver b@example.org
git config -f "$CONFIG" touchmark.dev.roots "$T/pki/ca.pem"
ok 'a key with approvals is opened alone' touchmark key selftest dev
has 'nothing was signed: each signature needs approvals' 'which is said'
run touchmark key selftest dev --json
has '"signed":false' 'in JSON as well'
[ -z "$(find "$XDG_STATE_HOME/touchmark/requests" -mindepth 1 -maxdepth 1 2>/dev/null)" ]
tap $? 'nobody is asked to approve a test'
for k in approvals approver roots; do
	git config -f "$CONFIG" --unset-all "touchmark.dev.$k"
done
git config -f "$CONFIG" touchmark.dev.preSign false
exits 1 'a command that says no' touchmark key selftest dev
has '^dev +refused ' 'refuses'

done_testing
