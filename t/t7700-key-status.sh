#!/bin/sh
# touchmark key status: which certificate signs, which comes next, where the gap
# is, what ends soon, and what the command ends with.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl faketime git python3

CONFIG=$XDG_CONFIG_HOME/touchmark/config
mkdir -p "${CONFIG%/*}"
pki_root ca
pki_root other

# key NAME CERT...: a configured key of no token, with these certificates
key() {
	name=$1
	shift
	git config -f "$CONFIG" "touchmark.$name.uri" \
		"pkcs11:token=nowhere;object=$name"
	for c; do
		cat "$T/pki/$c.pem"
	done >"$T/$name.pem"
	git config -f "$CONFIG" "touchmark.$name.cert" "$T/$name.pem"
}
# more NAME OLD FAKETIME DAYS: another certificate NAME of the key of OLD
more() {
	cp "$T/pki/$2.key" "$T/pki/$1.key"
	PKI_AT=$3 PKI_DAYS=$4 pki_leaf ca "$1" "$1@example.org"
}
drop() {
	git config -f "$CONFIG" --remove-section "touchmark.$1"
}
status() {
	touchmark key status --offline "$@"
}

# ---- nothing, and something ---------------------------------------------------
ok 'without a key' touchmark key status
is "$(wc -l <"$T/out")" 1 'the head of the table alone'
exits 2 'it takes no name' touchmark key status release
exits 2 'no number of days' status --warn soon
exits 2 'a negative number' status --warn=-1
exits 2 'too many' status --warn 40000

pki_leaf ca rel rel@example.org
key release rel
ok 'a year ahead' status
has '^key +release +[0-9]{4}-[0-9]{2}-[0-9]{2} +36[45] ok ' 'says until when'
has '^cert +release .* signs ' 'and with what it signs'
hasnt 'csr' 'nobody has to do anything'
awk 'length > 80 { exit 1 }' "$T/out"
tap $? 'the table fits into 80 columns'
exits 1 'it ends within 400 days' status --warn 400
has '^key +release .* expiring ' 'the table says so'
has '^key release: can sign CMS until .*, 36[45] days from now$' 'and the advice'
has '^  touchmark key csr release --renew -o release.csr, then touchmark key import-cert release FILE.pem$' \
	'with the command to be typed'
exits 1 'days with a d' status --warn 400d
ok 'zero days' status --warn 0

# ---- several certificates are one name ------------------------------------------
more soon rel '-360 days' 365
key release soon
exits 1 'five days left' status
has '^key +release .* [45] expiring ' 'are few'
more next rel '-1 day' 365
key release soon next
ok 'overlapped by the next one' status
has '^key +release .* 36[34] ok ' 'the end is that of both together'
has '^cert +release .* signs +from' 'the later one signs'
has '^cert +release .* spare +from' 'the other one is valid too'
more later rel '+2 days' 365
key release soon later
ok 'one that begins before the first ends' status
has '^cert +release .* next +from' 'comes next'
has '^key +release .* 36[67] ok ' 'and there is no gap'
more late rel '+20 days' 365
key release soon late
exits 1 'one that begins after it' status
has 'can sign CMS until .* days? from now, and not again before 20' \
	'the gap is told'
more past rel '-400 days' 365
key release past rel
ok 'one that is over harms nobody' status
has '^cert +release .* expired +from' 'and is shown'

# ---- none that signs ------------------------------------------------------------
key release past
exits 1 'expired' status
has '^key +release .* - expired ' 'the table says so'
has '^key release: its certificate expired at ' 'and since when'
key release late
exits 1 'not yet valid' status
has '^key +release .* not-yet-valid ' 'the table says so'
has 'no certificate of it is valid before ' 'and until when'
pki_leaf ca tls tls@example.org basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth
key release tls
exits 1 'for another usage' status
has '^cert +release .* unfit ' 'is unfit'
has 'no certificate of it can sign: .*neither for codeSigning' 'and why'
rm "$T/release.pem"
exits 4 'no file' status
has '^key +release .* unreadable ' 'the table says so'
printf 'junk\n' >"$T/release.pem"
exits 4 'junk in it' status
key release ca
exits 1 'a CA alone' status
git config -f "$CONFIG" --unset touchmark.release.cert
ok 'no certificate is wanted' status
has '^key +release .* no-certificate ' 'but it is told'

# ---- what is not a key's ----------------------------------------------------------
key release rel
tsa_new tsa
pki_crl ca
cp "$T/pki/ca.crl" "$T/ca.crl"
cat >"$T/policy" <<EOF
[trust]
	roots = $T/pki/ca.pem
	intermediates = $T/pki/other.pem
	tsaRoots = $T/pki/tsa-root.pem
	crl = $T/ca.crl
