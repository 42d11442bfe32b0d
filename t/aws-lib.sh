# shellcheck shell=sh disable=SC2034 # some of these are for the tests
# aws-lib.sh - AWS KMS on loopback for the tests, behind lib.sh.
#
#   aws_start [OPTION...]      start it; sets AWS_PID, and the environment in
#                              which AWS's own tools would find it
#   aws_key KEYID ALGORITHM    a key of its own: rsa3072, p256, ...
#   aws_mode MODE              what goes wrong from now on
#   aws_calls ACTION           how often it was called since aws_mode
#
# What it signs with is $AWS/KEYID.pem. The secret, the session token and the
# token of the container are texts that nothing else has, so that a test can
# look for them.

AWS=$T/aws
AWS_SECRET=Secret/of+the+test/0123456789abcdefghijk
AWS_TOKEN=token/of+the+test/0123456789==
CONFIG=$XDG_CONFIG_HOME/touchmark/config
mkdir -p "$AWS" "${CONFIG%/*}"
echo ok >"$AWS/mode"

aws_mode() {
	rm -f "$AWS/count" "$AWS/log"
	echo "$1" >"$AWS/mode"
}

aws_calls() {
	grep -c "^$1 " "$AWS/log" 2>/dev/null || :
}

aws_key() {
	case $2 in
	rsa*)	set -- "$1" -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa}" ;;
	p*)	set -- "$1" -algorithm EC -pkeyopt "ec_paramgen_curve:P-${2#p}" ;;
	esac
	key=$1
	shift
	openssl genpkey "$@" -out "$AWS/$key.pem" 2>/dev/null &&
	openssl pkey -in "$AWS/$key.pem" -pubout -out "$AWS/$key.pub"
}

# No credential of the caller's, and none from files but ours.
aws_forget() {
	for v in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do
		unset "$v"
	done
	AWS_EC2_METADATA_DISABLED=true
	export AWS_EC2_METADATA_DISABLED
}

aws_start() {
	rm -f "$T/aws.port"
	"$MOCK/aws-httpd" --port-file "$T/aws.port" --state "$AWS" \
		--region eu-test-1 --id AKIATESTTESTTESTTEST \
		--secret "$AWS_SECRET" "$@" 2>"$T/aws.log" &
	AWS_PID=$!
	PIDS="$PIDS $AWS_PID"
	i=0
	while [ ! -s "$T/aws.port" ]; do
		i=$((i + 1))
		[ $i -lt 600 ] || {
			echo 'not ok - prepared: the test AWS does not start'
			exit 1
		}
		sleep 0.05
	done
	AWS_AT=http://127.0.0.1:$(cat "$T/aws.port")
	aws_forget
	AWS_ENDPOINT_URL_KMS=$AWS_AT
	AWS_ACCESS_KEY_ID=AKIATESTTESTTESTTEST
	AWS_SECRET_ACCESS_KEY=$AWS_SECRET
	export AWS_ENDPOINT_URL_KMS AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
}
