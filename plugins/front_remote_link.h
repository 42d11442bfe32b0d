/*
 * front_remote_link.h - the line to a signing host, and what it prepared.
 *
 * Kept from the preparation to the signature, and in an agent from one request
 * to the next. Several requests may be prepared before the first of them is
 * signed: what belongs to which is met again by its time and kind. Judges
 * nothing of what a host says. Private to plugins/front_remote*.c and
 * front_session.c.
 */
#ifndef TMK_PLUGINS_FRONT_REMOTE_LINK_H
#define TMK_PLUGINS_FRONT_REMOTE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/pin.h"
#include "iface/seal.h"
#include "key/remote.h"
#include "key/request.h"

#define TMK_FRONT_LINK_PREPARED 16	/* that are remembered */

struct tmk_front_prepared {
	int64_t time;		/* TMK_TIME_NONE: none */
	enum tmk_seal_format format;
	enum tmk_hash hash;
	bool text;		/* OpenPGP: of canonical text */
	struct tmk_buf trailer;
};

struct tmk_front_link {
	struct tmk_remote *remote;	/* NULL: to be opened */
	struct tmk_buf spki;	/* DER, that the host showed; empty: none yet */
	struct tmk_front_prepared prepared[TMK_FRONT_LINK_PREPARED];
	int next;		/* where the next one is remembered */
	int64_t used;		/* tmk_clock_slept_ms */
	char uri[];
};

/* The link at *kept, when it leads to `uri`; else that one is freed and *kept
 * becomes one that is to be opened. Borrowed from *kept; NULL when memory
 * ends. */
struct tmk_front_link *tmk_front_link_get(struct tmk_front_link **kept,
					  const char *uri);

/* Over the connection that is there, or over a new one: a host hangs up on
 * somebody who takes his time over a large content. `ms` and `auth_sock` as
 * tmk_remote_open, result as tmk_remote_ask. */
int tmk_front_link_ask(struct tmk_answer *answer, struct tmk_front_link *link,
		       const struct tmk_remote_uri *uri, int ms,
		       const char *auth_sock, const struct tmk_request *request,
		       const struct tmk_person *person, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Remember what the host prepared: its key, and the trailer that this kind of
 * signature of this time has. Copies both; fails when memory ends. */
int tmk_front_link_prepared(struct tmk_front_link *link,
			    const struct tmk_answer *got,
			    enum tmk_seal_format format, bool text,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* The trailer of what was prepared so; NULL when it was prepared elsewhere.
 * Borrowed until the next one is remembered. */
const struct tmk_buf *tmk_front_link_trailer(const struct tmk_front_link *link,
					     int64_t time,
					     enum tmk_seal_format format,
					     enum tmk_hash hash, bool text);

/* End the connection; what was prepared stays. */
void tmk_front_link_hang_up(struct tmk_front_link *link);

/* Hang up when it was not used for a while at `now_ms` (tmk_clock_slept_ms):
 * the other side would do so. When that is due, on the same clock; INT64_MAX
 * when nothing is open. */
int64_t tmk_front_link_expire(struct tmk_front_link *link, int64_t now_ms);

/* Hang up and free. NULL is fine. */
void tmk_front_link_free(struct tmk_front_link *link);

#endif
