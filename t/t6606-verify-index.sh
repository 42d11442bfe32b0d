#!/bin/sh
# touchmark verify and repositories: what a signed InRelease, Release or
# repomd.xml names is good where it is what they say, and content-mismatch
# where it is not.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=package-lib.sh
. "${0%/*}/package-lib.sh"
need gpg apt-ftparchive createrepo_c dpkg-deb gzip

cd "$T" || exit 1
gpg_key maint@example.org
gpg_key other@example.org

verify() {
	touchmark verify --keyring maint@example.org.pgp "$@"
}

pgp() {	# OPTION... FILE
	gpg --quiet --batch --yes -u maint@example.org "$@" 2>setup.log
}

# told: the files of the last output, each with what is said of it first.
told() {
	sed 's/: \(good\|refused [a-z-]*\).*/:\1/; s/^apt: .*//; s/^yum: .*//' \
		out | grep -v '^touchmark: hint' | tr '\n' ' '
}

# ---- apt ------------------------------------------------------------------------

deb_new demo
mkdir -p apt/pool apt/dists/stable/main/binary-amd64
S=apt/dists/stable
mv demo.deb apt/pool/demo.deb
(cd apt && apt-ftparchive packages pool >dists/stable/main/binary-amd64/Packages
	cd dists/stable/main/binary-amd64 && gzip -nk Packages &&
	printf 'Archive: stable\nComponent: main\n' >Release) 2>setup.log
echo x >$S/main/Contents-amd64
# As many write it: into the directory that is listed.
(cd $S && apt-ftparchive -o APT::FTPArchive::Release::Suite=stable release . \
	>Release) 2>setup.log
grep -q '^ .* Release$' $S/Release || exit 1
release() {
	rm -f $S/InRelease $S/Release.gpg
	pgp --clearsign -o $S/InRelease $S/Release
	pgp --armor --detach-sign -o $S/Release.gpg $S/Release
}
release
rm apt/pool/demo.deb	# no index of the first level names it
ok 'an apt repository' verify apt
is "$(told)" "$S/InRelease:good $S/Release:good \
$S/main/Contents-amd64:good $S/main/binary-amd64/Packages:good \
$S/main/binary-amd64/Packages.gz:good $S/main/binary-amd64/Release:good  " \
	'all that its Release names'
has "^$S/main/binary-amd64/Packages\.gz: good, named by $S/InRelease\$" \
	'and by which list'
has "^$S/main/binary-amd64/Release: good, named by $S/InRelease\$" \
	'an unsigned Release too'
has '^apt: 6 files: 6 good, 0 refused$' 'nothing else is there'
ok 'as JSON' verify --json apt
is "$(grep -c '"namedBy":"apt/dists/stable/InRelease"' out)" 4 'the same'
ok 'from within' sh -c "cd $S &&
	touchmark verify --keyring ../../../maint@example.org.pgp ."
has '^\./main/binary-amd64/Packages: good, named by \./InRelease$' 'the same'
mv $S/InRelease .
ok 'by Release.gpg alone' verify apt
has "^$S/main/binary-amd64/Packages: good, named by $S/Release\$" 'the same'
mv InRelease $S/
rm $S/Release $S/Release.gpg
ok 'by InRelease alone' verify apt
has "^$S/main/binary-amd64/Packages: good, named by $S/InRelease\$" 'the same'
(cd $S && apt-ftparchive release . >../Release && mv ../Release .) 2>setup.log
release

