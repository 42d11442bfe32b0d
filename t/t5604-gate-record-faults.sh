#!/bin/sh
# The gate killed, and its system calls failing, anywhere while it writes its
# record: the push does not come in unless its entry is there, and the chain
# goes on.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need strace

gate_setup
gate_policy <<'END'
[ref "refs/heads/*"]
	require = commits
END
gate_repo srv
git -C "$SRV" config touchmark.gateLog touchmark/log
LOG=$SRV/touchmark/log
commit one
accept 'without a fault' main
rm "$SRV/hooks/pre-receive"
cat >"$SRV/hooks/pre-receive" <<END
#!/bin/sh
if [ -n "\${INJECT-}" ]; then
	exec strace -qq -o "$T/trace" -e "inject=\$INJECT" "$BIN/touchmark-pre-receive"
fi
exec "$BIN/touchmark-pre-receive"
END
chmod +x "$SRV/hooks/pre-receive"
# A leak checker cannot run under another tracer.
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
export ASAN_OPTIONS

# fault INJECT: a push with it. Returns 1 when nothing was hit.
fault() {
	n=$((${n-0} + 1))
	before=$(wc -l <"$LOG")
	rm -f "$T/trace"
	# once more before it: what one failure leaves is not made worse
	INJECT=$1 git push -q "$REMOTE" "main:refs/heads/w$n" >"$T/push" 2>&1
	INJECT=$1 git push -q "$REMOTE" "main:refs/heads/x$n" >"$T/push" 2>&1
	rc=$?
	in=0
	git -C "$SRV" rev-parse -q --verify "refs/heads/x$n" >/dev/null && in=1
	grep -Eq 'INJECTED|killed by SIGKILL' "$T/trace" || return 1
	HIT=$((HIT + 1))
	[ $in = $((rc == 0)) ] || echo "$1: git says $rc, the ref $in" >>"$T/bad"
	# in it came only with its entry
	if [ $in = 1 ] && ! grep -q "\"outcome\":\"accepted\".*refs/heads/x$n\"" "$LOG"
	then
		echo "$1: in without an entry" >>"$T/bad"
	fi
	if grep -q 'killed by SIGKILL' "$T/trace" && [ $in = 1 ]; then
		echo "$1: killed, and let in" >>"$T/bad"
	fi
	n=$((n + 1))
	git push -q "$REMOTE" "main:refs/heads/x$n" >"$T/push" 2>&1 ||
		{ echo "$1: the next push is refused"; cat "$T/push"; } >>"$T/bad"
	touchmark log verify "$LOG" >"$T/verify" 2>&1 ||
		{ echo "$1: the chain"; cat "$T/verify"; } >>"$T/bad"
	[ "$(wc -l <"$LOG")" -gt "$before" ] ||
		echo "$1: the next push has no entry" >>"$T/bad"
	return 0
}

# sweep WHAT CALL: at every time it is called
sweep() {
	: >"$T/bad"
	HIT=0
	at=1
	while [ $at -le 40 ] && fault "$2:when=$at"; do
		at=$((at + 1))
	done
	cp "$T/bad" "$T/out"
	[ ! -s "$T/bad" ] && [ $HIT -ge "$3" ]
	tap $? "$1: $HIT places"
}

sweep 'killed at fsync of the log' fsync:signal=KILL 1
sweep 'fsync of the log fails' fsync:error=EIO 1
sweep 'killed at fdatasync of the head' fdatasync:signal=KILL 1
sweep 'fdatasync of the head fails' fdatasync:error=EIO 1
sweep 'killed where the head is written' pwrite64:signal=KILL 1
sweep 'the head cannot be written' pwrite64:error=EIO 1
sweep 'killed at a write' write:signal=KILL 3
sweep 'the disk is full' write:error=ENOSPC 3
sweep 'a lock cannot be had' flock:error=EIO 2
sweep 'a read fails' pread64:error=EIO 1

# ---- memory ends --------------------------------------------------------------------
# The record is written with the last allocations that the gate makes. (With a
# sanitizer's own allocator there is no other one to preload.)
memory() {
	cat >"$SRV/hooks/pre-receive" <<-END
	#!/bin/sh
	[ -z "\${AT-}" ] || {
		LD_PRELOAD=$MOCK/nomem.so TMK_NOMEM_AT=\$AT TMK_NOMEM_COUNT=$T/count
		export LD_PRELOAD TMK_NOMEM_AT TMK_NOMEM_COUNT
	}
	exec "$BIN/touchmark-pre-receive"
	END
	AT=99999999 git push -q "$REMOTE" main:refs/heads/count
	at=$(sort -n "$T/count" | tail -n 1)
	last=$at in=0 out=0
	: >"$T/bad"
	while [ "$at" -gt $((last - 60)) ]; do
		if AT=$at git push -q "$REMOTE" "main:refs/heads/m$at" >"$T/push" 2>&1
		then
			in=$((in + 1))
			grep -q "\"accepted\".*refs/heads/m$at\"" "$LOG" ||
				echo "allocation $at: in without an entry" >>"$T/bad"
		else
			out=$((out + 1))
			grep -q 'refuse - - internal-error: ' "$T/push" ||
				cat "$T/push" >>"$T/bad"
		fi
		at=$((at - 2))
	done
	cp "$T/bad" "$T/out"
	[ ! -s "$T/bad" ] && [ $out -gt 5 ]
	tap $? "memory ends: $out pushes refused, $in let in with their entry"
	ok 'the chain is whole' touchmark log verify "$LOG"
}
nm "$BIN/touchmark-pre-receive" | grep -q __asan_init || memory
ln -sf "$BIN/touchmark-pre-receive" "$SRV/hooks/pre-receive"

# The log cut at every length that an append can have left behind is tried by
# unit/test_chain_log.c; here one of them, with the gate going on behind it.
cp "$LOG" "$T/whole"
cp "$LOG.head" "$T/head"
accept 'one more' main:refs/heads/y
head -c -100 "$LOG" >"$T/torn"
cat "$T/torn" >"$LOG"
cp "$T/head" "$LOG.head"
accept 'behind a torn line' main:refs/heads/z
tail -n 2 "$LOG" | head -n 1 >"$T/out"
has '"kind":"recovered","cut":[0-9]+,"sha256":"[0-9a-f]{64}"\}$' 'an entry says that something was cut'
ok 'the chain is whole' touchmark log verify "$LOG"
done_testing
