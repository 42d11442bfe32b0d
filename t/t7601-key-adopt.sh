#!/bin/sh
# A key that came on a token of the CA's: taken under a name when it is one, is
# good for signing, and proves to be the certificate's.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl pkcs11-tool softhsm2-util git

CONF=$XDG_CONFIG_HOME/touchmark
cd "$T" || exit 1
pki_root root
pki_leaf root issuing '' basicConstraints=critical,CA:TRUE,pathlen:0 \
	keyUsage=critical,keyCertSign,cRLSign \
	'authorityInfoAccess=caIssuers;URI:http://ca.example.org/root.cer'
cat pki/root.pem pki/issuing.pem >pki/both.pem
tool() {	# TOKEN ARG...
	t=$1
	shift
	pkcs11-tool --module "$MODULE" --token-label "$t" --login \
		--pin test-PIN "$@"
}
# token NAME: a token with a key and its certificate, as a CA sends it.
token() {
	softhsm_new "$1"
	pki_leaf issuing "$1" "$1@example.org"
	openssl pkcs8 -topk8 -nocrypt -in "pki/$1.key" -out "$1.p8"
	if ! softhsm2-util --import "$1.p8" --token "$1" \
		--label "${2:-$1}" --id 0a0b --pin test-PIN >setup.log 2>&1
	then
		cat setup.log
		echo 'not ok - prepared: no key in the token'
		exit 1
	fi
}
put() {	# TOKEN PEM [ID]
	openssl x509 -in "$2" -outform DER -out put.der &&
	tool "$1" --write-object put.der --type cert --id "${3:-0a0b}" \
		--label 'CA cert' >setup.log 2>&1
}
adopt() {	# NAME TOKEN [OPTION...]
	n=$1 t=$2
	shift 2
	touchmark key adopt "$n" --token "$t" --module "$MODULE" \
		--pin-file "$PINFILE" "$@"
}

PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:3072'
token ev 'The CA Key'

# ---- what is not taken -----------------------------------------------------------

exits 2 'no token' touchmark key adopt a
exits 2 'no name' touchmark key adopt --token ev
exits 2 'a token and a URI' touchmark key adopt a pkcs11:token=ev --token ev
exits 2 'a name that is none' adopt ../a ev
exits 2 'an environment that is none' adopt a ev --env live
exits 3 'a token that is not there' adopt a nothing
exits 3 'a token without a certificate' adopt a ev
has 'no certificate on the token' 'says so'
has 'hint: give it: --cert FILE' 'and what to do'
pki_leaf issuing other other@example.org
put ev pki/other.pem 0c
exits 3 'another certificate alone' adopt a ev
exits 3 "another key's certificate, given" adopt a ev --cert pki/other.pem
PKI_DAYS=1 PKI_AT='3 days ago' pki_leaf issuing ev ev@example.org
exits 3 'a certificate that has ended' adopt a ev --cert pki/ev.pem
pki_leaf issuing ev ev@example.org basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth
exits 3 'one for TLS' adopt a ev --cert pki/ev.pem
[ ! -e "$CONF/config" ] && [ ! -e "$CONF/a-chain.pem" ]
tap $? 'nothing was configured or kept'

# ---- what is ----------------------------------------------------------------------

pki_leaf issuing ev ev@example.org
put ev pki/ev.pem
ok 'a key and its certificate on the token' adopt ca-key ev --env test \
	--user 'E V <ev@example.org>'
has "^ca-key: rsa3072 key adopted from token 'ev'\$" 'says what it is'
has 'certificate of CN=ev,O=Test, proved by a signature; 0 inter' 'and how'
has 'if CN=issuing,O=Test is no root .*import-cert ca-key' \
	'what the chain lacks'
has '^not proved:$' 'and what nobody knows'
has 'CKA_LOCAL is false' 'it was made elsewhere'
has "the module's word alone" 'and where else it is'
git config -f "$CONF/config" -l >out
has '^touchmark.ca-key.uri=pkcs11:token=ev;id=%0A%0B;object=The%20CA%20Key;' \
	'its URI'
