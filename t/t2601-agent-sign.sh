#!/bin/sh
# Signing through touchmark-agent: one login however much is signed, and none
# left after lock, forget, stop, or the times that are configured.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
need git openssl pkcs11-tool softhsm2-util touchmark-agent strace

token_key dev dev@example.org
token_key other other@example.org
policy_for ca
git_uses_touchmark
git config --global user.signingKey dev
use_shim
agent_world
new_repo "$T/r"
cd "$T/r" || exit 1
echo content >"$T/f"

sign_with() {	# KEY
	touchmark-gpgsm --status-fd=2 -bsau "$1" "$T/f"
}

sign() {
	sign_with dev
}

# ---- one login ----------------------------------------------------------------------

echo one >f && git add f
ok 'a commit starts the agent' git commit -q -S -m one
[ -n "$(agent_pid)" ]
tap $? 'it runs'
run git log -1 --format='%G?'
has '^G$' 'the signature is good'
run touchmark agent status
has '^running, process [0-9]+, .* 1 open, 0 waiting$' 'one session is open'
has '^dev.*, ec, 1 signatures, open for [0-9]+ s, used [0-9]+ s ago$' \
	'it is told whose'
run touchmark agent status --json
has '^\{"name":"dev",.*"signatures":1,' 'also in JSON'
i=0
while [ $i -lt 50 ]; do
	i=$((i + 1))
	git commit -q --allow-empty -m "commit $i"
done
ok 'a rebase of 50 commits' git rebase -q -f --gpg-sign --root
is "$(git log --format='%G?' | sort | uniq -c | tr -d ' ')" 51G \
	'each of them is signed'
is "$(calls C_Login)" 1 'and the token was logged in once'
is "$(calls C_Initialize)" 1 'by one process'
ok 'a second key' sign_with other
run touchmark agent status
has ' 2 open' 'has a session of its own'
CALLS=$(calls C_Sign)
is "$CALLS" 53 'what was signed was signed by the agent'

i=0
SIGNERS=
while [ $i -lt 16 ]; do
	i=$((i + 1))
	{ sign >"$T/sig.$i" 2>"$T/log.$i"; echo $? >"$T/code.$i"; } &
	SIGNERS="$SIGNERS $!"
done
# shellcheck disable=SC2086 # a list
wait $SIGNERS
is "$(cat "$T"/code.* | sort -u)" 0 '16 signers at once'
is "$(grep -l 'BEGIN SIGNED MESSAGE' "$T"/sig.* | wc -l | tr -d ' ')" 16 \
	'have their signatures'
is "$(calls C_Sign)" $((CALLS + 16)) 'all from the agent'
is "$(agent_pid | wc -l | tr -d ' ')" 1 'of one process'

# ---- the PIN is nowhere ----------------------------------------------------------------

ok 'a signature, watched' traced -f -s 4096 \
	-e trace=sendmsg,sendto,write,execve -v -o "$T/trace" \
	touchmark-gpgsm --status-fd=2 -bsau dev "$T/f"
grep -q 'sendmsg\|sendto' "$T/trace"
tap $? 'what the caller sends was seen'
cp "$T/trace" "$T/out"
hasnt test-PIN 'the PIN is not in it'
run touchmark agent status --json
hasnt 'test-PIN' 'nor in the status'
tr '\0' '\n' <"/proc/$(agent_pid)/cmdline" >"$T/out"
has '^touchmark-agent$' 'the command line of the agent was read'
hasnt test-PIN 'and does not hold it'

# ---- forget, lock, stop -------------------------------------------------------------------

LOGINS=$(calls C_Login)
ok 'forget' touchmark agent forget
run touchmark agent status
has ' 0 open' 'closes every session'
[ "$(calls C_Logout)" -gt 0 ]
tap $? 'and logs out'
ok 'the next signature' sign
is "$(calls C_Login)" $((LOGINS + 1)) 'logs in again'

