#!/bin/sh
# Timestamps: over the record each touchmark.auditSeal entries, and those over
# signatures in the record; syslog.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=audit-lib.sh
. "${0%/*}/audit-lib.sh"
need openssl softhsm2-util ssh-keygen faketime

cd "$T" || exit 1
audit_setup p256
for i in 1 2 3 4 5 6 7 8 9; do echo $i >f$i; done
tsa_new tsa
tsa_start tsa
git config -f "$C" touchmark.tsa "$TSA_URL"
git config -f "$C" touchmark.tsaRoots "$T/pki/tsa-root.pem"
git config -f "$C" touchmark.timestamp never
git config -f "$C" touchmark.auditSeal 4

# ---- over the record ----------------------------------------------------------------------
ok 'two entries' audit_sign f1
is "$(entries seal)" 0 'are not sealed yet'
ok 'four' audit_sign f2
is "$(entries seal)" 1 'are'
is "$(sed -n 5p "$LOG" | grep -c '"kind":"seal","covers":4,')" 1 'up to the fourth'
is "$(field 5 sha256)" "$(sed -n 4p "$LOG" | sha256sum | cut -d' ' -f1)" 'by its hash'
printf %s "$(field 5 sha256)" >stamped
field 5 token >base64
openssl base64 -d -A -in base64 -out token
ok 'openssl takes the token' openssl ts -verify -data stamped -in token \
	-token_in -CAfile "$T/pki/tsa-root.pem"
ok 'verify' touchmark log verify
has '    proved up to entry 4 by 20.*Z, 1 timestamp, the last by .*tsa' 'and says what is proved'
hasnt 'nothing here says to trust' 'by somebody who is trusted'
ok 'show' touchmark log show
has '^5  .*seal  up to 4  20.*Z  ' 'in words'
for i in 3 4 5 6; do ok 'more' audit_sign f$i; done
is "$(entries seal)" 3 'the next ones after four more each'
ok 'verify' touchmark log verify
has 'proved up to entry 14 .*3 timestamps' 'three timestamps'
ok 'rotate' touchmark log rotate
ok 'more' audit_sign f7
ok 'the count goes on in a new log' audit_sign f8
ok 'verify' touchmark log verify
has 'proved up to entry [0-9]+ by .*4 timestamps' 'a timestamp over both files'
is "$(entries seal)" 1 'stands in the new one'

# ---- whom to believe --------------------------------------------------------------------
tsa_new eve
exits 1 'of other roots' touchmark log verify --tsa-roots "$T/pki/eve-root.pem"
has 'uses.1:5: the chain breaks: its timestamp is not good: ' 'it is not believed'
git config -f "$C" --unset touchmark.tsaRoots
ok 'without any' touchmark log verify
has 'which nothing here says to trust \(--tsa-roots\)' 'that is said'
ok 'with roots' touchmark log verify --tsa-roots "$T/pki/tsa-root.pem"
ok 'in JSON' touchmark log verify --json --tsa-roots "$T/pki/tsa-root.pem"
has '^\{"file":".*","status":"proved",.*"trusted":true' 'they prove it, too'
hasnt 'nothing here' 'it is not'
git config -f "$C" touchmark.tsaRoots "$T/pki/tsa-root.pem"

# ---- an authority that is away ----------------------------------------------------------
rm -rf "$T/record"
tsa_stop
git config -f "$C" touchmark.tsa http://127.0.0.1:1/
rm -f f*.asc
ok 'no authority: two entries' audit_sign f1
ok 'four' audit_sign f2
has 'warning: the record of uses is not sealed yet: ' 'a warning'
[ -s f2.asc ]
tap $? 'and a signature'
is "$(entries seal)" 0 'no timestamp'
rm -rf "$XDG_STATE_HOME" "$HOME/.cache"
tsa_start tsa
git config -f "$C" touchmark.tsa "$TSA_URL"
ok 'there it is again' audit_sign f3
hasnt 'warning' 'no warning'
is "$(entries seal)" 1 'the next entry is sealed'
ok 'verify' touchmark log verify
has 'proved up to entry 6 ' 'with all before it'
git config -f "$C" --unset touchmark.tsa
for i in 4 5 6; do run audit_sign f$i; done
has 'warning: .*touchmark.auditSeal needs touchmark.tsa' 'without any: it is told'
git config -f "$C" touchmark.tsa "$TSA_URL"

