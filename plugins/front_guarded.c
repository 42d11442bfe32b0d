#include "plugins/front_guarded.h"

#include <stdlib.h>

#include "base/clock.h"
#include "x509/digest.h"

struct guarded {
	struct tmk_signer signer;	/* first: what the others see */
	struct tmk_signer *inner;	/* ours */
	const struct tmk_config *config;	/* borrowed */
	struct tmk_front_use use;
};

static struct guarded *of(struct tmk_signer *signer)
{
	return (struct guarded *)signer;
}

/* The use that this signature is. A message that is signed as a whole goes on
 * record by its digest; `space` holds it. */
static int describe(struct tmk_front_use *use, const struct guarded *g,
		    enum tmk_scheme scheme, enum tmk_hash hash,
		    const uint8_t *digest, size_t len, uint8_t *space,
		    struct tmk_err *err)
{
	*use = g->use;
	use->spki = g->signer.spki.data;
	use->spki_len = g->signer.spki.len;
	use->time = tmk_clock_now();
	use->hash = hash;
	use->digest = digest;
	use->digest_len = len;
	if (scheme != TMK_EDDSA)
		return 0;
	use->hash = TMK_SHA256;
	use->digest = space;
	return tmk_digest_bytes(TMK_SHA256, digest, len, space,
				&use->digest_len, err);
}

static int sign(struct tmk_signer *signer, enum tmk_scheme scheme,
		enum tmk_hash hash, const uint8_t *digest, size_t len,
		struct tmk_buf *sig, struct tmk_err *err)
{
	struct tmk_front_outcome outcome = { .stamped = TMK_TIME_NONE };
	struct tmk_buf made = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	struct tmk_err why = TMK_ERR_INIT;
	struct tmk_front_guard *guard = NULL;
	struct guarded *g = of(signer);
	uint8_t space[TMK_DIGEST_MAX];
	struct tmk_front_use use;
	int rc;

	if (describe(&use, g, scheme, hash, digest, len, space, err) ||
	    tmk_front_guard_before(&guard, g->config, &use, err))
		return -1;
	g->inner->person = signer->person;
	rc = g->inner->ops->sign(g->inner, scheme, hash, digest, len, &made,
				 &why);
	g->inner->person = NULL;
	signer->lost = g->inner->lost;
	if (rc) {
		outcome.why = &why;
		if (err)
			*err = why;
	} else {
		outcome.signature = &made;
	}
	if (tmk_front_guard_after(guard, &use, &outcome, rc ? NULL : err))
		rc = -1;
	if (!rc && tmk_buf_add(sig, made.data, made.len))
		rc = tmk_err_nomem(err);
	tmk_buf_release(&made);
	return rc;
}

static void release(struct tmk_signer *signer)
{
	struct guarded *g = of(signer);

	tmk_signer_free(g->inner);
	tmk_buf_release(&g->signer.spki);
	free(g);
}

int tmk_front_guarded_wrap(struct tmk_signer **signer,
			   const struct tmk_config *config,
			   const struct tmk_front_use *use,
			   struct tmk_err *err)
{
	static const struct tmk_signer_ops ops = { sign, release };
	struct tmk_signer *inner = *signer;
	struct guarded *g = calloc(1, sizeof(*g));

	if (!g)
		return tmk_err_nomem(err);
	g->inner = inner;
	g->config = config;
	g->use = *use;
	g->signer.ops = &ops;
	g->signer.algorithm = inner->algorithm;
	g->signer.bits = inner->bits;
	g->signer.only = inner->only;
	g->signer.person = inner->person;
	tmk_buf_init(&g->signer.spki, inner->spki.max);
	if (tmk_buf_add(&g->signer.spki, inner->spki.data, inner->spki.len)) {
		free(g);
		return tmk_err_nomem(err);
	}
	*signer = &g->signer;
	return 0;
}
