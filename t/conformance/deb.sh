#!/bin/sh
# deb.sh - debs and signed indexes that a distribution publishes.
#
#   CORPUS=DIR B=BUILD [DEBS=DIR] [LISTS=DIR] sh t/conformance/deb.sh
#
# DEBS has .deb files, LISTS has InRelease files; those that apt has on this
# machine where nothing is named, or fetches where it keeps none. At most 200
# debs are read. Each deb opens, and what is signed is what ar
# reads; each InRelease opens, is the same to gpgv when it is written again, and
# its lists are read to the end. The archives of CORPUS and of its fuzzers crash
# nothing. TAP on standard output.
set -u
CORPUS=${CORPUS:?name the corpus folder}
B=${B:?name the build folder}
DEBS=${DEBS:-/var/cache/apt/archives}
LISTS=${LISTS:-/var/lib/apt/lists}
TOOL=$B/mock/package-tool
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
LC_ALL=C TZ=UTC
export LC_ALL TZ
tests=0 failed=0

tap() {	# GOOD NAME
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		failed=1
		echo "not ok $tests - $2"
		[ -s "$T/bad" ] && head -20 "$T/bad" | sed 's/^/# /'
	fi
	: >"$T/bad"
}

# ---- debs -------------------------------------------------------------------
# What apt is told not to keep, it can fetch.
any() {	# FILE...: whether the pattern fitted something
	[ -e "$1" ]
}
any "$DEBS"/*.deb || {
	mkdir "$T/debs"
	DEBS=$T/debs
	(cd "$DEBS" && apt-get download -qq hostname bzip2 tzdata \
		base-files debianutils make sed) >"$T/bad" 2>&1
}
any "$LISTS"/*InRelease || {
	mkdir -p "$T/lists/partial"
	LISTS=$T/lists
	apt-get update -qq -o Dir::State::lists="$LISTS" >"$T/bad" 2>&1
}
# Evenly from all of them.
set -- "$DEBS"/*.deb
every=$((($# + 199) / 200))
i=0 n=0
: >"$T/bad"
for d in "$@"; do
	i=$((i + 1))
	[ $((i % every)) = 0 ] || continue
	[ -f "$d" ] || break
	n=$((n + 1))
	"$TOOL" open "$d" >"$T/out" 2>&1 || {
		echo "${d##*/}: $(cat "$T/out")" >>"$T/bad"
		continue
	}
	# Each seventh against ar, byte for byte.
	[ $((n % 7)) = 0 ] || continue
	for m in $(ar t "$d" | grep -v '^_gpg'); do
		ar p "$d" "$m"
	done >"$T/theirs"
	"$TOOL" content "$d" | cmp -s - "$T/theirs" ||
		echo "${d##*/}: another content" >>"$T/bad"
done
[ "$n" -gt 0 ] && [ ! -s "$T/bad" ]
tap $? "$n debs of a distribution (DEBS names a folder of them)"

# ---- InRelease --------------------------------------------------------------
n=0
cat /usr/share/keyrings/*archive-keyring.gpg >"$T/ring.gpg" 2>"$T/log"

good() {	# FILE: how many of its signatures gpgv takes
	gpgv --keyring "$T/ring.gpg" "$1" 2>&1 | grep -c 'Good signature'
}

for f in "$LISTS"/*InRelease; do
	[ -f "$f" ] || break
	n=$((n + 1))
	"$TOOL" open "$f" >"$T/out" 2>&1 &&
	"$TOOL" seal "$f" 0 >"$T/seal" &&
	"$TOOL" write "$f" "$T/less" -d 0 &&
	"$TOOL" write "$T/less" "$T/again" "$T/seal" &&
	"$TOOL" text "$f" >"$T/text" &&
	"$TOOL" text "$T/again" | cmp -s - "$T/text" &&
	[ "$(good "$f")" = "$(good "$T/again")" ] &&
	"$TOOL" list SHA256 "$T/text" >"$T/list" &&
	[ "$(wc -l <"$T/list")" = "$(grep -cE '^ [0-9a-f]{64} ' "$T/text")" ] ||
		echo "${f##*/}: $(cat "$T/out")" >>"$T/bad"
done
[ "$n" -gt 0 ] && [ ! -s "$T/bad" ]
tap $? "$n InRelease files (LISTS names a folder of them)"

# ---- anything at all --------------------------------------------------------
for t in deb cleartext deb822; do
	"$B/replay/fuzz_$t" "$CORPUS" >"$T/bad" 2>&1
	tap $? "fuzz_$t: $(sed -n 's/^ok 1 - //p' "$T/bad")"
done

echo "1..$tests"
[ $failed = 0 ]
