/*
 * front_log_line.h - the fields of one entry about a key, kept while its line
 * is read; private to plugins/front_log*.c and front_audit_list.c.
 *
 * A line counts only when all of it was read and the chain holds: until then
 * what is kept is a claim. Fields that are not known are passed over. Text is
 * kept whole: no reader allows a longer one.
 */
#ifndef TMK_PLUGINS_FRONT_LOG_LINE_H
#define TMK_PLUGINS_FRONT_LOG_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/chain_log.h"

enum tmk_log_field {
	TMK_LOG_WHAT, TMK_LOG_REQUESTER, TMK_LOG_USER, TMK_LOG_KEY,
	TMK_LOG_SPKI, TMK_LOG_PLACE, TMK_LOG_FORMAT, TMK_LOG_HASH,
	TMK_LOG_DIGEST, TMK_LOG_ARTEFACT, TMK_LOG_CONTENT, TMK_LOG_STATUS,
	TMK_LOG_REASON, TMK_LOG_SEAL, TMK_LOG_EVENT, TMK_LOG_NOTE,
	TMK_LOG_TSA, TMK_LOG_TOKEN, TMK_LOG_SHA256,
	TMK_LOG_TEXTS,
	/* numbers */
	TMK_LOG_INTENT = TMK_LOG_TEXTS, TMK_LOG_COVERS, TMK_LOG_STAMPED,
	TMK_LOG_UID, TMK_LOG_LEFT_OUT,
	TMK_LOG_FIELDS
};

struct tmk_log_line;

/* *out belongs to the caller: free(). */
int tmk_log_line_new(struct tmk_log_line **out, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Forget what was kept: another line begins. */
void tmk_log_line_begin(struct tmk_log_line *line);

/* Keep one value; others than those above are passed over. */
void tmk_log_line_keep(struct tmk_log_line *line,
		       const struct tmk_json_event *e);

/* A text; "" when the line has none. Borrowed until the next _begin. */
const char *tmk_log_line_text(const struct tmk_log_line *line,
			      enum tmk_log_field field);

/* A number; `none` when the line has none. */
int64_t tmk_log_line_number(const struct tmk_log_line *line,
			    enum tmk_log_field field, int64_t none);

#endif
