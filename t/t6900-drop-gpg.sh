#!/bin/sh
# touchmark-gpg as packaging scripts call it: texts signed in the clear, several
# keys in one call, digests asked for by name; and what goes to the real gpg.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/drop-lib.sh"
TOUCHMARK_PIN_FILE=$T/pin
export TOUCHMARK_PIN_FILE
need gpg gpgv sqv sqop git strace pkcs11-tool softhsm2-util

drop_key
touchmark key generate second --token "$TOKEN" --algorithm p384 \
	--pin-file "$PINFILE" --module "$MODULE" >"$T/setup.log" 2>&1 ||
	bail 'no second key'
git config -f "$CONFIG" touchmark.second.userId 'Second <second@example.org>'
git config -f "$CONFIG" touchmark.second.created 1700000000
touchmark key export second --type openpgp --no-armor --pin-file "$PINFILE" \
	>"$T/second.gpg" 2>"$T/setup.log" || bail 'no certificate'
gpg --batch --quiet --passphrase '' --quick-generate-key \
	'Pgp <pgp@example.org>' ed25519 sign never 2>"$T/setup.log" ||
	bail 'gpg makes no key'
gpg --batch --export pgp@example.org >"$T/pgp.gpg"
cd "$T" || exit 1
printf 'first \t\n- dash\n-----BEGIN PGP SIGNATURE-----\n\nFrom x\nlast' >text
# As gpg writes it back: no blanks at the ends of lines.
printf 'first\n- dash\n-----BEGIN PGP SIGNATURE-----\n\nFrom x\nlast\n' >want

# ---- texts -------------------------------------------------------------------
ok '--clearsign FILE' touchmark-gpg --batch -u release --clearsign text
ok 'writes FILE.asc, which gpgv takes' gpgv --keyring ./release.gpg \
	--output got text.asc
is "$(cmp got want 2>&1)" '' 'and the text comes back'
is "$(sed -n 2p text.asc)" 'Hash: SHA256' 'it says its digest'
sqop inline-verify "$CERT" <text.asc >got 2>out
is "$?" 0 'sqop takes it'
sed 's/$/\r/' text.asc >crlf
ok 'line ends do not matter' gpgv --keyring ./release.gpg crlf
sed 's/^- - dash$/- - bash/' text.asc >bad
exits 1 'letters do' gpgv --keyring ./release.gpg bad
exits 2 'a file that is there is kept' touchmark-gpg --batch -u release \
	--clearsign text
ok 'but not with --yes' touchmark-gpg --batch --yes -u release --clearsign text
touchmark-gpg --status-fd=3 -u release --clear-sign <text >o 3>status 2>out
is "$?" 0 'standard input to standard output'
is "$(sed 's/01 [0-9]\{10\} /01 TIME /' status)" "[GNUPG:] KEY_CONSIDERED $FPR 2
[GNUPG:] BEGIN_SIGNING H8
[GNUPG:] SIG_CREATED C 1 8 01 TIME $FPR" 'the status lines of gpg'
ok 'is good' gpgv --keyring ./release.gpg o
i=0
for text in '' '\n' '\n\n\n' 'a' ' \t\n' '\t\n-\n--\n' '\0303\0274\n' \
	'end\n\n' '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nx\n'; do
	i=$((i + 1))
	printf '%b' "$text" | touchmark-gpg -u release --clearsign >o 2>out
	run gpgv --keyring ./release.gpg o
	is "$RC" 0 "odd text $i"
done
printf 'a\000b\n' | touchmark-gpg -u release --clearsign >o 2>out
is "$?-$(wc -c <o | tr -d ' ')" 4-0 'bytes are no text'
printf 'a\rb\n' | touchmark-gpg -u release --clearsign >o 2>out
is "$?-$(wc -c <o | tr -d ' ')" 4-0 'lines end in one way'
# A long text, of lines of every length.
awk 'BEGIN { for (i = 0; i < 3000; i++) printf "%*s%*s\n", i % 97, "x",
	i % 7, "" }' >long
ok 'a long text' touchmark-gpg --batch -u release --clearsign long
ok 'is good' gpgv --keyring ./release.gpg long.asc

# git's choice is not that of packagers.
git config --global gpg.format x509
git config --global user.signingKey release
touchmark-gpg -u release --clearsign <text >o 2>out
is "$?-$(sed -n 1p o)" '0------BEGIN PGP SIGNED MESSAGE-----' \
	'a text is OpenPGP, whatever git signs with'
touchmark-gpg --openpgp --detach-sign --default-key release <text >o 2>out
is "$?" 0 'so is what --openpgp asks for'
ok 'gpgv takes it' gpgv --keyring ./release.gpg o text
ok 'so is a file' touchmark-gpg --batch -u release -abs -o o2 text
ok 'gpgv takes it' gpgv --keyring ./release.gpg o2 text
touchmark-gpg --status-fd=2 -bsau release <text >o 2>out
is "$(sed -n 1p o)" '-----BEGIN SIGNED MESSAGE-----' 'but git gets CMS'
git config --global --unset gpg.format

