#!/bin/sh
# touchmark sign --embed on an upload: .dsc, .buildinfo and .changes, signed in
# place with the hashes that lead from one to the other, as dscverify, gpgv and
# dpkg-source want them.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=flow-lib.sh
. "${0%/*}/flow-lib.sh"
need softhsm2-util gpg gpgv sqop perl dpkg-buildpackage dscverify dpkg-source git

flow_key maint
upload "$T/made"
cd "$T" || exit 1
D=demo_1.0.dsc
I=$(cd made && echo *.buildinfo)
C=$(cd made && echo *.changes)

fresh() {	# DIR: the upload as it was built
	cd "$T" || exit 1
	rm -rf "$1"
	cp -a made "$1"
	cd "$1" || exit 1
}
good() {	# FILE...: gpgv takes it, by this key
	for f; do
		ok "gpgv takes $f" gpgv --status-fd 1 --keyring "$T/maint.gpg" \
			"$f"
		has "^\[GNUPG:\] VALIDSIG $FPR .* 01 $FPR\$" 'as text, of the key'
	done
}
plain() {	# FILE: is it unsigned
	! grep -q '^-----BEGIN PGP' "$1"
}
accepted() {	# by the tools of the archive
	ok 'dscverify takes the upload' dscverify --keyring "$T/maint.gpg" "$C"
	has "validating $D" 'with its source package'
	has 'All files validated successfully' 'whole'
}

# ---- the whole upload by its .changes -------------------------------------
fresh whole
sums demo_1.0.tar.xz demo_1.0_all.deb >"$T/kept"
ok 'the .changes is signed' embed "$C"
has "^$C: signed by Key maint <maint@example.org>, no timestamp, in $D\$" \
	'the .dsc with it'
has "in $I\$" 'the .buildinfo too'
has "in $C\$" 'and itself'
good "$D" "$I" "$C"
accepted
# shellcheck disable=SC2016 # it is for perl
ok 'dpkg takes the signature of the source' perl -MDpkg::OpenPGP -e '
	exit Dpkg::OpenPGP->new(backend => "gpg", needs => { verify => 1 })
		->inline_verify($ARGV[0], undef, $ARGV[1])' \
	"$D" "$T/maint.gpg"
ok 'and unpacks it' dpkg-source --no-copy -x "$D" "$T/src1"
run_in "$C" sqop inline-verify "$T/maint.gpg"
tap "$RC" 'another OpenPGP takes the .changes'
ok 'what they name has stayed' sha256sum -c "$T/kept"
sed '/^-----BEGIN PGP SIGNATURE/,$d; 1,/^$/d' "$C" >"$T/text"
sed 's/^ [0-9a-f]* [0-9]* \(.*\)\(demo_1.0.dsc\|demo_1.0_.*buildinfo\)$/ \1\2/' \
	"$T/text" >"$T/a"
sed 's/^ [0-9a-f]* [0-9]* \(.*\)\(demo_1.0.dsc\|demo_1.0_.*buildinfo\)$/ \1\2/' \
	"$T/made/$C" >"$T/b"
ok 'no other byte of the .changes differs' cmp "$T/a" "$T/b"
is "$(ls -A)" "$(ls -A "$T/made")" 'nothing is left beside them'

