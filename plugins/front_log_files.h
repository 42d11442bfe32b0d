/*
 * front_log_files.h - a log and the rotated ones that it goes on from.
 *
 * Finds them by their first lines, in the same folder, and reads no more of
 * them. Whether each goes on from the one before is for whoever reads them:
 * tmk_front_log_files_join. A name that leads back is not followed.
 */
#ifndef TMK_PLUGINS_FRONT_LOG_FILES_H
#define TMK_PLUGINS_FRONT_LOG_FILES_H

#include <stdbool.h>

#include "base/err.h"
#include "core/chain_log.h"

#define TMK_LOG_FILES_MAX 10000

struct tmk_front_log_files {
	char **path;		/* the newest first */
	int n;			/* at least one: the log that was named */
	bool more;		/* the oldest goes on from one that is gone */
};

/* What was found belongs to *out. Fails with TMK_INTERNAL alone: a file that
 * cannot be read is in the list, and whoever reads it says why. */
int tmk_front_log_files(struct tmk_front_log_files *out, const char *path,
			struct tmk_err *err) TMK_MUST_CHECK;
void tmk_front_log_files_release(struct tmk_front_log_files *files);

/* Forget all but the log that was named. */
void tmk_front_log_files_first(struct tmk_front_log_files *files);

/* Whether a log, read as `next`, goes on from the one read as `before`; else
 * `before` gets where and why it breaks. One that was broken already when it
 * was rotated has told so itself. */
bool tmk_front_log_files_join(struct tmk_chain_report *before,
			      const struct tmk_chain_report *next);

#endif
