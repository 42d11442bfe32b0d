#!/bin/sh
# An agent that dies, a module that dies or hangs, a token that is taken out:
# one clear error, and the next signature is made.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
need openssl pkcs11-tool softhsm2-util touchmark-agent

token_key dev dev@example.org
use_shim
deadline() {
	git config -f "$CONFIG" touchmark.moduleDeadline "$1"
}
deadline 60
agent_world
echo content >"$T/f"

sign() {
	touchmark-gpgsm --status-fd=2 -bsau dev "$T/f"
}

# start ACTIONS: an agent whose module behaves so.
start() {
	touchmark agent stop >/dev/null 2>&1
	: >"$T/calls"
	TMK_SHIM=$1 touchmark agent start >"$T/out" 2>&1
	agent_pid
}

# NAME: the last output has one error, perhaps with a hint; that the token takes
# its time is none.
one_error() {
	is "$(grep '^gpgsm: ' "$T/out" | grep -vc 'is still at work')" \
		"$(grep -c '^gpgsm: hint: ' "$T/out" | awk '{ print $1 + 1 }')" \
		"$1: one error"
	hasnt 'SIG_CREATED|BEGIN SIGNED' "$1: and no signature"
}

in_sign() {	# a module call to sign has begun
	[ "$(calls C_Sign)" -gt 0 ]
}

# An agent whose first signature takes until the file is taken away.
TMK_SHIM_HOLD=$T/hold
export TMK_SHIM_HOLD
hold() {
	: >"$TMK_SHIM_HOLD"
	start C_Sign=1@hold
}

# ---- the agent is killed -------------------------------------------------------------

PID=$(hold)
sign >"$T/one" 2>&1 &
SIGNER=$!
agent_wait in_sign
kill -KILL "$PID"
rm "$TMK_SHIM_HOLD"
wait $SIGNER
is $? 3 'the agent is killed while it signs'
cp "$T/one" "$T/out"
has '^gpgsm: touchmark-agent gave no answer' 'which is said'
has '^gpgsm: hint: nothing was signed; try again' 'with what to do'
one_error 'killed'
ok 'the next signature starts another one' sign
has 'SIG_CREATED' 'and is made'
[ "$(agent_pid)" != "$PID" ]
tap $? 'by that one'

# ---- the module dies ---------------------------------------------------------------------

PID=$(start C_Sign=2@die)
ok 'a signature' sign
exits 3 'the module dies in the next' sign
has '^gpgsm: touchmark-agent gave no answer' 'which is said'
one_error 'dead'
agent_wait agent_ended "$PID"
tap $? 'the agent is gone with it'
ok 'the next signature is made' sign

# ---- the module hangs ----------------------------------------------------------------------

deadline 3
PID=$(start C_Sign=2@hang)
ok 'a signature' sign
before=$(date +%s)
exits 3 'the module hangs in the next' sign
[ $(($(date +%s) - before)) -lt 30 ]
tap $? 'for no longer than its deadline'
has 'the token did not answer C_Sign within 3 s' 'which is said'
one_error 'hanging'
agent_wait agent_ended "$PID"
tap $? 'the agent ends'
ok 'the next signature is made' sign
[ "$(agent_pid)" != "$PID" ]
tap $? 'by another one'

# Others wait behind the one that hangs; all of them come before it is late.
deadline 8
PID=$(start C_Sign=1@hang)
for i in 1 2 3; do
	{ sign >"$T/log.$i" 2>&1; echo $? >"$T/code.$i"; } &
done
wait
is "$(sort "$T/code.1" "$T/code.2" "$T/code.3" | uniq | tr -d '\n')" 3 \
	'three at once before a module that hangs'
for i in 1 2 3; do
	cp "$T/log.$i" "$T/out"
	one_error "caller $i"
done
agent_wait agent_ended "$PID"
ok 'the next signature is made' sign

# ---- the caller goes away ----------------------------------------------------------------------

deadline 60
PID=$(hold)
sign >"$T/one" 2>&1 &
FIRST=$!
agent_wait in_sign
touchmark-gpgsm --status-fd=2 -bsau dev "$T/f" >"$T/two" 2>&1 &
SECOND=$!
waits() {
	touchmark agent status --json | grep -q '"waiting":1'
}
agent_wait waits
tap $? 'one signs, one waits'
kill -KILL $SECOND
alone() {
	touchmark agent status --json | grep -q '"waiting":0,"busy":true'
}
agent_wait alone
tap $? 'which is no longer waited for when it was killed'
rm "$TMK_SHIM_HOLD"
wait $FIRST
is $? 0 'the first has its signature'
quiet() {
	touchmark agent status --json | grep -q '"waiting":0,"busy":false'
}
agent_wait quiet
is "$(calls C_Sign)" 1 'for the second, which was killed, nothing is signed'

# ---- stopped, locked and forgotten over it -----------------------------------------------------

PID=$(start C_Sign=delay:2000)
sign >"$T/one" 2>&1 &
SIGNER=$!
agent_wait in_sign
ok 'stop while it signs' touchmark agent stop
wait $SIGNER
is $? 0 'the signature is finished'
agent_wait agent_ended "$PID"
tap $? 'then it ends'

PID=$(hold)
sign >"$T/one" 2>&1 &
SIGNER=$!
agent_wait in_sign
ok 'status while it signs' touchmark agent status --json
has '"busy":true' 'says so'
ok 'lock while it signs' touchmark agent lock
agent_ended $SIGNER
[ $? = 1 ]
tap $? 'neither waits for the signature'
rm "$TMK_SHIM_HOLD"
wait $SIGNER
is $? 3 'the signature is not given out'
cp "$T/one" "$T/out"
has 'touchmark-agent is locked' 'which is said'
one_error 'locked'
closed() {
	touchmark agent status | grep -q '^locked, .* 0 open'
}
agent_wait closed
tap $? 'and everything is closed'

# ---- the token is taken out --------------------------------------------------------------------------

PID=$(start '')
ok 'a signature' sign
is "$(calls C_Login)" 1 'after one login'
mkdir "$T/away"
mv "$T"/tokens/* "$T/away/"
exits 3 'the token is taken out' sign
one_error 'taken out'
mv "$T"/away/* "$T/tokens/"
ok 'and put back' sign
is "$(calls C_Login)" 2 'it is logged in again'
is "$(agent_pid)" "$PID" 'by the same agent'

# The same token, put out and in between two signatures.
mv "$T"/tokens/* "$T/away/"
mv "$T"/away/* "$T/tokens/"
ok 'out and in again without a signature between' sign
touchmark agent stop >/dev/null

# A session that the module has lost.
PID=$(start C_SignInit=2@0xb3)
ok 'a signature' sign
ok 'the session is lost in the next' sign
has 'SIG_CREATED' 'which is made in a new one'
is "$(calls C_Login)" 2 'with a login'
is "$(agent_pid)" "$PID" 'by the same agent'
touchmark agent stop >/dev/null

done_testing
