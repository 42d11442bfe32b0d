#!/bin/sh
# touchmark-fetch: one bounded exchange with a server that may be anything.
. "${0%/*}/lib.sh"
need strace
unset http_proxy all_proxy ALL_PROXY no_proxy NO_PROXY

# serve MODE: $MOCK/tsa-httpd that answers "reply: " and the request; sets URL.
serve() {
	rm -f "$T/port"
	"$MOCK/tsa-httpd" --port-file "$T/port" --mode "$1" -- \
		sh -c 'printf "reply: "; cat' 2>>"$T/server.log" &
	SERVER=$!
	PIDS="$PIDS $SERVER"
	i=0
	while [ ! -s "$T/port" ]; do
		i=$((i + 1))
		[ $i -lt 1200 ] || { echo 'not ok - prepared: no server'; exit 1; }
		sleep 0.05
	done
	URL=http://127.0.0.1:$(cat "$T/port")/tsr
}

unserve() {
	kill "$SERVER" 2>/dev/null
	wait "$SERVER" 2>/dev/null
}

QUERY='--type application/timestamp-query --expect application/timestamp-reply'
printf query >"$T/query"

# fetch [OPTION...]: a query to $URL; its answer in $T/body, the rest in $T/out.
fetch() {
	# shellcheck disable=SC2086 # options, to be split
	touchmark-fetch $QUERY "$@" "$URL" <"$T/query" >"$T/body" 2>"$T/out"
	RC=$?
}

# fails MODE PATTERN NAME [OPTION...]: exit 5, one line, no body.
fails() {
	mode=$1 pattern=$2 name=$3
	shift 3
	serve "$mode"
	fetch "$@"
	is "$RC" 5 "$name: exit 5"
	has "^touchmark-fetch: $pattern" "$name: says so"
	is "$(grep -c . "$T/out")" 1 "$name: on one line"
	is "$(wc -c <"$T/body" | tr -d ' ')" 0 "$name: gives out nothing"
	unserve
}

serve ok
fetch
is "$RC" 0 'a good answer: exit 0'
is "$(cat "$T/body")" 'reply: query' 'the answer on standard output'
is "$(wc -c <"$T/out" | tr -d ' ')" 0 'nothing on standard error'
fetch --max 12
is "$RC" 0 'as large as allowed'
fetch --max 11
is "$RC" 5 'a byte larger'
has 'more than 11 bytes' 'says so'
{ echo "$URL"; echo; cat "$T/query"; } >"$T/lines"
# shellcheck disable=SC2086 # options
touchmark-fetch $QUERY - <"$T/lines" >"$T/body" 2>"$T/out"
is "$? $(cat "$T/body")" '0 reply: query' 'the URL on standard input'
exits 2 'a first line without an end' sh -c "printf %s '$URL' |
	touchmark-fetch -"
exits 2 'no empty line' sh -c "echo '$URL' | touchmark-fetch -"
exits 2 'a line that means nothing' sh -c \
	"printf '%s\nbogus x\n\n' '$URL' | touchmark-fetch -"
exits 2 'a line twice' sh -c \
	"printf '%s\nproxy x\nproxy x\n\n' '$URL' | touchmark-fetch -"
unserve
fetch
is "$RC" 5 'nobody there'

# Said to a program that has no use for our standard error.
fetch --tell
is "$RC" 5 '--tell: nobody there'
is "$(sed 's/:[0-9]\{2,\}.*//' "$T/body")" 'down: http://127.0.0.1' \
	'is told on standard output as down'
is "$(wc -c <"$T/out" | tr -d ' ')" 0 'and nowhere else'

# tells MODE down|wrong NAME [OPTION...]
tells() {
	mode=$1 kind=$2 name=$3
	shift 3
	serve "$mode"
	fetch --tell "$@"
	is "$RC $(sed 's/: .*//' "$T/body")" "5 $kind" "$name is $kind"
	unserve
}
tells status:500 down 'an error of the server'
tells status:503 down 'a busy server'
tells status:429 down 'a server that had enough of us'
tells status:404 wrong 'an unknown path'
tells status:401 wrong 'an unknown user'
tells type wrong 'another media type'
tells close down 'a closed connection'
tells cut:3 down 'an answer cut short'
tells redirect:http://127.0.0.1:9/ wrong 'a redirect'
tells late:20000 down 'a late answer' --deadline 300

HOST='http://127\.0\.0\.1:[0-9]+'
fails status:500 "$HOST answered with status 500" 'an error status'
fails type "$HOST answered with text/html" 'another media type'
fails huge "$HOST answered more than 65536 bytes" 'an answer without end'
fails close "$HOST: " 'a closed connection'
fails cut:3 "$HOST: " 'an answer cut short'
fails redirect:http://127.0.0.1:9/ "$HOST sends us elsewhere" 'a redirect'
begin=$(date +%s%N)
fails late:20000 "$HOST did not answer within 300 ms" 'a late answer' \
	--deadline 300
fails drip "$HOST did not answer within 300 ms" 'an answer in drops' \
	--deadline 300
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -lt 18000 ]
tap $? 'the deadline is for everything'
hasnt 'tsr' 'the path of the URL is not shown'

# The parts of a URL that are secret stay so.
URL=http://me:secret@127.0.0.1:9/tsr
fetch
is "$RC" 5 'a URL with a password'
hasnt secret 'is shown without it'

for url in file:///etc/passwd ftp://127.0.0.1/x /etc/passwd ''; do
	exits 2 "'$url' is no URL for us" touchmark-fetch "$url"
	hasnt root: 'and nothing is read'
done
exits 2 'no URL' touchmark-fetch
exits 2 'two URLs' touchmark-fetch http://127.0.0.1:9/ http://127.0.0.1:9/
exits 2 'an unknown option' touchmark-fetch --bogus http://127.0.0.1:9/
exits 2 'no time at all' touchmark-fetch --deadline 0 http://127.0.0.1:9/
ok 'help' touchmark-fetch --help

# A proxy, as the environment names one.
serve ok
proxy=$URL
URL=http://tsa.example.org/tsr
http_proxy=$proxy fetch
is "$RC" 0 'through a proxy'
is "$(cat "$T/body")" 'reply: query' 'the answer comes'
unserve

# The rest of the machine is out of its reach before it talks to anybody.
serve ok
# shellcheck disable=SC2086 # options
LEAKS=0 ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" touchmark-fetch \
	$QUERY "$URL" 7<"$T/query" <"$T/query" >"$T/out" 2>&1
unserve
cp "$T/trace" "$T/out"
has 'prctl\(PR_SET_NO_NEW_PRIVS, 1' 'no new privileges'
has 'close_range\(3, ' 'inherited descriptors are closed'
sed '/connect(/q' "$T/trace" | grep -q NO_NEW_PRIVS
tap $? 'before it connects'
hasnt 'execve\(.*\) = 0.*touchmark-[^f]' 'no other program is run'
done_testing
