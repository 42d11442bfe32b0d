#!/bin/sh
# touchmark agent open: to log in before there is anything to sign.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/approval-lib.sh"
need openssl pkcs11-tool softhsm2-util setsid

token_key release release@example.org
token_key other other@example.org
cd "$T" || exit 1
echo release >f
git config -f "$CONFIG" touchmark.key other
git config -f "$CONFIG" touchmark.auditLog "$T/audit.log"
for k in release other; do
	uri=$(git config -f "$CONFIG" "touchmark.$k.uri")
	git config -f "$CONFIG" "touchmark.$k.uri" "${uri%&pin-source=*}"
done
sessions() {
	touchmark agent status --json >open.json
	grep -o '^{"name":"[a-z]*"' open.json | cut -d'"' -f4 | sort | tr '\n' ' '
}
unset XDG_RUNTIME_DIR
exits 3 'without a place for an agent' touchmark agent open release
has 'there is no place for an agent' 'is said'
agent_world

# ---- words -------------------------------------------------------------------
ok 'help' touchmark agent --help
has '^  open ' 'names the verb'
exits 2 'two keys' touchmark agent open release other
exits 2 'a key for another verb' touchmark agent lock release
exits 3 'a key that is none' touchmark agent open nobody
has 'nobody' 'is named'

# ---- a login -----------------------------------------------------------------
exits 3 'nobody is there to be asked' setsid -w touchmark agent open release
has 'no PIN' 'is said'
has 'no terminal to ask at' 'in the words for somebody who is here'
is "$(sessions)" '' 'nothing is open'
(umask 077 && echo other-PIN >wrong)
exits 3 'a wrong PIN' env TOUCHMARK_PIN_FILE="$T/wrong" \
	touchmark agent open release
hasnt 'other-PIN' 'is not shown'
is "$(sessions)" '' 'opens nothing'
ok 'the PIN of a file' env TOUCHMARK_PIN_FILE="$PINFILE" \
	touchmark agent open release
has '^agent: open$' 'is said'
is "$(sessions)" 'release ' 'the key is open'
ok 'the configured key, in JSON' env TOUCHMARK_PIN_FILE="$PINFILE" \
	touchmark agent open --json
has '^{"agent":"open"}$' 'is said'
is "$(sessions)" 'other release ' 'both are open'
ok 'again' setsid -w touchmark agent open release
is "$(sessions)" 'other release ' 'opens nothing more'
[ ! -e audit.log ]
tap $? 'no key was used'
for k in release other; do
	ok "$k signs without a PIN" setsid -w touchmark sign -k "$k" \
		--resign f
done
ok 'in another format as well' setsid -w touchmark sign -k release -t ssh f

# ---- at a terminal -----------------------------------------------------------
touchmark agent forget >/dev/null
"$MOCK/terminal" --limit 120000 --log shown --at PIN --type test-PIN \
	touchmark agent open release >left 2>errors
is "$?" 0 'the PIN is asked for at the terminal'
cp shown out
has 'PIN for token tmk-test' 'by the name of the token'
has '^agent: open' 'and the key is open'
hasnt test-PIN 'it is not shown'
is "$(cat left)" 'echo on' 'the terminal is as it was'
is "$(sessions)" 'release ' 'the agent has the session'

# ---- what opens nothing ------------------------------------------------------
ok 'locked' touchmark agent lock
exits 3 'an agent that is locked' env TOUCHMARK_PIN_FILE="$PINFILE" \
	touchmark agent open release
has 'touchmark-agent is locked' 'opens nothing'
touchmark agent start >/dev/null 2>&1
git config -f "$CONFIG" touchmark.agent never
exits 2 'where no agent is wanted' touchmark agent open release
has 'touchmark.agent is never' 'is said'
git config -f "$CONFIG" --unset touchmark.agent
mkdir else
run env XDG_CONFIG_HOME="$T/else" touchmark agent open release
is "$RC" 2 'with another configuration'
has 'another configuration' 'is said'
is "$(sessions)" '' 'none of them opened a key'

# ---- a key that needs more than a PIN ----------------------------------------
needs release 1 other@example.org
git config -f "$CONFIG" touchmark.release.preSign false
ok 'approvals and commands are asked for signatures' \
	env TOUCHMARK_PIN_FILE="$PINFILE" touchmark agent open release
exits 1 'and not fewer of them' touchmark sign -k release --resign f
ok 'compromised' touchmark key compromise release --yes
git config -f "$CONFIG" --unset touchmark.release.preSign
exits 3 'a login is no way to a denied key' touchmark sign -k release \
	--resign f
has 'denied since' 'which signs nothing'
done_testing
