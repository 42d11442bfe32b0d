#!/bin/sh
# The transcript of a key's birth: what stands in it, who signs it, and that a
# policy can ask for its witnesses.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util sha256sum faketime

token_key alice alice@example.org
token_key bob bob@example.org
token_key eve eve@example.org
softhsm_new prod
cd "$T" || exit 1
ceremony() {	# NAME FILE [OPTION...]
	n=$1 f=$2
	shift 2
	touchmark key generate "$n" --token prod --module "$MODULE" \
		--pin-file "$PINFILE" --algorithm "${ALGORITHM:-p256}" \
		--ceremony "$f" "$@"
}
keys() {
	pkcs11-tool --module "$MODULE" --token-label prod --login \
		--pin test-PIN -O --type privkey 2>/dev/null | grep -c Private
}
configured() {
	git config -f "$CONFIG" "touchmark.$1.$2"
}

# ---- refused before there is a key --------------------------------------------

exits 2 'a witness without a name' ceremony k c --witness alice@example.org
has 'has no name' 'is said'
exits 2 'a witness without an address' ceremony k c --witness Alice
exits 2 'one witness twice' ceremony k c --witness 'A <a@e.org>' \
	--witness 'B <A@E.org>'
has 'named twice' 'is said'
exits 2 'an environment that is none' ceremony k c --env live
has 'dev, test or prod' 'and which there are'
echo old >there
exits 2 'a transcript that is there already' ceremony k there
has 'never overwritten' 'stays'
is "$(cat there)" old 'as it was'
ln -s nowhere dangling
exits 2 'nor is a link followed' ceremony k dangling
exits 2 'a folder that is not there' ceremony k no/such/c
exits 2 'a witness of nothing' touchmark key generate k --token prod \
	--module "$MODULE" --pin-file "$PINFILE" --witness 'A <a@e.org>'
has 'goes with --ceremony' 'is said'
exits 2 'a subject of nothing' ceremony k c --subject /CN=x
has 'go with --csr' 'is said'
ALGORITHM=ed25519
exits 3 'a request for a key that has none' ceremony k c --csr r \
	--subject /CN=x
ALGORITHM=
is "$(keys)" 0 'nothing of this made a key'
[ ! -e c ] && [ ! -e r ]
tap $? 'nor a file'

# ---- the transcript ------------------------------------------------------------

ok 'a ceremony' ceremony release born.txt --env prod \
	--user 'Release <release@example.org>' \
	--csr release.csr --subject '/CN=Release Team/O=Example' \
	--email release@example.org --witness 'Alice A <alice@example.org>' \
	--witness 'Bob B <bob@example.org>'
has '^transcript: born.txt; each witness signs it' 'says what comes next'
is "$(configured release env)" prod 'the section has its environment'
is "$(sed -n 1p born.txt)" 'touchmark key ceremony 1' 'its first line'
cp born.txt out
uri=$(configured release uri)
touchmark key export release --type x509 >/dev/null 2>&1
spki=$(openssl req -in release.csr -noout -pubkey | openssl pkey -pubin \
	-outform DER | sha256sum | cut -d' ' -f1)
has "^Public key \\(SPKI\\): +sha256:$spki\$" 'the public key'
has "^Certificate request: +sha256:$(sha256sum <release.csr |
	cut -d' ' -f1)\$" 'the request'
has '^Time: +20[0-9-]+T[0-9:]+Z$' 'when'
has "^Made by: +.* \\(uid $(id -u)\\) on " 'who'
has '^Software: +touchmark [0-9]' 'with what'
has '^Key: +release$' 'what'
has '^Environment: +prod$' 'for what'
has '^Algorithm: +p256$' 'of which kind'
has '^Label: +prod$' 'the token'
has '^Serial number: +[0-9a-f]+$' 'its number'
has '^token-firmware: +[0-9.]+$' 'its firmware'
has "^module: +$MODULE\$" 'the module'
has "^module-sha256: +$(sha256sum <"$MODULE" | cut -d' ' -f1)\$" \
	'and its bytes'
has '^CKA_KEY_GEN_MECHANISM: +CKM_EC_KEY_PAIR_GEN$' 'how it was made'
for a in SENSITIVE ALWAYS_SENSITIVE NEVER_EXTRACTABLE LOCAL SIGN PRIVATE; do
	has "^CKA_$a: +true\$" "CKA_$a is true"
done
for a in EXTRACTABLE DECRYPT UNWRAP DERIVE SIGN_RECOVER MODIFIABLE; do
	has "^CKA_$a: +false\$" "CKA_$a is false"
