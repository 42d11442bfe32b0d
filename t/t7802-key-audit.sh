#!/bin/sh
# Good practice, row by row: the document and the program say the same, and
# each row that can be checked fails when it should and passes when mended.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl python3 softhsm2-util pkcs11-tool git

CONFIG=$XDG_CONFIG_HOME/touchmark/config
DOC=$TOP/docs/PRACTICE.md
cd "$T" || exit 1

audit() { run touchmark key audit "$@"; }

# ---- the document -----------------------------------------------------------------

audit --json --offline
cp "$T/out" "$T/rows.json"
python3 - "$T/rows.json" >"$T/told" <<'END'
import json, sys
for line in open(sys.argv[1]):
    r = json.loads(line)
    assert r['status'] in ('pass', 'fail', 'unknown') and r['why']
    assert 'command' in r
    print(r['row'], r['name'])
END
tap $? 'each row is an object, with a status and a reason'
sed -n 's/^| \([0-9][0-9]*\) | \([^|]*\) |.*/\1 \2/p' "$DOC" | sort -n >"$T/written"
diff "$T/written" "$T/told" >"$T/out"
tap $? 'numbers and titles are those of docs/PRACTICE.md'
is "$(wc -l <"$T/told")" 69 'there are 69 of them'
cut -d' ' -f1 "$T/written" | uniq -d >"$T/out"
[ ! -s "$T/out" ]
tap $? 'none is there twice'
# Each row of the document has its five fields.
awk -F'|' '/^\| [0-9]/ && NF != 7' "$DOC" >"$T/out"
[ ! -s "$T/out" ]
tap $? 'each row says what we do, and what stays'
# Verbs and options that the document names are there.
grep -o 'touchmark key [a-z-]*' "$DOC" | sort -u | cut -d' ' -f3 >"$T/verbs"
: >"$T/missing"
while read -r v; do
	touchmark key --help | grep -q "^  $v " || echo "$v" >>"$T/missing"
done <"$T/verbs"
cp "$T/missing" "$T/out"
[ ! -s "$T/missing" ] && [ -s "$T/verbs" ]
tap $? 'every verb of key that it names is there'

# ---- an installation without anything ------------------------------------------------

status() {	# ROW: of the last --json
	sed -n "s/^{\"row\":$1,.*\"status\":\"\([a-z]*\)\".*/\1/p" "$T/out"
}

row() {	# ROW STATUS TEXT [OPTION...]
	r=$1 want=$2 text=$3
	shift 3
	run touchmark key audit --json "$@"
	is "$(status "$r")" "$want" "row $r: $text: $want"
}

row 40 fail 'no record'
row 6 fail 'no timestamps'
row 1 unknown 'no key'
exits 1 'a row that fails' touchmark key audit --offline
has '^fail +40  Every use is on record$' 'is told with its number'
has '^ +> git config .* touchmark.auditLog FILE$' 'and what mends it'
has '^[0-9]+ pass, [0-9]+ fail, [0-9]+ unknown$' 'and all are counted'
exits 2 'an argument' touchmark key audit plain
set_to() { git config -f "$CONFIG" "$1" "$2"; }

# ---- a token and its keys ----------------------------------------------------------------

softhsm_new work
mkdir -p "${CONFIG%/*}"
touchmark key generate plain --token work --module "$MODULE" \
	--pin-file "$PINFILE" --algorithm p256 >/dev/null 2>&1
row 1 pass 'a strong key'
row 27 pass 'its module works'
row 27 unknown 'not looked at' --offline
row 36 pass 'one key for its URI'
run touchmark key audit
has '^ +> git config .* touchmark.plain.env prod$' 'a command can be typed as it stands'
row 9 fail 'a key in a program without environment'
row 34 fail 'no environment'
set_to touchmark.plain.env prod
row 9 fail 'a key of production in a program'
row 20 fail 'which no certificate covers'
row 34 pass 'an environment'
row 38 fail 'a key of production without approvals'
set_to touchmark.plain.approvals 2
set_to touchmark.plain.approver a@example.org
git config -f "$CONFIG" --add touchmark.plain.approver b@example.org
set_to touchmark.plain.roots "$T/ca.pem"
row 38 pass 'with approvals'
row 57 pass 'the same before publishing'
set_to touchmark.plain.env dev
row 9 pass 'a key of development in a program'

# A weak key, and one that came from elsewhere.
pkcs11-tool --module "$MODULE" --token-label work --login --pin test-PIN \
	--keypairgen --key-type rsa:2048 --id 77 --label weak >/dev/null 2>&1
set_to touchmark.weak.uri \
	"pkcs11:token=work;id=%77?module-path=$MODULE"
row 1 fail 'an RSA key of 2048 bits'
git config -f "$CONFIG" --remove-section touchmark.weak
row 1 pass 'gone from the configuration'
set_to touchmark.lost.uri \
	"pkcs11:token=nowhere;object=x?module-path=$MODULE"
row 27 fail 'a token that is away'
git config -f "$CONFIG" --remove-section touchmark.lost
set_to touchmark.pinned.uri \
	"pkcs11:token=work;object=plain?module-path=$MODULE&pin-value=test-PIN"