# ---- signed already --------------------------------------------------------
sums ./* >"$T/before"
exits 1 'not twice' embed "$C"
has 'has signed it already' 'says why'
has 'hint: --resign replaces .* --resume' 'and what to do'
ok '--resume leaves it alone' embed --resume "$C" "$D" "$I"
ok 'to the byte' sha256sum -c "$T/before"
ok '--resign signs all of it again' embed --resign "$C"
accepted
exits 1 '--resign of the .dsc alone' embed --resign "$D"
has "content-mismatch: .*(changes|buildinfo) is signed, and names $D" \
	'would break what is signed'
has 'hint: sign .* instead, with --resign' 'says what to do'
accepted
sed 's/nothing to speak of/nothing to speak off/' "$C" >x && mv x "$C"
exits 1 'a signed .changes that was edited' embed "$C"
has 'signature-bad: .* was signed by this key as something else' 'is seen'
exits 1 'nor is that skipped' embed --resume "$C"
ok 'unless it is meant' embed --resign "$C"
accepted

# ---- one after the other ---------------------------------------------------
fresh alone
ok 'the .dsc alone' embed "$D"
has "^$C: updated, for it names what was signed; unsigned\$" \
	'the .changes is told to have followed'
has "^$I: updated, for it names what was signed; unsigned\$" \
	'the .buildinfo too'
is "$(grep -c ': signed by' "$T/out")" 1 'one was signed'
good "$D"
ok 'the .buildinfo follows' grep -q "$(sha256sum <"$D" | cut -d' ' -f1)" "$I"
ok 'without a signature' plain "$I"
ok 'the .changes follows' plain "$C"
ok 'then the rest by the .changes' embed "$C"
hasnt "in $D\$" 'the .dsc keeps its signature'
accepted

fresh told
ok 'as JSON' embed --json "$D"
is "$(unhurried "$T/out" | perl -MJSON::PP -ne '$j = decode_json($_);
	print "$j->{status}:$j->{file} "')" \
	"signed:$D updated:$I updated:$C " 'one object for each file'

fresh listed
ok 'all of them in one call, in any order' embed "$C" "$I" "$D"
good "$D" "$I" "$C"
accepted

fresh later
sed -i '/buildinfo$/d' "$C"
ok 'an upload without its .buildinfo' embed "$C"
cp "$T/made/$D" .
sleep 1.1	# another second, another signature
cp "$C" "$T/aside" && rm "$C"
ok 'whose .dsc is signed anew' embed "$D"
cp "$T/aside" "$C"
exits 1 'is not taken for whole' embed --resume "$C"
has "content-mismatch: .* names $D" 'says why'

# Two .changes of one upload share its .dsc: source alone, and all of it.
fresh two
sed '/_all\.deb$/d; /buildinfo$/d; s/^Architecture:.*/Architecture: source/' \
	"$C" >demo_1.0_source.changes
ok 'two .changes in one call' embed --jobs 4 ./*.changes
accepted
ok 'dscverify takes the other one' dscverify --keyring "$T/maint.gpg" \
	demo_1.0_source.changes
fresh two
sed '/_all\.deb$/d; /buildinfo$/d; s/^Architecture:.*/Architecture: source/' \
	"$C" >demo_1.0_source.changes
ok 'one of them' embed "$C"
ok 'the other one follows' \
	grep -q "$(sha256sum <"$D" | cut -d' ' -f1)" demo_1.0_source.changes
ok 'and can be signed' embed demo_1.0_source.changes
accepted

# ---- packages that are signed inside ---------------------------------------
fresh inside
ok 'everything in one call' embed ./*.deb "$C"
has "in demo_1.0_all.deb\$|in \./demo_1.0_all.deb\$" 'the package inside'
accepted
fresh inside
ok 'a package first' embed demo_1.0_all.deb
ok 'then its upload' embed "$C"
accepted
ok 'the .buildinfo has followed' \
	grep -q "$(sha256sum <demo_1.0_all.deb | cut -d' ' -f1)" "$I"
fresh inside
ok 'an upload first' embed "$C"
ok 'then a package' embed demo_1.0_all.deb
exits 1 'the .changes does not fit any more' embed --resume "$C"
has 'content-mismatch: .* names demo_1.0_all.deb' 'says so'
ok '--resign mends that' embed --resign "$C"
accepted

fresh source
rm -f ./*.deb
exits 1 'a .changes whose package is gone' embed "$C"
has 'content-mismatch: .* names demo_1.0_all.deb, which is not there' \
	'names it'
ok 'nothing was signed' plain "$D"
ok 'the .dsc does not need it' embed "$D"

# ---- who else signed -------------------------------------------------------
MAINT=$FPR
flow_key buildd p256
FPR=$MAINT
fresh other
touchmark sign --embed --no-timestamp --pin-file "$PINFILE" -k buildd "$D" \
	>"$T/out" 2>&1
ok 'another key signs the rest of a signed source' embed -k maint "$C"
cat "$T/maint.gpg" "$T/buildd.gpg" >"$T/both.gpg"
ok 'dscverify takes both' dscverify --keyring "$T/both.gpg" "$C"
exits 1 'what another key has signed' embed -k buildd "$C"
has 'already signed by another key' 'is not signed over'
exits 1 'with --resign neither' embed -k buildd --resign "$C"
done_testing
