#!/bin/sh
# Archives are taken apart by a process that can reach nothing: what the kernel
# sees of it, and that nothing is read without.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need strace nm awk tar gzip bzip2 xz zstd lz4 lzip zip ar readelf ldd

ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
cd "$T" || exit 1
mkdir d
echo hello >d/a
ln -s a d/l
echo x >"d/$(printf '\303\274')"
tar --format=posix -cf t.tar d
gzip -k t.tar
bzip2 -k t.tar
xz -k t.tar
zstd -qk t.tar
lz4 -q t.tar t.tar.lz4
lzip -k t.tar
zip -qr t.zip d
printf '2.0\n' >debian-binary
ar rc t.deb debian-binary t.tar.gz
echo noise >noise

# traced VERB FILE STRACE-OPTION...: a file for each thread, then all in one:
# the one that began comes first, whatever its number.
traced() {
	verb=$1 in=$2
	shift 2
	rm -f trace.*
	strace -ff -qq -o trace "$@" touchmark-archive "$verb" \
		<"$in" >answer 2>said
	rc=$?
	{ grep -l '^execve(' trace.*; grep -L '^execve(' trace.*; } >threads
	while read -r v; do
		sed "s/^/${v##*.} /" "$v"
	done <threads >traced
	return "$rc"
}
# What each thread did once it was inside: the other one waits for that.
inside() {
	awk '/seccomp\(SECCOMP_SET_MODE_FILTER, [^,]*, [{0]/ { main = $1; next }
		/clone3?\(/ { next }
		main && $1 == main { print }
		$1 != first && !/rseq|set_robust_list|rt_sigprocmask/ && first { print }
		!first { first = $1 }' traced
}

if nm "$BIN/touchmark-archive" | grep -q __asan_init; then
	exits 0 'built with a sanitizer: it works, and is not confined' \
		traced manifest t.tar.xz
	done_testing
fi

# What a process hands over that lets nobody look into it only root is shown:
# for others it is an address.
HOUR='\{rlim_cur=(3600|60\*60), rlim_max=(3600|60\*60)\}'
NONE='\{rlim_cur=0, rlim_max=0\}'
[ "$(id -u)" = 0 ] || HOUR=0x NONE=0x
for verb in manifest stream; do
	exits 0 "under strace: $verb" traced $verb t.tar.xz
	cp traced out
	has 'close_range\(3, 4294967295' 'it closes what it inherited'
	has 'prctl\(PR_SET_NO_NEW_PRIVS, 1' 'takes no privileges any more'
	has 'prctl\(PR_SET_DUMPABLE, (0|SUID_DUMP_DISABLE)' \
		'is closed to debuggers'
	has 'prctl\(PR_SET_PDEATHSIG, SIGKILL' 'ends with who started it'
	has "RLIMIT_CPU, $HOUR" 'within an hour'
	has "RLIMIT_NOFILE, $NONE" 'opens nothing'
	has 'seccomp\(SECCOMP_SET_MODE_FILTER, [^,]*, [{0].*= 0$' \
		'puts a filter on'
done
run traced manifest t.tar.xz
cp traced out
has 'SECCOMP_FILTER_FLAG_TSYNC.*, [{0].*= 0$' 'on both threads'
LANDLOCK=
! grep -qE 'landlock_create_ruleset\(NULL.*= [0-9]' traced || LANDLOCK=1
if [ -n "$LANDLOCK" ]; then
	has 'landlock_restrict_self\([0-9]+, 0\) += 0' 'and Landlock'
else
	has 'landlock_create_ruleset\(NULL.*= -1' 'Landlock: the kernel has none'
fi
# The first byte of the artefact is read after the filter.
awk '/seccomp\(SECCOMP_SET_MODE_FILTER, [^,]*, [{0]/ { on = 1 }
	/ (read|pread64)\(0,/ && !on { print "early: " $0; bad = 1 }
	/ (read|pread64)\(0,/ && on { good = 1 }
	END { exit bad || !good }' traced >out
tap $? 'nothing of the artefact is read before'

# Every kind of input stays inside.
for v in t.tar t.tar.gz t.tar.bz2 t.tar.xz t.tar.zst t.tar.lz4 t.tar.lz t.zip \
	t.deb noise; do
	exits 0 "confined: $v" traced manifest $v
	inside | sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' | sort -u >calls
	grep -q write calls
	tap $? 'its calls were read'
	grep -vxE 'read|pread64|write|munmap|mremap|brk|madvise|futex|clock_gettime|gettimeofday|time|getrandom|getpid|exit_group|mmap' \
		calls >out
	is "$(wc -l <out)" 0 'no call that is not on the list'
	inside >out
	hasnt ' (pread64|read)\([^0]' 'it reads nothing else'
	hasnt ' write\([^12]' 'it writes nowhere else'
	hasnt 'PROT_EXEC' 'no memory that can be run'
done

# ---- no confinement, nothing read -------------------------------------------------

fails() {	# SYSCALL ERROR TEXT
	exits 70 "refused when $1 fails" traced manifest t.tar.xz \
		-e "trace=$1,read,pread64" -e "inject=$1:error=$2"
	cp said out
	has "cannot be confined: $3" 'it says why'
	is "$(wc -c <answer)" 0 'and answers nothing'
	cp traced out
	hasnt ' (read|pread64)\(0,' 'nor reads the artefact'
}
fails seccomp ENOSYS 'seccomp: '
fails prctl EPERM 'prctl: '
fails close_range ENOSYS 'closing descriptors: '
if [ -n "$LANDLOCK" ]; then
	fails landlock_restrict_self EPERM 'Landlock: '
fi

# ---- what it is linked with ----------------------------------------------------------

run readelf -d "$BIN/touchmark-archive"
has 'NEEDED.*libarchive' 'it is linked with libarchive'
hasnt 'NEEDED.*(libp11|p11-kit|libgit2|libcurl|libssl|gpgme)' \
	'and with no key store, no git and no network'
for p in "$BIN"/touchmark*; do
	[ "${p##*/}" = touchmark-archive ] || readelf -d "$p"
done >out
hasnt 'NEEDED.*libarchive' 'no other program is'
nm --undefined-only "$BIN/touchmark-archive" >out
has ' archive_read_support_filter_xz$' 'the undefined symbols were read'
hasnt 'archive_read_support_(filter|format)_all|filter_program|filter_(grzip|lrzip|lzop|uu|rpm|compress)' \
	'it enables decoders one by one, and none that runs a program'
hasnt ' (dlopen|dlsym|socket|connect|execve|execv|fork|system|popen|posix_spawn)(@|$)' \
	'it calls neither the loader, the network nor a program'

done_testing
