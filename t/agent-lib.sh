# shellcheck shell=sh disable=SC2034 # some are for the tests
# agent-lib.sh - an agent, and messages to it byte by byte. Sourced after
# lib.sh and agent_world.
#
#   agent_pid              the process that serves, "" when none does
#   agent_wait CMD...      until CMD ends with 0, at most a minute
#   agent_ended PID        whether that process has ended
#   be32 N                 four bytes
#   field TAG FILE         one field (docs/PROTOCOL.agent)
#   text TAG TEXT          the same with a text
#   frame FILE             FILE with the head of a frame
#   request NAME FIELD...  $T/NAME: a request of the fields, each "TAG TEXT"
#   said TEXT...           whether $T/out has this text between its bytes
#
# SHIM: the configuration's keys are used through the misbehaving module.

SOCKET=$T/run/touchmark/agent.sock
SHIM=$MOCK/shim.so

agent_pid() {
	touchmark agent status --json 2>/dev/null |
		sed -n 's/^{"agent":.*"pid":\([0-9]*\).*/\1/p'
}

agent_wait() {
	waited=0
	until "$@" >/dev/null 2>&1; do
		waited=$((waited + 1))
		[ $waited -lt 600 ] || return 1
		sleep 0.1
	done
}

agent_ended() {	# also one that only its parent has not noticed
	! kill -0 "$1" 2>/dev/null ||
		grep -q '^State:[[:blank:]]*Z' "/proc/$1/status" 2>/dev/null
}

be32() {
	printf '%b' "$(printf '\\0%03o\\0%03o\\0%03o\\0%03o' \
		$(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) \
		$(($1 & 255)))"
}

field() {
	printf '%b' "$(printf '\\0%03o' "$1")"
	be32 "$(wc -c <"$2")"
	cat "$2"
}

# The text may hold escapes of printf %b.
text() {
	printf '%b' "$2" >"$T/field"
	field "$1" "$T/field"
}

frame() {
	printf TMK1
	be32 "$(wc -c <"$1")"
	cat "$1"
}

request() {
	name=$1
	shift
	printf '\001' >"$T/body"
	for f; do
		text "${f%% *}" "${f#* }" >>"$T/body"
	done
	frame "$T/body" >"$T/$name"
}

said() {
	tr -c '[:print:]' '\n' <"$T/out" | grep -qF -e "$1"
	tap $? "$2"
}

# Every configured key through the shim; what it does is TMK_SHIM at the time
# when the agent starts.
use_shim() {
	for k in $(git config -f "$CONFIG" --name-only \
		--get-regexp '^touchmark\..*\.uri$'); do
		git config -f "$CONFIG" "$k" "$(git config -f "$CONFIG" "$k" |
			sed "s|module-path=[^&\"]*|module-path=$SHIM|")"
	done
	TMK_SHIM_MODULE=$MODULE
	TMK_SHIM_LOG=$T/calls
	: >"$T/calls"
	export TMK_SHIM_MODULE TMK_SHIM_LOG
}

calls() {	# NAME: how often the module was called so
	grep -cE "^$1( |\$)" "$T/calls"
}