has '^touchmark.ca-key.env=test$' 'its environment'
has '^touchmark.ca-key.cert=ca-key-chain.pem$' 'its certificate'
has '^touchmark.ca-key.userid=E V <ev@example.org>$' 'whose it is'
has '^touchmark.ca-key.created=[0-9]+$' 'a creation time'
has '^touchmark.key=ca-key$' 'the first one is the default'
hasnt 'pin' 'the PIN file is not kept'
echo content >f
ok 'it signs' touchmark sign --no-timestamp --pin-file "$PINFILE" f
ok 'openssl takes it' openssl cms -verify -binary -inform DER -in f.p7s \
	-content f -CAfile pki/both.pem -purpose any -out /dev/null
exits 2 'the same name again' adopt ca-key ev
exits 2 'the same key by another name' adopt again ev
has "configured already, as 'ca-key'" 'is told by which'
git config -f "$CONF/config" --remove-section touchmark.ca-key
ok 'as JSON, with the intermediate' adopt whole ev --json \
	--untrusted pki/issuing.pem --untrusted pki/root.pem
has '"status":"adopted".*"intermediates":1,"missing":null' 'it is whole'
has '"unproved":\["it was not made in the token' 'and what is not proved'
is "$(grep -c '^-----BEGIN' "$CONF/whole-chain.pem")" 2 'the root is left out'
put ev pki/issuing.pem 77
git config -f "$CONF/config" --remove-section touchmark.whole
ok 'with the intermediate on the token' adopt third ev \
	--cert pki/ev.pem
has '; 1 intermediate$' 'is found there'
has 'offers it at http://ca.example.org/root.cer \(nothing was fetched\)' \
	'and where the rest is to be had'

# ---- one of several ---------------------------------------------------------------

pki_leaf issuing two two@example.org
openssl pkcs8 -topk8 -nocrypt -in pki/two.key -out two.p8
softhsm2-util --import two.p8 --token ev --label 'Other' --id 0d \
	--pin test-PIN >setup.log 2>&1
put ev pki/two.pem 0d
exits 3 'two private keys' adopt two ev
has '2 private keys are on the token: pkcs11:.*pkcs11:' 'are listed'
has 'hint: say which one: touchmark key adopt NAME URI' 'one is to be named'
ok 'one of them by its URI' touchmark key adopt two 'pkcs11:token=ev;id=%0D' \
	--module "$MODULE" --pin-file "$PINFILE"
has 'certificate of CN=two,' 'is the one'
softhsm2-util --import pki/other.key --token ev --label 'Other' --id 0d \
	--force --pin test-PIN >setup.log 2>&1
exits 3 'two keys of one label and id' touchmark key adopt clash \
	'pkcs11:token=ev;id=%0D' --module "$MODULE" --pin-file "$PINFILE"
has '2 private keys' 'are none'

# ---- keys that are of no use --------------------------------------------------------

TMK_SHIM_MODULE=$MODULE
export TMK_SHIM_MODULE
shim() {	# ACTION NAME TOKEN
	TMK_SHIM=$1 touchmark key adopt "$2" --token "$3" \
		--module "$MOCK/shim.so" --pin-file "$PINFILE"
}
PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:2048'
token weak
put weak pki/weak.pem
exits 3 'a weak key' adopt weak weak
has 'of no use: .*2048|of no use: RSA' 'is refused'
PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:3072'
token liar
put liar pki/liar.pem
# A token that shows the public key of the certificate, and signs with another.
exits 3 'a token that shows one key and signs with another' \
	shim C_Sign=lie liar liar
has 'does not verify' 'proves nothing'
exits 3 'a key that may not sign' shim C_GetAttributeValue=no-sign dec liar
has 'CKA_SIGN is false' 'is refused'
ok 'the same token without these' shim C_Nothing=lie good liar
git config -f "$CONF/config" -l >out
hasnt '^touchmark\.(dec|weak|liar|clash)\.' 'none of them is configured'

done_testing
