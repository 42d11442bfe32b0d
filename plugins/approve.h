/*
 * approve.h - what the two kinds of `touchmark approve` share: one signature
 * over a digest, by the key that was asked for, and the line that tells of it.
 *
 * Knows no policy: whether an approval counts is the judge's business. What
 * is to be approved must hold already, so that nobody puts his name beside a
 * signature that is none.
 */
#ifndef TMK_PLUGINS_APPROVE_H
#define TMK_PLUGINS_APPROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/config.h"
#include "iface/verdict.h"
#include "plugins/front_ask.h"

#define TMK_APPROVE_REFS "refs/touchmark/approvals/"

/* The command line, and what was found out. */
struct tmk_approve {
	const char *key, *out, *timestamp, *pin_file_name, *tag, *dir;
	const char *keyring;
	const char *request, *on, *file;	/* approve_request.h */
	bool help, json, no_timestamp, list;
	/* later */
	struct tmk_config *config;
	struct tmk_front_ask ask;
	char *pin_file;		/* absolute: an agent works elsewhere */
	enum tmk_request_stamp stamp;
	enum tmk_request_format format;	/* that of what is there */
	struct tmk_answer ready;	/* who would sign, and with which digest */
	struct tmk_answer made;
	/* what is told in the end */
	const char *what;	/* FILE or the tag's name */
	struct tmk_verdict verdict;
	char *place;		/* where the approval lies now */
	int signers;		/* that it has with this one */
};

/* Whose key it is and what it signs; r->ready. The token is not used. Fails
 * with what tmk_front_ask says, TMK_KEY for one. */
int tmk_approve_prepare(struct tmk_approve *r, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Sign a digest made with r->ready.hash over the content and ready.trailer:
 * r->made.seal is one detached signature. */
int tmk_approve_sign(struct tmk_approve *r, const uint8_t *digest, size_t len,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* Refuse when this certificate (sha256 in hex) or key is the one that would
 * sign. */
void tmk_approve_twice(struct tmk_approve *r, const char *fingerprint);

/* FILE and its SIGNATURE (approve_file.c): 0 with r->verdict telling. */
int tmk_approve_file(struct tmk_approve *r, const char *file,
		     const char *signature, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The tag r->tag of the repository at hand (approve_tag.c), in the same
 * way. */
int tmk_approve_tag(struct tmk_approve *r, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Append a word as a shell reads it: as it is, or in single quotes. */
int tmk_approve_quote(struct tmk_buf *out, const char *word) TMK_MUST_CHECK;

#endif
