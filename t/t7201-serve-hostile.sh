#!/bin/sh
# touchmark serve: clients that say too much, too little or nothing, and what
# is the client's own. Nothing but frames ever goes to standard output.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/remote-lib.sh"
. "${0%/*}/serve-lib.sh"
need openssl pkcs11-tool softhsm2-util

host_new north
cd "$T" || exit 1
echo release >f
serve() {
	on_host north timeout 60 touchmark serve --requester alice
}

# ---- several requests --------------------------------------------------------------
request prepare '1 \0002' '2 test' '3 release' '4 \0001'
sign_request sign release 1 f
ask alice north prepare prepare sign sign prepare
is "$(grep -c '^answer' out)" 5 'each has its answer'
is "$(grep '^answer' out | sed -n 3p | cut -c1-18)" 'answer code 0 seal' \
	'and is given'
is "$RC" 0 'the end is a good one'
is "$(host_uses north)" 2 'each signature is on record'
# shellcheck disable=SC2046 # words on purpose
ask alice north $(yes prepare | head -n 70)
is "$(grep -c '^answer' out)" 64 'and there is an end'
ask alice north
is "$RC" 0 'a client that says nothing'
is "$(wc -c <wire)" 0 'gets nothing'
request wait1 '1 \0002' '2 test' '3 release' '4 \0007'
ask alice north wait1 prepare
is "$(grep -c '^answer' out)" 1 'after a request that is none there is no other'

# ---- what is the client's own ----------------------------------------------------
own() {	# WHAT FIELD...: a PREPARE with it is refused
	what=$1
	shift
	request req '1 \0002' '2 test' '3 release' '4 \0001' "$@"
	ask alice north req
	has '^answer code 2 seal 0 .*no file, folder or environment' "$what"
}

own 'a folder' "9 $T"
own 'a git folder' '10 .git'
own 'a PIN file' "11 $PINFILE"
own 'a PIN file of the environment' "12 $PINFILE"
own "credentials' folder" "13 $T"
own 'an environment' '18 TOUCHMARK_CONFIG=/tmp/x'
request req '1 \0002' '2 test' '3 release' '4 \0020'
ask alice north req
has "^answer code 2 seal 0 .*gpg.format" "git's own format"
request req '1 \0001' '2 test' '3 release' '4 \0001' '14 content'
ask alice north req
has '^answer code 2 seal 0 .*digests, no content' 'content'
for verb in 3 4 5 6 7; do
	request req "1 \\000$verb" '2 test'
	ask alice north req
	has '^answer code 2 seal 0 .*nothing that could be managed' \
		"verb $verb"
done
git config -f "$(host_config north)" touchmark.timestamp require
git config -f "$(host_config north)" touchmark.tsa http://127.0.0.1:1/
request req '1 \0002' '2 test' '3 release' '4 \0001' '8 \0003'
ask alice north req
has '^answer code 2 seal 0 .*requires timestamps' \
	'a client cannot do without a timestamp that the host requires'
git config -f "$(host_config north)" --unset touchmark.timestamp

# A host asks no other host.
git config -f "$(host_config north)" touchmark.loop.uri ssh://a@b/release
git config -f "$HOSTS/north/requesters" --add requester.alice.key loop
request req '1 \0002' '2 test' '3 loop' '4 \0001'
ask alice north req
has '^answer code 2 seal 0 .*asks no other' 'a key on another host'

# ---- no frames -------------------------------------------------------------------
printf 'GET / HTTP/1.0\r\n\r\n' >http
ask alice north http
is "$RC" 4 'something else than a frame'
has '^answer code 4 seal 0 .*other first bytes' 'is answered with a reason'
printf 'TMK1\377\377\377\377' >long
ask alice north long
is "$RC" 4 'a frame without an end'
has '^answer code 4 .*too long' 'is refused before it comes'
printf 'TMK1\000\000\000\000' >empty
ask alice north empty
has '^answer code 4 .*no body' 'a frame of nothing'
head -c 20 prepare >part
ask alice north part
is "$RC" 3 'a frame that is cut'
has '^answer code 3 .*in the middle of a request' 'is told so'
head -c 4 prepare >part
ask alice north part
has '^answer code 3 .*in the middle of a request' 'a head that is cut too'
is "$(host_uses north)" 2 'nothing of this used a key'

# Every byte of a request changed: an answer or none, never anything else.
perl -e 'local $/; open F, "prepare"; $d = <F>; for (0 .. length($d) - 1) {
	$x = $d; substr($x, $_, 1) ^= "\x15";
	open O, ">", "mutant.$_"; print O $x; close O }'
