#!/bin/sh
# again.sh STATE COUNT - run once more, one after the other, what failed in the
# run of prove that left STATE; COUNT tests were to be run. Fails when there is
# more than can be put down to a busy machine, when not every test was run, and
# when one fails alone too; what failed then is what is printed last.
set -u
STATE=$1
COUNT=$2
MOST=2	# tests that may have failed

run=$(grep -c '^    elapsed:' "$STATE") || exit 1
if [ "$run" -ne "$COUNT" ]; then
	echo "again.sh: $run of $COUNT tests were run: something is missing"
	exit 1
fi
failed=$(prove --dry --statefile="$STATE" --state=failed) || exit 1
n=$(echo "$failed" | grep -c .)
if [ "$n" -eq 0 ] || [ "$n" -gt $MOST ]; then
	echo "again.sh: $n tests failed: that is no accident"
	exit 1
fi
echo "=== FAILED BESIDE OTHERS, AND ONCE MORE ALONE:"
echo "$failed"
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
# shellcheck disable=SC2086 # names without blanks
prove -v $failed >"$out" 2>&1
rc=$?
cat "$out"
if [ $rc -ne 0 ]; then
	echo "=== FAILED ALONE TOO:"
	grep -e '^not ok' -e '^# ' -e '^Bail out' -e '^ *Parse errors' "$out" |
		tail -n 60
fi
exit $rc
