#!/bin/sh
# Where AWS credentials come from, in the order of AWS's own tools: environment,
# profile, container, instance. What would have to be logged in to is refused
# with what to do; what has run out is fetched anew, once.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=aws-lib.sh
. "${0%/*}/aws-lib.sh"
need openssl

RSA=1234abcd-12ab-34cd-56ef-1234567890ab
aws_key $RSA rsa3072
ASK='Token of/the+container'
aws_start --token "$AWS_TOKEN" --role signer --ask "$ASK"
cd "$T" || exit 1
KEY="awskms:$RSA?region=eu-test-1"
quiet() {
	! grep -Fq -e "$AWS_SECRET" -e "$AWS_TOKEN" -e "$ASK" "$T/out"
	tap $? "$1: no secret in it"
}
good() {	# WHAT [VARIABLE=VALUE...]
	what=$1
	shift
	ok "$what" env "$@" touchmark key show "${K:-$KEY}"
}
bad() {	# CODE WHAT TEXT [VARIABLE=VALUE...]
	code=$1 what=$2 text=$3
	shift 3
	exits "$code" "$what" env "$@" touchmark key show "${K:-$KEY}"
	has "$text" "$what: says why"
	quiet "$what"
}

# ---- the environment -------------------------------------------------------------

good 'the environment' "AWS_SESSION_TOKEN=$AWS_TOKEN"
ID=$AWS_ACCESS_KEY_ID
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
bad 3 'a role with a web identity' 'is not assumed here' \
	AWS_ROLE_ARN=arn:aws:iam::1:role/a AWS_WEB_IDENTITY_TOKEN_FILE=/a
has 'hint: .*export-credentials' 'says how'

# ---- profiles ---------------------------------------------------------------------

mkdir "$HOME/.aws"
cat >"$HOME/.aws/credentials" <<END
# a comment
[default]
aws_access_key_id = WRONG
aws_secret_access_key = wrong

[ release ]
aws_access_key_id=$ID
aws_secret_access_key =   $AWS_SECRET
aws_session_token	=	$AWS_TOKEN
[half]
aws_access_key_id = $ID
[both]
aws_access_key_id = $ID
aws_secret_access_key = $AWS_SECRET
aws_session_token = $AWS_TOKEN
[user]
aws_access_key_id = $ID
aws_secret_access_key = $AWS_SECRET
END
printf '%s\r\n' '[dos]' "aws_access_key_id = $ID" \
	"aws_secret_access_key = $AWS_SECRET" \
	"aws_session_token = $AWS_TOKEN" >>"$HOME/.aws/credentials"
cat >"$HOME/.aws/config" <<END
[default]
region = us-test-9
[profile release]
region = eu-test-1
[profile here]
aws_access_key_id = $ID
aws_secret_access_key = $AWS_SECRET
aws_session_token = $AWS_TOKEN
s3 =
  aws_access_key_id = NESTED
[profile both]
aws_access_key_id = WRONG
aws_session_token = WRONG
[profile assumed]
role_arn = arn:aws:iam::1:role/a
source_profile = release
[profile mixed]
aws_access_key_id = $ID
aws_secret_access_key = $AWS_SECRET
aws_session_token = $AWS_TOKEN
role_arn = arn:aws:iam::1:role/a
source_profile = mixed
[profile login]
sso_session = corp
[profile program]
credential_process = /bin/false
[profile empty]
region = eu-test-1
END
good 'AWS_PROFILE' AWS_PROFILE=release
good 'AWS_DEFAULT_PROFILE' AWS_DEFAULT_PROFILE=release
good 'a profile of the configuration' AWS_PROFILE=here
good 'the credentials go before the configuration' AWS_PROFILE=both
good 'lines of another system' AWS_PROFILE=dos
bad 3 'the default profile' 'not known there'
bad 3 'a token belongs to its own key' 'not known there' AWS_PROFILE=user
bad 3 'a profile that is not there' "there is no AWS profile 'nobody'" \
	AWS_PROFILE=nobody
has 'hint: set AWS_ACCESS_KEY_ID' 'and what to do'
bad 2 'half of a key' 'no aws_secret_access_key' AWS_PROFILE=half
bad 3 'a profile without credentials' "'empty' has no credentials" \
	AWS_PROFILE=empty
bad 3 'a role' 'elsewhere \(role_arn\)' AWS_PROFILE=assumed
has 'hint: eval .*--profile assumed --format env' 'a role: says how'
bad 3 'a role beside a key' 'elsewhere \(role_arn\)' AWS_PROFILE=mixed
bad 3 'a login' 'elsewhere \(sso_session\)' AWS_PROFILE=login
bad 3 'a program' 'elsewhere \(credential_process\)' \
	AWS_PROFILE=program
