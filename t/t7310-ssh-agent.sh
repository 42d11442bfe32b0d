#!/bin/sh
# A key on a signing host through this user's agent: one connection for many
# signatures, whoever waits for a host lets local keys be used, and what the
# agent cannot reach its caller tries himself.
# shellcheck disable=SC2016,SC2031 # CONFIG is another one in a host alone
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=remote-lib.sh
. "${0%/*}/remote-lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
# shellcheck source=serve-lib.sh
. "${0%/*}/serve-lib.sh"
need softhsm2-util pkcs11-tool openssl git gpg timeout

host_new one
on_host one git config -f "$(host_config one)" touchmark.release.created \
	1700000000
on_host one git config -f "$(host_config one)" touchmark.release.userId \
	'Dev <dev@example.org>'
softhsm_new tmk-test
token_key local local@example.org
fake_ssh
# What the real one would look at.
sed -i '2i echo "sock=${SSH_AUTH_SOCK-none}" >>"$SSH_SEEN.sock"' "$T/fake/ssh"
client_key dev ssh://signer@one/release
git config -f "$CONFIG" touchmark.serviceDeadline 25
cd "$T" || exit 1
echo content >f
agent_world
unset SSH_AUTH_SOCK

cms() {	# FILE [KEY]: as git asks for it, into FILE.pem
	timeout 60 touchmark-gpgsm -bsau "${2:-dev}" <"$1" >"$1.pem" 2>"$1.err"
}
good() {	# FILE [CA]
	ok "$1 is good" openssl cms -verify -binary -inform PEM -in "$1.pem" \
		-content "$1" -CAfile pki/ca.pem -purpose any -out /dev/null
}
connections() {
	grep -c . "$SSH_SEEN" 2>/dev/null || :
}

# ---- one connection ---------------------------------------------------------------

cms f
tap $? 'a signature'
sed 's/SIGNED MESSAGE/CMS/' f.pem >g && mv g f.pem
good f
is "$(connections)" 1 'one connection'
for i in 1 2 3 4 5; do
	echo "more $i" >"m$i"
	cms "m$i" || echo "$i failed" >>failed
	sed 's/SIGNED MESSAGE/CMS/' "m$i.pem" >g && mv g "m$i.pem"
	openssl cms -verify -binary -inform PEM -in "m$i.pem" -content "m$i" \
		-CAfile pki/ca.pem -purpose any -out out 2>>cms.out ||
		echo "$i is bad" >>failed
done
ok 'five more' test ! -e failed
is "$(connections)" 1 'over the same one'
is "$(host_uses one)" 6 'the host has them all on record'
ok 'OpenPGP over it' touchmark sign -k dev -t openpgp f
ok 'the host exports that key' on_host one touchmark key export release \
	--type openpgp --pin-file "$PINFILE"
gpg --batch --quiet --import out >import.out 2>&1
ok 'gpg verifies it' gpg --batch --verify f.asc f
ok 'a batch of files' touchmark sign -k dev m1 m2 m3 m4 m5
ok 'openssl verifies one' openssl cms -verify -binary -inform DER -in m5.p7s \
	-content m5 -CAfile pki/ca.pem -purpose any -out /dev/null
is "$(connections)" 1 'all over that one'

# ---- several at once ----------------------------------------------------------------

