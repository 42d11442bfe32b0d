#!/bin/sh
# touchmark key compromise: denied at once, the authority's data, everything
# that the key signed, and what to do; with the token, and without it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl git python3 ssh-keygen gpg gpgv

CONFIG=$XDG_CONFIG_HOME/touchmark/config
DENIED=$XDG_CONFIG_HOME/touchmark/denied
pki_root ca
tsa_new tsa
tsa_start tsa
softhsm_new tok
generate() {	# NAME
	touchmark key generate "$1" --token tok --algorithm p256 \
		--module "$MODULE" --pin-file "$PINFILE" \
		--user 'Rel <rel@example.org>'
}
# The PIN is where the token's URI says, so that no test has to name it.
pinned() {	# NAME
	git config -f "$CONFIG" "touchmark.$1.uri" \
		"$(git config -f "$CONFIG" "touchmark.$1.uri")&pin-source=file:$PINFILE"
}
certify() {	# NAME
	touchmark key csr "$1" --subject "/O=Test/CN=$1" -o "$T/$1.csr"
	printf '%s\n' basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage=codeSigning,emailProtection \
		crlDistributionPoints=URI:http://crl.example.org/ca.crl \
		authorityInfoAccess=OCSP\;URI:http://ocsp.example.org/ \
		>"$T/ext"
	openssl x509 -req -in "$T/$1.csr" -CA "$T/pki/ca.pem" \
		-CAkey "$T/pki/ca.key" -sha256 -days 90 -set_serial "$2" \
		-extfile "$T/ext" -out "$T/$1.pem" 2>/dev/null
	touchmark key import-cert "$1" "$T/$1.pem"
}
run generate release
pinned release
ok 'a key with a certificate' certify release 0x1234ABCD
run generate other
pinned other
git config -f "$CONFIG" touchmark.auditLog "$T/log"
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
git config -f "$CONFIG" touchmark.tsaRoots "$T/pki/tsa-root.pem"
echo one >"$T/one.tar"
echo two >"$T/two.tar"
ok 'one signature with a timestamp' touchmark sign -k release -t cms "$T/one.tar"
ok 'one without' touchmark sign -k release -t openpgp --no-timestamp "$T/two.tar"
ok 'one by another key' touchmark sign -k other -t ssh --no-timestamp "$T/one.tar"
cp "$T/one.tar.p7s" "$T/kept.p7s"
run touchmark key export release --type openpgp
cp "$T/out" "$T/release.asc"
spki=$(openssl x509 -in "$T/release.pem" -noout -pubkey |
	openssl pkey -pubin -outform DER | sha256sum | cut -c1-64)

# ---- nothing without a person who means it -------------------------------------
exits 2 'nobody is asked' touchmark key compromise release
has '^touchmark: the key will sign nothing .*nobody to ask' 'says why not'
[ ! -e "$DENIED" ]
tap $? 'nothing is denied'
exits 2 'without a name' touchmark key compromise --yes
exits 3 'a name that is none' touchmark key compromise nobody --yes
typed() {	# TEXT: what a person types
	"$MOCK/terminal" --at 'to go on: ' --type "$1" \
		touchmark key compromise other
}
exits 2 'another name is typed' typed release
! [ -e "$DENIED" ]
tap $? 'another name was typed: nothing is denied'
ok 'the name is typed' typed other
grep -q "name = \"other\"" "$DENIED"
tap $? 'the name was typed: it is denied'
rm "$DENIED"

# ---- at once, with everything that is known --------------------------------------
ok 'compromised' touchmark key compromise release --yes \
	--reason 'laptop stolen, "disk" \ open'
has "^key 'release' is denied from now on" 'denied'
has "^  public key  sha256:$spki\$" 'by its public key'
has '^certificate to be revoked, reason keyCompromise' 'the CA is told the reason'
has '^  issuer  CN=ca,O=Test$' 'the issuer'
has '^  serial  1234ABCD$' 'the serial number'
has "^  sha256  $(openssl x509 -in "$T/release.pem" -outform DER | sha256sum | cut -c1-64)\$" \
	'the fingerprint'
has '^  crl     http://crl.example.org/ca.crl$' 'where its list is'
has '^  ocsp    http://ocsp.example.org/$' 'and its responder'
fpr=$(gpg --batch --show-keys --with-colons "$T/release.asc" 2>/dev/null |
	sed -n 's/^fpr:*\([0-9A-F]*\):$/\1/p' | head -1)
