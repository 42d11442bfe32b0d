# shellcheck shell=sh
# gpg-lib.sh - keys in a token with certificates of a test CA, and a git that
# signs with them. Sourced after lib.sh.
#
#   token_key NAME MAIL [EXT...]   a P-256 key pair in the token, its
#                                  certificate $T/pki/NAME.pem under `ca`, its
#                                  section in the configuration; TOKEN_TYPE,
#                                  PKI_AT, PKI_DAYS and PKI_SUBJECT change it
#   policy_for ROOT [LINE...]      a policy that trusts ROOT, made the
#                                  configured one; more lines of [trust]
#   git_uses_touchmark             x509 signatures through touchmark-gpgsm
#   stock_trusts ROOT              the real gpgsm takes it as a root, and asks
#                                  for no CRL
#   new_repo DIR                   an empty repository
#   split_commit COMMIT            its signature in $T/commit.sig, what was
#                                  signed in $T/payload
#   traced STRACE-ARG...           strace; the leak checker is off, for it
#                                  cannot work below a tracer

CONFIG=$XDG_CONFIG_HOME/touchmark/config
POLICY=$T/policy
TOKEN=tmk-test
NEXT_ID=16

# faketime comes before the sanitizer's own library.
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0

traced() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -qq "$@"
}

bail() {
	cat "$T/setup.log" 2>/dev/null
	echo "not ok - prepared: $1"
	exit 1
}

token_pair() {	# LABEL ID-HEX: make it, and write its public key to LABEL.pub
	if ! pkcs11-tool --module "$MODULE" --token-label "$TOKEN" --login \
		--pin test-PIN --keypairgen --usage-sign --id "$2" --label "$1" \
		--key-type "${TOKEN_TYPE:-EC:prime256v1}" \
		>"$T/setup.log" 2>&1 ||
	   ! pkcs11-tool --module "$MODULE" --token-label "$TOKEN" \
		--read-object --type pubkey --id "$2" \
		-o "$T/pki/$1.pub.der" >"$T/setup.log" 2>&1 ||
	   ! openssl pkey -pubin -inform DER -in "$T/pki/$1.pub.der" \
		-out "$T/pki/$1.pub" >"$T/setup.log" 2>&1
	then
		bail "no key pair in the token"
	fi
}

token_leaf() {	# NAME MAIL [EXT...]: a certificate for the key in NAME.pub
	name=$1 mail=$2
	shift 2
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
	# The request only carries the subject: the key is put in its place.
	if ! openssl req -new -newkey ec -nodes \
		-pkeyopt ec_paramgen_curve:P-256 -utf8 \
		-keyout "$T/pki/unused.key" \
		-subj "${PKI_SUBJECT:-/O=Test/CN=$name}" \
		-out "$T/pki/$name.csr" >"$T/setup.log" 2>&1 ||
	   ! ${PKI_AT:+faketime "$PKI_AT"} openssl x509 -req \
		-in "$T/pki/$name.csr" -force_pubkey "$T/pki/$name.pub" \
		-CA "$T/pki/ca.pem" -CAkey "$T/pki/ca.key" -sha256 \
		-set_serial "0x$(openssl rand -hex 8)" \
		-days "${PKI_DAYS:-365}" -extfile "$T/pki/$name.ext" \
		-out "$T/pki/$name.pem" >"$T/setup.log" 2>&1
	then
		bail "no certificate for $name"
	fi
}

token_key() {
	kname=$1
	shift
	if [ ! -f "$T/pki/ca.pem" ]; then
		softhsm_new "$TOKEN"
		pki_root ca
		mkdir -p "${CONFIG%/*}"
	fi
	id=$(printf '%02x' "$NEXT_ID")
	NEXT_ID=$((NEXT_ID + 1))
	token_pair "$kname" "$id"
	token_leaf "$kname" "$@"
	git config -f "$CONFIG" "touchmark.$kname.uri" "pkcs11:token=$TOKEN;\
id=%$id;type=private?module-path=$MODULE&pin-source=file:$PINFILE"
	git config -f "$CONFIG" "touchmark.$kname.cert" "$T/pki/$kname.pem"
}

policy_for() {
	root=$1
	shift
	{
		printf '[trust]\n\troots = %s\n' "$T/pki/$root.pem"
		[ $# != 0 ] || set -- 'revocation = off' 'tsaRevocation = off'
		printf '\t%s\n' "$@"
	} >"$POLICY"
	git config -f "$CONFIG" touchmark.policy "$POLICY"
}

git_uses_touchmark() {
	git config --global gpg.format x509
	git config --global gpg.x509.program touchmark-gpgsm
	git config --global gpg.program touchmark-gpg
	git config --global init.defaultBranch main
	git config --global advice.detachedHead false
}

stock_trusts() {
	printf 'disable-crl-checks\ndisable-dirmngr\n' \
		>"$GNUPGHOME/gpgsm.conf"
	openssl x509 -in "$T/pki/$1.pem" -noout -fingerprint -sha1 |
		sed 's/.*=\(.*\)/\1 S relax/' >>"$GNUPGHOME/trustlist.txt"
	gpgsm --import "$T/pki/$1.pem" >"$T/setup.log" 2>&1 ||
		bail "gpgsm does not take the root $1"
}

new_repo() {
	git init -q "$1" || bail 'no repository'
}

split_commit() {
	git cat-file commit "$1" >"$T/commit"
	sed -n '/^gpgsig /,/^ -----END/{s/^gpgsig //;s/^ //;p}' "$T/commit" \
		>"$T/commit.sig"
	sed '/^gpgsig /,/^ -----END/d' "$T/commit" >"$T/payload"
}

sha1_of() {
	openssl x509 -in "$T/pki/$1.pem" -noout -fingerprint -sha1 |
		sed 's/.*=//; s/://g'
}

sha256_of() {
	openssl x509 -in "$T/pki/$1.pem" -noout -fingerprint -sha256 |
		sed 's/.*=//; s/://g' | tr A-F a-f
}
