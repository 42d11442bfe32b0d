#!/bin/sh
# "For packagers": the lines of README.md as they stand there, on packages that
# were built by their own tools, and what those say to the results.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=flow-lib.sh
. "${0%/*}/flow-lib.sh"
need softhsm2-util gpg gpgv dpkg-buildpackage dscverify rpmbuild rpmkeys \
	createrepo_c apt-ftparchive tar xz git

# Each indented block of the section is a file.
awk -v to="$T/block." '
/^## / { inside = ($0 == "## For packagers") }
inside && /^    / {
	if (!open) file = to (++n)
	open = 1
	print substr($0, 5) >file
	next
}
{ open = 0 }' "$TOP/README.md"
is "$(find "$T" -name 'block.*' | wc -l)" 7 'seven things to do'
sed -i "s|LABEL|release|; s|/path/to/pkcs11.so|$MODULE|" "$T"/block.*

type_it() {	# N WHAT: in the current directory
	ok "$2" sh -e "$T/block.$1"
}

softhsm_new release
export TOUCHMARK_PIN_FILE="$PINFILE"
upload "$T/upload"
mkdir -p "$T/rpms" "$T/debs" "$T/apt/pool" "$T/yum"
cp "$T"/upload/*.deb "$T/debs"
cp "$T"/upload/*.deb "$T/apt/pool"
printf '%s\n' 'Name: demo' 'Version: 1.0' 'Release: 1' 'Summary: x' \
	'License: MIT' 'BuildArch: noarch' '%description' x '%files' \
	>"$T/demo.spec"
rpmbuild -bb --define "_topdir $T/top" --define '_build_name_fmt %%{NAME}.rpm' \
	--define "_rpmdir $T/rpms" "$T/demo.spec" >"$T/setup.log" 2>&1 ||
	exit 1
cp "$T/rpms/demo.rpm" "$T/yum"
cd "$T" || exit 1
mkdir demo-1.0
echo hello >demo-1.0/README
tar -cJf demo-1.0.tar.xz demo-1.0

type_it 1 'the key'
gpg --batch --dearmor <release.asc >release.gpg 2>"$T/setup.log"
type_it 2 'a tarball'
ok 'gpgv takes it' gpgv --keyring ./release.gpg demo-1.0.tar.xz.asc \
	demo-1.0.tar.xz
ok 'and the list' gpgv --keyring ./release.gpg demo-1.0.tar.xz.manifest.asc \
	demo-1.0.tar.xz.manifest
type_it 3 'packages'
mkdir rpmdb
rpmkeys --dbpath "$T/rpmdb" --import release.asc
ok 'rpmkeys takes the rpm' rpmkeys --dbpath "$T/rpmdb" --checksig -v \
	rpms/demo.rpm
has 'Signature, key ID .*: OK' 'for its signature'
type_it 4 'an upload'
ok 'dscverify takes it' dscverify --keyring "$T/release.gpg" \
	upload/demo_1.0_*.changes
type_it 5 'an apt repository'
ok 'gpgv takes InRelease' gpgv --keyring ./release.gpg apt/InRelease
ok 'gpgv takes Release.gpg' gpgv --keyring ./release.gpg apt/Release.gpg \
	apt/Release
type_it 6 'a repository of rpms'
ok 'gpgv takes repomd.xml' gpgv --keyring ./release.gpg \
	yum/repodata/repomd.xml.asc yum/repodata/repomd.xml
type_it 7 'others look at them'
done_testing
