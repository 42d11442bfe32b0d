#!/bin/sh
# What AWS KMS refuses, and what is said of it: the rights that are missing, the
# state of the key, credentials, clock and region; what it asks to be asked
# again is asked again, within the time there is. No answer of it shows a
# secret, whatever it repeats.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=aws-lib.sh
. "${0%/*}/aws-lib.sh"
need openssl git ssh-keygen

RSA=1234abcd-12ab-34cd-56ef-1234567890ab
aws_key $RSA rsa3072
aws_key rsa2048 rsa2048
aws_key p521 p521
aws_start --token "$AWS_TOKEN"
AWS_SESSION_TOKEN=$AWS_TOKEN
export AWS_SESSION_TOKEN
cd "$T" || exit 1
echo 'what is signed' >f
git config -f "$CONFIG" touchmark.rsa.uri "awskms:$RSA?region=eu-test-1"
deadline() {
	git config -f "$CONFIG" touchmark.serviceDeadline "$1"
}
deadline 30
sign() {
	rm -f f.sig
	touchmark sign -k "${1:-rsa}" -t ssh --no-timestamp f
}
quiet() {	# no secret in the last output
	! grep -Fq -e "$AWS_SECRET" -e "$AWS_TOKEN" "$T/out"
	tap $? "$1: no secret in it"
}
# refused CODE MODE TEXT HINT
refused() {
	aws_mode "$2"
	exits "$1" "$2: refused" sign
	has "$3" "$2: says why"
	has "hint: .*$4" "$2: says what to do"
	quiet "$2"
	[ ! -e f.sig ]
	tap $? "$2: nothing is written"
}

ok 'it signs' sign

# ---- what is meant for whoever set it up -----------------------------------------

refused 3 denied 'AWS KMS in eu-test-1: these credentials may not do that .*not authorized' \
	'kms:Sign, kms:GetPublicKey and kms:DescribeKey'
is "$(aws_calls GetPublicKey)" 1 'denied: is not asked again'
refused 3 denied-sign 'AccessDeniedException' 'kms:Sign'
is "$(aws_calls Sign)" 1 'denied to sign: is not asked again'
refused 3 disabled 'the key is disabled' 'enable-key'
refused 3 state 'cannot be used in its state .*pending deletion' 'cancel-key-deletion'
refused 3 missing 'there is no such key' 'region'
refused 3 expired 'credentials have expired .*credentials of the environment' 'aws sso login'
refused 3 unknown 'not known there' 'session token'
refused 3 incomplete "signature is not whole" 'stands between'
refused 3 skew "signature is wrong" 'clock; there it is ...,'
refused 3 usage 'RSA_3072, for ENCRYPT_DECRYPT' 'SIGN_VERIFY'
refused 3 spec 'it is SM2' 'RSA_4096'
refused 3 newer 'it refuses \(ANewException' 'stands between'
refused 3 gateway 'it refuses \(HTTP 403' 'stands between'
aws_mode leak
exits 3 'a refusal that repeats secrets' sign
has 'may not do that \(AccessDeniedException, HTTP 400; credentials of the environment\)$' \
	'is shown without its words'
quiet leak

# ---- what is asked again ------------------------------------------------------------

for m in throttled:1 internal:1 unavailable:1 busy:1; do
	aws_mode $m
	ok "$m: it signs after all" sign
	is "$(grep -c '^GetPublicKey' "$AWS/log") $(grep -c '^Sign' "$AWS/log")" \
		'2 1' "$m: was asked again, once"
done
# Long enough for a slow machine to have its first answer.
deadline 3
for m in throttled internal unavailable busy; do
	aws_mode $m
	exits 5 "$m: without an end it is given up" sign
	n=$(aws_calls GetPublicKey)
	[ "$n" -ge 1 ] && [ "$n" -le 12 ]
	tap $? "$m: was not asked too often ($n)"
	has 'hint: try again later' "$m: says what to do"
done
aws_mode late
exits 5 'nobody answers' sign
has 'AWS KMS: .*did not answer within' 'nobody answers: says so'
# The time is over in the middle of asking again.
aws_mode fading:1
exits 5 'answers once, then no more' sign
has 'the key cannot be reached now' 'answers once: what it said is told'
has 'hint: try again later' 'answers once: and what to do'
deadline 30

# ---- credentials ---------------------------------------------------------------------

aws_mode ok
exits 3 'another secret' env AWS_SECRET_ACCESS_KEY=another/Secret \
	touchmark sign -k rsa -t ssh --no-timestamp f
has 'signature is wrong' 'another secret: says so'
hasnt 'another/Secret|Canonical' 'another secret: nothing of it is shown'
quiet 'another secret'
exits 3 'another access key' env AWS_ACCESS_KEY_ID=AKIAOTHER \
	touchmark sign -k rsa -t ssh --no-timestamp f
has 'not known there' 'another access key: says so'
exits 3 'no session token' env -u AWS_SESSION_TOKEN \
	touchmark sign -k rsa -t ssh --no-timestamp f
