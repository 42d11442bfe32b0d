/*
 * Other timestamps for a CMS that exists (RFC 3161 appendix A). Only the
 * unsigned attributes change, and with them the lengths of what holds them;
 * every other byte is copied as it stands. What is written anew is DER.
 */
#include "seal/cms_read.h"
#include "seal/cms_write.h"
#include "x509/tst.h"

#define GROWTH 64		/* bytes that longer headers may need */

/* id-smime-aa-timeStampToken, 1.2.840.113549.1.9.16.2.14. */
static const uint8_t stamp_oid[] = { 0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7,
	0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e };

/* The way down to the SignerInfos. Borrowed from the input. */
struct way {
	struct tmk_ber type;	/* id-signedData */
	struct tmk_ber data;	/* SignedData */
	struct tmk_ber infos;	/* the last thing in it */
};

static int no_room(struct tmk_err *err)
{
	return tmk_err_set(err, TMK_INPUT, "the signature has no room for "
			   "another timestamp: it may have %d bytes and %d "
			   "unsigned attributes", TMK_SEAL_MAX,
			   TMK_CMS_ATTRS_MAX);
}

/* ---- attributes ---------------------------------------------------------- */

/* Attribute { id, SET { token } }: one token each, as the reader wants it. */
static int add_stamp(struct tmk_cms_set *s, const uint8_t *token, size_t len)
{
	struct tmk_buf value = TMK_BUF_INIT(TMK_TST_MAX + GROWTH);
	struct tmk_buf body = TMK_BUF_INIT(TMK_TST_MAX + GROWTH);
	struct tmk_buf *item = tmk_cms_write_item(s);
	int rc = -1;

	if (item && !tmk_buf_add(&value, token, len) &&
	    !tmk_buf_add(&body, stamp_oid, sizeof(stamp_oid)) &&
	    !tmk_cms_write_element(&body, TMK_BER_SET, &value))
		rc = tmk_cms_write_element(item, TMK_BER_SEQUENCE, &body);
	tmk_buf_release(&value);
	tmk_buf_release(&body);
	return rc;
}

static bool is_stamp(const struct tmk_ber *attr)
{
	struct tmk_ber_cursor c;
	struct tmk_ber oid;

	tmk_cms_ber_enter(&c, attr);
	return tmk_cms_ber_take(&oid, &c, TMK_BER_OID) &&
		tmk_cms_oid_find(&oid) == TMK_OID_TIMESTAMP;
}

/* The attributes that stay. The reader counted tokens in the same order. */
static int keep_attributes(struct tmk_cms_set *s, const struct tmk_ber *attrs,
			   unsigned int drop)
{
	struct tmk_ber_cursor c;
	struct tmk_ber attr;
	int token = 0;

	tmk_cms_ber_enter(&c, attrs);
	while (tmk_cms_ber_next(&attr, &c)) {
		if (is_stamp(&attr) && drop & 1u << token++)
			continue;
		if (tmk_cms_write_copy(s, &attr))
			return -1;
	}
	return 0;
}

/* unsignedAttrs [1] in their new form; nothing when none are left. */
static int write_attributes(struct tmk_buf *out, const struct tmk_ber *attrs,
			    const struct tmk_stamp_change *change)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_cms_set s = { .n = 0 };
	int rc = 0;

	if (attrs->tag)
		rc = keep_attributes(&s, attrs, change->drop);
	if (!rc && change->token)
		rc = add_stamp(&s, change->token, change->len);
	if (!rc && s.n) {
		rc = tmk_cms_write_set(&body, &s);
		if (!rc)
			rc = tmk_cms_write_element(out, TMK_BER_TAGGED(1), &body);
	}
	tmk_cms_write_release(&s);
	tmk_buf_release(&body);
	return rc;
}

/* ---- SignerInfos --------------------------------------------------------- */

