#!/bin/sh
# Whatever fails on the way of a judgement - a system call, an allocation, the
# process that judges - a push that must be refused is refused, in time, and
# a good one is let in or refused with a word.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need strace nm timeout

# Leaks cannot be looked for under strace.
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
ZERO=0000000000000000000000000000000000000000
gate_setup
pki_leaf ca gone dev@example.org
pki_crl ca "$(pki_serial gone)=keyCompromise"
cp "$T/pki/ca.crl" "$T/ca.crl"
# within SECONDS: how long a push may be judged. What waits for nothing has all
# the time that a slow machine takes.
within() {
	printf '[limits]\n\tseconds = %s\n[ref "refs/heads/*"]
	require = commits\n' "$1" | gate_policy
}
within 600
gate_repo srv
commit one
commit two
good=$(git rev-parse main)
git -c user.signingKey=gone commit -q --allow-empty -m revoked
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
git -C "$SRV" fetch -q "$T/work" main
echo "$ZERO $good refs/heads/good" >"$T/good"
# the revoked one may look good only without its CRL, the unsigned one never
echo "$ZERO $(git rev-parse main~1) refs/heads/bad" >"$T/bad"
cd "$SRV" || exit 1
GIT_DIR=.
export GIT_DIR

ok 'the good push' sh -c "touchmark-pre-receive <'$T/good'"
exits 1 'the bad push' sh -c "touchmark-pre-receive <'$T/bad'"
has 'refuse refs/heads/bad [0-9a-f]{12} cert-revoked: ' 'is refused'

# attempt LINES CMD...: RC and the words of the hook. 124: it hung.
attempt() {
	in=$1
	shift
	timeout -k 5 120 "$@" touchmark-pre-receive <"$in" >"$T/out" 2>&1
	RC=$?
}
# note WHAT: what must not be, to $T/faults.
note_bad() {
	case $RC in
	0) echo "$1: the bad push is let in" ;;
	124 | 137) echo "$1: it hangs" ;;
	1) grep -q '^touchmark: refuse ' "$T/out" ||
		echo "$1: refused without a word" ;;
	esac >>"$T/faults"
}
# A good one may be let in: not every fault matters.
note_good() {
	case $RC in
	124 | 137) echo "$1: it hangs" ;;
	1) grep -q '^touchmark: refuse ' "$T/out" ||
		echo "$1: refused without a word" ;;
	esac >>"$T/faults"
}
nothing() {
	cp "$T/faults" "$T/out"
	[ ! -s "$T/out" ]
	tap $? "$1"
}

# ---- a child that is killed or stopped ------------------------------------------

# Calls that only the process that judges makes: before it is confined, and
# its answer (the hook writes one line at most).
child_gets() {	# SIGNAL CALL TEXT
	attempt "$T/good" strace -f -qq -o "$T/trace" -e "trace=${2%:*}" \
		-e "inject=${2%:*}:signal=$1:when=${2#*:}"
	is "$RC" 1 "refused when the process that judges gets $1 ($2)"
	has "^touchmark: refuse - - internal-error: .*$3" 'it says why'
}
child_gets KILL getppid:1 'was killed by signal 9'
# long enough to come as far as that
within 5
child_gets STOP getppid:1 'does not answer in time'
within 600
# A sanitizer catches signals, and makes calls of its own by the thousand.
if nm "$BIN/touchmark-pre-receive" | grep -q __asan_init; then
	done_testing
fi
child_gets KILL write:2 'was killed by signal 9'
child_gets SEGV getppid:1 'was killed by signal 11'
child_gets BUS close_range:1 'was killed by signal 7'
attempt "$T/good" strace -f -qq -o "$T/trace" -e trace=write \
	-e inject=write:error=EPIPE:when=2
is "$RC" 1 'refused when its answer cannot be written'
has '^touchmark: refuse - - internal-error: the process that judges ' \
	'it says why'

# ---- each system call fails once -------------------------------------------------

strace -f -qq -o "$T/trace" touchmark-pre-receive <"$T/bad" >"$T/out" 2>&1
# CALL HOW-MANY OF-THE-LOADER: until it gives back the map of its cache
awk '{ c = $2; sub(/\(.*/, "", c); all[c]++; if (!loaded) skip[c]++ }
	/munmap\(/ { loaded = 1 }
	END { for (c in all) print c, all[c], skip[c] + 0 }' "$T/trace" \
	>"$T/calls"
# A fault after which nobody answers need not be waited for: whoever is late is
# refused as well.
within 1
sweep() {	# SYSCALL ERROR
	most=$(awk -v c="$1" '$1 == c { print $2 }' "$T/calls")
	[ -n "$most" ] || return 0
	n=$(awk -v c="$1" '$1 == c { print $3 }' "$T/calls")
	while [ "$n" -lt "$most" ]; do
		n=$((n + 1))
		attempt "$T/bad" strace -f -qq -o "$T/trace" -e "trace=$1" \
			-e "inject=$1:error=$2:when=$n"
		note_bad "$1 $n"
		TRIED=$((TRIED + 1))
	done
}
TRIED=0
: >"$T/faults"
for c in read:EIO openat:EMFILE mmap:ENOMEM pread64:EIO; do
	sweep "${c%:*}" "${c#*:}"
done
nothing "reading fails once: nothing is let in ($TRIED faults)"
[ "$TRIED" -gt 50 ]
tap $? 'there were many to try'
TRIED=0
for c in brk:ENOMEM clone:EAGAIN socketpair:ENFILE sendto:EIO \
	recvfrom:EIO poll:EINTR poll:ENOMEM fcntl:EBADF getrandom:ENOSYS \
	prlimit64:EPERM prctl:EPERM seccomp:EACCES dup2:EIO \
	getcwd:ENOENT readlink:EACCES wait4:ECHILD kill:EPERM access:EACCES \
	getdents64:EIO close_range:EINVAL; do
	sweep "${c%:*}" "${c#*:}"
done
nothing "anything else fails once: nothing is let in ($TRIED faults)"
TRIED=0

# ---- each allocation fails once -----------------------------------------------------

within 600
TMK_NOMEM_COUNT=$T/count LD_PRELOAD=$MOCK/nomem.so touchmark-pre-receive \
	<"$T/bad" >"$T/out" 2>&1
most=$(cat "$T/count")
[ "${most:-0}" -gt 500 ]
tap $? "the allocations are counted ($most)"
within 1
n=0
step=$((most / 100 + 1))
while [ $n -lt "$most" ]; do
	n=$((n + 1 + n % step))
	attempt "$T/bad" env TMK_NOMEM_AT=$n LD_PRELOAD="$MOCK/nomem.so"
	note_bad "allocation $n"
	TRIED=$((TRIED + 1))
	[ $((n % 7)) = 0 ] || continue
	attempt "$T/good" env TMK_NOMEM_AT=$n LD_PRELOAD="$MOCK/nomem.so"
	note_good "allocation $n, a good push"
done
nothing "memory ends: nothing is let in ($TRIED of $most)"
done_testing
