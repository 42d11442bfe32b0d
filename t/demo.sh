#!/bin/sh
# demo.sh - the main job, done before your eyes on real parts: `make demo`.
#
# Everything happens in a scratch directory with a HOME of its own; your
# configuration, keys and repositories are not touched. Each line after "$" is
# what a person would type. Ends with 0 only if every step did what it says.
set -u
TOP=$(cd "${0%/*}/.." && pwd)
B=${B:-$TOP/build}
D=$(mktemp -d "${TMPDIR:-/tmp}/touchmark-demo.XXXXXX") || exit 1
for v in $(env | sed -n 's/^\(TOUCHMARK[A-Z_]*\|SOFTHSM2_CONF\|GIT_[A-Z_]*\|GNUPGHOME\|XDG_[A-Z_]*\)=.*/\1/p'); do
	unset "$v"
done
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY \
	ALL_PROXY NO_PROXY
HOME=$D/home
GIT_CONFIG_NOSYSTEM=1
LC_ALL=C
export HOME GIT_CONFIG_NOSYSTEM LC_ALL
PATH=$B/bin:$PATH
mkdir "$HOME"
cd "$D" || exit 1
TSA=

at_end() {
	rc=$?
	[ -z "$TSA" ] || kill "$TSA" 2>/dev/null
	rm -rf "$D"
	exit "$rc"
}
trap at_end EXIT
trap 'exit 130' INT TERM

if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
	bold='' plain=''
fi

say() {
	printf '\n%s# %s%s\n' "$bold" "$1" "$plain"
}

fail() {
	echo "demo: this step did not do what it says: $1" >&2
	exit 1
}

# good CMD...: typed by a person, must succeed.
good() {
	printf '$ %s\n' "$*"
	eval "$*" >out 2>&1 </dev/null
	rc=$?
	cat out
	[ $rc = 0 ] || fail "exit $rc"
}

# shows PATTERN CMD...: must succeed and say so.
shows() {
	want=$1
	shift
	good "$@"
	grep -Eq -e "$want" out || fail "no line matches '$want'"
}

# refused REASON CMD...: must fail, with that reason id.
refused() {
	want=$1
	shift
	printf '$ %s\n' "$*"
	eval "$*" >out 2>&1 </dev/null
	rc=$?
	cat out
	[ $rc != 0 ] || fail 'it was accepted'
	grep -q -e "$want" out || fail "the reason is not $want"
}

# quiet CMD...: scenery, not typed by anyone.
quiet() {
	"$@" >out 2>&1 </dev/null || {
		cat out
		fail "$*"
	}
}

# ---- scenery: a corporate CA and a timestamp authority ----------------------
mkdir pki
cat >pki/ca.cnf <<EOF
[ca]
default_ca = d
[d]
database = pki/index
serial = pki/serial
crlnumber = pki/crlnumber
new_certs_dir = pki
default_md = sha256
default_crl_days = 30
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
organizationName = optional
[code]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:dana@example.org
[tls]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = email:dana@example.org
[stamp]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = t
[t]
serial = $D/pki/tsaserial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
EOF
: >pki/index
for s in serial crlnumber tsaserial; do echo 01 >pki/$s; done
for ca in corporate-ca tsa-ca; do
	quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		-nodes -keyout pki/$ca.key -out pki/$ca.pem -days 3650 \
		-subj "/O=Example/CN=$ca" \
		-addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign
done
quiet openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout pki/tsa.key -out pki/tsa.csr -subj /O=Example/CN=tsa
quiet openssl x509 -req -in pki/tsa.csr -CA pki/tsa-ca.pem \
	-CAkey pki/tsa-ca.key -CAcreateserial -days 300 -extfile pki/ca.cnf \
	-extensions stamp -out pki/tsa.pem
crl() {
	quiet openssl ca -config pki/ca.cnf -gencrl -keyfile \
		pki/corporate-ca.key -cert pki/corporate-ca.pem \
		-out pki/corporate-ca.crl
}
# issue NAME SECTION [ENDDATE]: sign pki/NAME.csr with the corporate CA.
issue() {
	quiet openssl ca -batch -notext -config pki/ca.cnf -in "pki/$1.csr" \
		-keyfile pki/corporate-ca.key -cert pki/corporate-ca.pem \
		-extensions "$2" -out "pki/$1.pem" -startdate \
		"$(date -u -d '1 minute ago' +%y%m%d%H%M%SZ)" -enddate "${3:-$(
		date -u -d '300 days' +%y%m%d%H%M%SZ)}"
}
crl
"$B/mock/tsa-httpd" --port-file port -- openssl ts -reply -config pki/ca.cnf \
	-queryfile /dev/stdin -signer pki/tsa.pem -inkey pki/tsa.key \
	2>tsa.log &
TSA=$!
i=0
while [ ! -s port ]; do
	i=$((i + 1))
	[ $i -lt 100 ] || fail 'the timestamp authority does not start'
	sleep 0.1
done
quiet git config --global init.defaultBranch main
quiet git config --global user.name 'Dana Developer'
quiet git config --global user.email dana@example.org
quiet git config --global advice.detachedHead false

# ---- the play ---------------------------------------------------------------
say 'A token, a key born in it, a certificate for code signing, git set up.'
good touchmark init --name dev --git global
good git config --global touchmark.tsa "http://127.0.0.1:$(cat port)/"
good git config --file "$HOME/.config/touchmark/policy" trust.tsaRoots "$D/pki/tsa-ca.pem"

