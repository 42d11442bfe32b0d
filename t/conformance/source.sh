#!/bin/sh
# source.sh - source packages as a distribution publishes them, with the
# signatures that their upstream authors made.
#
#   B=BUILD [SOURCES=DIR] sh t/conformance/source.sh
#
# SOURCES has .dsc files, what they name, and upstream's *.orig.tar.*.asc; apt
# fetches some where nothing is named. Upstream's keys are those that the
# package itself has. Each tarball is good to touchmark as it is to gpgv, and
# refused when a byte is another; each .dsc is read to its end, and the files
# that it names are as it says. TAP on standard output.
set -u
B=${B:?name the build folder}
TOOL=$B/mock/package-tool
PATH=$B/bin:$PATH
T=$(mktemp -d) || exit 1
trap 'GNUPGHOME=$T/gnupg gpgconf --kill gpg-agent; rm -rf "$T"' EXIT
LC_ALL=C TZ=UTC HOME=$T XDG_CONFIG_HOME=$T/.config XDG_RUNTIME_DIR=$T/run
GNUPGHOME=$T/gnupg
export LC_ALL TZ HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR GNUPGHOME PATH
(umask 077 && mkdir "$T/run" "$GNUPGHOME")
tests=0 failed=0

tap() {	# GOOD NAME
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		failed=1
		echo "not ok $tests - $2"
		sed 's/^/# /' "$T/log" | tail -20
	fi
	: >"$T/log"
}

fetch() {	# the sources of a few small packages, by apt in a folder of ours
	mkdir -p "$T/lists/partial" "$T/cache/archives/partial" "$SOURCES"
	. /etc/os-release
	printf 'deb-src [signed-by=%s] %s %s main\n' \
		/usr/share/keyrings/debian-archive-keyring.gpg \
		http://deb.debian.org/debian "$VERSION_CODENAME" >"$T/list"
	set -- -o Dir::Etc::SourceList="$T/list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::lists="$T/lists" -o Dir::Cache="$T/cache"
	apt-get "$@" update -qq &&
		(cd "$SOURCES" && apt-get "$@" source --download-only -qq \
			hello libassuan gzip)
}

[ -n "${SOURCES-}" ] || {
	SOURCES=$T/sources
	fetch >"$T/log" 2>&1
	tap $? 'sources of a distribution'
}

# One byte in the middle, changed.
bend() {	# FILE OUT
	cp "$1" "$2"
	at=$(($(wc -c <"$1") / 2))
	byte=$(dd if="$1" bs=1 skip=$at count=1 2>/dev/null | od -An -tu1)
	# shellcheck disable=SC2059 # an octal escape
	printf "\\$(printf %o $(((byte + 1) % 256)))" |
		dd of="$2" bs=1 seek=$at conv=notrunc 2>/dev/null
}

tarballs=0
for s in "$SOURCES"/*.orig.tar.*.asc; do
	[ -f "$s" ] || break
	f=${s%.asc}
	n=${f##*/}
	mkdir -p "$T/up"
	rm -rf "$T/up/debian" "$GNUPGHOME"/pubring*
	tar -xf "$(ls "$SOURCES/${n%%.orig*}"-*.debian.tar.*)" -C "$T/up" \
		debian/upstream
	gpg -q --import "$T"/up/debian/upstream/signing-key.* >"$T/log" 2>&1
	gpg --export >"$T/ring.gpg" 2>>"$T/log"
	gpgv --keyring "$T/ring.gpg" "$s" "$f" 2>>"$T/log" &&
		touchmark verify --keyring "$T/ring.gpg" "$f" >>"$T/log" 2>&1
	tap $? "$n: good to gpgv and to us"
	tarballs=$((tarballs + 1))
	bend "$f" "$T/$n"
	touchmark verify --keyring "$T/ring.gpg" "$T/$n" "$s" >"$T/log" 2>&1
	[ $? = 1 ] && grep -q 'refused signature-bad' "$T/log"
	tap $? "$n: one byte changed is refused"
done
[ $tarballs -gt 0 ]
tap $? "$tarballs tarballs with the signature of their authors"

for d in "$SOURCES"/*.dsc; do
	[ -f "$d" ] || break
	"$TOOL" open "$d" >"$T/log" 2>&1 && "$TOOL" text "$d" >"$T/text.dsc" &&
		"$TOOL" list Checksums-Sha256 "$T/text.dsc" >"$T/list" \
			2>>"$T/log" &&
		[ -s "$T/list" ] && (cd "$SOURCES" &&
			sed 's/ [0-9]* /  /' "$T/list" |
			sha256sum -c --quiet) >>"$T/log" 2>&1
	tap $? "${d##*/}: read to its end"
done

echo "1..$tests"
[ $failed = 0 ]
