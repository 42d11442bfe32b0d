#!/bin/sh
# What an OpenPGP key depends on is kept in the token; a token that keeps no
# data objects is told, and is no failure.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# SoftHSM keeps a few bytes of each Ed25519 signature: only its name in the stack
# tells the leak checker that they are not ours.
ASAN_OPTIONS=$ASAN_OPTIONS:fast_unwind_on_malloc=0:malloc_context_size=12
need softhsm2-util pkcs11-tool gpg git

softhsm_new release
CONF=$XDG_CONFIG_HOME/touchmark/config
SHIM=$MOCK/shim.so
TMK_SHIM_MODULE=$MODULE
export TMK_SHIM_MODULE
cd "$T" || exit 1
gen() {
	TMK_SHIM=$1 touchmark key generate "$2" --token release \
		--module "$SHIM" --pin-file "$PINFILE" --algorithm "$3" \
		--user 'A <a@e.org>'
}
export_key() {	# SHIM NAME FILE
	TMK_SHIM=$1 touchmark key export "$2" --type openpgp \
		--pin-file "$PINFILE" >"$3" 2>err
	rc=$?
	cat err
	return "$rc"
}

for a in p256 ed25519; do
	ok "$a: a token that keeps no data objects" gen C_CreateObject=0xd1 \
		"k-$a" $a
	has 'note: the creation time is in the configuration alone' 'is told'
	has "^k-$a: $a key made" 'the key is made'
	ok 'export' export_key C_CreateObject=0xd1 "k-$a" one.asc
	cp "$T/out" said
	ok 'again' export_key C_CreateObject=0xd1 "k-$a" two.asc
	if [ $a = p256 ]; then
		grep -q 'another export will differ' said
		tap $? 'ECDSA: a warning says that another export will differ'
		! cmp -s one.asc two.asc
		tap $? 'and it does'
	else
		ok 'the same bytes' cmp one.asc two.asc
	fi
	gpg --batch --import one.asc >/dev/null 2>&1
	ok 'the same key in any case' gpg --batch --import two.asc
	is "$(gpg --batch --with-colons --list-keys | grep -c '^pub:')" \
		"$([ $a = p256 ] && echo 1 || echo 2)" 'as gpg sees it'
	ok 'a token that keeps them' export_key '' "k-$a" three.asc
	ok 'again' export_key '' "k-$a" four.asc
	ok 'the same bytes' cmp three.asc four.asc
	hasnt 'note|warning' 'and no word'
done

# One PIN: the object is written with the login that made the key, and read
# without one.
rm -f calls
TMK_SHIM_LOG=$T/calls
export TMK_SHIM_LOG
ok 'a key' gen '' k-one ed25519
is "$(grep -c '^C_Login$' calls)" 1 'is made with one login'
is "$(grep -c '^C_CreateObject$' calls)" 1 'its object as well'
rm calls
ok 'the fingerprints' env TMK_SHIM= touchmark key show k-one --no-login
has '^OpenPGP: ' 'are shown'
! grep -q '^C_Login$' calls
tap $? 'without any'
rm calls
ok 'ECDSA' gen '' k-two p256
rm calls
ok 'its OpenPGP key' export_key '' k-two k-two.asc
is "$(grep -c '^C_Login$' calls)" 1 'is exported with one login'
rm calls
ok 'again' export_key '' k-two k-two.asc
is "$(grep -c '^C_CreateObject$' calls)" 0 'and nothing is written again'
unset TMK_SHIM_LOG

# A token that dies over it costs the note, not the key.
ok 'a device error' gen C_CreateObject=0x30 k-dev p256
has 'note: the creation time is in the configuration alone' 'is told'
ok 'the key is there' touchmark key show k-dev --no-login
# A token that cannot be read is an error, not an absent object.
git config --file "$CONF" --unset touchmark.k-p256.created
exits 3 'a device error when it is read' export_key \
	'C_FindObjectsInit=0x30' k-p256 x.asc
hasnt 'choose it once' 'is no reason to choose another creation time'
[ ! -s x.asc ]
tap $? 'and nothing is printed'

# A self-signature that is not one is not given out.
pkcs11-tool --module "$MODULE" --token-label release --login --pin test-PIN \
	--list-objects --type data 2>/dev/null |
	sed -n "s/^ *label: *'\(openpgp-sig-.*\)'/\1/p" >labels
[ -s labels ]
tap $? 'the token keeps a self-signature'
while read -r label; do
	pkcs11-tool --module "$MODULE" --token-label release --login \
		--pin test-PIN --delete-object --type data --label "$label" \
		>/dev/null 2>&1
	echo junk >junk
	pkcs11-tool --module "$MODULE" --token-label release --login \
		--pin test-PIN --write-object junk --type data --label "$label" \
		--application-label touchmark >/dev/null 2>&1
done <labels
ok 'junk in its place' export_key '' k-p256 five.asc
has 'a new one takes its place' 'is replaced'
ok 'the key is good' gpg --batch --import five.asc
ok 'and again' export_key '' k-p256 six.asc
ok 'the same bytes' cmp five.asc six.asc
done_testing
