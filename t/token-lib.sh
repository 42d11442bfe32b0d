# shellcheck shell=sh disable=SC2034 # some are for the tests
# token-lib.sh - the user's road over a token, whichever it is. Sourced after
# lib.sh.
#
#   token_suite MODULE LABEL [LACK...]
#
# runs it over the token LABEL in MODULE ("" for what p11-kit has registered),
# whose PIN is in PINFILE. A LACK is a word for what the token cannot do; each
# is an expectation of its own, that the refusal is clear:
#
#   p256 p384 ed25519   keys of that kind: refused, "does not know"
#   local               CKA_LOCAL of a key made in the token: such a key is
#                       refused, and token_make ALGORITHM of the test makes
#                       one by other means and prints its CKA_ID in hex
#   data                data objects: the creation time is in the
#                       configuration alone
#   retry               after a wrong PIN a file may not try again:
#                       token_log_in of the test logs in once
#
#   token_life ALGORITHM  another PIN and the end of k-ALGORITHM, after the
#                       suite
#   token_shim          from here on every call goes through the shim, which
#                       writes its log; for registered modules the test has
#                       MODULE_FILE, p11-kit's file about it
#   token_calls NAME    how often that function was called
#   token_modules       MODULES is the directory where p11-kit looks for
#                       modules, emptied of ours at the end; MODULE_FOR is
#                       the line by which nobody else sees them meanwhile
#
# p11-kit reads a plain user's own configuration; root's is the system's. A
# test that was started in a mount namespace of its own (PRIVATE_SYSTEM) has
# that for itself, any other puts files there and takes them away.
#
# Left behind: keys k-ALGORITHM in the configuration, with certificates under
# the root `ca`.

# These tests say themselves where an agent takes part.
unset XDG_RUNTIME_DIR
CONFIG=$XDG_CONFIG_HOME/touchmark/config
SHIM=$MOCK/shim.so

token_lacks() {	# WORD
	case " $TOKEN_LACKS " in *" $1 "*) return 0 ;; esac
	return 1
}

# What "key show" says of a key that a token made for us.
token_proof() {
	has '^ +CKA_SENSITIVE +true$' "$1: is sensitive, says the token"
	has '^ +CKA_EXTRACTABLE +false$' "$1: cannot be extracted"
	if token_lacks local; then
		has '^ +CKA_LOCAL +false$' "$1: but not that it is its own"
		return
	fi
	has '^ +CKA_ALWAYS_SENSITIVE +true$' "$1: always was sensitive"
	has '^ +CKA_NEVER_EXTRACTABLE +true$' "$1: never was extractable"
	has '^ +CKA_LOCAL +true$' "$1: was made in the token"
	has '^ +CKA_DECRYPT +false$' "$1: does not decrypt"
}

token_generate() {	# ALGORITHM
	touchmark key generate "k-$1" --token "$TOKEN_LABEL" \
		${TOKEN_MODULE:+--module "$TOKEN_MODULE"} \
		--pin-file "$PINFILE" --algorithm "$1" \
		--user "Key $1 <$1@example.org>"
}

# The key as the user gets it; 1 when the token has none of this kind.
token_birth() {	# ALGORITHM
	if token_lacks "$1"; then
		exits 3 "$1: no such key" token_generate "$1"
		has '^touchmark: the token does not know the algorithm ' \
			"$1: and why"
		has '^touchmark: hint: choose another' "$1: and what to do"
		! git config -f "$CONFIG" "touchmark.k-$1.uri" >/dev/null
		tap $? "$1: nothing is configured"
		return 1
	fi
	if token_lacks local; then
		exits 3 "$1: generate is refused" token_generate "$1"
		has '^touchmark: .*not made in the token \(LOCAL is false\)' \
			"$1: for the token's own word"
		id=$(token_make "$1" | sed 's/../%&/g')
		mkdir -p "${CONFIG%/*}"
		git config -f "$CONFIG" "touchmark.k-$1.uri" \
			"pkcs11:token=$TOKEN_LABEL;id=$id;type=private${TOKEN_MODULE:+?module-path=$TOKEN_MODULE}"
		git config -f "$CONFIG" "touchmark.k-$1.userId" \
			"Key $1 <$1@example.org>"
		git config -f "$CONFIG" "touchmark.k-$1.created" 1700000000
		return 0
	fi
	ok "$1: generate" token_generate "$1"
	has "^k-$1: $1 key made in token '$TOKEN_LABEL'\$" "$1: says so"
	if token_lacks data; then
		has '^note: the creation time is in the configuration alone' \
			"$1: no data object, which is said"
	else
		hasnt 'note|warning' "$1: and nothing else"
	fi
}

