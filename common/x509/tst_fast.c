#include "x509/tst_fast.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "x509/digest.h"
#include "x509/tst_token.h"

/* Object identifiers with their headers. 1.2.840.113549.1 is PKCS. */
#define PKCS "\x2a\x86\x48\x86\xf7\x0d\x01"
#define SIGNED_DATA "\x06\x09" PKCS "\x07\x02"
#define TST_INFO "\x06\x0b" PKCS "\x09\x10\x01\x04"
#define CONTENT_TYPE "\x06\x09" PKCS "\x09\x03"
#define MESSAGE_DIGEST "\x06\x09" PKCS "\x09\x04"
#define SIGNING_TIME "\x06\x09" PKCS "\x09\x05"
#define ALGORITHM_PROTECT "\x06\x09" PKCS "\x09\x34"
#define SIGNING_CERT "\x06\x0b" PKCS "\x09\x10\x02\x0c"
#define SIGNING_CERT_V2 "\x06\x0b" PKCS "\x09\x10\x02\x2f"

#define SKIP(c, bytes) tmk_strict_skip(c, bytes, sizeof(bytes) - 1)

static size_t hash_bytes(int hash)
{
	return hash == 1 ? 32 : hash == 2 ? 48 : 64;
}

/* ---- TSTInfo, RFC 3161 2.4.2 -------------------------------------------- */

/* An INTEGER that may be there, under its own tag or another one. */
static bool read_optional(struct tmk_strict_cursor *c, uint8_t tag)
{
	struct tmk_strict e;

	if (tmk_strict_peek(c) != tag)
		return true;
	if (!tmk_strict_take(&e, c, tag))
		return false;
	e.tag = TMK_STRICT_INTEGER;
	return tmk_strict_is_integer(&e);
}

static bool read_accuracy(struct tmk_strict_cursor *c)
{
	struct tmk_strict_cursor in;

	if (tmk_strict_peek(c) != TMK_STRICT_SEQUENCE)
		return true;
	return tmk_strict_open(&in, c, TMK_STRICT_SEQUENCE) &&
		read_optional(&in, TMK_STRICT_INTEGER) &&
		read_optional(&in, 0x80) && read_optional(&in, 0x81) &&
		tmk_strict_done(&in);
}

/* tsa [0]: the signer's own name, if any. */
static bool read_tsa(const struct tmk_tst_fast *t,
		     struct tmk_strict_cursor *c)
{
	struct tmk_strict_cursor in, name;

	if (tmk_strict_peek(c) != TMK_STRICT_TAGGED)
		return true;
	return tmk_strict_open(&in, c, TMK_STRICT_TAGGED) &&
		tmk_strict_open(&name, &in, TMK_STRICT_TAGGED | 4) &&
		tmk_strict_done(&in) &&
		tmk_strict_skip(&name, t->signer->subject.all,
				t->signer->subject.all_len) &&
		tmk_strict_done(&name);
}

static bool read_imprint(struct tmk_tst_fast *t, struct tmk_strict_cursor *c)
{
	struct tmk_strict_cursor in;
	struct tmk_strict e;

	if (!tmk_strict_open(&in, c, TMK_STRICT_SEQUENCE))
		return false;
	t->hash = tmk_strict_digest(&in);
	if (!t->hash || !tmk_strict_take(&e, &in, TMK_STRICT_OCTETS) ||
	    e.len != hash_bytes(t->hash))
		return false;
	t->imprint = e.body;
	t->imprint_len = e.len;
	return tmk_strict_done(&in);
}

static bool read_info(struct tmk_tst_fast *t)
{
	struct tmk_strict_cursor c, in;
	struct tmk_strict policy, serial, time;

	tmk_strict_enter(&c, &t->content);
	if (!tmk_strict_open(&in, &c, TMK_STRICT_SEQUENCE) ||
	    !tmk_strict_done(&c) || !SKIP(&in, "\x02\x01\x01") ||
	    !tmk_strict_take(&policy, &in, TMK_STRICT_OID) ||
	    !tmk_strict_is_oid(&policy) || !read_imprint(t, &in) ||
	    !tmk_strict_take(&serial, &in, TMK_STRICT_INTEGER) ||
	    !tmk_strict_is_integer(&serial) ||
	    !tmk_strict_take(&time, &in, TMK_STRICT_GENERALIZED_TIME) ||
	    !tmk_tst_token_time(&t->time, time.body, time.len) ||
	    !read_accuracy(&in))
		return false;
	/* ordering: FALSE, its default, is not written in DER. */
	if (tmk_strict_peek(&in) == TMK_STRICT_BOOLEAN &&
	    !SKIP(&in, "\x01\x01\xff"))
		return false;
	return read_optional(&in, TMK_STRICT_INTEGER) && read_tsa(t, &in) &&
		tmk_strict_done(&in);
}

/* ---- signed attributes -------------------------------------------------- */

