/*
 * approve_request.h - requests that wait for approvals: where they are, and
 * what is said of them. Private to plugins/approve_*.c and cmd_approve.c.
 *
 * They lie in this user's own files, or on a signing host that is reached over
 * ssh (key/remote.h). What a host says is believed only as far as it can be
 * checked: a text is that of its id, a line is JSON of ours.
 */
#ifndef TMK_PLUGINS_APPROVE_REQUEST_H
#define TMK_PLUGINS_APPROVE_REQUEST_H

#include "plugins/approve.h"
#include "plugins/front_approval_text.h"

#define TMK_APPROVE_LIST_MAX (8 * 1024 * 1024)	/* bytes */

/* Lines of JSON, one for each request that is open; closed by newlines. */
int tmk_approve_where_list(struct tmk_buf *out, const struct tmk_approve *r,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* The text of one, held against its id. */
int tmk_approve_where_text(struct tmk_buf *out, const struct tmk_approve *r,
			   const char *id, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Hand over an approval; `out` gets the line of JSON of how it stands now. */
int tmk_approve_where_add(struct tmk_buf *out, const struct tmk_approve *r,
			  const char *id, const struct tmk_buf *der,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* Show the requests that wait. */
int tmk_approve_list(const struct tmk_approve *r, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Show r->request, sign it, hand the approval over, tell. 0 with r->verdict:
 * r->file is not what is to be signed. */
int tmk_approve_request(struct tmk_approve *r, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
