#!/bin/sh
# The units: systemd takes each of them, and a socket that hands its
# connections to the program of touchmark-serve@.service, as systemd does it,
# signs for the user at the other end.
# shellcheck disable=SC2030,SC2031 # T is another one in a client alone
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/remote-lib.sh"
. "${0%/*}/serve-lib.sh"
need openssl pkcs11-tool softhsm2-util systemd-analyze \
	systemd-socket-activate timeout
UNITS=$TOP/systemd
# Where the tests look for their words, whoever started this.
SYSTEMD_LOG_TARGET=console
SYSTEMD_LOG_LEVEL=info
export SYSTEMD_LOG_TARGET SYSTEMD_LOG_LEVEL

# ---- what is written in them ------------------------------------------------------

# verify SYSTEM|USER FILE...: what is said of our units alone; the machine may
# have others.
verify() {
	manager=$1
	shift
	XDG_RUNTIME_DIR=$T/run timeout 60 systemd-analyze --"$manager" \
		--man=no verify "$@" >"$T/verify" 2>&1
	RC=$?
	grep touchmark "$T/verify" >"$T/out"
	[ "$RC" = 0 ] || cp "$T/verify" "$T/out"
}

mkdir "$T/units" "$T/wrong"
for u in "$UNITS"/*; do
	sed "s|@bindir@|$BIN|" "$u" >"$T/units/${u##*/}"
done
cd "$T/units" || exit 1
verify system ./touchmark-serve.socket ./touchmark-serve@.service \
	./touchmark-crl-fetch.service ./touchmark-crl-fetch.timer
is "$RC $(cat "$T/out")" '0 ' "the system's units are good"
verify user ./touchmark-agent.socket ./touchmark-agent.service
is "$RC $(cat "$T/out")" '0 ' "the user's units are good"
is "$(find . -type f | wc -l)" 6 'there are no others'

# That a mistake would have been told.
cp ./* "$T/wrong/"
cd "$T/wrong" || exit 1
sed -i 's/^NoNewPrivileges=/NoNewPrivilege=/' touchmark-serve@.service
verify system ./touchmark-serve@.service
has 'NoNewPrivilege' 'a word that systemd does not know is told'
sed -i "s|^ExecStart=.*|ExecStart=$T/nothing serve|" touchmark-serve@.service
verify system ./touchmark-serve@.service
has 'touchmark-serve.*nothing' 'and a program that is not there'

# ---- a socket ----------------------------------------------------------------------

cd "$T" || exit 1
host_new north
me=$(id -un)
host_requesters north <<END
[requester "$me"]
	key = release
	format = cms
[requester "alice"]
	key = release
END
echo release >f
SOCK=$T/serve.sock

word() {	# NAME FILE: its last value
	sed -n "s/^$1=//p" "$UNITS/$2" | tail -n 1
}

is "$(word Accept touchmark-serve.socket)" yes 'each connection has its process'
is "$(word StandardInput touchmark-serve@.service)" socket 'which it reads'
is "$(word StandardOutput touchmark-serve@.service)" socket 'and answers'
command=$(word ExecStart touchmark-serve@.service | sed 's|^@bindir@/||')
is "$command" 'touchmark serve --peer' 'the program'

H=$HOSTS/north
# The home of the unit's user, and what else the unit sets; nothing of ours.
own=$(sed -n 's/^Environment=/-E /p' "$UNITS/touchmark-serve@.service")
# shellcheck disable=SC2086 # words of a command
host_socket north "$SOCK" $own $command

sign_request sign release 1 f
ask_socket serve.sock sign
has '^answer code 0 seal [1-9]' 'the user at the other end is served'
seal_of seal.der
ok 'with a signature' openssl cms -verify -binary -inform DER -in seal.der \
	-content f -CAfile pki/ca.pem -purpose any -out /dev/null
grep -q "\"requester\":\"$me\"" "$H/audit.log"
tap $? 'and is on record by that name'
sign_request other release 4 f
ask_socket serve.sock other
has '^answer code 1 seal 0 .*signer-not-allowed' 'another format is refused'
cat sign other sign >three
ask_socket serve.sock three
is "$(grep -c '^answer code 0' out)" 2 'one connection has several answers'

# A client that says nothing keeps nobody from being served.
# shellcheck disable=SC2016 # it is perl's
perl -MIO::Socket::UNIX -e '$c = IO::Socket::UNIX->new(Peer => shift) or die;
	print "there\n"; close STDOUT; sleep 60' "$SOCK" >silent &
PIDS="$PIDS $!"
agent_wait test -s silent || bail 'no silent client'
before=$(host_uses north)
pids=
for i in 1 2 3 4 5 6; do
	mkdir "c$i"
	(
		T=$T/c$i
		ask_socket "$SOCK" sign
	) &
	pids="$pids $!"
done
good=0
for p in $pids; do wait "$p"; done
for i in 1 2 3 4 5 6; do
	grep -q '^answer code 0 seal [1-9]' "c$i/out" && good=$((good + 1))
done
is "$good" 6 'six clients at once beside one that is silent'
is "$(host_uses north)" $((before + 6)) 'each is on record once'
ok 'which is whole' on_host north touchmark log verify "$H/audit.log"

# ---- touchmark itself at the other end ----------------------------------------------

client_key dev "unix:$SOCK/release"
before=$(host_uses north)
ok 'touchmark sign' timeout 60 touchmark sign -k dev f
ok 'is good for openssl' openssl cms -verify -binary -inform DER -in f.p7s \
	-content f -CAfile pki/ca.pem -purpose any -out /dev/null
exits 1 'in another format it is refused' timeout 60 \
	touchmark sign -k dev -t ssh f
has 'signer-not-allowed' 'with the reason'
is "$(host_uses north)" $((before + 1)) 'the record has the one'

# What waits for approvals is where commands of the same user look for it.
HCONFIG=$(host_config north)
git config -f "$HCONFIG" touchmark.release.approvals 1
git config -f "$HCONFIG" touchmark.release.approver ann@example.org
git config -f "$HCONFIG" touchmark.release.roots "$T/pki/ca.pem"
ask_socket serve.sock sign
has '^answer code 1 .*threshold-unmet' 'a key that needs approvals'
id=$(sed -n 's/.*request \([0-9a-f]\{32\}\).*/\1/p' out | head -n 1)
ok 'the user who has the keys' env -u XDG_RUNTIME_DIR -u XDG_CONFIG_HOME \
	-u XDG_DATA_HOME -u XDG_STATE_HOME HOME="$H" touchmark approve --list
