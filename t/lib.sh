# shellcheck shell=sh disable=SC2034 # many of these are for the tests
# lib.sh - what every shell test shares: a world of its own, and TAP.
#
#   . "${0%/*}/lib.sh"
#   need openssl git                 stop the whole run when one is missing
#   ok 'what holds' CMD ARG...       CMD ends with 0
#   exits 4 'what holds' CMD ARG...  CMD ends with exactly 4
#   has 'PATTERN' 'what holds'       the last output has a line (grep -E)
#   hasnt 'PATTERN' 'what holds'     it has none
#   is GOT WANT 'what holds'         two strings are the same
#   done_testing
#
# The last command's output, both streams, is $T/out; its exit code $RC. A
# sanitizer report or a signal is never the failure a test asked for.
#
# Worlds: $T is a scratch directory, removed at the end; HOME, XDG_* and
# GNUPGHOME lie in it; $B is the build directory, $BIN its programs, first in
# PATH. No variable of the caller's reaches a program under test.

set -u
LC_ALL=C
TZ=UTC
export LC_ALL TZ
umask 022
unset CDPATH	# cd would go elsewhere, and say where
TOP=$(cd "${0%/*}/.." && pwd)
TOP=${TOP%/t}	# from t/server
B=${B:-$TOP/build}
BIN=$B/bin
MOCK=$B/mock
T=$(mktemp -d "${TMPDIR:-/tmp}/tmk.XXXXXX") || exit 1
HOME=$T/home
XDG_CONFIG_HOME=$HOME/.config
XDG_DATA_HOME=$HOME/.local/share
XDG_STATE_HOME=$HOME/.local/state
# Not the place that gpg has by default: below HOME it would be that, and then
# the socket of its agent is one for all tests that run at once.
GNUPGHOME=$T/gnupg
mkdir -p "$HOME" "$XDG_CONFIG_HOME" "$XDG_DATA_HOME"
mkdir -m 700 "$T/run" "$GNUPGHOME"
export HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME GNUPGHOME
# Without it nothing starts an agent: a test that wants one calls agent_world.
unset XDG_RUNTIME_DIR
for v in $(env | sed -n 's/^\(TOUCHMARK[A-Z_]*\|SOFTHSM2_CONF\|GIT_[A-Z_]*\|CREDENTIALS_DIRECTORY\|TMK_[A-Z_]*\)=.*/\1/p'); do
	unset "$v"
done
# Nobody is asked anything at the caller's screen or terminal, and none of his
# agents, servers and files of trust is.
unset DISPLAY WAYLAND_DISPLAY GPG_TTY SSH_AUTH_SOCK SSH_ASKPASS GPG_AGENT_INFO \
	EDITOR VISUAL PAGER SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE \
	OPENSSL_CONF P11_KIT_SERVER_ADDRESS P11_KIT_STRICT XDG_CACHE_HOME \
	LISTEN_PID LISTEN_FDS NOTIFY_SOCKET SOURCE_DATE_EPOCH
# What servers say of who pushes, which the gate records.
unset REMOTE_USER REMOTE_ADDR SSH_CONNECTION SSH_ORIGINAL_COMMAND GL_USER \
	GL_USERNAME GL_ID GL_REPO GL_PROTOCOL GITEA_PUSHER_NAME GITEA_REPO_NAME
# Options of his for what packs, builds and unpacks.
unset GZIP BZIP BZIP2 XZ_OPT XZ_DEFAULTS ZSTD_CLEVEL ZIPOPT TAR_OPTIONS \
	DEB_BUILD_OPTIONS DEB_BUILD_PROFILES APT_CONFIG RPM_CONFIGDIR
# curl would send even what goes to 127.0.0.1 through a proxy.
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY \
	ALL_PROXY NO_PROXY
GIT_CONFIG_NOSYSTEM=1
GIT_AUTHOR_NAME='A U Thor' GIT_AUTHOR_EMAIL=author@example.org
GIT_COMMITTER_NAME='C O Mitter' GIT_COMMITTER_EMAIL=dev@example.org
GIT_TERMINAL_PROMPT=0
export GIT_CONFIG_NOSYSTEM GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL \
	GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_TERMINAL_PROMPT