done
has 'as its module asserts them' 'which the module alone asserts'
has '^1\. Alice A <alice@example.org>$' 'the first witness'
has '^2\. Bob B <bob@example.org>$' 'the second'
is "$(grep -c 'date and signature: ___' born.txt)" 3 'room for three'
hasnt 'test-PIN|pin-source' 'no PIN, and not where it is'

# The same things in the same order, whoever makes them.
ok 'another one' ceremony second other.txt
for f in born other; do
	sed 's/:.*//' $f.txt | grep -v '^[0-9]\. \|date and\|^$' >$f.names
done
ok 'has the same lines in the same order' diff born.names other.names
cp other.txt out
has '^Certificate request: +none$' 'no request'
has '^Environment: +none$' 'no environment'

# What the module keeps to itself is not said to be false.
TMK_SHIM_MODULE=$MODULE
TMK_SHIM='C_GetAttributeValue=stop-early'
export TMK_SHIM_MODULE TMK_SHIM
ok 'a module that stops at what it does not know' touchmark key generate \
	third --token prod --module "$MOCK/shim.so" --pin-file "$PINFILE" \
	--algorithm p256 --ceremony third.txt
unset TMK_SHIM
cp third.txt out
has '^CKA_SENSITIVE: +true$' 'tells the others'
has "^module: +$MOCK/shim.so\$" 'under its own name'

# A key is never born unseen.
git config -f "$CONFIG" touchmark.auditLog "$T/no.log"
mkdir no.log
exits 4 'a record that cannot be written' touchmark key generate unseen \
	--token prod --module "$MODULE" --pin-file "$PINFILE" --algorithm p256
is "$(keys)" 3 'no key is made'
rmdir no.log
git config -f "$CONFIG" touchmark.auditLog "$T/births.log"
ok 'with a record' touchmark key generate seen --token prod \
	--module "$MODULE" --pin-file "$PINFILE" --algorithm p256
cp births.log out
has '"event":"generating","key":"seen"' 'it is there before'
has '"event":"generated","key":"seen","spki":"sha256:' 'and after'
git config -f "$CONFIG" --unset touchmark.auditLog

# ---- the witnesses sign -----------------------------------------------------------

sign() {
	touchmark "$@" --no-timestamp --pin-file "$PINFILE"
}
{
	printf '[trust]\n\troots = %s\n\trevocation = off\n' "$T/pki/ca.pem"
	printf '[role "witnesses"]\n'
	printf '\tmember = %s@example.org\n' alice bob
	printf '[artefact "*born.txt"]\n\trole = witnesses\n\tthreshold = 2\n'
} >witnesses.policy
ok 'the first witness' sign sign -k alice born.txt
exits 1 'one is not enough' touchmark verify --policy witnesses.policy \
	born.txt
has 'threshold-unmet: 1 of 2' 'is why'
ok 'a stranger signs as well' sign approve -k eve born.txt born.txt.p7s
exits 1 'does not count' touchmark verify --policy witnesses.policy born.txt
has 'threshold-unmet: 1 of 2' 'as a witness'
ok 'the second witness' sign approve -k bob born.txt born.txt.p7s
ok 'two are' touchmark verify --policy witnesses.policy born.txt
ok 'openssl verifies all three' openssl cms -verify -binary -inform DER \
	-in born.txt.p7s -content born.txt -CAfile pki/ca.pem -purpose any \
	-out /dev/null
sed 's/^CKA_EXTRACTABLE:\( *\)false/CKA_EXTRACTABLE:\1true /' born.txt >x
cp born.txt.p7s x.p7s
exits 1 'a transcript that was changed' touchmark verify x x.p7s \
	--roots pki/ca.pem
has 'signature-bad' 'is none'

# ---- and the time is proved ---------------------------------------------------------

tsa_new tsa
tsa_start tsa
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
git config -f "$CONFIG" touchmark.tsaRoots "$T/pki/tsa-root.pem"
ok 'a ceremony with an authority' ceremony fourth stamped.txt
ok 'openssl verifies its timestamp' openssl ts -verify -data stamped.txt \
	-in stamped.txt.tst -token_in -CAfile pki/tsa-root.pem
tsa_stop
git config -f "$CONFIG" touchmark.timestamp require
exits 5 'an authority that is down, and is required' ceremony fifth late.txt
has "the key 'fifth' is made and configured" 'is told with what there is'
has 'late.txt, but it has no timestamp' 'and what is missing'
[ -n "$(configured fifth uri)" ] && [ -s late.txt ]
tap $? 'which is true'
[ -n "$uri" ]
tap $? 'the key has its URI'
is "$(keys)" 6 'six keys were made'

done_testing
