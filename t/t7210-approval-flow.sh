#!/bin/sh
# A key that needs two of three: a signature waits, is listed, approved, made
# once, and its request is met again in each format.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/approval-lib.sh"
need openssl pkcs11-tool softhsm2-util gpg gpgv

token_key release release@example.org
approver ann
approver bob
approver cid
cd "$T" || exit 1
git config -f "$CONFIG" touchmark.release.created 1700000000
git config -f "$CONFIG" touchmark.release.userId 'Release <release@example.org>'
git config -f "$CONFIG" touchmark.auditLog "$T/audit.log"
needs release 2 ann@example.org bob@example.org cid@example.org
me=$(id -un)
echo release >f

# ---- asked, listed, approved -----------------------------------------------------
exits 1 'without approvals nothing is signed' touchmark sign -k release f
has 'threshold-unmet: 0 of 2 approvals .*key .release.*; request [0-9a-f]{32}' \
	'the reason, the count and the request'
has "hint: .*touchmark approve --request" 'and what to do'
ID=$(sed -n 's/.*; request \([0-9a-f]\{32\}\).*/\1/p' out)
[ ! -e f.p7s ]
tap $? 'there is no signature'
exits 1 'JSON' touchmark sign --json -k release f
has '"reason":"threshold-unmet"' 'has the reason'
has "request $ID" 'and the same request: it is met again'
is "$(waiting)" "$ID" 'one request waits'
exits 2 'what is no id' touchmark approve --request "${ID%?}" -k ann
has 'hint: .*touchmark approve --list' 'nor leads nowhere'
exits 2 'nothing to approve' touchmark approve
has '--request ID' 'and what there could be'
ok 'the list' touchmark approve --list
has "^$ID  waiting, 0 of 2  $me asks key 'release' for cms of a file  f  until" \
	'shows who asks what'
ok 'the list as JSON' touchmark approve --list --json
has "\"requester\":\"$me\",\"key\":\"release\"" 'shows it too'
has "\"digest\":\"$(openssl dgst -sha256 -r f | cut -c1-64)\"" 'and the digest'
is "$(stat -c %a "$(folder "$ID")" "$(folder "$ID")/request" | tr '\n' ' ')" \
	'700 600 ' 'nobody else reads it'

ok 'one of three approves what he has in hand' \
	touchmark approve --request "$ID" -k ann --file f
has 'approved by .*CN=ann.*, 1 of 2$' 'is counted'
for line in "requester: $me" 'key: release' 'format: cms' 'hash: sha256' \
	"digest: $(openssl dgst -sha256 -r f | cut -c1-64)" 'artefact: f' \
	'content: file' 'expires: 20' 'approvals: 2'; do
	has "^  $line" "he saw: ${line%%:*}"
done
exits 1 'one is not enough' touchmark sign -k release f
has "1 of 2 approvals.*request $ID" 'and says so'
exits 1 'in JSON' touchmark approve --request "$ID" -k ann --json
has '"status":"refused","reason":"signer-not-allowed"' 'who did so already'
exits 1 'nobody approves twice' touchmark approve --request "$ID" -k ann
has 'signer-not-allowed: ann@example.org has approved it already' 'by name'
ok 'the second one, in JSON' touchmark approve --request "$ID" -k bob --json
is "$(grep -c '^{' out)" 1 'is one object'
has '"status":"approved".*"approvals":2,"needed":2' 'and enough'
has '"approved_by":\["[a-z]*@example.org","[a-z]*@example.org"\]' 'names both'
ok 'a third may come' touchmark approve --request "$ID" -k cid

ok 'now it is signed' touchmark sign -k release f
ok 'and good' touchmark verify --roots pki/ca.pem f
is "$(waiting)" '' 'no request is open any more'
grep -q '"kind":"result".*"key":"release"' audit.log
tap $? 'the use of the key is on record'
exits 4 'what was used is not approved' touchmark approve --request "$ID" -k cid
has 'was used already' 'is told'
asks touchmark sign --resign -k release f
[ "$ID" != "$(basename "$(find "$(folder .)/" -name spent -printf '%h\n')")" ]
tap $? 'the next signature of the same file is another request'
is "$(waiting)" "$ID" 'which waits'
has '0 of 2' 'without approvals'

# ---- the file that is meant --------------------------------------------------------
echo other >g
exits 1 'another file in hand' \
	touchmark approve --request "$ID" -k ann --file g
has 'content-mismatch: g is not what the request is for' 'is not approved'
exits 1 'in JSON' touchmark approve --request "$ID" -k ann --file g --json
has '"request":"[0-9a-f]*","status":"refused","reason":"content-mismatch"' \
	'with its reason'
exits 1 'nothing was kept' touchmark sign --resign -k release f
has '0 of 2' 'of that'

# ---- each format -------------------------------------------------------------------
format() {	# TYPE FILE JUDGE...
	type=$1 file=$2
	shift 2
	echo "$type" >"$file"
	asks touchmark sign --type "$type" -k release "$file"
	first=$ID
	# OpenPGP signs the time: it must be met in another second too.
	now=$(date +%s)
	until [ "$(date +%s)" != "$now" ]; do sleep 0.1; done
	asks touchmark sign --type "$type" -k release "$file"
	is "$ID" "$first" "$type: asking again meets the same request"
	approves ann "$ID" --file "$file"
	approves bob "$ID" --file "$file"
	ok "$type is signed" touchmark sign --type "$type" -k release "$file"
	ok "$type is good" "$@"
}

# What the key says of itself is a use of it as well.
asks touchmark key export release --type openpgp
touchmark approve --list >out
has "asks key 'release' for openpgp of a openpgp-key" 'as what it is'
approves ann "$ID"
grep "\"kind\":\"intent\".*\"key\":\"ann\".*\"artefact\":\"$ID\"" \
	"$T/audit.log" >"$T/out"
has '"content":"approval"' 'it is on record which request she approved'
approves bob "$ID"
ok 'the certificate is made' touchmark key export release --type openpgp
cp out release.asc
gpg --batch --dearmor <release.asc >release.gpg 2>setup.log ||
	bail 'no keyring'
touchmark key export release --type ssh >release.pub 2>setup.log ||
	bail 'no SSH key'
echo "release@example.org $(cut -d' ' -f1,2 release.pub)" >allowed
format openpgp p gpgv --keyring ./release.gpg p.asc p
format ssh s touchmark verify --allowed-signers allowed s
done_testing
