#!/bin/sh
# One key in several places: two signing hosts, and a token here. What is away
# is passed over, what says no is an answer, and another key is refused.
# shellcheck disable=SC2031 # CONFIG is another one in a host alone
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=remote-lib.sh
. "${0%/*}/remote-lib.sh"
need softhsm2-util pkcs11-tool openssl git timeout python3

host_new one
host_twin two one
host_new three
fake_ssh
ONE=ssh://signer@one/release
TWO=ssh://signer@two/release
THREE=ssh://signer@three/release
# The token of the first host, seen from here; what holds its PIN too.
SOFTHSM2_CONF=$HOSTS/one/softhsm2.conf
export SOFTHSM2_CONF
HERE="pkcs11:token=token-one;object=release;type=private?module-path=$MODULE&pin-source=file:$PINFILE"
GONE="pkcs11:token=absent;object=release;type=private?module-path=$MODULE&pin-source=file:$PINFILE"
(umask 077 && echo other-PIN >"$T/wrong")
WRONG="pkcs11:token=token-one;object=release;type=private?module-path=$MODULE&pin-source=file:$T/wrong"
DOWN='echo "ssh: connect to host X port 22: Connection refused" >&2; exit 255'
cd "$T" || exit 1
echo content >f

sign() {
	rm -f f.p7s f.sig
	timeout 60 touchmark sign -k dev "$@" f
}
judged() {
	ok "$1" openssl cms -verify -binary -inform DER -in f.p7s -content f \
		-CAfile pki/ca.pem -purpose any -out /dev/null
}
uses() {	# ONE TWO WHAT
	is "$(host_uses one) $(host_uses two)" "$1 $2" "$3"
}
unsigned() {
	[ ! -e f.p7s ] && [ ! -e f.sig ]
	tap $? 'and nothing is signed'
}

client_key dev $ONE $TWO
ok 'both are there' sign
uses 1 0 'the first signs'
judged 'openssl verifies it'

host_does one "$DOWN"
ok 'the first is down' sign
has 'signer@one: ssh: connect .*; the next place is asked' 'it is said'
judged 'the second signs'
uses 1 1 'once'
git config -f "$CONFIG" touchmark.serviceDeadline 3
host_does one 'exec sleep 50'
ok 'the first hangs' sign
has 'signer@one does not answer within 3 seconds; the next' 'it is said'
judged 'the second signs'

# Within one process it is asked last for a while.
: >ssh.seen
mkdir many
for i in 1 2 3 4 5; do echo $i >many/$i; done
ok 'five files' timeout 60 touchmark sign -k dev many/1 many/2 many/3 \
	many/4 many/5
is "$(grep -c 'signer@one ' ssh.seen)" 1 'wait for it once'
git config -f "$CONFIG" --unset touchmark.serviceDeadline

# A host whose token is gone is there, but its key is not.
host_does one
mv "$HOSTS/one/tokens" "$HOSTS/one/tokens.gone"
mkdir "$HOSTS/one/tokens"
ok "the first host's token is gone" sign
has 'signer@one says: .*; the next place is asked' 'it is said'
judged 'the second signs'
rmdir "$HOSTS/one/tokens"
mv "$HOSTS/one/tokens.gone" "$HOSTS/one/tokens"

host_does one "$DOWN"
host_does two "$DOWN"
exits 3 'both are down' sign
has "key 'dev' is in none of its 2 places: signer@two: ssh" 'it is said'
unsigned
host_does one
host_does two

# ---- a no is an answer ----------------------------------------------------------

host_requesters one <<'END'
[requester "bob"]
	key = release
	format = cms
END
one=$(host_uses one) two=$(host_uses two)
exits 1 'the first says no' sign
has 'signer@one says: ' 'and that is that'
unsigned
uses "$one" "$two" 'nobody signs'
host_finish one
# A PIN that is wrong there.
uri=$(git config -f "$(host_config one)" touchmark.release.uri)
git config -f "$(host_config one)" touchmark.release.uri \
	"$(echo "$uri" | sed "s|pin-source=.*|pin-source=file:$T/wrong|")"
exits 3 "the first host's PIN is wrong" sign
has 'signer@one says: .*PIN' 'it says so'
unsigned
git config -f "$(host_config one)" touchmark.release.uri "$uri"
# What cannot be believed is no reason to go on either.
host_does one 'echo "Welcome to the host"; exit 0'
exits 3 'the first talks nonsense' sign
has 'signer@one said what is no answer' 'it is said'
unsigned
host_does one
uses "$one" "$two" 'nobody signed'

# ---- a token here, a host there ----------------------------------------------------

client_key dev "$GONE" $TWO
ok 'no token, then a host' sign
judged 'the host signs'
two=$((two + 1))
uses "$one" "$two" 'once'
client_key dev $ONE "$HERE"
host_does one "$DOWN"
git config -f "$CONFIG" touchmark.dev.cert "$T/pki/one.pem"
ok 'a host that is down, then a token' sign
judged 'the token signs'
uses "$one" "$two" 'and no host'
host_does one
client_key dev "$WRONG" $TWO
exits 3 'a wrong PIN here is not passed over' sign
unsigned
uses "$one" "$two" 'no host signs'
client_key dev "$HERE" $TWO
ok 'the right PIN' sign
judged 'the token signs'
uses "$one" "$two" 'and no host'

# ---- another key ---------------------------------------------------------------------

client_key dev $THREE $TWO
exits 3 'the first place holds another key than the certificate' sign
has 'signer@three holds another key than that of .*one.pem' 'it is named'
unsigned
uses "$one" "$two" 'the second is not asked'
git config -f "$CONFIG" --unset touchmark.dev.cert
client_key dev $ONE $THREE
# The first is there for one signature, then only the other, with another key.
host_does one "echo x >>$T/n; [ \$(wc -l <$T/n) -lt 2 ] || { $DOWN; }
exec python3 $(cd "$TOP/t" && pwd)/remote-liar.py leave $(host_serve)"
rm -f n many/*.sig many/*.p7s
run timeout 60 touchmark sign -t ssh -k dev --jobs 1 many/1 many/2 many/3
is "$RC" 3 'a place with another key takes nothing over'
has "signer@three holds another key than signer@one" 'both are named'
ls many >out
has '^1.sig' 'what the first made stays'
hasnt '^3.sig' 'nothing is signed by the other'
host_does one
run touchmark doctor
has "fail +place +key 'dev': signer@three holds another key" 'doctor sees it'
client_key dev $ONE $TWO "$GONE"
run touchmark doctor
has "ok +place +key 'dev': signer@two holds the same key" 'and that others do'
has "warn +place +key 'dev': .*token=absent" 'and who is away'

# ---- an agent ---------------------------------------------------------------------------

agent_world
client_key dev $ONE $TWO
one=$(host_uses one)
ok 'with an agent' sign
uses $((one + 1)) "$two" 'the host is asked with what the caller has'
run touchmark agent status --json
hasnt '"name":"dev"' 'the agent has no such key'
git config --global gpg.format x509
git config --global gpg.x509.program touchmark-gpgsm
git config --global user.signingKey dev
git init -q r
ok 'git signs' git -C r commit -q -S --allow-empty -m one
uses $((one + 2)) "$two" 'there'
done_testing
