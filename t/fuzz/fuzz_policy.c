/*
 * fuzz_policy.c - any bytes as a policy: an error with its place, or a policy
 * in which every rule says what it requires.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/mman.h>

#include <git2.h>

#include "core/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct tmk_policy *p)
{
	int i, j;

	for (i = 0; i < p->rules; i++) {
		if (!p->rule[i].require || !p->rule[i].formats ||
		    p->rule[i].threshold != 1)
			abort();
		for (j = 0; j < p->rules && j < 16; j++)
			tmk_policy_covers(&p->rule[i], &p->rule[j]);
		tmk_policy_applies(p, i, "refs/heads/main");
	}
	if (p->push_certificate)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_policy *policy = NULL;
	static bool ready;
	char path[64];
	int fd;

	/* held open: starting libgit2 anew costs more than reading a policy */
	if (!ready)
		ready = git_libgit2_init() > 0;
	fd = memfd_create("policy", MFD_CLOEXEC);

	if (fd < 0 || size > 65536 ||
	    write(fd, data, size) != (ssize_t)size) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!tmk_policy_load(&policy, path, &err))
		check(policy);
	else if (!err.code || !err.text[0] || policy)
		abort();
	tmk_policy_free(policy);
	close(fd);
	return 0;
}
