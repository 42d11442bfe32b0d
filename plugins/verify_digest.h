/*
 * verify_digest.h - all the digests that the signatures of one content need,
 * with one reading of it.
 *
 * Signatures differ in hash, in whether they are over bytes or over canonical
 * text, and in what is hashed behind the content; one kind has no digest and
 * needs the content itself. Knows no file and no signature encoding. Fails with
 * TMK_INTERNAL; a content that has no canonical form, or is too large to be
 * kept, is a refusal of the signatures that need that.
 */
#ifndef TMK_PLUGINS_VERIFY_DIGEST_H
#define TMK_PLUGINS_VERIFY_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "formats/cleartext.h"
#include "iface/seal.h"
#include "iface/verdict.h"
#include "x509/digest.h"

#define TMK_VERIFY_DIGESTS 8	/* four hashes, of bytes and of text */
#define TMK_VERIFY_WHOLE (64 * 1024 * 1024)	/* bytes kept for signify */

struct tmk_verify_digests {
	struct {
		enum tmk_hash hash;
		bool text;
		struct tmk_digest digest;
	} item[TMK_VERIFY_DIGESTS];
	int items;
	bool text;		/* one of them is over text */
	struct tmk_cleartext canonical;
	struct tmk_err no_text;	/* code: the content has no canonical form */
	bool whole;		/* the content itself is needed */
	bool too_large;		/* and there is too much of it */
	struct tmk_buf content;
};

/* Start with nothing wanted / free what is inside. */
void tmk_verify_digests_init(struct tmk_verify_digests *d);
void tmk_verify_digests_release(struct tmk_verify_digests *d);

/* Before the first piece: what this signature needs. A hash that is unknown
 * here needs nothing: the judge refuses it. `text` as told by the seal. */
int tmk_verify_digests_want(struct tmk_verify_digests *d,
			    const struct tmk_signature *sig, bool text,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* The next piece of the content: a tmk_package_sink, `to` is the struct
 * tmk_verify_digests. */
int tmk_verify_digests_feed(void *to, const uint8_t *data, size_t len,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* There is no more of it; once. */
int tmk_verify_digests_end(struct tmk_verify_digests *d, struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * The digest for one of the signatures: `own` has TMK_HASH_MAX bytes, *data
 * points there or (TMK_WHOLE) to the content, borrowed until _release. 0 with
 * `v` good, or with a refusal in `v`.
 */
int tmk_verify_digests_get(const uint8_t **data, size_t *len, uint8_t *own,
			   const struct tmk_verify_digests *d,
			   const struct tmk_signature *sig, bool text,
			   struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
