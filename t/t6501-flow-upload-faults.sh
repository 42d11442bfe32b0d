#!/bin/sh
# touchmark sign --embed on uploads that are not what they say, or that change,
# or where a run before was cut off: nothing is signed, nothing is half done.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=flow-lib.sh
. "${0%/*}/flow-lib.sh"
need softhsm2-util gpg gpgv dpkg-buildpackage dscverify git strace

flow_key stranger p256
flow_key maint
git config -f "$CONFIG" touchmark.key maint
upload "$T/made"
cd "$T/made" || exit 1
D=demo_1.0.dsc
I=$(echo ./*.buildinfo)
I=${I#./}
C=$(echo ./*.changes)
C=${C#./}

fresh() {	# the upload as it was built
	cd "$T" || exit 1
	rm -rf dist
	cp -a made dist
	cd dist || exit 1
}
# refused CODE WHAT PATTERN [FILE]: and every file stays as it is.
refused() {
	# shellcheck disable=SC2012 # names that dpkg made
	sha256sum ./* >"$T/before"
	set -- "$1" "$2" "$3" "${4:-$C}"
	exits "$1" "$2" embed "$4"
	has "$3" 'says why'
	ok 'no file has changed' sha256sum -c "$T/before"
	is "$(find . | wc -l)" "$((1 + $(wc -l <"$T/before")))" 'none has come'
}
swap() {	# FILE SED: in place
	sed "$2" "$1" >"$T/new" && cp "$T/new" "$1"
}

# ---- what is named is not there, or is another ------------------------------
fresh
rm "$D"
refused 1 'a .dsc that is gone' "content-mismatch: $C names $D, which is not"
fresh
rm "$I"
refused 1 'a .buildinfo that is gone' "content-mismatch: $C names $I, which is"
fresh
echo x >>demo_1.0_all.deb
refused 1 'a package of another size' \
	'content-mismatch: .* names demo_1.0_all.deb, which has [0-9]+ bytes instead'
fresh
tr '\0-\377' '\1-\377\0' <demo_1.0.tar.xz >x && mv x demo_1.0.tar.xz
refused 1 'a source of other bytes' \
	'content-mismatch: .* names demo_1.0.tar.xz, which has another MD5 digest'
fresh
swap "$D" 's/^Standards-Version.*/Standards-Version: 4.6.1/'
refused 1 'a .dsc that was edited' \
	"content-mismatch: .* names $D, which has another digest or size"
fresh
md5=$(md5sum <demo_1.0_all.deb | cut -d' ' -f1)
swap "$C" "s/$md5/$(echo "$md5" | tr 0-9a-f 1-9a-f0)/"
refused 1 'a wrong MD5 beside a right SHA-256' \
	'content-mismatch: .* names demo_1.0_all.deb, which has another MD5'
fresh
sha=$(sha256sum <demo_1.0_all.deb | cut -d' ' -f1)
swap "$C" "/^Checksums-Sha256/,\$s/ $sha \([0-9]*\)/ $sha 1\1/"
refused 1 'two sizes of one file' 'content-mismatch: .* listed with two sizes'
fresh
rm demo_1.0_all.deb
mkfifo demo_1.0_all.deb
exits 4 'a pipe in the place of a package' embed "$C"
has 'demo_1.0_all.deb is no regular file' 'is not waited for'

# ---- digests that prove nothing ---------------------------------------------
fresh
swap "$C" '/^Checksums-Sha256/,/^Files/{/^Files/!d}'
refused 1 'no SHA-256' "digest-weak: $C: it has no Checksums-Sha256"
fresh
swap "$C" '/^Checksums-Sha256/,/^Files/{/_all.deb/d}'
refused 1 'one file without SHA-256' \
	'digest-weak: .* it names demo_1.0_all.deb without SHA-256'

# ---- forms ------------------------------------------------------------------
for name in ../demo_1.0.dsc /etc/passwd .. 'a b' 'x;y' "$(printf 'x\033[1m')"
do
	fresh
	awk -v n="$name" '{ print }
	/^Files:/ { print " d41d8cd98f00b204e9800998ecf8427e 0 misc optional " n }' \
		"$C" >"$T/new" && cp "$T/new" "$C"
	refused 1 "the name $(printf %s "$name" | tr -d '\033')" \
		'object-malformed: |digest-weak: '
done
fresh
swap "$C" 's/^Files:.*/&\n d41d8cd98f00b204e9800998ecf8427e 0 demo_1.0.dsc/'
refused 1 'a file that is listed twice' 'object-malformed: '
fresh
{ cat "$C"; echo; echo 'Source: other'; } >"$T/new" && cp "$T/new" "$C"
refused 1 'a second paragraph' 'object-malformed: '
fresh
{ cat "$C"; echo 'source: other'; } >"$T/new" && cp "$T/new" "$C"
refused 1 'a field that is there twice' 'object-malformed: '
fresh
printf 'x\001\n' >>"$C"
refused 1 'a control byte' 'object-malformed: '
fresh
: >"$C"
refused 1 'an empty one' 'object-malformed: .* it is empty'
fresh
embed -k stranger "$I" >"$T/out" 2>&1 || exit 1
cp "$I" "$C"
sed -i 's/^-----END PGP SIGNATURE-----$/&\nmore/' "$C"
refused 1 'text behind a signature' 'object-malformed|signature-malformed'
fresh
swap "$D" 's/^Format: .*/Format: x\nInstalled-Build-Depends: y/'
refused 1 'a .dsc that is no .dsc' "object-malformed: $D"
fresh
mv "$D" "$T/real.dsc"
ln -s "$T/real.dsc" "$D"
refused 4 'a link in the place of the .dsc' "$D is a symbolic link"
fresh
mv "$C" "$T/real.changes"
ln -s "$T/real.changes" "$C"
refused 4 'a link as the file itself' "$C"

# ---- disks and signals ------------------------------------------------------
traced() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -qq -o "$T/trace" "$@"
}
sign_traced() {	# STRACE-ARG...
	traced "$@" "$BIN/touchmark" sign --embed --no-timestamp --jobs 1 \
		--pin-file "$PINFILE" "$C"
}
fresh
sha256sum ./* >"$T/before"
exits 4 'a disk that is full' sign_traced -e trace=fsync \
	-e inject=fsync:error=ENOSPC
ok 'no file has changed' sha256sum -c "$T/before"
is "$(find . | wc -l)" "$(find "$T/made" | wc -l)" 'none has come'
# All calls of a whole run that rename anything.
R=rename,renameat,renameat2
run sign_traced -e trace=$R
is "$(grep -c '^[0-9]* *rename' "$T/trace")" 3 'one for each file'
for n in 1 2 3; do
	fresh
	run sign_traced -e trace=$R \
		-e "inject=$R:signal=KILL:when=$n"
	is "$RC" 137 "killed at file $n"
	for f in "$D" "$I" "$C"; do
		if grep -q '^-----BEGIN PGP SIGNED' "$f"; then
			gpgv --keyring "$T/maint.gpg" "$f" 2>"$T/out"
		else
			cmp "$f" "$T/made/$f" >"$T/out"
		fi
		tap $? "$f is as it was, or signed and good"
	done
	grep -q '^-----BEGIN PGP SIGNED' "$C" || embed "$C" >"$T/out" 2>&1
	ok 'and the next run ends it' \
		dscverify --keyring "$T/maint.gpg" "$C"
done

# ---- a run that was cut off -------------------------------------------------
fresh
embed "$C" >"$T/out" 2>&1 || exit 1
mkdir "$T/signed"
cp -- * "$T/signed"
cp "$T/made/$C" "$T/made/$I" .
ok 'only the .dsc was signed' embed "$C"
hasnt "in $D\$" 'its signature is kept'
ok 'the rest is made' dscverify --keyring "$T/maint.gpg" "$C"
cp "$T/signed/$D" "$T/signed/$I" "$T/made/$C" .
ok 'the .dsc and the .buildinfo were' embed "$C"
hasnt "in ($D|$I)\$" 'both are kept'
ok 'the rest is made' dscverify --keyring "$T/maint.gpg" "$C"
cp "$T/made/$D" "$T/made/$C" .
cp "$T/signed/$I" .
refused 1 'a .buildinfo alone, which names the .dsc as it was signed' \
	'content-mismatch: '
cp "$T/signed/"* .
cp "$T/made/$C" .
cp -a "$T/made" "$T/other"
(cd "$T/other" && embed -k stranger "$D") >"$T/out" 2>&1 || exit 1
cp "$T/other/$D" .
refused 1 'a .dsc that somebody else has signed since' \
	"content-mismatch: .* names $D, which has another"

# ---- how it is told ---------------------------------------------------------
fresh
ok 'for programs' embed --json "$C"
is "$(grep -c '"status":"signed","type":"openpgp","signature":' "$T/out")" 3 \
	'one object for each signature'
exits 1 'a refusal too' embed --json "$C"
done_testing
