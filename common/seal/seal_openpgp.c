/*
 * The table entry of the OpenPGP seal: reading detached signatures of version
 * 4, strictly, one packet after the other, and checking them. Making is in
 * openpgp_make.c, keys come from openpgp_keyring.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "iface/seal.h"
#include "seal/openpgp_make.h"
#include "seal/openpgp_ring.h"
#include "seal/openpgp_sig.h"
#include "seal/openpgp_stamp.h"
#include "x509/digest.h"
#include "x509/tst.h"

extern const struct tmk_seal_ops tmk_seal_openpgp;

/* One signature packet. */
struct one {
	struct tmk_openpgp_sig sig;
	struct tmk_buf trailer;
};

struct openpgp {
	struct tmk_evidence evidence;
	struct one one[TMK_SIGNATURES_MAX];
	uint8_t *bytes;
	size_t len;
};

static void openpgp_free(struct tmk_evidence *evidence)
{
	struct openpgp *p = evidence->priv;
	int i;

	for (i = 0; i < TMK_SIGNATURES_MAX; i++)
		tmk_buf_release(&p->one[i].trailer);
	free(p->bytes);
	free(p);
}

static bool malformed(struct tmk_verdict *v, const char *why)
{
	tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
			   "the OpenPGP signature %s", why);
	return false;
}

static bool check_algorithms(const struct tmk_openpgp_sig *sig,
			     struct tmk_verdict *v)
{
	if (!tmk_openpgp_sig_hash(sig->hash)) {
		tmk_verdict_refuse(v, TMK_DIGEST_WEAK, "the OpenPGP signature "
				   "uses a digest other than SHA-256, SHA-384 "
				   "and SHA-512 (number %d)", sig->hash);
		return false;
	}
	if (sig->mpis)
		return true;
	if (sig->algorithm == TMK_OPENPGP_DSA) {
		tmk_verdict_refuse(v, TMK_KEY_WEAK,
				   "the OpenPGP signature is made with DSA");
		return false;
	}
	return malformed(v, "is made with an algorithm other than RSA, ECDSA "
			 "and EdDSA");
}

/* What a strict reader asks of a signature of a document. */
static bool check_form(const struct tmk_openpgp_sig *sig,
		       struct tmk_verdict *v)
{
	if (sig->type != TMK_OPENPGP_BINARY && sig->type != TMK_OPENPGP_TEXT)
		return malformed(v, "is not one of a document");
	if (!check_algorithms(sig, v))
		return false;
	if (sig->odd)
		return malformed(v, sig->odd);
	if (sig->created == TMK_TIME_NONE)
		return malformed(v, "does not say when it was made");
	if (sig->expires)
		return malformed(v, "is one that expires");
	if (!sig->has_id)
		return malformed(v, "does not name its issuer");
	return true;
}

static bool check_tokens(const struct tmk_openpgp_sig *sig,
			 struct tmk_verdict *v)
{
	int i;

	if (sig->tokens > TMK_TOKENS_MAX) {
		tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "the signature "
				   "carries %d timestamps, %d are allowed",
				   sig->tokens, TMK_TOKENS_MAX);
		return false;
	}
	for (i = 0; i < sig->tokens; i++)
		if (sig->token[i][0] != 0x30 ||
		    sig->token_len[i] > TMK_TST_MAX)
			return malformed(v, "has a timestamp that is none");
	return true;
}

static int fill(struct openpgp *p, struct one *one, struct tmk_err *err)
{
	struct tmk_evidence *e = &p->evidence;
	struct tmk_signature *s = &e->signature[e->signatures];
	const struct tmk_openpgp_sig *sig = &one->sig;

	tmk_buf_init(&one->trailer, 0x10000 + 16);
	if (tmk_openpgp_sig_trailer(&one->trailer, sig->body, sig->hashed_end,
				    err))
		return -1;
	if (sig->has_fpr)
		tmk_enc_hex_upper(s->key_id, sig->fpr, sizeof(sig->fpr));
	else
		tmk_enc_hex_upper(s->key_id, sig->id, sizeof(sig->id));
	s->text = sig->type == TMK_OPENPGP_TEXT;
	s->suffix = one->trailer.data;
	s->suffix_len = one->trailer.len;
	s->hash = tmk_openpgp_sig_hash(sig->hash);
	s->value = sig->value;
	s->value_len = sig->value_len;
	s->claimed_time = sig->created;
	memcpy(s->token, sig->token, sizeof(s->token));
	memcpy(s->token_len, sig->token_len, sizeof(s->token_len));
	s->tokens = sig->tokens;
	s->priv = &one->sig;
	e->signatures++;
	return 0;
}

/* One more signature packet. */
static int read_one(struct openpgp *p, struct tmk_openpgp_cursor *c,
		    struct tmk_verdict *v, struct tmk_err *err)
{
	int n = p->evidence.signatures;
	struct tmk_openpgp_packet packet;
	const char *why = "";
	struct one *one;

