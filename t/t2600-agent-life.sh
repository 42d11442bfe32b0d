#!/bin/sh
# touchmark-agent comes and goes: one for each user, nothing of its caller
# stays with it, and it ends by itself.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
need git stat touchmark touchmark-agent
[ "$(id -u)" != 0 ] || need setpriv
CONFIG=$XDG_CONFIG_HOME/touchmark/config
mkdir -p "${CONFIG%/*}"

# ---- where there is no place for one -------------------------------------------

exits 1 'no directory for it: none is running' touchmark agent status
exits 3 'and none is started' touchmark agent start
has 'XDG_RUNTIME_DIR' 'which is said'
has '^touchmark: hint: ' 'with a hint'
agent_world
chmod 755 "$T/run"
exits 3 'a directory that others may enter' touchmark agent start
has 'of yours alone' 'is none for us'
chmod 700 "$T/run"
mkdir -m 755 "$T/run/touchmark"
exits 3 'a folder that others may enter' touchmark agent start
has "$T/run/touchmark is not a directory of yours alone" 'is named'
has '^touchmark: hint: ' 'with a hint'
rmdir "$T/run/touchmark"
mkdir -m 700 "$T/elsewhere"
ln -s "$T/elsewhere" "$T/run/touchmark"
exits 3 'a link in its place' touchmark agent start
has 'is not a directory' 'is refused'
rm "$T/run/touchmark"
mkdir -m 700 "$T/run/touchmark"
echo >"$SOCKET"
exits 3 'a file in the place of the socket' touchmark agent start
has 'is not a socket of yours' 'is refused'
exits 3 'also to ask it' touchmark agent status
rm -r "$T/run/touchmark"

# Nothing can be made there: that is no reason not to sign.
mkdir "$T/run/touchmark"
chmod 700 "$T/run/touchmark"
mkdir "$T/run/touchmark/start.lock"
exits 3 'a place where nothing can be made' touchmark agent start
has 'the agent does not start' 'has no agent'
exits 3 'who wants a signature there' touchmark sign -k none "$0"
has "no key is called 'none'" 'makes it himself'
rm -r "$T/run/touchmark"
for mask in 777 0; do
	ok "umask $mask" sh -c "umask $mask; exec touchmark agent start"
	is "$(stat -c %a "$T/run/touchmark" "$T/run/touchmark/start.lock" \
		"$T/run/touchmark/agent.lock" "$SOCKET" | tr '\n' ' ')" \
		'700 600 600 600 ' 'does not count here'
	touchmark agent stop >/dev/null
	rm -r "$T/run/touchmark"
done

# ---- there and gone -------------------------------------------------------------

exits 1 'none runs' touchmark agent status
has '^no agent is running$' 'as is said'
exits 1 'in JSON' touchmark agent status --json
has '^{"agent":"absent"}$' 'as well'
ok 'stop without one' touchmark agent stop
ok 'lock without one' touchmark agent lock
ok 'forget without one' touchmark agent forget
exits 2 'no verb' touchmark agent
exits 2 'two verbs' touchmark agent start stop
exits 2 'an unknown verb' touchmark agent restart
ok 'start' touchmark agent start
PID=$(agent_pid)
[ -n "$PID" ] && kill -0 "$PID"
tap $? 'it runs'
is "$(stat -c %a "$T/run/touchmark" "$SOCKET" | tr '\n' ' ')" '700 600 ' \
	'the folder and the socket are ours alone'
ok 'start again' touchmark agent start
is "$(agent_pid)" "$PID" 'is the same one'
ok 'status' touchmark agent status
has "^running, process $PID, for [0-9]+ s, 0 open, 0 waiting\$" \
	'tells the process and what is open'
ok 'status in JSON' touchmark agent status --json
has "^\{\"agent\":\"running\",\"pid\":$PID,\"version\":\"[0-9.]+\"," 'one object'
exits 3 'a second one by hand' touchmark-agent --foreground
has 'another touchmark-agent serves already' 'is not needed'
ok 'but one that would go to the background is content' touchmark-agent
ok 'stop' touchmark agent stop
agent_wait agent_ended "$PID" && [ ! -e "$SOCKET" ]
tap $? 'it has ended and taken its socket along'
exits 1 'none runs' touchmark agent status

