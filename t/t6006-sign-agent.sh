#!/bin/sh
# touchmark sign through the agent: the same signatures, one login, and another
# signer half-way is noticed.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util gpgv ssh-keygen git setsid

token_key dev dev@example.org
git config -f "$CONFIG" touchmark.key dev
git config -f "$CONFIG" touchmark.dev.created 1700000000
git config -f "$CONFIG" touchmark.dev.userId 'Dev <dev@example.org>'
uri=$(git config -f "$CONFIG" touchmark.dev.uri)
git config -f "$CONFIG" touchmark.dev.uri "${uri%&pin-source*}"
cd "$T" || exit 1
cp "$PINFILE" ./my-pin && chmod 600 ./my-pin
touchmark key export --type openpgp --no-armor --pin-file my-pin >dev.gpg ||
	exit 1
touchmark key export --type ssh --allowed-signers >allowed || exit 1
echo data >f
head -c 3000000 /dev/urandom >g	# more than a request may hold

judge() {	# FILE: by foreign programs
	openssl cms -verify -binary -inform DER -in "$1.p7s" -content "$1" \
		-CAfile pki/ca.pem -purpose any -out /dev/null &&
	gpgv --keyring ./dev.gpg "$1.asc" "$1" &&
	ssh-keygen -Y verify -f allowed -I dev@example.org -n file \
		-s "$1.sig" <"$1"
}

agent_world
# The name of the PIN file is ours: the agent works in another directory.
ok 'three types of two files' touchmark sign -t cms,openpgp,ssh \
	--pin-file my-pin f g
is "$(grep -c ': signed by' "$T/out")" 6 'a line for each signature'
ok 'all are good' judge f
ok 'of the large file, too' judge g
ok 'an agent did it' touchmark agent status
rm my-pin
rm f.*
ok 'and holds the login' touchmark sign -t cms,openpgp,ssh f
ok 'all are good' judge f

# The digest is of one key's trailer: another creation time in between is seen.
mkfifo pipe
touchmark sign -t openpgp -o pipe.asc pipe >said 2>&1 </dev/null &
p=$!
# The pipe opens when the signer was asked and the file is to be read.
cat >change.sh <<END
exec 9>pipe
git config -f '$CONFIG' touchmark.dev.created 1700000001
echo data >&9
END
timeout 60 sh change.sh
wait "$p"
RC=$?
grep -q 'the key changed while it was used' said
tap $? 'a key that changes while the file is read is seen'
is "$RC" 3 'with 3'
[ ! -e pipe.asc ]
tap $? 'makes no signature'
git config -f "$CONFIG" touchmark.dev.created 1700000000
timeout 60 sh -c 'exec 9>pipe; echo data >&9' &
ok 'a pipe' touchmark sign -t openpgp -o pipe.asc pipe
ok 'makes one when it stays' gpgv --keyring ./dev.gpg pipe.asc f

# An error of the agent is one of ours, and told once.
exits 3 'a key that is not there' touchmark sign -k nobody@example.org f
has 'no key is called' 'is said'
git config -f "$CONFIG" touchmark.dev.created 1700000001
ok 'a creation time that changed' touchmark sign -t openpgp f
exits 2 'is another key' gpgv --keyring ./dev.gpg f.asc f
ok 'the agent stops' touchmark agent stop
# Of nobody: the caller's terminal is left behind.
exits 3 'without it the PIN is wanted again' setsid -w touchmark sign -t ssh f
done_testing
