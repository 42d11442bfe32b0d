#!/bin/sh
# touchmark key status and the authorities of time: the certificate with which
# one signed last is remembered when a timestamp was good, shown with its end
# and the day it was seen, and warned of before it ends.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl softhsm2-util faketime python3

token_key dev dev@example.org
git config -f "$CONFIG" touchmark.key dev
STATE=$HOME/.local/state/touchmark/tsa.certs
cd "$T" || exit 1
echo data >f
status() {
	touchmark key status --offline "$@"
}
later() {	# DAYS: the status then
	run env ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" \
		faketime "+$1 days" touchmark key status --offline
}
PKI_DAYS=100 tsa_new tsa
tsa_start tsa
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
ok 'an authority that nobody asked yet' status
hasnt '^tsa' 'is not shown'
[ ! -e "$STATE" ]
tap $? 'looking keeps nothing'

# ---- what is kept --------------------------------------------------------------------
git config -f "$CONFIG" touchmark.timestamp never
ok 'a signature without a timestamp' touchmark sign f
[ ! -e "$STATE" ]
tap $? 'shows none'
ok 'a timestamp' touchmark stamp f.p7s
is "$(stat -c %a "$STATE")" 600 'leaves the certificate behind'
is "$(wc -l <"$STATE")" 2 'of one authority'
grep -q "${TSA_URL#http://}" "$STATE"
[ $? = 1 ]
tap $? 'not its address'
sed -n '2s/.* //p' "$STATE" | openssl base64 -d -A -out seen.der
ok 'it is the one that signed' openssl x509 -inform DER -in seen.der -out seen.pem
ok 'byte for byte' cmp seen.pem pki/tsa.pem
inode=$(stat -c %i "$STATE")
ok 'another one' touchmark stamp --renew f.p7s
is "$(stat -c %i "$STATE")" "$inode" 'writes nothing while all is the same'
was=$(sed -n '2s/^[0-9a-f]* \([0-9]*\) .*/\1/p' "$STATE")
sed -i "2s/ $was / $((was - 4000)) /" "$STATE"
ok 'an hour later' touchmark stamp --renew f.p7s
[ "$(sed -n '2s/^[0-9a-f]* \([0-9]*\) .*/\1/p' "$STATE")" -ge "$was" ]
tap $? 'when it was seen is noted'

# ---- what is shown -------------------------------------------------------------------
# The day on which it was seen, which may have been yesterday by now.
seen=$(sed -n '2s/^[0-9a-f]* \([0-9]*\) .*/\1/p' "$STATE")
seen=$(date -u -d "@$seen" +%Y-%m-%d)
ok 'a hundred days are enough' status
has '^tsa +CN=tsa,O=Test +20[0-9-]+ +(99|100) ok +signed, 20[0-9]{2}-[0-9]{2}-[0-9]{2}$' \
	'its end, and when it was seen'
