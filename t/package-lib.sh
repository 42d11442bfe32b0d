# shellcheck shell=sh disable=SC2034,SC2317 # for the tests
# package-lib.sh - debs, a software key that gpg has, and the judges of
# packages. Sourced after lib.sh.
#
#   gpg_key MAIL [TYPE]      an OpenPGP key in $GNUPGHOME; its fingerprint is
#                            $KEY, its certificate $T/MAIL.pgp
#   deb_new NAME [DPKG-DEB-OPTION...]   $T/NAME.deb, small and reproducible
#   debsig_trusts FILE FPR   debsig-verify takes what that certificate signed
#   debsig DEB               debsig-verify with it
#   tool ...                 package-tool
#   flip FILE OFFSET         one bit of one byte; from the end when negative

tool() {
	"$MOCK/package-tool" "$@"
}

# Not a byte that we choose: it may stand there already.
flip() {
	perl -e 'open(F, "+<", $ARGV[0]) or die; binmode(F);
		$at = $ARGV[1] < 0 ? (-s F) + $ARGV[1] : $ARGV[1];
		seek(F, $at, 0) && read(F, $b, 1) == 1 && seek(F, $at, 0) or die;
		print F chr(ord($b) ^ 1); close(F) or die' "$1" "$2"
}

gpg_key() {
	mail=$1
	if ! gpg --batch --quiet --passphrase '' --pinentry-mode loopback \
		--quick-generate-key "Test <$mail>" "${2:-ed25519}" sign never \
		>"$T/setup.log" 2>&1 ||
	   ! gpg --batch --quiet --export "$mail" >"$T/$mail.pgp"
	then
		cat "$T/setup.log"
		echo 'not ok - prepared: gpg makes no key'
		exit 1
	fi
	KEY=$(gpg --batch --quiet --with-colons --list-keys "$mail" |
		sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -n 1)
}

deb_new() {
	dname=$1
	shift
	rm -rf "$T/tree"
	mkdir -p "$T/tree/DEBIAN" "$T/tree/usr/share/hello"
	cat >"$T/tree/DEBIAN/control" <<-EOF
	Package: hello
	Version: 1.0
	Architecture: all
	Maintainer: Test <maint@example.org>
	Description: a package
	EOF
	echo "Hello from $dname" >"$T/tree/usr/share/hello/text"
	SOURCE_DATE_EPOCH=1700000000 dpkg-deb --root-owner-group "$@" \
		-b "$T/tree" "$T/$dname.deb" >"$T/setup.log" 2>&1 || {
		cat "$T/setup.log"
		echo 'not ok - prepared: dpkg-deb makes no package'
		exit 1
	}
}

debsig_trusts() {
	mkdir -p "$T/debsig/policies/$2" "$T/debsig/keyrings/$2"
	cp "$1" "$T/debsig/keyrings/$2/ring.pgp"
	cat >"$T/debsig/policies/$2/test.pol" <<-EOF
	<?xml version="1.0"?>
	<!DOCTYPE Policy SYSTEM "https://www.debian.org/debsig/1.0/policy.dtd">
	<Policy xmlns="https://www.debian.org/debsig/1.0/">
	  <Origin Name="Test" id="$2" Description="of the test"/>
	  <Selection>
	    <Required Type="origin" File="ring.pgp" id="$2"/>
	  </Selection>
	  <Verification MinOptional="0">
	    <Required Type="origin" File="ring.pgp" id="$2"/>
	  </Verification>
	</Policy>
	EOF
}

debsig() {
	debsig-verify --policies-dir "$T/debsig/policies" \
		--keyrings-dir "$T/debsig/keyrings" "$@"
}
