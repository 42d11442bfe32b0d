#!/bin/sh
# Timestamps inside of what is signed in place: uploads and repositories that
# have them, as the tools of Debian and our own verifier see them.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=flow-lib.sh
. "${0%/*}/flow-lib.sh"
need softhsm2-util gpg gpgv openssl dpkg-buildpackage dscverify \
	apt-ftparchive git

flow_key maint
upload "$T/dist"
mkdir "$T/pki"
tsa_new tsa
tsa_start tsa
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
git config -f "$CONFIG" touchmark.tsaRoots "$T/pki/tsa-root.pem"
cd "$T/dist" || exit 1
C=$(echo ./*.changes)
C=${C#./}
stamped() {
	touchmark sign --embed --timestamp=require --pin-file "$PINFILE" "$@"
}

ok 'an upload without timestamps' embed "$C"
ok 'is not left alone when it must have one' stamped --resume "$C"
is "$(grep -c ', timestamped, in ' "$T/out")" 3 'all three get one'
for f in *.dsc *.buildinfo *.changes; do
	ok "gpgv takes $f" gpgv --keyring "$T/maint.gpg" "$f"
	ok 'and we' touchmark verify --keyring "$T/maint.asc" \
		--tsa-roots "$T/pki/tsa-root.pem" "$f"
	has 'made before .* \(timestamp by .*CN=tsa' 'by its timestamp'
done
ok 'dscverify takes the upload' dscverify --keyring "$T/maint.gpg" "$C"
ok 'now it is left alone' stamped --resume "$C"
has 'is signed already, left alone' 'as told'

mkdir "$T/repo"
cd "$T/repo" || exit 1
: >Packages
apt-ftparchive release . >"$T/Release" && mv "$T/Release" .
ok 'a repository' embed Release
ok 'the same' stamped --resume Release
is "$(grep -c ', timestamped, in ' "$T/out")" 2 'gets timestamps'
ok 'gpgv takes InRelease' gpgv --keyring "$T/maint.gpg" InRelease
ok 'gpgv takes Release.gpg' gpgv --keyring "$T/maint.gpg" Release.gpg Release
tsa_stop
ok '--resume needs no server' stamped --resume Release
sha256sum ./* >"$T/before"
exits 5 'to sign needs one' stamped --resign Release
ok 'and leaves all as it was' sha256sum -c "$T/before"
done_testing