has "^${id:-none}  waiting, 0 of 1  $me asks key 'release'" 'sees the request'
for k in approvals approver roots; do
	git config -f "$HCONFIG" --unset "touchmark.release.$k"
done

# ---- another user ---------------------------------------------------------------------

if [ "$(id -u)" = 0 ]; then
	need setpriv
	them=$(id -un 65534)
	chmod 711 "$T"
	chmod 666 "$SOCK"
	# shellcheck disable=SC2016 # they are perl's
	as_them() {
		setpriv --reuid 65534 --regid 65534 --clear-groups \
			timeout 60 perl -MIO::Socket::UNIX -e 'alarm 50;
			$c = IO::Socket::UNIX->new(Peer => shift) or die;
			local $/; $d = <STDIN>; print $c $d; $c->flush;
			shutdown $c, 1; print <$c>' "$SOCK" <sign >"$T/wire"
		read_wire
	}
	as_them
	has '^answer code 1 seal 0 .*signer-not-allowed' \
		'another user has no right to that key'
	git config -f "$H/requesters" "requester.$them.key" release
	git config -f "$H/requesters" "requester.$them.format" cms
	chmod 600 "$H/requesters"
	as_them
	has '^answer code 0 seal [1-9]' 'until there is one'
	tail -n 1 "$H/audit.log" >out
	has "\"requester\":\"$them\"" 'the record has that user'
fi

# ---- the agent ------------------------------------------------------------------------

command=$(word ExecStart touchmark-agent.service | sed 's|^@bindir@/||')
is "$command" 'touchmark-agent --foreground' 'the program of the other socket'
is "$(word ListenStream touchmark-agent.socket)" %t/touchmark/agent.sock \
	'which is where its clients look'
softhsm_new "$TOKEN"
token_key own dev@example.org
agent_world
mkdir -m 700 "$T/run/touchmark"
# shellcheck disable=SC2086 # words of a command
systemd-socket-activate -l "$SOCKET" -E HOME -E XDG_RUNTIME_DIR \
	-E XDG_CONFIG_HOME -E XDG_STATE_HOME -E SOFTHSM2_CONF -E PATH \
	-E LC_ALL -E ASAN_OPTIONS -E LSAN_OPTIONS -E UBSAN_OPTIONS \
	$command >"$T/listener" 2>&1 </dev/null &
AGENT=$!
PIDS="$PIDS $AGENT"
agent_wait grep -q 'Listening on' "$T/listener" || bail 'nobody listens'
ok 'the first to ask starts it' touchmark sign -k own f
ok 'with a signature' openssl cms -verify -binary -inform DER -in f.p7s \
	-content f -CAfile pki/ca.pem -purpose any -out /dev/null
is "$(agent_pid)" "$AGENT" 'there is no other'
ok 'it ends when it is told to' touchmark agent stop
agent_wait agent_ended "$AGENT"
tap $? 'and is gone'
[ -S "$SOCKET" ]
tap $? 'its socket stays, for it is not its own'
done_testing
