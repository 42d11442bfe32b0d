#!/bin/sh
# The end of a key: what goes is shown, a person means it, what belongs to it
# goes too and nothing else, and that it is gone is proved.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl pkcs11-tool softhsm2-util git setsid

CONF=$XDG_CONFIG_HOME/touchmark/config
cd "$T" || exit 1
softhsm_new release
key() {	# VERB NAME [OPTION...]
	v=$1
	shift
	touchmark key "$v" "$@" --pin-file "$PINFILE"
}
generate() {	# NAME [OPTION...]
	n=$1
	shift
	key generate "$n" --token release --module "$MODULE" "$@"
}
objects() {	# how many are on the token
	pkcs11-tool --module "$MODULE" --token-label release --login \
		--pin test-PIN -O 2>/dev/null | grep -c '^[A-Z].* Object\|^Data'
}
labels() {
	pkcs11-tool --module "$MODULE" --token-label release --login \
		--pin test-PIN -O 2>/dev/null |
		sed -n 's/^  label: *//p' | sort -u | tr '\n' ' '
}
for k in a:p256 b:rsa3072 c:p384 d:ed25519; do
	generate "${k%:*}" --algorithm "${k#*:}" >/dev/null || exit 1
done
git config -f "$CONF" touchmark.auditLog "$T/uses.log"
pki_root root
for k in a b; do
	key csr $k --subject "/CN=$k/O=Test" -o $k.csr || exit 1
	printf '%s\n' basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage=codeSigning >ext
	openssl x509 -req -in $k.csr -CA pki/root.pem -CAkey pki/root.key \
		-sha256 -set_serial "0x0$(printf %s $k | od -An -tx1 |
		tr -d ' ')" -days 90 -extfile ext -out $k.pem 2>/dev/null
	key import-cert $k $k.pem >/dev/null || exit 1
done
is "$(objects)" 14 'four pairs with their notes, and two certificates'

# ---- it must be meant ---------------------------------------------------------------

exits 2 'no name' touchmark key destroy
exits 3 'a key that is not there' key destroy nobody --yes
exits 2 'nobody to ask, and no --yes' key destroy a
has "^  p256 key 'a' in token 'release' " 'shows what would go'
has '^  public key sha256:[0-9a-f]{64}$' 'its public key'
has '^  certificate of CN=a,O=Test|^  certificate of O=Test,CN=a' \
	'its certificate'
has 'valid until 20' 'and until when that is good'
has 'uses? on record, the last one at 20' 'and when it was used last'
has 'hint: .*--yes' 'and how to mean it'
terminal() {	# WORD ARG...
	w=$1
	shift
	"$MOCK/terminal" --log screen --at 'to go on: ' --type "$w" "$@"
}
exits 2 'another name at the terminal' terminal b touchmark key destroy a \
	--pin-file "$PINFILE"
exits 2 'yes is no name' terminal yes touchmark key destroy a \
	--pin-file "$PINFILE"
is "$(objects)" 14 'nothing went'
is "$(git config -f "$CONF" touchmark.a.cert)" a-chain.pem 'nothing changed'

# ---- it goes with what is its own ----------------------------------------------------

ok 'its name at the terminal' terminal a touchmark key destroy a \
	--pin-file "$PINFILE"
cp screen out
has 'a: destroyed, 4 objects' 'key pair, note and certificate'
has 'absence proved: a new session' 'and the proof'
has 'its certificates stay in .*a-chain.pem' 'the file stays'
is "$(objects)" 10 'the others are there'
is "$(labels | grep -c '\<a\>')" 0 'none of them is of that name'
exits 1 'it is configured no more' git config -f "$CONF" --get-regexp \
	'^touchmark\.a\.'
exits 1 'and not the default' git config -f "$CONF" touchmark.key
[ -s "${CONF%/*}/a-chain.pem" ]
tap $? 'what it signed can be judged'
exits 3 'a second time' key destroy a --yes
cp uses.log out
has '"event":"destroying","key":"a"' 'the record has it before'
has '"event":"destroyed","key":"a".*4 objects.*absence proved' 'and after'
ok 'as JSON, a bare URI' key destroy --yes --json \
	"$(git config -f "$CONF" touchmark.c.uri)"
has '"status":"destroyed","token":"release","spki":"sha256:[0-9a-f]{64}"' \
	'tells which'
has '"objects":3,"absent":true' 'and that it is gone'
is "$(objects)" 7 'and no more than that'

# ---- what shares its names ------------------------------------------------------------

# Another key of the same label, and one of the same id.
pid=$(git config -f "$CONF" touchmark.b.uri | sed 's/.*;id=\([^;]*\).*/\1/')
bid=$(echo "$pid" | tr -d %)
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out s.key \
	2>/dev/null
softhsm2-util --import s.key --token release --label stranger --id "$bid" \
	--force --pin test-PIN >setup.log 2>&1
