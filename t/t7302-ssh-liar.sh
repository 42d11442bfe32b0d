#!/bin/sh
# A signing host that lies, or somebody who pretends to be one: nothing that is
# not the signature that was asked for gets out.
# shellcheck disable=SC2031 # CONFIG is another one in a host alone
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=remote-lib.sh
. "${0%/*}/remote-lib.sh"
need softhsm2-util pkcs11-tool openssl git python3 timeout

host_new one
on_host one git config -f "$(host_config one)" touchmark.release.created 1700000000
host_second one other
fake_ssh
client_key dev ssh://signer@one/release
git config -f "$CONFIG" touchmark.serviceDeadline 20
cd "$T" || exit 1
echo content >f
HERE=$(cd "$TOP/t" && pwd)

# lies LIE: what the host does from here on
lies() {
	host_does one "exec python3 $HERE/remote-liar.py $1 $(host_serve)"
}
sign() {	# TYPE
	rm -f f.p7s f.sig f.asc
	timeout 60 touchmark sign -k dev -t "$1" --no-timestamp f
}
unsigned() {
	[ ! -e f.p7s ] && [ ! -e f.sig ] && [ ! -e f.asc ]
	tap $? 'and nothing is written'
}
# lie TYPE LIE WHAT
lie() {
	lies "$2"
	exits 3 "$1: $2" sign "$1"
	has "$3" 'and it says why'
	unsigned
}

# What stands between changes nothing by itself.
lies none
for t in cms ssh openpgp; do
	ok "$t: an honest host" sign $t
done
lies notices
ok 'signs of life before the answer' sign cms

for t in cms ssh openpgp; do
	lie $t flip 'signer@one returned (a wrong signature|what is no)'
	lie $t other-key 'signer@one returned'
	lie $t digest 'signer@one returned a wrong signature'
	lie $t no-seal 'returned no signature'
	lie $t junk 'returned what is no signature'
	rm -f "$HOSTS/seal.kept"
	lies replay
	ok "$t: what is to be replayed" sign $t
	echo another >>f
	exits 3 "$t: an old signature" sign $t
	has 'returned' 'and it says why'
	unsigned
	lie $t clock 'the clock of signer@one'
	lie $t public 'signer@one'
done
for t in cms openpgp; do
	lies hash
	exits 2 "$t: another hash than the key's" sign $t
	has 'the digest is not of the kind' 'and it says why'
	unsigned
done
lie cms time 'of another time|wrong signature'
lie openpgp time 'signer@one returned'
lie openpgp trailer 'signer@one returned'
lie openpgp no-trailer 'prepares another kind'
lie ssh namespace 'of another namespace'
lie ssh greeting 'said what is no answer'
lie ssh huge 'said what is no answer'
lie ssh escapes 'said what is no answer'
hasnt "$(printf '\033')" 'no escape reaches the terminal'
lie ssh code 'said what is no answer'
lie ssh both 'said what is no answer'
lie ssh cut 'signer@one'

# ---- another key than the certificate's -----------------------------------------

lies other-keys
ok 'without a certificate here the host says whose key it is' sign ssh
git config -f "$CONFIG" touchmark.dev.cert "$T/pki/one.pem"
for t in cms ssh openpgp; do
	lie $t other-keys 'signer@one holds another key than that of'
done
lies none
ok 'with the right key' sign cms
done_testing