ok 'lock' touchmark agent lock
run touchmark agent status
has '^locked, .* 0 open' 'closes every session'
exits 3 'a signature' sign
has '^gpgsm: touchmark-agent is locked$' 'is refused'
has '^gpgsm: hint: touchmark agent start unlocks it$' 'with the way out'
hasnt 'BEGIN SIGNED' 'and not made by somebody else'
hasnt 'SIG_CREATED' 'nor said to be'
echo two >f && git add f
run git commit -q -S -m two
[ "$RC" != 0 ]
tap $? 'nor is a commit made'
is "$(calls C_Login)" $((LOGINS + 1)) 'nobody logged in'
ok 'start unlocks it' touchmark agent start
has 'unlocked' 'as it says'
ok 'a signature' sign
CALLS=$(calls C_Finalize)
ok 'stop' touchmark agent stop
is "$(calls C_Finalize)" $((CALLS + 1)) 'gives the module back'
exits 1 'none runs' touchmark agent status

# ---- times ------------------------------------------------------------------------------------

git config -f "$CONFIG" touchmark.agentLifetime 1
ok 'a login that lives for a second' sign
LOGINS=$(calls C_Login)
PID=$(agent_pid)
closed() {
	touchmark agent status | grep -q ' 0 open'
}
agent_wait closed
tap $? 'ends by itself'
ok 'the next signature' sign
is "$(calls C_Login)" $((LOGINS + 1)) 'logs in again'
is "$(agent_pid)" "$PID" 'in the same agent'
touchmark agent stop >/dev/null
git config -f "$CONFIG" --unset touchmark.agentLifetime
git config -f "$CONFIG" touchmark.agentIdle 1
ok 'a login that may lie unused for a second' sign
PID=$(agent_pid)
agent_wait agent_ended "$PID"
tap $? 'ends by itself, and the agent with it'
git config -f "$CONFIG" --unset touchmark.agentIdle

# ---- not wanted ----------------------------------------------------------------------------------

git config -f "$CONFIG" touchmark.agent never
ok 'touchmark.agent = never: a signature' sign
exits 1 'needs no agent' touchmark agent status
touchmark agent start >/dev/null
CALLS=$(calls C_Initialize)
ok 'and one that runs' sign
is "$(calls C_Initialize)" $((CALLS + 1)) 'is not used'
run touchmark agent status
has ' 0 open' 'and opens nothing'
touchmark agent stop >/dev/null
git config -f "$CONFIG" --unset touchmark.agent

# Another configuration than the agent's: its caller signs by himself.
touchmark agent start >/dev/null
cp "$CONFIG" "$T/config.other"
ok 'a caller with another configuration' env \
	TOUCHMARK_CONFIG="$T/config.other" touchmark-gpgsm --status-fd=2 \
	-bsau dev "$T/f"
run touchmark agent status
has ' 0 open' 'is not served by the agent'
# Nor is one who looks for the embedded tokens, or those of SoftHSM, elsewhere:
# another token may have the same name.
ok 'a caller with another folder of tokens' env XDG_DATA_HOME="$T/other" \
	touchmark-gpgsm --status-fd=2 -bsau dev "$T/f"
run touchmark agent status
has ' 0 open' 'is not served by the agent'
exits 3 'a caller whose SoftHSM shows no such token' \
	env -u SOFTHSM2_CONF touchmark-gpgsm --status-fd=2 -bsau dev "$T/f"
run touchmark agent status
has ' 0 open' 'is not served from another one'
ok 'a caller without a git configuration of his own' \
	env GIT_CONFIG_GLOBAL= touchmark-gpgsm --status-fd=2 -bsau dev "$T/f"
run touchmark agent status
has ' 0 open' 'is not served by the agent'

# What was meant for the command that started it does not stay with it.
touchmark agent stop >/dev/null
GIT_CONFIG_COUNT=oops GIT_DIR=$T/nothing TOUCHMARK_PIN_FILE=$T/nothing \
	CREDENTIALS_DIRECTORY=$T/nothing touchmark agent start >/dev/null
ok 'an agent that was started from an odd environment' sign
run touchmark agent status
has ' 1 open' 'signs for a caller from another'

# What is too large for a request is signed all the same.
head -c 3000000 /dev/zero >"$T/large"
ok 'three megabytes' touchmark-gpgsm --status-fd=2 -o "$T/large.sig" -bsau dev \
	"$T/large"
ok 'are signed' touchmark-gpgsm --verify "$T/large.sig" "$T/large"
touchmark agent stop >/dev/null

done_testing