rm -f ./*.p7s ./*.asc
for i in 1 2 3 4 5; do
	timeout 60 touchmark sign -k dev "m$i" >"c$i.out" 2>&1 &
	eval "c$i=$!"
	timeout 60 touchmark sign -k dev -t openpgp "m$i" >"o$i.out" 2>&1 &
	eval "o$i=$!"
done
lost=0
for i in 1 2 3 4 5; do
	eval "wait \$c$i" || lost=$((lost + 1))
	eval "wait \$o$i" || lost=$((lost + 1))
	openssl cms -verify -binary -inform DER -in "m$i.p7s" -content "m$i" \
		-CAfile pki/ca.pem -purpose any -out out 2>>cms.out ||
		lost=$((lost + 1))
	gpg --batch --verify "m$i.asc" "m$i" >>gpg.out 2>&1 ||
		lost=$((lost + 1))
done
is "$lost" 0 'ten at once, in two formats, are all good'
is "$(connections)" 1 'over that one'

# ---- a host that is slow ------------------------------------------------------------

# The connection that is there is cut; the new one waits for a file.
ok 'all is forgotten' touchmark agent forget
host_does one 'while [ ! -e "$HOST_ROOT/go" ]; do sleep 0.1; done'
echo slow >slow
cms slow &
slow=$!
n=0
while [ "$(connections)" != 2 ] && [ $n -lt 900 ]; do
	sleep 0.1
	n=$((n + 1))
done
is "$(connections)" 2 'a new connection is made'
ok 'a local key is used meanwhile' touchmark sign -k local f \
	--pin-file "$PINFILE"
ok 'which did not wait' kill -0 "$slow"
touch "$HOSTS/go"
wait "$slow"
tap $? 'then the host answers'
host_does one

# ---- what the agent cannot reach ------------------------------------------------------

ok 'all is forgotten' touchmark agent forget
host_does one 'echo "ssh: connect to host one: Connection refused" >&2; exit 255'
before=$(connections)
exits 3 'a host that is away' touchmark sign -k dev -t cms m1 -o away.p7s
has 'signer@one: ssh: connect to host one: Connection refused' 'it is said'
is "$(connections)" $((before + 2)) 'the caller tried himself'
ok 'nothing is left' test ! -e away.p7s
host_does one

# The keys of ssh are those of whoever asks.
: >ssh.seen.sock
SSH_AUTH_SOCK=$T/his.sock cms f
tap $? 'with an ssh-agent of his own'
touchmark agent forget >/dev/null 2>&1
cms f
tap $? 'without one'
cp ssh.seen.sock out
is "$(sed -n 1p out)" "sock=$T/his.sock" 'it is what ssh is told'
is "$(sed -n 2p out)" sock=none 'and not told'

# ---- another key since -------------------------------------------------------------------

# A digest needs no preparation of its own: what the host showed before is held
# against what is configured now.
by_digest() {
	request ask '1 \0001' '3 dev' '4 \0001' '8 \0003' '9 /' \
		"15 $(digest_of f)" '16 \0001' "17 $(now_field)" \
		"18 HOME=$HOME" "18 XDG_CONFIG_HOME=$XDG_CONFIG_HOME" \
		"18 XDG_DATA_HOME=$XDG_DATA_HOME" \
		"18 XDG_STATE_HOME=$XDG_STATE_HOME" '18 GIT_CONFIG_NOSYSTEM=1' \
		"18 SOFTHSM2_CONF=$SOFTHSM2_CONF"
	# Signs of life may come before the answer.
	"$MOCK/agent-wire" "$SOCKET" <ask >wire 2>wire.err
	read_wire
}

by_digest
has '^answer code 0 seal [1-9]' 'a digest is signed'
before=$(host_uses one)
git config -f "$CONFIG" touchmark.dev.cert "$T/pki/local.pem"
by_digest
has '^answer code 3 seal 0 ' 'not when the certificate is of another key'
is "$(host_uses one)" "$before" 'and the host is not asked'
git config -f "$CONFIG" --unset touchmark.dev.cert

# ---- lock, confirm, the end -----------------------------------------------------------

ok 'a lock' touchmark agent lock
cms f
is $? 3 'ends it'
cp f.err out
has 'touchmark-agent is locked' 'it is said'
ok 'opened again' touchmark agent start
git config -f "$CONFIG" touchmark.dev.confirm true
before=$(connections)
cms f
tap $? 'a key that is to be confirmed'
is "$(connections)" $((before + 1)) 'is left to the caller'
git config -f "$CONFIG" --unset touchmark.dev.confirm
cms f
tap $? 'and by the agent again'
ok 'the agent ends' touchmark agent stop
is "$(connections)" $((before + 2)) 'with its connection'
done_testing