ok '--help' touchmark-agent --help
has '^  *--foreground' 'shows the options'
ok '--version' touchmark-agent --version
has '^touchmark-agent [0-9]' 'shows the version'
exits 2 'an unknown option' touchmark-agent --nothing
exits 2 'an argument' touchmark-agent start

# ---- signals ----------------------------------------------------------------------

for s in TERM HUP INT; do
	touchmark agent start >/dev/null
	PID=$(agent_pid)
	kill -$s "$PID"
	agent_wait agent_ended "$PID" && [ ! -e "$SOCKET" ]
	tap $? "SIG$s ends it cleanly"
done
touchmark agent start >/dev/null
PID=$(agent_pid)
for s in USR1 USR2 ALRM PIPE TSTP TTIN TTOU WINCH CONT; do
	kill -$s "$PID"
done
touchmark agent status >/dev/null
is "$(agent_pid)" "$PID" 'other signals do not'
kill -KILL "$PID"
agent_wait agent_ended "$PID"
[ -S "$SOCKET" ]
tap $? 'killed, it leaves its socket behind'
exits 1 'where nobody answers' touchmark agent status
ok 'the next one takes its place' touchmark agent start
NEXT=$(agent_pid)
[ -n "$NEXT" ] && [ "$NEXT" != "$PID" ]
tap $? 'and runs'
touchmark agent stop >/dev/null

# ---- nothing of the caller stays ---------------------------------------------------

# Descriptors 4 and 5 as git push --signed leaves them: the reader of the pipe
# sees its end only when nobody has them any more.
sh -c 'touchmark agent start 4>&1 5>&1 2>&1 | cat' >"$T/out" 2>&1 &
READER=$!
i=0
while kill -0 $READER 2>/dev/null && [ $i -lt 600 ]; do
	i=$((i + 1))
	sleep 0.1
done
! kill $READER 2>/dev/null
tap $? 'no inherited descriptor stays open'
PID=$(agent_pid)
[ -n "$PID" ]
tap $? 'while it runs'
is "$(cut -d' ' -f7 "/proc/$PID/stat")" 0 'it has no terminal'
[ "$(sed 's/.*) //' "/proc/$PID/stat" | cut -d' ' -f4)" != \
	"$(sed 's/.*) //' /proc/$$/stat | cut -d' ' -f4)" ]
tap $? 'and a session of its own'
grep -q '^Max core file size  *0  *0 ' "/proc/$PID/limits"
tap $? 'it leaves no core'
is "$(awk '/^Umask/ { print $2 }' "/proc/$PID/status")" 0077 'its umask is 077'
if [ "$(id -u)" = 0 ]; then
	is "$(readlink "/proc/$PID/cwd")" / 'it keeps no directory busy'
	find "/proc/$PID/fd" -type l -exec readlink {} + |
		sed "s|$T/||" | grep -v '^socket:\|^anon_inode:' |
		sort -u | tr '\n' ' ' >"$T/fds"
	is "$(cat "$T/fds")" '/dev/null run/touchmark/agent.lock ' \
		'its open files are its own'
fi
touchmark agent stop >/dev/null

# Not a process that others of the same user may look into: its files in /proc
# are root's.
who=$(id -u)
if [ "$who" = 0 ]; then
	who=65534
	chmod 711 "$T"
	mkdir -m 755 "$T/nobody"
	cp "$BIN/touchmark-agent" "$BIN/touchmark" "$T/nobody/"
	mkdir -m 700 "$T/nobody/run"
	chown -R "$who" "$T/nobody"
	as_nobody() {
		setpriv --reuid "$who" --regid "$who" --clear-groups env \
			HOME="$T/nobody" XDG_CONFIG_HOME="$T/nobody" \
			XDG_RUNTIME_DIR="$T/nobody/run" "$@"
	}
	as_nobody "$T/nobody/touchmark" agent start >/dev/null
	PID=$(as_nobody "$T/nobody/touchmark" agent status --json |
		sed -n 's/.*"pid":\([0-9]*\).*/\1/p')
else
	touchmark agent start >/dev/null
	PID=$(agent_pid)
fi
is "$(awk '/^Uid/ { print $2 }' "/proc/$PID/status")" "$who" \
	'an agent of a plain user'
is "$(stat -c %u "/proc/$PID/mem" "/proc/$PID/environ" | tr '\n' ' ')" \
	'0 0 ' 'cannot be looked into by that user'
