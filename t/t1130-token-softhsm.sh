#!/bin/sh
# The user's road over SoftHSM2, which lacks nothing.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=token-lib.sh
. "${0%/*}/token-lib.sh"
need softhsm2-util

softhsm_new tmk-softhsm
token_suite "$MODULE" tmk-softhsm

# A token that forgets with a copy where the key was made: it is made in place.
forgetful() {
	TMK_SHIM=C_CopyObject=forgetful TMK_SHIM_LOG=$T/calls \
		touchmark key generate forgetful --token tmk-softhsm \
		--module "$SHIM" --pin-file "$PINFILE" --algorithm p256 \
		--user 'A <a@e.org>'
}
: >"$T/calls"
ok 'a token that forgets with a copy' forgetful
is "$(token_calls C_GenerateKeyPair)" 2 'makes the key in its place'
is "$(token_calls C_DestroyObject)" 4 'and nothing else stays'
ok 'the key' touchmark key show forgetful --pin-file "$PINFILE"
has '^ +CKA_LOCAL +true$' 'was made in the token'
has '^ +CKA_NEVER_EXTRACTABLE +true$' 'and never was extractable'
has '^ +CKA_MODIFIABLE +true$' 'which is all that it costs'
done_testing
