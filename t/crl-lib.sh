# shellcheck shell=sh disable=SC2034 # some of these are for the tests
# crl-lib.sh - what the tests of revocation share: an authority with its
# certificates that name a server of CRLs on loopback.
#
#   crl_server            start it over $T/www; sets $WWW (its address)
#   crl_make OUT CA [ARG] a CRL of CA (of lib.sh) by the mock; see its comment
#   crl_fetch [ARG...]    run touchmark crl-fetch with $T/policy
#   fetched NAME          how many files the directory $T/crls has

need openssl

crl_server() {
	mkdir -p "$T/www"
	rm -f "$T/www.port"
	"$MOCK/file-httpd" --port-file "$T/www.port" "$T/www" \
		2>>"$T/www.log" &
	PIDS="$PIDS $!"
	i=0
	while [ ! -s "$T/www.port" ]; do
		i=$((i + 1))
		[ $i -lt 1200 ] || {
			echo 'not ok - prepared: the server of CRLs does not start'
			exit 1
		}
		sleep 0.05
	done
	WWW=http://127.0.0.1:$(cat "$T/www.port")
}

crl_make() {
	out=$1 ca=$2
	shift 2
	"$MOCK/revocation" crl --ca "$T/pki/$ca.pem" --key "$T/pki/$ca.key" \
		"$@" >"$out" || {
		echo 'not ok - prepared: the mock cannot make a CRL'
		exit 1
	}
}

crl_fetch() {
	touchmark crl-fetch --policy "$T/policy" "$@"
}

fetched() {
	find "$T/crls" -name '*.crl' ! -name '.*' | wc -l | tr -d ' '
}
