/*
 * Other timestamps for a CMS that exists (RFC 3161 appendix A). Only the
 * unsigned attributes change, and with them the lengths of what holds them;
 * every other byte is copied as it stands. What is written anew is DER.
 */
#include <stdlib.h>
#include <string.h>

#include "seal/cms_read.h"
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

/* Encodings that become one SET OF. */
struct set {
	struct tmk_buf item[TMK_CMS_ATTRS_MAX];
	int n;
};

static int no_room(struct tmk_err *err)
{
	return tmk_err_set(err, TMK_INPUT, "the signature has no room for "
			   "another timestamp: it may have %d bytes and %d "
			   "unsigned attributes", TMK_SEAL_MAX,
			   TMK_CMS_ATTRS_MAX);
}

/* Identifier and definite length of shortest form (X.690 10.1). */
static int add_head(struct tmk_buf *out, uint8_t tag, size_t len)
{
	uint8_t head[6] = { tag };
	size_t n = 0, i;

	if (len < 0x80) {
		head[1] = (uint8_t)len;
		return tmk_buf_add(out, head, 2);
	}
	while (n < sizeof(size_t) && len >> 8 * n)
		n++;
	if (n > 4)
		return -1;
	head[1] = (uint8_t)(0x80 | n);
	for (i = 0; i < n; i++)
		head[2 + i] = (uint8_t)(len >> 8 * (n - 1 - i));
	return tmk_buf_add(out, head, 2 + n);
}

static int add_element(struct tmk_buf *out, uint8_t tag,
		       const struct tmk_buf *body)
{
	return add_head(out, tag, body->len) ||
		tmk_buf_add(out, body->data, body->len) ? -1 : 0;
}

/* ---- sets ---------------------------------------------------------------- */

static struct tmk_buf *set_add(struct set *s)
{
	struct tmk_buf *item;

	if (s->n == TMK_CMS_ATTRS_MAX)
		return NULL;
	item = &s->item[s->n++];
	tmk_buf_init(item, TMK_SEAL_MAX);
	return item;
}

static void set_release(struct set *s)
{
	while (s->n)
		tmk_buf_release(&s->item[--s->n]);
}

/* X.690 11.6: as octet strings, the shorter one padded with zeros. */
static int compare(const void *a, const void *b)
{
	const struct tmk_buf *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int rc = memcmp(x->data, y->data, n);

	return rc ? rc : (x->len > y->len) - (x->len < y->len);
}

/* The contents of the SET, sorted. */
static int set_write(struct tmk_buf *out, struct set *s)
{
	int i, rc = 0;

	qsort(s->item, (size_t)s->n, sizeof(s->item[0]), compare);
	for (i = 0; !rc && i < s->n; i++)
		rc = tmk_buf_add(out, s->item[i].data, s->item[i].len);
	return rc;
}

/* ---- attributes ---------------------------------------------------------- */

/* Attribute { id, SET { token } }: one token each, as the reader wants it. */
static int add_stamp(struct set *s, const uint8_t *token, size_t len)
{
	struct tmk_buf value = TMK_BUF_INIT(TMK_TST_MAX + GROWTH);
	struct tmk_buf body = TMK_BUF_INIT(TMK_TST_MAX + GROWTH);
	struct tmk_buf *item = set_add(s);
	int rc = -1;

	if (item && !tmk_buf_add(&value, token, len) &&
	    !tmk_buf_add(&body, stamp_oid, sizeof(stamp_oid)) &&
	    !add_element(&body, TMK_BER_SET, &value))
		rc = add_element(item, TMK_BER_SEQUENCE, &body);
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
static int keep_attributes(struct set *s, const struct tmk_ber *attrs,
			   unsigned int drop)
{
	struct tmk_ber_cursor c;
	struct tmk_buf *item;
	struct tmk_ber attr;
	int token = 0;

	tmk_cms_ber_enter(&c, attrs);
	while (tmk_cms_ber_next(&attr, &c)) {
		if (is_stamp(&attr) && drop & 1u << token++)
			continue;
		item = set_add(s);
		if (!item || tmk_buf_add(item, attr.all, attr.all_len))
			return -1;
	}
	return 0;
}

/* unsignedAttrs [1] in their new form; nothing when none are left. */
static int write_attributes(struct tmk_buf *out, const struct tmk_ber *attrs,
			    const struct tmk_stamp_change *change)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct set s = { .n = 0 };
	int rc = 0;

	if (attrs->tag)
		rc = keep_attributes(&s, attrs, change->drop);
	if (!rc && change->token)
		rc = add_stamp(&s, change->token, change->len);
	if (!rc && s.n) {
		rc = set_write(&body, &s);
		if (!rc)
			rc = add_element(out, TMK_BER_TAGGED(1), &body);
	}
	set_release(&s);
	tmk_buf_release(&body);
	return rc;
}

/* ---- SignerInfos --------------------------------------------------------- */

/* One SignerInfo: all up to the unsigned attributes is copied. */
static int write_signer(struct set *s, const struct tmk_ber *info,
			const struct tmk_stamp_change *change)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf *item = set_add(s);
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
		add_element(item, TMK_BER_SEQUENCE, &body) ? -1 : 0;
	tmk_buf_release(&body);
	return rc;
}

static int write_signers(struct tmk_buf *out, const struct way *way,
			 const struct tmk_stamp_change *change)
{
	struct set s = { .n = 0 };
	struct tmk_ber_cursor c;
	struct tmk_ber info;
	int rc = 0;

	tmk_cms_ber_enter(&c, &way->infos);
	while (!rc && tmk_cms_ber_next(&info, &c))
		rc = write_signer(&s, &info, change++);
	if (!rc)
		rc = set_write(out, &s);
	set_release(&s);
	return rc;
}

/* ---- the whole ----------------------------------------------------------- */

/* The input was read before: what is not there now is our own fault. */
static bool find_way(struct way *way, const struct tmk_cms *cms)
{
	struct tmk_ber_cursor c;
	struct tmk_ber e;

	tmk_cms_ber_start(&c, cms->der, cms->len);
	if (!tmk_cms_ber_take(&e, &c, TMK_BER_SEQUENCE))
		return false;
	tmk_cms_ber_enter(&c, &e);
	if (!tmk_cms_ber_take(&way->type, &c, TMK_BER_OID) ||
	    !tmk_cms_ber_take(&e, &c, TMK_BER_TAGGED(0)))
		return false;
	tmk_cms_ber_enter(&c, &e);
	if (!tmk_cms_ber_take(&way->data, &c, TMK_BER_SEQUENCE))
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
		add_element(&data, TMK_BER_SET, &infos) ||
		add_element(&tagged, TMK_BER_SEQUENCE, &data) ||
		tmk_buf_add(&all, way->type.all, way->type.all_len) ||
		add_element(&all, TMK_BER_TAGGED(0), &tagged) ||
		add_element(out, TMK_BER_SEQUENCE, &all) ? -1 : 0;
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
