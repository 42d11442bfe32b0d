#!/bin/sh
# No credential of a cloud service is where others can read it: not in the
# arguments or the environment of a process that is started for it, not in a
# file, not in what is said. The process that speaks with the network has no
# variable but those of proxies and roots.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=aws-lib.sh
. "${0%/*}/aws-lib.sh"
need openssl strace

RSA=1234abcd-12ab-34cd-56ef-1234567890ab
aws_key $RSA rsa3072
aws_start --token "$AWS_TOKEN"
cd "$T" || exit 1
echo 'what is signed' >f
git config -f "$CONFIG" touchmark.rsa.uri "awskms:$RSA?region=eu-test-1"
git config -f "$CONFIG" touchmark.serviceDeadline 30
# A sanitizer cannot look for leaks in what is traced: the children are let go
# once they are seen.
traced() {
	rm -f f.sig trace trace.*
	run env -u CURL_CA_BUNDLE ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" \
		"AWS_SESSION_TOKEN=$AWS_TOKEN" \
		https_proxy=http://127.0.0.1:1 SSL_CERT_FILE=/nowhere \
		strace -ff -v -s 8192 -b execve -o trace -e trace=execve \
		touchmark sign -k rsa -t ssh --no-timestamp f
	# A file for each process: no line is cut by that of another one.
	cat trace.* >trace
}
traced
is "$RC" 0 'it signs'
grep 'execve("[^"]*/touchmark-fetch"' trace >fetches
is "$(wc -l <fetches | tr -d ' ')" 2 'the fetcher was seen twice'
# Its own arguments and environment: what begins the program has the caller's.
! grep -Fq -e "$AWS_SECRET" -e "$AWS_TOKEN" -e AKIATEST fetches
tap $? 'no credential in its arguments or environment'
! grep -Fq -e "$RSA" -e 127.0.0.1:"$(cat "$T/aws.port")" fetches
tap $? 'nor where it goes'
sed 's/.*\], \[//; s/\]) *= .*//; s/", "/\n/g' fetches | tr -d '"' |
	sed 's/=.*//' | sort -u >names
is "$(tr '\n' ' ' <names)" 'SSL_CERT_FILE https_proxy ' \
	'its environment has proxies and roots alone'
! grep -rFq -e "$AWS_SECRET" -e "$AWS_TOKEN" f.sig "$HOME" "$T/run" "$T/out"
tap $? 'no credential in a file'

# While it runs: whoever may look at its memory, a core of it would not be
# written.
aws_mode late
AWS_SESSION_TOKEN=$AWS_TOKEN touchmark sign -k rsa -t ssh --no-timestamp f \
	>"$T/late" 2>&1 &
pid=$!
i=0
fetch=
while [ -z "$fetch" ] && [ $i -lt 400 ]; do
	sleep 0.05
	i=$((i + 1))
	read -r c _ <"/proc/$pid/task/$pid/children" 2>/dev/null || :
	case $(tr '\0' ' ' <"/proc/${c:-self}/cmdline" 2>/dev/null) in
	*touchmark-fetch*) fetch=$c ;;
	esac
done
[ -n "$fetch" ]
tap $? 'the fetcher waits for the service'
tr '\0' '\n' <"/proc/$fetch/cmdline" >"$T/out"
has '^--exact$' 'everybody may read its arguments'
! grep -Fq -e "$AWS_TOKEN" -e "$AWS_SECRET" -e AKIA -e "$RSA" -e 127.0.0.1 \
	"$T/out"
tap $? 'in which none of it is'
i=0
until grep -q '^Max core file size *0 *0' "/proc/$fetch/limits" ||
      [ $i -ge 400 ]; do
	sleep 0.05
	i=$((i + 1))
done
cp "/proc/$fetch/limits" "$T/out" 2>/dev/null
has '^Max core file size *0 *0' 'it writes no core'
kill "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
kill "$fetch" 2>/dev/null

# ---- what it does by itself -----------------------------------------------------------

aws_mode ok
fetch() {	# LINES: each on its own
	printf '%s\n' "$@" '' >request
	run_in request touchmark-fetch --exact --tell -
}
fetch "$AWS_AT/latest/api/token" 'method PUT' 'header X-A: b'
is "$RC" 0 'a PUT'
has '^status 400$' 'any status is an answer'
has '^date ...,' 'and its date'
for lines in "$AWS_AT/" "$AWS_AT/|method DELETE" "$AWS_AT/|method GET|method GET" \
	"$AWS_AT/|method GET|header A" "$AWS_AT/|method GET|other a" \
	"$AWS_AT/|method POST|sigv4 aws:amz:a:kms" \
	"$AWS_AT/|method POST|user a:b" \
	"http://192.0.2.1/|method GET" "http://a:b@127.0.0.1/|method GET" \
	"http://127.0.0.1.example.org/|method GET" "file:///etc/passwd|method GET"
do
	printf '%s\n\n' "$lines" | tr '|' '\n' >request
	run_in request touchmark-fetch --exact --tell -
	is "$RC" 2 "refused: $(echo "$lines" | sed "s/:[0-9]*//")"
	has '^wrong: ' 'says so'
done
exits 2 'no address in the arguments' touchmark-fetch --exact "$AWS_AT"
printf '%s\nmethod GET\n\n' "$AWS_AT" >request
run_in request touchmark-fetch --tell -
is "$RC" 2 'what describes a request belongs to --exact'
# Plain http goes through no proxy.
run_in request env http_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 \
	touchmark-fetch --exact --tell -
is "$RC" 0 'no proxy hears what stays on this machine'
aws_mode redirect
printf '%s/\nmethod POST\nheader X-Amz-Target: TrentService.Sign\nheader Content-Type: application/x-amz-json-1.1\n\n{}' \
	"$AWS_AT" >request
run_in request touchmark-fetch --exact --tell -
has '^status 307$' 'what leads elsewhere is an answer'
aws_mode huge
run_in request touchmark-fetch --exact --tell --max 1000 -
is "$RC" 5 'an answer that is too large'
has 'more than 1000 bytes' 'is said to be'

done_testing
