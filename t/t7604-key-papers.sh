#!/bin/sh
# Certificate requests and what comes back: names, usages, renewals and
# attestations that are asked for; chains made whole, and two certificates of
# one key at the same time.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl softhsm2-util git faketime

# faketime comes before the sanitizer's own library.
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
CONF=$XDG_CONFIG_HOME/touchmark
cd "$T" || exit 1
softhsm_new release
key() {
	v=$1
	shift
	touchmark key "$v" "$@" --pin-file "$PINFILE"
}
for k in k rsa; do
	a=p256
	[ $k = k ] || a=rsa3072
	key generate $k --token release --module "$MODULE" --algorithm $a \
		>/dev/null || exit 1
done
git config -f "$CONF/config" touchmark.auditLog "$T/uses.log"
shown() {	# CSR: as text, the last output
	openssl req -in "$1" -noout -verify -text >out 2>&1
}

# ---- what is asked for --------------------------------------------------------------

ok 'further names' key csr k --subject '/CN=Release/O=Example/C=DE' \
	--email a@example.org --san email:b@example.org \
	--san DNS:build.example.org --san URI:https://example.org/release \
	--days 397 -o a.csr
has 'ask your CA for 397 days' 'the lifetime is for the CA'
hasnt 'warning|has no (CN|O)' 'and nothing is amiss'
shown a.csr
has 'verify OK' 'openssl verifies it'
has 'email:a@example.org, email:b@example.org, DNS:build.example.org, URI:https://example.org/release' \
	'all names are in it'
has 'Key Usage: critical' 'the key usage is critical'
has '^ +Code Signing$' 'the extended one is for code'
hasnt 'id-smime-aa|16\.2\.59' 'no attestation without a word'
cp uses.log out
has '"use":"csr"|"what":"csr"' 'it is a use of the key, on record'
ok 'a request without a name' key csr k --subject /OU=x -o b.csr
has 'note: the subject has no CN' 'the name is missed'
has 'note: the subject has no O ' 'and the organisation'
ok 'a lifetime that nobody gives' key csr k --subject /CN=x/O=y --days 461 \
	-o b.csr
has 'warning: public CAs give at most 460 days' 'is told'
for bad in nonsense mail:x DNS: 'email:a b' 'DNS:a	b' 'URI:h.ü'; do
	exits 2 "a name of another kind: $bad" key csr k --subject /CN=x \
		--san "$bad" -o c.csr
done
# shellcheck disable=SC2046 # options, to be split
exits 2 'too many names' key csr k --subject /CN=x -o c.csr \
	$(i=0; while [ $i -lt 17 ]; do echo "--san DNS:h$i"; i=$((i + 1)); done)
exits 2 'a renewal of something else' key csr k --renew --subject /CN=x
has 'do not go with it' 'is refused'
exits 3 'a renewal of nothing' key csr k --renew
has 'no certificate that could be renewed' 'is refused'
[ ! -e c.csr ]
tap $? 'none of these wrote a file'

# ---- attestations -----------------------------------------------------------------------

# A bundle of one statement, made by openssl from its description.
cat >bundle.cnf <<-E
	asn1=SEQ:bundle
	[bundle]
	list=SEQ:list
	certs=SEQ:certs
	[list]
	one=SEQ:statement
	[statement]
	type=OID:1.3.6.1.4.1.41482.3.3
	stmt=OCTWRAP,UTF8:what the token says
	[certs]
	one=SEQ:cert
	[cert]
	n=INTEGER:1
E
openssl asn1parse -genconf bundle.cnf -noout -out bundle.der
ok 'a request with an attestation' key csr k --subject /CN=x/O=y \
	--attestation bundle.der -o att.csr
shown att.csr
has 'verify OK' 'openssl verifies it'
openssl req -in att.csr -outform DER -out att.der
openssl asn1parse -inform DER -in att.der >out 2>&1
has 'OBJECT +:(id-aa-attestation|1\.2\.840\.113549\.1\.9\.16\.2\.59)$' \
	'the attribute is there'
has 'OBJECT +:1\.3\.6\.1\.4\.1\.41482\.3\.3$' 'with the statement'
has 'OCTET STRING' 'whose content is as it was'
cp bundle.der cut.der
truncate -s -1 cut.der
cp bundle.der more.der
printf x >>more.der
printf '\060\000' >empty.der
printf '\060\002\060\000' >none.der
printf '\060\004\060\002\060\000' >untyped.der
printf '\060\200\060\000\000\000' >ber.der
head -c 70000 /dev/zero >big.der
for bad in cut more empty none untyped ber big; do
	exits 4 "an attestation that is none: $bad" key csr k --subject /CN=x \
		--attestation $bad.der -o c.csr
done
exits 4 'an attestation that is not there' key csr k --subject /CN=x \
	--attestation nothing -o c.csr
[ ! -e c.csr ]
tap $? 'none of these wrote a file'

# ---- the chain -----------------------------------------------------------------------------

pki_root root
pki_leaf root policy '' basicConstraints=critical,CA:TRUE \
	keyUsage=critical,keyCertSign,cRLSign