token_look() {	# ALGORITHM
	ok "$1: key list" touchmark key list \
		${TOKEN_MODULE:+--module "$TOKEN_MODULE"} \
		"pkcs11:token=$TOKEN_LABEL"
	ok "$1: key show" touchmark key show "k-$1" --pin-file "$PINFILE"
	has "^token: $TOKEN_LABEL " "$1: in its token"
	has "^algorithm: $1\$" "$1: of its kind"
	token_proof "$1"
}

# Request, certificate of a scratch CA, and back.
token_certify() {	# ALGORITHM
	if [ "$1" = ed25519 ]; then
		exits 3 "$1: csr" touchmark key csr "k-$1" --subject /CN=x \
			--pin-file "$PINFILE"
		has 'CMS cannot be made with an Ed25519 key' \
			"$1: no CMS with such a key, as is said"
		return
	fi
	ok "$1: csr" touchmark key csr "k-$1" --subject "/O=Test/CN=Key $1" \
		--email "$1@example.org" --pin-file "$PINFILE" -o "$T/$1.csr"
	ok "$1: openssl takes the request" openssl req -in "$T/$1.csr" \
		-noout -verify
	printf '%s\n' basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage=codeSigning,emailProtection \
		"subjectAltName=email:$1@example.org" \
		subjectKeyIdentifier=hash authorityKeyIdentifier=keyid \
		>"$T/ext"
	openssl x509 -req -in "$T/$1.csr" -CA "$T/pki/ca.pem" \
		-CAkey "$T/pki/ca.key" -sha256 -days 90 \
		-set_serial "0x$(openssl rand -hex 8)" -extfile "$T/ext" \
		-out "$T/$1.pem" 2>/dev/null
	ok "$1: import-cert" touchmark key import-cert "k-$1" "$T/$1.pem" \
		--pin-file "$PINFILE"
	has "CN=Key $1" "$1: says whose"
	ok "$1: key show again" touchmark key show "k-$1" --pin-file "$PINFILE"
	has '^certificate \(file\)' "$1: has it in a file"
	has '^certificate \(token\)' "$1: and in the token"
}

token_sign() {	# ALGORITHM TYPE
	touchmark sign -k "k-$1" -t "$2" --no-timestamp \
		--pin-file "$PINFILE" "$T/f"
}

token_sign_cms() {	# ALGORITHM
	ok "$1: CMS" token_sign "$1" cms
	ok "$1: openssl takes it" openssl cms -verify -binary -inform DER \
		-in "$T/f.p7s" -content "$T/f" -CAfile "$T/pki/ca.pem" \
		-purpose any -out /dev/null
	exits 4 "$1: and no other bytes" openssl cms -verify -binary \
		-inform DER -in "$T/f.p7s" -content "$T/g" \
		-CAfile "$T/pki/ca.pem" -purpose any -out /dev/null
	# Its certificate is found on the token as well.
	cert=$(git config -f "$CONFIG" "touchmark.k-$1.cert")
	git config -f "$CONFIG" --unset "touchmark.k-$1.cert"
	ok "$1: CMS with the token's certificate" token_sign "$1" cms
	ok "$1: openssl takes it, too" openssl cms -verify -binary \
		-inform DER -in "$T/f.p7s" -content "$T/f" \
		-CAfile "$T/pki/ca.pem" -purpose any -out /dev/null
	git config -f "$CONFIG" "touchmark.k-$1.cert" "$cert"
}

