/*
 * SSHSIG: magic, version, public key, namespace, a reserved string, hash,
 * signature. Which key it is and whether it is trusted comes later.
 */
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "seal/ssh_sig.h"

#define MAGIC "SSHSIG"
#define VERSION 1

/* The algorithm of a signature, by the name that stands in it. */
static const struct scheme {
	const char *name;
	enum tmk_ssh_kind kind;
	enum tmk_hash hash;
} schemes[] = {
	{ "rsa-sha2-256", TMK_SSH_RSA, TMK_SHA256 },
	{ "rsa-sha2-512", TMK_SSH_RSA, TMK_SHA512 },
	{ "ecdsa-sha2-nistp256", TMK_SSH_ECDSA, TMK_SHA256 },
	{ "ecdsa-sha2-nistp384", TMK_SSH_ECDSA, TMK_SHA384 },
	{ "ecdsa-sha2-nistp521", TMK_SSH_ECDSA, TMK_SHA512 },
	{ "ssh-ed25519", TMK_SSH_ED25519, 0 },
};

static bool refuse(struct tmk_verdict *v, enum tmk_reason reason,
		   const char *what)
{
	tmk_verdict_refuse(v, reason, "%s", what);
	return false;
}

static bool malformed(struct tmk_verdict *v, const char *what)
{
	return refuse(v, TMK_SIGNATURE_MALFORMED, what);
}

const char *tmk_ssh_sig_hash_name(enum tmk_hash hash)
{
	return hash == TMK_SHA256 ? "sha256" :
		hash == TMK_SHA512 ? "sha512" : NULL;
}

static bool read_hash(enum tmk_hash *out, const struct tmk_ssh_bytes *name,
		      struct tmk_verdict *v)
{
	static const enum tmk_hash hashes[] = { TMK_SHA256, TMK_SHA512 };
	char shown[64];
	size_t i;

	for (i = 0; i < sizeof(hashes) / sizeof(*hashes); i++) {
		if (!tmk_ssh_wire_is(name, tmk_ssh_sig_hash_name(hashes[i])))
			continue;
		*out = hashes[i];
		return true;
	}
	tmk_verdict_refuse(v, TMK_DIGEST_WEAK, "the signature uses the digest "
			   "'%s', neither sha256 nor sha512",
			   tmk_enc_show_into(shown, sizeof(shown),
					     (const char *)name->data,
					     name->len));
	return false;
}

static bool read_name_space(struct tmk_ssh_bytes *out, struct tmk_ssh_wire *c,
			    struct tmk_verdict *v)
{
	if (!tmk_ssh_wire_string(out, c))
		return malformed(v, "the SSH signature ends in its namespace");
	if (!out->len || out->len > TMK_SSH_NAME_SPACE_MAX ||
	    memchr(out->data, '\0', out->len))
		return malformed(v, "the SSH signature has an empty, overlong "
				 "or broken namespace");
	return true;
}

static bool read_key(struct tmk_ssh_sig *s, struct tmk_ssh_wire *c,
		     struct tmk_verdict *v)
{
	const char *why = NULL;

	if (!tmk_ssh_wire_string(&s->blob, c))
		return malformed(v, "the SSH signature ends in its key");
	if (tmk_ssh_key_read(&s->key, s->blob.data, s->blob.len, &why))
		return true;
	tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
			   "the key in the SSH signature %s", why);
	tmk_verdict_hint(v, "sign with an RSA, ECDSA or Ed25519 key itself: "
			 "SSH certificates and keys of security keys are not "
			 "accepted");
	return false;
}

/* The algorithm must be one of the key's, and the value its only content. */
static bool read_value(struct tmk_ssh_sig *s,
		       const struct tmk_ssh_bytes *outer,
		       struct tmk_verdict *v)
{
	struct tmk_ssh_wire c = { outer->data, outer->len };
	const struct tmk_ssh_type *type = s->key.type;
	struct tmk_ssh_bytes name;
	size_t i;