if [ "$(id -u)" = 0 ]; then
	exits 1 'not even its files' setpriv --reuid "$who" --regid "$who" \
		--clear-groups cat "/proc/$PID/environ"
	kill "$PID"
	agent_wait agent_ended "$PID"
else
	touchmark agent stop >/dev/null
fi

# ---- many at once -------------------------------------------------------------------

STARTERS=
i=0
while [ $i -lt 32 ]; do
	i=$((i + 1))
	{
		touchmark agent start >/dev/null 2>"$T/start.$i"
		echo $? >"$T/code.$i"
		agent_pid >"$T/pid.$i"
	} &
	STARTERS="$STARTERS $!"
done
# shellcheck disable=SC2086 # a list
wait $STARTERS
is "$(cat "$T"/code.* | sort -u)" 0 '32 start one at once: all are served'
is "$(cat "$T"/pid.* | sort -u | wc -l | tr -d ' ')" 1 'by the same one'
cat "$T"/start.* >"$T/out"
hasnt . 'without a word'
touchmark agent stop >/dev/null

# ---- it ends by itself ----------------------------------------------------------------

# Four of them at once, each for its own reason.
world() {	# NAME: a directory of its own
	mkdir -p "$T/world-$1/config/touchmark"
	mkdir -m 700 "$T/world-$1/run"
}
in_world() {	# NAME CMD...
	w=$1
	shift
	env XDG_RUNTIME_DIR="$T/world-$w/run" \
		XDG_CONFIG_HOME="$T/world-$w/config" "$@"
}
pid_in() {
	XDG_RUNTIME_DIR=$T/world-$1/run XDG_CONFIG_HOME=$T/world-$1/config \
		agent_pid
}
mkdir "$T/bin"
cp "$BIN/touchmark" "$BIN/touchmark-agent" "$T/bin/"
for w in idle moved new stays; do
	world "$w"
done
git config -f "$T/world-idle/config/touchmark/config" touchmark.agentIdle 5
in_world moved touchmark agent start >/dev/null
in_world new "$T/bin/touchmark" agent start >/dev/null
in_world stays touchmark agent start >/dev/null
MOVED=$(pid_in moved) NEW=$(pid_in new) STAYS=$(pid_in stays)
# The last one: it must still be there when it is asked.
in_world idle touchmark agent start >/dev/null
IDLE=$(pid_in idle)
[ -n "$IDLE" ] && [ -n "$MOVED" ] && [ -n "$NEW" ] && [ -n "$STAYS" ]
tap $? 'four agents run'
# An upgrade puts another file under the name.
cp "$BIN/touchmark-agent" "$T/bin/next"
mv "$T/bin/next" "$T/bin/touchmark-agent"
# Somebody else's socket.
rm "$T/world-moved/run/touchmark/agent.sock"
echo >"$T/world-moved/run/touchmark/agent.sock"
agent_wait agent_ended "$IDLE"
tap $? 'one that nobody needs ends after agentIdle'
[ ! -e "$T/world-idle/run/touchmark/agent.sock" ]
tap $? 'with its socket'
agent_wait agent_ended "$NEW"
tap $? 'one whose program was replaced ends'
agent_wait agent_ended "$MOVED"
tap $? 'one that nobody can find ends'
[ -f "$T/world-moved/run/touchmark/agent.sock" ]
tap $? 'and leaves alone what stands in its place'
agent_ended "$STAYS"
[ $? = 1 ]
tap $? 'the one without a reason stays'
in_world stays touchmark agent stop >/dev/null

# ---- handed a socket ------------------------------------------------------------------

rm -rf "$T/run/touchmark"
mkdir -m 700 "$T/run/touchmark"
"$MOCK/agent-listen" "$SOCKET" touchmark-agent --foreground 2>"$T/handed" &
PID=$!
PIDS="$PIDS $PID"
served() {
	[ -n "$(agent_pid)" ]
}
agent_wait served
is "$(agent_pid)" $PID 'a socket that was handed over is served'
ok 'and the agent stopped' touchmark agent stop
agent_wait agent_ended $PID
[ -S "$SOCKET" ]
tap $? 'the socket stays where its maker put it'
cp "$T/handed" "$T/out"
hasnt . 'without a word'
rm "$SOCKET"
exits 3 'a socket elsewhere' "$MOCK/agent-listen" "$T/run/other.sock" \
	touchmark-agent --foreground
has 'does not listen at' 'is refused'

done_testing
