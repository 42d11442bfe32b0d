#!/bin/sh
# How an authority is reached: TLS that is verified, proxies of the
# configuration and of the environment, and no password where others see it.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util git

token_key dev dev@example.org
git config -f "$CONFIG" touchmark.key dev
git config -f "$CONFIG" touchmark.timestamp require
# A good answer is waited for, whatever else the machine does.
git config -f "$CONFIG" touchmark.tsaDeadline 60
tsa_new tsa
cd "$T" || exit 1
echo data >f

web() {	# CA NAME SAN: a certificate for a web server, with its chain
	pki_leaf "$1" "$2" '' basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage=serverAuth "subjectAltName=$3"
	cat "pki/$2.pem" "pki/$1.pem" >"pki/$2.chain"
}
pki_root web-root
pki_root other-root
web web-root web DNS:localhost,IP:127.0.0.1
web web-root elsewhere DNS:tsa.example.org
PKI_AT='-30 days' PKI_DAYS=10 web web-root old DNS:localhost,IP:127.0.0.1

secure() {	# NAME [tsa-httpd options...]: over TLS with that certificate
	name=$1
	shift
	tsa_start tsa '' --cert "pki/$name.chain" --key "pki/$name.key" "$@"
	TSA_URL=https://localhost${TSA_URL#http://127.0.0.1}
	only "$TSA_URL"
}

only() {
	git config -f "$CONFIG" touchmark.tsa "$1"
	rm -f "$XDG_STATE_HOME/touchmark/tsa.state"
}

good() {	# NAME
	rm -f f.p7s "$XDG_STATE_HOME/touchmark/tsa.state"
	ok "$1" touchmark sign f
	hasnt warning "$1: nothing to warn of"
	openssl cms -cmsout -print -inform DER -in f.p7s 2>/dev/null |
		grep -q id-smime-aa-timeStampToken
	tap $? "$1: stamped"
}

bad() {	# NAME PATTERN
	rm -f f.p7s "$XDG_STATE_HOME/touchmark/tsa.state"
	exits 5 "$1" touchmark sign f
	has "$2" "$1: says why"
	[ ! -e f.p7s ]
	tap $? "$1: nothing is written"
}

# ---- TLS ---------------------------------------------------------------------
secure web
bad 'an authority that no root of the system knows' 'certificate'
is "$(grep -c ': asked' "$T/tsa.tsalog")" 0 'it is not told anything'
git config -f "$CONFIG" touchmark.tsaTlsRoots "$T/pki/web-root.pem"
good 'under the configured root'
grep -q 'TLSv1\.[23]' "$T/tsa.tsalog"
tap $? 'by TLS 1.2 or later'
git config -f "$CONFIG" touchmark.tsaTlsRoots "$T/pki/other-root.pem"
bad 'under another one' 'certificate'
git config -f "$CONFIG" touchmark.tsaTlsRoots "$T/pki/absent.pem"
bad 'roots that cannot be read' 'roots for https cannot be read: .*absent'
git config -f "$CONFIG" touchmark.timestamp prefer
ok 'which loses no signature' touchmark sign f
git config -f "$CONFIG" touchmark.timestamp require
git config -f "$CONFIG" touchmark.tsaTlsRoots "$T/f"
bad 'roots that are none' 'https://localhost'
git config -f "$CONFIG" touchmark.tsaTlsRoots "$T/pki/web-root.pem"
tsa_stop
secure elsewhere
bad 'a certificate of another host' 'https://localhost.*(name|match)'
tsa_stop
secure old
bad 'an expired certificate' 'https://localhost.*certificate'
tsa_stop
secure web --tls 1.1
bad 'TLS 1.1' 'https://localhost'
tsa_stop
secure web --mode redirect:http://127.0.0.1:9/
bad 'sent from https to http' 'which is not followed'
tsa_stop
secure web --mode cut:100
bad 'cut off below TLS' 'https://localhost'
tsa_stop
tsa_start tsa
only "https://127.0.0.1${TSA_URL#http://127.0.0.1}"
# It waits for the rest of what it takes for a request.
git config -f "$CONFIG" touchmark.tsaDeadline 2
bad 'no TLS where it should be' 'https://127'
git config -f "$CONFIG" touchmark.tsaDeadline 60
tsa_stop

# ---- a proxy for https: it is only asked to connect ----------------------------
secure web
"$MOCK/http-proxy" --port-file proxy.port 2>proxy.log &
PIDS="$PIDS $!"
i=0
while [ ! -s proxy.port ]; do
	i=$((i + 1))
	[ $i -lt 1200 ] || bail 'the proxy does not start'
	sleep 0.05
