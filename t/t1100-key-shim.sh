#!/bin/sh
# A PKCS#11 module that misbehaves, seen from the command line: one clear
# error, exit 3, in time, and no signature file left behind.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need softhsm2-util openssl timeout

softhsm_new given
ok 'a key and its certificate' touchmark init --name k --user 'A <a@e.org>' \
	--token given --module "$MODULE" --pin-file "$PINFILE" --algorithm p256
CONF=$XDG_CONFIG_HOME/touchmark/config
SHIM=$MOCK/shim.so
[ -f "$SHIM" ]
tap $? 'the shim is built'
git config --file "$CONF" touchmark.k.uri |
	sed "s|module-path=[^&]*|module-path=$SHIM|" >"$T/uri"
git config --file "$CONF" touchmark.k.uri "$(cat "$T/uri")"
git config --file "$CONF" touchmark.moduleDeadline 60
TMK_SHIM_MODULE=$MODULE
TMK_SHIM_LOG=$T/calls
export TMK_SHIM_MODULE TMK_SHIM_LOG
echo content >"$T/file"

# sign ACTIONS: touchmark sign through the shim; its log begins anew.
sign() {
	: >"$T/calls"
	rm -f "$T/file.p7s"
	TMK_SHIM=$1 timeout 120 touchmark sign -k k --pin-file "$PINFILE" \
		--no-timestamp "$T/file"
}

no_file() {
	[ ! -e "$T/file.p7s" ] && [ -z "$(find "$T" -maxdepth 1 -name 'file*' \
		! -name file)" ]
	tap $? "$1: nothing is left behind"
}

ok 'a module that only forwards' sign ''
[ -s "$T/file.p7s" ]
tap $? 'the signature is there'
cp "$T/calls" "$T/out"
has '^C_Logout$' 'it was logged out'
has '^C_CloseSession$' 'the session was closed'
has '^C_Finalize$' 'the module was finalised'
hasnt '^C_CreateObject|^C_GenerateKeyPair' 'nothing was made on the token'
hasnt ' 0x(11|12[3-8])( |$)' 'no secret attribute was read'
is "$(grep -c '^C_Login' "$T/calls")" 1 'one login'
is "$(grep -c '^C_Sign$' "$T/calls")" 1 'one signature'

git config --file "$CONF" touchmark.moduleDeadline 1
for call in C_Initialize C_GetSlotList C_OpenSession C_Login C_FindObjects \
	C_GetAttributeValue C_SignInit C_Sign; do
	exits 3 "$call hangs" sign "$call=hang"
	has "did not answer .* within 1 s" 'says so'
	has '^touchmark: hint: ' 'with a hint'
	no_file "$call hangs"
done
git config --file "$CONF" touchmark.moduleDeadline 60
exits 3 'a module that does not start' sign C_Initialize=0x5
has 'the module cannot start' 'says so'
has '^touchmark: hint: .*SOFTHSM2_CONF' 'and where to look'
exits 3 'device error' sign C_Sign=0x30
has 'reader reports an error' 'says so'
no_file 'device error'
exits 3 'the token is taken out' sign C_Sign=0x32
has 'the token was removed' 'says so'
exits 3 'a short signature' sign C_Sign=short
has '63 bytes instead of 64' 'says so'
no_file 'a short signature'
run sign C_Sign=lie
[ "$RC" != 0 ]
tap $? 'a signature that is wrong is not given out'
no_file 'a lie'
run sign C_Sign=die
[ "$RC" -gt 128 ]
tap $? 'a module that aborts takes the program with it'
no_file 'an abort'

exits 3 'locked' sign C_GetTokenInfo=locked
has 'PIN of token given is locked' 'says so'
hasnt 'test-PIN' 'without the PIN'
exits 3 'the last try' sign C_GetTokenInfo=final-try
has 'last try is not spent' 'says so'
is "$(grep -c '^C_Login' "$T/calls")" 0 'and no login was tried'
exits 3 'few tries' sign C_GetTokenInfo=count-low
has 'only a person may try' 'says so'
is "$(grep -c '^C_Login' "$T/calls")" 0 'and no login was tried'
exits 3 'a wrong PIN' sign C_Login=0xa0
has 'wrong PIN' 'says so'
is "$(grep -c '^C_Login' "$T/calls")" 1 'and it was tried once'
ok 'another process is logging in' sign 'C_Login=1@0x5,C_Initialize=1@0x5'
# Together longer than the deadline, each far from it.
git config --file "$CONF" touchmark.moduleDeadline 5
ok 'slow, but not too slow' sign 'C_Login=delay:2600,C_Sign=delay:2600'

done_testing