# ---- forged ---------------------------------------------------------------------------------
# A chain that holds around a token that was taken from elsewhere: line by line
# as its writer would.
forge() {	# sed script for the line of the seal
	cp keep "$LOG"
	prev=0000000000000000000000000000000000000000000000000000000000000000
	n=0
	: >forged
	while IFS= read -r line; do
		n=$((n + 1))
		line=$(printf '%s' "$line" | sed "s/\"prev\":\"[0-9a-f]*\"/\"prev\":\"$prev\"/")
		case $line in *'"kind":"seal"'*)
			line=$(printf '%s' "$line" | sed "$1") ;;
		esac
		printf '%s\n' "$line" >>forged
		prev=$(printf '%s\n' "$line" | sha256sum | cut -d' ' -f1)
	done <keep
	size=$(wc -c <forged)
	start=$((size - $(tail -n 1 forged | wc -c)))
	printf '{"seq":%d,"hash":"%s","start":%d,"size":%d}\n' $n "$prev" \
		$start "$size" >"$LOG.head"
	cat forged >"$LOG"
}
cp "$LOG" keep
forge ''
ok 'what the forger makes holds' touchmark log verify
forge 's/"covers":6/"covers":5/'
exits 1 'another line is covered' touchmark log verify
has 'it covers no line of this log' 'which it does not'
forge 's/"covers":6/"covers":600/'
exits 1 'one to come' touchmark log verify
forge 's/"token":"[^"]*"/"token":""/'
exits 1 'no token' touchmark log verify
has 'its timestamp is not good: it cannot be read' 'is none'
forge 's/"token":"M/"token":"N/'
exits 1 'a token of other bytes' touchmark log verify
sed -i '2s/"artefact":"f1"/"artefact":"f0"/' keep
forge ''
exits 1 'history written anew' touchmark log verify
has 'it covers no line of this log' 'does not fit the timestamp'
rm -rf "$T/record"

# ---- timestamps of signatures -------------------------------------------------------------
git config -f "$C" --unset touchmark.auditSeal
git config -f "$C" touchmark.timestamp require
rm -f f*.asc
ok 'a signature with a timestamp' touchmark sign -t openpgp f1
is "$(entries stamped)" 1 'is on record'
is "$(field 3 seal)" "$(field 2 seal)" 'for that signature'
cp "$LOG" out
has '"kind":"stamped",.*"stamped":"20.*Z","stampedEpoch":[0-9]+' 'with its time'
ok 'show' touchmark log show
has '^3  .*stamped  signature [0-9a-f]{12}  20' 'in words'

# ---- syslog -----------------------------------------------------------------------------------
git config -f "$C" touchmark.timestamp never
SYSLOG_FILE=$T/syslog
export SYSLOG_FILE
spoken() {
	ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0 \
		LD_PRELOAD=$MOCK/syslog.so touchmark sign -t openpgp "$@"
}
ok 'not configured' spoken f2
[ ! -e syslog ]
tap $? 'nothing is said'
git config -f "$C" touchmark.auditSyslog true
ok 'configured' spoken f3
is "$(wc -l <syslog)" 2 'a line for each entry'
tail -n 1 syslog >out
hash=$(tail -n 1 "$LOG" | sha256sum | cut -d' ' -f1)
has "^touchmark-audit 10\\.6 \\{\"seq\":7,\"sha256\":\"$hash\",\"kind\":\"result\",\"intent\":6,\"status\":\"ok\".*\"artefact\":\"f3\"" \
	'its number, hash and fields'
done_testing
