#!/bin/sh
# fuzz.sh BUILD SECONDS TARGET - one fuzz target for so long, from its seeds; new
# inputs stay in BUILD/corpus, what breaks it in BUILD/crash. One line when all
# is well: others print beside it. Else everything it said.
set -u
BUILD=$1
SECONDS_EACH=$2
TARGET=$3

mkdir -p "$BUILD/corpus/$TARGET" "$BUILD/crash" "$BUILD/log" || exit 1
log=$BUILD/log/$TARGET
"$BUILD/fuzz/fuzz_$TARGET" -max_total_time="$SECONDS_EACH" -timeout=10 \
	-rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
	-artifact_prefix="$BUILD/crash/$TARGET-" \
	"$BUILD/corpus/$TARGET" "t/fuzz/seeds/$TARGET" >"$log" 2>&1
rc=$?
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
if [ "$rc" = 0 ] && [ "${runs:-0}" -gt 0 ]; then
	echo "fuzz $TARGET: $runs inputs"
	exit 0
fi
{
	echo "fuzz $TARGET: exit $rc"
	cat "$log"
} >&2
# Not 255, by which xargs would leave the others out.
exit 1