awk 'length > 80 { exit 1 }' out
tap $? 'in 80 columns'
git config -f "$CONFIG" touchmark.tsaRoots "$T/pki/tsa-root.pem"
ok 'with its root' status
has '^tsa +CN=tsa-root,O=Test .* ok +tsa-root.pem$' 'which is shown as before'
is "$(grep -c '^tsa ' out)" 2 'beside it'
exits 1 'that ends within 120 days' status --warn 120
has '^tsa +CN=tsa,O=Test .* expiring ' 'says so'
has '^tsa CN=tsa,O=Test: valid until 20.*, (99|100) days from now$' 'until when'
has "^  $TSA_URL signed with it at 20.*touchmark stamp --renew SIGNATURE" 'and what shows more'
hasnt 'tsa-root,O=Test: valid' 'the root lasts longer'
exits 1 'in JSON' status --warn 120 --json
cp out json
python3 - json "$TSA_URL" "$STATE" <<'END'
import json, sys
t = [o for o in map(json.loads, open(sys.argv[1])) if o['kind'] == 'tsa']
assert len(t) == 2, t
leaf, root = t
assert leaf['name'] == 'CN=tsa,O=Test' and leaf['url'] == sys.argv[2], leaf
assert leaf['level'] == 'warning' and leaf['status'] == 'expiring', leaf
assert leaf['file'] == sys.argv[3] and len(leaf['sha256']) == 64, leaf
assert leaf['lastSeen'] <= leaf['notAfter'] and leaf['days'] in (99, 100), leaf
assert root['url'] is None and root['lastSeen'] is None, root
assert root['file'].endswith('tsa-root.pem'), root
END
tap $? 'all of it'
ok 'the page' status --html page.html
cp page.html out
has "<td class=\"mono\">$TSA_URL, last seen $seen</td>" 'shows it in the table'
has '<rect class="tsa".*<title>CN=tsa,O=Test, signed timestamps: 20' 'and in the picture'
later 90
is "$RC" 1 'three months later'
has '^tsa +CN=tsa,O=Test .* (9|10) expiring ' 'it is about to end'
later 200
is "$RC" 1 'when it is over'
has '^tsa +CN=tsa,O=Test .* expired ' 'that is told'
has '^tsa CN=tsa,O=Test: expired at 20' 'with the day'
git config -f "$CONFIG" --add touchmark.tsa http://127.0.0.1:1/none
ok 'one that never answered' status
is "$(grep -c '^tsa ' out)" 2 'is not shown'
git config -f "$CONFIG" --unset-all touchmark.tsa
ok 'one that is not configured any more' status
is "$(grep -c '^tsa ' out)" 1 'neither'
git config -f "$CONFIG" touchmark.tsa "${TSA_URL%%://*}://user:secret@${TSA_URL#*://}"
ok 'with a password in its address' touchmark stamp --renew f.p7s
ok 'it is the same authority' status
has '^tsa +CN=tsa,O=Test .* ok ' 'and shown'
exits 1 'nobody sees the password' status --json --warn 120
hasnt 'secret' 'here'

# ---- another certificate -----------------------------------------------------------------
rm pki/tsa.key
PKI_DAYS=300 tsa_new tsa
tsa_start tsa
git config -f "$CONFIG" --unset-all touchmark.tsa
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
git config -f "$CONFIG" touchmark.tsaRoots "$T/pki/tsa-root.pem"
rm f.p7s
ok 'a signature' touchmark sign --timestamp=require f
ok 'the authority has another one' status
has '^tsa +CN=tsa,O=Test .* (299|300) ok +signed, ' 'which is shown'
had=$(wc -c <"$STATE")
git config -f "$CONFIG" touchmark.tsaRoots "$T/pki/ca.pem"
rm f.p7s "$STATE"
exits 5 'one that is not to be believed' touchmark sign --timestamp=require f
[ ! -e "$STATE" ]
tap $? 'is not remembered'
git config -f "$CONFIG" touchmark.tsaRoots "$T/pki/tsa-root.pem"
ok 'a good one' touchmark sign --timestamp=require f
[ "$(wc -c <"$STATE")" -le "$had" ]
tap $? 'is'

# ---- a file that is not what we wrote ------------------------------------------------------
passed_over() {	# WHAT
	ok "$1" status
	has "^touchmark: warning: .*tsa.certs: .*; passed over" "$1: it is said"
	is "$(grep -c '^tsa ' out)" 1 "$1: nothing of it is shown"
}
cp "$STATE" keep
printf 'junk\n' >"$STATE"
passed_over 'junk'
ok 'and is written anew' touchmark stamp --renew f.p7s
ok 'by the next timestamp' status
is "$(grep -c '^tsa ' out)" 2 'as if it had not been'
sed '2s/.$//' keep >"$STATE"
passed_over 'a certificate that is cut'
{ cat keep; printf 'x'; } >"$STATE"
passed_over 'something behind it'
head -c -1 keep >"$STATE"
passed_over 'a line that is cut'
{ head -n 1 keep; for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 \
	21 22 23 24 25 26 27 28 29 30 31 32 33; do sed -n 2p keep; done; } >"$STATE"
passed_over 'too many'
head -c 1000000 /dev/zero >"$STATE"
passed_over 'a megabyte of nothing'
cp keep "$STATE"
chmod 666 "$STATE"
passed_over 'one that others may write'
rm "$STATE"
ln -s "$T/keep" "$STATE"
passed_over 'a link'
rm "$STATE"
mkfifo "$STATE"
passed_over 'a pipe'
rm "$STATE"
mkdir "$STATE"
passed_over 'a folder'
ok 'a timestamp is got all the same' touchmark stamp --renew f.p7s
rmdir "$STATE"
done_testing