row 14 fail 'a PIN in the configuration'
hasnt 'test-PIN' 'which is not shown'
git config -f "$CONFIG" --remove-section touchmark.pinned
row 14 unknown 'when it was changed'

# ---- what is configured --------------------------------------------------------------------

set_to touchmark.tsa http://127.0.0.1:9/
row 6 pass 'an authority'
set_to touchmark.timestamp never
row 6 fail 'which is never asked'
set_to touchmark.agent never
row 13 fail 'no agent'
set_to touchmark.agent auto
row 13 pass 'an agent'
set_to touchmark.agentLifetime 864000
row 58 fail 'a login for ten days'
git config -f "$CONFIG" --unset touchmark.agentLifetime
row 58 pass 'the usual time'
set_to touchmark.preSign true
row 61 pass 'a command before each signature'
set_to touchmark.requesters "$T/requesters"
row 29 fail 'a file of requesters that is not there'
(umask 077 && printf '[requester "alice"]\n\tkey = plain\n\tformat = cms\n' \
	>"$T/requesters")
row 29 pass 'one that can be believed'
chmod 666 "$T/requesters"
row 29 fail 'one that everybody may write'
git config -f "$CONFIG" --unset touchmark.requesters

# The record.
set_to touchmark.auditLog "$T/audit.log"
row 40 unknown 'a record that has not begun'
row 59 pass 'whose entries say who asked'
git config -f "$CONFIG" --unset-all touchmark.plain.approvals
git config -f "$CONFIG" --unset-all touchmark.plain.approver
git config -f "$CONFIG" --unset-all touchmark.plain.roots
echo content >"$T/f"
ok 'a signature' touchmark sign -k plain -t ssh --pin-file "$PINFILE" "$T/f"
row 40 pass 'a record that holds'
row 54 pass 'and tells what was signed'
row 30 fail 'but goes nowhere'
set_to touchmark.auditSyslog true
row 30 pass 'to syslog'
cp "$T/audit.log" "$T/audit.keep"
sed 's/"artefact":"[^"]*"/"artefact":"other"/' "$T/audit.keep" >"$T/audit.log"
! cmp -s "$T/audit.log" "$T/audit.keep"
tap $? 'a record that somebody changed'
row 40 fail 'it does not hold'
rm "$T/audit.log"
row 40 fail 'a record that is gone'
cp "$T/audit.keep" "$T/audit.log"
row 40 pass 'as it was'

# The policy.
pki_root ca
printf '[policy]\n\tenforce = false\n[trust]\n\troots = %s\n\trevocation = off\n\tminRsa = 2048\n[ref "refs/*"]\n\trequire = nothing\n' \
	"$T/pki/ca.pem" >"$T/policy"
set_to touchmark.policy "$T/policy"
row 17 fail 'a policy that does not ask for revocation'
row 21 fail 'and lets weak keys in'
row 55 fail 'and everything else'
sed 's/enforce = false/enforce = true/; s/= off/= check/; /minRsa/d' \
	"$T/policy" >"$T/policy.2"
set_to touchmark.policy "$T/policy.2"
row 17 pass 'a policy that asks'
row 21 pass 'for strong keys'
row 55 pass 'and is enforced'
echo '[nonsense' >"$T/policy"
set_to touchmark.policy "$T/policy"
row 17 fail 'a policy that cannot be read'
git config -f "$CONFIG" --unset touchmark.policy

# Certificates.
ok 'a request' touchmark key csr plain --subject /CN=x --pin-file "$PINFILE" \
	-o "$T/plain.csr"
printf '%s\n' basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=codeSigning \
	>"$T/ext"
cert() {	# DAYS FILE SUBJECT-CSR
	openssl x509 -req -in "${3:-$T/plain.csr}" -CA "$T/pki/ca.pem" \
		-CAkey "$T/pki/ca.key" -sha256 -days "$1" \
		-set_serial "0x$(openssl rand -hex 8)" -extfile "$T/ext" \
		-out "$2" 2>/dev/null
}
cert 200 "$T/plain.pem"
set_to touchmark.plain.cert "$T/plain.pem"
row 4 fail 'a subject without organisation'
row 15 pass 'a certificate that lasts'
row 37 pass 'and ends'
cert 10 "$T/plain.pem"
row 15 fail 'one that ends within 30 days'
row 16 fail 'without another one'
cert 10 "$T/one.pem"
cert 300 "$T/two.pem"
cat "$T/one.pem" "$T/two.pem" >"$T/plain.pem"
row 15 pass 'with another one'
row 16 pass 'that begins before'
echo junk >"$T/plain.pem"
row 5 fail 'a certificate file that cannot be read'
git config -f "$CONFIG" --unset touchmark.plain.cert

# A denied key.
ok 'denied' touchmark key compromise plain --yes --reason test
row 44 fail 'a key that is denied and configured'
row 42 fail 'and still on its token'
echo '[nonsense' >"${CONFIG%/*}/denied"
row 44 fail 'a list of denied keys that cannot be read'
rm "${CONFIG%/*}/denied"
row 44 pass 'no denied key'

# Services: nothing is asked of them here.
set_to touchmark.cloud.uri awskms:alias/x?region=eu-west-1
row 66 unknown 'a key at AWS'
row 8 unknown 'whose rights are to be asked for'
row 63 pass 'but none at Azure'

done_testing
