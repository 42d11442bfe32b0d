#!/bin/sh
# A service that lies, or somebody in its place: nothing is written, nothing is
# followed, nothing is waited for without an end.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=aws-lib.sh
. "${0%/*}/aws-lib.sh"
need openssl git ssh-keygen

RSA=1234abcd-12ab-34cd-56ef-1234567890ab
P256=mrk-1234abcd12ab34cd56ef1234567890ab
aws_key $RSA rsa3072
aws_key $P256 p256
aws_key other rsa3072
cp "$AWS/other.pem" "$T/other-rsa.pem"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
	-out "$T/other-ec.pem" 2>/dev/null
aws_start --token ''
cd "$T" || exit 1
echo 'what is signed' >f
git config -f "$CONFIG" touchmark.serviceDeadline 30
git config -f "$CONFIG" touchmark.rsa.uri "awskms:$RSA?region=eu-test-1"
git config -f "$CONFIG" touchmark.ec.uri "awskms:$P256?region=eu-test-1"
for k in rsa ec; do
	ok "$k: a certificate" pki_key_cert $k dev@example.org
done
# wrong CODE MODE KEY TEXT
wrong() {
	aws_mode "$2"
	rm -f f.p7s
	exits "$1" "$2, $3: refused" touchmark sign -k "$3" --no-timestamp f
	has "$4" "$2, $3: says why"
	[ ! -e f.p7s ]
	tap $? "$2, $3: nothing is written"
}

# ---- signatures that are none --------------------------------------------------------

for k in rsa ec; do
	cp other-$k.pem "$AWS/other.pem"
	wrong 3 other-key $k 'returned a wrong signature'
	wrong 3 bit $k 'wrong signature|no ECDSA signature'
	wrong 3 algorithm $k 'something else than was asked for: SigningAlgorithm'
	wrong 3 no-base64 $k 'something else than was asked for: '
	wrong 3 other-arn $k 'something else than was asked for: KeyId'
	wrong 3 other-public $k 'for another key'
	wrong 3 long-der $k 'wrong signature|no ECDSA signature'
done
wrong 3 der ec 'is no ECDSA signature'
cp other-ec.pem "$AWS/other.pem"
wrong 3 other-public rsa 'KeySpec, and a public key of another kind'
# A key that is too short and called by another name.
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
	-out "$AWS/$RSA.pem" 2>/dev/null
wrong 3 weak rsa 'no public key that can be signed with'
cp other-rsa.pem "$AWS/$RSA.pem"

# Between two looks the key behind an alias is another one.
echo $P256 >"$AWS/alias-moved"
git config -f "$CONFIG" touchmark.moved.uri 'awskms:alias/moved?region=eu-test-1'
git config -f "$CONFIG" touchmark.moved.cert "$T/pki/ec.pem"
aws_mode ok
ok 'an alias signs' touchmark sign -k moved --no-timestamp f
echo $RSA >"$AWS/alias-moved"
rm f.p7s
exits 3 'an alias that leads elsewhere does not' \
	touchmark sign -k moved --no-timestamp f
has 'for another key' 'and that is said'
is "$(aws_calls Sign)" 1 'nothing was asked of the other key'

# ---- answers that are none ------------------------------------------------------------

wrong 3 garbage ec 'something else than was asked for: KeyId'
wrong 3 empty ec 'something else than was asked for: KeyId'
wrong 3 array ec 'something else than was asked for: KeyId'
wrong 5 huge ec 'more than 262144 bytes'
wrong 5 head ec '127.0.0.1'
wrong 5 close ec '127.0.0.1'
wrong 3 redirect ec 'it refuses \(HTTP 307'
! grep -q elsewhere "$AWS/log"
tap $? 'redirect: nobody went there'
git config -f "$CONFIG" touchmark.serviceDeadline 2
begin=$(date +%s)
wrong 5 drip ec 'did not answer within'
wrong 5 late ec 'did not answer within'
[ $(($(date +%s) - begin)) -lt 45 ]
tap $? 'a slow answer is not waited for'

# ---- what else can be asked -----------------------------------------------------------

git config -f "$CONFIG" touchmark.serviceDeadline 30
aws_mode ok
exits 3 'no key is made there' touchmark key generate new \
	--token 'awskms:new?region=eu-test-1'

done_testing
