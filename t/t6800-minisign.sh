#!/bin/sh
# minisign and signify: keys of the token that both programs read, signatures
# that they verify, and theirs that we verify.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# SoftHSM keeps a few bytes of each Ed25519 signature: only the whole stack
# tells the leak checker that they are not ours.
ASAN_OPTIONS=$ASAN_OPTIONS:fast_unwind_on_malloc=0
need softhsm2-util pkcs11-tool openssl minisign signify-openbsd

token_key dev dev@example.org
cd "$T" || exit 1
for a in ed25519 p256; do
	touchmark key generate "k-$a" --token "$TOKEN" --module "$MODULE" \
		--pin-file "$PINFILE" --algorithm "$a" >setup.log 2>&1 ||
		bail "no $a key"
done

# ---- keys -------------------------------------------------------------------
# Without a PIN: the public key is all that is needed.
for t in minisign signify; do
	ok "$t: a key" touchmark key export k-ed25519 --type $t
	unhurried "$T/out" >$t.pub
	is "$(wc -l <$t.pub)" 2 'is two lines'
	ok 'once more' touchmark key export k-ed25519 --type $t
	unhurried "$T/out" | cmp -s - $t.pub
	tap $? 'gives the same bytes'
	ok 'JSON' touchmark key export k-ed25519 --type $t --json
	has "\"type\":\"$t\",\"fingerprint\":\"[0-9A-F]{16}\"" 'names it'
	exits 3 "$t: not of another key" touchmark key export k-p256 --type $t
	has 'Ed25519 keys alone' 'says why'
done
is "$(sed 1d minisign.pub)" "$(sed 1d signify.pub)" 'both are one key'
grep -q '^untrusted comment: k-ed25519 public key$' signify.pub
tap $? 'signify calls it by its name'
ID=$(sed -n 's/^untrusted comment: minisign public key //p' minisign.pub)
export TOUCHMARK_PIN_FILE="$PINFILE"

# ---- ours, and the judges ---------------------------------------------------
printf 'release\n' >'a b.tar'
printf 'other\n' >other
ok 'minisign: a signature' touchmark sign -k k-ed25519 -t minisign 'a b.tar'
ok 'minisign -V' minisign -V -p minisign.pub -m 'a b.tar'
has 'Trusted comment: timestamp:[0-9]+.file:a b\.tar.hashed$' \
	'shows what it trusts'
ok 'that wants a digest' minisign -V -H -p minisign.pub -m 'a b.tar'
ok 'with the key in a word' minisign -V -P "$(sed 1d minisign.pub)" \
	-m 'a b.tar'
ok 'ourselves' touchmark verify --minisign-key minisign.pub 'a b.tar' \
	'a b.tar.minisig'
ok 'found beside it' touchmark verify --minisign-key minisign.pub 'a b.tar'
ok 'in JSON' touchmark verify --json --minisign-key minisign.pub 'a b.tar' \
	'a b.tar.minisig'
has "\"$ID\"" 'with the key'
exits 1 'of other content' touchmark verify --minisign-key minisign.pub other \
	'a b.tar.minisig'
has 'signature-bad' 'it is bad'
printf 'data\n' >f
ok 'signify: a signature' touchmark sign -k k-ed25519 -t signify f
ok 'signify -V' signify-openbsd -V -p signify.pub -x f.sig -m f
grep -q '^untrusted comment: verify with k-ed25519\.pub$' f.sig
tap $? 'it says where the key is looked for'
ok 'ourselves' touchmark verify --minisign-key signify.pub f f.sig
ok "with minisign's file" touchmark verify --minisign-key minisign.pub f f.sig
exits 1 'of other content' touchmark verify --minisign-key signify.pub other \
	f.sig
has 'signature-bad' 'it is bad'

# ---- sizes ------------------------------------------------------------------
: >empty
ok 'an empty file' touchmark sign -k k-ed25519 -t minisign empty
ok 'is one to minisign' minisign -V -p minisign.pub -m empty
ok 'and to signify' sh -c 'touchmark sign -k k-ed25519 -t signify empty &&
	signify-openbsd -V -p signify.pub -x empty.sig -m empty'
