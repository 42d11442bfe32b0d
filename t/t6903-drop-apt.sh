#!/bin/sh
# reprepro, aptly and apt-ftparchive with touchmark-gpg in gpg's place; apt-get
# update, gpgv and sqv are content with the repositories.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/drop-lib.sh"
need reprepro aptly apt-ftparchive apt-get dpkg-buildpackage gpg gpgv sqv \
	pkcs11-tool softhsm2-util fakeroot

drop_key
drop_source
ok 'a package' drop_build -us -uc -b
DEB=$T/src/hello_1.0_all.deb

# signed DIR WHAT: the Release of a distribution is good to everybody
signed() {
	ok "$2: gpgv takes InRelease" gpgv --keyring "$RING" "$1/InRelease"
	ok "$2: gpgv takes Release.gpg" gpgv --keyring "$RING" \
		"$1/Release.gpg" "$1/Release"
	ok "$2: so does sqv" sqv --keyring "$CERT" "$1/Release.gpg" \
		"$1/Release"
	gpgv --keyring "$RING" --output "$T/text" "$1/InRelease" \
		2>"$T/out"
	is "$(cmp "$T/text" "$1/Release" 2>&1)" '' \
		"$2: both are of the same text"
}

# ---- reprepro: a hook --------------------------------------------------------
mkdir -p "$T/reprepro/conf"
cat >"$T/reprepro/conf/sign" <<'EOH'
#!/bin/sh
# FILE INRELEASE RELEASE.GPG, as reprepro calls it
touchmark-gpg --batch --yes -u release --clearsign -o "$2" "$1" &&
touchmark-gpg --batch --yes -u release -ba -o "$3" "$1"
EOH
chmod +x "$T/reprepro/conf/sign"
cat >"$T/reprepro/conf/distributions" <<EOH
Codename: stable
Architectures: amd64
Components: main
SignWith: !sign
EOH
ok 'reprepro with a hook' timeout 300 reprepro -b "$T/reprepro" includedeb \
	stable "$DEB"
signed "$T/reprepro/dists/stable" reprepro
drop_apt "deb [signed-by=$CERT] file:$T/reprepro stable main"
is "$RC" 0 'apt-get update takes it'
run env APT_CONFIG="$T/apt/conf" apt-cache policy hello
has 'Candidate: 1\.0' 'and knows the package'

# ---- aptly -------------------------------------------------------------------
drop_path
# It looks whether gpg has any key at all before it signs with one.
ok 'gpg has the certificate' gpg --batch --import "$CERT"
printf '{"rootDir":"%s/aptly","gpgProvider":"gpg"}\n' "$T" >"$T/aptly.conf"
aptly() {
	timeout 300 /usr/bin/aptly -config="$T/aptly.conf" "$@"
}
ok 'aptly' aptly repo create hello
ok 'takes a package' aptly repo add hello "$DEB"
ok 'and publishes' aptly publish repo -batch -gpg-key=release \
	-distribution=stable -architectures=amd64,all hello
signed "$T/aptly/public/dists/stable" aptly
drop_apt "deb [signed-by=$CERT] file:$T/aptly/public stable main"
is "$RC" 0 'apt-get update takes it'
ok 'aptly publishes again' aptly publish update -batch -gpg-key="$FPR" stable
signed "$T/aptly/public/dists/stable" 'aptly publish update'

# ---- apt-ftparchive ----------------------------------------------------------
mkdir -p "$T/ftp/dists/stable/main/binary-amd64" "$T/ftp/pool"
cp "$DEB" "$T/ftp/pool/"
cd "$T/ftp" || exit 1
apt-ftparchive packages pool >dists/stable/main/binary-amd64/Packages
apt-ftparchive -o APT::FTPArchive::Release::Codename=stable \
	-o APT::FTPArchive::Release::Components=main \
	-o APT::FTPArchive::Release::Architectures=amd64 \
	release dists/stable >"$T/Release"
cd dists/stable || exit 1
mv "$T/Release" .
ok 'gpg --clearsign' gpg --batch -u release --clearsign -o InRelease Release
ok 'gpg -abs' gpg --batch -u release -abs -o Release.gpg Release
signed "$T/ftp/dists/stable" apt-ftparchive
drop_apt "deb [signed-by=$CERT] file:$T/ftp stable main"
is "$RC" 0 'apt-get update takes it'
mv InRelease "$T/InRelease"
drop_apt "deb [signed-by=$CERT] file:$T/ftp stable main"
is "$RC" 0 'by Release.gpg alone too'
sed 's/^Components:.*/Components: evil/' "$T/InRelease" >InRelease
drop_apt "deb [signed-by=$CERT] file:$T/ftp stable main"
is "$((RC != 0))" 1 'but not what was altered'
done_testing