# ---- several keys ------------------------------------------------------------
cat release.gpg second.gpg >both.gpg
touchmark-gpg --status-fd=3 -u release -u second --clearsign <text >o \
	3>status 2>out
is "$?" 0 'two keys sign a text'
run gpgv --status-fd 1 --keyring ./both.gpg o
is "$RC-$(grep -c GOODSIG "$T/out")" 0-2 'gpgv takes both'
is "$(sed -n '2,3p' o | tr -d '\n')" 'Hash: SHA256,SHA384' \
	'both digests are named'
is "$(grep -c 'SIG_CREATED C ' status)" 2 'each is told'
has_both() {
	run gpgv --status-fd 1 --keyring ./both.gpg "$1" text
	is "$RC-$(grep -c GOODSIG "$T/out")" 0-2 'gpgv takes both'
}
ok 'two keys sign a file' touchmark-gpg --batch -u release -u second -ba \
	-o sig text
has_both sig
is "$(grep -c BEGIN sig)" 1 'in one armour'
touchmark-gpg -b -u second -u release <text >sig 2>out
is "$?" 0 'in binary'
has_both sig
run_in text touchmark-gpg -b -u release -u nobody@example.org -o no
is "$((RC != 0))" 1 'one of them is nobody'
is "$(ls no 2>/dev/null)" '' 'and nothing is written'
touchmark-gpg --clearsign -u nobody@example.org -u release <text >o 2>out
is "$(($? != 0))-$(wc -c <o | tr -d ' ')" 1-0 'in either order'

# ---- digests -----------------------------------------------------------------
for d in SHA256 SHA384 SHA512 sha512; do
	touchmark-gpg --digest-algo $d -b -u release <text >sig 2>out
	is "$?" 0 "--digest-algo $d"
	run gpgv --status-fd 1 --keyring ./release.gpg sig text
	want=8
	case $d in *384) want=9 ;; *512) want=10 ;; esac
	has "VALIDSIG $FPR .* 1 $want 00 " 'is what gpgv sees'
done
touchmark-gpg --digest-algo SHA512 -u second --clearsign <text >o 2>out
is "$?-$(sed -n 2p o)" '0-Hash: SHA512' 'a longer one for a P-384 key'
ok 'gpgv takes it' gpgv --keyring ./second.gpg o
run_in text touchmark-gpg --digest-algo SHA256 -b -u second -o no
is "$RC" 2 'a shorter one than its own is refused'
run_in text touchmark-gpg --digest-algo SHA1 -b -u release -o no
is "$RC" 2 'so is a weak one'
is "$(ls no 2>/dev/null)" '' 'and nothing is written'

# ---- passphrases and keyrings ------------------------------------------------
echo secret | touchmark-gpg --batch --passphrase-fd 0 --yes -u release \
	-abs -o sig text
is "$?" 0 'a passphrase on standard input'
ok 'is not signed' gpgv --keyring ./release.gpg sig text
ok 'a passphrase in a file' touchmark-gpg --batch --passphrase-file absent \
	--pinentry-mode loopback --yes -u release -abs -o sig text
ok '--keyring' touchmark-gpg --batch --no-default-keyring --keyring absent \
	--yes -u release -abs -o sig text

# ---- others' keys ------------------------------------------------------------
ok 'a key of gpg signs' touchmark-gpg --batch --yes -u pgp@example.org \
	--clearsign -o o text
ok 'as gpg does' gpgv --keyring ./pgp.gpg o
touchmark-gpg --batch --yes -u pgp@example.org --clearsign <text >o 2>out
is "$?" 0 'from standard input too'
ok 'as gpg does' gpgv --keyring ./pgp.gpg o
run touchmark-gpg --list-keys --with-colons pgp@example.org
is "$(grep -c '^pub' "$T/out")" 1 'gpg lists its keys'

# ---- faults ------------------------------------------------------------------
touchmark-gpg --status-fd=2 -u release --clearsign <text >/dev/full 2>out
is "$?" 4 'a full device'
hasnt SIG_CREATED 'and no SIG_CREATED'
drop_pin away
touchmark-gpg --status-fd=2 --batch --yes -u release --clearsign -o text.asc \
	text 2>"$T/out"
is "$?" 3 'no PIN'
hasnt SIG_CREATED 'and no SIG_CREATED'
drop_pin back
ok 'what was there is still good' gpgv --keyring ./release.gpg text.asc
good=0 bad=0
for n in 1 2 3 4 5 6; do
	traced -o /dev/null -e trace=write,fsync \
		-e "inject=write,fsync:error=EIO:when=$n" \
		touchmark-gpg --status-fd=2 --batch --yes -u release \
		--clearsign -o text.asc text >out2 2>&1
	gpgv --keyring ./release.gpg text.asc 2>/dev/null || bad=1
	grep -q SIG_CREATED out2 || good=$((good + 1))
done
is "$bad" 0 'a failing disk leaves the old text or the new one'
is "$((good > 0))" 1 'and is told'
done_testing
