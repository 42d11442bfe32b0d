#!/bin/sh
# The agent asks at the terminal of whoever wants a signature: once for each
# session, never for somebody who has gone, and the terminal is left as it was.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
need git openssl pkcs11-tool softhsm2-util touchmark-agent

token_key dev dev@example.org
token_key asked asked@example.org
git config -f "$CONFIG" touchmark.asked.confirm true
for k in dev asked; do
	git config -f "$CONFIG" touchmark.$k.uri "$(git config -f "$CONFIG" \
		touchmark.$k.uri | sed 's/&pin-source=[^&]*//')"
done
use_shim
policy_for ca
git_uses_touchmark
git config --global user.signingKey dev
agent_world
echo content >"$T/f"

# at_terminal [STEP...] -- CMD...: what it showed in $T/out, and how it was
# left in $T/echo.
at_terminal() {
	"$MOCK/terminal" --limit 300000 --log "$T/shown" "$@" >"$T/echo" \
		2>"$T/errors"
	RC=$?
	tr -d '\r' <"$T/shown" >"$T/out"
	cat "$T/errors" >>"$T/out"
	return $RC
}

good() {	# NAME
	[ "$RC" = 0 ]
	tap $? "$1"
}

echo_on() {
	is "$(cat "$T/echo")" 'echo on' 'the terminal echoes again'
}

sign='touchmark-gpgsm --status-fd=2 -bsau dev '$T/f

# ---- once ---------------------------------------------------------------------------

at_terminal --at 'PIN' --type test-PIN sh -c "$sign"
good 'a signature, with the PIN typed at the terminal of the caller'
has 'PIN for token tmk-test' 'which was asked for there'
has 'BEGIN SIGNED MESSAGE' 'and is made'
hasnt 'test-PIN' 'the PIN was not shown'
echo_on
at_terminal sh -c "$sign"
good 'the next one'
hasnt 'PIN for' 'asks for nothing'
new_repo "$T/r"
cd "$T/r" || exit 1
i=0
while [ $i -lt 50 ]; do
	i=$((i + 1))
	git commit -q --allow-empty -m "commit $i"
done
touchmark agent forget >/dev/null
LOGINS=$(calls C_Login)
at_terminal --at 'PIN for' --type test-PIN --again \
	git rebase -q -f --gpg-sign --root
good 'a rebase of 50 commits'
is "$(grep -o 'PIN for' "$T/out" | wc -l | tr -d ' ')" 1 'asks once'
is "$(calls C_Login)" $((LOGINS + 1)) 'and logs in once'
is "$(git log --format='%G?' | sort | uniq -c | tr -d ' ')" 50G \
	'for 50 good signatures'

# ---- wrong, and no ---------------------------------------------------------------------

touchmark agent forget >/dev/null
at_terminal --at 'PIN for' --type other-PIN --at 'PIN for' --type test-PIN sh -c "$sign"
good 'a wrong PIN, then the right one'
has 'Wrong PIN' 'is asked again, saying why'
touchmark agent forget >/dev/null
at_terminal --at 'PIN for' --type '' sh -c "$sign"
is $RC 3 'an empty answer is a no'
echo_on
at_terminal --at 'PIN for' --keys '\003' sh -c "$sign"
[ "$RC" != 0 ]
tap $? 'so is Ctrl-C'
echo_on
hasnt 'BEGIN SIGNED' 'and nothing is signed'

# ---- somebody who goes away ------------------------------------------------------------------

# What is done while the prompt is there.
until_asked="while [ ! -e $T/asked ]; do sleep 0.05; done; rm $T/asked"
LOGINS=$(calls C_Login)
# The one who asks is killed; the terminal stays. What is typed after that
# must reach whoever is at the terminal then.
at_terminal --after 30000 --at 'PIN for' --touch "$T/asked" sh -c "
	$sign & p=\$!
	$until_asked
	kill -KILL \$p"
echo_on
quiet() {
	touchmark agent status --json | grep -q '"waiting":0,"busy":false'
}
agent_wait quiet
tap $? 'for a caller who was killed the prompt ends'
is "$(calls C_Login)" "$LOGINS" 'and nobody is logged in'
at_terminal --at 'PIN for' --close sh -c "$sign"
agent_wait quiet
tap $? 'so it does when the terminal is hung up'
is "$(calls C_Login)" "$LOGINS" 'and nobody is logged in'

