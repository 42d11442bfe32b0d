#!/bin/sh
# Whatever comes through the agent's socket is refused or answered in bounded
# time and memory, and the agent goes on.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
need touchmark-agent xxd
WIRE=$MOCK/agent-wire
agent_world
ok 'an agent that may hold few descriptors' \
	sh -c 'ulimit -n 160; exec touchmark agent start'
PID=$(agent_pid)

# wire FILE [OPTION...]: send it; the answer in $T/out, how it ended in $T/end.
wire() {
	file=$1
	shift
	"$WIRE" "$@" "$SOCKET" <"$file" >"$T/out" 2>"$T/end"
	RC=$?
}

refused() {	# NAME TEXT: it got an answer with a code and this text
	r=1
	[ "$RC" = 0 ] && [ "$(head -c 4 "$T/out")" = TMK1 ] &&
		[ "$(xxd -s 8 -l 1 -p "$T/out")" = 02 ] &&
		[ "$(xxd -s 14 -l 1 -p "$T/out")" != 00 ] && r=0
	tap $r "$1: is refused"
	said "$2" "$1: says why"
}

# ---- frames ---------------------------------------------------------------------------

printf 'GET / HTTP/1.0\r\n\r\n' >"$T/http"
wire "$T/http"
refused 'another protocol' 'other first bytes'
request status '1 \0003'
sed 's/^TMK1/TMK2/' "$T/status" >"$T/version"
wire "$T/version"
refused 'another version' 'other first bytes'
{ printf TMK1; be32 $((1024 * 1024 + 65537)); } >"$T/long"
wire "$T/long"
refused 'a frame that is too long' 'too long'
{ printf TMK1; be32 4294967295; } >"$T/long"
wire "$T/long"
refused 'the longest frame' 'too long'
{ printf TMK1; be32 0; } >"$T/empty"
wire "$T/empty"
refused 'no body' 'no body'
head -c 10 "$T/status" >"$T/cut"
wire "$T/cut" --shut
refused 'half a request' 'cut in the middle'
: >"$T/nothing"
wire "$T/nothing" --shut
[ "$RC" = 0 ] && [ ! -s "$T/out" ]
tap $? 'nothing at all needs no answer'

# ---- fields -----------------------------------------------------------------------------

wire "$T/status"
said '{"agent":"running"' 'a right request is answered'
request r '1 \0377'
wire "$T/r"
refused 'an unknown verb' 'means nothing'
request r '1 \0003' '1 \0003'
wire "$T/r"
refused 'a field twice' 'out of order'
request r '2 touchmark' '1 \0003'
wire "$T/r"
refused 'fields out of order' 'out of order'
request r '1 \0003' '99 x'
wire "$T/r"
refused 'an unknown field' 'not known'
request r '1 \0003\0003'
wire "$T/r"
refused 'a number of two bytes' 'means nothing'
request r '2 touchmark'
wire "$T/r"
refused 'no verb' 'does not say what to do'
request r '1 \0003' '3 release'
wire "$T/r"
refused 'a status that names a key' 'more than its verb takes'
request r '1 \0001' '3 a\0000b' '4 \0001' '14 x'
wire "$T/r"
refused 'a NUL in a name' 'a NUL'
request r '1 \0001' '4 \0001' '9 relative' '14 x'
wire "$T/r"
refused 'a path that is not absolute' 'not absolute'
request r '1 \0001' '4 \0001'
wire "$T/r"
refused 'nothing to sign' 'either content or its digest'
request r '1 \0001' '4 \0001' '14 x' '15 x' '16 \0001'
wire "$T/r"
refused 'content and a digest' 'either content or its digest'
request r '1 \0001' '4 \0001' '15 short' '16 \0001'
wire "$T/r"
refused 'a digest that is too short' 'digest of another length'
request r '1 \0001' '4 \0006' '14 x'
wire "$T/r"
refused 'an unknown format' 'there is not'
head -c 5000 /dev/zero | tr '\0' a >"$T/many"
request r '1 \0001' "3 $(cat "$T/many")" '4 \0001' '14 x'
wire "$T/r"
refused 'a name of 5,000 bytes' 'too long'
set -- '1 \0001' '4 \0001' '14 x'
i=0
while [ $i -lt 25 ]; do
	i=$((i + 1))
	set -- "$@" "18 N$i=v"
