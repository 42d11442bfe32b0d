#!/bin/sh
# A key at another host: what can be said of it from here, which is little, and
# that it signs the report all the same.
# shellcheck disable=SC2031 # CONFIG is another one in a host alone
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=remote-lib.sh
. "${0%/*}/remote-lib.sh"
need openssl python3 softhsm2-util pkcs11-tool git timeout

host_new one
fake_ssh
client_key dev ssh://signer@one/release
git config -f "$CONFIG" touchmark.dev.cert "$T/pki/one.pem"
cd "$T" || exit 1

verdict() {	# ROW VERDICT TEXT
	is "$(python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
print([q["verdict"] for q in r["requirements"] if q["row"] == sys.argv[2]][0])' \
		r.json "$1")" "$2" "$3"
}

run timeout 60 touchmark key report dev --json
is "$RC" 0 'a report'
cp "$T/out" r.json
has '"kind":"host"' 'says that another host signs'
has '"attributes":\{\}' 'and knows no attributes'
has 'make the report there' 'and where to ask'
verdict key-size pass 'its public key is judged'
verdict certificate pass 'and its certificate'
for r in generated-in-hardware non-exportable activation single-purpose; do
	verdict "$r" 'not checkable' "$r: is to be asked there"
done
before=$(host_uses one)
ok 'a signed one' timeout 60 touchmark key report dev -o r.txt
ok 'openssl takes its signature' openssl cms -verify -binary -inform DER \
	-in r.txt.p7s -content r.txt -CAfile pki/ca.pem -purpose any \
	-out /dev/null
is "$(host_uses one)" $((before + 1)) 'the host has it on record'
ok 'the report that is made there' on_host one touchmark key report release \
	--json --pin-file "$PINFILE"
cp "$T/out" r.json
verdict generated-in-hardware fail 'tells that a program holds it'

# A host that is away.
host_does one 'exit 255'
run timeout 60 touchmark key report dev -o none.txt
[ "$RC" != 0 ] && [ ! -e none.txt ] && [ ! -e none.txt.p7s ]
tap $? 'a host that is away: no signed report'

done_testing