EOF
git config -f "$CONFIG" touchmark.policy "$T/policy"
ok 'with a policy' status
has '^root +CN=ca,O=Test .* ok +ca.pem$' 'its roots'
has '^ca +CN=other,O=Test .* ok +other.pem$' 'its intermediates'
has '^tsa +CN=tsa-root,O=Test.* ok +tsa-root.pem$' 'who tells the time'
has '^crl +CN=ca,O=Test .* (29|30) ok +ca.crl$' 'and when the next list is due'
hasnt '^crl .*expiring' 'a list is made to end soon'
awk 'length > 80 { exit 1 }' "$T/out"
tap $? 'all of it fits into 80 columns'
exits 1 'the roots in ten years' status --warn 5000
has '^root CN=ca,O=Test: valid until .* days from now$' 'are told'
has '^tsa CN=tsa-root,O=Test: valid until .*$' 'those of the time as well'
has '\(tsaRoots\); touchmark policy check' 'and where they go'

run env ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" \
	faketime '+40 days' touchmark key status --offline
is "$RC" 1 'in forty days the list is stale'
has '^crl CN=ca,O=Test: the list ended at ' 'it says which'
has '^  touchmark crl-fetch$' 'and what gets one'
mkdir "$T/lists"
cp "$T/ca.crl" "$T/lists/old.crl"
CRL_DAYS=90 pki_crl ca
cp "$T/pki/ca.crl" "$T/lists/new.crl"
sed -i "s|crl = .*|crl = $T/lists|" "$T/policy"
run env ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" \
	faketime '+40 days' touchmark key status --offline
is "$RC" 0 'a newer one takes its place'
has '^crl .* replaced ' 'which is told'

pki_crl ca "$(pki_serial rel)=keyCompromise"
cp "$T/pki/ca.crl" "$T/lists/new.crl"
exits 1 'a revoked certificate' status
has '^key +release .* revoked ' 'is no valid one'
has 'its certificate is revoked: .*[kK]eyCompromise' 'with the reason'
has 'if the key was lost: touchmark key compromise release' 'and the next step'
printf 'junk\n' >"$T/lists/junk.crl"
exits 4 'a list that cannot be read' status
has '^cannot be read: .*junk.crl' 'is named'
has '^key +release ' 'the rest is shown'
rm "$T/lists/junk.crl"
sed -i 's/tsaRoots/tsaRotos/' "$T/policy"
exits 4 'a policy that cannot be read' status
has '^cannot be read: .*tsarotos' 'and where'

# ---- JSON -------------------------------------------------------------------------
sed -i 's/tsaRotos/tsaRoots/' "$T/policy"
pki_crl ca
cp "$T/pki/ca.crl" "$T/lists/new.crl"
key release soon later
git config -f "$CONFIG" touchmark.release.env prod
cat >"$T/facts.py" <<'EOF'
import json, sys
seen = {}
for line in open(sys.argv[1]):
    o = json.loads(line)
    assert o["kind"] and "name" in o and o["status"], o
    seen.setdefault(o["kind"], []).append(o)
k = seen["key"][0]
assert k["name"] == "release" and k["env"] == "prod", k
assert k["status"] == "ok" and k["level"] == "ok", k
assert k["spki"].startswith("sha256:") and len(k["spki"]) == 71, k
assert k["places"][0]["status"] == "not-looked-at", k
assert k["until"].endswith("Z") and k["gapUntil"] is None, k
c = seen["certificate"]
assert [x["status"] for x in c] == ["signs", "next"], c
assert c[0]["notAfter"] < c[1]["notAfter"] and c[0]["where"] == ["file"], c
assert int(c[0]["serial"], 16) > 0 and len(c[0]["sha256"]) == 64, c
assert {"root", "intermediate", "tsa", "crl"} <= set(seen), seen.keys()
assert all("nextUpdate" in x for x in seen["crl"])
EOF
ok 'as JSON' status --json
cp "$T/out" "$T/json"
ok 'each line is an object that says all of it' \
	python3 "$T/facts.py" "$T/json"

# ---- what a stranger wrote does not move the cursor ----------------------------------
drop release
PKI_SUBJECT="/O=Test/CN=$(printf 'a\033[31mred')" \
	pki_leaf ca evil evil@example.org
key evil evil
sed -i "s|roots = .*|roots = $T/pki/evil.pem|" "$T/policy"
run status
has '^root .*red' 'a name with control bytes'
! grep -q "$(printf '\033')" "$T/out"
tap $? 'no control bytes in the table'
run status --json
! grep -q "$(printf '\033')" "$T/out"
tap $? 'nor in JSON'

done_testing
