#!/bin/sh
# touchmark-ssh-keygen -Y sign: every kind of key, judged by ssh-keygen; where
# the signature goes, what is said, and what is refused.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=ssh-lib.sh
. "${0%/*}/ssh-lib.sh"
need git openssl pkcs11-tool softhsm2-util ssh-keygen xxd

sign() {
	touchmark-ssh-keygen -Y sign "$@"
}

ssh_token_key rsa rsa:3072
ssh_token_key p256 EC:prime256v1
ssh_token_key p384 EC:secp384r1
ssh_token_key p521 EC:secp521r1
ssh_token_key ed25519 EC:edwards25519
cd "$T" || exit 1

for k in rsa p256 p384 p521 ed25519; do
	ssh_allow $k
	echo "content for $k" >f
	rm -f f.sig
	ok "$k: signed" sign -n git -f $k.pub f
	is "$(unhurried out)" "Signing file f
Write signature to f.sig" "$k: what is said is what ssh-keygen says"
	ok "$k: ssh-keygen verifies it" ssh_judge $k git f
	has "Good \"git\" signature for $k@example.org" "$k: as its key's"
	run_in f ssh-keygen -Y check-novalidate -n git -s f.sig
	is "$RC" 0 "$k: and without a list of signers"
	exits 255 "$k: not as a file's" ssh_judge $k file f
	exits 255 "$k: not as another's" ssh_judge other git f
done
is "$(head -1 f.sig)" '-----BEGIN SSH SIGNATURE-----' 'its armour'
is "$(awk 'length > 70' f.sig)" '' 'in lines of 70'
is "$(stat -c %a f.sig)" 644 'the mode is that of a new file'

# Whichever way the key is named.
echo fresh | tee fresh1 >fresh2
sign_as() {	# KEY NAME
	rm -f f.sig
	ok "named by $2" sign -n git -f "$1" f
	ok 'it signed' ssh_judge p256 git f
}
mkdir -p names/p384
cp f names
cd names || exit 1
ok 'by its name in the configuration' sign -n git -f p256 f
ok 'a folder is no key file' sign -n git -f p384 ../fresh1
cd ..
ok 'it signed' ssh_judge p256 git names/f
ok 'and the other' ssh_judge p384 git fresh1
sign_as "$(git config -f "$CONFIG" touchmark.p256.uri)" 'a URI'
cp p256.pub id.pub
sign_as id 'a file whose .pub is there'
{ echo '# a comment'; echo; sed 's/$/ me@here/' p256.pub; } >commented
sign_as commented 'a key with comments'
ssh-keygen -l -f p256.pub | cut -d' ' -f2 >fp
sign_as "$(cat fp)" 'its fingerprint'

# Standard input and output, several files, quiet.
sign -n git -f rsa.pub <f >f.sig 2>err
is "$?-$(unhurried err)" '0-Signing data on standard input' 'standard input'
ok 'its signature is on standard output' ssh_judge rsa git f
sign -q -n git -f rsa.pub - <f >f.sig 2>err
is "$?-$(unhurried err)" 0- 'as - too, and quiet says nothing'
ok 'it verifies' ssh_judge rsa git f
: >empty
printf 'no newline' >bare
head -c 3000000 /dev/urandom >large
rm -f f.sig
ok 'several files' sign -q -n file -f ed25519.pub f empty bare large
is "$(unhurried out)" '' 'quietly'
for i in f empty bare large; do
	ok "$i has its signature" ssh_judge ed25519 file $i
done
cat large f | sign -q -n file -f rsa.pub >pipe.sig
cat large f >pipe
ok 'a large standard input' ssh_judge rsa file pipe
ok 'bundled options' sign -qUnfile -fed25519.pub -- id.pub
ok 'verify' ssh_judge ed25519 file id.pub
name=$(printf 'we\tird \033[1m\nname')
echo x >"$name"
ok 'a name with control bytes' sign -n file -f rsa.pub "$name"
is "$(LC_ALL=C tr -d '\n\040-\176' <out | wc -c | tr -d ' ')" 0 \
	'is shown without them'
