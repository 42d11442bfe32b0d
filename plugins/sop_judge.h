/*
 * sop_judge.h - signatures, the certificates somebody named, and what is
 * found to be signed by them.
 *
 * The judgement is that of core/judge.h with those certificates as its only
 * trust. What the interface asks for beside it are two times between which a
 * signature must say that it was made. Knows no command line.
 */
#ifndef TMK_PLUGINS_SOP_JUDGE_H
#define TMK_PLUGINS_SOP_JUDGE_H

#include <stdint.h>

#include "core/judge.h"
#include "plugins/sop.h"
#include "x509/digest.h"

#define TMK_SOP_CERTS 64	/* certificate files */

/* One signature that could be read. */
struct tmk_sop_seal {
	struct tmk_evidence *evidence;
	struct tmk_digest digest;
};

struct tmk_sop_judge {
	struct tmk_judge judge;
	struct tmk_keyring *ring[TMK_SOP_CERTS];
	int rings;
	int64_t not_before, not_after;	/* TMK_TIME_NONE: no such end */
	struct tmk_sop_seal seal[TMK_PACKAGE_SEALS];
	int seals;
	enum tmk_cleartext_form form;
	struct tmk_cleartext text;
	bool text_bad;		/* it has no canonical form: no signature of
				   text can be over it */
	char why[512];		/* of the last one that was refused */
};

/* Start with no trust, no signature, and signatures of up to now / free what
 * is inside. */
void tmk_sop_judge_init(struct tmk_sop_judge *j);
void tmk_sop_judge_release(struct tmk_sop_judge *j);

/* "-" for no end, "now", or a time of RFC 3339. */
int tmk_sop_judge_time(int64_t *out, const char *option, const char *value,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* Trust what this parameter leads to. */
int tmk_sop_judge_cert(struct tmk_sop_judge *j, const char *name,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* Take the signatures out of these packets; what is not read here is passed
 * over, as the interface wants it. `form` is how text is signed. */
int tmk_sop_judge_seals(struct tmk_sop_judge *j, const uint8_t *packets,
			size_t len, enum tmk_cleartext_form form,
			struct tmk_err *err) TMK_MUST_CHECK;

/* The next piece of the content; a tmk_package_sink. */
int tmk_sop_judge_feed(void *j, const uint8_t *data, size_t len,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* There is no more: append a line of VERIFICATIONS for each good signature.
 * NO_SIGNATURE when there is none. */
int tmk_sop_judge_end(struct tmk_sop_judge *j, struct tmk_buf *lines,
		      struct tmk_err *err) TMK_MUST_CHECK;

#endif
