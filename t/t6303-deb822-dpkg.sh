#!/bin/sh
# Control files that dpkg and apt-ftparchive made: read, and with other hashes
# the same that they would make.
. "${0%/*}/lib.sh"
. "$TOP/t/package-lib.sh"
need dpkg-source dpkg-genchanges dpkg-genbuildinfo dpkg-gencontrol dpkg-deb \
	apt-ftparchive gpg gpgv dscverify faketime

SOURCE_DATE_EPOCH=1700000000
export SOURCE_DATE_EPOCH
gpg_key maint@example.org

mkdir -p "$T/work/hello-1.0/debian/source" &&
cd "$T/work/hello-1.0" || exit 1
cat >debian/changelog <<'EOF2'
hello (1.0) unstable; urgency=medium

  * First.
  .
    With a dot.

 -- Test <maint@example.org>  Tue, 14 Nov 2023 22:13:20 +0000
EOF2
cat >debian/control <<'EOF2'
Source: hello
Section: misc
Priority: optional
Maintainer: Test <maint@example.org>
Standards-Version: 4.6.2

Package: hello
Architecture: all
Description: a package
 that says hello.
EOF2
echo '3.0 (native)' >debian/source/format
printf '#!/usr/bin/make -f\n%%:\n\t:\n' >debian/rules
chmod 755 debian/rules

build() {
	mkdir -p debian/hello/DEBIAN &&
	dpkg-gencontrol -phello -Pdebian/hello &&
	dpkg-deb --root-owner-group -b debian/hello .. &&
	rm -rf debian/hello &&
	cp debian/files .. &&
	rm debian/files &&
	(cd .. && dpkg-source -b hello-1.0) &&
	cp ../files debian/files &&
	dpkg-genbuildinfo &&
	dpkg-genchanges >../hello_1.0_all.changes
}
ok 'a source package and its changes' build
cd .. || exit 1
arch=$(dpkg --print-architecture)
info=hello_1.0_$arch.buildinfo

listed() {	# FIELD FILE PROGRAM: what the list says of the files is so
	tool list "$1" "$2" >"$T/list" || return
	[ -s "$T/list" ] || return
	while read -r hash size name; do
		[ "$("$3" <"$name")" = "$hash  -" ] &&
		[ "$(wc -c <"$name")" = "$size" ] || return
	done <"$T/list"
}
for f in hello_1.0.dsc hello_1.0_all.changes; do
	ok "$f: Files" listed Files $f md5sum
	ok "$f: SHA-1" listed Checksums-Sha1 $f sha1sum
	ok "$f: SHA-256" listed Checksums-Sha256 $f sha256sum
done
ok 'buildinfo: SHA-256' listed Checksums-Sha256 "$info" sha256sum
is "$(wc -l <"$T/list" | tr -d ' ')" 2 'source and package'

# ---- another .dsc -----------------------------------------------------------
cp hello_1.0_all.changes before.changes
cp "$info" info.buildinfo
tool update hello_1.0_all.changes hello_1.0.dsc >same
ok 'nothing has changed' cmp same before.changes
gpg --batch --quiet --clearsign -o signed hello_1.0.dsc
tool text signed >dsc.text
ok 'the signed .dsc has the same text' cmp dsc.text hello_1.0.dsc
mv signed hello_1.0.dsc
tool update info.buildinfo hello_1.0.dsc >"$info"
ok 'the buildinfo is changed' listed Checksums-Sha256 "$info" sha256sum
gpg --batch --quiet --clearsign -o signed "$info"
mv signed "$info"
tool update before.changes hello_1.0.dsc >between.changes
tool update between.changes "$info" >hello_1.0_all.changes
ok 'the buildinfo in the changes' listed Files hello_1.0_all.changes md5sum
(cd hello-1.0 && dpkg-genchanges >../theirs) 2>"$T/setup.log"
ok 'the changes that dpkg makes now' cmp theirs hello_1.0_all.changes
exits 1 'another than before' cmp -s before.changes hello_1.0_all.changes

ok 'signed' gpg --batch --quiet --clearsign -o signed.changes \
	hello_1.0_all.changes
mv signed.changes hello_1.0_all.changes
ok 'dscverify takes all of it' dscverify --no-default-keyrings \
	--keyring "$T/maint@example.org.pgp" hello_1.0_all.changes
has 'All files validated successfully' 'and says so'

# ---- Release ----------------------------------------------------------------
mkdir -p apt/dists/x/main/binary-all
(cd apt && apt-ftparchive packages ../ >dists/x/main/binary-all/Packages)
release() {
	faketime -f '2026-01-02 03:04:05' apt-ftparchive release apt/dists/x
}
release >Release
ok 'apt-ftparchive: SHA-256' tool list SHA256 Release
has ' main/binary-all/Packages$' 'with its path'
ok 'apt-ftparchive: MD5' tool list MD5Sum Release
# One file in it changes; its name is a path there.
old=$(sha256sum <apt/dists/x/main/binary-all/Packages | cut -d' ' -f1)
ok 'its hash' tool list SHA256 Release
has "^$old " 'is the file'"'"'s'

# ---- refused ----------------------------------------------------------------
exits 1 'a signed file is no control file' tool list Files \
	hello_1.0_all.changes
has '^object-malformed: line 1 ' 'the reason'
sed 's/ hello_1.0.dsc$/ ..\/hello_1.0.dsc/' before.changes >bad.changes
exits 1 'a name that leads elsewhere' tool list Files bad.changes
has '^object-malformed: .*name' 'the reason'
exits 1 'nor is it changed' tool update bad.changes hello_1.0.dsc
(cat before.changes; echo; cat before.changes) >bad.changes
exits 1 'two paragraphs' tool list Files bad.changes
(cat before.changes; grep -A9 '^Files:' before.changes) >bad.changes
exits 1 'two lists' tool list Files bad.changes
has '^object-malformed: .*second time' 'the reason'

done_testing
