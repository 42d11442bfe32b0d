#!/bin/sh
# Several modules and tokens at once, some of them broken: those that work are
# found, and each key in its own.
if [ -z "${PRIVATE_SYSTEM-}" ] && [ "$(id -u)" = 0 ] &&
   unshare -m true 2>/dev/null; then
	PRIVATE_SYSTEM=1 exec unshare -m sh "$0"
fi
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=token-lib.sh
. "${0%/*}/token-lib.sh"
need flock softhsm2-util certutil p11-kit ssh-keygen

token_modules
for SOFTOKN in /usr/lib/*/libsoftokn3.so /usr/lib/*/nss/libsoftokn3.so \
	/usr/lib64/libsoftokn3.so; do
	[ ! -f "$SOFTOKN" ] || break
done
softhsm_new one
softhsm_new two
mkdir "$T/db"
(umask 077 && echo 12345678 >"$T/nss.pin")
ok 'a token of NSS' certutil -N -d "sql:$T/db" -f "$T/nss.pin"
cd "$T" || exit 1
echo 'no module' >broken.so
echo content >f
module() {	# NAME PATH [LINE]
	printf 'module: %s\n%s\n%s\n' "$2" "$MODULE_FOR" "${3-}" \
		>"$MODULES/touchmark-test-$1.module"
}
# In the order of their names.
module a "$T/broken.so"
module b "$T/missing.so"
module c "$SHIM"
module d "$SOFTOKN" "x-init-reserved: configdir='sql:$T/db' certPrefix='' keyPrefix='' secmod='secmod.db' flags='' dbTokenDescription='nss'"
module e "$MODULE"

# One that does not start, fails or shows nothing, before those that work.
# Its SoftHSM is another copy of the library, which starts and ends by itself.
cp "$MODULE" copy.so
TMK_SHIM_MODULE=$T/copy.so
export TMK_SHIM_MODULE
gen() {	# NAME TOKEN
	touchmark key generate "$1" --token "$2" --pin-file "$PINFILE" \
		--algorithm p256 --user 'A <a@e.org>'
}
sign() {	# KEY
	rm -f f.sig
	touchmark sign -k "$1" -t ssh --no-timestamp --pin-file "$PINFILE" f
}
# The shim shows the same tokens as SoftHSM: there would be two of each.
TMK_SHIM=C_Initialize=0x5
export TMK_SHIM
ok 'a key in one token' gen in-one one
ok 'and in the other' gen in-two two
git config -f "$CONFIG" --get-regexp '^touchmark.*uri' >out
hasnt 'module-path' 'found by the token alone'
for fault in C_Initialize=0x5 C_Initialize=0x30 C_GetSlotList=0x30 \
	C_GetTokenInfo=0xe1; do
	TMK_SHIM=$fault
	ok "$fault in one module: the list" touchmark key list
	is "$(grep -c '^in-one .*token=one' out)-$(grep -c \
		'^in-two .*token=two' out)" 1-1 'has both keys'
	for k in in-one in-two; do
		ok "$k signs" sign $k
	done
done
touchmark key export in-two --type ssh --allowed-signers >allowed
run_in f ssh-keygen -Y verify -f allowed -I a@e.org -n file -s f.sig
tap "$RC" 'with the key that was meant'
git config -f "$CONFIG" touchmark.moduleDeadline 5
TMK_SHIM=C_Initialize=hang
before=$(date +%s)
ok 'one module hangs' sign in-one
[ $(($(date +%s) - before)) -le 60 ]
tap $? 'and is not waited for'
git config -f "$CONFIG" --unset touchmark.moduleDeadline
TMK_SHIM=C_Initialize=0x5
exits 3 'a token that is nowhere' gen k nowhere
has 'no token matches the URI in any module' 'as is said'
has 'passed over: module .*cannot start' 'and what was not looked at'
TMK_SHIM=
exits 3 'one token in two modules' sign in-one
has '2 tokens match the URI' 'is not guessed'
has '^touchmark: hint: say which one' 'and what to do'
exits 3 'a path that is no module' touchmark key list --module "$T/broken.so"
has 'is not a PKCS#11 module that can be loaded' 'as is said'
done_testing
