/*
 * key_shim.h - the misbehaving module (t/mock/shim_so.c) over the token of
 * key_token.h.
 */
#ifndef TMK_T_KEY_SHIM_H
#define TMK_T_KEY_SHIM_H

#include "t/unit/key_token.h"

#define SHIM_LOG "calls.log"

static char shim[4096];

/* Where the shim is, seen from this test's own path; its log is SHIM_LOG in
 * the scratch folder. */
static inline void shim_find(const char *argv0)
{
	char *self = realpath(argv0, NULL), *slash;
	char log[sizeof(scratch) + 16];

	slash = self ? strrchr(self, '/') : NULL;
	if (slash)
		*slash = '\0';
	snprintf(shim, sizeof(shim), "%s/../mock/shim.so", self ? self : ".");
	free(self);
	snprintf(log, sizeof(log), "%s/" SHIM_LOG, scratch);
	setenv("TMK_SHIM_MODULE", MODULE, 1);
	setenv("TMK_SHIM_LOG", log, 1);
}

/* How often a line of the log begins with `call`; its whole length when
 * `call` is "". */
static inline int shim_count(const char *call)
{
	FILE *in = fopen(SHIM_LOG, "r");
	char line[2048];
	int n = 0;

	while (in && fgets(line, sizeof(line), in))
		n += !strncmp(line, call, strlen(call));
	if (in)
		fclose(in);
	return n;
}

#endif
