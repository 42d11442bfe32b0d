#!/bin/sh
# debsigs with touchmark-gpg in gpg's place; debsig-verify, gpgv and sqv are
# content with the deb.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/drop-lib.sh"
need dpkg-buildpackage dpkg-deb debsigs debsig-verify ar gpg gpgv sqv \
	pkcs11-tool softhsm2-util fakeroot

drop_key
drop_source
ok 'a package' drop_build -us -uc -b
drop_path
ID=$(echo "$FPR" | tail -c 17)
DEB=$T/src/hello_1.0_all.deb
mkdir -p "$T/policies/$ID" "$T/keyrings/$ID"
cp "$RING" "$T/keyrings/$ID/release.gpg"
cat >"$T/policies/$ID/release.pol" <<EOP
<?xml version="1.0"?>
<!DOCTYPE Policy SYSTEM "https://www.debian.org/debsig/1.0/policy.dtd">
<Policy xmlns="https://www.debian.org/debsig/1.0/">
  <Origin Name="Release" id="$ID" Description="Release Team"/>
  <Selection><Required Type="origin" File="release.gpg" id="$ID"/></Selection>
  <Verification MinOptional="0">
    <Required Type="origin" File="release.gpg" id="$ID"/>
  </Verification>
</Policy>
EOP
judge_deb() {
	debsig-verify --policies-dir "$T/policies" \
		--keyrings-dir "$T/keyrings" "$1"
}
exits 10 'an unsigned deb' judge_deb "$DEB"
ok 'debsigs --sign=origin' debsigs --sign=origin -k release "$DEB"
ok 'debsig-verify takes it' judge_deb "$DEB"
has 'Verified package' 'in its own words'
is "$(ar t "$DEB" | tail -1)" _gpgorigin 'the signature is where it belongs'
ok 'dpkg still reads it' dpkg-deb --info "$DEB"
ar p "$DEB" _gpgorigin >"$T/origin.sig"
for m in debian-binary $(ar t "$DEB" | sed -n '2,3p'); do
	ar p "$DEB" "$m"
done >"$T/origin.data"
ok 'gpgv takes the bytes' gpgv --keyring "$RING" "$T/origin.sig" \
	"$T/origin.data"
ok 'so does sqv' sqv --keyring "$CERT" "$T/origin.sig" "$T/origin.data"
done_testing
