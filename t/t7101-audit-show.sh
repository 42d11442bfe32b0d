#!/bin/sh
# touchmark log show and verify for the record of uses: which log is meant,
# filters, an intent without a result, and every way to tamper with it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=audit-lib.sh
. "${0%/*}/audit-lib.sh"
need openssl softhsm2-util ssh-keygen git

cd "$T" || exit 1
audit_setup p256
for f in one two three; do echo "$f" >"$f"; done
exits 1 'nothing was recorded yet' touchmark log verify
ok 'sign' audit_sign one
ok 'sign' audit_sign two three

# ---- which log ----------------------------------------------------------------------
git init -q repo
git -C repo config touchmark.gateLog gate
cd repo || exit 1
ok 'in a repository with a gate' touchmark log verify
has 'note: this is touchmark.auditLog; the gate.s is .*gate' 'it is said which log is meant'
git config -f "$C" --unset touchmark.auditLog
exits 1 'without it' touchmark log verify
has 'gate:1: the chain breaks: there is no log' 'the gate'"'"'s'
git config -f "$C" touchmark.auditLog "$LOG"
cd .. || exit 1
git config -f "$C" touchmark.unknownKey x
ok 'a log that is named needs no configuration' touchmark log verify "$LOG"
has 'warning: ' 'but one that is broken is told'
exits 2 'which roots need' touchmark log verify --tsa-roots /dev/null "$LOG"
git config -f "$C" --unset touchmark.unknownKey

# ---- show -----------------------------------------------------------------------------
ok 'show' touchmark log show
has '^1  20.*Z  intent  sign  release  openpgp  sha256:[0-9a-f]{12}  file  one  by ' 'an intent'
has '^2  20.*Z  result of 1  ok  sign  release  openpgp  .*  one  by ' 'a result'
hasnt 'no result' 'each has one'
ok 'of an artefact' touchmark log show --artefact two
is "$(wc -l <out)" 2 'its two entries'
ok 'of a digest' touchmark log show --artefact "$(field 1 digest)"
is "$(wc -l <out)" 2 'the same'
ok 'of a key by its name' touchmark log show --key release
is "$(wc -l <out)" 6 'all of them'
ok 'by its public key' touchmark log show --key "$SPKI"
is "$(wc -l <out)" 6 'all of them'
ok 'without the word' touchmark log show --key "${SPKI#sha256:}"
is "$(wc -l <out)" 6 'too'
ok 'by its fingerprint' touchmark log show --key "$(field 1 fingerprint)"
is "$(wc -l <out)" 6 'too'
ok 'of another key' touchmark log show --key releas
is "$(wc -l <out)" 0 'there are none'
ok 'from tomorrow on' touchmark log show --since 2100-01-01
is "$(wc -l <out)" 0 'none'
ok 'in JSON' touchmark log show --json --artefact one
is "$(sed -n 1p out)" "$(sed -n 1p "$LOG")" 'the line itself'

# ---- cut off between the two ------------------------------------------------------------
# As a power failure leaves it: the intent is there, its head was not written.
cp "$LOG" whole
cp "$LOG.head" whole.head
again() {
	cp whole "$LOG"
	cp whole.head "$LOG.head"
	chmod 600 "$LOG" "$LOG.head"
}
prev=$(tail -n 1 "$LOG" | sha256sum | cut -d' ' -f1)
printf '{"seq":7,"prev":"%s","time":"2026-01-01T00:00:00Z","kind":"intent","what":"sign","key":"release","spki":"%s","artefact":"lost"}\n' \
	"$prev" "$SPKI" >>"$LOG"
