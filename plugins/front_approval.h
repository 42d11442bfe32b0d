/*
 * front_approval.h - signatures that M of N people must agree to.
 *
 * A key with `approvals = M` signs a digest only when M of its approvers have
 * signed the request for it (docs/PROTOCOL.approval): detached CMS by their
 * own keys over requester, key, format, digest and expiry. Requests lie in
 * $XDG_STATE_HOME/touchmark/requests, each in a folder of its own; one set of
 * approvals is good for one signature. Fails with TMK_REFUSED
 * (threshold-unmet) while approvals lack, and with TMK_USAGE or TMK_INPUT when
 * what is stored is not what was written: a request that was tampered with is
 * none.
 */
#ifndef TMK_PLUGINS_FRONT_APPROVAL_H
#define TMK_PLUGINS_FRONT_APPROVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "plugins/front_guard.h"

#define TMK_APPROVAL_ID 33	/* 32 hex digits and NUL */

/* Whether `use` has its approvals. 0 with *id ("" when the key needs none):
 * they are reserved for this process until _spend or _giveback. Else the
 * request is made, or met again, and the text says `request ID`. */
int tmk_front_approval_check(char id[TMK_APPROVAL_ID],
			     const struct tmk_front_use *use,
			     struct tmk_err *err) TMK_MUST_CHECK;

/* They were used: on the disk before the signature is given out. */
int tmk_front_approval_spend(const char *id, struct tmk_err *err)
	TMK_MUST_CHECK;

/* They were not. */
void tmk_front_approval_giveback(const char *id);

/*
 * The signing time of an open request of this requester, key and format: a
 * format that signs the time (OpenPGP) meets its request again only with the
 * same one. `content` (`len` bytes, 32) is the SHA-256 of the content alone;
 * without it (0) the artefact's name decides, and without that the newest
 * request. A request that is met wrongly is none of another content: that has
 * another digest. TMK_TIME_NONE when there is none.
 */
int64_t tmk_front_approval_time(const struct tmk_front_use *use,
				const uint8_t *content, size_t len);

/* Whether use->time is that of an open request of this requester, key and
 * format, however long ago that was. */
bool tmk_front_approval_has_time(const struct tmk_front_use *use);

/*
 * What approvers ask. Append, to `out`: a line of JSON for each request that
 * is open, with the status `broken`, a `code` and a `text` where its approvals
 * cannot be judged (the key's roots cannot be read, say); the text of one,
 * which its approvers sign; keep an approval (DER) of that and append a line of
 * JSON of how many there are now. Fail with TMK_REFUSED (reason id in front)
 * for an approval that does not count, TMK_INPUT when there is no such request,
 * or it expired or was used.
 */
int tmk_front_approval_list(struct tmk_buf *out,
			    const struct tmk_config *config,
			    struct tmk_err *err) TMK_MUST_CHECK;
int tmk_front_approval_text(struct tmk_buf *out,
			    const struct tmk_config *config, const char *id,
			    struct tmk_err *err) TMK_MUST_CHECK;
int tmk_front_approval_add(struct tmk_buf *out,
			   const struct tmk_config *config, const char *id,
			   const uint8_t *der, size_t len,
			   struct tmk_err *err) TMK_MUST_CHECK;

#endif
