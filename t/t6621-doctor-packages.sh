#!/bin/sh
# touchmark doctor: could rpm and apt check what the key that signs packages
# makes? What it says is held against touchmark sign.
. "${0%/*}/lib.sh"
. "${0%/*}/package-lib.sh"
. "${0%/*}/rpm-lib.sh"
. "${0%/*}/flow-lib.sh"
need softhsm2-util gpg git rpmbuild rpmkeys pkcs11-tool

flow_key rsa
flow_key curve p256
flow_key edwards ed25519
rpm_new hello
cd "$T" || exit 1
conf() {
	git config -f "$CONFIG" "$@"
}

# says EXIT RECEIVER PATTERN WHAT
says() {
	exits "$1" "$4" touchmark doctor --offline --receiver "$2"
	has "^[a-z]+ +receiver-$2 +would show verified: $3" "$2 is told so"
}

conf touchmark.key curve
says 1 rpm 'no because rpm 4\.18 and older cannot check the ECDSA .*curve' \
	'an ECDSA key'
has 'sign rpms with an RSA or Ed25519 key' 'and what to do'
exits 3 'which signing says too' embed hello.rpm
has 'rpm 4\.18 and older cannot check an ECDSA signature' 'in the same words'
says 0 apt 'unknown because apt there must have the public key' \
	'apt takes the curve'
has 'touchmark key export curve --type openpgp >.*signed-by' 'and how'
for k in rsa edwards; do
	conf touchmark.key $k
	says 0 rpm 'unknown because rpm there must have the public key' "$k"
	has "touchmark key export $k --type openpgp .*rpmkeys --import" 'and how'
	cp hello.rpm $k.rpm
	ok 'signing agrees' embed $k.rpm
	rpm_trusts $k.asc
	ok 'and rpm' judged $k.rpm
done
hasnt '^[a-z]+ +git' 'git is not looked at for them'
run touchmark doctor --offline --json
has '"id":"receiver-rpm","status":"warn"' 'rpm has its line'
has '"id":"receiver-apt","status":"warn"' 'and apt'
conf touchmark.key none
says 1 rpm 'no because ' 'a key that is not there'
conf touchmark.key rsa
TMK=$(conf touchmark.rsa.uri)
conf touchmark.rsa.uri "$(echo "$TMK" | sed 's/token=release/token=gone/')"
exits 1 'a token that is away' touchmark doctor --offline --receiver apt
has 'receiver-apt .*unknown because the key .rsa. was not seen' 'is not known'
conf touchmark.rsa.uri "$TMK"

# A key that others made in the token: no creation time, no user id.
pkcs11-tool --module "$MODULE" --token-label release --login --pin test-PIN \
	--keypairgen --key-type rsa:1024 --id 77 --label short \
	>"$T/setup.log" 2>&1 || { cat "$T/setup.log"; exit 1; }
conf touchmark.short.uri \
	"pkcs11:token=release;id=%77;type=private?module-path=$MODULE"
conf touchmark.key short
says 1 rpm 'no because the key .short. has no creation time' \
	'a key of unknown age'
has 'set touchmark\.short\.created' 'and what to do'
conf touchmark.short.created 1700000000
says 1 apt 'no because the key .short. has no userId' 'a key of nobody'
conf touchmark.short.userId 'Short <short@example.org>'
says 1 apt 'no because apt refuses RSA keys of less than 2048 bits' 'a weak key'

done_testing