PATH=$BIN:$PATH
export PATH
# A leak in a module or a library of the system is not what is tested; one in
# our own is.
ASAN_OPTIONS=exitcode=99:abort_on_error=0:detect_leaks=${LEAKS:-1}
LSAN_OPTIONS=exitcode=99:print_suppressions=0:suppressions=$TOP/t/lsan.supp
UBSAN_OPTIONS=print_stacktrace=1:exitcode=99
export ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS
MODULE=/usr/lib/softhsm/libsofthsm2.so

TESTS=0
RC=0
PIDS=

# Whether the process is a child of this shell, or a daemon that was told of $T.
# Who has ended and was waited for is neither: the number may be another test's
# process by now.
is_ours() {	# PID
	ppid=$(sed -n 's/^PPid:[[:blank:]]*//p' "/proc/$1/status" 2>/dev/null)
	[ "$ppid" = $$ ] || grep -aqF -e "$T/" "/proc/$1/cmdline" 2>/dev/null
}

at_end() {
	rc=$?
	for p in $PIDS; do
		! is_ours "$p" || kill "$p" 2>/dev/null
	done
	if [ -n "${XDG_RUNTIME_DIR-}" ]; then
		touchmark agent stop >/dev/null 2>&1 </dev/null
	fi
	if [ -n "${GNUPGHOME-}" ] && [ -d "$GNUPGHOME" ]; then
		gpgconf --kill all >/dev/null 2>&1
		gpgconf --remove-socketdir >/dev/null 2>&1
	fi
	[ -n "${KEEP-}" ] || rm -rf "$T"
	exit "$rc"
}
trap at_end EXIT
trap 'exit 130' INT TERM

# agent_world: from here on signing goes through an agent, which is started on
# demand and stopped at the end.
agent_world() {
	XDG_RUNTIME_DIR=$T/run
	export XDG_RUNTIME_DIR
}
# AGENT=1 in the environment does so from the beginning: the same tests, the
# same answers.
[ -z "${AGENT-}" ] || agent_world

# need PROGRAM...: a missing tool stops everything, it is never skipped.
need() {
	for p; do
		command -v "$p" >/dev/null 2>&1 && continue
		echo "Bail out! $p is missing: run make check, or sh t/deps.sh check"
		exit 1
	done
}

tap() {	# GOOD NAME
	TESTS=$((TESTS + 1))
	if [ "$1" = 0 ]; then
		echo "ok $TESTS - $2"
	else
		echo "not ok $TESTS - $2"
		{	# where prove lets it through
			echo "# $0, $TESTS - $2: exit $RC, output:"
			sed 's/^/# | /' "$T/out" 2>/dev/null | head -40
		} >&2
		FAILED=1
	fi
}

# run CMD...: keep its output and exit code.
run() {
	"$@" >"$T/out" 2>&1 </dev/null
	RC=$?
}

# run_in FILE CMD...: the same with FILE as standard input.
run_in() {
	f=$1
	shift
	"$@" >"$T/out" 2>&1 <"$f"
	RC=$?
}

ok() {
	n=$1
	shift
	run "$@"
	tap "$RC" "$n"
}

exits() {
	want=$1 n=$2
	shift 2
	run "$@"
	[ "$RC" = "$want" ]
	tap $? "$n (exit $want)"
}

has() {
	grep -Eq -e "$1" "$T/out"
	tap $? "$2"
}

hasnt() {
	! grep -Eq -e "$1" "$T/out"
	tap $? "$2"
}

# unhurried FILE: what it says, but for the remark about a token that takes its
# time, which one may do beside other tests.
unhurried() {
	sed '/^[a-z-]*: token .* is still at work: it may wait for a touch$/d' \
		"$1"
}

is() {
	[ "$1" = "$2" ]
	r=$?
	[ $r = 0 ] || printf "got '%s'\nwant '%s'\n" "$1" "$2" >"$T/out"
	tap $r "$3"
}