pki_leaf policy issuing '' basicConstraints=critical,CA:TRUE,pathlen:0 \
	keyUsage=critical,keyCertSign,cRLSign \
	'authorityInfoAccess=caIssuers;URI:http://ca.example.org/policy.cer'
issue() {	# CSR OUT DAYS
	csr=$1 o=$2 d=$3
	printf '%s\n' basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage=codeSigning,1.3.6.1.4.1.99999.7 \
		subjectAltName=email:a@example.org,URI:urn:example:release \
		subjectKeyIdentifier=hash authorityKeyIdentifier=keyid >ext
	${AT:+faketime "$AT"} openssl x509 -req -in "$csr" \
		-CA pki/issuing.pem \
		-CAkey pki/issuing.key -sha256 -extfile ext -days "$d" \
		-set_serial "0x$(openssl rand -hex 8)" -out "$o" 2>/dev/null
}
AT='1 hour ago' issue a.csr first.pem 90
ok 'the leaf alone' key import-cert k first.pem
has '0 intermediates$' 'has nothing above it'
has 'if CN=issuing,O=Test is no root' 'what is missing is named'
ok 'with one more' key import-cert k first.pem --chain pki/issuing.pem
has '1 intermediate$' 'it is longer'
has 'if CN=policy,O=Test is no root' 'the next one is missing'
has 'offers it at http://ca.example.org/policy.cer \(nothing was fetched\)' \
	'and where it is to be had'
ok 'the missing one alone' key import-cert k first.pem \
	--untrusted pki/policy.pem
has '2 intermediates$' 'the other was kept, and is found'
ok 'with the root' key import-cert k first.pem --chain pki/root.pem
hasnt 'is no root' 'nothing is missing'
is "$(grep -c '^-----BEGIN' "$CONF/k-chain.pem")" 3 'the root is left out'
cp uses.log out
has '"(use|what)":"prove"' 'each proof is on record'

# ---- two certificates of one key --------------------------------------------------------------

echo content >f
signed_by() {	# the serial number of the certificate that signs now
	rm -f f.p7s
	touchmark sign -k k --no-timestamp --pin-file "$PINFILE" f \
		>setup.log 2>&1
	openssl cms -verify -binary -inform DER -in f.p7s -content f \
		-CAfile pki/root.pem -purpose any -signer got.pem \
		-out /dev/null 2>setup.log
	openssl x509 -in got.pem -noout -serial
}
is "$(signed_by)" "$(openssl x509 -in first.pem -noout -serial)" \
	'the first one signs'
ok 'a renewal in one command' key csr k --renew -o renew.csr
shown renew.csr
has 'Subject: CN = Release, O = Example, C = DE' 'the same subject'
has 'email:a@example.org, URI:urn:example:release' 'the same names'
has 'Code Signing, 1.3.6.1.4.1.99999.7' 'the same usages'
has 'verify OK' 'by the same key'
issue renew.csr second.pem 180
ok 'the new one' key import-cert k second.pem
has 'with 1 older one of this key that is still valid' 'beside the old one'
is "$(grep -c '^-----BEGIN' "$CONF/k-chain.pem")" 4 'both are kept'
is "$(signed_by)" "$(openssl x509 -in second.pem -noout -serial)" \
	'the newer one signs'
ok 'the older one is known as well' key show "sha256:$(openssl x509 \
	-in first.pem -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' |
	tr A-F a-f)"
ok 'the old one again' key import-cert k first.pem
is "$(grep -c '^-----BEGIN' "$CONF/k-chain.pem")" 4 'both are kept'
is "$(signed_by)" "$(openssl x509 -in second.pem -noout -serial)" \
	'and the newer one signs'
ok 'in half a year' faketime '100 days' touchmark key import-cert k second.pem \
	--pin-file "$PINFILE"
hasnt 'older one' 'the older one has ended'
is "$(grep -c '^-----BEGIN' "$CONF/k-chain.pem")" 3 'and is not kept'
ok 'a renewal after the end' faketime '300 days' touchmark key csr k --renew \
	--pin-file "$PINFILE" -o late.csr
shown late.csr
has 'Subject: CN = Release, O = Example' 'asks for the same'

# ---- what is no answer ---------------------------------------------------------------------------

issue a.csr other.pem 90
cp "$CONF/k-chain.pem" before.pem
exits 3 "another key's certificate" key import-cert rsa other.pem
exits 4 'a request is none' key import-cert k a.csr
exits 4 'a chain that is not there' key import-cert k first.pem --chain none
ok 'what was kept is as it was' cmp before.pem "$CONF/k-chain.pem"
TMK_SHIM_MODULE=$MODULE TMK_SHIM=C_Sign=lie
export TMK_SHIM_MODULE TMK_SHIM
git config -f "$CONF/config" touchmark.k.uri "$(git config \
	-f "$CONF/config" touchmark.k.uri |
	sed "s|module-path=.*|module-path=$MOCK/shim.so|")"
exits 3 'a key that does not prove itself' key import-cert k first.pem
has 'does not verify' 'is not believed'
ok 'what was kept is as it was' cmp before.pem "$CONF/k-chain.pem"
exits 3 'nor does it give a request' key csr k --renew -o lie.csr
[ ! -e lie.csr ]
tap $? 'of which there is no file'

done_testing
