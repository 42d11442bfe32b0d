/*
 * front_approval_text.h - a request as its approvers sign it: the bytes of
 * docs/PROTOCOL.approval, section 2.
 *
 * One form for each request: what is read is what would be written, and the
 * id is a digest of all of it. Every value is escaped when it is written, so
 * the text can be shown as it is. Knows no file and no key. Fails with
 * TMK_INPUT.
 */
#ifndef TMK_PLUGINS_FRONT_APPROVAL_TEXT_H
#define TMK_PLUGINS_FRONT_APPROVAL_TEXT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "plugins/front_approval.h"

#define TMK_APPROVAL_TEXT_MAX 32768	/* bytes */
#define TMK_APPROVAL_NAME 2048		/* bytes of an artefact's name,
					   escaped, and NUL */
#define TMK_APPROVAL_TRAILER 8192	/* bytes */
#define TMK_APPROVAL_SPACE 1088		/* 256 bytes of a namespace, escaped */

/* What a text says; "" where it says nothing. */
struct tmk_approval_text {
	char nonce[33];		/* 32 hex digits */
	char what[16];		/* "sign" */
	char requester[80];
	char key[512];
	char spki[65];		/* SHA-256 in hex */
	char format[16];	/* "" where none is made */
	char name_space[TMK_APPROVAL_SPACE];	/* of an SSHSIG, escaped */
	enum tmk_hash hash;
	uint8_t digest[TMK_HASH_MAX];
	size_t digest_len;
	uint8_t trailer[TMK_APPROVAL_TRAILER];
	size_t trailer_len;
	char artefact[TMK_APPROVAL_NAME];
	char content[65];
	int64_t time;		/* signing time; TMK_TIME_NONE */
	int64_t created, expires;
	int approvals;		/* that it needs */
};

/* Fill it from a use; `requester` is who asks, `now` when. A new nonce each
 * time. */
int tmk_approval_text_fill(struct tmk_approval_text *out,
			   const struct tmk_front_use *use,
			   const char *requester, int64_t now,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* Append the text. */
int tmk_approval_text_write(struct tmk_buf *out,
			    const struct tmk_approval_text *text,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Read it. */
int tmk_approval_text_read(struct tmk_approval_text *out, const uint8_t *data,
			   size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* The id of a text. */
int tmk_approval_text_id(char id[TMK_APPROVAL_ID], const uint8_t *data,
			 size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* Whether this may be an id. */
bool tmk_approval_text_id_ok(const char *id);

/* "sha256" and so on; "" for what has no digest. */
const char *tmk_approval_text_hash(enum tmk_hash hash);

#endif