# sanitized: the programs are built with SAN=1.
sanitized() {
	grep -q __asan_init "$BIN/touchmark-pre-receive"
}

done_testing() {
	echo "1..$TESTS"
	[ -z "${FAILED-}" ]
	exit
}

# ---- tokens ---------------------------------------------------------------

# softhsm_new LABEL: a SoftHSM token in $T with user PIN test-PIN, so PIN 5678.
# Sets SOFTHSM2_CONF and PINFILE (mode 0600).
softhsm_new() {
	if [ -z "${SOFTHSM2_CONF-}" ]; then
		mkdir -p "$T/tokens"
		printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' \
			"$T/tokens" >"$T/softhsm2.conf"
		SOFTHSM2_CONF=$T/softhsm2.conf
		export SOFTHSM2_CONF
	fi
	softhsm2-util --init-token --free --label "$1" --pin test-PIN \
		--so-pin 5678 >"$T/softhsm.log" 2>&1 || {
		cat "$T/softhsm.log"
		echo 'not ok - prepared: softhsm2-util cannot make a token'
		exit 1
	}
	PINFILE=$T/pin
	(umask 077 && echo test-PIN >"$PINFILE")
}

# ---- a PKI with software keys, for the verifying side ----------------------

# pki_root NAME [DAYS]: $T/pki/NAME.key, NAME.pem: a P-256 root.
pki_root() {
	mkdir -p "$T/pki"
	openssl ecparam -name prime256v1 -genkey -noout \
		-out "$T/pki/$1.key" &&
	openssl req -x509 -new -key "$T/pki/$1.key" -sha256 \
		-days "${2:-3650}" -subj "/O=Test/CN=$1" \
		-addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign \
		-out "$T/pki/$1.pem" 2>/dev/null
}

# pki_key_cert NAME MAIL: a certificate for the configured key of this name by
# the root `ca`, from a request of its own, in the configuration.
pki_key_cert() {
	[ -f "$T/pki/ca.pem" ] || pki_root ca
	touchmark key csr "$1" --subject "/CN=$1" --email "$2" \
		-o "$T/pki/$1.csr" || return 1
	printf '%s\n' basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage=codeSigning,emailProtection \
		"subjectAltName=email:$2" subjectKeyIdentifier=hash \
		authorityKeyIdentifier=keyid >"$T/pki/$1.ext"
	openssl x509 -req -in "$T/pki/$1.csr" -CA "$T/pki/ca.pem" \
		-CAkey "$T/pki/ca.key" -sha256 -days 300 \
		-set_serial "0x$(openssl rand -hex 8)" \
		-extfile "$T/pki/$1.ext" -out "$T/pki/$1.pem" 2>/dev/null &&
	git config -f "$CONFIG" "touchmark.$1.cert" "$T/pki/$1.pem"
}