bad=0
for m in mutant.*; do
	ask alice north "$m"
	grep -q '^answer code [0-4]' out || bad=$((bad + 1))
done
is "$bad" 0 'each mutant gets an answer'
rm -f mutant.*

# ---- slow ones -------------------------------------------------------------------
# He stays until he is ended: who waited for him would be ended before.
mkfifo slow
( exec 3>slow; printf TMK >&3; exec sleep 300 ) &
SLOW=$!
PIDS="$PIDS $SLOW"
serve <slow >wire 2>stderr
is "$?" 3 'a request that does not go on is given up'
kill "$SLOW"
wait "$SLOW" 2>/dev/null
read_wire
has '^answer code 3 .*in time' 'with an answer'

# ---- a client that is gone -------------------------------------------------------
mkfifo gone
(
	exec 3>gone
	cat prepare prepare >&3
	agent_wait test -e left
	cat sign >&3
) 2>/dev/null &
# The pipe has no reader any more when `left` is there.
serve <gone 2>stderr | { head -c 4 >/dev/null; exec <&-; : >left; }
wait $!
is "$(host_uses north)" 2 'nobody reads: nothing is signed'

# Half-closed: what was asked is answered all the same.
listen_once "$T/half.sock" env HOME="$HOSTS/north" \
	XDG_CONFIG_HOME="$HOSTS/north/.config" \
	XDG_STATE_HOME="$HOSTS/north/.local/state" \
	SOFTHSM2_CONF="$HOSTS/north/softhsm2.conf" \
	touchmark serve --requester alice
ask_socket half.sock sign
has '^answer code 0 seal [1-9]' 'a half-closed connection is answered'
wait "$LISTENER"

# ---- the command -----------------------------------------------------------------
exits 2 'nobody asks' on_host north touchmark serve
has -- '--requester NAME or --peer' 'says what is missing'
exits 2 'both' on_host north touchmark serve --requester alice --peer
exits 2 'a name with a space' on_host north touchmark serve --requester 'a b'
has 'cannot be a requester' 'is no name'
exits 2 'an empty name' on_host north touchmark serve --requester ''
exits 2 'an operand' on_host north touchmark serve --requester alice x
exits 2 'no socket' on_host north touchmark serve --peer
has 'no connected unix socket' 'has no peer'
ok 'help' touchmark serve --help
has 'requester' 'names the options'

# ---- the peer of a socket --------------------------------------------------------
me=$(id -un)
host_requesters north <<END
[requester "$me"]
	key = release
	format = cms
END
listen_once "$T/sock" env HOME="$HOSTS/north" \
	XDG_CONFIG_HOME="$HOSTS/north/.config" \
	XDG_STATE_HOME="$HOSTS/north/.local/state" \
	SOFTHSM2_CONF="$HOSTS/north/softhsm2.conf" touchmark serve --peer
sign_request sign release 1 f
ask_socket sock sign
has '^answer code 0 seal [1-9]' "the user at the other end is the requester"
grep -q "\"requester\":\"$me\"" "$HOSTS/north/audit.log"
tap $? 'and is on record'
wait "$LISTENER"

# ---- nobody is asked for a PIN ---------------------------------------------------
uri=$(git config -f "$(host_config north)" touchmark.release.uri)
git config -f "$(host_config north)" touchmark.release.uri \
	"$(echo "$uri" | sed 's/&pin-source=[^&]*//')"
at=$(date +%s)
ask "$me" north sign
has '^answer code 3 seal 0 .*PIN' 'without a PIN the answer is no'
# A person would have two minutes.
[ $(($(date +%s) - at)) -lt 50 ]
tap $? 'at once'
TOUCHMARK_PIN_FILE=$PINFILE
export TOUCHMARK_PIN_FILE
ask "$me" north sign
has '^answer code 0 seal [1-9]' "the host's own PIN file is used"
unset TOUCHMARK_PIN_FILE
mkdir credentials
cp "$PINFILE" credentials/touchmark.pin
chmod 700 credentials
CREDENTIALS_DIRECTORY=$T/credentials
export CREDENTIALS_DIRECTORY
ask "$me" north sign
has '^answer code 0 seal [1-9]' "so are the service manager's credentials"

# ---- a host that is not set up ---------------------------------------------------
echo '[broken' >>"$(host_config north)"
ask "$me" north sign
has '^answer code 2 seal 0' 'a broken configuration is told'
done_testing