done
PROXY=127.0.0.1:$(cat proxy.port)
connects() {
	grep -c "^CONNECT localhost:$(cat tsa.port) " proxy.log
}
git config -f "$CONFIG" touchmark.tsaProxy "http://$PROXY"
good 'through the configured proxy'
is "$(connects)" 1 'it was asked to connect'
git config -f "$CONFIG" touchmark.tsaProxy "http://me:wordofmine@$PROXY"
good 'through one that wants a password'
grep -q "^authorization: Basic $(printf me:wordofmine | openssl base64)" \
	proxy.log
tap $? 'which it gets'
git config -f "$CONFIG" --unset touchmark.tsaProxy
good 'without'
is "$(connects)" 2 'it is not asked'
export https_proxy="http://$PROXY"
good 'through that of the environment'
is "$(connects)" 3 'it was asked'
export no_proxy=localhost
good 'but not where no_proxy says so'
is "$(connects)" 3 'it was not asked'
unset no_proxy
git config -f "$CONFIG" touchmark.tsaProxy http://127.0.0.1:9
bad 'one of the configuration' 'https://localhost'
is "$(connects)" 3 'stands in place of the environment'
unset https_proxy
git config -f "$CONFIG" touchmark.tsaTlsRoots "$T/pki/other-root.pem"
git config -f "$CONFIG" touchmark.tsaProxy "http://$PROXY"
bad 'TLS through a proxy' 'certificate'
git config -f "$CONFIG" touchmark.tsaTlsRoots "$T/pki/web-root.pem"
tsa_stop

# ---- a proxy for http --------------------------------------------------------
# The authority's mock answers whatever it is asked for.
tsa_start tsa
only http://tsa.example.org/tsr
git config -f "$CONFIG" touchmark.tsaProxy "${TSA_URL%/}"
good 'a name that only the proxy knows'
git config -f "$CONFIG" --unset touchmark.tsaProxy
export http_proxy="$TSA_URL"
good 'the same by the environment'
unset http_proxy
tsa_stop

# ---- what is wrong with a proxy is said without its password -------------------
git config -f "$CONFIG" touchmark.tsaDeadline 10
for proxy in 'http://me:wordofmine@127.0.0.1:9' 'me:wordofmine@127.0.0.1:9' \
	'http://me:wordofmine@127.0.0.1:nothing' \
	'bogus://me:wordofmine@127.0.0.1:9' 'http://me:wordofmine@' \
	'http://me:wordofmine@no such host/' \
	'http://me:wordofmine@absent.invalid:9'; do
	git config -f "$CONFIG" touchmark.tsaProxy "$proxy"
	bad "proxy $proxy" 'warning: http://tsa.example.org'
	hasnt wordofmine 'does not show the password'
	git config -f "$CONFIG" --unset touchmark.tsaProxy
	rm -f "$XDG_STATE_HOME/touchmark/tsa.state"
	run env http_proxy="$proxy" touchmark sign f
	is "$RC" 5 'nor does it by the environment'
	hasnt wordofmine 'show it'
done
git config -f "$CONFIG" touchmark.tsaProxy "$(printf 'http://127.0.0.1:9\nroots /etc')"
rm -f "$XDG_STATE_HOME/touchmark/tsa.state"
exits 2 'a proxy of two lines' touchmark sign f
git config -f "$CONFIG" --unset touchmark.tsaProxy

# No process has it among its arguments; one is looked at that does ask. The
# word is this run's own: another's arguments are not looked for.
word=secret$$word
tsa_start tsa '' --mode late:120000
git config -f "$CONFIG" touchmark.tsaProxy \
	"$(echo "${TSA_URL%/}" | sed "s,//,//me:$word@,")"
git config -f "$CONFIG" touchmark.tsaDeadline 60
touchmark sign f >"$T/out" 2>&1 &
pid=$! seen=0 asked=0
while [ $asked = 0 ] && kill -0 $pid 2>/dev/null; do
	grep -q ': asked$' "$T/tsa.tsalog" && asked=1
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' >"$T/args"
	grep -q "$word" "$T/args" && seen=1
	sleep 0.1
done
grep -ls "^PPid:[[:blank:]]*$pid\$" /proc/[0-9]*/status >"$T/children"
fetching=0
while read -r p; do
	tr '\0' '\n' <"${p%status}cmdline" | grep -q touchmark-fetch &&
		fetching=1
done <"$T/children"
tsa_stop
wait $pid
RC=$?
is "$fetching$seen" 10 'a proxy'\''s password is nobody'\''s argument'
is "$RC" 5 'it was on its way'
hasnt "$word" 'and in no message'
done_testing
