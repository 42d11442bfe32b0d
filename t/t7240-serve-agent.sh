#!/bin/sh
# touchmark serve where the user of the signing host has an agent: one login
# for every connection, and everything that stands between a requester and a
# key still does, under the requester's name.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/remote-lib.sh"
. "${0%/*}/serve-lib.sh"
. "${0%/*}/approval-lib.sh"
need openssl pkcs11-tool softhsm2-util perl

host_new one
host_second one other
host_agent one
CONF=$(host_config one)
LOG=$HOSTS/one/audit.log
git config -f "$CONF" touchmark.release.created 1700000000
cd "$T" || exit 1
echo release >f

host_status() {
	on_host one touchmark agent status --json >"$T/status" 2>&1
}
host_pid() {
	host_status
	sed -n 's/^{"agent":.*"pid":\([0-9]*\).*/\1/p' "$T/status"
}
# What the agent says of itself, and of its session with a key.
says() {	# FIELD
	host_status
	sed -n "1s/.*\"$1\":\"\\{0,1\\}\\([a-z0-9]*\\).*/\\1/p" "$T/status"
}
signatures() {	# KEY
	host_status
	sed -n "s/^{\"name\":\"$1\".*\"signatures\":\\([0-9]*\\).*/\\1/p" \
		"$T/status"
}
record() {	# PATTERN: how many entries have it
	grep -c -e "$1" "$LOG"
}
gives() {	# WHO KEY FORMAT: signed
	sign_request req "$2" "$3" f
	ask "$1" one req
	has '^answer code 0 seal [1-9]' "$1 gets $2 in $3"
}
says_no() {	# WHO KEY FORMAT CODE PATTERN WHAT
	sign_request req "$2" "$3" f
	ask "$1" one req
	has "^answer code $4 seal 0 .*$5" "$6"
}

# ---- one login ---------------------------------------------------------------
request prepare '1 \0002' '2 test' '3 release' '4 \0001'
gives alice release 1
PID=$(host_pid)
[ -n "$PID" ]
tap $? 'an agent was started'
gives alice release 1
gives bob release 1
is "$(host_pid)" "$PID" 'and is the same for each connection'
is "$(says sessions)" 1 'one session'
is "$(signatures release)" 3 'which made every signature'
sign_request sign release 1 f
ask alice one prepare sign sign prepare
is "$(grep -c '^answer code 0' out)" 4 'several requests on one connection'
is "$(says sessions)" 1 'still one session'
is "$(signatures release)" 5 'counted'
seal_of seal.der
ok 'what was made is a signature of the digest' openssl cms -verify -binary \
	-inform DER -in seal.der -content f -CAfile pki/ca.pem -purpose any \
	-out /dev/null
is "$(host_uses one)" 5 'each is on record'
is "$(record '"result".*"requester":"alice"')" 4 'for alice'
is "$(record '"result".*"requester":"bob"')" 1 'and for bob'
ok 'the record is whole' on_host one touchmark log verify "$LOG"

# ---- many at once ------------------------------------------------------------
before=$(host_uses one)
pids=
for i in 1 2 3 4 5 6; do
	who=alice
	[ $((i % 2)) = 0 ] || who=bob
	on_host one timeout 60 touchmark serve --requester $who \
		<sign >wire.$i 2>/dev/null &
	pids="$pids $!"
done
# shellcheck disable=SC2086 # numbers
wait $pids
bad=0
for i in 1 2 3 4 5 6; do
	cp wire.$i wire
	read_wire
	grep -q '^answer code 0 seal [1-9]' out || bad=$((bad + 1))
done
is "$bad" 0 'six connections at once are answered'
is "$(host_uses one)" $((before + 6)) 'none is lost'
is "$(host_pid) $(says sessions)" "$PID 1" 'by one agent, with one session'
is "$(record '"result".*"requester":"bob"')" 4 'three of them for bob'

# ---- rights ------------------------------------------------------------------
says_no bob release 3 1 signer-not-allowed 'bob has no SSHSIG'
says_no bob other 1 1 signer-not-allowed 'nor the other key'
says_no erin release 1 1 signer-not-allowed 'erin has nothing'
gives alice other 1
says_no alice nothing 1 1 signer-not-allowed 'what is not there is no other no'
is "$(host_uses one)" 12 'none of these used a key'
# Rights that were taken away hold for the agent that runs.
cp -p "$HOSTS/one/requesters" kept
host_requesters one <<'END'
[requester "bob"]
	key = release
	format = cms
END
says_no alice release 1 1 signer-not-allowed 'alice has lost her right'
gives bob release 1
cp -p kept "$HOSTS/one/requesters"

# ---- nobody names a requester but the host -----------------------------------
sign_request named release 1 f '24 bob'
ask alice one named
has '^answer code 2 seal 0 .*no file, folder or environment' \
	'a client that says who it is'
