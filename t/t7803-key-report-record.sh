#!/bin/sh
# What the record of uses adds to a report, and what a denial and a broken
# record take from it: a report is a use of the key like any other.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl python3 softhsm2-util faketime git

# faketime is loaded before the sanitizer's runtime.
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
CONFIG=$XDG_CONFIG_HOME/touchmark/config
softhsm_new work
cd "$T" || exit 1
for k in plain other; do
	touchmark key generate $k --token work --module "$MODULE" \
		--pin-file "$PINFILE" --algorithm p256 >/dev/null 2>&1
done
LOG=$T/audit.log
git config -f "$CONFIG" touchmark.auditLog "$LOG"

get() {
	python3 - "$T/r.json" "$@" <<-'END'
	import json, sys
	v = json.load(open(sys.argv[1]))
	for p in sys.argv[2:]:
	    if p.startswith('row:'):
	        v = [r for r in v['requirements'] if r['row'] == p[4:]][0]['verdict']
	    elif p == 'len':
	        v = len(v)
	    elif isinstance(v, list):
	        v = v[int(p)]
	    else:
	        v = v[p]
	print(json.dumps(v) if not isinstance(v, str) else v)
	END
}

report() {
	run touchmark key report plain --json --no-login
	cp "$T/out" "$T/r.json"
}

for f in one two; do
	echo $f >"$T/$f"
	ok "plain signs $f" touchmark sign -k plain -t ssh \
		--pin-file "$PINFILE" "$T/$f"
done
echo three >"$T/three"
ok 'other signs three' touchmark sign -k other -t ssh \
	--pin-file "$PINFILE" "$T/three"

report
is "$(get record whole)" true 'the record holds'
is "$(get record uses)" 2 'and has the uses of this key alone'
is "$(get record last 1 format)" ssh 'with their format'
get record last 1 artefact >"$T/out"
has '^(.*/)?two$' 'the artefact'
is "$(get record last 1 digest)" "$(python3 -c 'import json, sys
for l in open(sys.argv[1]):
    e = json.loads(l)
    if e["kind"] == "intent" and str(e.get("artefact", "")).endswith("two"):
        print(e["digest"])' "$LOG")" 'and the digest that is on record'
is "$(get row:record)" pass 'uses are on record'
is "$(get row:retention)" 'not checkable' 'two years have not passed yet'
since=$(get record since)
is "$since" "$(sed -n '1s/.*"time":"\([^"]*\)".*/\1/p' "$LOG")" \
	'it tells since when'

# More than are shown; over a rotation.
ok 'the log is rotated' touchmark log rotate "$LOG"
i=0
: >"$T/list"
while [ $i -lt 11 ]; do
	i=$((i + 1))
	echo $i >"$T/f$i"
	echo "$T/f$i" >>"$T/list"
done
# One word for each file.
# shellcheck disable=SC2046
ok 'eleven files' touchmark sign -k plain -t ssh --pin-file "$PINFILE" \
	$(cat "$T/list")
report
is "$(get record uses)" 13 'all of them are counted'
is "$(get record last len)" 10 'the last ten are told'
is "$(get record since)" "$since" 'it goes back before the rotation'

# Two years and more.
run faketime '+800 days' touchmark key report plain --json --no-login
cp "$T/out" "$T/r.json"
is "$(get row:retention)" pass 'after more than two years'

# The report itself is a use.
ok 'a signed report' touchmark key report plain --pin-file "$PINFILE" \
	-o "$T/report.txt"
report
is "$(get record uses)" 14 'a signed report is on record'
get record last 9 artefact >"$T/out"
has '^(.*/)?report.txt$' 'by its name'

# A record that does not hold gives no signature, and the report says so.
cp "$LOG" "$T/keep"
sed '2s/"artefact":"[^"]*"/"artefact":"x"/' "$T/keep" >"$LOG"
report
is "$RC" 0 'a report over a broken record'
is "$(get record whole)" false 'says that it breaks'
is "$(get row:record)" fail 'which fails'
is "$(get row:retention)" fail 'and so does retention'
run touchmark key report plain --pin-file "$PINFILE" -o "$T/no.txt"
[ "$RC" != 0 ] && [ ! -e "$T/no.txt" ] && [ ! -e "$T/no.txt.p7s" ] &&
	[ ! -e "$T/no.txt.sig" ]
tap $? 'no report is signed while the record is broken'
cp "$T/keep" "$LOG"

# A denied key signs no report about itself; one can be made unsigned.
ok 'denied' touchmark key compromise plain --yes --reason stolen
report
is "$(get row:not-compromised)" fail 'a denied key is told as such'
exits 3 'and signs no report' touchmark key report plain \
	--pin-file "$PINFILE" -o "$T/no.txt"
[ ! -e "$T/no.txt" ] && [ ! -e "$T/no.txt.sig" ]
tap $? 'of which nothing is left'

done_testing