done
request r "$@"
wire "$T/r"
refused '25 variables' 'too many variables'
# A field that promises more than the message holds.
printf '\001\001\377\377\377\377\003' >"$T/body"
frame "$T/body" >"$T/r"
wire "$T/r"
refused 'a field longer than the message' 'longer than the message'
printf '\001\001\000' >"$T/body"
frame "$T/body" >"$T/r"
wire "$T/r"
refused 'half a field' 'cut within a field'
printf '\002\001\000\000\000\001\000' >"$T/body"
frame "$T/body" >"$T/r"
wire "$T/r"
refused 'an answer instead of a request' 'no request'
printf '\003' >"$T/body"
frame "$T/body" >"$T/r"
wire "$T/r"
refused 'a notice instead of a request' 'no request'
# Bytes of every kind, and every shorter form of a good request.
head -c 4000 "$BIN/touchmark-agent" >"$T/body"
frame "$T/body" >"$T/r"
wire "$T/r"
refused 'a program instead of fields' 'no request'
n=$(wc -c <"$T/status")
i=1
while [ "$i" -lt "$n" ]; do
	head -c $i "$T/status" | "$WIRE" --shut "$SOCKET" >"$T/out" 2>/dev/null
	if grep -q '"agent"' "$T/out"; then
		echo "the first $i bytes were answered" >"$T/out"
		break
	fi
	i=$((i + 1))
done
is "$i" "$n" 'no beginning of a request is one'

# ---- descriptors --------------------------------------------------------------------------

wire "$T/status" --pass 1
said '{"agent":"running"' 'a descriptor that is no terminal does no harm'
wire "$T/status" --pass 3
refused 'three descriptors' 'descriptors'
wire "$T/status" --pass 16
refused 'sixteen' 'descriptors'
wire "$T/status" --pass 16 --times 40
is "$RC" 0 'again and again'
wire "$T/status"
said '{"agent":"running"' 'none of them was kept'

# ---- callers without an end -----------------------------------------------------------------

wire "$T/status" --leave 0 --times 200
is "$RC" 0 '200 who do not wait for the answer'
# More than may talk at a time say nothing, and keep the others out until they
# are cut off; meanwhile one sends a byte at a time.
sockets() {	# N: the one that listens and those of who came to it
	[ "$(grep -c " $T/run/" /proc/net/unix)" = "$1" ]
}
since() {	# milliseconds
	echo $((($(date +%s%N) - begin) / 1000000))
}
agent_wait sockets 1
tap $? 'none of them is still there'
begin=$(date +%s%N)
{
	"$WIRE" --limit 60000 --hold 79 --pace 1000 "$SOCKET" <"$T/status" \
		>"$T/paced" 2>"$T/paced.end"
	echo $? >"$T/paced.rc"
} &
agent_wait sockets 81
tap $? '80 silent callers'
"$WIRE" --limit 60000 --hold 1 "$SOCKET" <"$T/status" >"$T/late" \
	2>"$T/late.end"
LATE=$?
ms=$(since)
wait
is "$LATE" 0 'who comes behind 80 silent callers is answered'
[ "$ms" -ge 9500 ] && [ "$ms" -lt 60000 ]
tap $? "when they were cut off ($ms ms)"
cp "$T/late" "$T/out"
said '{"agent":"running"' 'rightly'
ms=$(sed -n 's/^end after \([0-9]*\) ms$/\1/p' "$T/paced.end")
[ "${ms:-0}" -gt 9000 ] && [ "${ms:-99999}" -lt 60000 ]
tap $? "who sends a byte at a time is cut off ($ms ms)"
cp "$T/paced" "$T/out"
said 'no whole message came in time' 'and told why'

# ---- somebody else ----------------------------------------------------------------------------

if [ "$(id -u)" = 0 ]; then
	need setpriv
	chmod 711 "$T" "$T/run" "$T/run/touchmark"
	chmod 666 "$SOCKET"
	cp "$WIRE" "$T/wire"
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$T/wire" "$SOCKET" <"$T/status" >"$T/out" 2>"$T/end"
	RC=$?
	[ "$RC" = 0 ] && [ ! -s "$T/out" ]
	tap $? 'another user gets no answer'
	exits 1 'and in a place that others may enter none is asked' \
		touchmark agent status
	chmod 700 "$T/run"
	exits 3 'nor in such a folder' touchmark agent status
	chmod 700 "$T/run/touchmark"
fi

is "$(agent_pid)" "$PID" 'all of this in one and the same agent'
run touchmark agent status --json
has '"sessions":0,"requests":0,"waiting":0,"busy":false' 'which signed nothing'
ok 'it stops' touchmark agent stop

done_testing
