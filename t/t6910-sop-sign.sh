#!/bin/sh
# touchmark-sop signs with a key in a token, and sqop, gpg, gpgv, sqv and dpkg
# are content; what the interface calls failure has its exit codes.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/drop-lib.sh"
need sqop gpg gpgv sqv dpkg-buildpackage dpkg-source pkcs11-tool \
	softhsm2-util fakeroot

drop_key
token_key second second@example.org
git config -f "$CONFIG" touchmark.second.userId 'Second <second@example.org>'
git config -f "$CONFIG" touchmark.second.created 1700000000
SECOND=$T/second.asc
touchmark key export second --type openpgp >"$SECOND" 2>"$T/setup.log" ||
	bail 'no certificate'
cd "$T" || exit 1
printf 'first \t\n- second\n\nFrom third\nno end' >text
printf 'a\000b\r\nc\r' >bytes

# sop IN OUT ARG...: standard output in OUT, the rest in $T/out
sop() {
	in=$1 to=$2
	shift 2
	touchmark-sop "$@" <"$in" >"$to" 2>"$T/out"
	RC=$?
}

# ---- sign --------------------------------------------------------------------
sop bytes sig sign "$CERT"
is "$RC" 0 'sign'
is "$(head -1 sig)" '-----BEGIN PGP SIGNATURE-----' 'with armour'
for p in 'gpgv --keyring ./release.gpg' 'sqv --keyring release.asc' \
	'gpgv -q --keyring ./release.gpg'; do
	# shellcheck disable=SC2086 # words, to be split
	ok "$p takes it" $p sig bytes
done
run_in bytes sqop verify sig "$CERT"
is "$RC" 0 'so does sqop'
has "Z $FPR $FPR" 'and names the key'
run_in bytes touchmark-sop verify sig "$CERT"
is "$RC" 0 'so do we'
has "^20[0-9-]*T[0-9:]*Z $FPR $FPR mode:binary\$" 'as the interface writes it'
run_in text sqop verify sig "$CERT"
is "$RC" 3 'not over something else'
run_in text touchmark-sop verify sig "$CERT"
is "$RC" 3 'not to us either'

sop bytes sig.bin sign --no-armor --micalg-out=micalg "$CERT"
is "$RC-$(cat micalg)" 0-pgp-sha256 'sign --no-armor --micalg-out'
is "$(od -An -tu1 -N1 sig.bin | awk '{print ($1 >= 128)}')" 1 'is binary'
ok 'gpgv takes it' gpgv --keyring ./release.gpg sig.bin bytes
sop text sig.text sign --as=text "$CERT"
is "$RC" 0 'sign --as=text'
run_in text sqop verify sig.text "$CERT"
is "$RC" 0 'sqop takes it'
ok 'gpgv takes it' gpgv --keyring ./release.gpg sig.text text
sed 's/$/\r/; $s/\r$//' text >text.crlf
ok 'whatever the line ends' gpgv --keyring ./release.gpg sig.text text.crlf
run_in text.crlf touchmark-sop verify sig.text "$CERT"
is "$RC" 0 'to us too'
has 'mode:text$' 'it is one of text'
sop bytes sig2 sign --as text "$CERT"
is "$RC" 53 'bytes that are no text'
printf 'one\rtwo\n' >cr
sop cr sig2 sign --as=text "$CERT"
is "$RC" 53 'nor is a carriage return that stands alone'

# Several keys.
sop bytes both sign -- "$CERT" "$SECOND"
is "$RC" 0 'two keys sign'
run_in bytes sqop verify both "$CERT" "$SECOND"
is "$(grep -c Z "$T/out")" 2 'sqop takes both'
run_in bytes touchmark-sop verify both "$SECOND"
is "$RC-$(grep -c mode:binary "$T/out")" 0-1 'one certificate, one of them'
run_in bytes touchmark-sop verify both "$SECOND" "$CERT"
is "$RC-$(grep -c mode:binary "$T/out")" 0-2 'two, both'

# ---- inline-sign -------------------------------------------------------------
sop bytes msg inline-sign "$CERT"
is "$RC-$(head -1 msg)" '0------BEGIN PGP MESSAGE-----' 'inline-sign'
sqop inline-verify --verifications-out="$T/v" "$CERT" <msg >got 2>"$T/out"
is "$?-$(cmp got bytes 2>&1)" 0- 'sqop gets the bytes back'
is "$(grep -c "$FPR" v)" 1 'and who signed'
gpg --batch --quiet --import "$CERT" 2>"$T/out"
gpg --batch --yes --quiet -o got -d msg 2>"$T/out"
is "$?-$(cmp got bytes 2>&1)" 0- 'so does gpg'
sop bytes msg.bin inline-sign --no-armor --as=binary "$CERT" "$SECOND"
is "$RC" 0 'inline-sign with two keys, binary'
rm -f v
sqop inline-verify --verifications-out="$T/v" "$CERT" "$SECOND" <msg.bin \
	>got 2>"$T/out"
