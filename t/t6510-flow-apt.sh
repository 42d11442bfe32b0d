#!/bin/sh
# touchmark sign --embed on the Release of an apt repository: InRelease and
# Release.gpg, which apt takes, in its own root, with the key named by the
# source.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=flow-lib.sh
. "${0%/*}/flow-lib.sh"
need softhsm2-util gpg gpgv apt-ftparchive apt-get dpkg-deb git

flow_key archive
R=$T/repo
mkdir -p "$R/pool" "$T/pkg/DEBIAN" "$T/pkg/usr/share/demo"
printf 'Package: demo\nVersion: 1.0\nArchitecture: all\nMaintainer: D <d@e.org>\nDescription: x\n' \
	>"$T/pkg/DEBIAN/control"
echo hello >"$T/pkg/usr/share/demo/hello"
dpkg-deb --root-owner-group --build "$T/pkg" "$R/pool/demo_1.0_all.deb" \
	>"$T/setup.log" || exit 1

indices() {
	(cd "$R" && apt-ftparchive packages pool >Packages &&
		gzip -nk9f Packages && rm -f Release InRelease Release.gpg &&
		apt-ftparchive -o APT::FTPArchive::Release::Suite=stable \
			release . >"$T/Release" && mv "$T/Release" Release) \
		2>"$T/setup.log" || exit 1
}
apt_world() {
	rm -rf "$T/apt"
	mkdir -p "$T/apt/lists/partial" "$T/apt/cache/archives/partial" \
		"$T/apt/etc/apt.conf.d" "$T/apt/etc/preferences.d" \
		"$T/apt/etc/trusted.gpg.d" "$T/apt/dpkg"
	: >"$T/apt/dpkg/status"
	cat >"$T/apt/conf" <<-END
	Dir "$T/apt";
	Dir::Etc "$T/apt/etc";
	Dir::Etc::parts "$T/apt/etc/apt.conf.d";
	Dir::Etc::main "none";
	Dir::State "$T/apt";
	Dir::State::lists "$T/apt/lists";
	Dir::State::status "$T/apt/dpkg/status";
	Dir::Cache "$T/apt/cache";
	Dir::Log "$T/apt";
	APT::Sandbox::User "";
	APT::Architecture "amd64";
	Acquire::Languages "none";
	END
	echo "deb [signed-by=$T/archive.asc] file:$R ./" \
		>"$T/apt/etc/sources.list"
}
apt_update() {
	apt_world
	APT_CONFIG=$T/apt/conf apt-get update -o APT::Update::Error-Mode=any
}

indices
cd "$R" || exit 1
exits 100 'apt refuses what is unsigned' apt_update
ok 'the Release is signed' embed Release
has '^Release: signed by Key archive <archive@example.org>, no timestamp, in InRelease$' \
	'says where'
has 'in Release.gpg$' 'twice'
ok 'gpgv takes InRelease' gpgv --status-fd 1 \
	--keyring "$T/archive.gpg" InRelease
has "^\[GNUPG:\] VALIDSIG $FPR .* 01 $FPR\$" 'as text'
ok 'gpgv takes Release.gpg' gpgv --status-fd 1 \
	--keyring "$T/archive.gpg" Release.gpg Release
has "^\[GNUPG:\] VALIDSIG $FPR .* 00 $FPR\$" 'as bytes'
is "$(head -1 Release.gpg)" '-----BEGIN PGP SIGNATURE-----' 'armoured'
gpgv --keyring "$T/archive.gpg" --output "$T/text" InRelease 2>/dev/null
ok 'both are of one text' cmp Release "$T/text"
ok 'apt takes InRelease' apt_update
ok 'and the package in it' env APT_CONFIG="$T/apt/conf" \
	apt-get download -q demo -o Dir::Cache::Archives="$T"
mv InRelease "$T/"
ok 'apt takes Release.gpg' apt_update
has 'Release.gpg' 'that one'
mv "$T/InRelease" .

sums InRelease Release.gpg Release >"$T/before"
exits 1 'not twice' embed Release
has 'Release: this key has signed it already' 'says why'
ok '--resume leaves it alone' embed --resume Release
has '^Release: is signed already, left alone$' 'says so'
ok 'to the byte' sha256sum -c "$T/before"
rm Release.gpg
ok 'when one is missing' embed Release
ok 'both are made' gpgv --keyring "$T/archive.gpg" Release.gpg Release
ok '--resign' embed --resign Release
ok 'makes them anew' apt_update

# ---- what it says must be so ------------------------------------------------
refused() {	# WHY PATTERN
	sums InRelease Release.gpg >"$T/before" 2>/dev/null
	exits 1 "$1" embed Release
	has "$2" 'says why'
	ok 'nothing was touched' sha256sum -c "$T/before"
}
indices
embed Release >/dev/null || exit 1
echo >>Packages
refused 'an index that has grown' \
	'content-mismatch: Release names Packages, which has [0-9]+ bytes instead of'
indices
embed Release >/dev/null || exit 1
sed -i s/hello/hullo/ Packages
tr a-f b-g <Packages >x && mv x Packages
refused 'an index with other bytes' \
	'content-mismatch: Release names Packages, which has another (MD5|SHA)'
indices
(apt-ftparchive release . >Release) 2>"$T/setup.log"
grep -q '^ .* Release$' Release || exit 1
ok 'one that lists itself half-written' embed Release
ok 'is good to apt' apt_update
indices
embed Release >/dev/null || exit 1
rm Packages
ok 'an index that is not there is no fault' embed --resign Release
indices
embed Release >/dev/null || exit 1
cp Release "$T/good"
sed -i '/^SHA256:/,$d' Release
refused 'weak digests alone' 'digest-weak: Release: it lists no files by SHA-256'
sed '/^Date:/d' "$T/good" >Release
refused 'no date' 'object-malformed: Release: it has no Date'
sed 's/^Date:.*/Date: Sat, 21 Nov 2099 12:00:00 UTC/' "$T/good" >Release
refused 'a date that has not come' 'object-malformed: Release: its Date has'
sed 's/^Date:.*/Date: 2026-11-21/' "$T/good" >Release
refused 'a date that is none' 'object-malformed: Release: its Date is none'
sed 's/^Date:.*/&\nValid-Until: Sat, 01 Jan 2022 12:00:00 UTC/' "$T/good" \
	>Release
refused 'one that has ended' 'object-malformed: .* its Valid-Until has passed'
sed 's|^\( .*\) Packages$|\1 ../Packages|' "$T/good" >Release
refused 'a path that leads out' 'object-malformed: '
sed 's|^\( .*\) Packages$|\1 /etc/passwd|' "$T/good" >Release
refused 'another machine' 'object-malformed: '
{ cat "$T/good"; echo; echo 'Suite: x'; } >Release
refused 'a second paragraph' 'object-malformed: '
{ cat "$T/good"; echo 'Suite: x'; } >Release
refused 'a field that is there twice' 'object-malformed: '
{ cat "$T/good"; grep 'Packages.gz$' "$T/good" | tail -1; } >Release
refused 'a file that is listed twice' 'object-malformed|content-mismatch'
cp "$T/good" Release
rm InRelease
ln -s "$T/elsewhere" InRelease
exits 4 'a link in the place of InRelease' embed Release
ok 'is not followed' test ! -e "$T/elsewhere"
rm InRelease
exits 2 '-o has no meaning here' embed -o x Release
done_testing
