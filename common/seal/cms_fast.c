/*
 * The profile of the tools that sign for git, by a strict walk: what it knows
 * is DER throughout and has one place for everything. Attributes are judged by
 * the same readers as on the long way; certificates come as sets that were
 * decoded before.
 */
#include "seal/cms_read.h"
#include "x509/strict.h"

/* Object identifiers with their headers (RFC 5652 sections 4 and 5.1). */
#define SIGNED_DATA "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define DATA_CONTENT "\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define VERSION_1 "\x02\x01\x01"

#define SKIP(c, bytes) tmk_strict_skip(c, bytes, sizeof(bytes) - 1)

_Static_assert(TMK_CERT_SET_MAX <= TMK_CMS_CERTS_MAX, "certificates");

/* What the walk finds, before anything of the evidence is touched. */
struct found {
	struct tmk_cert_set *set;
	struct tmk_signature sig;
	struct tmk_cms_signer signer;
};

static struct tmk_ber as_ber(const struct tmk_strict *e)
{
	return (struct tmk_ber){ e->tag, e->all, e->all_len, e->body,
		e->len };
}

/* Each in the order of a SET OF (X.690 11.6), its values as well: DER of them
 * is what was signed, whoever writes it again. */
static bool in_order(const struct tmk_strict *attrs)
{
	struct tmk_strict_cursor in, one, values;
	struct tmk_strict oid;

	tmk_strict_enter(&in, attrs);
	if (!tmk_strict_sorted(&in))
		return false;
	while (!tmk_strict_done(&in))
		if (!tmk_strict_open(&one, &in, TMK_STRICT_SEQUENCE) ||
		    !tmk_strict_take(&oid, &one, TMK_STRICT_OID) ||
		    !tmk_strict_open(&values, &one, TMK_STRICT_SET) ||
		    !tmk_strict_sorted(&values))
			return false;
	return true;
}

/* signedAttrs [0]: DER throughout. */
static bool read_signed(struct found *f, struct tmk_strict_cursor *c)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_strict e;

	if (!tmk_strict_take(&e, c, TMK_STRICT_TAGGED) ||
	    !tmk_strict_whole(e.body, e.len) || !in_order(&e))
		return false;
	f->signer.attrs = as_ber(&e);
	return tmk_cms_attr_signed(&f->sig, &f->signer, &v);
}

/* unsignedAttrs [1], which may be absent. */
static bool read_unsigned(struct found *f, struct tmk_strict_cursor *c)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_strict e;
	struct tmk_ber attrs;

	if (tmk_strict_done(c))
		return true;
	if (!tmk_strict_take(&e, c, TMK_STRICT_TAGGED | 1) ||
	    !tmk_strict_done(c) || !tmk_strict_whole(e.body, e.len))
		return false;
	attrs = as_ber(&e);
	return tmk_cms_attr_unsigned(&f->sig, &attrs, &v);
}

static bool read_signer_id(struct found *f, struct tmk_strict_cursor *c)
{
	struct tmk_strict issuer, serial;
	struct tmk_strict_cursor in;

	if (!tmk_strict_open(&in, c, TMK_STRICT_SEQUENCE) ||
	    !tmk_strict_take(&issuer, &in, TMK_STRICT_SEQUENCE) ||
	    !tmk_strict_take(&serial, &in, TMK_STRICT_INTEGER) ||
	    !tmk_strict_done(&in) ||
	    !tmk_cert_set_find(f->set, &issuer, &serial))
		return false;
	f->signer.issuer = as_ber(&issuer);
	f->signer.serial = as_ber(&serial);
	return true;
}

/* The only SignerInfo (RFC 5652 5.3). */
static bool read_signer(struct found *f, struct tmk_strict_cursor *c)
{
	enum tmk_value_scheme scheme;
	struct tmk_strict_cursor in;
	struct tmk_strict value;

	if (!tmk_strict_open(&in, c, TMK_STRICT_SEQUENCE) ||
	    !tmk_strict_done(c) || !SKIP(&in, VERSION_1) ||
	    !read_signer_id(f, &in))
		return false;
	f->sig.claimed_time = TMK_TIME_NONE;
	f->sig.hash = (enum tmk_hash)tmk_strict_digest(&in);
	if (!f->sig.hash || !read_signed(f, &in) ||
	    !tmk_strict_signature(&scheme, (int)f->sig.hash, &in) ||
	    !tmk_strict_take(&value, &in, TMK_STRICT_OCTETS) ||
	    !value.len || value.len > TMK_CMS_VALUE_MAX)
		return false;
	f->signer.scheme = (enum tmk_cms_scheme)scheme;
	f->sig.value = value.body;
	f->sig.value_len = value.len;
	return read_unsigned(f, &in);
}

/* SignedData (RFC 5652 5.1): no content, one digest, no CRLs, one signer. */
static bool read_data(struct found *f, struct tmk_strict_cursor *c)
{
	struct tmk_strict_cursor in, digests, infos;
	struct tmk_strict certs;

	if (!tmk_strict_open(&in, c, TMK_STRICT_SEQUENCE) ||
	    !SKIP(&in, VERSION_1) ||
	    !tmk_strict_open(&digests, &in, TMK_STRICT_SET) ||
	    !tmk_strict_digest(&digests) || !tmk_strict_done(&digests) ||
	    !SKIP(&in, DATA_CONTENT) ||
	    !tmk_strict_take(&certs, &in, TMK_STRICT_TAGGED) ||
	    !tmk_strict_open(&infos, &in, TMK_STRICT_SET) ||
	    !tmk_strict_done(&in))
		return false;
	f->set = tmk_cert_set_get(certs.body, certs.len);
	return f->set && read_signer(f, &infos);
}

static bool read_all(struct found *f, const uint8_t *der, size_t len)
{
	struct tmk_strict_cursor c, info, tagged;

	tmk_strict_start(&c, der, len);
	return tmk_strict_open(&info, &c, TMK_STRICT_SEQUENCE) &&
		tmk_strict_done(&c) && SKIP(&info, SIGNED_DATA) &&
		tmk_strict_open(&tagged, &info, TMK_STRICT_TAGGED) &&
		tmk_strict_done(&info) && read_data(f, &tagged) &&
		tmk_strict_done(&tagged);
}

/* The certificates as the long way leaves them. */
static void fill_certs(struct tmk_cms *cms, const struct tmk_cert_set *set)
{
	int i;

	for (i = 0; i < set->items; i++) {
		cms->cert[i].der = as_ber(&set->item[i].der);
		cms->cert[i].issuer = as_ber(&set->item[i].issuer);
		cms->cert[i].serial = as_ber(&set->item[i].serial);
		cms->cert[i].x509 = set->item[i].x509;
	}
	cms->certs = set->items;
}

bool tmk_cms_fast_read(struct tmk_cms *cms)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *ev = &cms->evidence;
	struct found f = { NULL };

	if (!read_all(&f, cms->der, cms->len))
		goto no;
	f.sig.priv = &cms->signer[0];
	cms->signer[0] = f.signer;
	ev->signature[0] = f.sig;
	fill_certs(cms, f.set);
	if (!tmk_cms_cert_match(cms, 0, &v) || !ev->signature[0].cert)
		goto no;
	ev->signatures = 1;
	sk_X509_free(ev->bag);
	ev->bag = f.set->bag;
	cms->set = f.set;	/* transferred */
	return true;
no:
	tmk_cert_set_free(f.set);
	return false;
}
