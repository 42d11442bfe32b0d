#!/bin/sh
# touchmark serve beside an agent that is locked, killed, another one's or not
# for this key; and clients that hang up while it works.
# shellcheck disable=SC2031 # what a host has is its own
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/remote-lib.sh"
. "${0%/*}/serve-lib.sh"
need openssl pkcs11-tool softhsm2-util perl mkfifo

host_new one
host_second one asked
host_agent one
fake_ssh
CONF=$(host_config one)
LOG=$HOSTS/one/audit.log
client_key far ssh://signer@one/release
git config -f "$CONFIG" touchmark.far.cert "$T/pki/one.pem"
git config -f "$CONF" touchmark.asked.confirm true
cd "$T" || exit 1
echo release >f

host_status() {
	on_host one touchmark agent status --json >"$T/status" 2>&1
}
host_pid() {
	host_status
	sed -n 's/^{"agent":.*"pid":\([0-9]*\).*/\1/p' "$T/status"
}
signatures() {
	host_status
	sed -n 's/^{"name":"release".*"signatures":\([0-9]*\).*/\1/p' \
		"$T/status"
}
signs() {	# WHAT
	rm -f f.p7s
	ok "$1" timeout 60 touchmark sign -k far f
}
record() {	# PATTERN: how many entries have it
	grep -c -e "$1" "$LOG"
}

signs 'a client signs over ssh'
is "$(signatures)" 1 'by the agent'

# ---- a key that is to be confirmed -------------------------------------------
# Whoever asks here is far away, and this host's person is not disturbed: the
# agent has no part in it, and nothing is shown.
cat >pinentry <<END
#!/bin/sh
echo "\$*" >>$T/prompted
exit 1
END
chmod 755 pinentry
echo "pinentry-program $T/pinentry" >"$GNUPGHOME/gpg-agent.conf"
sign_request sign asked 1 f
DISPLAY=:99 GPG_TTY=/dev/null
export DISPLAY GPG_TTY
ask alice one sign
unset DISPLAY GPG_TTY
has '^answer code 0 seal [1-9]' 'serve itself signs with it'
[ ! -e prompted ]
tap $? 'nobody is asked'
host_status
grep -c '"name":"asked"' status >count
is "$(cat count)" 0 'the agent does not open it'
is "$(record '"result".*"requester":"alice".*"key":"asked"')" 1 \
	'it is on record all the same'

# ---- locked ------------------------------------------------------------------
ok 'the host is locked' on_host one touchmark agent lock
before=$(host_uses one)
rm -f f.p7s
exits 3 'nothing is signed' timeout 60 touchmark sign -k far f
has 'one says: .*touchmark-agent is locked' 'the client hears why'
has 'hint: .*touchmark agent start' 'and what to do there'
[ ! -e f.p7s ]
tap $? 'there is no signature'
ask alice one sign
has '^answer code 3 seal 0 .*touchmark-agent is locked' \
	'nor with a key that the agent would leave to others'
is "$(host_uses one)" "$before" 'no key was used'
ok 'it is unlocked' on_host one touchmark agent start
signs 'then it signs'

# ---- killed ------------------------------------------------------------------
PID=$(host_pid)
kill -9 "$PID"
agent_wait agent_ended "$PID"
signs 'the agent was killed: another one is started'
now=$(host_pid)
[ -n "$now" ] && [ "$now" != "$PID" ]
tap $? 'with another number'
# Between two requests of one connection.
request prepare '1 \0002' '2 test' '3 release' '4 \0001'
sign_request sign release 1 f
rm -f wire
mkfifo talk.fifo
(
	exec 3>talk.fifo
	cat prepare >&3
	agent_wait grep -q TMK1 wire
	kill -9 "$now"
	agent_wait agent_ended "$now"
	cat sign >&3
) &
on_host one timeout 60 touchmark serve --requester alice <talk.fifo >wire 2>stderr
wait $!
read_wire
is "$(grep -c '^answer code 0' out)" 2 'killed between two requests'
has '^answer code 0 seal [1-9]' 'the second one is signed'
[ -n "$(host_pid)" ]
tap $? 'by the next agent'

# ---- over a request ----------------------------------------------------------
# A slow command, and somebody hangs up. What the agent does is not for anybody
# any more; what the record says of it is complete.
slow() {
	rm -f "$T/began" "$T/go" "$T/ended"
	git config -f "$CONF" touchmark.preSign "touch $T/began;
		while [ ! -e $T/go ]; do sleep 0.1; done; touch $T/ended"
}
slow
before=$(host_uses one)
PID=$(host_pid)
sign_request sign release 1 f
on_host one timeout 60 touchmark serve --requester alice <sign 2>stderr |
	agent_wait test -e began
tap $? 'a client that goes while a command runs'
touch go
agent_wait test -e ended
git config -f "$CONF" --unset touchmark.preSign
signs 'the next one signs'
is "$(host_pid)" "$PID" 'in the same agent'
settled() {
	[ "$(record '"intent",')" = "$(host_uses one)" ]
}
agent_wait settled
tap $? 'whatever was begun has its end on record'
ok 'the record is whole' on_host one touchmark log verify "$LOG"
is "$(host_uses one)" $((before + 2)) 'with one use each'
is "$(grep -c 'nobody waits for the signature any more' "$LOG")" 1 \
	'nothing was signed for the one who went'

# The agent goes while a command runs.
slow
before=$(host_uses one)
sign_request sign release 1 f
(
	agent_wait test -e began
	kill -9 "$PID"
) &
ask alice one sign
wait $!
touch go
has '^answer code 3 seal 0 .*touchmark-agent gave no answer' \
	'an agent that dies over a request is told of'
has 'try again' 'with what to do'
is "$(host_uses one)" "$before" 'the key was not used'
git config -f "$CONF" --unset touchmark.preSign
signs 'and the next one signs'

# ---- another configuration ---------------------------------------------------
on_host one touchmark agent stop >/dev/null 2>&1
mkdir elsewhere
ok 'an agent with another configuration' \
	on_host one env XDG_CONFIG_HOME="$T/elsewhere" touchmark agent start
PID=$(host_pid)
before=$(host_uses one)
signs 'the host signs'
host_status
grep -c '"name":' status >count
is "$(cat count)" 0 'not by that agent'
is "$(host_pid)" "$PID" 'which stays'
is "$(host_uses one)" $((before + 1)) 'and it is on record'
on_host one touchmark agent stop >/dev/null 2>&1
git config -f "$CONF" touchmark.agent never
signs 'a host that has no agent'
is "$(host_pid)" '' 'and starts none'
git config -f "$CONF" --unset touchmark.agent

# ---- a place for agents that is none -----------------------------------------
chmod 755 "$HOSTS/one/run"
signs 'a folder that others may enter is no place for an agent'
is "$(host_pid)" '' 'there is none'
chmod 700 "$HOSTS/one/run"
rm -rf "$HOSTS/one/run/touchmark"
mkdir -m 700 "$HOSTS/one/run/touchmark"
echo x >"$HOSTS/one/run/touchmark/agent.sock"
rm -f f.p7s
exits 3 'something else in its place' timeout 60 touchmark sign -k far f
has 'one says: .*agent.sock is not a socket of yours' 'is not asked'
[ ! -e f.p7s ]
tap $? 'and nothing is signed past it'
done_testing