# ---- what does not wait for a prompt -------------------------------------------------------------

at_prompt() {	# COMMAND: run it while a prompt waits; its output in $T/side
	at_terminal --after 30000 --at 'PIN for' --touch "$T/asked" sh -c "
		{
			$until_asked
			$1
		} >'$T/side' 2>&1 &
		$sign
		rc=\$?
		wait
		exit \$rc"
}
at_prompt 'touchmark agent lock'
is $RC 3 'lock ends a prompt'
has 'touchmark-agent is locked' 'saying why'
echo_on
cp "$T/side" "$T/out"
has '^agent: locked$' 'and is done'
touchmark agent start >/dev/null 2>&1
at_prompt 'touchmark agent forget'
is $RC 3 'forget ends a prompt'
has 'no PIN was typed' 'saying why'
hasnt 'gave no answer' 'in an answer'
echo_on
cp "$T/side" "$T/out"
has '^agent: forgotten$' 'and is done'
hasnt 'a request still runs' 'before it returns'
at_terminal --at 'PIN for' --type test-PIN sh -c "$sign"
good 'the next signature'
touchmark agent forget >/dev/null
at_prompt 'touchmark agent stop'
[ "$RC" != 0 ]
tap $? 'stop ends a prompt'
echo_on
cp "$T/side" "$T/out"
has '^agent: stopped$' 'and is done'
exits 1 'the agent is gone' touchmark agent status

# ---- confirmation ------------------------------------------------------------------------------------

asked="touchmark-gpgsm --status-fd=2 -bsau asked $T/f"
at_terminal --at 'PIN for' --type test-PIN --at 'Type yes' --type yes sh -c "$asked"
good 'a key that is to be confirmed, allowed'
has 'Sign with the key asked, asked for in /.*\?' 'the question names it'
has 'BEGIN SIGNED MESSAGE' 'and the signature is made'
at_terminal --at 'Type yes' --type yes sh -c "$asked"
good 'allowed again'
hasnt 'PIN for' 'asks for no PIN'
CALLS=$(calls C_Sign)
for answer in no '' y yess 'no yes' ' yes'; do
	at_terminal --at 'Type yes' --type "$answer" sh -c "$asked"
	is $RC 3 "'$answer' is a no"
	has 'the use of the key was not confirmed' 'which is said'
done
at_terminal --at 'Type yes' --keys '\003' sh -c "$asked"
[ "$RC" != 0 ]
tap $? 'Ctrl-C is a no'
exits 3 'without a terminal it is a no' setsid \
	touchmark-gpgsm --status-fd=2 -bsau asked "$T/f"
has 'there is nobody to ask' 'which is said'
is "$(calls C_Sign)" "$CALLS" 'none of these reached the token'
at_terminal --at 'PIN for' --type test-PIN sh -c "$sign"
good 'another key'
hasnt 'Type yes' 'is not asked about'
at_terminal --at 'Type yes' --type no sh -c "$asked"
is $RC 3 'a no after that'
# The same key by its URI is none of the agent's: it would not be asked about.
ask_uri() {
	request uri '1 \0001' "3 $1" '4 \0003' '6 file' '9 /' '14 x' \
		"18 HOME=$HOME" "18 XDG_CONFIG_HOME=$XDG_CONFIG_HOME" \
		"18 XDG_DATA_HOME=$XDG_DATA_HOME" \
		"18 XDG_STATE_HOME=$XDG_STATE_HOME" '18 GIT_CONFIG_NOSYSTEM=1' \
		"18 SOFTHSM2_CONF=$SOFTHSM2_CONF"
	"$MOCK/agent-wire" "$SOCKET" <"$T/uri" >"$T/out" 2>/dev/null
}
ask_uri 'pkcs11:object=asked'
said 'configured keys alone' 'the URI of the key does not get past the question'
LOADED=$(calls C_Initialize)
for q in "module-path=$SHIM" "module-name=shim"; do
	ask_uri "pkcs11:token=tmk-test;object=dev?$q"
	said 'loads no module' "nor does one load a module (${q%%=*})"
done
is "$(calls C_Initialize)" "$LOADED" 'and none was loaded'
is "$(calls C_Sign)" $((CALLS + 1)) 'and nothing else was signed'

touchmark agent stop >/dev/null
done_testing
