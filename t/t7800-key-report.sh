#!/bin/sh
# The evidence about a key: what it says, that its words are no more than they
# are worth, and that the key itself has signed it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl python3 ssh-keygen softhsm2-util faketime git

# faketime is loaded before the sanitizer's runtime.
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
CONFIG=$XDG_CONFIG_HOME/touchmark/config
softhsm_new work
cd "$T" || exit 1

new_key() {	# NAME ALGORITHM
	touchmark key generate "$1" --token work --module "$MODULE" \
		--pin-file "$PINFILE" --algorithm "$2" \
		--user 'Key <key@example.org>' >/dev/null 2>&1
}

# certify NAME DAYS CERT-NAME [EXT-LINE...]: CA `ca` certifies it; PKI_AT.
certify() {
	key=$1 days=$2 out=$3
	shift 3
	[ $# != 0 ] || set -- basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage=codeSigning certificatePolicies=2.23.140.1.4.1 \
		crlDistributionPoints=URI:http://ca.example.org/ca.crl \
		'authorityInfoAccess=caIssuers;URI:http://ca.example.org/ca.pem,OCSP;URI:http://ocsp.example.org/'
	printf '%s\n' "$@" subjectKeyIdentifier=hash \
		authorityKeyIdentifier=keyid >"$T/ext"
	touchmark key csr "$key" --subject "${SUBJECT:-/C=DE/O=Test/CN=$key}" \
		--pin-file "$PINFILE" -o "$T/$key.csr" >/dev/null 2>&1 &&
	${PKI_AT:+faketime "$PKI_AT"} openssl x509 -req -in "$T/$key.csr" \
		-CA "$T/pki/sub.pem" -CAkey "$T/pki/sub.key" -sha256 \
		-set_serial "0x$(openssl rand -hex 8)" -days "$days" \
		-extfile "$T/ext" -out "$T/$out.pem" 2>/dev/null
}

import() {	# NAME CERT-NAME: into the configured file alone
	cat "$T/$2.pem" "$T/pki/sub.pem" >"$T/$1.chain"
	git config -f "$CONFIG" "touchmark.$1.cert" "$T/$1.chain"
}

report() {	# NAME [OPTION...]: its JSON into $T/r.json
	name=$1
	shift
	run touchmark key report "$name" --json --pin-file "$PINFILE" "$@"
	cp "$T/out" "$T/r.json"
}

# What a path of the JSON holds: a member, an index, or row:NAME.
get() {	# PATH...
	python3 - "$T/r.json" "$@" <<-'END'
	import json, sys
	v = json.load(open(sys.argv[1]))
	for p in sys.argv[2:]:
	    if p.startswith('row:'):
	        v = [r for r in v['requirements'] if r['row'] == p[4:]][0]['verdict']
	    elif isinstance(v, list):
	        v = v[int(p)]
	    else:
	        v = v[p]
	print(json.dumps(v) if not isinstance(v, str) else v)
	END
}

verdict() {	# ROW VERDICT [TEXT]
	is "$(get "row:$1")" "$2" "${3:-$1}: $2"
}

pki_root ca
printf '%s\n' basicConstraints=critical,CA:TRUE,pathlen:0 \
	keyUsage=critical,keyCertSign,cRLSign subjectKeyIdentifier=hash \
	authorityKeyIdentifier=keyid >"$T/pki/sub.ext"
openssl ecparam -name prime256v1 -genkey -noout -out "$T/pki/sub.key"
openssl req -new -key "$T/pki/sub.key" -subj /O=Test/CN=sub \
	-out "$T/pki/sub.csr"
openssl x509 -req -in "$T/pki/sub.csr" -CA "$T/pki/ca.pem" \
	-CAkey "$T/pki/ca.key" -sha256 -set_serial 77 -days 3000 \
	-extfile "$T/pki/sub.ext" -out "$T/pki/sub.pem" 2>/dev/null

# ---- a key and nothing else ----------------------------------------------------

ok 'a key' new_key plain p256
report plain
is "$RC" 0 'a report of a key without certificate'
ok 'is one object of JSON' python3 -c 'import json, sys
lines = open(sys.argv[1]).read().splitlines()
assert len(lines) == 1
json.loads(lines[0])' "$T/r.json"
is "$(get name)" plain 'of that name'
is "$(get status)" ok 'with a status'
is "$(get token label)" work 'its token'
is "$(get token kind)" software 'SoftHSM is a program, and is called so'
is "$(get token model)" 'SoftHSM v2' 'its model'
is "$(get module path)" "$MODULE" 'its module'
is "$(get module sha256)" "$(sha256sum "$MODULE" | cut -d' ' -f1)" \
	'whose file has that SHA-256'
is "$(get key algorithm)" p256 'its algorithm'
is "$(get key strength)" 128 'its strength'
touchmark key export plain --type ssh >"$T/plain.pub"
ssh-keygen -e -m PKCS8 -f "$T/plain.pub" >"$T/plain.spki" 2>/dev/null
is "$(get key spkiSha256)" "$(openssl pkey -pubin -in "$T/plain.spki" \
	-outform DER | sha256sum | cut -d' ' -f1)" 'the SHA-256 of its SPKI'
is "$(get key ssh)" "$(ssh-keygen -lf "$T/plain.pub" | cut -d' ' -f2)" \
	'and its SSH fingerprint'
is "$(get attributes CKA_SENSITIVE)" true 'attributes by their names: TRUE'
is "$(get attributes CKA_EXTRACTABLE)" false 'FALSE'
is "$(get attestation)" null 'no attestation'
is "$(get signature)" null 'standard output is not signed'
is "$(get record)" null 'no record'
! grep -qi attested "$T/r.json"
tap $? 'nothing in it is called attested'
verdict key-size pass
for r in generated-in-hardware non-exportable module-certification proof; do
	verdict "$r" fail "$r: fails, since the token is a program"
done
verdict activation asserted
verdict single-purpose asserted
verdict possession 'not checkable' 'possession: not shown by this copy'
verdict certificate fail
verdict validity 'not checkable' 'validity: without certificate'
verdict record fail
verdict timestamp fail
verdict not-compromised pass
is "$(python3 -c 'import json, sys
print(sorted({r["verdict"] for r in json.load(open(sys.argv[1]))["requirements"]} -
{"pass", "fail", "asserted", "not checkable"}))' "$T/r.json")" '[]' \
	'no other verdict than the four'

# What somebody states does not make hardware of a program.
report plain --module-certificate 'FIPS 140-3 #4711'
verdict module-certification fail 'a stated certificate of a program fails'
is "$(get module certificateStated)" 'FIPS 140-3 #4711' 'but is told as stated'

# ---- with a certificate ---------------------------------------------------------

ok 'certified' certify plain 365 plain-1
import plain plain-1
report plain
for r in key-size signature-digest certificate validity key-usage \
	extended-key-usage basic-constraints policy revocation subject chain; do
	verdict "$r" pass
done
is "$(get certificates 0 current)" true 'the certificate that signs is first'
is "$(get certificates 0 days)" 365 'its days'
is "$(get certificates 0 crl 0)" http://ca.example.org/ca.crl 'its CRL'
is "$(get certificates 0 ocsp 0)" http://ocsp.example.org/ 'its OCSP'
is "$(get certificates 0 policies 0)" 2.23.140.1.4.1 'its policy'
is "$(get certificates 0 extendedKeyUsage 0)" codeSigning 'its usage'
is "$(get certificates 1 issuing)" true 'then its issuer'

# Certificates with one thing wrong, each judged for it.
wrong() {	# ROW DAYS EXT-LINE...
	row=$1 days=$2
	shift 2
	certify plain "$days" plain-wrong "$@"
	import plain plain-wrong
	report plain
	verdict "$row" "${WANT:-fail}" "${WHAT:-$row}: ${WANT:-fail}"
}
KU=keyUsage=critical,digitalSignature EKU=extendedKeyUsage=codeSigning
WHAT='keyUsage that is not critical' wrong key-usage 90 \
	keyUsage=digitalSignature $EKU
WHAT='a key that may sign certificates' wrong key-usage 90 \
	keyUsage=critical,digitalSignature,keyCertSign $EKU
WHAT='no codeSigning' wrong extended-key-usage 90 $KU \
	extendedKeyUsage=emailProtection
WHAT='serverAuth beside it' wrong extended-key-usage 90 $KU \
	extendedKeyUsage=codeSigning,serverAuth
WHAT='any usage beside it' wrong extended-key-usage 90 $KU \
	extendedKeyUsage=codeSigning,anyExtendedKeyUsage
WHAT='no policy' wrong policy 90 $KU $EKU
WHAT="a policy of the CA's own" WANT='not checkable' wrong policy 90 $KU $EKU \
	certificatePolicies=1.2.3.4
WHAT='no CRL' wrong revocation 90 $KU $EKU
WHAT='a CRL by ldap alone' wrong revocation 90 $KU $EKU \
	crlDistributionPoints=URI:ldap://x \
	'authorityInfoAccess=caIssuers;URI:http://x/'
SUBJECT=/CN=alone WHAT='a subject without organisation' wrong subject 90 $KU \
	$EKU

# The limit of validity by the day on which it begins. What is asked is told
# by the certificate's dates, whatever the clock says.
limit() {	# BEGIN DAYS VERDICT TEXT: looked at some days later
	PKI_AT=$1 certify plain "$2" plain-limit
	import plain plain-limit
	run faketime '2026-03-05 00:00:00' touchmark key report plain --json --no-login
	cp "$T/out" "$T/r.json"
	verdict validity "$3" "$4"
}
limit '2026-02-28 12:00:00' 1185 pass '39 months, begun before 2026-03-01'
limit '2026-02-28 12:00:00' 1186 fail 'a day more than 39 months'
limit '2026-03-01 00:00:00' 460 pass '460 days from 2026-03-01'
limit '2026-03-01 00:00:00' 461 fail 'a day more than 460'

# ---- signed by the key ----------------------------------------------------------

import plain plain-1
ok 'a report in a file' touchmark key report plain --pin-file "$PINFILE" \
	-o "$T/report.txt"
is "$(unhurried "$T/out")" '' 'nothing is printed'
has_file() { cp "$1" "$T/out"; has "$2" "$3"; }
has_file "$T/report.txt" '^Code Signing Baseline Requirements' 'it is there'
has_file "$T/report.txt" '^  fail  +made in a hardware module' \
	'with verdicts'
has_file "$T/report.txt" 'CKA_LOCAL +TRUE$' 'and attributes'
ok 'openssl takes its signature' openssl cms -verify -binary -inform DER \
	-in "$T/report.txt.p7s" -content "$T/report.txt" \
	-CAfile "$T/pki/ca.pem" -purpose any -out /dev/null
sed 's/^  fail  /  pass  /' "$T/report.txt" >"$T/better.txt"
! cmp -s "$T/report.txt" "$T/better.txt"
tap $? 'a better one'
exits 4 'is not what was signed' openssl cms -verify -binary -inform DER \
	-in "$T/report.txt.p7s" -content "$T/better.txt" \
	-CAfile "$T/pki/ca.pem" -purpose any -out /dev/null
openssl cms -verify -binary -inform DER -in "$T/report.txt.p7s" \
	-content "$T/report.txt" -CAfile "$T/pki/ca.pem" -purpose any \
	-signer "$T/signer.pem" -out /dev/null 2>/dev/null
openssl x509 -in "$T/signer.pem" -noout -pubkey >"$T/signer.pub"
is "$(cat "$T/signer.pub")" "$(cat "$T/plain.spki")" \
	'it is signed by the key that it is about'
ok 'JSON in a file' touchmark key report plain --json \
	--pin-file "$PINFILE" -o "$T/report.json"
cp "$T/report.json" "$T/r.json"
is "$(get signature format)" cms 'says how it is signed'
is "$(get signature file)" "$T/report.json.p7s" 'and where'
verdict possession pass
ok 'openssl takes that, too' openssl cms -verify -binary -inform DER \
	-in "$T/report.json.p7s" -content "$T/report.json" \
	-CAfile "$T/pki/ca.pem" -purpose any -out /dev/null

# A PIN file by a name that is not absolute.
ok 'a PIN file here' touchmark key report plain --pin-file "${PINFILE##*/}" \
	-o here.txt
[ -s here.txt ] && [ -s here.txt.p7s ]
tap $? 'signs a report here'

# Without certificate it is an SSH signature.
ok 'a key for SSH' new_key bare ed25519
ok 'its report' touchmark key report bare --json --pin-file "$PINFILE" \
	-o "$T/bare.json"
cp "$T/bare.json" "$T/r.json"
is "$(get signature format)" ssh 'is signed as SSH does'
verdict key-size fail 'Ed25519 is not among the algorithms'
[ ! -e "$T/bare.json.p7s" ]
tap $? 'and not otherwise'
echo "who $(touchmark key export bare --type ssh)" >"$T/allowed"
ssh_judge() {	# FILE
	ssh-keygen -Y verify -f "$T/allowed" -I who -n file \
		-s "$T/bare.json.sig" <"$1"
}
ok 'ssh-keygen takes it' ssh_judge "$T/bare.json"
exits 255 'and no other bytes' ssh_judge "$T/report.txt"

# A report that cannot be signed is not there.
(umask 077 && echo other-PIN >"$T/wrong")
exits 3 'a wrong PIN' touchmark key report plain --pin-file "$T/wrong" \
	-o "$T/none.txt"
[ ! -e "$T/none.txt" ] && [ ! -e "$T/none.txt.p7s" ]
tap $? 'leaves nothing behind'
hasnt other-PIN 'and the PIN is not shown'
echo precious >"$T/taken.txt.p7s"
exits 4 'a file of somebody in the place of the signature' \
	touchmark key report plain --pin-file "$PINFILE" -o "$T/taken.txt"
is "$(cat "$T/taken.txt.p7s")" precious 'stays'
[ ! -e "$T/taken.txt" ]
tap $? 'and there is no report'

# ---- the page ---------------------------------------------------------------------

SUBJECT='/C=DE/O=<b>A & B/CN=<script>alert(1)' \
	certify plain 90 plain-html
import plain plain-html
ok 'a page' touchmark key report plain --pin-file "$PINFILE" \
	--html "$T/report.html" \
	--module-certificate '"><script>x</script>'
cat >"$T/page.py" <<'END'
import sys
from html.parser import HTMLParser
void = {'meta', 'br', 'link', 'img', 'input', 'hr'}
class P(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text, self.csp = [], set(), '', ''
    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        for k, v in attrs:
            assert k not in ('src', 'href', 'srcset', 'action') and \
                not k.startswith('on'), (tag, k)
            if (k, v) == ('http-equiv', 'Content-Security-Policy'):
                self.csp = dict(attrs)['content']
        if tag not in void:
            self.open.append(tag)
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
    def handle_data(self, data):
        self.text += data
p = P()
p.feed(open(sys.argv[1], encoding='utf-8').read())
p.close()
assert not p.open, p.open
assert not p.seen & {'script', 'img', 'link', 'iframe', 'b', 'form'}, p.seen
assert "default-src 'none'" in p.csp
for want in sys.argv[2:]:
    assert want in p.text, want
END
ok 'a parser reads it: elements closed, nothing of the subject is one' \
	python3 "$T/page.py" "$T/report.html" '<script>alert(1)' \
	'"><script>x' 'CKA_EXTRACTABLE' 'made in a hardware module' \
	'sha256:'

# A key that needs approvals: one report cannot wait for them.
git config -f "$CONFIG" touchmark.plain.approvals 1
git config -f "$CONFIG" touchmark.plain.approver a@example.org
git config -f "$CONFIG" touchmark.plain.roots "$T/pki/ca.pem"
exits 2 'a signed report by a key that needs approvals' \
	touchmark key report plain --pin-file "$PINFILE" -o "$T/approved.txt"
has 'hint: write it without -o, then sign the file' 'what to do instead'
[ ! -e "$T/approved.txt" ]
tap $? 'and nothing is written'
for k in approvals approver roots; do
	git config -f "$CONFIG" --unset touchmark.plain.$k
done

# ---- names and errors ---------------------------------------------------------------

exits 3 'a key that is not there' touchmark key report nobody
exits 2 'one file for both' touchmark key report plain -o "$T/same" \
	--html "$T/same"
exits 2 'two keys' touchmark key report plain bare
exits 4 'an attestation file that is not there' touchmark key report plain \
	--no-login --attestation "$T/missing.pem"
ok 'without a PIN' touchmark key report plain --json --no-login
ok 'help' touchmark key report --help

done_testing
