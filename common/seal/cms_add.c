/*
 * One CMS with the signers of two (RFC 5652 5.1). A SignerInfo covers the
 * content's digest and its own attributes, not the structure around it: so
 * SignerInfos and certificates are copied as they stand, and what holds them
 * is written anew in DER.
 */
#include "seal/cms_read.h"
#include "seal/cms_write.h"

/* A SignedData cut into its fields. Borrowed from the input. */
struct fields {
	struct tmk_ber type;	/* id-signedData, beside it */
	int version;
	struct tmk_ber version_as_is;
	struct tmk_ber digests;
	struct tmk_ber content;
	struct tmk_ber certs;	/* [0]; tag 0: none */
	struct tmk_ber crls;	/* [1]; tag 0: none */
	struct tmk_ber infos;
};

/* The input was read before: what is not there now is our own fault. */
static bool find_fields(struct fields *f, const struct tmk_evidence *evidence)
{
	const struct tmk_cms *cms = evidence->priv;
	struct tmk_ber_cursor c;
	struct tmk_ber data;

	if (!tmk_cms_find_data(&f->type, &data, cms))
		return false;
	tmk_cms_ber_enter(&c, &data);
	f->certs.tag = f->crls.tag = 0;
	if (!tmk_cms_ber_take(&f->version_as_is, &c, TMK_BER_INTEGER) ||
	    !tmk_cms_ber_small(&f->version, &f->version_as_is) ||
	    !tmk_cms_ber_take(&f->digests, &c, TMK_BER_SET) ||
	    !tmk_cms_ber_take(&f->content, &c, TMK_BER_SEQUENCE))
		return false;
	if (!tmk_cms_ber_take(&f->certs, &c, TMK_BER_TAGGED(0)))
		f->certs.tag = 0;
	if (!tmk_cms_ber_take(&f->crls, &c, TMK_BER_TAGGED(1)))
		f->crls.tag = 0;
	return tmk_cms_ber_take(&f->infos, &c, TMK_BER_SET) &&
		tmk_cms_ber_done(&c);
}

/* Whether the set has an element of these bytes. */
static bool has(const struct tmk_ber *set, const struct tmk_ber *element)
{
	struct tmk_ber_cursor c;
	struct tmk_ber e;

	if (!set->tag)
		return false;
	tmk_cms_ber_enter(&c, set);
	while (tmk_cms_ber_next(&e, &c))
		if (tmk_cms_ber_same(&e, element))
			return true;
	return false;
}

/* The elements of `a` and those of `b`, each once but where `all`, as one
 * element `tag`; nothing when there are none and neither had the field. */
static int write_both(struct tmk_buf *out, uint8_t tag,
		      const struct tmk_ber *a, const struct tmk_ber *b,
		      bool all)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_cms_set s = { .n = 0 };
	struct tmk_ber_cursor c;
	struct tmk_ber e;
	int rc = 0;

	if (!a->tag && !b->tag)
		return 0;
	if (a->tag) {
		tmk_cms_ber_enter(&c, a);
		while (!rc && tmk_cms_ber_next(&e, &c))
			rc = tmk_cms_write_copy(&s, &e);
	}
	if (b->tag) {
		tmk_cms_ber_enter(&c, b);
		while (!rc && tmk_cms_ber_next(&e, &c))
			if (all || !has(a, &e))
				rc = tmk_cms_write_copy(&s, &e);
	}
	if (!rc)
		rc = tmk_cms_write_set(&body, &s);
	if (!rc)
		rc = tmk_cms_write_element(out, tag, &body);
	tmk_cms_write_release(&s);
	tmk_buf_release(&body);
	return rc;
}

static int write_data(struct tmk_buf *out, const struct fields *a,
		      const struct fields *b)
{
	/* The kinds of signer ids and certificates in it decide the version:
	 * the higher one has room for both. */
	const struct tmk_ber *version = a->version >= b->version ?
		&a->version_as_is : &b->version_as_is;

	return tmk_buf_add(out, version->all, version->all_len) ||
		write_both(out, TMK_BER_SET, &a->digests, &b->digests,
			   false) ||
		tmk_buf_add(out, a->content.all, a->content.all_len) ||
		write_both(out, TMK_BER_TAGGED(0), &a->certs, &b->certs,
			   false) ||
		write_both(out, TMK_BER_TAGGED(1), &a->crls, &b->crls,
			   false) ||
		write_both(out, TMK_BER_SET, &a->infos, &b->infos, true) ?
		-1 : 0;
}

/* From the inside out, each in a buffer of its own. */
static int write_all(struct tmk_buf *out, const struct fields *a,
		     const struct fields *b)
{
	struct tmk_buf data = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf tagged = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf all = TMK_BUF_INIT(TMK_SEAL_MAX);
	int rc;

	rc = write_data(&data, a, b) ||
		tmk_cms_write_element(&tagged, TMK_BER_SEQUENCE, &data) ||
		tmk_buf_add(&all, a->type.all, a->type.all_len) ||
		tmk_cms_write_element(&all, TMK_BER_TAGGED(0), &tagged) ||
		tmk_cms_write_element(out, TMK_BER_SEQUENCE, &all) ? -1 : 0;
	tmk_buf_release(&data);
	tmk_buf_release(&tagged);
	tmk_buf_release(&all);
	return rc;
}

int tmk_cms_add(const struct tmk_evidence *evidence,
		const struct tmk_evidence *other, struct tmk_buf *out,
		struct tmk_err *err)
{
	struct tmk_buf made = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct fields a, b;
	int rc;

	if (other->ops != evidence->ops)
		return tmk_err_set(err, TMK_INTERNAL, "two signatures of "
				   "different formats cannot become one");
	if (evidence->signatures + other->signatures > TMK_SIGNATURES_MAX)
		return tmk_err_set(err, TMK_INPUT, "a signature has %d signers "
				   "at most", TMK_SIGNATURES_MAX);
	if (!find_fields(&a, evidence) || !find_fields(&b, other))
		return tmk_err_set(err, TMK_INTERNAL, "the signature cannot "
				   "be found again");
	rc = write_all(&made, &a, &b) ||
		tmk_buf_add(out, made.data, made.len) ?
		tmk_err_set(err, TMK_INPUT, "the signature has no room for "
			    "another signer: it may have %d bytes and %d "
			    "certificates", TMK_SEAL_MAX, TMK_CMS_CERTS_MAX) :
		0;
	tmk_buf_release(&made);
	return rc;
}
