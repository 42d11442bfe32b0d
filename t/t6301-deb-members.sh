#!/bin/sh
# A deb as package: what is signed, what is written, and what the tools of its
# own world say to it. The signatures are gpg's.
. "${0%/*}/lib.sh"
. "$TOP/t/package-lib.sh"
need gpg gpgv dpkg-deb ar debsig-verify debsigs bzip2 lzma xz zstd gzip perl

gpg_key maint@example.org
debsig_trusts "$T/maint@example.org.pgp" "$KEY"

sign() {	# IN OUT OPTION...: what is to be signed, signed by gpg
	in=$1 out=$2
	shift 2
	tool content "$in" >"$T/content" || return
	rm -f "$T/content.sig"
	gpg --batch --quiet -b -o "$T/content.sig" "$T/content" || return
	tool write "$in" "$out" "$@" "$T/content.sig"
}

tool_reads() {	# DEB: as ar does
	tool content "$1" >"$T/ours" || return
	for m in $(ar t "$1" | grep -v '^_gpg'); do
		ar p "$1" "$m"
	done >"$T/theirs"
	cmp "$T/ours" "$T/theirs"
}

same_head() {	# UNSIGNED SIGNED: every byte of the first is in the second
	head -c "$(wc -c <"$1")" "$2" | cmp - "$1"
}

judged() {	# NAME: $T/NAME.deb, signed, by everybody
	d=$T/$1.deb s=$T/$1-signed.deb
	ok "$1: ar reads the same members" tool_reads "$d"
	ok "$1: signed" sign "$d" "$s"
	ok "$1: not a byte of it is changed" same_head "$d" "$s"
	ok "$1: debsig-verify" debsig "$s"
	ok "$1: dpkg-deb shows it" dpkg-deb -I "$s"
	has '^ Package: hello$' "$1: dpkg-deb knows it"
	ok "$1: dpkg-deb lists it" dpkg-deb -c "$s"
	has 'usr/share/hello/text' "$1: with its file"
	ok "$1: ar lists it" ar t "$s"
	is "$(tail -n 1 "$T/out")" _gpgorigin "$1: the signature comes last"
	ok "$1: opens" tool open "$s"
	has '^0 origin ' "$1: with its role"
	is "$(sed -n 1p "$T/out")" "deb: deb 2.0, $2, $3" "$1: what it is"
	tool seal "$s" 0 >"$T/seal"
	ok "$1: the signature as it was" cmp "$T/seal" "$T/content.sig"
	ok "$1: what it is over is as before" tool_reads "$s"
}

for z in none gzip xz zstd; do
	deb_new "$z" -Z$z --uniform-compression
done
judged none control.tar data.tar
judged gzip control.tar.gz data.tar.gz
judged xz control.tar.xz data.tar.xz
judged zstd control.tar.zst data.tar.zst

# dpkg-deb reads these but writes them no more.
recompress() {	# NAME SUFFIX PROGRAM: from none.deb, by ar
	rm -rf "$T/parts"
	mkdir "$T/parts"
	(cd "$T/parts" && ar x "$T/none.deb" && gzip -n control.tar &&
		"$3" data.tar && ar rcD "$T/$1.deb" debian-binary \
		control.tar.gz "data.tar$2") >"$T/setup.log" 2>&1
}
recompress bzip2 .bz2 bzip2
recompress lzma .lzma lzma
# ar closes names with a slash.
ok 'ar wrote slashes' grep -qa 'debian-binary/' "$T/bzip2.deb"
judged bzip2 control.tar.gz data.tar.bz2
judged lzma control.tar.gz data.tar.lzma

# ---- roles ------------------------------------------------------------------
d=$T/xz-signed.deb
ok 'a second role' sign "$d" "$T/two.deb" -r maint
ok 'opens' tool open "$T/two.deb"
has '^0 origin ' 'the first stays'
has '^1 maint ' 'the second follows'
ok 'debsig-verify still finds origin' debsig "$T/two.deb"
ok 'the first is the same file' same_head "$d" "$T/two.deb"
exits 2 'a role that is taken' sign "$T/two.deb" "$T/x.deb" -r maint
has "role 'maint'" 'says which'
exits 2 'the usual role is taken too' sign "$T/two.deb" "$T/x.deb"
exits 2 'a role that is none' sign "$T/two.deb" "$T/x.deb" -r 'a b'
ok 'anew' sign "$T/two.deb" "$T/anew.deb" -d 0
ok 'opens' tool open "$T/anew.deb"
has '^0 maint ' 'the other one stays'
has '^1 origin ' 'the new one follows'
ok 'debsig-verify' debsig "$T/anew.deb"
ok 'both left out' tool write "$T/two.deb" "$T/bare.deb" -d 0 -d 1
ok 'is the deb as it was' cmp "$T/bare.deb" "$T/xz.deb"

# ---- the others' ------------------------------------------------------------
cp "$T/xz.deb" "$T/debsigs.deb"
ok 'debsigs signs' debsigs --sign=origin -k "$KEY" "$T/debsigs.deb"
ok 'opens' tool open "$T/debsigs.deb"
has '^0 origin ' 'its role'
tool seal "$T/debsigs.deb" 0 >"$T/seal"
tool content "$T/debsigs.deb" 0 >"$T/content"
ok 'its signature is over what we say' gpgv \
	--keyring "$T/maint@example.org.pgp" "$T/seal" "$T/content"
ok 'debsigs lists ours' debsigs --list "$T/xz-signed.deb"
has "origin.*$(echo "$KEY" | tail -c 17)|origin" 'with its role'

gpg --batch --quiet --armor -b -o "$T/content.asc" "$T/content"
ok 'an armoured member' tool write "$T/xz.deb" "$T/armour.deb" \
	"$T/content.asc"
ok 'debsig-verify takes it' debsig "$T/armour.deb"
tool seal "$T/armour.deb" 0 >"$T/seal"
ok 'and so do we' gpgv --keyring "$T/maint@example.org.pgp" "$T/seal" \
	"$T/content"

# ---- changed ----------------------------------------------------------------
# Each is refused, or its content is not what was signed.
differs() {	# FILE: refused, or what the signature is over is another
	tool content "$1" 0 >"$T/changed" 2>&1 || return 0
	! cmp -s "$T/changed" "$T/content"
}
for at in 0 8 60 68 71 72 80 120 132 140 200 250 300; do
	cp "$T/xz-signed.deb" "$T/flipped.deb"
	flip "$T/flipped.deb" $at
	ok "byte $at changed" differs "$T/flipped.deb"
done
cp "$T/xz-signed.deb" "$T/flipped.deb"
(cd "$T" && echo x >extra && ar q flipped.deb extra) 2>"$T/setup.log"
exits 1 'a member behind the signature' tool open "$T/flipped.deb"
has '^object-malformed: ' 'the reason'
head -c 300 "$T/xz-signed.deb" >"$T/flipped.deb"
exits 1 'cut off' tool open "$T/flipped.deb"
has '^object-malformed: ' 'the reason'
(cat "$T/xz.deb"; echo) >"$T/flipped.deb"
exits 1 'a newline behind' tool open "$T/flipped.deb"

done_testing
