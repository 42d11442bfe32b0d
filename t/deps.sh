#!/bin/sh
# deps.sh build|demo|check|server - install what is missing, and nothing else.
#
# Debian and Ubuntu by apt, Fedora and RHEL by dnf; sudo only when not root.
# Says what it installs. A package that cannot be installed is an error: a
# test whose tool is missing is never skipped.
set -eu

what=${1:-build}

# The packages of one set ($1 manager, $2 set).
packages() {
	case $1-$2 in
	apt-build)
		echo make gcc pkg-config libc6-dev libssl-dev libp11-dev \
			libp11-kit-dev libgit2-dev libcurl4-openssl-dev \
			libgpgme-dev libseccomp-dev libarchive-dev \
			zlib1g-dev ;;
	apt-demo)
		echo softhsm2 openssl git faketime ca-certificates ;;
	apt-check)
		echo opensc gnupg gpgsm gpgv gpg-agent gpgconf \
			openssh-client strace valgrind mandoc shellcheck \
			perl clang libclang-rt-dev binutils xxd \
			universal-ctags time sqv sqop opencryptoki libnss3 \
			libnss3-tools p11-kit p11-kit-modules \
			gnupg-pkcs11-scd python3 python3-yaml zsh fish \
			rpm createrepo-c dnf dpkg-dev debhelper devscripts \
			debsig-verify debsigs apt-utils reprepro aptly \
			minisign signify-openbsd zip zstd xz-utils bzip2 \
			lz4 lzip fakeroot systemd ;;
	# An ssh server is nothing to put on everybody's machine.
	apt-server)
		echo gitolite3 openssh-server ;;
	dnf-server)
		echo gitolite3 openssh-server ;;
	dnf-build)
		echo make gcc pkgconf-pkg-config openssl-devel libp11-devel \
			p11-kit-devel libgit2-devel libcurl-devel gpgme-devel \
			libseccomp-devel libarchive-devel zlib-devel ;;
	dnf-demo)
		echo softhsm openssl git libfaketime ca-certificates ;;
	dnf-check)
		echo opensc gnupg2 gnupg2-smime openssh-clients strace \
			valgrind mandoc ShellCheck perl-Test-Harness clang \
			compiler-rt binutils vim-common ctags time zsh \
			fish opencryptoki opencryptoki-swtok nss-softokn \
			nss-tools p11-kit-server rpm-build rpm-sign \
			createrepo_c minisign zip zstd xz bzip2 lz4 lzip \
			python3-pyyaml systemd ;;
	esac
}

case $what in
build) sets='build' ;;
demo) sets='build demo' ;;
check) sets='build demo check' ;;
server) sets='build demo check server' ;;
*)
	echo >&2 "usage: deps.sh build|demo|check|server"
	exit 2
	;;
esac

root=
[ "$(id -u)" = 0 ] || root=sudo

wanted() {	# MANAGER: the packages of the sets
	for s in $sets; do
		packages "$1" "$s"
	done
}

apt_missing() {
	for p in $(wanted apt); do
		# The runtime of clang carries its version in its name.
		case $p in libclang-rt-dev) p=$(apt_clang_rt) ;; esac
		dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null |
			grep -q '^install ok installed' || printf '%s ' "$p"
	done
}

apt_clang_rt() {
	v=$(apt-cache depends clang 2>/dev/null |
		sed -n 's/.*Depends: clang-\([0-9]*\).*/\1/p' | head -n 1)
	echo "libclang-rt-${v:-14}-dev"
}

if command -v apt-get >/dev/null 2>&1; then
	missing=$(apt_missing)
	[ -n "$missing" ] || exit 0
	$root apt-get update -qq
	missing=$(apt_missing)
	echo "installing: $missing"
	# shellcheck disable=SC2086 # a list of names
	$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
		--no-install-recommends $missing >/dev/null
elif command -v dnf >/dev/null 2>&1; then
	missing=
	for p in $(wanted dnf); do
		rpm -q --whatprovides "$p" >/dev/null 2>&1 ||
			missing="$missing $p"
	done
	[ -n "$missing" ] || exit 0
	echo "installing:$missing"
	# shellcheck disable=SC2086 # a list of names
	$root dnf install -y -q $missing
else
	echo >&2 "deps.sh: neither apt-get nor dnf is here; install: $(wanted apt)"
	exit 1
fi
