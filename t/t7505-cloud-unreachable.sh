#!/bin/sh
# Cloud services that do not answer: what failed, which host, what to do, for
# each of them, when it is signed and in touchmark doctor.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=cloud-lib.sh
. "${0%/*}/cloud-lib.sh"
# shellcheck source=aws-lib.sh
. "${0%/*}/aws-lib.sh"
need openssl git perl

cloud_start
cloud_google
cloud_vault
cloud_azure
aws_forget
AWS_ACCESS_KEY_ID=AKIATESTTESTTESTTEST
AWS_SECRET_ACCESS_KEY=$AWS_SECRET
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
cd "$T" || exit 1
echo 'what is signed' >f
git config -f "$CONFIG" touchmark.serviceDeadline 30
git config -f "$CONFIG" touchmark.gcpkms.uri "$(cloud_uri gcpkms p256)"
git config -f "$CONFIG" touchmark.vault.uri "$(cloud_uri vault p256)"
git config -f "$CONFIG" touchmark.awskms.uri 'awskms:alias/x?region=eu-test-1'
git config -f "$CONFIG" touchmark.regional.uri 'awskms:alias/x?region=eu-absent-1'
ALL='awskms azurekv gcpkms vault'
for s in $ALL regional; do
	git config -f "$CONFIG" "touchmark.$s.userId" 'Dev <dev@example.org>'
	git config -f "$CONFIG" "touchmark.$s.created" 1700000000
done

# All four services are there.
services_at() {
	AWS_ENDPOINT_URL_KMS=$1
	CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS=$1/
	VAULT_ADDR=$1
	export AWS_ENDPOINT_URL_KMS
	git config -f "$CONFIG" touchmark.azurekv.uri "azurekv:$1/keys/p256"
}

says() {	# WHAT TEXT HINT
	for s in $ALL; do
		rm -f f.asc
		exits 5 "$s: $1" timeout 120 touchmark sign -k "$s" -t openpgp \
			--no-timestamp f
		has "key '$s': .*$2" "$s: $1: what failed, and where"
		has "^touchmark: hint: .*$3" "$s: $1: what to do"
		! cloud_secret out >/dev/null && ! grep -q "$AWS_SECRET" out &&
			[ ! -e f.asc ]
		tap $? "$s: $1: no secret, no signature"
	done
}

# A server that says the same to everybody, whatever was asked.
parrot() {	# BYTES
	# shellcheck disable=SC2016 # they are perl's
	perl -MIO::Socket::INET -e '
		$l = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1") or die;
		open F, ">", "port.new"; print F $l->sockport; close F;
		rename "port.new", "port"; $SIG{PIPE} = "IGNORE";
		while ($c = $l->accept) {
			sysread $c, $b, 9999; syswrite $c, $ARGV[0]; close $c
		}' "$(printf '%b' "$1")" 2>parrot.log &
	PIDS="$PIDS $!"
	at_port port
}
at_port() {	# FILE: wait for it, PORT
	i=0
	while [ ! -s "$1" ]; do
		[ $((i += 1)) -lt 600 ] || break
		sleep 0.05
	done
	PORT=$(cat "$1")
	rm -f "$1"
}
# Nobody listens there, and nobody else can: the port is taken.
# shellcheck disable=SC2016 # they are perl's
perl -MSocket -e '
	socket S, PF_INET, SOCK_STREAM, 0 or die;
	bind S, pack_sockaddr_in(0, INADDR_LOOPBACK) or die;
	open F, ">", "port.new"; print F +(sockaddr_in getsockname S)[0];
	close F; rename "port.new", "port"; sleep' 2>taken.log &
PIDS="$PIDS $!"
at_port port
free=$PORT

# 64 letters and digits, one more than a part of a name may have: no name server
# is asked about it. How long that one takes is not the test's business.
ABSENT=$(printf 'absent%058d' 0).invalid:8200

# ---- each of them --------------------------------------------------------------------
services_at "https://$ABSENT"
says 'a name that nobody knows' "https://$ABSENT: " \
	"is $ABSENT the right name \\(.*getent hosts.*https_proxy"
run timeout 120 touchmark sign -k awskms -t openpgp --no-timestamp f
has 'set by AWS_ENDPOINT_URL_KMS' 'what the name comes from: AWS'
unset AWS_ENDPOINT_URL_KMS
https_proxy=http://127.0.0.1:$free
export https_proxy
exits 5 'a region' timeout 120 touchmark sign -k regional -t openpgp \
	--no-timestamp f
has "kms.eu-absent-1.amazonaws.com right \\(from the key's region\\)" \
	'of the uri'
