#!/bin/sh
# One key on two tokens: when the first is gone or broken the second signs;
# when its PIN is wrong the second is not even looked at.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=token-lib.sh
. "${0%/*}/token-lib.sh"
need softhsm2-util openssl git ssh-keygen

TMK_SHIM_MODULE=$MODULE
TMK_SHIM_LOG=$T/calls
export TMK_SHIM_MODULE TMK_SHIM_LOG
softhsm_new first
softhsm_new second
pki_root ca
pki_leaf ca dev dev@example.org
pki_leaf ca other other@example.org
cd "$T" || exit 1
echo content >f
(umask 077 && echo 4321 >wrong)
put() {	# TOKEN NAME ID
	openssl pkcs8 -topk8 -nocrypt -in "pki/$2.key" -out "$2.p8" &&
	softhsm2-util --import "$2.p8" --token "$1" --pin test-PIN --label "$2" \
		--id "$3"
}
ok 'the key in the first token' put first dev 11
ok 'and in the second' put second dev 12
ok 'and another key' put second other 13

# places PIN-FILE URI-PATH...: the key's places; each but the first with the
# right PIN.
place() {	# TOKEN ID PIN-FILE [MODULE]
	echo "pkcs11:token=$1;id=%$2;type=private?module-path=${4:-$SHIM}&pin-source=file:$3"
}
mkdir -p "${CONFIG%/*}"
places() {	# URI...
	git config -f "$CONFIG" --unset-all touchmark.dev.uri
	for u; do
		git config -f "$CONFIG" --add touchmark.dev.uri "$u"
	done
	: >"$T/calls"
}
git config -f "$CONFIG" touchmark.dev.cert "$T/pki/dev.pem"
sign() {	# [SHIM]
	rm -f f.p7s
	TMK_SHIM=${1-} timeout 120 touchmark sign -k dev --no-timestamp f
}
judged() {
	ok "$1" openssl cms -verify -binary -inform DER -in f.p7s -content f \
		-CAfile pki/ca.pem -purpose any -out /dev/null
}
unsigned() {
	[ ! -e f.p7s ]
	tap $? 'and nothing is signed'
}
FIRST=$(place first 11 "$PINFILE")
SECOND=$(place second 12 "$PINFILE")

places "$FIRST" "$SECOND"
ok 'both are there' sign
judged 'it signs'
is "$(token_calls C_Login)" 1 'with one login'

# ---- a device that fails ------------------------------------------------------

places "$(place absent 11 "$PINFILE")" "$SECOND"
ok 'the first is gone' sign
judged 'the second signs'
is "$(token_calls C_Login)" 1 'with its login alone'
echo 'no module' >broken.so
places "$(place first 11 "$PINFILE" "$T/broken.so")" "$SECOND"
ok "the first's module is none" sign
judged 'the second signs'
places "$(place first 11 "$PINFILE" "$T/missing.so")" "$SECOND"
ok "the first's module is missing" sign
judged 'the second signs'
for fault in C_OpenSession=1@0x30 C_Login=1@0x30 C_Login=1@0x32 \
	C_FindObjectsInit=1@0x30; do
	places "$FIRST" "$SECOND"
	ok "the first fails: $fault" sign $fault
	judged 'the second signs'
done
places "$FIRST" "$SECOND"
ok 'a key without the first' sign C_Login=1@0x30
hasnt 'fails|0x30|DEVICE' 'and not a word about it'
# Gone for good, and come back.
for d in tokens/*; do
	grep -aq first "$d/token.object" && FOLDER=$d
done
mv "$FOLDER" away
places "$FIRST" "$SECOND"
ok "the first token's folder is gone" sign
judged 'the second signs'
agent_world
ok 'through the agent as well' sign
judged 'the second signs'
run touchmark agent status
has '^dev.* 1 signatures' 'by the agent'
mv away "$FOLDER"
ok 'agent stop' touchmark agent stop
unset XDG_RUNTIME_DIR
places "$(place absent 11 "$PINFILE")" "$(place gone 12 "$PINFILE")"
exits 3 'neither is there' sign
has "key 'dev'.* is in none of its 2 places" 'as is said'
is "$(grep '^touchmark: ' out | grep -vc 'is still at work')" 2 \
	'with one error and one hint'
unsigned

# ---- a PIN that is wrong ------------------------------------------------------

pin_refused() {	# WHAT SHIM LOGINS SAID
	exits 3 "$1" sign "$2"
	has "$4" 'as is said'
	is "$(token_calls C_Login)" "$3" "$3 logins: the second is left alone"
	unsigned
}
places "$(place first 11 "$T/wrong")" "$SECOND"
pin_refused 'a wrong PIN' '' 1 'wrong PIN'
is "$(grep -c 'wrong PIN' out)" 1 'once'
for rv in 0xa1:'characters that the token' 0xa2:'too short or too long' \
	0xa3:'has expired' 0xa4:'is locked'; do
	places "$FIRST" "$SECOND"
	pin_refused "a PIN refused with ${rv%%:*}" "C_Login=1@${rv%%:*}" 1 \
		"${rv#*:}"
done
places "$FIRST" "$SECOND"
pin_refused 'a locked token' C_GetTokenInfo=locked 0 'is locked'
places "$FIRST" "$SECOND"
pin_refused 'the last try' C_GetTokenInfo=final-try 0 'last try is not spent'
places "$(place first 11 "$T/no-such-pin")" "$SECOND"
pin_refused 'no PIN' '' 0 'no-such-pin'
agent_world
places "$(place first 11 "$T/wrong")" "$SECOND"
pin_refused 'a wrong PIN, and the agent' '' 1 'wrong PIN'
ok 'agent stop' touchmark agent stop
unset XDG_RUNTIME_DIR

# ---- a second place with another key ------------------------------------------

places "$(place absent 11 "$PINFILE")" "$(place second 13 "$PINFILE")"
exits 3 'another key in the second place' sign
has 'certificate' 'does not fit the certificate'
unsigned

places "$(place second 13 "$PINFILE")" "$FIRST"
exits 3 'another key in the first place' sign
has 'the certificate is for another key' 'is not passed over'
is "$(token_calls C_Login)" 0 'and nobody is logged in'
unsigned
places "$(place absent 11 "$PINFILE")" "$(place first 77 "$PINFILE")"
exits 3 'no place has it' sign
has 'in none of its 2 places: no token .*; no private key on token first' \
	'each one is told'

done_testing