/* One SignerInfo: all up to the unsigned attributes is copied. */
static int write_signer(struct tmk_cms_set *s, const struct tmk_ber *info,
			const struct tmk_stamp_change *change)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf *item = tmk_cms_write_item(s);
	struct tmk_ber e, attrs = { 0 };
	struct tmk_ber_cursor c;
	int rc;

	tmk_cms_ber_enter(&c, info);
	while (tmk_cms_ber_next(&e, &c))
		attrs = e;
	if (attrs.tag != TMK_BER_TAGGED(1))
		attrs.tag = 0;
	rc = !item || tmk_buf_add(&body, info->body,
				  attrs.tag ? (size_t)(attrs.all - info->body) :
				  info->len) ||
		write_attributes(&body, &attrs, change) ||
		tmk_cms_write_element(item, TMK_BER_SEQUENCE, &body) ? -1 : 0;
	tmk_buf_release(&body);
	return rc;
}

static int write_signers(struct tmk_buf *out, const struct way *way,
			 const struct tmk_stamp_change *change)
{
	struct tmk_cms_set s = { .n = 0 };
	struct tmk_ber_cursor c;
	struct tmk_ber info;
	int rc = 0;

	tmk_cms_ber_enter(&c, &way->infos);
	while (!rc && tmk_cms_ber_next(&info, &c))
		rc = write_signer(&s, &info, change++);
	if (!rc)
		rc = tmk_cms_write_set(out, &s);
	tmk_cms_write_release(&s);
	return rc;
}

/* ---- the whole ----------------------------------------------------------- */

/* The input was read before: what is not there now is our own fault. */
static bool find_way(struct way *way, const struct tmk_cms *cms)
{
	struct tmk_ber_cursor c;
	struct tmk_ber e;

	if (!tmk_cms_find_data(&way->type, &way->data, cms))
		return false;
	tmk_cms_ber_enter(&c, &way->data);
	while (tmk_cms_ber_next(&e, &c))
		way->infos = e;
	return way->infos.tag == TMK_BER_SET;
}

/* From the inside out, each in a buffer of its own. */
static int write_all(struct tmk_buf *out, const struct way *way,
		     const struct tmk_stamp_change *change)
{
	struct tmk_buf infos = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf data = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf tagged = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf all = TMK_BUF_INIT(TMK_SEAL_MAX);
	size_t before = (size_t)(way->infos.all - way->data.body);
	int rc;

	rc = write_signers(&infos, way, change) ||
		tmk_buf_add(&data, way->data.body, before) ||
		tmk_cms_write_element(&data, TMK_BER_SET, &infos) ||
		tmk_cms_write_element(&tagged, TMK_BER_SEQUENCE, &data) ||
		tmk_buf_add(&all, way->type.all, way->type.all_len) ||
		tmk_cms_write_element(&all, TMK_BER_TAGGED(0), &tagged) ||
		tmk_cms_write_element(out, TMK_BER_SEQUENCE, &all) ? -1 : 0;
	tmk_buf_release(&infos);
	tmk_buf_release(&data);
	tmk_buf_release(&tagged);
	tmk_buf_release(&all);
	return rc;
}

static int check_change(const struct tmk_evidence *evidence,
			const struct tmk_stamp_change *change,
			struct tmk_err *err)
{
	int i, n, left;

	for (i = 0; i < evidence->signatures; i++) {
		left = change[i].token ? 1 : 0;
		if (change[i].len > TMK_TST_MAX)
			return tmk_err_set(err, TMK_INPUT, "the timestamp is "
					   "larger than %d bytes",
					   TMK_TST_MAX);
		for (n = 0; n < evidence->signature[i].tokens; n++)
			left += !(change[i].drop & 1u << n);
		if (left > TMK_TOKENS_MAX)
			return tmk_err_set(err, TMK_INPUT, "a signature has "
					   "%d timestamps at most",
					   TMK_TOKENS_MAX);
	}
	return 0;
}

int tmk_cms_stamp(const struct tmk_evidence *evidence,
		  const struct tmk_stamp_change *change, struct tmk_buf *out,
		  struct tmk_err *err)
{
	const struct tmk_cms *cms = evidence->priv;
	struct tmk_buf made = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct way way = { .infos = { 0 } };
	int rc;

	if (check_change(evidence, change, err))
		return -1;
	if (!find_way(&way, cms))
		return tmk_err_set(err, TMK_INTERNAL, "the signature cannot "
				   "be found again");
	rc = write_all(&made, &way, change) ||
		tmk_buf_add(out, made.data, made.len) ? no_room(err) : 0;
	tmk_buf_release(&made);
	return rc;
}