has "^  OpenPGP     $fpr\$" 'the name of the OpenPGP key'
touchmark key export release --type ssh >"$T/release.pub" 2>/dev/null
ssh=$(ssh-keygen -lf "$T/release.pub" | cut -d' ' -f2 | sed 's/+/[+]/g')
has "^  SSH         $ssh\$" 'the name of the SSH key'
has '^  20.* stamped +cms +one.tar$' 'a signature with a timestamp'
has '^    timestamp 20' 'and its time'
has '^  20.* falls +openpgp +two.tar$' 'one without falls'
hasnt ' ssh +one.tar$' 'nothing of another key'
has '^[0-9]+ uses?, 1 with a timestamp' 'a sum'
has '^what to do now$' 'and what to do'
has 'touchmark crl-fetch' 'on the servers'
is "$(stat -c %a "$DENIED")" 600 'the file is for nobody else'
is "$(git config -f "$DENIED" "denied.sha256:$spki.reason")" \
	'laptop stolen, "disk" \\ open' 'git reads the reason, escaped'
is "$(git config -f "$DENIED" "denied.sha256:$spki.name")" release 'and the name'
run touchmark log show "$T/log"
has 'denied' 'the record knows of it'
ok 'the record holds' touchmark log verify "$T/log"
run touchmark doctor --offline
has "^fail +key +key 'release': this key is denied since 20" 'doctor tells it'
run touchmark doctor --offline --json
has "\"key '?release'?.*denied since|denied since.*release" 'in JSON as well'

# ---- denied, whatever it is called -------------------------------------------------
uses() {
	grep -E '"kind":"(intent|result)"' "$T/log" | sha256sum
}
before=$(uses)
for type in cms openpgp ssh; do
	exits 3 "no signature: $type" touchmark sign -k release -t $type \
		--no-timestamp --resign "$T/two.tar"
	has 'this key is denied since 20.*laptop stolen' "$type: says so"
done
git config -f "$CONFIG" touchmark.alias.uri \
	"$(git config -f "$CONFIG" touchmark.release.uri)"
exits 3 'under another name' touchmark sign -k alias -t ssh "$T/two.tar"
has 'denied since' 'it is the same key'
exits 3 'by its bare URI' touchmark sign -t ssh -k \
	"$(git config -f "$CONFIG" touchmark.release.uri)" "$T/two.tar"
exits 3 'no request for a certificate either' touchmark key csr release \
	--subject /CN=x
exits 3 'no test' touchmark key selftest release
has '^release +refused ' 'is told from a fault'
is "$(uses)" "$before" 'the token was not used'
is "$(grep -c '"kind":"refused".*this key is denied since 20' "$T/log")" 6 \
	'each of these is on record'
exits 1 'key status' touchmark key status
has '^key +release .* denied ' 'the table says so'
has '^key +alias .* denied ' 'under every name'
has '^cert +release .* denied +from' 'its certificate is told as what it is'
hasnt '^cert +release .* signs ' 'and not as one that signs'
has '^key +release +- +- denied ' 'nothing of it lasts'
has '^key +other .* (ok|no-certificate) ' 'and of no other key'
ok 'the other key signs' touchmark sign -k other -t ssh --no-timestamp "$T/two.tar"

# What it signed before is judged by those who trust it, not here.
ok 'verification is unaffected' touchmark verify --roots "$T/pki/ca.pem" \
	--tsa-roots "$T/pki/tsa-root.pem" "$T/one.tar" "$T/kept.p7s"

# ---- once more, and as JSON -----------------------------------------------------------
ok 'a second time' touchmark key compromise release --yes --json
cp "$T/out" "$T/json"
is "$(grep -c '^\[denied' "$DENIED")" 1 'adds nothing'
python3 - "$T/json" "$spki" <<'EOF'
import json, sys
by = {}
for line in open(sys.argv[1]):
    o = json.loads(line)
    by.setdefault(o["kind"], []).append(o)
