/*
 * front_remote_check.h - is what a signing host sent what it was asked for?
 *
 * The host is believed in nothing: the key must be the one that the
 * configuration or the other places know, the seal must be one signature by
 * that key over that digest, in the format, namespace, kind and time that were
 * asked for. Asks nobody. Fails with TMK_KEY.
 */
#ifndef TMK_PLUGINS_FRONT_REMOTE_CHECK_H
#define TMK_PLUGINS_FRONT_REMOTE_CHECK_H

#include "base/buf.h"
#include "base/err.h"
#include "plugins/front_serve_job.h"

/* What was to be signed, and by whom. Borrowed. */
struct tmk_remote_wanted {
	const char *where;	/* the host, for messages */
	const struct tmk_buf *spki;	/* of the key, DER */
	enum tmk_hash hash;
	const uint8_t *digest;	/* of content and trailer */
	size_t digest_len;
	const struct tmk_buf *trailer;	/* empty: the format has none */
	int64_t time;		/* the signing time */
};

/* Whether the public key that place `i` shows may be this key's: that of the
 * certificate file, that which other places showed. */
int tmk_front_remote_check_key(const struct tmk_serve_job *s, int i,
			       const char *where, const struct tmk_buf *spki,
			       struct tmk_err *err) TMK_MUST_CHECK;

/* What a PREPARE brought: a hash and a time that can be, a trailer where the
 * format has one. */
int tmk_front_remote_check_prepared(const struct tmk_serve_job *s,
				    const char *where,
				    const struct tmk_answer *answer,
				    struct tmk_err *err) TMK_MUST_CHECK;

/* The seal (without armour). *stamped tells whether it carries a timestamp;
 * whether that one is to be trusted is for the judge. */
int tmk_front_remote_check_seal(bool *stamped, const struct tmk_serve_job *s,
				const struct tmk_buf *seal,
				const struct tmk_remote_wanted *wanted,
				struct tmk_err *err) TMK_MUST_CHECK;

#endif