head -c 1048576 /dev/zero >large
ok '1 MiB for signify' touchmark sign -k k-ed25519 -t signify large
ok 'is taken' signify-openbsd -V -p signify.pub -x large.sig -m large
ok 'and by us' touchmark verify --minisign-key signify.pub large large.sig
echo x >>large
run touchmark sign -k k-ed25519 -t signify -o more.sig large
[ "$RC" != 0 ] && [ ! -e more.sig ]
tap $? 'more than that is not given to a token'
ok 'but minisign has a digest' touchmark sign -k k-ed25519 -t minisign large
ok 'that minisign takes' minisign -V -p minisign.pub -m large

# ---- what is not signed -----------------------------------------------------
printf 'SSHSIG text' >ssh.txt
printf %064d 0 >digest
for f in ssh.txt digest pki/dev.der; do
	[ -e $f ] || openssl x509 -in pki/dev.pem -outform DER -out $f
	run touchmark sign -k k-ed25519 -t signify $f
	[ "$RC" = 2 ] && [ ! -e $f.sig ]
	tap $? "$f: could be another signature of this key"
	has 'could be taken for another signature' 'says why'
	ok 'minisign has no such trouble' touchmark sign -k k-ed25519 \
		-t minisign $f
done
exits 3 'another key' touchmark sign -k k-p256 -t minisign -o p.minisig f
has 'Ed25519 keys alone' 'is not possible'
[ ! -e p.minisig ]
tap $? 'and nothing is written'
exits 2 'a timestamp' touchmark sign -k k-ed25519 -t minisign \
	--timestamp=require -o p.minisig f
has 'cannot carry a timestamp' 'has no place'

# ---- by the agent -----------------------------------------------------------
(
	agent_world
	for t in minisign signify; do
		touchmark sign -k k-ed25519 -t $t -o agent.$t f || exit 1
	done
	touchmark agent status --json >agent.json
	touchmark agent stop >/dev/null
) >setup.log 2>&1
is "$?" 0 'both are made by the agent'
grep -q '"requests":0' agent.json
is "$?" 1 'which was asked'
ok 'minisign -V' minisign -V -p minisign.pub -x agent.minisign -m f
ok 'signify -V' signify-openbsd -V -p signify.pub -x agent.signify -m f

# ---- theirs -----------------------------------------------------------------
minisign -G -W -p m.pub -s m.sec >setup.log 2>&1 || bail 'minisign -G'
signify-openbsd -G -n -p s.pub -s s.sec || bail 'signify -G'
minisign -S -s m.sec -x m.minisig -m f >/dev/null 2>&1 || bail 'minisign -S'
minisign -S -l -s m.sec -x old.minisig -m f >/dev/null 2>&1 ||
	bail 'minisign -S -l'
signify-openbsd -S -s s.sec -x s.sig -m f || bail 'signify -S'
cat m.pub s.pub >keys
for s in m.minisig old.minisig s.sig; do
	ok "$s, made by its own program" touchmark verify --minisign-key keys \
		f $s
	exits 1 'of other content' touchmark verify --minisign-key keys other \
		$s
	has 'signature-bad' 'is bad'
	exits 1 'by a key that is not trusted' touchmark verify \
		--minisign-key minisign.pub f $s
	has 'cert-missing' 'is by nobody'
done
sed '3s/file:f/file:g/' m.minisig >lie.minisig
exits 1 'a trusted comment that was changed' touchmark verify \
	--minisign-key keys f lie.minisig
has 'signature-bad' 'is not trusted'
run minisign -V -p m.pub -x lie.minisig -m f
[ "$RC" != 0 ]
tap $? 'minisign thinks so too'
{ cat m.minisig; echo more; } >more.minisig
exits 1 'a line behind it' touchmark verify --minisign-key keys f more.minisig
has 'signature-malformed' 'is too much'
exits 2 'a file of keys that is none' touchmark verify --minisign-key f f \
	m.minisig

done_testing