unset https_proxy
services_at "https://$ABSENT"
run timeout 120 touchmark sign -k azurekv -t openpgp --no-timestamp f
has "set by the key's uri" 'Azure'
run timeout 120 touchmark sign -k gcpkms -t openpgp --no-timestamp f
has 'set by CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS' 'Google'
run timeout 120 touchmark sign -k vault -t openpgp --no-timestamp f
has 'set by VAULT_ADDR' 'Vault'

services_at "https://127.0.0.1:$free"
says 'nobody listens' "https://127.0.0.1:$free: .*([Cc]onnect|refused)" \
	"is 127.0.0.1:$free right .*does the service run there.*https_proxy"
run touchmark doctor
for s in $ALL; do
	has "key '$s': .*127.0.0.1:$free" "doctor says so of $s"
done
has "does the service run there" 'with what to do'
services_at "https://127.0.0.1:${CLOUD##*:}"
git config -f "$CONFIG" touchmark.serviceDeadline 3
says 'one that says nothing' \
	"https://127.0.0.1:${CLOUD##*:} did not answer within 3000 ms" \
	"touchmark.serviceDeadline says how long 127.0.0.1:${CLOUD##*:} is waited"
git config -f "$CONFIG" touchmark.serviceDeadline 30
parrot 'HTTP/1.0 400 what?\r\n\r\n'
services_at "https://127.0.0.1:$PORT"
says 'no TLS there' "https://127.0.0.1:$PORT: " 'speak https, TLS 1.2'

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout tls.key -out tls.pem -days 2 -subj /CN=other.example \
	-addext subjectAltName=DNS:localhost 2>setup.log
tls_start() {
	openssl s_server -accept 127.0.0.1:0 -key tls.key -cert tls.pem -www \
		>tls.log 2>&1 &
	PIDS="$PIDS $!"
	i=0
	until grep -q ACCEPT tls.log; do
		[ $((i += 1)) -lt 600 ] || break
		sleep 0.05
	done
	PORT=$(sed -n 's/^ACCEPT .*:\([0-9]*\).*/\1/p' tls.log)
}
tls_start
services_at "https://localhost:$PORT"
says 'a certificate of nobody' "https://localhost:$PORT: .*certificate" \
	"the certificate must be valid now, for localhost:$PORT, and under"
run timeout 120 touchmark sign -k awskms -t openpgp --no-timestamp f
has 'those of AWS_CA_BUNDLE or SSL_CERT_FILE' 'what names roots: AWS'
run timeout 120 touchmark sign -k vault -t openpgp --no-timestamp f
has 'those of VAULT_CACERT or SSL_CERT_FILE' 'Vault'
run timeout 120 touchmark sign -k azurekv -t openpgp --no-timestamp f
has 'those of SSL_CERT_FILE' 'and the others'
services_at "https://127.0.0.1:$PORT"
SSL_CERT_FILE=$T/tls.pem
export SSL_CERT_FILE
says 'a certificate of another host' "https://127.0.0.1:$PORT: " \
	"valid now, for 127.0.0.1:$PORT"
unset SSL_CERT_FILE

# ---- a proxy -----------------------------------------------------------------------
services_at "https://$ABSENT"
parrot 'HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
https_proxy=http://127.0.0.1:$PORT
export https_proxy
says 'a proxy that wants a password' "https://$ABSENT: .*407" \
	'the proxy wants a name and a password: https_proxy'
https_proxy=http://me:Secret-of-mine@127.0.0.1:$PORT
says 'a proxy that wants another one' "https://$ABSENT: .*407" \
	'the proxy wants a name and a password'
parrot 'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n'
https_proxy=http://127.0.0.1:$PORT
says 'a proxy that says no' "https://$ABSENT: .*403" \
	"ask whoever runs the proxy whether it lets this machine reach $ABSENT"
run touchmark doctor
has 'ask whoever runs the proxy' 'doctor says so'
https_proxy=http://$ABSENT
says 'a proxy that nobody knows' "https://$ABSENT" \
	'(https_proxy names)'
https_proxy=http://127.0.0.1:$free
says 'a proxy that is not there' "https://$ABSENT: " \
	'https_proxy names it'
unset https_proxy

# ---- what is no service ---------------------------------------------------------------
parrot 'hello\r\n'
services_at "http://127.0.0.1:$PORT"
says 'something else' "http://127.0.0.1:$PORT: " \
	"is 127.0.0.1:$PORT .* the service|what stands between this machine and 127.0.0.1:$PORT"
parrot ''
services_at "http://127.0.0.1:$PORT"
says 'one that hangs up' "http://127.0.0.1:$PORT: " \
	"what stands between this machine and 127.0.0.1:$PORT"
done_testing
