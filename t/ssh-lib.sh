# shellcheck shell=sh
# ssh-lib.sh - keys in a token and their public key lines. Sourced after
# lib.sh.
#
#   ssh_token_key NAME TYPE   a key pair in the token, TYPE as pkcs11-tool
#                             takes it, its section in the configuration and
#                             its line in $T/NAME.pub
#   ssh_allow NAME [OPTIONS]  a line for it in $T/allowed, as
#                             NAME@example.org
#   ssh_judge NAME NS FILE    ssh-keygen's verdict about FILE and FILE.sig

CONFIG=$XDG_CONFIG_HOME/touchmark/config
TOKEN=tmk-ssh
NEXT_ID=16

# strace comes before the sanitizer's own library. SoftHSM loses a few bytes
# with each Ed25519 key: only the slow way of looking sees that it is SoftHSM. A
# third of that time goes into callers that are too far away to tell more.
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:fast_unwind_on_malloc=0
ASAN_OPTIONS=$ASAN_OPTIONS:malloc_context_size=12

bail() {
	cat "$T/setup.log" 2>/dev/null
	echo "not ok - prepared: $1"
	exit 1
}

# A string as SSH writes it: its length, then itself.
ssh_string() {	# FILE
	n=$(wc -c <"$1")
	# The number as bytes is the format on purpose.
	# shellcheck disable=SC2059
	printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $((n >> 24)) \
		$((n >> 16 & 255)) $((n >> 8 & 255)) $((n & 255)))"
	cat "$1"
}

# ssh_blob TYPE [CURVE] POINT-FILE: a public key as SSH writes it.
ssh_blob() {
	printf '%s' "$1" >"$T/blob.part"
	ssh_string "$T/blob.part"
	if [ $# = 3 ]; then
		printf '%s' "$2" >"$T/blob.part"
		ssh_string "$T/blob.part"
		shift
	fi
	ssh_string "$2"
}

ssh_token_key() {	# NAME TYPE
	if [ ! -d "$T/tokens" ]; then
		softhsm_new "$TOKEN"
		mkdir -p "${CONFIG%/*}"
	fi
	id=$(printf '%02x' "$NEXT_ID")
	NEXT_ID=$((NEXT_ID + 1))
	pkcs11-tool --module "$MODULE" --token-label "$TOKEN" --login \
		--pin test-PIN --keypairgen --usage-sign --id "$id" --label "$1" \
		--key-type "$2" >"$T/setup.log" 2>&1 ||
		bail "no $2 key in the token"
	git config -f "$CONFIG" "touchmark.$1.uri" "pkcs11:token=$TOKEN;\
id=%$id;type=private?module-path=$MODULE&pin-source=file:$PINFILE"
	ssh_token_line "$1" "$id" "$2" >"$T/$1.pub" 2>"$T/setup.log" ||
		bail "no public key line of $1"
}

# The line comes from the token by other people's programs. pkcs11-tool writes
# not every public key, but shows every point, in an OCTET STRING.
ssh_token_line() {	# NAME ID TYPE
	if [ "${3%%:*}" = rsa ]; then
		pkcs11-tool --module "$MODULE" --token-label "$TOKEN" \
			--read-object --type pubkey --id "$2" -o "$T/key.der" \
			>&2 &&
		openssl pkey -pubin -inform DER -in "$T/key.der" \
			-out "$T/key.pem" &&
		ssh-keygen -i -m PKCS8 -f "$T/key.pem"
		return
	fi
	pkcs11-tool --module "$MODULE" --token-label "$TOKEN" \
		--list-objects --type pubkey |
		awk -v id="$2" '/EC_POINT:/ { point = $2 }
		/^ *ID:/ && $2 == id { print point }' |
		xxd -r -p >"$T/point"
	case $3 in
	*edwards*) head=2 type=ssh-ed25519 curve= ;;
	*256*) head=2 curve=nistp256 ;;
	*384*) head=2 curve=nistp384 ;;
	*521*) head=3 curve=nistp521 ;;
	esac
	tail -c "+$((head + 1))" "$T/point" >"$T/point.bare"
	[ -z "$curve" ] || type=ecdsa-sha2-$curve
	printf '%s %s\n' "$type" \
		"$(ssh_blob "$type" ${curve:+"$curve"} "$T/point.bare" |
		base64 -w 0)"
	[ -s "$T/point.bare" ]
}

ssh_allow() {	# NAME [OPTIONS]
	echo "$1@example.org ${2:+$2 }$(cat "$T/$1.pub")" >>"$T/allowed"
}

ssh_judge() {	# NAME NAMESPACE FILE
	ssh-keygen -Y verify -n "$2" -f "$T/allowed" -I "$1@example.org" \
		-s "$3.sig" <"$3"
}
