#!/bin/sh
# run.sh - certificates, CRLs, timestamps and signatures against public suites.
#
#   CORPUS=DIR B=BUILD sh t/conformance/run.sh
#
# A suite passes when every answer is the expected one, but for the rows of
# differences.tsv: those must differ exactly as the row says, and why stands
# beside it. PKITS may have no false accept at all. The drivers and replay
# programs are built by `make conformance`. TAP on standard output.
set -u
CORPUS=${CORPUS:?name the corpus folder}
B=${B:?name the build folder}
HERE=$(cd "${0%/*}" && pwd)
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
		[ -s "$T/diff" ] && head -40 "$T/diff" | sed 's/^/# /'
	fi
	: >"$T/diff"
}

# differences SUITE: id and what we did, where it is not what was expected;
# a case without an answer differs too.
differences() {
	awk -F'\t' -v OFS='\t' '
	NR == FNR { want[$1] = $2; next }
	{
		got = $2 == "good" ? "valid" : "invalid"
		seen[$1] = 1
		if (want[$1] !~ /^(either|parse)$/ && got != want[$1])
			print $1, got == "valid" ? "accept" : "refuse"
	}
	END {
		for (id in want)
			if (!seen[id])
				print id, "silent"
	}' "$T/$1.want" "$T/$1.got" | sort
}

# suite NAME DRIVER: run it and hold it against the table.
suite() {
	"$B/conformance/$2" <"$T/$1.in" >"$T/$1.got"
	tap $? "$1: every case has an answer"
	judge_suite "$1" "$1"
}

# judge_suite NAME TABLE-NAME
judge_suite() {
	differences "$1" >"$T/have"
	awk -F'\t' -v OFS='\t' -v s="$2" '$1 == s { print $2, $3 }' \
		"$HERE/differences.tsv" | sort >"$T/known"
	[ -s "$T/$1.want" ] && diff "$T/known" "$T/have" >"$T/diff"
	tap $? "$1: differs only where the table says so"
	n=$(wc -l <"$T/$1.want")
	bad=$(wc -l <"$T/have")
	echo "# $1: $((n - bad)) of $n as expected," \
		"$(grep -c 'accept$' "$T/have") accepted beyond"
}

make_suite() {
	perl "$HERE/suites.pl" "$1" "$CORPUS" "$T" || {
		echo "Bail out! cannot read the suite $1"
		exit 1
	}
}

# ---- PKITS ------------------------------------------------------------------
make_suite pkits
suite pkits chain_driver
[ "$(grep -c 'accept$' "$T/have")" = 0 ]
tap $? 'pkits: nothing is accepted that must be refused'
[ $((bad * 100)) -le "$n" ]
tap $? 'pkits: at least 99 of 100 are right'
# The same with the strength rule that programs have.
sed 's/	strength=any//' "$T/pkits.in" >"$T/shipped.in"
cp "$T/pkits.want" "$T/shipped.want"
"$B/conformance/chain_driver" <"$T/shipped.in" >"$T/shipped.got"
judge_suite shipped pkits

# ---- path building ----------------------------------------------------------
for s in limbo limbo-strict boringssl openssl; do
	make_suite "$s"
	suite "$s" chain_driver
done

# ---- timestamps -------------------------------------------------------------
make_suite tst
suite tst tst_driver

# ---- signatures -------------------------------------------------------------
mkdir "$T/wycheproof"
xz -dc "$CORPUS/wycheproof/wycheproof-v1-signatures.tar.xz" |
	tar -xf - -C "$T/wycheproof"
make_suite wycheproof
suite wycheproof sig_driver

# ---- seeds of other fuzzers -------------------------------------------------
for pair in x509:cert crl:crl cms:tst; do
	xz -dc "$CORPUS/openssl-fuzz/${pair%:*}.tar.xz" | tar -xf - -C "$T"
	"$B/replay/fuzz_${pair#*:}" "$T/${pair%:*}" >"$T/diff" 2>&1
	tap $? "fuzz seeds ${pair%:*}: no crash"
done

echo "1..$tests"
exit "$failed"
