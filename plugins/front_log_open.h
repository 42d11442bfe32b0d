/*
 * front_log_open.h - uses that have an intent and no result: what was begun
 * when somebody died, or is being done this moment.
 *
 * A set of entry numbers, small as long as uses end. Knows no key. Private to
 * plugins/front_log*.c and front_audit_list.c.
 */
#ifndef TMK_PLUGINS_FRONT_LOG_OPEN_H
#define TMK_PLUGINS_FRONT_LOG_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct tmk_log_open {
	uint64_t *seq;		/* ascending */
	size_t n, room;
};

#define TMK_LOG_OPEN_INIT { NULL, 0, 0 }

/* An intent; numbers ascend. Fails with TMK_INTERNAL. */
int tmk_log_open_add(struct tmk_log_open *open, uint64_t seq,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* Its result. Nothing happens when there is no such intent. */
void tmk_log_open_end(struct tmk_log_open *open, uint64_t seq);

/* Whether this intent has no result yet. */
bool tmk_log_open_has(const struct tmk_log_open *open, uint64_t seq);

/* Free what is inside. */
void tmk_log_open_release(struct tmk_log_open *open);

#endif
