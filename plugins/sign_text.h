/*
 * sign_text.h - content in memory that is signed, as bytes or as clearsigned
 * text: its digest, its file, and whether the key that is to sign
 * has signed it before.
 *
 * For the forms whose artefacts are small texts. Asks nobody and writes no
 * file. Buffers are the caller's.
 */
#ifndef TMK_PLUGINS_SIGN_TEXT_H
#define TMK_PLUGINS_SIGN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "plugins/sign_job.h"

/* What is signed; borrowed. */
struct tmk_sign_text {
	const uint8_t *data;
	size_t len;
	bool framed;		/* in its canonical form within the cleartext
				   framework (RFC 9580 7.2), else as it is */
};

/* Fill want->digest: want->ready's hash over the text and its trailer; for a
 * seal without digest want->content, borrowed from the text. Fails with
 * TMK_INPUT for text that cannot be clearsigned. */
int tmk_sign_text_digest(struct tmk_sign_want *want,
			 const struct tmk_sign_text *text,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* What a signature is to the key of a want. */
enum tmk_sign_mine {
	TMK_SIGN_FOREIGN = 1,	/* of another key, or none that can be read */
	TMK_SIGN_STALE,		/* of this key, but not for this content */
	TMK_SIGN_BARE,		/* good, without the timestamp that it must
				   have */
	TMK_SIGN_MINE		/* of this key, and good */
};

/* Find out about the best signature in a seal of any form, by the key that
 * want number `want` has (tmk_sign_ready). Good is what the arithmetic says;
 * nobody is trusted. */
int tmk_sign_text_mine(enum tmk_sign_mine *out,
		       const struct tmk_sign_job *job, int want,
		       const struct tmk_sign_text *text,
		       const uint8_t *seal, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The same for a file that may stand there; what is not there, or cannot be
 * read as a signature, is foreign. */
int tmk_sign_text_mine_in(enum tmk_sign_mine *out,
			  const struct tmk_sign_job *job, int want,
			  const struct tmk_sign_text *text, const char *path,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* The refusal of what this key has signed already. Returns -1. */
int tmk_sign_text_already(struct tmk_err *err, const char *name);

/* Read a detached signature back from output `o`: it must be of this key, and
 * good for what was hashed. Fails with TMK_INTERNAL. */
int tmk_sign_text_check_detached(const struct tmk_sign_output *o,
				 const struct tmk_sign_want *want,
				 struct tmk_err *err) TMK_MUST_CHECK;

/* Read a file back that has no signature of its own: it must be these bytes.
 * Fails with TMK_INTERNAL. */
int tmk_sign_text_check_bytes(const struct tmk_sign_output *o,
			      const uint8_t *data, size_t len,
			      struct tmk_err *err) TMK_MUST_CHECK;

/* Read a clearsigned file back from output `o`: its text must be this one to
 * the byte, its signature good. Fails with TMK_INTERNAL. */
int tmk_sign_text_check_framed(const struct tmk_sign_output *o,
			       const struct tmk_sign_want *want,
			       const struct tmk_sign_text *text,
			       struct tmk_err *err) TMK_MUST_CHECK;

/* Where nothing but the usual place is possible: refuses -o (TMK_USAGE). */
int tmk_sign_text_no_out(const struct tmk_sign_job *job, struct tmk_err *err)
	TMK_MUST_CHECK;

/* An output at `path` (taken) with these bytes. */
int tmk_sign_text_put(struct tmk_sign_job *job, char *path, int want,
		      const void *data, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The want number `i` is an OpenPGP signature of this kind; it counts from
 * now on. Fails with TMK_INTERNAL. */
int tmk_sign_text_want(struct tmk_sign_job *job, int i, bool text,
		       bool armour, struct tmk_err *err) TMK_MUST_CHECK;

#endif