echo stray >$S/main/stray
exits 1 'a file that nobody names' verify apt
has "^$S/main/stray: refused signature-missing" 'is signature-missing'
has "^$S/main/Contents-amd64: good" 'the others stay good'
rm $S/main/stray
cp $S/main/Contents-amd64 keep
printf 'y\n' >$S/main/Contents-amd64
exits 1 'one that differs' verify apt
has "^$S/InRelease: refused content-mismatch: it names main/Contents-amd64, \
which has other bytes\$" 'is content-mismatch'
has "^$S/Release: refused content-mismatch" 'by both'
has "^$S/main/Contents-amd64: refused signature-missing" 'and is not good'
exits 1 'the InRelease alone' verify $S/InRelease
has 'refused content-mismatch' 'the same'
exits 1 'the Release alone' verify $S/Release
has 'refused content-mismatch' 'the same'
echo longer >$S/main/Contents-amd64
exits 1 'another size' verify $S/InRelease
has 'main/Contents-amd64, which has another size$' 'is said'
rm $S/main/Contents-amd64
ok 'one that is not there' verify apt
has "^$S/main/binary-amd64/Packages: good" 'is not missed'
echo outside >outside
ln -s ../../../../outside $S/main/Contents-amd64
ok 'a link in its place' verify apt
has "^$S/main/Contents-amd64: not looked at" 'is not followed'
rm $S/main/Contents-amd64
mkdir $S/main/Contents-amd64
exits 1 'a directory in its place' verify $S/InRelease
has 'main/Contents-amd64, which is no regular file$' 'is content-mismatch'
rmdir $S/main/Contents-amd64
mv keep $S/main/Contents-amd64
cp -a $S signed

gpg --quiet --batch --yes -u other@example.org --armor --detach-sign \
	-o $S/Release.gpg $S/Release
gpg --quiet --batch --yes -u other@example.org --clearsign \
	-o $S/InRelease $S/Release
exits 1 'signed by somebody else' verify apt
has "^$S/main/Contents-amd64: refused signature-missing" 'names nothing'
# The same list, with a good signature of something else.
sed 's/^Date: .*/Date: x/' $S/Release >text
pgp --armor --detach-sign -o $S/Release.gpg text
rm $S/InRelease
exits 1 'a bad signature' verify apt
has "^$S/Release: refused signature-bad" 'is signature-bad'
has "^$S/main/Contents-amd64: refused signature-missing" 'names nothing'

again() {	# SED: the Release, edited and signed anew
	rm -rf $S && cp -a signed $S
	sed -i "$1" $S/Release
	release
}
again "/^SHA256:/,\$d"
exits 1 'weak digests alone' verify $S/InRelease
has 'refused digest-weak: .*SHA256' 'are digest-weak'
exits 1 'beside it too' verify $S/Release
has 'refused digest-weak' 'the same'
again 's|^\( .*\) main/Contents-amd64$|\1 ../../../outside|'
exits 1 'a path that leads out' verify $S/InRelease
has 'refused object-malformed' 'is object-malformed'
again "\$ a Date: x"
exits 1 'a field that is there twice' verify $S/InRelease
has 'refused object-malformed' 'is object-malformed'
exits 1 'beside it too' verify $S/Release
has 'refused object-malformed' 'the same'
again '/^SHA256:/,/^SHA512:/{/^SHA512:/!d}'
ok 'SHA-512 alone' verify apt
has "^$S/main/Contents-amd64: good, named by" 'is enough'
again "/^SHA512:/,\$s/^ [0-9a-f]\{8\}\(.* main.Contents-amd64\)\$/ 00000000\1/"
exits 1 'two digests that differ' verify apt
has "^$S/InRelease: refused content-mismatch" 'must both be right'
has "^$S/main/Contents-amd64: refused signature-missing" 'or it is not good'

# ---- yum ------------------------------------------------------------------------

mkdir yum
createrepo_c -q yum >setup.log 2>&1 || exit 1
R=yum/repodata
md() {
	pgp --armor --detach-sign $R/repomd.xml
}
md
cp -a $R md
N=$(find $R -type f ! -name 'repomd.xml*' | wc -l)
F=$(find $R -name '*-filelists.xml.*')
FE=$(basename "$F")
[ "$N" -ge 3 ] || exit 1
ok 'a repository of rpms' verify yum
is "$(grep -c ": good, named by $R/repomd.xml\$" out)" "$N" \
	'all that repomd.xml names'
has "^yum: $((N + 1)) files: $((N + 1)) good, 0 refused\$" 'and it'
ok 'its repodata' verify $R
has ": good, named by $R/repomd.xml\$" 'the same'
ok 'from within' sh -c "cd $R &&
	touchmark verify --keyring ../../maint@example.org.pgp ."