ok 'an intent behind the head' touchmark log verify
ok 'show' touchmark log show
has '^7  .*intent  sign  release  lost  no result$' 'says that it has no result'
rm one.asc
ok 'signing goes on' audit_sign one
ok 'in the same chain' touchmark log verify
ok 'show' touchmark log show
is "$(grep -c 'no result' out)" 1 'that one has none still'
# Several of one write, the last one torn.
again
p=$prev n=7
while [ $n -lt 10 ]; do
	line="{\"seq\":$n,\"prev\":\"$p\",\"time\":\"2026-01-01T00:00:00Z\",\"kind\":\"intent\",\"artefact\":\"lost$n\"}"
	p=$(printf '%s\n' "$line" | sha256sum | cut -d' ' -f1)
	printf '%s\n' "$line" >>"$LOG"
	n=$((n + 1))
done
printf '{"seq":10,"prev":"%s","time"' "$p" >>"$LOG"
rm -f one.asc
ok 'signing takes up the whole ones' audit_sign one
ok 'and cuts the torn one' touchmark log verify
ok 'in JSON' touchmark log verify --json
has '^\{"file":".*","status":"good","text":null,' 'as well'
is "$(sed -n 10p "$LOG" | grep -c '"kind":"recovered","cut":')" 1 'which is on record'
is "$(grep -c lost "$LOG")" 3 'nothing whole is lost'

# ---- tampering ----------------------------------------------------------------------------
breaks() {	# LINE WHAT [PATTERN]
	exits 1 "$2" touchmark log verify
	has "uses:$1: the chain breaks: ${3-}" "at line $1"
	exits 1 "$2: show" touchmark log show
	again
}
again
sed -i '3s/"artefact":"/&x/' "$LOG"
breaks 4 'a word' 'the line before it was changed'
sed -i '3d' "$LOG"
breaks 3 'a line less' 'its number does not follow'
sed -i '3{h;d};4G' "$LOG"
breaks 3 'two lines the other way round'
sed -i '3p' "$LOG"
breaks 4 'a line twice'
sed -i '$d' "$LOG"
breaks 6 'the last one is gone' 'the end was cut off'
sed -i '5,$d' "$LOG"
breaks 5 'the last two are gone' 'the end was cut off'
sed -i 1d "$LOG"
breaks 1 'the first one is gone'
: >"$LOG"
breaks 1 'emptied'
rm "$LOG"
breaks 1 'absent' 'there is no log'
has 'hint: .*touchmark log rotate' 'with what lets it go on: its head is there'
rm "$LOG.head"
exits 1 'in JSON' touchmark log verify --json
has '^\{"file":".*","status":"broken","text":"its head.*","line":7,' 'one object'
is "$(touchmark log verify --json 2>"$T/stderr" | wc -l)" 1 'and no more'
breaks 7 'without a head'
printf 'x' >"$LOG.head"
breaks 7 'with another one'

# ---- hostile lines: an error, no crash, no memory ---------------------------------------------
hostile() {	# WHAT, the line is in $T/line
	cat line >>"$LOG"
	exits 1 "$1" touchmark log verify
	exits 1 "$1: show" touchmark log show
	hasnt "$(printf '\033')" "$1: nothing of it is shown"
	again
}
pre="{\"seq\":7,\"prev\":\"$prev\",\"time\":\"2026-01-01T00:00:00Z\",\"kind\":\"intent\","
{ printf '%s"a":"' "$pre"; head -c 40000 /dev/zero | tr '\0' a; printf '"}\n'; } >line
hostile 'a text that is too long'
{ printf '%s"a":"' "$pre"; head -c 20 /dev/zero; printf '"}\n'; } >line
hostile 'NUL bytes'
{ printf '%s"a":' "$pre"; head -c 100000 /dev/zero | tr '\0' '['; printf '\n'; } >line
hostile 'deep arrays'
{ printf '%s' "$pre"; head -c 30000000 /dev/zero | tr '\0' '{'; } >line
hostile 'thirty megabytes without a newline'
printf '%s"a":"\033[2J"}\n' "$pre" >line
hostile 'a control byte'
printf '%s"a":99999999999999999999}\n' "$pre" >line
hostile 'a number that is too large'
printf '\377\376\n' >line
hostile 'no JSON'
done_testing
