# shellcheck shell=sh disable=SC2034,SC2317 # for the tests
# rpm-lib.sh - rpms that rpmbuild makes, and rpm's own judgement of them.
# Sourced after lib.sh and package-lib.sh.
#
#   rpm_new NAME [RPMBUILD-OPTION...]      $T/NAME.rpm, a binary package
#   rpm_new_source NAME [OPTION...]        $T/NAME.rpm, a source package
#   rpm_trusts FILE                        rpm takes what that key signed
#   judged RPM                             rpmkeys, all that it looked at
#   rest RPM [TOOL-FILE]                   its lead, main header and payload
#   sign_rpm MAIL IN OUT [OPTION...]       put in a signature that gpg makes;
#                                          options are those of package-tool

rpm_tool() {
	"$MOCK/rpm-tool" "$@"
}

rpm_spec() {
	mkdir -p "$T/rpm"
	[ -f "$T/rpm/data" ] || seq 20000 >"$T/rpm/data"
	cat >"$T/rpm/$1.spec" <<-EOF
	Name: $1
	Version: 1.0
	Release: 1
	Summary: A package for tests
	License: MIT
	BuildArch: noarch
	Source0: data
	%description
	One file.
	%install
	mkdir -p %{buildroot}/usr/share/$1
	cp %{SOURCE0} %{buildroot}/usr/share/$1/data
	%files
	/usr/share/$1
	EOF
}

rpm_build() {	# NAME -bb|-bs OPTION...
	bname=$1
	shift
	rpm_spec "$bname"
	if ! rpmbuild "$@" --define "_topdir $T/rpm/top" \
		--define "_sourcedir $T/rpm" --define "_builddir $T/rpm" \
		"$T/rpm/$bname.spec" >"$T/setup.log" 2>&1 ||
	   ! mv "$(find "$T/rpm/top" -name '*.rpm')" "$T/$bname.rpm"
	then
		cat "$T/setup.log"
		echo 'not ok - prepared: rpmbuild makes no package'
		exit 1
	fi
}

rpm_new() {
	rname=$1
	shift
	rpm_build "$rname" -bb "$@"
}

rpm_new_source() {
	rname=$1
	shift
	rpm_build "$rname" -bs "$@"
}

rpm_trusts() {
	mkdir -p "$T/rpmdb"
	rpmkeys --dbpath "$T/rpmdb" --import "$1"
}

# It repeats the name: that of the scratch directory could hold any word.
judged() {
	(cd "$(dirname "$1")" &&
		rpmkeys --dbpath "$T/rpmdb" --checksig --verbose "${1##*/}")
}

rest() {
	at=$(rpm_tool show "$1" | sed -n 's/^main \([0-9]*\) .*/\1/p')
	[ -n "$at" ] && head -c 96 "$1" && tail -c +$((at + 1)) "$1"
}

same_rest() {	# RPM RPM
	rest "$1" >"$T/rest.1" && rest "$2" >"$T/rest.2" &&
		cmp "$T/rest.1" "$T/rest.2"
}

size_of() {
	wc -c <"$1"
}

sign_rpm() {
	smail=$1 sin=$2 sout=$3
	shift 3
	tool content "$sin" >"$T/content" || return
	rm -f "$T/content.sig"
	gpg --batch --quiet -u "$smail" -b -o "$T/content.sig" \
		"$T/content" || return
	tool write "$sin" "$sout" "$@" "$T/content.sig"
}