is "$(grep -c ': good, named by \./repomd.xml$' out)" "$N" 'the same'
ok 'the repomd.xml alone' verify $R/repomd.xml
printf x >>"$F"
exits 1 'a file that has grown' verify yum
has "^$R/repomd\.xml: refused content-mismatch: it names repodata/$FE, which \
has another size\$" 'is content-mismatch'
is "$(grep -c 'refused signature-missing' out)" "$N" 'then nothing counts'
LC_ALL=C tr '\0-\377' '\1-\377\0' <"md/$FE" >"$F"
exits 1 'one with other bytes' verify $R/repomd.xml
has "repodata/$FE, which has other bytes\$" 'is content-mismatch'
rm "$F"
ok 'one that is not there' verify yum
is "$(grep -c ': good, named by' out)" $((N - 1)) 'is not missed'
exits 1 'by a key that nobody knows' touchmark verify \
	--keyring other@example.org.pgp yum
hasnt 'named by' 'it names nothing'

edit() {	# SED
	rm -rf $R && cp -a md $R
	sed -i "$1" $R/repomd.xml
	rm $R/repomd.xml.asc
	md
}
edit 's|href="repodata/|href="../repodata/|'
exits 1 'an href that leads out' verify yum
has "^$R/repomd\.xml: refused object-malformed: .*leads out" \
	'is object-malformed'
edit 's|^<repomd|<!DOCTYPE repomd [<!ENTITY x "y">]>&|'
exits 1 'a document type' verify $R/repomd.xml
has 'refused object-malformed' 'is object-malformed'
edit '/<location/s|repodata/||'
for f in "$R"/*-*; do
	mv "$f" yum/
done
ok 'files above the repodata' verify yum
is "$(grep -c "^yum/[^/]*: good, named by $R/repomd.xml\$" out)" "$N" \
	'are found there'
ok 'from within' sh -c "cd $R &&
	touchmark verify --keyring ../../maint@example.org.pgp repomd.xml"
printf x >>"yum/$FE"
exits 1 'and must fit there' sh -c "cd $R &&
	touchmark verify --keyring ../../maint@example.org.pgp repomd.xml"
has 'refused content-mismatch' 'is content-mismatch'

# ---- in which order ---------------------------------------------------------------

# Lists that other lists name, and signatures that nobody knows.
mkdir up
printf 'Format: 3.0\nSource: hello\nVersion: 1\nMaintainer: x\n' >up/hello.dsc
printf 'Format: 1.0\nSource: hello\nBuild-Path: /x\n' >up/hello.buildinfo
echo source >up/hello.tar.xz
gpg --quiet --batch -u other@example.org --armor --detach-sign \
	up/hello.tar.xz
entry() {
	printf ' %s %s %s\n' "$(sha256sum "up/$1" | cut -d' ' -f1)" \
		"$(stat -c %s "up/$1")" "$1"
}
{
	printf 'Format: 1.8\nSource: hello\nChecksums-Sha256:\n'
	entry hello.dsc
	entry hello.buildinfo
	entry hello.tar.xz
} >list
pgp --clearsign -o up/hello.changes list
ok 'what is named may be a list itself' verify up
is "$(grep -c ': good, named by up/hello\.changes$' out)" 3 'all are named'
has '^up/hello\.buildinfo: good, named by' 'before and behind it in the order'
has '^up/hello\.tar\.xz: good, named by' \
	'a signature that no keyring knows says nothing'
exits 1 'alone' verify up/hello.tar.xz
has 'refused cert-missing' 'it is refused'
echo other | pgp --armor --detach-sign >up/hello.tar.xz.asc
exits 1 'a bad signature' verify up
has '^up/hello\.tar\.xz: refused signature-bad' 'is not made good'
rm up/hello.tar.xz.asc
pgp --clearsign -o up/a-notes list
rm up/hello.changes
exits 1 'a list that is called otherwise' verify up
hasnt 'named by' 'names nothing for others'
pgp --clearsign -o up/hello.changes list
rm up/a-notes
{ cat list; echo 'Source: again'; } >twice
pgp --clearsign -o up/hello.changes twice
exits 1 'a .changes that only others may read' verify up/hello.changes
has 'refused object-malformed' 'is object-malformed'
done_testing