token_export() {	# ALGORITHM FILE
	touchmark key export "k-$1" --type openpgp \
		--pin-file "$PINFILE" >"$2"
}

token_export_bare() {	# URI
	touchmark key export "$1" --type openpgp --pin-file "$PINFILE" \
		>"$T/bare.asc"
}

token_sign_openpgp() {	# ALGORITHM
	ok "$1: export" token_export "$1" "$T/$1.asc"
	ok "$1: export again" token_export "$1" "$T/again.asc"
	if token_lacks data && [ "$1" != rsa3072 ] && [ "$1" != ed25519 ]; then
		! cmp -s "$T/$1.asc" "$T/again.asc"
		tap $? "$1: an ECDSA self-signature that is kept nowhere"
		has 'warning: .*another export will differ' "$1: as is said"
	else
		ok "$1: the same bytes" cmp "$T/$1.asc" "$T/again.asc"
	fi
	uri=$(git config -f "$CONFIG" "touchmark.k-$1.uri")
	mv "$CONFIG" "$CONFIG.away"
	run token_export_bare "$uri"
	mv "$CONFIG.away" "$CONFIG"
	if token_lacks data; then
		is "$RC" 3 "$1: no export without the configuration"
		has 'creation time' "$1: its birth is not known"
	else
		tap "$RC" "$1: export from the token alone"
		ok "$1: the same bytes again" cmp "$T/$1.asc" "$T/bare.asc"
	fi
	gpg --batch --dearmor <"$T/$1.asc" >"$T/$1.gpg" 2>/dev/null
	ok "$1: gpg takes the key" gpg --batch --import "$T/$1.asc"
	ok "$1: OpenPGP" token_sign "$1" openpgp
	ok "$1: gpgv takes it" gpgv --keyring "$T/$1.gpg" "$T/f.asc" "$T/f"
	exits 1 "$1: and no other bytes" gpgv --keyring "$T/$1.gpg" \
		"$T/f.asc" "$T/g"
}

token_ssh_judge() {	# ALGORITHM FILE
	ssh-keygen -Y verify -f "$T/allowed" -I "$1@example.org" -n file \
		-s "$T/f.sig" <"$2"
}

token_sign_ssh() {	# ALGORITHM
	ok "$1: its SSH line" touchmark key export "k-$1" --type ssh \
		--allowed-signers
	cat "$T/out" >>"$T/allowed"
	ok "$1: its SSH key" touchmark key export "k-$1" --type ssh
	cp "$T/out" "$T/$1.pub"
	ok "$1: SSH" token_sign "$1" ssh
	ok "$1: ssh-keygen takes it" token_ssh_judge "$1" "$T/f"
	exits 255 "$1: and no other bytes" token_ssh_judge "$1" "$T/g"
}

# One commit in each of git's formats, judged by the program that git has
# for it.
token_commits() {	# ALGORITHM
	uri=$(git config -f "$CONFIG" "touchmark.k-$1.uri")
	case $uri in *\?*) mark='&' ;; *) mark='?' ;; esac
	git config -f "$CONFIG" "touchmark.k-$1.uri" \
		"$uri${mark}pin-source=file:$PINFILE"
	cd "$T/repo" || exit 1
	git config gpg.program touchmark-gpg
	git config gpg.x509.program touchmark-gpg
	git config gpg.ssh.program touchmark-ssh-keygen
	git config gpg.ssh.allowedSignersFile "$T/allowed.git"
	sed 's/namespaces="[^"]*" *//' "$T/allowed" >"$T/allowed.git"
	if [ "$1" != ed25519 ]; then
		ok "$1: an x509 commit" git -c gpg.format=x509 commit -q \
			--allow-empty "-Sk-$1" -m x509
		git cat-file commit HEAD >"$T/commit"
		sed -n '/^gpgsig /,/^ -----END/{s/^gpgsig //;s/^ //;p}' \
			"$T/commit" | sed 1d\;\$d | openssl base64 -d \
			>"$T/commit.p7s"
		sed '/^gpgsig /,/^ -----END/d' "$T/commit" >"$T/payload"
		ok "$1: openssl takes it" openssl cms -verify -binary \
			-inform DER -in "$T/commit.p7s" \
			-content "$T/payload" -CAfile "$T/pki/ca.pem" \
			-purpose any -out /dev/null
	fi
	ok "$1: an OpenPGP commit" git -c gpg.format=openpgp commit -q \
		--allow-empty "-Sk-$1" -m openpgp
	ok "$1: gpg takes it" git -c gpg.program=gpg verify-commit HEAD
	ok "$1: an SSH commit" git -c gpg.format=ssh commit -q \
		--allow-empty "-S$T/$1.pub" -m ssh
	ok "$1: ssh-keygen takes it" git -c gpg.ssh.program=ssh-keygen \
		verify-commit HEAD
	cd "$T" || exit 1
}