openssl req -x509 -key s.key -subj /CN=stranger -days 9 -outform DER \
	-out s.der 2>/dev/null
pkcs11-tool --module "$MODULE" --token-label release --login --pin test-PIN \
	--write-object s.der --type cert --id "$bid" --label stranger \
	>setup.log 2>&1
before=$(objects)
exits 3 'an id that two keys have' key destroy --yes \
	"pkcs11:token=release;id=$pid?module-path=$MODULE"
is "$(objects)" "$before" 'names none of them'
# Only the stranger's public key is hidden: what is shown is not what would go.
pkcs11-tool --module "$MODULE" --token-label release --login --pin test-PIN \
	--delete-object --type pubkey --label stranger >setup.log 2>&1
softhsm2-util --import s.key --token release --label veiled --id 5a5a \
	--force --pin test-PIN >setup.log 2>&1
pkcs11-tool --module "$MODULE" --token-label release --login --pin test-PIN \
	--delete-object --type pubkey --id 5a5a >setup.log 2>&1
openssl ecparam -name prime256v1 -genkey -noout -out v.key 2>/dev/null
openssl pkey -in v.key -pubout -outform DER -out v.der
pkcs11-tool --module "$MODULE" --token-label release --login --pin test-PIN \
	--write-object v.der --type pubkey --id 77 --label veiled \
	>setup.log 2>&1
exits 3 'a key behind the public key of another' key destroy --yes \
	"pkcs11:token=release;object=veiled?module-path=$MODULE"
has 'another key after the login than before it' 'is not destroyed'
ok 'the key with its label and id' key destroy --yes b
has 'b: destroyed, 4 objects' 'goes with its own'
case "$(labels)" in
*stranger*) r=0 ;;
*) r=1 ;;
esac
tap $r "the stranger of that id stays"
is "$(pkcs11-tool --module "$MODULE" --token-label release -O --type cert \
	2>/dev/null | grep -c '^Certificate')" 1 'and so does its certificate'

# ---- tokens that do not let go ----------------------------------------------------------

TMK_SHIM_MODULE=$MODULE
export TMK_SHIM_MODULE
through() {	# ACTION[,ACTION] ARG...
	act=$1
	shift
	TMK_SHIM=$act touchmark key destroy --yes --pin-file "$PINFILE" \
		"pkcs11:token=release;object=$1;type=private?module-path=$MOCK/shim.so"
}
generate e --algorithm p256 >/dev/null || exit 1
before=$(objects)
exits 3 'a token that prohibits it' through C_DestroyObject=0x1b e
has 'does not let the key go' 'is said so'
has 'nothing was destroyed' 'and that all is there'
has 'hint: such a key ends with its token' 'and what can be done'
exits 3 'a key that says so itself' through \
	C_DestroyObject=0x1b,C_GetAttributeValue=lasting e
has 'CKA_DESTROYABLE is false' 'by its attribute'
exits 3 'a token that fails' through C_DestroyObject=0x6 e
has 'nothing was destroyed: the module could not do it' 'has done nothing'
is "$(objects)" "$before" 'which is true'
exits 3 'a token that only says that it did' through \
	C_DestroyObject=pretend e
has 'still shows a private key' 'is found out'
grep -c '"destroy-failed","key":"pkcs11:token=release;object=e;' uses.log >n
is "$(cat n)" 4 'the record has each failure'
exits 3 'a token that fails in the middle' through C_DestroyObject=2@0x6 e
has 'the private key is destroyed, but not all that belongs to it' 'says so'
exits 3 'that is not signed with' touchmark sign -k e -t openpgp \
	--no-timestamp --pin-file "$PINFILE" out
ok 'what was left goes the second time' key destroy e --yes
is "$(objects)" "$((before - 3))" 'all of it'

# ---- what stands in its way ----------------------------------------------------------------

generate f --algorithm p256 >/dev/null || exit 1
chmod 000 uses.log
mv uses.log kept.log
mkdir uses.log
exits 4 'a record that cannot be written' key destroy f --yes
rmdir uses.log
mv kept.log uses.log
chmod 600 uses.log
ok 'kept the key' key destroy f --yes
generate g --algorithm p256 >/dev/null || exit 1
git config -f "$CONF" --add touchmark.g.uri 'pkcs11:token=elsewhere;object=g'
ok 'a key with a second place' key destroy g --yes
has 'it has 1 more place' 'says so'
is "$(git config -f "$CONF" --get-all touchmark.g.uri)" \
	'pkcs11:token=elsewhere;object=g' 'and keeps its section for it'
exits 3 'a wrong PIN' sh -c 'umask 077; echo other-PIN >wrong;
	touchmark key destroy d --yes --pin-file wrong'
ok 'the last one' key destroy d --yes

done_testing
