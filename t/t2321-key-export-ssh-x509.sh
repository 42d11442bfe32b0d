#!/bin/sh
# touchmark key export --type ssh and x509: what ssh-keygen, git and openssl
# read, and what must not get into a file of trusted keys.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
# SoftHSM keeps a few bytes of each Ed25519 signature: only its name in the stack
# tells the leak checker that they are not ours.
ASAN_OPTIONS=$ASAN_OPTIONS:fast_unwind_on_malloc=0:malloc_context_size=12
need softhsm2-util pkcs11-tool openssl ssh-keygen git

token_key dev dev@example.org
CONF=$CONFIG
cd "$T" || exit 1
for a in rsa3072 p384 ed25519; do
	touchmark key generate "k-$a" --token "$TOKEN" --module "$MODULE" \
		--pin-file "$PINFILE" --algorithm "$a" \
		--user "Key $a <$a@example.org>" >/dev/null || exit 1
done

# ---- ssh -------------------------------------------------------------------
# Without a PIN: the public key is all that is needed.
for a in rsa3072 p384 ed25519; do
	ok "$a" touchmark key export "k-$a" --type ssh
	is "$(wc -l <"$T/out")" 1 'is one line'
	has " Key $a <$a@example.org>\$" 'with the user id as its comment'
	cp "$T/out" key.pub
	ok 'ssh-keygen reads it' ssh-keygen -l -f key.pub
	# Base64 has a sign that grep does not take as it is.
	fp=$(cut -d' ' -f2 <"$T/out" | sed 's/+/[+]/g')
	ok 'JSON' touchmark key export "k-$a" --type ssh --json
	has "\"type\":\"ssh\",\"fingerprint\":\"$fp\",\"key\":\"(ssh|ecdsa)-" \
		'has the same fingerprint'
	ok 'key show' touchmark key show "k-$a" --no-login
	has "^SSH: $fp\$" 'as well'
done
ok 'the key of a certificate' touchmark key export dev --type ssh
has ' dev$' 'has its name as comment'
ssh-keygen -i -m PKCS8 -f pki/dev.pub >want.pub 2>/dev/null
is "$(cut -d' ' -f1,2 <"$T/out")" "$(cut -d' ' -f1,2 <want.pub)" \
	'and is the key that ssh-keygen makes of it'
uri=$(git config -f "$CONF" touchmark.k-p384.uri)
ok 'a URI that is a configured key' touchmark key export "$uri" --type ssh
has ' Key p384 <p384@example.org>$' 'has the user id of its section'

# ---- allowed signers -------------------------------------------------------
ok 'an allowed_signers line' touchmark key export k-ed25519 --type ssh \
	--allowed-signers
is "$(wc -l <"$T/out")" 1 'is one line'
has '^ed25519@example\.org namespaces="git,file" ssh-ed25519 [^ ]+$' \
	'of the address'
cp "$T/out" allowed
ok 'without a user id' touchmark key export dev --type ssh --allowed-signers
has '^dev@example\.org namespaces=' 'it is the address of the certificate'
cat "$T/out" >>allowed
echo data >f
ok 'a signature' touchmark sign -k k-ed25519 --pin-file "$PINFILE" -t ssh f
run_in f ssh-keygen -Y verify -f allowed -I ed25519@example.org -n file \
	-s f.sig
is "$RC" 0 'is good by it'
run_in f ssh-keygen -Y verify -f allowed -I dev@example.org -n file -s f.sig
is "$RC" 255 'and not by the line of another'
run_in f ssh-keygen -Y find-principals -f allowed -s f.sig
is "$RC" 0 'ssh-keygen finds'
has '^ed25519@example.org$' 'the principal'

# A user id must not become more than one key of one signer.
for mail in '*@example.org' 'a?@e.org' '!a@e.org' 'a,b@e.org' 'a"b@e.org' \
	'#a@e.org' "a'b@e.org"; do
	git config -f "$CONF" touchmark.k-ed25519.userId "X <$mail>"
	exits 2 "the address $mail" touchmark key export k-ed25519 \
		--type ssh --allowed-signers
	hasnt 'ssh-ed25519' 'is no principal'
done
git config -f "$CONF" touchmark.k-ed25519.userId "X <a@e.org>
* ssh-ed25519 AAAA"
run touchmark key export k-ed25519 --type ssh --allowed-signers
[ "$RC" != 0 ]
tap $? 'a user id of two lines is refused'
hasnt '^\*' 'and makes no line'
run touchmark key export k-ed25519 --type ssh
[ "$RC" != 0 ] || [ "$(wc -l <"$T/out")" = 1 ]
tap $? 'nor does it in a public key'
hasnt '^\*' 'it makes no line there'
git config -f "$CONF" --unset touchmark.k-ed25519.userId
exits 2 'no address at all' touchmark key export k-ed25519 --type ssh \
	--allowed-signers
has 'touchmark.k-ed25519.userId ' 'says how to set one'
exits 2 '--allowed-signers with another type' touchmark key export dev \
	--type x509 --allowed-signers
exits 2 '--no-armor with another type' touchmark key export dev --type ssh \
	--no-armor

# ---- certificates ----------------------------------------------------------
ok 'certificates' touchmark key export dev --type x509
cp "$T/out" dev.pem
is "$(openssl x509 -in dev.pem -noout -fingerprint -sha256)" \
	"$(openssl x509 -in pki/dev.pem -noout -fingerprint -sha256)" \
	'the one of the file'
pki_root root
pki_leaf root issuing '' basicConstraints=critical,CA:TRUE,pathlen:0 \
	keyUsage=critical,keyCertSign,cRLSign
cp pki/ca.pem ca.keep && cp pki/ca.key key.keep
cp pki/issuing.pem pki/ca.pem && cp pki/issuing.key pki/ca.key
token_leaf dev dev@example.org
mv ca.keep pki/ca.pem && mv key.keep pki/ca.key
cat pki/root.pem pki/issuing.pem pki/dev.pem >heap.pem
git config -f "$CONF" touchmark.dev.cert "$T/heap.pem"
ok 'a heap of certificates' touchmark key export dev --type x509
cp "$T/out" chain.pem
is "$(grep -c BEGIN chain.pem)" 2 'becomes a chain without its root'
is "$(openssl x509 -in chain.pem -noout -fingerprint -sha256)" \
	"$(openssl x509 -in pki/dev.pem -noout -fingerprint -sha256)" \
	'its leaf first'
ok 'openssl takes it' openssl verify -CAfile pki/root.pem \
	-untrusted chain.pem chain.pem
ok 'JSON' touchmark key export dev --type x509 --json
has "\"fingerprint\":\"sha256:$(sha256_of dev)\",\"key\":\"-----BEGIN CERT" \
	'has it with its fingerprint'
ok 'written to the token' touchmark key import-cert dev heap.pem
git config -f "$CONF" --unset touchmark.dev.cert
ok 'certificates of the token' touchmark key export dev --type x509
cp "$T/out" token.pem
ok 'are the same' cmp token.pem chain.pem
exits 3 'no certificate' touchmark key export k-rsa3072 --type x509
has 'touchmark key csr' 'says what to do'
cp pki/ca.pem other.pem
git config -f "$CONF" touchmark.dev.cert "$T/other.pem"
exits 3 'certificates of other keys' touchmark key export dev --type x509
hasnt 'BEGIN' 'are not given out'
done_testing