# Once, and never again by itself.
token_wrong_pin() {
	(umask 077 && echo 99991111 >"$T/wrong")
	rm -f "$T/f.sig"
	exits 3 'a wrong PIN' touchmark sign -k k-rsa3072 -t ssh \
		--pin-file "$T/wrong" "$T/f"
	is "$(grep -c 'wrong PIN' "$T/out")" 1 'is said once'
	has '^touchmark: hint: it was tried once' 'it was tried once'
	hasnt 99991111 'and is not shown'
	[ ! -e "$T/f.sig" ]
	tap $? 'nothing was signed'
	if token_lacks retry; then
		exits 3 'then the right one from a file' token_sign rsa3072 ssh
		has 'only a person may try' 'is not tried: few are left'
		ok 'somebody logs in' token_log_in
	fi
	ok 'then the right one' token_sign rsa3072 ssh
}

token_shim() {
	TMK_SHIM_LOG=$T/calls
	export TMK_SHIM_LOG TMK_SHIM_MODULE
	: >"$T/calls"
	if [ -z "$TOKEN_MODULE" ]; then
		TMK_SHIM_MODULE=$(sed -n 's/^module: *//p' "$MODULE_FILE")
		sed "s|^module:.*|module: $SHIM|" "$MODULE_FILE" \
			>"$T/module" && cat "$T/module" >"$MODULE_FILE"
		return
	fi
	TMK_SHIM_MODULE=$TOKEN_MODULE
	for k in $(git config -f "$CONFIG" --name-only \
		--get-regexp '^touchmark\..*\.uri$'); do
		git config -f "$CONFIG" "$k" "$(git config -f "$CONFIG" "$k" |
			sed "s|module-path=[^&\"]*|module-path=$SHIM|")"
	done
}

token_calls() {
	grep -cE "^$1( |\$)" "$T/calls"
}

# The agent logs in once, for all keys of the token.
token_agent() {
	token_shim
	agent_world
	cd "$T/repo" || exit 1
	# Not by -c: what git passes in the environment the agent is not told.
	git config gpg.format openpgp
	ok 'a commit starts the agent' git commit -q --allow-empty \
		-Sk-rsa3072 -m agent
	for i in 2 3 4; do
		git commit -q --allow-empty -Sk-rsa3072 -m "agent $i" || break
	done
	git config gpg.format ssh
	for a in $TOKEN_KEYS; do
		ok "$a: in the agent, SSH" git commit -q --allow-empty \
			"-S$T/$a.pub" -m "agent $a"
		ok "$a: ssh-keygen takes it" git \
			-c gpg.ssh.program=ssh-keygen verify-commit HEAD
	done
	keys=$(echo "$TOKEN_KEYS" | wc -w)
	ok 'gpg takes what it signed' git -c gpg.program=gpg \
		verify-commit "HEAD~$keys" \
		"HEAD~$((keys + 3))"
	is "$(token_calls C_Sign)" $((keys + 4)) 'the agent signed them all'
	is "$(token_calls C_Login)" 1 'with one login'
	is "$(token_calls C_Initialize)" 1 'in one process'
	run touchmark agent status
	has '^running, process [0-9]+' 'it runs'
	ok 'agent stop' touchmark agent stop
	exits 1 'and no more' touchmark agent status
	is "$(token_calls C_Logout)" 1 'the token was logged out'
	is "$(token_calls C_Finalize)" 1 'and left'
	cd "$T" || exit 1
	unset XDG_RUNTIME_DIR TMK_SHIM_LOG
}

