#include "plugins/verify_digest.h"

#include <string.h>

void tmk_verify_digests_init(struct tmk_verify_digests *d)
{
	memset(d, 0, sizeof(*d));
	tmk_buf_init(&d->content, TMK_VERIFY_WHOLE);
}

void tmk_verify_digests_release(struct tmk_verify_digests *d)
{
	int i;

	for (i = 0; i < d->items; i++)
		tmk_digest_release(&d->item[i].digest);
	d->items = 0;
	tmk_buf_release(&d->content);
}

static int find(const struct tmk_verify_digests *d, enum tmk_hash hash,
		bool text)
{
	int i;

	for (i = 0; i < d->items; i++)
		if (d->item[i].hash == hash && d->item[i].text == text)
			return i;
	return -1;
}

/* Canonical bytes, to the digests over text. */
static int feed_text(void *to, const uint8_t *data, size_t len,
		     struct tmk_err *err)
{
	struct tmk_verify_digests *d = to;
	int i, rc = 0;

	for (i = 0; !rc && i < d->items; i++)
		if (d->item[i].text)
			rc = tmk_digest_update(&d->item[i].digest, data, len,
					       err);
	return rc;
}

int tmk_verify_digests_want(struct tmk_verify_digests *d,
			    const struct tmk_signature *sig, bool text,
			    struct tmk_err *err)
{
	if (sig->hash == TMK_WHOLE) {
		d->whole = true;
		return 0;
	}
	if (!tmk_digest_md((int)sig->hash) || find(d, sig->hash, text) >= 0)
		return 0;
	if (d->items == TMK_VERIFY_DIGESTS)
		return tmk_err_set(err, TMK_INTERNAL,
				   "too many digests of one content");
	if (tmk_digest_init(&d->item[d->items].digest, (int)sig->hash, err))
		return -1;
	d->item[d->items].hash = sig->hash;
	d->item[d->items++].text = text;
	if (text && !d->text)
		tmk_cleartext_init(&d->canonical, TMK_CLEARTEXT_LINES,
				   feed_text, d);
	d->text |= text;
	return 0;
}

/* That a content is no text is not the fault of whoever reads it. */
static int no_text(struct tmk_verify_digests *d, const struct tmk_err *why,
		   struct tmk_err *err)
{
	if (why->code != TMK_INPUT)
		return tmk_err_set(err, why->code, "%s", why->text);
	d->no_text = *why;
	return 0;
}

int tmk_verify_digests_feed(void *to, const uint8_t *data, size_t len,
			    struct tmk_err *err)
{
	struct tmk_verify_digests *d = to;
	struct tmk_err why = TMK_ERR_INIT;
	int i, rc = 0;

	for (i = 0; !rc && i < d->items; i++)
		if (!d->item[i].text)
			rc = tmk_digest_update(&d->item[i].digest, data, len,
					       err);
	if (!rc && d->text && !d->no_text.code &&
	    tmk_cleartext_feed(&d->canonical, data, len, &why))
		rc = no_text(d, &why, err);
	if (rc || !d->whole || d->too_large)
		return rc;
	if (len > d->content.max - d->content.len) {
		d->too_large = true;
		tmk_buf_release(&d->content);
		return 0;
	}
	return tmk_buf_add(&d->content, data, len) ? tmk_err_nomem(err) : 0;
}

int tmk_verify_digests_end(struct tmk_verify_digests *d, struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;

	if (d->text && !d->no_text.code &&
	    tmk_cleartext_end(&d->canonical, &why))
		return no_text(d, &why, err);
	return 0;
}

/* The content is in a context that others may still need: go on with a
 * copy. */
static int finish(uint8_t *own, size_t *len, const struct tmk_digest *d,
		  const struct tmk_signature *sig, struct tmk_err *err)
{
	struct tmk_digest copy = { EVP_MD_CTX_new() };
	int rc = 0;

	if (!copy.ctx || EVP_MD_CTX_copy_ex(copy.ctx, d->ctx) != 1)
		rc = tmk_err_nomem(err);
	if (!rc && sig->suffix_len)
		rc = tmk_digest_update(&copy, sig->suffix, sig->suffix_len,
				       err);
	if (!rc)
		rc = tmk_digest_final(&copy, own, len, err);
	tmk_digest_release(&copy);
	return rc;
}

static int get_whole(const uint8_t **data, size_t *len,
		     const struct tmk_verify_digests *d, struct tmk_verdict *v)
{
	if (d->too_large)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "a signature "
			"of this kind is over the file itself, which has more "
			"than %d bytes", TMK_VERIFY_WHOLE);
	*data = d->content.data ? d->content.data : (const uint8_t *)"";
	*len = d->content.len;
	return 0;
}

int tmk_verify_digests_get(const uint8_t **data, size_t *len, uint8_t *own,
			   const struct tmk_verify_digests *d,
			   const struct tmk_signature *sig, bool text,
			   struct tmk_verdict *v, struct tmk_err *err)
{
	int i;

	if (sig->hash == TMK_WHOLE)
		return get_whole(data, len, d, v);
	i = find(d, sig->hash, text);
	if (i < 0)
		return tmk_verdict_refuse(v, TMK_DIGEST_WEAK, "the signature "
			"uses a digest that is not known here");
	if (text && d->no_text.code)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_BAD, "a signature "
			"of text, and this is none: %s", d->no_text.text);
	*data = own;
	return finish(own, len, &d->item[i].digest, sig, err);
}
