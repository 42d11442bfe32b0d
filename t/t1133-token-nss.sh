#!/bin/sh
# The user's road over NSS softokn, which wants words of its own when it is
# started: p11-kit's configuration carries them. It never says of a key that
# it was made inside, and keeps no data objects.
if [ -z "${PRIVATE_SYSTEM-}" ] && [ "$(id -u)" = 0 ] &&
   unshare -m true 2>/dev/null; then
	PRIVATE_SYSTEM=1 exec unshare -m sh "$0"
fi
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=token-lib.sh
. "${0%/*}/token-lib.sh"
need certutil p11-kit flock

for SOFTOKN in /usr/lib/*/libsoftokn3.so /usr/lib/*/nss/libsoftokn3.so \
	/usr/lib64/libsoftokn3.so; do
	[ ! -f "$SOFTOKN" ] || break
done
token_modules
mkdir -p "$T/db"
MODULE_FILE=$MODULES/touchmark-test.module
PINFILE=$T/pin
(umask 077 && echo 12345678 >"$PINFILE")
ok 'a token of its own' certutil -N -d "sql:$T/db" -f "$PINFILE"
{
	echo "module: $SOFTOKN"
	echo "$MODULE_FOR"
	echo "x-init-reserved: configdir='sql:$T/db' certPrefix='' keyPrefix='' secmod='secmod.db' flags='' dbTokenDescription='tmk-nss'"
} >"$MODULE_FILE"
ok 'p11-kit knows it' p11-kit list-modules
has 'token: tmk-nss$' 'and its token'

# ---- the road -----------------------------------------------------------------

# A key pair of NSS's own making; its CKA_ID is what certutil lists.
token_make() {	# ALGORITHM
	case $1 in
	rsa3072) set -- -k rsa -g 3072 ;;
	p256) set -- -k ec -q nistp256 ;;
	p384) set -- -k ec -q secp384r1 ;;
	esac
	certutil -K -d "sql:$T/db" -f "$PINFILE" 2>/dev/null |
		sed 's/.*\([0-9a-f]\{40\}\).*/\1/' | sort >"$T/ids"
	head -c 64 /dev/urandom >"$T/noise"
	certutil -G -d "sql:$T/db" -f "$PINFILE" -z "$T/noise" "$@" \
		--keyAttrFlags token,private,sensitive,unextractable \
		>"$T/certutil.log" 2>&1 </dev/null
	certutil -K -d "sql:$T/db" -f "$PINFILE" 2>/dev/null |
		sed 's/.*\([0-9a-f]\{40\}\).*/\1/' | sort |
		comm -13 "$T/ids" -
}
token_suite '' tmk-nss ed25519 local data
token_life p256
done_testing