/* IssuerSerial of RFC 5035, if it is there: that of the signer. */
static bool read_issuer_serial(const struct tmk_tst_fast *t,
			       struct tmk_strict_cursor *c)
{
	struct tmk_strict_cursor in, names, name;

	if (tmk_strict_done(c))
		return true;
	return tmk_strict_open(&in, c, TMK_STRICT_SEQUENCE) &&
		tmk_strict_open(&names, &in, TMK_STRICT_SEQUENCE) &&
		tmk_strict_open(&name, &names, TMK_STRICT_TAGGED | 4) &&
		tmk_strict_done(&names) &&
		tmk_strict_skip(&name, t->signer->issuer.all,
				t->signer->issuer.all_len) &&
		tmk_strict_done(&name) &&
		tmk_strict_skip(&in, t->signer->serial.all,
				t->signer->serial.all_len) &&
		tmk_strict_done(&in) && tmk_strict_done(c);
}

static bool names_signer(const struct tmk_tst_fast *t, const EVP_MD *md,
			 const struct tmk_strict *hash)
{
	uint8_t own[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	return md && EVP_Digest(t->signer->der.all, t->signer->der.all_len,
				own, &len, md, NULL) == 1 &&
		len == hash->len && !memcmp(own, hash->body, len);
}

/* SigningCertificate (RFC 2634 5.4) or SigningCertificateV2 (RFC 5035 3) with
 * one id and no policies. */
static bool read_ess(const struct tmk_tst_fast *t, bool v2,
		     struct tmk_strict_cursor *c)
{
	const EVP_MD *md = v2 ? tmk_digest_md(1) : EVP_sha1();
	struct tmk_strict_cursor in, ids, id;
	struct tmk_strict hash;

	if (!tmk_strict_open(&in, c, TMK_STRICT_SEQUENCE) ||
	    !tmk_strict_open(&ids, &in, TMK_STRICT_SEQUENCE) ||
	    !tmk_strict_done(&in) ||
	    !tmk_strict_open(&id, &ids, TMK_STRICT_SEQUENCE) ||
	    !tmk_strict_done(&ids))
		return false;
	if (v2 && tmk_strict_peek(&id) == TMK_STRICT_SEQUENCE)
		md = tmk_digest_md(tmk_strict_digest(&id));
	return tmk_strict_take(&hash, &id, TMK_STRICT_OCTETS) &&
		names_signer(t, md, &hash) && read_issuer_serial(t, &id);
}

/* Which attribute stands at the cursor, which passes its type: a bit. 0: one
 * that is not usual. */
static unsigned int attr_type(struct tmk_strict_cursor *c)
{
	if (SKIP(c, CONTENT_TYPE))
		return 1;
	if (SKIP(c, MESSAGE_DIGEST))
		return 2;
	if (SKIP(c, SIGNING_TIME))
		return 4;
	if (SKIP(c, SIGNING_CERT))
		return 8;
	if (SKIP(c, SIGNING_CERT_V2))
		return 16;
	if (SKIP(c, ALGORITHM_PROTECT))
		return 32;
	return 0;
}

static bool read_value(struct tmk_tst_fast *t, unsigned int type,
		       struct tmk_strict_cursor *c)
{
	struct tmk_strict e;

	switch (type) {
	case 1:
		return SKIP(c, TST_INFO);
	case 2:
		return tmk_strict_take(&t->digest, c, TMK_STRICT_OCTETS);
	case 4:
		return tmk_strict_take(&e, c, TMK_STRICT_UTC_TIME) ||
			tmk_strict_take(&e, c, TMK_STRICT_GENERALIZED_TIME);
	case 8:
		return read_ess(t, false, c);
	case 16:
		return read_ess(t, true, c);
	case 32:	/* covered by the signature; nobody asks it here */
		return tmk_strict_take(&e, c, TMK_STRICT_SEQUENCE);
	default:
		return false;
	}
}

/* Each at most once with one value, and those that must be there (RFC 5652
 * 11, RFC 3161 2.4.2, RFC 5816). */
static bool read_attrs(struct tmk_tst_fast *t)
{
	struct tmk_strict_cursor c, attr, values;
	unsigned int seen = 0, type;

	tmk_strict_enter(&c, &t->attrs);
	if (!tmk_strict_sorted(&c))
		return false;
	while (!tmk_strict_done(&c)) {
		if (!tmk_strict_open(&attr, &c, TMK_STRICT_SEQUENCE))
			return false;
		type = attr_type(&attr);
		if (!type || seen & type ||
		    !tmk_strict_open(&values, &attr, TMK_STRICT_SET) ||
		    !tmk_strict_done(&attr) ||
		    !read_value(t, type, &values) ||
		    !tmk_strict_done(&values))
			return false;
		seen |= type;
	}
	return (seen & 3) == 3 && seen & 24;
}

/* ---- SignedData, RFC 5652 5 --------------------------------------------- */

static bool read_signer(struct tmk_tst_fast *t, struct tmk_strict_cursor *c)
{
	struct tmk_strict_cursor info, id;
	struct tmk_strict issuer, serial;

	if (!tmk_strict_open(&info, c, TMK_STRICT_SEQUENCE) ||
	    !tmk_strict_done(c) || !SKIP(&info, "\x02\x01\x01") ||
	    !tmk_strict_open(&id, &info, TMK_STRICT_SEQUENCE) ||
	    !tmk_strict_take(&issuer, &id, TMK_STRICT_SEQUENCE) ||
	    !tmk_strict_take(&serial, &id, TMK_STRICT_INTEGER) ||
	    !tmk_strict_done(&id))
		return false;
	t->signer = tmk_cert_set_find(t->certs, &issuer, &serial);
	t->content_hash = t->signer ? tmk_strict_digest(&info) : 0;
	return t->content_hash &&
		tmk_strict_take(&t->attrs, &info, TMK_STRICT_TAGGED) &&
		tmk_strict_signature(&t->scheme, t->content_hash, &info) &&
		tmk_strict_take(&t->value, &info, TMK_STRICT_OCTETS) &&
		tmk_strict_done(&info) && read_attrs(t);
}

static bool read_content(struct tmk_tst_fast *t, struct tmk_strict_cursor *c)
{
	struct tmk_strict_cursor in, tagged;

	return tmk_strict_open(&in, c, TMK_STRICT_SEQUENCE) &&
		SKIP(&in, TST_INFO) &&
		tmk_strict_open(&tagged, &in, TMK_STRICT_TAGGED) &&
		tmk_strict_done(&in) &&
		tmk_strict_take(&t->content, &tagged, TMK_STRICT_OCTETS) &&
		tmk_strict_done(&tagged);
}

static bool read_signed_data(struct tmk_tst_fast *t,
			     struct tmk_strict_cursor *c)
{
	struct tmk_strict_cursor in, digests, infos;
	struct tmk_strict certs;

	if (!tmk_strict_open(&in, c, TMK_STRICT_SEQUENCE) ||
	    !SKIP(&in, "\x02\x01\x03") ||
	    !tmk_strict_open(&digests, &in, TMK_STRICT_SET) ||
	    !tmk_strict_digest(&digests) || !tmk_strict_done(&digests) ||
	    !read_content(t, &in) ||
	    !tmk_strict_take(&certs, &in, TMK_STRICT_TAGGED) ||
	    !tmk_strict_open(&infos, &in, TMK_STRICT_SET) ||
	    !tmk_strict_done(&in))
		return false;
	t->certs = tmk_cert_set_get(certs.body, certs.len);
	return t->certs && read_signer(t, &infos);
}

/* The key is of the kind that the signature says. */
static bool key_fits(const struct tmk_tst_fast *t)
{
	EVP_PKEY *key;
	int id;

	ERR_set_mark();
	key = X509_get0_pubkey(t->signer->x509);
	ERR_pop_to_mark();
	id = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
	return id == (t->scheme == TMK_VALUE_ECDSA ? EVP_PKEY_EC :
		      EVP_PKEY_RSA);
}

bool tmk_tst_fast_read(struct tmk_tst_fast *t, const uint8_t *der, size_t len)
{
	struct tmk_strict_cursor c, info, tagged;

	memset(t, 0, sizeof(*t));
	tmk_strict_start(&c, der, len);
	return tmk_strict_open(&info, &c, TMK_STRICT_SEQUENCE) &&
		tmk_strict_done(&c) && SKIP(&info, SIGNED_DATA) &&
		tmk_strict_open(&tagged, &info, TMK_STRICT_TAGGED) &&
		tmk_strict_done(&info) && read_signed_data(t, &tagged) &&
		tmk_strict_done(&tagged) && key_fits(t) && read_info(t);
}

void tmk_tst_fast_release(struct tmk_tst_fast *t)
{
	tmk_cert_set_free(t->certs);
	memset(t, 0, sizeof(*t));
}

bool tmk_tst_fast_verify(const struct tmk_tst_fast *t)
{
	static const uint8_t set = TMK_STRICT_SET;
	struct tmk_digest d = { NULL };
	uint8_t md[TMK_DIGEST_MAX];
	size_t len = 0;
	bool good;

	if (tmk_digest_bytes(t->content_hash, t->content.body, t->content.len,
			     md, &len, NULL) ||
	    len != t->digest.len || memcmp(md, t->digest.body, len))
		return false;
	/* RFC 5652 5.4: as the SET OF that they are, not under their tag. */
	good = !tmk_digest_init(&d, t->content_hash, NULL) &&
		!tmk_digest_update(&d, &set, 1, NULL) &&
		!tmk_digest_update(&d, t->attrs.all + 1, t->attrs.all_len - 1,
				   NULL) &&
		!tmk_digest_final(&d, md, &len, NULL);
	tmk_digest_release(&d);
	return good && tmk_value_check(X509_get0_pubkey(t->signer->x509),
				       t->scheme, 0, t->content_hash, md, len,
				       t->value.body, t->value.len, NULL) == 1;
}
