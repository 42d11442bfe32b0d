#!/bin/sh
# The user's road over the soft token of opencryptoki 3.8, which has no curves
# and counts wrong PINs.
#
# Its daemon, its directories and its shared memory are the system's. Where the
# kernel lets us they are this test's alone; elsewhere a daemon that runs
# already is not disturbed, the token is one of its own, and the configuration
# is put back.
if [ -z "${PRIVATE_SYSTEM-}" ] && [ "$(id -u)" = 0 ] &&
   unshare -mi true 2>/dev/null; then
	PRIVATE_SYSTEM=1 exec unshare -mi sh "$0"
fi
# Its library keeps memory of its own at the end, and is unloaded before the
# leak checker could tell whose it was.
LEAKS=0
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=token-lib.sh
. "${0%/*}/token-lib.sh"
need pkcsslotd pkcsconf pkcs11-tool timeout

ETC=/etc/opencryptoki
STATE=/var/lib/opencryptoki
LOCK=/run/lock/opencryptoki
for MODULE in /usr/lib/*/opencryptoki/libopencryptoki.so.0 \
	/usr/lib64/opencryptoki/libopencryptoki.so.0; do
	[ ! -f "$MODULE" ] || break
done
NAME=touchmark-test
echo content >"$T/f"

if [ "$(id -u)" != 0 ]; then
	run timeout 60 pkcsslotd -f
	[ "$RC" != 0 ] && [ "$RC" != 124 ]
	tap $? 'the daemon of opencryptoki is for root alone'
	exits 3 'its module without it' timeout 120 touchmark key generate k \
		--token "$NAME" --module "$MODULE" --algorithm rsa3072 \
		--user 'A <a@e.org>'
	has '^touchmark: hint: ' 'is a clear answer'
	done_testing
fi

# ---- its daemon and its token -------------------------------------------------

daemon_start() {
	pkcsslotd -f >"$T/pkcsslotd.log" 2>&1 &
	DAEMON=$!
	tries=0
	until pkcsconf -t >"$T/out" 2>&1 && grep -q 'SoftTok' "$T/out"; do
		tries=$((tries + 1))
		if [ $tries = 600 ] || ! kill -0 $DAEMON 2>/dev/null; then
			cat "$T/pkcsslotd.log" "$T/out"
			echo 'not ok - prepared: pkcsslotd does not start'
			exit 1
		fi
		sleep 0.1
	done
}

daemon_stop() {
	kill "$DAEMON" 2>/dev/null
	wait "$DAEMON" 2>/dev/null
	DAEMON=
}

# What the test found is there again; the exit code is the test's.
system_end() {
	system_rc=$?
	[ -z "${DAEMON-}" ] || daemon_stop
	if [ -f "$T/opencryptoki.conf" ]; then
		cat "$T/opencryptoki.conf" >"$ETC/opencryptoki.conf"
	fi
	rm -rf "${STATE:?}/$NAME" "${LOCK:?}/$NAME"
	# What the daemon leaves behind, where none had been.
	rm -f /run/pkcsslotd.pid /run/pkcsslotd.socket "$LOCK/LCK..APIlock"
	(exit "$system_rc")
	at_end
}

if [ -n "${PRIVATE_SYSTEM-}" ]; then
	for d in "$ETC" "$STATE" /run /dev/shm; do
		mount -t tmpfs tmpfs "$d" || {
			echo "not ok - prepared: no directory $d of our own"
			exit 1
		}
	done
elif [ -S /run/pkcsslotd.socket ] && pkcsconf -t >/dev/null 2>&1; then
	echo 'not ok - prepared: pkcsslotd runs already: its tokens are not for tests'
	exit 1
fi
trap system_end EXIT
[ ! -f "$ETC/opencryptoki.conf" ] ||
	cp "$ETC/opencryptoki.conf" "$T/opencryptoki.conf"
mkdir -p "$STATE/$NAME/TOK_OBJ" "$LOCK/$NAME"
printf 'version opencryptoki-3.1\n\nslot 3\n{\nstdll = %s\ntokname = %s\n}\n' \
	libpkcs11_sw.so "$NAME" >"$ETC/opencryptoki.conf"
daemon_start
{
	printf '87654321\n%s\n' "$NAME" | pkcsconf -I -c 3
	printf '87654321\n76543210\n76543210\n' | pkcsconf -P -c 3
	printf '76543210\n12345670\n12345670\n' | pkcsconf -u -c 3
} >"$T/out" 2>&1
[ -s "$STATE/$NAME/NVTOK.DAT" ]
tap $? 'a token of its own'
PINFILE=$T/pin
(umask 077 && echo 12345670 >"$PINFILE")

# ---- the road -----------------------------------------------------------------

token_log_in() {
	pkcs11-tool --module "$MODULE" --token-label "$NAME" --login \
		--pin 12345670 --list-objects
}
token_suite "$MODULE" "$NAME" p256 p384 ed25519 retry

# ---- its daemon goes away -----------------------------------------------------

sign() {
	timeout 120 touchmark sign -k k-rsa3072 -t ssh --no-timestamp "$T/f"
}
ok 'it signs' sign
daemon_stop
rm "$T/f.sig"
exits 3 'not without its daemon' sign
is "$(grep '^touchmark: ' "$T/out" | grep -vc 'is still at work')" 2 \
	'one error and one hint'
has '^touchmark: hint: ' 'which says what to do'
[ ! -e "$T/f.sig" ]
tap $? 'and no signature'
daemon_start
ok 'again with it' sign

# ---- another PIN, and the end of a key ----------------------------------------

token_life rsa3072

done_testing
