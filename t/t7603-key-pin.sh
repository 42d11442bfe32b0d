#!/bin/sh
# Another PIN for the user of a token: from where it comes, where it is kept,
# and that no cut in between loses it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need softhsm2-util pkcs11-tool git setsid

CONF=$XDG_CONFIG_HOME/touchmark/config
cd "$T" || exit 1
umask 077
softhsm_new release
softhsm_new other
touchmark key generate k --token release --module "$MODULE" --pin-file pin \
	--algorithm p256 >/dev/null || exit 1
URI=$(git config -f "$CONF" touchmark.k.uri)
cp pin kept
git config -f "$CONF" touchmark.k.uri "$URI&pin-source=file:$T/kept"
git config -f "$CONF" touchmark.auditLog "$T/uses.log"
pin() {
	setsid -w touchmark key pin "$@"
}
# opens PIN: whether the token does, by its own tool.
opens() {
	pkcs11-tool --module "$MODULE" --token-label release --login \
		--pin "$1" -O --type privkey >setup.log 2>&1 &&
	grep -q 'Private Key' setup.log
}
staged() {	# how many FILE.new there are
	n=0
	for f in *.new; do
		[ ! -e "$f" ] || n=$((n + 1))
	done
	echo $n
}
echo next-PIN >next
echo third-PIN >third

# ---- what is refused ---------------------------------------------------------------

exits 2 'no key and no token' pin
exits 2 'a key and a token' pin k --token release
exits 3 'a key that is not there' pin nobody --new-pin-file next
exits 3 'a token that is not there' pin --token none --module "$MODULE" \
	--new-pin-file next
exits 2 'one source for both' pin k --new-pin-file kept
has 'kept is where the old PIN is kept' 'is told'
ln kept same
exits 2 'by another name' pin k --new-pin-file same
rm same
exits 2 'the one that is given' pin k --pin-file pin --new-pin-file pin
cp kept copy
exits 3 'the same PIN in another file' pin k --new-pin-file copy
has 'the new PIN is the old one' 'is no change'
echo abc >short
exits 3 'one that is too short' pin k --new-pin-file short
has 'too short for the token' 'is told'
has 'hint: it takes 4 to 255 bytes' 'and how long'
printf '%0300d\n' 0 >long
exits 3 'one that is too long' pin k --new-pin-file long
: >empty
exits 3 'an empty one' pin k --new-pin-file empty
chmod 644 next
exits 3 'a file that others may read' pin k --new-pin-file next
chmod 600 next
exits 3 'nobody to ask' pin k
has 'no PIN' 'says so'
has 'hint: .*--new-pin-file' 'and how else'
echo other-PIN >wrong
exits 3 'a wrong old PIN' pin k --pin-file wrong --new-pin-file next
has 'wrong PIN' 'is told'
hasnt 'other-PIN|next-PIN' 'and not shown'
git config -f "$CONF" touchmark.v.uri "$URI&pin-value=test-PIN"
exits 3 'a PIN in the configuration itself' pin k --new-pin-file next
has "the uri of key 'v' holds the PIN itself" 'is not left behind'
git config -f "$CONF" --remove-section touchmark.v
ok 'none of these changed it' opens test-PIN
is "$(cat kept)" test-PIN 'nor the file'
is "$(staged)" 0 'and nothing lies about'

# ---- the change ----------------------------------------------------------------------

ok 'a new PIN' pin k --new-pin-file next
has "^token 'release' \\(serial [0-9a-f]+\\) has a new PIN\$" 'is told'
has "^  kept in $T/kept\$" 'and where it is kept'
hasnt 'next-PIN' 'and not shown'
is "$(cat kept)" next-PIN 'the file has it'
is "$(stat -c %a kept)" 600 'for nobody else'
ok 'the token opens with it' opens next-PIN
exits 1 'and not with the old one' opens test-PIN
ok 'the key is used as before' touchmark key show k
# Not the letters alone: a fingerprint may have them.
hasnt 'PIN[ :]' 'without a question'
is "$(staged)" 0 'nothing lies about'
cp uses.log out
has '"event":"pin-changing".*"note":"release"' 'on record before'
has '"event":"pin-changed".*"note":"release"' 'and after'
has '"event":"pin-unchanged"' 'as what did not work'
hasnt '(next|test|other)-PIN' 'without any PIN'
printf 'fourth-PIN' >bare
ok 'a file without a newline, by the token' pin --token release \
	--module "$MODULE" --pin-file kept --new-pin-file bare --json
has '"status":"changed","token":"release"' 'as JSON'
has "\"files\":\\[\"$T/kept\"\\],\"elsewhere\":\\[\\]" 'it found the file'
is "$(cat kept)" fourth-PIN 'which has it'

# A link is followed, and two keys may name two files.
mkdir vault
mv kept vault/real
ln -s vault/real kept
cp vault/real second
git config -f "$CONF" touchmark.l.uri "$URI&pin-source=file:$T/second"
git config -f "$CONF" touchmark.o.uri \
	"pkcs11:token=other;object=x?module-path=$MODULE&pin-source=file:$T/copy"
ok 'two files' pin k --new-pin-file third
is "$(cat vault/real second copy | tr '\n' ' ')" \
	'third-PIN third-PIN test-PIN ' 'both have it, and no other'