say 'A signed and timestamped commit and tag.'
good git init -q work
cd work || exit 1
good 'echo hello >README && git add README'
good git commit -q -m first
shows 'Good signature' git verify-commit HEAD
shows '^G ' "git log -1 --format='%G? %GS'"
good "git tag -s -m 'release 1.0' v1.0"
shows 'Good signature' git verify-tag v1.0

say 'A key for a corporate CA: made in the token, certified from outside.'
# shellcheck disable=SC2016 # expanded when it is typed
good 'export TOUCHMARK_PIN_FILE=$HOME/.local/share/touchmark/touchmark-dev.pin'
good touchmark key generate corp --token touchmark-dev --algorithm p256
good touchmark key csr corp --subject /O=Example/CN=Dana --email dana@example.org -o ../pki/corp.csr
cd .. || exit 1
shows 'verify OK' openssl req -in pki/corp.csr -noout -verify
issue corp code
cd work || exit 1
good touchmark key import-cert corp ../pki/corp.pem

say 'A server that judges every push. Its policy:'
cat >../policy <<'EOF'
[policy]
	version = 1
[trust]
	roots = roots.pem
	tsaRoots = pki/tsa-ca.pem
	crl = dev-ca.crl
	crl = pki/corporate-ca.crl
[ref "refs/heads/*"]
	require = commits
	force = deny
[ref "refs/tags/v*"]
	require = tag
	timestamp = always
EOF
cat "$HOME/.config/touchmark/dev-ca.pem" ../pki/corporate-ca.pem >../roots.pem
quiet cp "$HOME/.config/touchmark/dev-ca.crl" ..
good cat ../policy
good touchmark policy check ../policy
good git init -q --bare ../server.git
good ln -s "$B/bin/touchmark-pre-receive" ../server.git/hooks/pre-receive
good git -C ../server.git config touchmark.policy "$D/policy"
good git -C ../server.git config touchmark.gateLog touchmark/log
good git remote add origin "file://$D/server.git"
good git push -q origin main v1.0
shows main git ls-remote origin

say 'What is not signed does not get in.'
good git switch -q -c unsigned
good git commit -q --no-gpg-sign --allow-empty -m unsigned
refused signature-missing git push -q origin unsigned

say 'A signed tag under another name does not get in.'
refused tag-name git push -q origin v1.0:refs/tags/v2.0

say 'A TLS certificate of the same CA does not sign code.'
quiet openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout ../pki/tls.key -out ../pki/tls.csr -subj /O=Example/CN=web
cd .. && issue tls tls
cat >other-signer <<EOF
#!/bin/sh
# Another program signs, with a certificate for TLS.
openssl cms -sign -binary -md sha256 -outform DER -signer "$D/pki/tls.pem" \\
	-inkey "$D/pki/tls.key" >"$D/sig" || exit 1
echo '-----BEGIN SIGNED MESSAGE-----'
openssl base64 -in "$D/sig"
echo '-----END SIGNED MESSAGE-----'
echo '[GNUPG:] SIG_CREATED D' >&2
EOF
chmod +x other-signer
cd work || exit 1
good git switch -q -c tls main
good git -c gpg.x509.program="$D/other-signer" commit -q --allow-empty -m tls
refused cert-usage git push -q origin tls

say 'A certificate that has expired: worthless alone, good with a timestamp.'
good touchmark key generate brief --token touchmark-dev --algorithm p256
good touchmark key csr brief --subject /O=Example/CN=Brief --email dana@example.org -o ../pki/brief.csr
cd .. || exit 1
expiry=$(date -u -d '12 seconds' +%s)
issue brief code "$(date -u -d "@$expiry" +%y%m%d%H%M%SZ)"
cd work || exit 1
good touchmark key import-cert brief ../pki/brief.pem
good git switch -q -c stamped main
good git -c user.signingKey=brief commit -q --allow-empty -m stamped
good git switch -q -c unstamped main
good git -c user.signingKey=brief -c touchmark.timestamp=never commit -q --allow-empty -m unstamped
left=$((expiry + 2 - $(date +%s)))
[ $left -le 0 ] || sleep $left
shows notAfter openssl x509 -in ../pki/brief.pem -noout -enddate
refused cert-expired git push -q origin unstamped
good git push -q origin stamped

say 'A revoked certificate does not get in.'
good git switch -q -c revoked main
good git -c user.signingKey=corp commit -q --allow-empty -m corp
cd .. || exit 1
quiet openssl ca -config pki/ca.cnf -revoke pki/corp.pem -crl_reason \
	keyCompromise -keyfile pki/corporate-ca.key -cert pki/corporate-ca.pem
crl
cd work || exit 1
refused cert-revoked git push -q origin revoked

say 'The gate has recorded every push, and each entry holds the one before.'
shows ': good, 7 entries' touchmark log verify ../server.git/touchmark/log

say 'A release tarball.'
good git archive --prefix=hello-1.0/ -o ../hello-1.0.tar.gz v1.0
cd .. || exit 1
good touchmark sign -k dev hello-1.0.tar.gz
shows 'good' touchmark verify --policy policy hello-1.0.tar.gz
good 'cp hello-1.0.tar.gz changed.tar.gz && printf x >>changed.tar.gz'
refused signature-bad touchmark verify --policy policy changed.tar.gz hello-1.0.tar.gz.p7s

say 'Everything did what it says.'
