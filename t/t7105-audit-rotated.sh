#!/bin/sh
# touchmark log show with rotated logs: all of the record in order; what is
# wrong with an old one hides no newer one, and is told. log rotate in JSON.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=audit-lib.sh
. "${0%/*}/audit-lib.sh"
need openssl softhsm2-util ssh-keygen sha256sum

cd "$T" || exit 1
audit_setup p256
for f in one two three; do
	echo $f >$f
done

# A line behind the last one, as a process that died leaves it.
add() {	# SEQ KIND FIELDS
	prev=$(tail -n 1 "$LOG" | sha256sum | cut -d' ' -f1)
	printf '{"seq":%d,"prev":"%s","time":"2026-01-01T00:00:00Z","kind":"%s",%s}\n' \
		"$1" "$prev" "$2" "$3" >>"$LOG"
}

ok 'sign' audit_sign one
add 3 intent '"what":"sign","key":"release","artefact":"across"'
add 4 intent '"what":"sign","key":"release","artefact":"lost"'
ok 'rotate, in JSON' touchmark log rotate --json
is "$(wc -l <out)" 1 'one object'
has "^\\{\"file\":\"$LOG\",\"status\":\"good\",\"moved\":\"$LOG.1\",\"text\":null\\}" \
	'says where the old one is'
add 6 result '"intent":3,"status":"ok","key":"release","artefact":"across"'
ok 'sign' audit_sign two
ok 'rotate' touchmark log rotate
has "uses is now .*uses.2, and a new log goes on from it" 'says so too'
ok 'sign' audit_sign three
last=$(tail -n 1 "$LOG" | sed 's/{"seq":\([0-9]*\),.*/\1/')

# ---- all of it ----------------------------------------------------------------------
ok 'verify' touchmark log verify
is "$(grep -c ': good' out)" 3 'three logs are whole'
ok 'show' touchmark log show
sed -n 's/^\([0-9]*\)  .*/\1/p' out >numbers
is "$(tr '\n' ' ' <numbers)" "$(seq "$last" | tr '\n' ' ')" \
	'shows every entry once, the oldest first'
has '^1  .*one' 'the first one'
has "^$last  .*three" 'and the last one'
is "$(grep -c 'no result' out)" 1 'one use has no result'
has '^4  .*lost  no result$' 'that which was lost'
hasnt 'across.*no result' 'a result in the next log is one'
ok 'as JSON' touchmark log show --json
cat "$LOG.1" "$LOG.2" "$LOG" >want
cmp -s want out
tap $? 'the lines of all logs'
ok 'of an artefact' touchmark log show --artefact one
is "$(grep -c '  one  ' out)" 2 'in an old log'
ok 'from tomorrow on' touchmark log show --since 2100-01-01
is "$(wc -l <out)" 0 'nothing'
ok 'without the rotated ones' touchmark log show --no-rotated
is "$(wc -l <out)" "$(wc -l <"$LOG")" 'this file alone'
hasnt '  one  ' 'nothing of an old one'
ok 'as JSON' touchmark log show --no-rotated --json
cmp -s "$LOG" out
tap $? 'its lines'
ok 'the second one' touchmark log show --json "$LOG.2"
cat "$LOG.1" "$LOG.2" >want
cmp -s want out
tap $? 'and the one before it'
ok 'alone' touchmark log show --no-rotated "$LOG.1"
has '^3  .*across  no result$' 'a result in another file is not seen'

# ---- old ones that are gone or wrong ---------------------------------------------------
cp -p "$LOG.1" keep1
cp -p "$LOG.2" keep2
mv "$LOG.1" away
ok 'the oldest was moved away' touchmark log show
has "^$last  .*three" 'the others are shown'
hasnt '^1  ' 'and it is not'
mv away "$LOG.1"
sed -i '2s/"ok"/"ko"/' "$LOG.1"
exits 1 'a change in the oldest' touchmark log show
has '^1  .*one' 'what stands before it is shown'
hasnt '^4  ' 'not what follows it there'
has "warning: $LOG.1:[0-9]*: the chain breaks: .*; the next log follows$" \
	'a warning says why'
has "^$last  .*three" 'the newer ones are shown'
has "$LOG: not all that it goes on from is whole" 'and the end says it again'
has 'hint: touchmark log verify' 'with what to do'
cp -p keep1 "$LOG.1"
exits 1 'as JSON' sh -c "sed -i '2s/\"ok\"/\"ko\"/' '$LOG.1' &&
	touchmark log show --json 2>/dev/null"
cat "$LOG.2" "$LOG" >want
tail -n "$(wc -l <want)" out | cmp -s - want
tap $? 'the newer ones are whole'
cp -p keep1 "$LOG.1"

# Another log of the same kind in the place of an old one.
head -n 2 keep1 >"$LOG.1"
sum=$(tail -n 1 "$LOG.1" | sha256sum | cut -d' ' -f1)
cp -p "$LOG.1.head" keep1.head
start=$(head -n 1 keep1 | wc -c) size=$(wc -c <"$LOG.1")
printf '%-511s\n' "$(sed "s/ *\$//;s/\"seq\":[0-9]*/\"seq\":2/
	s/\"hash\":\"[0-9a-f]*\"/\"hash\":\"$sum\"/
	s/\"start\":[0-9]*/\"start\":$start/
	s/\"size\":[0-9]*/\"size\":$size/" keep1.head)" >"$LOG.1.head"
exits 1 'a shorter one, with a head that fits' touchmark log show
has "warning: $LOG.2 does not go on from the last entry of the log before$" \
	'the gap is told where it is'
has "^$last  .*three" 'what follows is shown'
exits 1 'verify' touchmark log verify
has 'the next log does not go on from its last entry' 'finds the same'
cp -p keep1 "$LOG.1"
cp -p keep1.head "$LOG.1.head"
mv "$LOG.2" away
mkdir "$LOG.2"
exits 4 'an old one that is no file' touchmark log show
has "warning: $LOG.2: .*; the next log follows$" 'is told'
has "^$last  .*three" 'and hides no newer one'
rmdir "$LOG.2"
mv away "$LOG.2"
ok 'all is there again' touchmark log show
sed -i '2s/intent/entint/' "$LOG"
exits 1 'a break in the newest' touchmark log show
has "$LOG:[0-9]*: the chain breaks" 'is the error'
has '^1  .*one' 'behind all that holds'
: >"$LOG"
ok 'rotate what is broken, in JSON' touchmark log rotate --json
has "\"status\":\"broken\",\"moved\":\"$LOG.3\",\"text\":\"[^\"]+\"" \
	'which says so'
hasnt 'warning' 'in the object'
ok 'a log that begins after a break' touchmark log show
is "$(wc -l <out)" 1 'begins there'
sh -c "touchmark log rotate --json >/dev/full" 2>out
is $? 4 'what cannot be told is an error'
done_testing