[ -L kept ]
tap $? 'a link stays one'
echo again-PIN >again
cp vault/real given
ok 'a file that nothing names' pin k --pin-file given --new-pin-file again
has "^  $T/given still has the old one|^  given still has the old one" \
	'is told, and not written'
is "$(cat given)" third-PIN 'as it was'
echo once-PIN >once
cp again given
ok 'one that two settings name' env TOUCHMARK_PIN_FILE=given \
	touchmark key pin k --pin-file given --new-pin-file once
is "$(grep -c 'given still has the old one' out)" 1 'is told once'
ok 'and back' pin k --new-pin-file again
git config -f "$CONF" --remove-section touchmark.l
rm kept second
mv vault/real kept

# ---- a person ---------------------------------------------------------------------------

git config -f "$CONF" touchmark.k.uri "$URI"
asks() {	# OLD NEW AGAIN
	"$MOCK/terminal" --log screen --at 'PIN for token release' --type "$1" \
		--at 'New PIN for token release' --type "$2" \
		--at 'New PIN again for token release' --type "$3" \
		touchmark key pin k
}
exits 3 'two new PINs that differ' asks again-PIN typed-PIN typo-PIN
cp screen out
has 'the two new PINs differ: nothing was changed' 'are none'
ok 'the old one still holds' opens again-PIN
ok 'the old one and the new one twice' asks again-PIN typed-PIN typed-PIN
cp screen out
hasnt 'typed-PIN|again-PIN' 'nothing shows on the screen'
ok 'the token has it' opens typed-PIN

# ---- cut off -------------------------------------------------------------------------------

echo typed-PIN >kept
TMK_SHIM_MODULE=$MODULE
export TMK_SHIM_MODULE
SURI=$(echo "$URI" | sed "s|module-path=.*|module-path=$MOCK/shim.so|")
git config -f "$CONF" touchmark.k.uri "$SURI&pin-source=file:$T/kept"
with() {	# ACTION NEW-FILE
	TMK_SHIM=$1 setsid -w touchmark key pin k --new-pin-file "$2"
}
exits 3 'a token that refuses' with C_SetPIN=0xa0 next
is "$(staged)" 0 'leaves no file'
exits 3 'one that cannot' with C_SetPIN=0x54 next
is "$(staged)" 0 'leaves no file either'
ok 'and no other PIN' opens typed-PIN
run with C_SetPIN=done-die next
[ "$RC" != 0 ]
tap $? 'a run that dies when the token has it'
is "$(cat kept) $(cat kept.new)" 'typed-PIN next-PIN' 'leaves both PINs'
is "$(stat -c %a kept.new)" 600 'for nobody else'
ok 'of which one opens the token' opens next-PIN
exits 3 'the next run' with C_Nothing=die third
has 'an earlier change of this PIN was cut off: .*/kept.new holds' 'says so'
has 'hint: if the token still opens with .*/kept, remove' 'and what to do'
mv kept.new kept
exits 3 'a token that did it and says that it failed' with \
	C_SetPIN=done-0x30 third
has 'it is not known which PIN the token has now' 'leaves it open'
has 'hint: try both' 'and says so'
is "$(cat kept) $(cat kept.new)" 'next-PIN third-PIN' 'with both PINs'
cp uses.log out
has '"event":"pin-unknown"' 'on record'
mv kept.new kept
exits 3 'a token that says that it did it and did not' with \
	C_SetPIN=pretend next
has 'took the new PIN, but does not open with it' 'is found out'
is "$(cat kept) $(cat kept.new)" 'third-PIN next-PIN' 'with both PINs'
rm kept.new
mkdir ro
mv kept ro/kept
git config -f "$CONF" touchmark.k.uri "$SURI&pin-source=file:$T/ro/kept"
exits 3 'a FILE.new that is there' sh -c "ln -s x ro/kept.new; \
	TMK_SHIM= setsid -w touchmark key pin k --new-pin-file next"
rm ro/kept.new
ok 'the token is as it was' opens third-PIN

# ---- a keypad ---------------------------------------------------------------------------------

echo test-PIN >next
ok 'back' with C_Nothing=die next
TMK_SHIM=C_GetTokenInfo=pad,C_SetPIN=pad-pin
export TMK_SHIM
git config -f "$CONF" touchmark.k.uri "$SURI"
ok 'a token with a keypad of its own' pin k
unset TMK_SHIM
ok 'got both there' opens next-PIN

# ---- the embedded token ---------------------------------------------------------------------------

unset SOFTHSM2_CONF
ok 'an embedded token' touchmark init --name dev --user 'A <a@e.org>' \
	--algorithm p256
file=$(git config -f "$CONF" touchmark.dev.uri |
	sed 's/.*pin-source=file:\([^&]*\).*/\1/')
old=$(cat "$file")
echo chosen-PIN >chosen
ok 'its PIN' pin dev --new-pin-file chosen
is "$(cat "$file")" chosen-PIN 'is in its file'
[ "$old" != chosen-PIN ]
tap $? 'where another one was'
echo f >f
ok 'and it signs' touchmark sign -k dev --no-timestamp f

done_testing