ok 'and signed' ssh_judge rsa file "$name"
echo x >./-dash
ok 'a name that begins with a dash' sign -n file -f rsa.pub -- -dash
ok 'is signed' ssh_judge rsa file ./-dash

# What is there is replaced only when somebody says so.
cp f.sig before
for a in n '' ; do
	echo "$a" >answer
	run_in answer sign -n git -f rsa.pub f
	is "$RC" 4 "a signature is there, the answer is '$a'"
	cmp -s f.sig before
	tap $? 'and it stays'
done
has 'f\.sig already exists' 'the question is that of ssh-keygen'
echo y >answer
run_in answer sign -n git -f rsa.pub f
is "$RC" 0 "the answer is 'y'"
ok 'and it is replaced' ssh_judge rsa git f
echo secret >target
for i in link pipe dir; do
	echo "$i" >new-$i
done
ln -s target new-link.sig
mkfifo new-pipe.sig
mkdir new-dir.sig
for i in link pipe dir; do
	exits 4 "a $i where the signature goes" timeout 120 \
		touchmark-ssh-keygen -Y sign -n git \
		-f rsa.pub new-$i
	has 'is no regular file' 'is not written to'
done
is "$(cat target)" secret 'what the link leads to stays'
ls >before
exits 4 'a file that is not there' sign -n git -f rsa.pub absent
has 'absent: No such file' 'is told'
exits 4 'a folder' sign -n git -f rsa.pub dir
exits 4 'one that is not there behind one that is' sign -n file \
	-f rsa.pub before absent
has 'No such file' 'is told'
chmod 555 .
if [ "$(id -u)" != 0 ]; then
	exits 4 'a folder that cannot be written' sign -n git -f rsa.pub fp
fi
chmod 755 .
sign -n git -f rsa.pub <f >/dev/full 2>out
is "$?" 4 'a full disk'
has 'cannot write|No space' 'is told'
grep -q 'usage:' out
is "$?" 1 'nothing that git takes for an old ssh-keygen'

# What a key may not.
exits 2 'another hash' sign -n git -O hashalg=sha256 -f rsa.pub fp
has 'sha512' 'is told'
rm -f fp.sig
ok 'the one that it is' sign -n git -O hashalg=sha512 -f rsa.pub fp
long=$(printf '%0300d' 0)
exits 2 'a namespace too long' sign -n "$long" -f rsa.pub answer
has 'namespace' 'is told'
git config -f "$CONFIG" touchmark.timestamp require
git config -f "$CONFIG" touchmark.tsa http://127.0.0.1:1/
rm -f f.sig
ok 'a required timestamp has no place in it' sign -n git -f rsa.pub f
git config -f "$CONFIG" --unset touchmark.timestamp
git config -f "$CONFIG" --unset touchmark.tsa
echo other-PIN >"$PINFILE"
rm -f f.sig
exits 3 'a wrong PIN' sign -n git -f rsa.pub f
has 'PIN' 'is told'
[ ! -e f.sig ]
tap $? 'and nothing is left'
echo test-PIN >"$PINFILE"
git config -f "$CONFIG" touchmark.token-only.uri \
	"$(git config -f "$CONFIG" touchmark.p521.uri)"
for k in p256 p384 p521 ed25519; do
	git config -f "$CONFIG" --remove-section touchmark.$k
done
softhsm2-util --delete-token --token "$TOKEN" >/dev/null 2>&1
exits 3 'a token that is gone' sign -n git \
	-f token-only fresh2
hasnt 'usage:' 'is told in our own words'
exits 255 'a public key of which no token says that it is ours' sign \
	-n git -f rsa.pub f
has "^touchmark-ssh-keygen: key '[a-z0-9-]*': no token" 'goes to ssh-keygen, and we say why'
done_testing
