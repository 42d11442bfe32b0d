#!/bin/sh
# What a request may ask of the agent's keys: a digest that is of the right
# kind and time, for whoever waits for his turn, and nothing in between.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
need openssl pkcs11-tool softhsm2-util ssh-keygen touchmark-agent xxd

token_key dev dev@example.org
use_shim
git config -f "$CONFIG" touchmark.dev.created 1700000000
agent_world
echo content >"$T/f"

# Standard input as text() takes it.
escaped() {
	od -An -v -to1 | sed 's/ /\\0/g' | tr -d '\n'
}

time64() {
	{ be32 0; be32 "$1"; } | escaped
}

digest() {
	openssl dgst "-sha$1" -binary "$T/f" | escaped
}
DIGEST=$(digest 256)

# ask FIELD...: with the environment of the agent; the answer in $T/out.
ask() {
	request ask "$@" "18 HOME=$HOME" \
		"18 XDG_CONFIG_HOME=$XDG_CONFIG_HOME" \
		"18 XDG_DATA_HOME=$XDG_DATA_HOME" \
		"18 XDG_STATE_HOME=$XDG_STATE_HOME" '18 GIT_CONFIG_NOSYSTEM=1' \
		"18 SOFTHSM2_CONF=$SOFTHSM2_CONF"
	"$MOCK/agent-wire" "$SOCKET" <"$T/ask" >"$T/out" 2>/dev/null
}

# by_digest FORMAT HASH SECONDS [DIGEST]: SECONDS from now
by_digest() {
	ask '1 \0001' '3 dev' "4 \\000$1" '8 \0003' '9 /' \
		"15 ${4-$DIGEST}" "16 \\000$2" \
		"17 $(time64 $(($(date +%s) + $3)))"
}

code() {	# of the answer, in hex
	xxd -s 14 -l 1 -p "$T/out"
}

# ---- digests -----------------------------------------------------------------

touchmark agent start >/dev/null
for format in 1 2; do
	by_digest $format 1 0
	is "$(code)" 00 "format $format: a digest is signed"
	SIGNS=$(calls C_Sign)
	by_digest $format 2 0 "$(digest 384)"
	is "$(code)" 02 "format $format: one of a kind that the key does not sign"
	said 'not of the kind this key signs' 'is refused'
	ask '1 \0001' '3 dev' "4 \\000$format" '8 \0003' '9 /' \
		"15 $DIGEST" '16 \0001'
	is "$(code)" 02 "format $format: one without its time"
	said 'not of the kind this key signs' 'is refused'
	for far in -90000 90000; do
		by_digest $format 1 $far
		is "$(code)" 02 "format $format: a time $far s away"
		said 'more than a day away' 'is refused'
	done
	is "$(calls C_Sign)" "$SIGNS" 'before the token is asked'
done
by_digest 3 1 0
is "$(code)" 02 'an SSH signature of a SHA-256 digest is not made'
touchmark agent stop >/dev/null

# ---- the queue ---------------------------------------------------------------

# One at work for a while, and many behind it. Who asks how it goes must get
# in all the same.
TMK_SHIM_HOLD=$T/hold
export TMK_SHIM_HOLD
: >"$T/hold"
git config -f "$CONFIG" touchmark.moduleDeadline 120
TMK_SHIM=C_Sign=1@hold touchmark agent start >/dev/null
ask_all() {
	i=0
	while [ $i -lt 75 ]; do
		i=$((i + 1))
		"$MOCK/agent-wire" --limit 300000 "$SOCKET" <"$T/ask" \
			>"$T/answer.$i" 2>/dev/null &
	done
}
request ask '1 \0001' '3 dev' '4 \0001' '5 \0001' '8 \0003' '9 /' '14 x' \
	"18 HOME=$HOME" "18 XDG_CONFIG_HOME=$XDG_CONFIG_HOME" \
	"18 XDG_DATA_HOME=$XDG_DATA_HOME" \
	"18 XDG_STATE_HOME=$XDG_STATE_HOME" '18 GIT_CONFIG_NOSYSTEM=1' \
	"18 SOFTHSM2_CONF=$SOFTHSM2_CONF"
LOGINS=$(calls C_Login)
ask_all
full() {
	touchmark agent status --json | grep -q '"waiting":64,"busy":true'
}
agent_wait full
tap $? '64 wait behind the one at work, and status is answered'
# Forgotten in the middle: who waits is served, after a new login.
ok 'forget does not wait for them' timeout 60 touchmark agent forget
rm "$T/hold"
wait
good=0 declined=0 i=0
while [ $i -lt 75 ]; do
	i=$((i + 1))
	# Signs of life stand before the answer.
	tr -c '[:print:]' '\n' <"$T/answer.$i" >"$T/out"
	if grep -q 'END SIGNED MESSAGE' "$T/out"; then
		good=$((good + 1))
	elif grep -q 'too many callers' "$T/out"; then
		declined=$((declined + 1))
	fi
done
is "$good $declined" '65 10' 'those who waited are served, the others declined'
is "$(calls C_Login)" $((LOGINS + 2)) 'with one more login'
is "$(touchmark agent status --json | sed -n \
	's/.*"signatures":\([0-9]*\).*/\1/p')" 64 'which made all but the first'
touchmark agent stop >/dev/null

# ---- another key under the same name ---------------------------------------------

# What the configuration says of a name may change: what is open under it is
# the key of before.
token_key other other@example.org
by_ssh() {
	rm -f "$T/f.sig"
	touchmark sign -t ssh -k dev "$T/f" >/dev/null 2>&1
	ssh-keygen -Y check-novalidate -n file -s "$T/f.sig" <"$T/f" 2>&1 |
		sed -n 's/.*\(SHA256:[^ ]*\).*/\1/p'
}
ONE=$(by_ssh)
is "$(by_ssh)" "${ONE:-none}" 'a key signs'
git config -f "$CONFIG" touchmark.dev.uri \
	"$(git config -f "$CONFIG" touchmark.other.uri)"
TWO=$(by_ssh)
[ -n "$TWO" ] && [ "$TWO" != "$ONE" ]
tap $? 'another one after its URI was changed'
touchmark agent status >"$T/out"
has '^running, .* 2 open' 'in a session of its own'
touchmark agent stop >/dev/null
done_testing
