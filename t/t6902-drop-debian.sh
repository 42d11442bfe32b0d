#!/bin/sh
# debsign and dpkg-buildpackage with touchmark-gpg in gpg's place; what comes
# out satisfies dscverify, gpgv and dpkg-source.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/drop-lib.sh"
need dpkg-buildpackage debsign dscverify dpkg-source gpg gpgv pkcs11-tool \
	softhsm2-util fakeroot

drop_key
drop_source
CHANGES=$T/src/hello_1.0_$(dpkg --print-architecture).changes
INFO=${CHANGES%.changes}.buildinfo
DSC=$T/src/hello_1.0.dsc

# signed WHAT: source package, .buildinfo and .changes are good to everybody
signed() {
	for f in "$DSC" "$INFO" "$CHANGES"; do
		ok "$1: gpgv takes ${f##*/}" gpgv --keyring "$RING" "$f"
	done
	ok "$1: dscverify takes all of it" dscverify --no-default-keyrings \
		--keyring "$RING" "$CHANGES"
	has 'validating hello_1.0.dsc' 'and has looked at the source'
	is "$(grep -c 'BEGIN PGP SIGNED' "$DSC" "$INFO" "$CHANGES" |
		cut -d: -f2 | sort -u)" 1 "$1: each is signed once"
}

# ---- debsign ----------------------------------------------------------------
ok 'a package that nobody signed' drop_build -us -uc -ui
cp "$CHANGES" "$T/unsigned.changes"
ok 'debsign -p' debsign --no-conf -p touchmark-gpg -krelease "$CHANGES"
signed debsign
ok 'dpkg-source unpacks it' dpkg-source --no-copy -x "$DSC" "$T/unpacked"
ok 'again by its fingerprint' debsign --no-conf --re-sign -p touchmark-gpg \
	"-k$FPR" "$CHANGES"
signed 'debsign --re-sign'
echo "DEBSIGN_PROGRAM=$BIN/touchmark-gpg
DEBSIGN_KEYID=release@example.org" >"$HOME/.devscripts"
ok 'debsign as configured' debsign --re-sign "$CHANGES"
signed 'DEBSIGN_PROGRAM'
rm "$HOME/.devscripts"
git config --global gpg.format x509
ok 'whatever git signs with' debsign --no-conf --re-sign -p touchmark-gpg \
	-krelease "$CHANGES"
signed 'with gpg.format x509'
git config --global --unset gpg.format
run debsign --no-conf --re-sign -p touchmark-gpg -knobody@example.org \
	"$CHANGES"
is "$((RC != 0))" 1 'a key that is not there is an error'
is "$(grep -c 'BEGIN PGP' "$DSC")" 0 'and nothing looks signed'

# ---- dpkg-buildpackage -------------------------------------------------------
ok 'dpkg-buildpackage --sign-command' drop_build \
	--sign-command=touchmark-gpg --sign-key=release
signed dpkg-buildpackage
ok 'its long form of options' grep -q "^Hash: SHA256" "$DSC"
run drop_build --sign-command=touchmark-gpg --sign-key=nobody@example.org
is "$((RC != 0))" 1 'a key that is not there fails the build'

done_testing