token_suite() {
	TOKEN_MODULE=$1 TOKEN_LABEL=$2
	shift 2
	TOKEN_LACKS="$*" TOKEN_KEYS=
	need openssl git gpg gpgv ssh-keygen
	pki_root ca
	echo content >"$T/f"
	echo other >"$T/g"
	: >"$T/allowed"
	git init -q "$T/repo"
	cd "$T" || exit 1
	for alg in rsa3072 p256 p384 ed25519; do
		token_birth "$alg" || continue
		TOKEN_KEYS="$TOKEN_KEYS $alg"
		token_look "$alg"
		token_certify "$alg"
		[ "$alg" = ed25519 ] || token_sign_cms "$alg"
		token_sign_openpgp "$alg"
		token_sign_ssh "$alg"
		token_commits "$alg"
	done
	ok 'all of them' touchmark key list
	for alg in $TOKEN_KEYS; do
		is "$(grep -cE "^k-$alg +$alg +pkcs11:" "$T/out")" 1 \
			"$alg: is listed once, by its name"
	done
	token_wrong_pin
	token_agent
}

MODULE_FOR='enable-in: touchmark, touchmark-agent, touchmark-gpg, touchmark-gpgsm, touchmark-gpg-full, touchmark-ssh-keygen, touchmark-ssh-keygen-full, p11-kit'

# One test at a time: whoever takes the directory away takes it out of the
# namespace of another test too.
token_modules() {
	exec 9>"${TMPDIR:-/tmp}/touchmark-test-modules.$(id -u).lock"
	flock -w 900 9 || {
		echo 'not ok - prepared: another test holds the directory of modules'
		exit 1
	}
	MODULES_MADE=
	MODULES=$XDG_CONFIG_HOME/pkcs11/modules
	if [ "$(id -u)" = 0 ]; then
		[ -d /etc/pkcs11 ] || MODULES_MADE=/etc/pkcs11
		MODULES=/etc/pkcs11/modules
		mkdir -p /etc/pkcs11
		trap token_modules_end EXIT
	fi
	if [ -n "${PRIVATE_SYSTEM-}" ]; then
		mount -t tmpfs tmpfs /etc/pkcs11 || {
			echo 'not ok - prepared: no directory /etc/pkcs11 of our own'
			exit 1
		}
	elif [ ! -d "$MODULES" ]; then
		MODULES_MADE="$MODULES $MODULES_MADE"
	fi
	mkdir -p "$MODULES"
}

token_modules_end() {
	modules_rc=$?
	rm -f "$MODULES"/touchmark-test*.module
	[ -z "${PRIVATE_SYSTEM-}" ] || umount /etc/pkcs11
	# Only what was not there before, and only when it is empty.
	for d in $MODULES_MADE; do
		rmdir "$d" 2>/dev/null
	done
	(exit "$modules_rc")
	at_end
}

# Another PIN, and the end of the key k-ALGORITHM: what token_suite left.
token_life() {	# ALGORITHM
	cp -p "$PINFILE" "$T/first.pin"
	(umask 077 && echo 86427531 >"$T/next.pin")
	unset TOUCHMARK_PIN_FILE
	ok 'another PIN' touchmark key pin "k-$1" --pin-file "$T/first.pin" \
		--new-pin-file "$T/next.pin"
	has 'has a new PIN$' 'is taken'
	ok 'it opens the token' touchmark key show "k-$1" \
		--pin-file "$T/next.pin"
	ok 'and the first one again' touchmark key pin "k-$1" \
		--pin-file "$T/next.pin" --new-pin-file "$T/first.pin"
	ok 'the end of a key' touchmark key destroy "k-$1" --yes \
		--pin-file "$T/first.pin"
	has 'absence proved' 'is proved'
	exits 3 'which is gone' touchmark key show "k-$1" \
		--pin-file "$T/first.pin"
}