	if (!tmk_openpgp_packet_next(&packet, c)) {
		malformed(v, n ? "is followed by more bytes" :
			  "is no packet of a known length");
		return 0;
	}
	if (packet.tag != TMK_OPENPGP_SIGNATURE) {
		malformed(v, n ? "is followed by a packet of another type" :
			  "is a packet of another type");
		return 0;
	}
	if (n == TMK_SIGNATURES_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "there are "
			"more than %d OpenPGP signatures in one",
			TMK_SIGNATURES_MAX);
	one = &p->one[n];
	if (!tmk_openpgp_sig_read(&one->sig, packet.body, packet.len, &why)) {
		malformed(v, why);
		return 0;
	}
	if (!check_form(&one->sig, v) || !check_tokens(&one->sig, v))
		return 0;
	return fill(p, one, err);
}

static int read_all(struct openpgp *p, struct tmk_verdict *v,
		    struct tmk_err *err)
{
	struct tmk_openpgp_cursor c = { p->bytes, p->len };
	int rc;

	do
		rc = read_one(p, &c, v, err);
	while (!rc && !v->reason && c.left);
	return rc;
}

static int openpgp_parse(struct tmk_evidence **out, const uint8_t *der,
			 size_t len, struct tmk_verdict *v,
			 struct tmk_err *err)
{
	struct openpgp *p;
	int rc = 0;

	*out = NULL;
	if (len > TMK_SEAL_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
					  "the signature has %zu bytes, more "
					  "than %d", len, TMK_SEAL_MAX);
	p = calloc(1, sizeof(*p));
	if (!p)
		return tmk_err_nomem(err);
	p->evidence.ops = &tmk_seal_openpgp;
	p->evidence.format = TMK_FORMAT_OPENPGP;
	p->evidence.priv = p;
	p->bytes = malloc(len + 1);
	if (!p->bytes) {
		rc = tmk_err_nomem(err);
		goto out;
	}
	if (len)
		memcpy(p->bytes, der, len);
	p->len = len;
	rc = read_all(p, v, err);
	if (rc || v->reason)
		goto out;
	*out = &p->evidence;
	p = NULL;
out:
	if (p)
		openpgp_free(&p->evidence);
	return rc;
}

static int openpgp_check(const struct tmk_evidence *evidence, int i,
			 EVP_PKEY *key, const uint8_t *digest,
			 size_t digest_len, struct tmk_verdict *v,
			 struct tmk_err *err)
{
	const struct tmk_signature *s = &evidence->signature[i];
	const char *why = NULL;
	int rc;

	if (!key)
		return tmk_verdict_refuse(v, TMK_CERT_MISSING,
			"the signer's key %s is not there", s->key_id);
	if (tmk_openpgp_sig_short(key, digest_len))
		return tmk_verdict_refuse(v, TMK_DIGEST_WEAK, "the signature "
			"uses a digest too short for its curve");
	rc = tmk_openpgp_sig_verify(s->priv, key, digest, digest_len, &why,
				    err);
	if (rc < 0)
		return rc;
	if (!rc)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_BAD, "the "
			"signature is not by the key %s over this content "
			"(%s)", s->key_id, why);
	return 0;
}

/* Signature packets know nothing of each other: one stands behind the other
 * (RFC 9580 section 10.4). */
static int openpgp_add(const struct tmk_evidence *evidence,
		       const struct tmk_evidence *other, struct tmk_buf *out,
		       struct tmk_err *err)
{
	const struct openpgp *a = evidence->priv, *b = other->priv;
	int all = evidence->signatures + other->signatures;

	if (all > TMK_SIGNATURES_MAX)
		return tmk_err_set(err, TMK_INPUT, "a signature has %d "
				   "signers at most", TMK_SIGNATURES_MAX);
	if (a->len + b->len > TMK_SEAL_MAX)
		return tmk_err_set(err, TMK_INPUT, "a signature has %d bytes "
				   "at most", TMK_SEAL_MAX);
	return tmk_buf_add(out, a->bytes, a->len) ||
		tmk_buf_add(out, b->bytes, b->len) ? tmk_err_nomem(err) : 0;
}

const struct tmk_seal_ops tmk_seal_openpgp = {
	.name = "openpgp",
	.suffix = ".asc",
	.armour = "PGP SIGNATURE",
	.format = TMK_FORMAT_OPENPGP,
	.hash = tmk_openpgp_make_hash,
	.trailer = tmk_openpgp_make_trailer,
	.make = tmk_openpgp_make,
	.parse = openpgp_parse,
	.check = openpgp_check,
	.stamp = tmk_openpgp_stamp,
	.add = openpgp_add,
	.free = openpgp_free,
	.keyring_read = tmk_openpgp_keyring_read,
	.keyring_free = tmk_openpgp_keyring_free,
	.keyring_find = tmk_openpgp_keyring_find,
	.keyring_emails = tmk_openpgp_keyring_emails,
};