assert by["key"][0]["spki"] == "sha256:" + sys.argv[2], by["key"]
c = by["certificate"][0]
assert c["reason"] == "keyCompromise" and c["serial"] == "1234ABCD", c
assert c["crl"] == ["http://crl.example.org/ca.crl"], c
assert c["ocsp"] == ["http://ocsp.example.org/"], c
s = {(o["artefact"], o["format"]): o for o in by["signature"]}
a, b = s["one.tar", "cms"], s["two.tar", "openpgp"]
assert a["status"] == "stamped" and a["stamped"].endswith("Z"), a
assert b["status"] == "falls" and b["stamped"] is None, b
assert len(a["digest"]) == 64 and a["seal"].startswith("sha256:"), a
assert ("one.tar", "ssh") not in s
assert len(by["step"]) >= 6
EOF
tap $? 'JSON says all of it'

# ---- the token is gone ---------------------------------------------------------------
rm "$DENIED"
mv "$T/tokens" "$T/tokens.away"
mkdir "$T/tokens"
ok 'by its certificate file' touchmark key compromise release --yes
has "^  public key  sha256:$spki\$" 'it is the same key'
has '^touchmark: note: .*token=tok' 'says that the token is away'
has '^  20.* falls +openpgp +two.tar$' 'and what it signed'
exits 1 'key status without a token' touchmark key status --offline
has '^key +release .* denied ' 'knows it'
rm "$DENIED"
exits 3 'without file and token nobody knows it' touchmark key compromise other --yes
has 'nobody shows its public key' 'says why'
has '--spki' 'and what helps'
[ ! -e "$DENIED" ]
tap $? 'nothing was written'
ok 'by its SSH key' touchmark key compromise release --yes --spki "$T/release.pub"
has "^  public key  sha256:$spki\$" 'the same key again'
rm "$DENIED"
openssl x509 -in "$T/release.pem" -noout -pubkey >"$T/release.pub.pem"
ok 'by its public key' touchmark key compromise gone --yes --spki "$T/release.pub.pem"
has "^  public key  sha256:$spki\$" 'under a name that is configured nowhere'
has '^  20.* falls +openpgp +two.tar$' 'the record knows it'
rm "$DENIED"
ok 'by the fingerprint in the record' touchmark key compromise gone --yes \
	--spki "sha256:$spki"
has '^  20.* stamped +cms +one.tar$' 'and what it signed'
is "$(git config -f "$DENIED" "denied.sha256:$spki.name")" gone 'it is denied'
exits 4 'junk is no key' touchmark key compromise gone --yes --spki "$T/one.tar"
exits 2 'nor is half a fingerprint' touchmark key compromise gone --yes \
	--spki sha256:12ab
rmdir "$T/tokens"
mv "$T/tokens.away" "$T/tokens"
exits 3 'and it stays denied' touchmark sign -k release -t ssh "$T/two.tar"

# ---- a record that was changed ---------------------------------------------------------
rm "$DENIED"
sed -i '2s/"time"/"Time"/' "$T/log"
run touchmark key compromise release --yes
is "$RC" 1 'a record that breaks'
has 'the record breaks at line' 'is told'
has "^key 'release' is denied" 'the key is denied first'
grep -q "$spki" "$DENIED"
tap $? 'and stays so'
git config -f "$CONFIG" --unset touchmark.auditLog
ok 'without a record' touchmark key compromise release --yes
has 'touchmark.auditLog is not set' 'it says so'

# ---- a key of a signing host ---------------------------------------------------------
rm "$DENIED"
git config -f "$CONFIG" touchmark.far.uri ssh://sign@host.invalid:2022/rel
ok 'a key that others use too' touchmark key compromise far --yes \
	--spki "$T/release.pub"
has '^  1. on sign@host.invalid:2022 too: touchmark key compromise rel;' \
	'must be denied there as well'
ok 'in JSON' touchmark key compromise far --yes --json --spki "$T/release.pub"
has '"kind":"step",.*"text":"on sign@host.invalid:2022 too: ' 'a step as well'
ok 'another one' touchmark key compromise release --yes
hasnt ' too: touchmark key compromise' 'has no such step'

# ---- nothing can be written ---------------------------------------------------------
rm "$DENIED"
mkdir "$DENIED"
run touchmark key compromise release --yes
[ "$RC" != 0 ]
tap $? 'a denial that cannot be written'
has '^touchmark: the key is NOT denied: ' 'is no denial, which is said'
has '^touchmark: hint: .*/etc/touchmark/denied' 'and what to do until then'

done_testing
