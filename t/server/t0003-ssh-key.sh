#!/bin/sh
# A key on signing hosts behind a real sshd: two requesters with keys of their
# own, a shared connection, approvals from three people, a host that goes away
# and one that is not who it was.
# shellcheck disable=SC2030,SC2031 # CONFIG is another one in a host alone
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
# shellcheck source=../gpg-lib.sh
. "${0%/*}/../gpg-lib.sh"
# shellcheck source=../agent-lib.sh
. "${0%/*}/../agent-lib.sh"
# shellcheck source=../remote-lib.sh
. "${0%/*}/../remote-lib.sh"
# shellcheck source=../approval-lib.sh
. "${0%/*}/../approval-lib.sh"
# shellcheck source=sshd-lib.sh
. "${0%/*}/sshd-lib.sh"
need softhsm2-util pkcs11-tool openssl git timeout

host_new one
host_twin two one
host_new three
sshd_start one alice bob ann ben cid
ONE_PID=$SSHD_PID
sshd_start two alice bob
sshd_start three alice
sshd_ready
as alice
agent_world
ME=$(id -un)
ONE=ssh://$ME@one/release
TWO=ssh://$ME@two/release
client_key dev "$ONE" "$TWO"
policy_for ca
git_uses_touchmark
git config --global user.signingKey dev
git config -f "$CONFIG" touchmark.serviceDeadline 5
cd "$T" || exit 1
echo content >f

sign() {
	rm -f f.p7s f.sig
	timeout 60 touchmark sign -k dev "$@" f
}
unsigned() {
	[ ! -e f.p7s ] && [ ! -e f.sig ]
	tap $? 'and nothing is signed'
}

# ---- two requesters ---------------------------------------------------------------

ok 'alice signs' sign
ok 'openssl verifies it' openssl cms -verify -binary -inform DER -in f.p7s \
	-content f -CAfile pki/ca.pem -purpose any -out /dev/null
ok 'in SSH' sign -t ssh
grep -c '"requester":"alice"' "$HOSTS/one/audit.log" >out
is "$(cat out)" 4 'the record has her name'
is "$(find "$T/run/touchmark" -name 'ssh-*' | wc -l)" 1 'one shared connection'
# Her shared connection is not bob's: he has a folder of his own.
mkdir -m 700 "$T/run-bob"
as bob
bob() {
	rm -f f.p7s f.sig
	XDG_RUNTIME_DIR=$T/run-bob timeout 60 touchmark sign -k dev "$@" f
}
ok 'bob signs' bob
exits 1 'in CMS alone' bob -t ssh
has "$ME@one says: .*bob" 'the host says no'
unsigned
sed -n '/"refused"/!p' "$HOSTS/one/audit.log" | grep -c '"requester":"bob"' >out
is "$(cat out)" 2 'the record has his name'
ok 'whatever he asks ssh for' ssh "$ME@one" id
is "$(cat out)" '' 'there is no shell'
as alice

# ---- git ---------------------------------------------------------------------------

