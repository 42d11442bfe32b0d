#!/bin/sh
# archive.sh - archives that others made, many of them to do harm.
#
#   CORPUS=DIR B=BUILD sh t/conformance/archive.sh
#
# Each file (uuencoded ones are decoded) is made a manifest of: no crash, no
# hang, an exit code of ours, and a manifest only with code 0 and with the raw
# bytes' own sum at its end. Then each is cut and bent in fixed places. TAP on
# standard output.
set -u
CORPUS=${CORPUS:?name the corpus folder}
B=${B:?name the build folder}
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
PATH=$B/bin:$PATH
tests=0 failed=0 read=0

tap() {	# GOOD NAME
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		failed=1
		echo "not ok $tests - $2"
		sed 's/^/# /' "$T/said"
	fi
}

# told FILE: 0 when the answer is whole, or a refusal with its reason.
told() {
	timeout 60 touchmark-archive manifest <"$1" >"$T/m" 2>"$T/said"
	rc=$?
	echo "exit $rc" >>"$T/said"
	case $rc in
	0)
		read=$((read + 1))
		[ "$(tail -n 1 "$T/m")" = "raw $(wc -c <"$1") $(sha256sum \
			<"$1" | cut -d' ' -f1)" ] ;;
	1 | 4) [ "$(wc -l <"$T/said")" = 2 ] ;;
	*) return 1 ;;
	esac
}

decode() {	# FILE.uu
	perl -ne 'next if /^begin /; last if /^end/; print unpack("u", $_)' "$1"
}

for f in "$CORPUS"/libarchive/*; do
	name=${f##*/}
	case $name in
	*.uu) decode "$f" >"$T/in" ;;
	*) cp "$f" "$T/in" ;;
	esac
	told "$T/in"
	tap $? "$name ($(sed -n 's/^content //p' "$T/m" | head -1), $(
		tail -n 1 "$T/said"))"
	size=$(wc -c <"$T/in")
	bad=0
	for n in 1 2 3 4 5 6 7 8; do
		head -c $((size * n / 9)) "$T/in" >"$T/short"
		told "$T/short" || bad=$((bad + 1))
		perl -e 'local $/; $_ = <STDIN>; srand($ARGV[0]);
			substr($_, int(rand(length)), 1) = chr(int(rand(256)))
				for 1 .. 5; print' $n <"$T/in" >"$T/bent"
		told "$T/bent" || bad=$((bad + 1))
	done
	[ $bad = 0 ]
	tap $? "$name, cut and bent"
done
[ $read -gt 100 ]
tap $? "$read manifests were made"
echo "1..$tests"
exit $failed
