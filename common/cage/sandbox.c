#include "cage/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DATA_UNKNOWN (1ull << 30)	/* bytes in use, without /proc */

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
	__has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

bool tmk_sandbox_is_built(void)
{
#ifdef SANITIZED
	return false;
#else
	return true;
#endif
}

static int no_way(struct tmk_err *err, const char *what)
{
	return tmk_err_set(err, TMK_INTERNAL,
			   "a process cannot be confined: %s: %s", what,
			   strerror(errno));
}

/* The socket becomes descriptor 0 and stays alone, or three stay. */
static int close_others(const struct tmk_sandbox *sandbox, struct tmk_err *err)
{
	if (!sandbox->pipes && sandbox->fd != 0 && dup2(sandbox->fd, 0) < 0)
		return no_way(err, "a descriptor");
	if (fcntl(0, F_SETFD, 0) < 0 ||
	    close_range(sandbox->pipes ? 3 : 1, ~0u, 0) < 0)
		return no_way(err, "closing descriptors");
	return 0;
}

#ifndef SANITIZED
/* Bytes of private memory that this process has now (proc(5), statm): mapped
 * files that nobody writes to do not count. */
static uint64_t data_in_use(void)
{
	unsigned long long pages = 0;
	char text[256], *at = text, *end;
	ssize_t n = -1;
	int fd, i;

	fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return DATA_UNKNOWN;
	text[n] = '\0';
	for (i = 0; i < 6; i++, at = end) {
		pages = strtoull(at, &end, 10);
		if (end == at)
			return DATA_UNKNOWN;
	}
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int set_limits(const struct tmk_sandbox *sandbox, uint64_t memory,
		      struct tmk_err *err)
{
	const struct {
		int which;
		rlim_t most;
	} limit[] = {
		{ RLIMIT_CORE, 0 },
		/* standard output may be a file */
		{ RLIMIT_FSIZE, sandbox->pipes ? RLIM_INFINITY : 0 },
		{ RLIMIT_NOFILE, 0 },
		{ RLIMIT_NPROC, 0 },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_DATA, memory },
		{ RLIMIT_CPU, sandbox->seconds ? sandbox->seconds :
			RLIM_INFINITY },
	};
	struct rlimit r;
	size_t i;

	for (i = 0; i < sizeof(limit) / sizeof(limit[0]); i++) {
		/* a limit that is lower already stays */
		if (getrlimit((__rlimit_resource_t)limit[i].which, &r) < 0)
			return no_way(err, "resource limits");
		if (r.rlim_max > limit[i].most)
			r.rlim_max = limit[i].most;
		if (r.rlim_cur > r.rlim_max)
			r.rlim_cur = r.rlim_max;
		if (setrlimit((__rlimit_resource_t)limit[i].which, &r) < 0)
			return no_way(err, "resource limits");
	}
	return 0;
}

/*
 * Deny every access to files, TCP ports and outside processes that this kernel
 * can deny. It is the second wall behind the filter: a kernel without Landlock
 * is no error, one that has it and fails is.
 */
static int enter_landlock(struct tmk_err *err)
{
	/* linux/landlock.h, as far as its versions have grown */
	struct {
		uint64_t fs, net, scoped;
	} attr = { 0 };
	static const unsigned char fs_bits[] = { 0, 13, 14, 15, 15, 16 };
	const size_t bits_known = sizeof(fs_bits) - 1;
	long abi, fd;
	size_t size, level;

	abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
		      LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return 0;
	level = (size_t)abi < bits_known ? (size_t)abi : bits_known;
	attr.fs = (1ull << fs_bits[level]) - 1;
	attr.net = abi >= 4 ? 3 : 0;
	attr.scoped = abi >= 6 ? 3 : 0;
	size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
	fd = syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (fd < 0)
		return no_way(err, "Landlock");
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0) {
		close((int)fd);
		return no_way(err, "Landlock");
	}
	close((int)fd);
	return 0;
}

/* What judging takes once everything is loaded. A virtual machine without a
 * clock in user space asks the kernel for the time. */
static const int allowed[] = {
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
	SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
	SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getpid),
	SCMP_SYS(exit_group)
};

/* The two ways to keep descriptors. */
static int allow_socket(scmp_filter_ctx filter)
{
	int rc;

	rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1,
			      SCMP_A0(SCMP_CMP_EQ, 0));
	if (!rc)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write),
				      1, SCMP_A0(SCMP_CMP_EQ, 0));
	return rc;
}

static int allow_pipes(scmp_filter_ctx filter)
{
	static const struct {
		int call, fd;
	} pipe[] = {
		{ SCMP_SYS(read), 0 }, { SCMP_SYS(pread64), 0 },
		{ SCMP_SYS(write), 1 }, { SCMP_SYS(write), 2 }
	};
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < sizeof(pipe) / sizeof(pipe[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, pipe[i].call, 1,
				      SCMP_A0(SCMP_CMP_EQ,
					      (scmp_datum_t)pipe[i].fd));
	return rc;
}

static int fill_filter(scmp_filter_ctx filter, bool pipes)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (!rc)
		rc = pipes ? allow_pipes(filter) : allow_socket(filter);
	/* memory, but none that can be run, and no file's */
	if (!rc)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap),
			2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
			SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS,
				MAP_ANONYMOUS));
	return rc;
}

static int enter_filter(const struct tmk_sandbox *sandbox, struct tmk_err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = -ENOMEM;

	if (filter)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
				      SCMP_ACT_KILL_PROCESS);
	/* threads that were started are caught as well */
	if (!rc && sandbox->start)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!rc)
		rc = fill_filter(filter, sandbox->pipes);
	if (!rc)
		rc = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	errno = -rc;
	return rc ? no_way(err, "seccomp") : 0;
}

/* In this order: the limits leave no descriptor for a ruleset and no thread,
 * a ruleset no file to measure memory with, and is for threads to come. */
static int confine(const struct tmk_sandbox *sandbox, struct tmk_err *err)
{
	uint64_t memory = data_in_use() + sandbox->memory;

	if (enter_landlock(err) < 0)
		return -1;
	if (sandbox->start && sandbox->start(sandbox->to, err) < 0)
		return -1;
	if (set_limits(sandbox, memory, err) < 0 ||
	    enter_filter(sandbox, err) < 0)
		return -1;
	return 0;
}
#endif

static int enter(const struct tmk_sandbox *sandbox, struct tmk_err *err)
{
	/* first of all, so that a failure can be told */
	if (close_others(sandbox, err) < 0)
		return -1;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return no_way(err, "prctl");
	/* it may have ended before it was watched */
	if (getppid() != sandbox->parent) {
		errno = ESRCH;
		return no_way(err, "who started it is gone");
	}
#ifndef SANITIZED
	return confine(sandbox, err);
#else
	return sandbox->start ? sandbox->start(sandbox->to, err) : 0;
#endif
}

int tmk_sandbox_enter(const struct tmk_sandbox *sandbox, struct tmk_err *err)
{
	if (enter(sandbox, err) == 0)
		return 0;
	return sandbox->hint ? tmk_err_hint(err, "%s", sandbox->hint) : -1;
}
