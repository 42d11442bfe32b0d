#!/bin/sh
# Every fuzz target, over its seeds: no crash, and under SAN=1 no report.
. "${0%/*}/lib.sh"

for f in "$TOP"/t/fuzz/fuzz_*.c; do
	name=${f##*/fuzz_}
	name=${name%.c}
	ok "$name: its seeds are replayed" "$B/replay/fuzz_$name" \
		"$TOP/t/fuzz/seeds/$name"
	has '^ok 1 - [0-9]+ inputs' "$name: there are seeds"
done
done_testing
