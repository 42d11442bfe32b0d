#!/bin/sh
# The user's road over a token on another machine: p11-kit's server has it, the
# module here is p11-kit's client. And a server that dies.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=token-lib.sh
. "${0%/*}/token-lib.sh"
need softhsm2-util p11-kit setsid timeout

for CLIENT in /usr/lib/*/pkcs11/p11-kit-client.so \
	/usr/lib64/pkcs11/p11-kit-client.so; do
	[ ! -f "$CLIENT" ] || break
done
softhsm_new tmk-remote
# Only the server finds the token.
FAR=$SOFTHSM2_CONF
unset SOFTHSM2_CONF
P11_KIT_SERVER_ADDRESS=unix:path=$T/far.sock
export P11_KIT_SERVER_ADDRESS
SERVER=

server_start() {
	SOFTHSM2_CONF=$FAR setsid p11-kit server -f -t 1200 -n "$T/far.sock" \
		--provider "$MODULE" 'pkcs11:token=tmk-remote' \
		>"$T/server.log" 2>&1 &
	SERVER=$!
	tries=0
	until [ -S "$T/far.sock" ]; do
		tries=$((tries + 1))
		[ $tries -lt 1200 ] || {
			cat "$T/server.log"
			echo 'not ok - prepared: p11-kit server does not start'
			exit 1
		}
		sleep 0.05
	done
}

# It has a process for each client: all of them die.
server_kill() {
	kill -s KILL -- "-$SERVER"
	wait "$SERVER" 2>/dev/null
	SERVER=
	rm -f "$T/far.sock"
}

remote_end() {
	remote_rc=$?
	[ -z "$SERVER" ] || server_kill
	(exit "$remote_rc")
	at_end
}
trap remote_end EXIT

# ---- the road -----------------------------------------------------------------

server_start
# The protocol of p11-kit 0.24 does not carry the mechanisms of Ed25519.
token_suite "$CLIENT" tmk-remote ed25519

# ---- a server that dies -------------------------------------------------------

one_error() {	# that the token takes its time is none
	is "$(grep '^touchmark: ' "$T/out" | grep -vc 'is still at work')" 2 \
		'one error and one hint'
}

sign() {
	timeout 120 touchmark sign -k k-p256 -t ssh --no-timestamp "$T/f"
}
refused() {
	rm -f "$T/f.sig"
	exits 3 "$1" sign
	one_error
	has '^touchmark: hint: ' 'which says what to do'
	[ ! -e "$T/f.sig" ]
	tap $? 'and no signature'
}

server_kill
refused 'no server'
server_start
ok 'a server' sign

# While the token is at work: the module holds still until the server is dead.
TMK_SHIM_HOLD=$T/hold
export TMK_SHIM_HOLD
for call in C_Login C_FindObjects C_SignInit C_Sign; do
	rm -f "$T/f.sig"
	: >"$T/calls"
	: >"$T/hold"
	TMK_SHIM=$call=1@hold TMK_SHIM_LOG=$T/calls sign >"$T/out" 2>&1 &
	SIGNER=$!
	tries=0
	until grep -q "^$call\$" "$T/calls" || [ $tries = 1200 ]; do
		tries=$((tries + 1))
		sleep 0.05
	done
	server_kill
	rm "$T/hold"
	wait $SIGNER
	RC=$?
	[ "$RC" = 3 ]
	tap $? "the server dies in $call (exit 3)"
	one_error
	[ ! -e "$T/f.sig" ]
	tap $? 'and no signature'
	server_start
	ok 'the next server' sign
done

# The agent's session dies with it; nobody needs to be told of the next one.
agent_world
ok 'the agent signs' sign
run touchmark agent status
has ' 1 open' 'and keeps its session'
server_kill
refused 'its server is gone'
ok 'the agent is there' touchmark agent status
server_start
ok 'it signs again' sign
run touchmark agent status
has '^k-p256, ec, ' 'as the agent'
ok 'ssh-keygen takes it' token_ssh_judge p256 "$T/f"

done_testing
