#!/bin/sh
# Judging is done in processes that can reach nothing: what the kernel sees of
# it, how many there are, and that nothing is judged without.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need strace nm awk taskset nproc

# Leaks cannot be looked for under strace.
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
ZERO=0000000000000000000000000000000000000000
gate_setup
policy() {	# [LIMIT-LINE...]
	{
		printf '[limits]\n'
		printf '\t%s\n' "$@"
	} >"$T/limits"
	[ $# != 0 ] || : >"$T/limits"
	{
		cat "$T/limits"
		printf '[ref "refs/heads/*"]\n\trequire = commits\n'
		printf '[ref "refs/tags/*"]\n\trequire = tag\n'
	} | gate_policy
}
policy
gate_repo srv
for i in 1 2 3; do commit "$i"; done
git tag -s -m t v1
accept 'commits and a tag, judged inside' main v1
git -C "$SRV" update-ref -d refs/heads/main
git -C "$SRV" update-ref -d refs/tags/v1

# hook TRACE-OPTION...: the hook by hand, under strace
lines() {
	for r; do
		echo "$ZERO $(git rev-parse "$r") refs/heads/$r"
	done >"$T/line"
}
# A file for each process, so that no line is torn; then all in one.
traced() {
	rm -f "$T"/trace.*
	(cd "$SRV" && GIT_DIR=. strace -ff -qq -o "$T/trace" "$@" \
		touchmark-pre-receive <"$T/line")
	rc=$?
	for f in "$T"/trace.*; do
		sed "s/^/${f##*.} /" "$f"
	done >"$T/trace"
	return "$rc"
}
# What the children did once they were inside. Who is no administrator does not
# see what the filter is: they are closed to debuggers, and strace is one.
inside() {
	awk '/seccomp\(SECCOMP_SET_MODE_FILTER, 0, (\{|0x)/ { in_[$1] = 1; next }
		in_[$1]' "$T/trace"
}
lines main

if nm "$BIN/touchmark-pre-receive" | grep -q __asan_init; then
	exits 0 'built with a sanitizer: judged in another process' traced
	is "$(grep -Ec 'clone[3]?\(.*SIGCHLD' "$T/trace")" 1 'one of them'
	inside >"$T/out"
	is "$(wc -l <"$T/out")" 0 'which is not confined'
	done_testing
fi

# ---- what the kernel sees ----------------------------------------------------

exits 0 'the hook under strace' traced
is "$(grep -Ec 'clone[3]?\(.*SIGCHLD' "$T/trace")" 1 'one process judges'
cp "$T/trace" "$T/out"
has 'close_range\(1, 4294967295' 'it closes what it inherited'
has 'prctl\(PR_SET_NO_NEW_PRIVS, 1' 'takes no privileges any more'
has 'prctl\(PR_SET_DUMPABLE, (0|SUID_DUMP_DISABLE)' 'is closed to debuggers'
has 'prctl\(PR_SET_PDEATHSIG, SIGKILL' 'ends with the hook'
has 'seccomp\(SECCOMP_SET_MODE_FILTER, 0, (\{|0x).*= 0$' 'puts a filter on'
LANDLOCK=$(grep -E 'landlock_create_ruleset\(NULL.*= [0-9]' "$T/trace")
if [ -n "$LANDLOCK" ]; then
	has 'landlock_restrict_self\([0-9]+, 0\) += 0' 'and Landlock'
else
	has 'landlock_create_ruleset\(NULL.*= -1' 'Landlock: the kernel has none'
fi
inside >"$T/out"
has 'read\(0' 'it reads its socket'
has 'write\(0' 'and writes to it'
hasnt ' (open|openat|socket|connect|execve|clone|fork|dup|kill|ptrace)\(' \
	'and opens nothing'
sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$T/out" | sort -u >"$T/calls"
grep -vxE 'read|write|munmap|mremap|brk|madvise|futex|clock_gettime|gettimeofday|time|getrandom|getpid|exit_group|mmap' \
	"$T/calls" >"$T/out"
is "$(wc -l <"$T/out")" 0 'no call that is not on the list'

# ---- every way through a judgement stays inside ---------------------------------

PKI_DAYS=1 PKI_AT='3 days ago' pki_leaf ca old dev@example.org
pki_leaf ca gone dev@example.org
pki_crl ca "$(pki_serial gone)=keyCompromise"
cp "$T/pki/ca.crl" "$T/ca.crl"
pki_root other
pki_leaf other stranger dev@example.org
PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:3072' \
	pki_leaf ca rsa dev@example.org
PKI_KEY='-algorithm EC -pkeyopt ec_paramgen_curve:P-384' \
	pki_leaf ca p384 dev@example.org
tsa_new tsa
TRUST="$TRUST
	tsaRoots = tsa-roots.pem"
cp "$T/pki/tsa-root.pem" "$T/tsa-roots.pem"
policy
on() {	# BRANCH: a new one from main
	git checkout -q -B "$1" main
}
for k in rsa p384; do
	on "$k"
	git -c user.signingKey=$k commit -q --allow-empty -m $k
	accept "signed with $k" $k
done
on sha512
SIGN_MD=sha512 git -c user.signingKey=p384 commit -q --allow-empty -m x
accept 'SHA-512' sha512
on stamped
SIGN_TSA=tsa commit stamped
accept 'with a token' stamped
on expired
SIGN_AT='60 hours ago' git -c user.signingKey=old commit -q --allow-empty -m x
refuse cert-expired 'expired' expired
on revoked
git -c user.signingKey=gone commit -q --allow-empty -m x
refuse cert-revoked 'revoked' revoked
on foreign
git -c user.signingKey=stranger commit -q --allow-empty -m x
refuse chain-untrusted 'of another root' foreign
on unsigned
git -c commit.gpgSign=false commit -q --allow-empty -m x
refuse signature-missing 'unsigned' unsigned
on bad
id=$(git cat-file commit main | sed 's/^3$/4/' | put commit)
refuse signature-bad 'another message' "$id:refs/heads/bad"
id=$(git cat-file commit main | sed '/^ MII/s/MII/MIJ/' | put commit)
refuse signature-malformed 'bytes that are no CMS' "$id:refs/heads/bad"
id=$({ git cat-file commit main; printf 'x\000y'; } | put commit)
refuse object-malformed 'a NUL' "$id:refs/heads/bad"
git checkout -q main

# ---- no confinement, no judgement -----------------------------------------------

# fails SYSCALL ERROR TEXT: when it fails, all is refused and it is said why
fails() {
	exits 1 "refused when $1 fails" traced -e "trace=$1" \
		-e "inject=$1:error=$2${4:-}"
	has "^touchmark: refuse - - internal-error: .*$3.*; .+" 'it says why'
}
lines main
fails seccomp ENOSYS 'cannot be confined: seccomp: '
has 'the administrator must let the hook use seccomp filters' 'and what to do'
fails prctl EPERM 'cannot be confined: prctl: '
fails close_range ENOSYS 'cannot be confined: closing descriptors: '
fails prlimit64 EPERM 'cannot be confined: resource limits: '
fails dup2 EBADF 'the process that judges ended by itself'
fails getppid ENOSYS 'cannot be confined: who started it is gone: '
fails clone EAGAIN 'no process that judges can be made: '
fails socketpair EMFILE 'no socket for a process that judges: '
fails poll ENOMEM 'cannot be waited for: '
fails sendto EIO 'nothing can be sent to the process that judges: '
if [ -n "$LANDLOCK" ]; then
	fails landlock_restrict_self EPERM 'cannot be confined: Landlock: '
fi
exits 0 'a kernel without Landlock is no error' traced \
	-e trace=landlock_create_ruleset \
	-e inject=landlock_create_ruleset:error=ENOSYS

# ---- how many ------------------------------------------------------------------------

# Four hundred unsigned commits, refused one after the other.
awk 'BEGIN {
	for (i = 1; i <= 400; i++)
		printf "commit refs/heads/many\ncommitter Dev <dev@example.org> " \
			"%d +0000\ndata 1\nx\n\n", 1750000000 + i
}' | git fast-import --quiet
git -C "$SRV" fetch -q "$T/work" many 2>/dev/null
lines many
counted() {	# HOW-MANY WHAT
	run traced -e trace=clone,clone3
	is "$(grep -Ec 'clone[3]?\(.*SIGCHLD' "$T/trace")" "$1" "$2"
}
policy 'processes = 1'
counted 1 'one process, as the policy says'
policy 'processes = 3'
counted 3 'three of them'
has 'touchmark: 400 refusals, 20 shown' 'each commit is refused once'
policy
# The gate's own bound is 64. nproc would heed what OpenMP is told.
unset OMP_NUM_THREADS OMP_THREAD_LIMIT
cores=$(nproc)
[ "$cores" -le 64 ] || cores=64
counted "$cores" 'one for each core without a limit'
# not core 0: it may be one that this machine keeps for others
taskset -p -c "$(taskset -p -c $$ | sed 's/.*: //; s/[^0-9].*//')" $$ >"$T/out"
counted 1 'for each core that it may use'
done_testing