new_repo repo
cd repo || exit 1
for i in $(seq 20); do git commit -q --allow-empty -m "$i"; done
ok 'a rebase of 20 commits' git rebase -q --force-rebase --gpg-sign --root
git log --format=%G? >"$T/out"
is "$(sort -u "$T/out" | tr -d '\n') $(wc -l <"$T/out")" 'G 20' 'all are good'
cd .. || exit 1
before=$(host_uses one)
pids=
for c in 1 2 3 4; do
	mkdir "c$c"
	for i in 1 2 3 4 5; do echo "$c $i" >"c$c/$i"; done
	touchmark sign -k dev "c$c"/* >"c$c.out" 2>&1 &
	pids="$pids $!"
done
for p in $pids; do
	wait "$p"
	tap $? 'one of four clients'
done
is "$(host_uses one)" $((before + 20)) 'nothing is lost'
ok "the host's record is whole" touchmark log verify "$HOSTS/one/audit.log"

# ---- approvals ------------------------------------------------------------------------

(
	CONFIG=$(host_config one)
	needs release 2 ann@example.org ben@example.org cid@example.org
)
for a in ann ben cid; do
	printf '[requester "%s"]\n\tapprove = true\n' "$a" \
		>>"$HOSTS/one/requesters"
done
softhsm_new "$TOKEN"
for a in ann ben cid; do approver "$a"; done
approve_as() {	# NAME ARG...
	[ -d "$T/run-$1" ] || mkdir -m 700 "$T/run-$1"
	as "$1"
	who=$1
	shift
	run env XDG_RUNTIME_DIR="$T/run-$who" touchmark approve "$@" \
		--on "ssh://$ME@one"
	as alice
}
client_key dev "$ONE"
asks sign
unsigned
approve_as ann --list
is "$RC" 0 'ann sees what waits'
has "$ID" 'the request'
approve_as ann --request "$ID" -k ann
is "$RC" 0 'ann approves'
exits 1 'one is not enough' sign
has "1 of 2 approvals.*request $ID" 'it says so'
approve_as alice --list
is "$RC" 1 'alice sees no list'
approve_as ann --request "$ID" -k ann
is "$RC" 1 'ann counts once'
approve_as cid --request "$ID" -k cid
is "$RC" 0 'cid approves'
ok 'now it is signed' sign
ok 'openssl verifies it' openssl cms -verify -binary -inform DER -in f.p7s \
	-content f -CAfile pki/ca.pem -purpose any -out /dev/null
exits 1 'once' sign
for k in approvals approver roots; do
	git config -f "$(host_config one)" --unset-all "touchmark.release.$k"
done

# ---- a host that is away -----------------------------------------------------------

client_key dev "$ONE" "$TWO"
ok 'both hosts are there' sign
kill "$ONE_PID" && wait "$ONE_PID" 2>/dev/null
# The shared connection outlives the server that took it in.
ssh -o ControlPath="$(find "$T/run/touchmark" -name 'ssh-*' | head -n 1)" \
	-O exit "$ME@one" >out 2>&1
two=$(host_uses two)
ok 'the first is down' sign
has "$ME@one: .*Connection refused; the next place is asked" 'it is said'
is "$(host_uses two)" $((two + 1)) 'the second signs'
ok 'openssl verifies it' openssl cms -verify -binary -inform DER -in f.p7s \
	-content f -CAfile pki/ca.pem -purpose any -out /dev/null

# ---- a host whose user has an agent ----------------------------------------------------

client_key dev "ssh://$ME@three/release"
host_agent three
# Not over a shared connection: sshd closes one when nobody has its ends open.
request prepare '1 \0002' '2 test' '3 release' '4 \0001'
timeout 30 ssh -T "$ME@three" <prepare >wire 2>said
is "$?" 0 'the connection that starts an agent ends'
[ -s wire ]
tap $? 'with an answer'
is "$(cat said)" '' 'and no word beside it'
agent=$(on_host three touchmark agent status --json |
	sed -n 's/^{"agent":.*"pid":\([0-9]*\).*/\1/p')
[ -n "$agent" ]
tap $? 'the agent is left'
find "/proc/$agent/fd" -lname 'pipe:*' >out
is "$(cat out)" '' 'and holds nothing of the connection'
for i in 1 2; do
	ok "signature $i" sign
done
on_host three touchmark agent status --json >status.json
grep -c '^{"agent":"running","pid":'"$agent"',.*"sessions":1,' status.json >out
is "$(cat out)" 1 'one login for all of them'
grep -c '"result".*"requester":"alice"' "$HOSTS/three/audit.log" >out
is "$(cat out)" 2 'on record as hers'
ok 'it is locked there' on_host three touchmark agent lock
exits 3 'nothing is signed' sign
has "$ME@three says: .*locked" 'as is said'
unsigned
on_host three touchmark agent stop >/dev/null 2>&1
rm -rf "$HOSTS/three/run"
touchmark agent stop >/dev/null 2>&1
sshd_part

# ---- a host that is another one, or knows us not -------------------------------------

client_key dev "ssh://$ME@three/release"
cp ssh/known ssh/known.good
printf 'three %s\n' "$(cut -d' ' -f1,2 keys/host-two.pub)" >ssh/known
exits 3 'the host key is another' sign
has "$ME@three: Host key verification failed" 'it is said'
has 'hint: .*known_hosts' 'and what to do'
unsigned
: >ssh/known
exits 3 'the host key is unknown' sign
has "$ME@three: Host key verification failed" 'it is said'
unsigned
sed -i 's/^Host \*$/&\n\tStrictHostKeyChecking no/' ssh/config
exits 3 'whatever the configuration of ssh says' sign
unsigned
cp ssh/known.good ssh/known
as bob
exits 3 'bob is not known there' sign
has "$ME@three: .*Permission denied" 'it is said'
unsigned
as alice
ok 'alice is' sign
git config -f "$CONFIG" touchmark.dev.cert "$T/pki/one.pem"
exits 3 'but the key is another than the certificate says' sign
has "$ME@three holds another key than that of" 'it is said'
unsigned
sshd_part
done_testing
