/*
 * front_audit_seal.h - timestamps over the record, each touchmark.auditSeal
 * entries; private to plugins/front_audit*.c and front_log*.c.
 *
 * What is stamped are the 64 hexadecimal digits of the last entry's hash: an
 * authority then says by when everything up to that entry stood there. An
 * authority that does not answer keeps nobody from signing: it is asked again
 * with the next entry, as front_stamp.h passes over those that are down.
 */
#ifndef TMK_PLUGINS_FRONT_AUDIT_SEAL_H
#define TMK_PLUGINS_FRONT_AUDIT_SEAL_H

#include "core/chain_log.h"
#include "core/config.h"

#define TMK_AUDIT_TOKEN_TEXT 32000	/* bytes of a token in base64 */

/* Whether `head` wants a timestamp, and get one if so. The lock of the log is
 * not held meanwhile. `warn` (or NULL) is told why there is none. */
void tmk_front_audit_seal(const struct tmk_config *config,
			  const struct tmk_chain_head *head,
			  void (*warn)(void *ctx, const char *text),
			  void *ctx);

/* Write the entry about a token that was got (front_audit.c). */
int tmk_front_audit_put_seal(const struct tmk_config *config,
			     const struct tmk_chain_head *of, int64_t stamped,
			     const char *tsa, const struct tmk_buf *token,
			     struct tmk_err *err) TMK_MUST_CHECK;

#endif
