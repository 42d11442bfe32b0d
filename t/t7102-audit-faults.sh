#!/bin/sh
# The record of uses while things fail: the token is not asked before the
# intent is on the disk, no signature comes out before the result is, and after
# a kill at any place the chain goes on.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=audit-lib.sh
. "${0%/*}/audit-lib.sh"
need openssl softhsm2-util ssh-keygen strace

cd "$T" || exit 1
audit_setup p256
echo one >one
ok 'without a fault' audit_sign one
uri=$(git config -f "$C" touchmark.release.uri)
through_shim() {
	TMK_SHIM_MODULE=$MODULE TMK_SHIM=${SHIM-} TMK_SHIM_LOG=$T/calls
	export TMK_SHIM_MODULE TMK_SHIM TMK_SHIM_LOG
	rm -f "$T/calls"
	# a preloaded sanitizer and a module that is no part of it
	"$@"
	rc=$?
	unset TMK_SHIM_MODULE TMK_SHIM TMK_SHIM_LOG
	return "$rc"
}
git config -f "$C" touchmark.release.uri "$(echo "$uri" |
	sed "s|module-path=[^&]*|module-path=$MOCK/shim.so|")"

# ---- the order ----------------------------------------------------------------------
rm -f one.asc
ok 'through a module that is watched' through_shim audit_sign one
is "$(grep -c '^C_Sign$' calls)" 1 'the key is used once'
chmod go+w "$LOG"
rm -f one.asc
exits 4 'a log that cannot be used' through_shim audit_sign one
is "$(grep -c '^C_Sign' calls)" 0 'and the key is not'
chmod go-w "$LOG"
was=$(wc -l <"$LOG")
SHIM=C_Sign=0x54
exits 3 'a token that fails' through_shim audit_sign one
is "$(wc -l <"$LOG")" $((was + 2)) 'is on record'
tail -n 1 "$LOG" >out
has "\"kind\":\"result\",\"intent\":$((was + 1)),\"status\":\"failed\",\"code\":3,\"reason\":\"" \
	'with what it said'
SHIM=C_Sign=lie
exits 3 'a token that lies' through_shim audit_sign one
tail -n 1 "$LOG" >out
has '"status":"failed","code":3,"reason":".*wrong signature' 'is on record'
was=$(wc -l <"$LOG")
SHIM=C_Sign=die
run through_shim audit_sign one
[ "$RC" != 0 ]
tap $? 'killed while the token signs'
is "$(wc -l <"$LOG")" $((was + 1)) 'its intent is on record'
SHIM=
ok 'show' touchmark log show
has "^$((was + 1))  .*intent .*no result$" 'and has no result'
git config -f "$C" touchmark.release.uri "$uri"

# ---- every place ----------------------------------------------------------------------
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
export ASAN_OPTIONS
# SoftHSM has files of its own: its own troubles are not what is tried here.
ONLY=
# fault INJECT: sign with it. Returns 1 when nothing was hit.
fault() {
	rm -f one.asc trace
	was=$(wc -l <"$LOG")
	# shellcheck disable=SC2086 # none, or a path to be watched alone
	strace -f -qq -o trace $ONLY -e "inject=$1" "$BIN/touchmark" sign \
		-t openpgp one >said 2>&1 </dev/null
	grep -Eq 'INJECTED|killed by SIGKILL' trace || return 1
	HIT=$((HIT + 1))
	if [ -e one.asc ] && ! tail -n +$((was + 1)) "$LOG" |
		grep -q '"kind":"result".*"status":"ok"'; then
		echo "$1: a signature, and no result on record" >>bad
	fi
	if [ -e one.asc ]; then
		seal=$(gpg --dearmor <one.asc 2>/dev/null | sha256sum)
		grep -q "\"seal\":\"sha256:${seal%% *}\"" "$LOG" ||
			echo "$1: another signature is on record" >>bad
	fi
	rm -f one.asc
	touchmark sign -t openpgp one >said 2>&1 </dev/null ||
		{ echo "$1: the next one is refused"; cat said; } >>bad
	touchmark log verify >said 2>&1 ||
		{ echo "$1: the chain"; cat said; } >>bad
	return 0
}

sweep() {	# WHAT CALL LEAST
	: >bad
	HIT=0
	at=1
	while [ $at -le 12 ] && fault "$2:when=$at"; do
		at=$((at + 1))
	done
	cp bad out
	[ ! -s bad ] && [ $HIT -ge "$3" ]
	tap $? "$1: $HIT places"
}

sweep 'killed at fdatasync' fdatasync:signal=KILL 2
sweep 'fdatasync fails' fdatasync:error=EIO 2
sweep 'killed where the head is written' pwrite64:signal=KILL 1
sweep 'the head cannot be written' pwrite64:error=EIO 1
ONLY="-P $LOG"
sweep 'the disk is full' write:error=ENOSPC 2
sweep 'killed at a write' write:signal=KILL 2
ONLY="-P $LOG.lock"
sweep 'a lock cannot be had' flock:error=EIO 2

# ---- a folder in which others could put another record in its place ----------------
echo x >x
folder() {	# WHAT
	exits 4 "$1" touchmark sign -t openpgp x
	has 'others may move it away' 'is not used'
	[ ! -e x.asc ]
	tap $? 'and nothing is signed'
}
chmod 777 "${LOG%/*}"
folder 'a folder that all may write'
has "hint: .*chmod o-w ${LOG%/*}\$" 'says what to do'
chmod 1777 "${LOG%/*}"
ok 'one with the sticky bit' touchmark sign -t openpgp x
chmod 700 "${LOG%/*}"
done_testing
