#!/bin/sh
# touchmark.auditLog: each use of a key has an intent and a result, and both
# say what was signed, with what, for whom; a log that cannot be written keeps
# the key from being used.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=audit-lib.sh
. "${0%/*}/audit-lib.sh"
need openssl softhsm2-util ssh-keygen git sha256sum gpgv gpg

cd "$T" || exit 1
audit_setup p256
echo one >one
echo two >two

# ---- one use --------------------------------------------------------------------
ok 'sign' audit_sign one
is "$(wc -l <"$LOG")" 2 'two entries'
is "$(entries intent)$(entries result)" 11 'an intent and a result'
is "$(stat -c %a "$LOG")$(stat -c %a "$LOG.head")" 600600 'its owner reads it'
is "$(stat -c %a "$T/record")" 700 'and enters its folder'
for n in 1 2; do
	is "$(field $n what)" sign "entry $n: what"
	is "$(field $n key)" release "entry $n: the key"
	is "$(field $n spki)" "$SPKI" "entry $n: its public key"
	is "$(field $n format)" openpgp "entry $n: the format"
	is "$(field $n artefact)" one "entry $n: the file"
	is "$(field $n content)" file "entry $n: what it is"
	is "$(field $n hash)" sha256 "entry $n: the digest's name"
	is "$(field $n user)" "$(id -un)" "entry $n: the user"
	cp "$LOG" out
	has "^\\{\"seq\":$n,.*\"uid\":$(id -u),.*\"signingTime\":\"20" \
		"entry $n: his number and the time"
	has "^\\{\"seq\":$n,.*\"place\":\"pkcs11:[^?]*object=release" \
		"entry $n: the token"
done
hasnt 'pin-|test-PIN|\?' 'nothing of a PIN'
has '"kind":"result","intent":1,"status":"ok","seal":"sha256:' 'the result names the intent'
gpg --dearmor <one.asc >one.pgp 2>out || cp one.asc one.pgp
is "$(field 2 seal)" "sha256:$(sha256sum <one.pgp | cut -d' ' -f1)" \
	'and the signature by its digest'
is "$(field 1 digest | wc -c)" 65 'the digest is 64 digits'
is "$(field 1 digest)" "$(field 2 digest)" 'the same in both'
gpg --dearmor <release.asc >release.gpg 2>out || cp release.asc release.gpg
ok 'gpgv takes the signature' gpgv --keyring ./release.gpg one.asc one
ok 'the chain is whole' touchmark log verify
has "^$LOG: good, 2 entries" 'of touchmark.auditLog'

# ---- a failure -------------------------------------------------------------------
echo other-PIN >wrong
chmod 600 wrong
exits 3 'a PIN that is wrong' env TOUCHMARK_PIN_FILE="$T/wrong" touchmark sign -t openpgp two
is "$(wc -l <"$LOG")" 2 'is no use of the key'

# ---- other uses -------------------------------------------------------------------
git init -q repo
git -C repo config user.signingKey release
git -C repo config gpg.program touchmark-gpg
git -C repo config gpg.format openpgp
(cd repo && git commit -q -S --allow-empty -m signed) >out 2>&1
tap $? 'git signs'
is "$(field 4 content)" git-commit 'a commit is called one'
is "$(field 4 format)" openpgp 'in its format'
ok 'an export that signs' touchmark key export release --type openpgp
was=$(wc -l <"$LOG")
git config -f "$C" touchmark.release.userId 'Rel Ease <other@example.org>'
ok 'and for another name' touchmark key export release --type openpgp
is "$(wc -l <"$LOG")" $((was + 2)) 'is a use of the key'
is "$(field $((was + 1)) what)" certify 'called what it is'
git config -f "$C" touchmark.release.userId 'Rel Ease <rel@example.org>'
ok 'the chain is whole' touchmark log verify

# ---- what comes from outside --------------------------------------------------------
bad="$(printf 'a\033[2J"\\\\\342\200\256\377b')"
echo x >"$bad"
ok 'a file with a hostile name' audit_sign "$bad"
tail -n 1 "$LOG" >out
# shellcheck disable=SC2016 # a pattern
has '"artefact":"a\\\\x1b\[2J' 'its name is escaped'
LC_ALL=C grep -q "$(printf '[\033\377]')" "$LOG"
[ $? = 1 ]
tap $? 'no control byte reaches the log'
ok 'and the chain is whole' touchmark log verify

# ---- what cannot be recorded is not signed -------------------------------------------
# The token must not even be asked: its module is one that is not there.
refused() {	# WHAT CODE PATTERN
	rm -f two.asc
	exits "$2" "$1: nothing is signed" audit_sign two
	has "$3" "$1: why"
	[ ! -e two.asc ]
	tap $? "$1: no signature"
	cp "$T/keep" "$LOG" 2>/dev/null
	cp "$T/keep.head" "$LOG.head" 2>/dev/null
}
cp "$LOG" keep
cp "$LOG.head" keep.head
printf '{"seq":1}\n{"seq":2}\n' >>"$LOG"
refused 'a log that was added to' 1 'cannot be recorded: .*something else was appended'
: >"$LOG"
refused 'an emptied log' 1 'it was emptied'
rm "$LOG.head"
refused 'a log without its head' 1 'its head.* is gone'
sed -i '$s/one/eno/; $s/ok/ko/' "$LOG"
refused 'a changed last entry' 1 'its last entry is not the one'
rm "$LOG"
refused 'a log that is gone' 1 'it is gone'
chmod g+w "$LOG"
refused 'a log that others may write' 4 'others than its owner may'
chmod 600 "$LOG"
mv "$LOG" aside
ln -s "$T/aside" "$LOG"
refused 'a log that is a link' 4 'not a regular file'
rm "$LOG"
mv aside "$LOG"
cp keep "$LOG"
if [ "$(id -u)" = 0 ]; then
	chown 12345 "$LOG"
	refused 'a log of another user' 4 'it belongs to another user'
	chown 0 "$LOG"
else
	chmod 400 "$LOG"
	refused 'a log that is read-only' 4 'Permission denied'
	chmod 600 "$LOG"
fi
git config -f "$C" touchmark.auditLog /dev/full/uses
exits 4 'a folder that cannot be' audit_sign two
git config -f "$C" touchmark.auditLog /proc/uses
exits 4 'a file that cannot be made' audit_sign two
git config -f "$C" touchmark.auditLog "$LOG"
ok 'and then it goes on' audit_sign two
ok 'in the same chain' touchmark log verify

# ---- rotation ---------------------------------------------------------------------
was=$(wc -l <"$LOG")
ok 'rotate' touchmark log rotate
has "uses is now .*uses.1" 'the log of the configuration'
ok 'signing goes on' audit_sign one
is "$(tail -n 1 "$LOG" | cut -d, -f1)" "{\"seq\":$((was + 3))" 'with the next numbers'
ok 'in the same chain' touchmark log verify
is "$(grep -c ': good' out)" 2 'through both files'
sed -i '2s/"ok"/"ko"/' "$LOG.1"
exits 1 'a change in the old one' touchmark log verify
has 'uses.1:[0-9]*: the chain breaks' 'is found'

# ---- through the agent ----------------------------------------------------------------
rm -rf "$T/record"
agent_world
ok 'through the agent' audit_sign one two
is "$(entries intent)$(entries result)" 22 'the same entries'
ok 'in one chain' touchmark log verify
done_testing
