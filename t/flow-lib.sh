# shellcheck shell=sh disable=SC2034 # some of these are for the tests
# flow-lib.sh - what packagers have in hand: uploads and repositories, made by
# the tools of their ecosystems. Sourced after lib.sh.
#
#   flow_key NAME [ALGORITHM]  an OpenPGP key in a token; its certificate is
#                              $T/NAME.asc, and $T/NAME.gpg for gpgv; FPR is
#                              its fingerprint
#   upload DIR                 a source and a binary package of demo 1.0 in DIR,
#                              with .dsc, .buildinfo and .changes, unsigned
#   embed ARG...               touchmark sign --embed, without timestamps
#   sums FILE...               their SHA-256, to see what stayed as it was

CONFIG=$XDG_CONFIG_HOME/touchmark/config

flow_key() {
	[ -n "${PINFILE-}" ] || softhsm_new release
	if ! touchmark key generate "$1" --token release --module "$MODULE" \
		--pin-file "$PINFILE" --algorithm "${2:-rsa3072}" \
		--user "Key $1 <$1@example.org>" >"$T/setup.log" 2>&1 ||
	   ! touchmark key export "$1" --type openpgp \
		--pin-file "$PINFILE" >"$T/$1.asc" 2>"$T/setup.log" ||
	   ! gpg --batch --dearmor <"$T/$1.asc" >"$T/$1.gpg" 2>"$T/setup.log"
	then
		cat "$T/setup.log"
		echo 'not ok - prepared: no OpenPGP key in a token'
		exit 1
	fi
	FPR=$(gpg --batch --with-colons --show-keys "$T/$1.gpg" |
		awk -F: '$1 == "fpr" { print $10; exit }')
}

upload() {
	mkdir -p "$1/demo-1.0/debian/source" || exit 1
	(
		cd "$1/demo-1.0/debian" || exit 1
		echo '3.0 (native)' >source/format
		cat >control <<-'END'
		Source: demo
		Section: misc
		Priority: optional
		Maintainer: Dana Developer <dana@example.org>
		Standards-Version: 4.6.2
		Rules-Requires-Root: no

		Package: demo
		Architecture: all
		Description: nothing to speak of
		 It is there to be signed.
		END
		cat >changelog <<-'END'
		demo (1.0) unstable; urgency=medium

		  * First one.

		 -- Dana Developer <dana@example.org>  Tue, 02 Jan 2024 12:00:00 +0000
		END
		cat >rules <<-'END'
		#!/usr/bin/make -f
		clean build build-indep build-arch binary-arch:
		binary binary-indep:; sh debian/binary.sh
		END
		cat >binary.sh <<-'END'
		set -e
		mkdir -p debian/demo/DEBIAN debian/demo/usr/share/demo
		echo hello >debian/demo/usr/share/demo/hello
		dpkg-gencontrol -Pdebian/demo
		dpkg-deb --root-owner-group --build debian/demo ..
		END
		chmod +x rules
		cd .. && dpkg-buildpackage -d -us -uc
	) >"$T/setup.log" 2>&1 || {
		cat "$T/setup.log"
		echo 'not ok - prepared: dpkg-buildpackage makes no package'
		exit 1
	}
	rm -rf "$1/demo-1.0"
}

embed() {
	touchmark sign --embed --no-timestamp --pin-file "$PINFILE" "$@"
}

sums() {
	sha256sum "$@"
}