is "$?-$(cmp got bytes 2>&1)-$(grep -c Z v)" 0--2 'sqop finds both'
sop text msg.text inline-sign --as=text "$CERT"
is "$RC" 0 'inline-sign --as=text'
sqop inline-verify "$CERT" <msg.text >got 2>"$T/out"
is "$?-$(cmp got text 2>&1)" 0- 'sqop gets the text back'
sop text clear inline-sign --as clearsigned -- "$CERT"
is "$RC" 0 'inline-sign --as clearsigned'
ok 'gpgv takes it' gpgv --keyring ./release.gpg clear
sqop inline-verify "$CERT" <clear >got.sqop 2>"$T/out"
is "$?" 0 'sqop takes it'
sop clear got inline-verify "$CERT"
is "$RC" 0 'so do we'
is "$(sed 's/[ \t]*$//' text)" "$(cat got)" 'the text comes back'
exits 83 '--no-armor with clearsigned' touchmark-sop inline-sign \
	--as=clearsigned --no-armor "$CERT"
sop bytes clear2 inline-sign --as=clearsigned "$CERT"
is "$RC-$(wc -c <clear2 | tr -d ' ')" 53-0 'bytes are no text'

# ---- dpkg --------------------------------------------------------------------
drop_source
ok 'dpkg-buildpackage --sign-backend=sop' drop_build --sign-backend=sop \
	"--sign-command=$BIN/touchmark-sop" "--sign-keyfile=$CERT"
ok 'gpgv takes its .dsc' gpgv --keyring ./release.gpg src/hello_1.0.dsc
ok 'and its .changes' gpgv --keyring ./release.gpg "src/hello_1.0_$(dpkg \
	--print-architecture).changes"
ok 'dpkg-source unpacks it' dpkg-source --no-copy -x src/hello_1.0.dsc x

# ---- failures ----------------------------------------------------------------
exits 19 'no subcommand' touchmark-sop
exits 69 'an unknown subcommand' touchmark-sop encrypt
exits 37 'an unknown option' touchmark-sop sign --unknown "$CERT"
exits 37 'an option that asks for a key that is not here' touchmark-sop sign \
	--with-key-password=p "$CERT"
exits 37 'an unknown kind' touchmark-sop sign --as=other "$CERT"
exits 19 'no key' touchmark-sop sign
exits 61 'a file that is not there' touchmark-sop sign absent
exits 41 'a file that is no certificate' touchmark-sop sign text
exits 71 'an unknown designator' touchmark-sop sign @HARDWARE:
exits 61 'a variable that is not set' touchmark-sop sign @ENV:UNSET_VARIABLE
exits 61 'a descriptor that is none' touchmark-sop sign @FD:x
: >@ENV:FILE
exits 73 'a file called so' touchmark-sop sign @ENV:FILE
rm ./@ENV:FILE
: >there
exits 59 'an output that is there' touchmark-sop sign --micalg-out=there \
	"$CERT"
is "$(wc -c <there | tr -d ' ')" 0 'and stays'
exits 71 'an output into a variable' touchmark-sop sign --micalg-out=@ENV:X \
	"$CERT"
sqop generate-key 'Other <other@example.org>' >other.key 2>"$T/out"
sqop extract-cert <other.key >other.cert 2>"$T/out"
exits 97 'a certificate of no key of ours' touchmark-sop sign other.cert
exits 79 'a secret key' touchmark-sop sign other.key
sqop dearmor <other.key >other.bin
exits 79 'a binary one' touchmark-sop sign other.bin
CERT_TEXT=$(cat "$CERT")
export CERT_TEXT
sop bytes sig3 sign @ENV:CERT_TEXT
is "$RC" 0 'a certificate in a variable'
run_in bytes sqop verify sig3 "$CERT"
is "$RC" 0 'signs'
touchmark-sop sign --micalg-out=@FD:4 @FD:3 3<"$CERT" 4>m <bytes >sig3 \
	2>"$T/out"
is "$?-$(cat m)" 0-pgp-sha256 'descriptors'
drop_pin away
sop bytes sig4 sign "$CERT"
is "$RC-$(wc -c <sig4 | tr -d ' ')" 101-0 'a token that does not open'
drop_pin back
touchmark-sop sign "$CERT" <bytes >/dev/full 2>"$T/out"
is "$?" 1 'a full device'

# ---- its page ------------------------------------------------------------------
for c in version sign verify inline-sign inline-verify inline-detach \
	extract-cert armor dearmor; do
	touchmark-sop $c --help | sed -n 's/.* --\([a-z-]*\).*/\1/p'
done | sort -u >options
sed -n '/^The options are/,/^\.Sh/s/^\.It Fl //p' \
	"$TOP/man/touchmark-sop.1" | tr ' ' '\n' | sed -n 's/^-\([a-z-]\)/\1/p' |
	sort -u >paged
is "$(cat options)" "$(cat paged)" 'touchmark-sop(1) has every option'

# ---- version -----------------------------------------------------------------
run touchmark-sop version
has '^touchmark-sop [0-9.]*$' 'version'
is "$(wc -l <"$T/out" | tr -d ' ')" 1 'is one line'
run touchmark-sop version --sop-spec
has '^~draft-dkg-openpgp-stateless-cli-[0-9]*$' 'which draft'
ok 'version --backend' touchmark-sop version --backend
run touchmark-sop version --extended
has '^touchmark-sop [0-9.]*$' 'version --extended begins alike'
run touchmark-sop version --sopv
has '^1\.0$' 'the verifying part'
exits 83 'one at a time' touchmark-sop version --sopv --backend
ok 'help' touchmark-sop --help
has 'inline-detach' 'lists the subcommands'
done_testing