bad 2 'a profile that is no name' 'AWS_PROFILE' "AWS_PROFILE=a
b"
K="awskms:$RSA" good 'the region of the profile' AWS_PROFILE=release
K="awskms:$RSA" bad 3 'that of the default one' 'us-test-9|signature'
K="awskms:$RSA" good 'the environment goes before it' AWS_PROFILE=here \
	AWS_REGION=eu-test-1
mv "$HOME/.aws/credentials" elsewhere
good 'AWS_SHARED_CREDENTIALS_FILE' AWS_PROFILE=release \
	AWS_SHARED_CREDENTIALS_FILE="$T/elsewhere"
mv elsewhere "$HOME/.aws/credentials"
cp "$HOME/.aws/config" elsewhere
good 'AWS_CONFIG_FILE' AWS_PROFILE=here AWS_CONFIG_FILE="$T/elsewhere"
# The environment goes before AWS_PROFILE, not before what a uri says.
bad 3 'the environment goes before AWS_PROFILE' 'not known there' \
	AWS_PROFILE=release AWS_ACCESS_KEY_ID=OTHER AWS_SECRET_ACCESS_KEY=other
K="$KEY&profile=release" good 'a uri goes before the environment' \
	AWS_ACCESS_KEY_ID=OTHER AWS_SECRET_ACCESS_KEY=other
has '^uri: .*profile=release$' 'and is shown with its profile'
K="awskms:$RSA?profile=release" good 'a uri may have a profile alone'
head -c 300000 /dev/zero >"$HOME/.aws/large"
bad 4 'a file that is too large' 'large' \
	AWS_SHARED_CREDENTIALS_FILE="$HOME/.aws/large"
rm -r "$HOME/.aws"
bad 3 'nothing at all' 'there are no AWS credentials'

# ---- containers ---------------------------------------------------------------------

FULL=AWS_CONTAINER_CREDENTIALS_FULL_URI=$AWS_AT/container
good 'a container' "$FULL" "AWS_CONTAINER_AUTHORIZATION_TOKEN=$ASK"
echo "$ASK" >asks
good 'its token from a file' "$FULL" \
	AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$T/asks"
bad 3 'without its token' 'the container gives no AWS credentials .HTTP 401' \
	"$FULL"
bad 2 'a container elsewhere' 'plain http is not spoken with 192.0.2.1' \
	AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/container
bad 2 'a path that is none' 'cannot be used' \
	AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=@127.0.0.1/

# ---- instances ------------------------------------------------------------------------

AWS_EC2_METADATA_SERVICE_ENDPOINT=$AWS_AT
AWS_EC2_METADATA_DISABLED=false
export AWS_EC2_METADATA_SERVICE_ENDPOINT AWS_EC2_METADATA_DISABLED
aws_mode ok
good 'an instance'
is "$(cut -d' ' -f1 "$AWS/log" | tr '\n' ' ')" '/latest/api/token /latest/meta-data/iam/security-credentials/ /latest/meta-data/iam/security-credentials/signer GetPublicKey ' \
	'asks with a session (IMDSv2)'
bad 3 'switched off' 'there are no AWS credentials' \
	AWS_EC2_METADATA_DISABLED=true
# A batch asks the instance once.
git config -f "$CONFIG" touchmark.rsa.uri "$KEY"
echo a >a
echo b >b
aws_mode ok
ok 'two signatures' touchmark sign -k rsa -t ssh --no-timestamp a b
is "$(aws_calls /latest/api/token) $(aws_calls Sign)" '1 2' 'and one question'
# One that has run out between two calls is fetched anew, once.
aws_mode expired:1
good 'credentials that have expired'
is "$(aws_calls /latest/api/token) $(aws_calls GetPublicKey)" '2 2' \
	'were fetched anew'
aws_mode expired
bad 3 'those that do not get better' 'have expired .*of the instance'
is "$(aws_calls GetPublicKey)" 2 'are asked for no third time'
trouble() {	# CODE MODE TEXT
	aws_mode "$2"
	bad "$1" "instance: $2" "$3"
}
trouble 3 no-role 'has no role'
trouble 3 failed 'no credentials for its role'
trouble 3 old 'of the instance have expired'
trouble 2 odd 'are not what such are'
aws_mode ok
bad 2 'an instance elsewhere' 'plain http is not spoken with' \
	AWS_EC2_METADATA_SERVICE_ENDPOINT=http://192.0.2.1
bad 3 'no instance' 'there are no AWS credentials' \
	AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1

done_testing