has 'not known there' 'no session token: says so'
exits 3 'none at all' env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY \
	touchmark sign -k rsa -t ssh --no-timestamp f
has 'there are no AWS credentials' 'none at all: says so'
has 'hint: .*AWS_PROFILE' 'none at all: says where they are looked for'
exits 2 'half of them' env -u AWS_SECRET_ACCESS_KEY \
	touchmark sign -k rsa -t ssh --no-timestamp f
has 'belong together' 'half of them: says so'
exits 2 'a secret of two lines' env "AWS_SECRET_ACCESS_KEY=a
user b:c" touchmark sign -k rsa -t ssh --no-timestamp f
has 'are not what such are' 'a secret of two lines: says so'

# ---- uris ----------------------------------------------------------------------------

uri() {	# CODE URI TEXT
	exits "$1" "$2" touchmark key show "$2"
	has "$3" "$2: says why"
	quiet "$2"
}
uri 3 "awskms:$RSA?region=us-test-2" 'signature is wrong'
uri 2 "awskms:$RSA" 'in which region'
uri 2 'awskms:?region=eu-test-1' 'names no key'
uri 2 'awskms:a%20b?region=eu-test-1' 'names no key'
uri 2 "awskms:$RSA?region=EU/../x" 'region or profile that is none'
uri 2 "awskms:$RSA?region=a&region=b" 'or two'
uri 2 "awskms:$RSA?zone=a" 'attribute that is not known'
uri 2 "awskms:$RSA?region=eu-test-1&" 'attribute that is not known'
uri 2 'awskms:arn:aws:s3:eu-test-1:1:key/a' 'is not that of a key'
uri 2 'awskms:arn:aws:kms:eu-test-1:1' 'is not that of a key'
uri 2 'awskms:arn:aws:kms::1:key/a' 'without a region'
uri 2 'awskms:arn:aws:kms:eu-test-1:1:key/a?region=eu-test-2' 'another region'
uri 3 'awskms:nobody?region=eu-test-1' 'no such key'
uri 3 'awskms:alias/nobody?region=eu-test-1' 'no such key'
uri 3 'awskms:rsa2048?region=eu-test-1' 'it is RSA_2048'
uri 3 'awskms:p521?region=eu-test-1' 'it is ECC_NIST_P521'
for r in AWS_REGION AWS_DEFAULT_REGION; do
	ok "$r is the region" env $r=eu-test-1 touchmark key show "awskms:$RSA"
	exits 2 "$r that is none" env "$r=eu test" touchmark key show "awskms:$RSA"
	has "$r" "$r that is none: is named"
done

# ---- where it is -----------------------------------------------------------------------

at() {	# CODE URL TEXT
	exits "$1" "at $2" env "AWS_ENDPOINT_URL_KMS=$2" \
		touchmark key show "awskms:$RSA?region=eu-test-1"
	has "$3" "at $2: says why"
	quiet "at $2"
}
at 2 http://10.1.2.3 'plain http is not spoken with 10.1.2.3'
at 2 http://127.0.0.1.example.org 'plain http is not spoken with'
at 2 http://user:word@127.0.0.1 'is no URL'
at 2 ftp://127.0.0.1 'is no URL'
at 2 http://127.0.0.1/path 'a scheme, a host and a port alone'
at 2 'http://127.0.0.1?a=b' 'a scheme, a host and a port alone'
at 2 'http://127.0.0.1:123456' 'is no URL'
at 5 http://127.0.0.1:1 'AWS KMS: http://127.0.0.1:1'
at 5 https://127.0.0.1:1 'AWS KMS: https://127.0.0.1:1'
ok 'AWS_ENDPOINT_URL counts too' env -u AWS_ENDPOINT_URL_KMS \
	AWS_ENDPOINT_URL="$AWS_AT/" touchmark key show \
	"awskms:$RSA?region=eu-test-1"
exits 5 'but not when it is to be ignored' env \
	AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true \
	https_proxy=http://127.0.0.1:1 touchmark key show \
	"awskms:$RSA?region=eu-test-1"
has 'https://kms.eu-test-1.amazonaws.com' 'then it is the public one'
partition() {	# REGION HOST [VARIABLE]
	exits 5 "$1: asks the proxy" env "${3:-A=b}" \
		AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true \
		https_proxy=http://127.0.0.1:1 \
		touchmark key show "awskms:$RSA?region=$1"
	has "https://$2:" "$1: for $2"
}
partition cn-north-1 kms.cn-north-1.amazonaws.com.cn
partition us-gov-west-1 kms.us-gov-west-1.amazonaws.com
partition us-gov-west-1 kms-fips.us-gov-west-1.amazonaws.com \
	AWS_USE_FIPS_ENDPOINT=true
partition us-iso-east-1 kms.us-iso-east-1.c2s.ic.gov
partition us-isob-east-1 kms.us-isob-east-1.sc2s.sgov.gov

done_testing