	if (!tmk_ssh_wire_string(&name, &c) ||
	    !tmk_ssh_wire_string(&s->value, &c) || c.left || !s->value.len)
		return malformed(v, "the SSH signature's value is not well "
				 "formed");
	if (tmk_ssh_wire_is(&name, "ssh-rsa"))
		return refuse(v, TMK_DIGEST_WEAK,
			      "the RSA signature is made with SHA-1");
	for (i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		if (!tmk_ssh_wire_is(&name, schemes[i].name))
			continue;
		s->scheme_hash = schemes[i].hash;
		if (schemes[i].kind == type->kind &&
		    s->scheme_hash == (type->hash ? type->hash :
				       s->scheme_hash))
			return true;
	}
	return malformed(v, "the SSH signature is of an algorithm that its "
			 "key does not have");
}

static bool read_all(struct tmk_ssh_sig *s, size_t len, struct tmk_verdict *v)
{
	struct tmk_ssh_wire c = { s->bytes, len };
	struct tmk_ssh_bytes reserved, hash, value;
	uint32_t version;

	if (len < sizeof(MAGIC) - 1 ||
	    memcmp(s->bytes, MAGIC, sizeof(MAGIC) - 1))
		return malformed(v, "not an SSH signature");
	c.at += sizeof(MAGIC) - 1;
	c.left -= sizeof(MAGIC) - 1;
	if (!tmk_ssh_wire_u32(&version, &c) || version != VERSION)
		return malformed(v, "the SSH signature is not of version 1");
	if (!read_key(s, &c, v) || !read_name_space(&s->name_space, &c, v))
		return false;
	/* Nothing stands for it among the signed bytes: it must be empty. */
	if (!tmk_ssh_wire_string(&reserved, &c) || reserved.len)
		return malformed(v, "the SSH signature's reserved field is "
				 "not empty");
	if (!tmk_ssh_wire_string(&hash, &c) ||
	    !tmk_ssh_wire_string(&value, &c))
		return malformed(v, "the SSH signature ends too early");
	if (c.left)
		return malformed(v, "the SSH signature is followed by more "
				 "bytes");
	return read_hash(&s->evidence.signature[0].hash, &hash, v) &&
		read_value(s, &value, v);
}

static int fill(struct tmk_ssh_sig *s, struct tmk_verdict *v,
		struct tmk_err *err)
{
	struct tmk_signature *sig = &s->evidence.signature[0];

	sig->key = tmk_ssh_key_decode(&s->key);
	if (!sig->key)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
					  "the key in the SSH signature holds "
					  "numbers that are no key");
	if (tmk_ssh_key_blob_fingerprint(sig->key_id, s->blob.data,
					 s->blob.len, err))
		return -1;
	sig->value_hash = s->scheme_hash;
	sig->value = s->value.data;
	sig->value_len = s->value.len;
	sig->claimed_time = TMK_TIME_NONE;
	sig->priv = s;
	s->evidence.signatures = 1;
	return 0;
}

int tmk_ssh_sig_parse(struct tmk_evidence **out, const uint8_t *data,
		      size_t len, struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_ssh_sig *s;
	int rc = 0;

	*out = NULL;
	if (len > TMK_SSH_SIG_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
					  "an SSH signature of more than %d "
					  "bytes", TMK_SSH_SIG_MAX);
	s = calloc(1, sizeof(*s));
	if (!s)
		return tmk_err_nomem(err);
	s->evidence.ops = &tmk_seal_sshsig;
	s->evidence.format = TMK_FORMAT_SSH;
	s->evidence.priv = s;
	s->bytes = malloc(len ? len : 1);
	if (!s->bytes)
		rc = tmk_err_nomem(err);
	if (!rc && len)
		memcpy(s->bytes, data, len);
	if (!rc && read_all(s, len, v))
		rc = fill(s, v, err);
	if (rc || v->reason) {
		tmk_ssh_sig_free(&s->evidence);
		return rc;
	}
	*out = &s->evidence;
	return 0;
}

void tmk_ssh_sig_free(struct tmk_evidence *evidence)
{
	struct tmk_ssh_sig *s;

	if (!evidence)
		return;
	s = evidence->priv;
	EVP_PKEY_free(evidence->signature[0].key);
	free(s->bytes);
	free(s);
}
