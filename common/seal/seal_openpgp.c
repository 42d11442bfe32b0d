/*
 * The table entry of the OpenPGP seal: reading one detached signature of
 * version 4, strictly, and checking it. Making is in openpgp_make.c, keys come
 * from openpgp_keyring.c.
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

struct openpgp {
	struct tmk_evidence evidence;
	struct tmk_openpgp_sig sig;
	uint8_t *bytes;
	struct tmk_buf trailer;
};

static void openpgp_free(struct tmk_evidence *evidence)
{
	struct openpgp *p = evidence->priv;

	tmk_buf_release(&p->trailer);
	free(p->bytes);
	free(p);
}

static bool malformed(struct tmk_verdict *v, const char *why)
{
	tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
			   "the OpenPGP signature %s", why);
	return false;
}

/* Exactly one signature packet. */
static bool read_packet(struct openpgp *p, size_t len, struct tmk_verdict *v)
{
	struct tmk_openpgp_cursor c = { p->bytes, len };
	struct tmk_openpgp_packet packet;
	const char *why = "";

	if (!tmk_openpgp_packet_next(&packet, &c))
		return malformed(v, "is no packet of a known length");
	if (packet.tag != TMK_OPENPGP_SIGNATURE)
		return malformed(v, "is a packet of another type");
	if (c.left)
		return malformed(v, "is followed by more bytes");
	if (!tmk_openpgp_sig_read(&p->sig, packet.body, packet.len, &why))
		return malformed(v, why);
	return true;
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
	if (sig->type == TMK_OPENPGP_TEXT)
		return malformed(v, "is one of text (type 0x01), whose line "
				 "ends may change");
	if (sig->type != TMK_OPENPGP_BINARY)
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

static void fill(struct openpgp *p)
{
	struct tmk_signature *s = &p->evidence.signature[0];
	const struct tmk_openpgp_sig *sig = &p->sig;

	if (sig->has_fpr)
		tmk_enc_hex_upper(s->key_id, sig->fpr, sizeof(sig->fpr));
	else
		tmk_enc_hex_upper(s->key_id, sig->id, sizeof(sig->id));
	s->suffix = p->trailer.data;
	s->suffix_len = p->trailer.len;
	s->hash = tmk_openpgp_sig_hash(sig->hash);
	s->value = sig->value;
	s->value_len = sig->value_len;
	s->claimed_time = sig->created;
	memcpy(s->token, sig->token, sizeof(s->token));
	memcpy(s->token_len, sig->token_len, sizeof(s->token_len));
	s->tokens = sig->tokens;
	s->priv = &p->sig;
	p->evidence.signatures = 1;
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
	tmk_buf_init(&p->trailer, 0x10000 + 16);
	p->bytes = malloc(len + 1);
	if (!p->bytes) {
		rc = tmk_err_nomem(err);
		goto out;
	}
	if (len)
		memcpy(p->bytes, der, len);
	if (!read_packet(p, len, v) || !check_form(&p->sig, v) ||
	    !check_tokens(&p->sig, v))
		goto out;
	rc = tmk_openpgp_sig_trailer(&p->trailer, p->sig.body,
				     p->sig.hashed_end, err);
	if (rc)
		goto out;
	fill(p);
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
	.free = openpgp_free,
	.keyring_read = tmk_openpgp_keyring_read,
	.keyring_free = tmk_openpgp_keyring_free,
	.keyring_find = tmk_openpgp_keyring_find,
	.keyring_emails = tmk_openpgp_keyring_emails,
};
