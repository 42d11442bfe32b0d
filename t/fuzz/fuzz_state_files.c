/*
 * fuzz_state_files.c - the small files in which programs keep what they
 * learned, with anything in them: the counts of refusals and the certificates
 * of timestamp authorities. What is not of their form counts as nothing; what
 * is written after it is of that form, and is read the same again.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "plugins/front_audit_bound.h"
#include "plugins/front_stamp_seen.h"

#define NOW 1795240000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/tmk-state-XXXXXX";
static char counts[64], log_path[64], certs[64], folder[64];

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void clean(void)
{
	unlink(counts);
	unlink(certs);
	rmdir(folder);
	rmdir(dir);
}

static void prepare(void)
{
	demand(mkdtemp(dir) != NULL);
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	snprintf(counts, sizeof(counts), "%s/log.refused", dir);
	snprintf(folder, sizeof(folder), "%s/touchmark", dir);
	snprintf(certs, sizeof(certs), "%s/touchmark/tsa.certs", dir);
	demand(!mkdir(folder, 0700) && !setenv("XDG_STATE_HOME", dir, 1));
	atexit(clean);
}

static void put(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	demand(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static void try_counts(const uint8_t *data, size_t size)
{
	struct tmk_err err = TMK_ERR_INIT;
	uint64_t left = 0, more = 0;
	int rc;

	put(counts, data, size);
	rc = tmk_front_audit_bound_take(&left, log_path, "alice", NOW, &err);
	demand(rc == 0 || rc == 1);
	/* Whatever stood there, an hour later there is room. */
	tmk_front_audit_bound_giveback(log_path, "alice", left, NOW);
	rc = tmk_front_audit_bound_take(&more, log_path, "alice",
					NOW + TMK_AUDIT_REFUSED_SPAN, &err);
	demand(rc == 1);
}

static void try_certs(const uint8_t *data, size_t size)
{
	struct tmk_stamp_seen *seen = NULL;
	struct tmk_err err = TMK_ERR_INIT;
	int64_t when = 0;

	put(certs, data, size);
	if (tmk_front_stamp_seen_read(&seen, &err)) {
		demand(err.code == TMK_INPUT && err.text[0] && !seen);
	} else {
		demand(!tmk_front_stamp_seen_get(&when, seen, "nobody"));
		tmk_front_stamp_seen_free(seen);
	}
	/* Junk is no token, and leaves the file alone. */
	tmk_front_stamp_seen_note("nobody", data, size, NOW);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool prepared;

	if (!prepared)
		prepare();
	prepared = true;
	try_counts(data, size);
	try_certs(data, size);
	return 0;
}