# pki_leaf CA NAME MAIL [EXT-LINE...]: NAME.key, NAME.pem under CA. Extension
# lines replace the usual ones (code signing); `faketime` as PKI_AT and days
# as PKI_DAYS choose the validity; PKI_KEY is an openssl genpkey algorithm.
pki_leaf() {
	ca=$1 name=$2 mail=$3
	shift 3
	if [ $# = 0 ]; then
		set -- basicConstraints=critical,CA:FALSE \
			keyUsage=critical,digitalSignature \
			extendedKeyUsage=codeSigning,emailProtection
	fi
	{
		printf '%s\n' "$@" subjectKeyIdentifier=hash \
			authorityKeyIdentifier=keyid
		[ -z "$mail" ] || echo "subjectAltName=email:$mail"
	} >"$T/pki/$name.ext"
	if [ ! -f "$T/pki/$name.key" ]; then
		# shellcheck disable=SC2086 # options, to be split
		openssl genpkey ${PKI_KEY:--algorithm EC -pkeyopt ec_paramgen_curve:P-256} \
			-out "$T/pki/$name.key" 2>/dev/null
	fi
	openssl req -new -key "$T/pki/$name.key" \
		-subj "${PKI_SUBJECT:-/O=Test/CN=$name}" \
		-out "$T/pki/$name.csr" &&
	${PKI_AT:+faketime "$PKI_AT"} openssl x509 -req -in "$T/pki/$name.csr" \
		-CA "$T/pki/$ca.pem" -CAkey "$T/pki/$ca.key" -sha256 \
		-set_serial "0x$(openssl rand -hex 8)" \
		-days "${PKI_DAYS:-365}" -extfile "$T/pki/$name.ext" \
		-out "$T/pki/$name.pem" 2>/dev/null
}

# pki_crl CA [SERIAL=REASON[@YYMMDDHHMMSSZ]...]: $T/pki/CA.crl, a current CRL.
# SERIAL as `openssl x509 -serial` prints it; CRL_DAYS (default 30).
pki_crl() {
	ca=$1
	shift
	: >"$T/pki/$ca.index"
	for e; do
		serial=${e%%=*} reason=${e#*=}
		at=$(date -u -d '1 hour ago' +%y%m%d%H%M%SZ)
		case $reason in *@*) at=${reason#*@} reason=${reason%%@*} ;; esac
		printf 'R\t491231235959Z\t%s%s\t%s\tunknown\t/CN=revoked\n' \
			"$at" "${reason:+,$reason}" "$serial" \
			>>"$T/pki/$ca.index"
	done
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\ndefault_md=sha256\ncrlnumber=%s\n' \
		"$T/pki/$ca.index" "$T/pki/$ca.crlnumber" >"$T/pki/$ca.cnf"
	[ -f "$T/pki/$ca.crlnumber" ] || echo 01 >"$T/pki/$ca.crlnumber"
	openssl ca -config "$T/pki/$ca.cnf" -gencrl -keyfile "$T/pki/$ca.key" \
		-cert "$T/pki/$ca.pem" -crldays "${CRL_DAYS:-30}" \
		-out "$T/pki/$ca.crl" 2>/dev/null
}

pki_serial() {
	openssl x509 -in "$T/pki/$1.pem" -noout -serial | sed 's/serial=//'
}

# ---- a timestamp authority -------------------------------------------------

# tsa_new NAME [EXT-LINE...]: a root NAME-root and a TSA certificate NAME.
tsa_new() {
	name=$1
	shift
	pki_root "$name-root"
	[ $# != 0 ] || set -- basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage=critical,timeStamping
	pki_leaf "$name-root" "$name" '' "$@"
	cat >"$T/pki/$name.tsa.cnf" <<-EOF
	[tsa]
	default_tsa = t
	[t]
	serial = $T/pki/$name.tsaserial
	signer_digest = sha256
	default_policy = 1.3.6.1.4.1.99999.1
	digests = sha256, sha384, sha512
	accuracy = secs:1
	ess_cert_id_alg = sha256
	EOF
	echo 01 >"$T/pki/$name.tsaserial"
}

tsa_start() {	# NAME [FAKETIME] [tsa-httpd options...]; sets TSA_URL, TSA_PID
	name=$1 at=${2-}
	shift
	[ $# = 0 ] || shift
	rm -f "$T/$name.port"
	"$MOCK/tsa-httpd" --port-file "$T/$name.port" "$@" -- \
		${at:+faketime "$at"} openssl ts -reply \
		-config "$T/pki/$name.tsa.cnf" -queryfile /dev/stdin \
		-signer "$T/pki/$name.pem" -inkey "$T/pki/$name.key" \
		2>"$T/$name.tsalog" &
	TSA_PID=$!
	PIDS="$PIDS $TSA_PID"
	i=0
	while [ ! -s "$T/$name.port" ]; do
		i=$((i + 1))
		[ $i -lt 1200 ] || {
			echo 'not ok - prepared: the test TSA does not start'
			exit 1
		}
		sleep 0.05
	done
	TSA_URL=http://127.0.0.1:$(cat "$T/$name.port")/
}

tsa_stop() {
	kill "$TSA_PID" 2>/dev/null
	wait "$TSA_PID" 2>/dev/null
}
