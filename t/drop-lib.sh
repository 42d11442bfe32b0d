# shellcheck shell=sh disable=SC2034,SC2016 # for the tests; make's own variables
# drop-lib.sh - what packaging tools need to sign with a key in a token, and
# something for them to sign. Sourced after lib.sh and gpg-lib.sh.
#
#   drop_key             the RSA key `release` in a token, OpenPGP certificate
#                        in $CERT (armoured) and $RING (binary), $FPR
#   drop_path            `gpg` and `gpg2` in PATH are touchmark-gpg
#   drop_rpm             $T/rpm/hello-1-1.noarch.rpm
#   drop_source          $T/src/hello-1.0, a native Debian source package
#   drop_build [ARG...]  dpkg-buildpackage there; the results lie in $T/src
#   drop_apt LINE...     apt-get update with these sources and no others
#   drop_pin away|back   the PIN cannot be had; an agent has forgotten it

USER_ID='Release Team <release@example.org>'
CERT=$T/release.asc
RING=$T/release.gpg

drop_key() {
	TOKEN_TYPE=rsa:3072 token_key release release@example.org
	git config -f "$CONFIG" touchmark.release.userId "$USER_ID"
	git config -f "$CONFIG" touchmark.release.created 1700000000
	git config -f "$CONFIG" touchmark.key release
	touchmark key export release --type openpgp >"$CERT" \
		2>"$T/setup.log" || bail 'no OpenPGP certificate'
	touchmark key export release --type openpgp --no-armor >"$RING" \
		2>"$T/setup.log" || bail 'no OpenPGP certificate'
	FPR=$(gpg --batch --with-colons --show-keys "$CERT" 2>/dev/null |
		awk -F: '/^fpr/{print $10; exit}')
}

drop_path() {
	mkdir "$T/path"
	ln -s "$BIN/touchmark-gpg" "$T/path/gpg"
	ln -s "$BIN/touchmark-gpg" "$T/path/gpg2"
	PATH=$T/path:$PATH
}

drop_rpm() {
	mkdir -p "$T/rpm"
	cat >"$T/rpm/hello.spec" <<-'EOS'
	Name: hello
	Version: 1
	Release: 1
	Summary: Hello
	License: MIT
	BuildArch: noarch
	%description
	Says hello.
	%install
	mkdir -p %{buildroot}/usr/share/hello
	echo hello >%{buildroot}/usr/share/hello/text
	%files
	/usr/share/hello
	EOS
	rpmbuild -bb --define "_topdir $T/rpm/top" \
		--define '_build_id_links none' "$T/rpm/hello.spec" \
		>"$T/setup.log" 2>&1 || bail 'rpmbuild makes no package'
	mv "$T/rpm/top/RPMS/noarch/hello-1-1.noarch.rpm" "$T/rpm/" ||
		bail 'rpmbuild made another package'
	RPM=$T/rpm/hello-1-1.noarch.rpm
}

drop_source() {
	mkdir -p "$T/src/hello-1.0/debian/source"
	(
	cd "$T/src/hello-1.0/debian" || exit 1
	echo '3.0 (native)' >source/format
	cat >changelog <<-EOS
	hello (1.0) unstable; urgency=low

	  * First release.

	 -- $USER_ID  Sat, 21 Nov 2026 00:00:00 +0000
	EOS
	cat >control <<-EOS
	Source: hello
	Section: misc
	Priority: optional
	Maintainer: $USER_ID
	Standards-Version: 4.6.2

	Package: hello
	Architecture: all
	Description: says hello
	 It says hello.
	EOS
	{
		printf '#!/usr/bin/make -f\nD=debian/hello\nclean:\n\trm -rf $D\n'
		printf 'build build-indep build-arch binary-arch:\n'
		printf 'binary binary-indep:\n\tmkdir -p $D/DEBIAN $D/usr/share/hello\n'
		printf '\techo hello >$D/usr/share/hello/text\n'
		printf '\tdpkg-gencontrol -phello -P$D\n'
		printf '\tdpkg-deb --root-owner-group -b $D ..\n'
	} >rules
	chmod +x rules
	)
}

drop_build() {
	(cd "$T/src/hello-1.0" && dpkg-buildpackage -d "$@")
}

drop_apt() {
	rm -rf "$T/apt"
	mkdir -p "$T/apt/state/lists/partial" "$T/apt/cache/archives/partial" \
		"$T/apt/etc/apt.conf.d" "$T/apt/etc/preferences.d" \
		"$T/apt/etc/trusted.gpg.d"
	: >"$T/apt/status"
	printf '%s\n' "$@" >"$T/apt/etc/sources.list"
	cat >"$T/apt/conf" <<-EOS
	Dir::State "$T/apt/state";
	Dir::State::status "$T/apt/status";
	Dir::Cache "$T/apt/cache";
	Dir::Etc "$T/apt/etc";
	Dir::Etc::sourceparts "-";
	APT::Architecture "amd64";
	APT::Architectures "amd64";
	APT::Sandbox::User "$(id -un)";
	Acquire::Languages "none";
	EOS
	run env APT_CONFIG="$T/apt/conf" timeout 120 apt-get update \
		-o APT::Update::Error-Mode=any
}

drop_pin() {
	if [ "$1" = back ]; then
		mv "$PINFILE.away" "$PINFILE"
		return
	fi
	mv "$PINFILE" "$PINFILE.away"
	[ -z "${XDG_RUNTIME_DIR-}" ] ||
		touchmark agent forget >"$T/setup.log" 2>&1
}