request named '1 \0002' '2 test' '3 release' '4 \0001' '24 bob'
ask alice one named
has '^answer code 2 seal 0 .*no file, folder or environment' \
	'also in a PREPARE'
for verb in 3 4 5 6 7; do
	request named "1 \\000$verb" '2 test' '24 bob'
	ask alice one named
	has '^answer code 4 .*says more than its verb takes' \
		"verb $verb has no requester"
done
is "$(says agent)" running 'the agent was not told'
is "$(host_uses one)" 13 'and no key was used'

# The agent itself holds to what it is told, whoever of the host tells it.
to_agent() {	# FIELD...: a PREPARE straight to it, in this host's environment
	h=$HOSTS/one
	request direct '1 \0002' '2 test' '3 release' "4 $1" '6 file' \
		"18 HOME=$h" "18 XDG_CONFIG_HOME=$h/.config" \
		"18 XDG_DATA_HOME=$h/.local/share" \
		"18 XDG_STATE_HOME=$h/.local/state" '18 GIT_CONFIG_NOSYSTEM=1' \
		"18 SOFTHSM2_CONF=$h/softhsm2.conf" "24 $2"
	# It has gone who closes his half.
	# shellcheck disable=SC2016 # they are perl's
	timeout 60 perl -MIO::Socket::UNIX -e 'alarm 50; local $/;
		$c = IO::Socket::UNIX->new(Peer => shift) or die; binmode $c;
		$d = <STDIN>; print $c $d; $c->flush; print <$c>' \
		"$h/run/touchmark/agent.sock" <direct >wire
	read_wire
}
to_agent '\0001' alice
has '^answer code 0 ' 'the agent prepares for alice'
to_agent '\0003' alice
has '^answer code 0 ' 'in SSHSIG as well'
to_agent '\0003' bob
has '^answer code 1 .*signer-not-allowed: bob' 'not for bob'
to_agent '\0001' 'al ice'
has '^answer code 4 .*requester that cannot be one' 'nor for nobody'

# ---- what stands in between --------------------------------------------------
# A command that says no, with the requester's name in it.
git config -f "$CONF" touchmark.preSign \
	"printf '%s\\n' \"\$TOUCHMARK_REQUESTER\" >$T/who; exit 1"
says_no alice release 1 1 'preSign says no' 'a command says no'
is "$(cat who)" alice 'it knew who asked'
git config -f "$CONF" touchmark.preSign \
	"printf '%s\\n' \"\$TOUCHMARK_REQUESTER\" >$T/who; echo scanned"
gives bob release 1
is "$(cat who)" bob 'and who asks now'
git config -f "$CONF" --unset touchmark.preSign
is "$(host_pid)" "$PID" 'all in one agent'

# Approvals. The approvers have keys in the same token.
(
	SOFTHSM2_CONF=$HOSTS/one/softhsm2.conf
	export SOFTHSM2_CONF
	TOKEN=token-one
	CONFIG=$CONF
	NEXT_ID=90
	approver ann
	approver ben
	needs release 2 ann@example.org ben@example.org
)
# The same moment: the same request.
sign_request wanted release 1 f
ask alice one wanted
has '^answer code 1 seal 0 .*threshold-unmet.*0 of 2' 'it waits for approvals'
ID=$(sed -n 's/.*; request \([0-9a-f]\{32\}\).*/\1/p' out)
on_host one touchmark approve --list >out 2>&1
has "^$ID  waiting, .*alice" 'as hers'
for who in ann ben; do
	ok "$who approves" on_host one touchmark approve --request "$ID" \
		-k "$who"
done
ask alice one wanted
has '^answer code 0 seal [1-9]' 'then it is signed'
ask alice one wanted
has '^answer code 1 seal 0 .*threshold-unmet' 'once'
is "$(host_pid)" "$PID" 'by the same agent'
for k in approvals approver roots; do
	git config -f "$CONF" --unset-all "touchmark.release.$k"
done

# A key that is denied, with a session that is open.
gives alice other 1
ok 'the other key is denied' on_host one touchmark key compromise other --yes
before=$(record '"result"')
says_no alice other 1 3 'denied since' 'the agent that runs does not use it'
is "$(record '"result"')" "$before" 'the key was not used'
is "$(record 'denied since.*"requester":"alice".*"key":"other"')" 1 \
	'her attempt is on record'
ok 'the agent logs out' on_host one touchmark agent forget
says_no alice other 1 3 'denied since' 'nor is it opened again'
is "$(record 'denied since.*"requester":"alice".*"key":"other"')" 2 \
	'and that is on record as hers'
is "$(says sessions)" 0 'nothing was opened for it'
gives alice release 1
on_host one touchmark agent stop >/dev/null 2>&1
done_testing
