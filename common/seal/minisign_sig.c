/*
 * Reading and checking signatures of minisign(1) and signify(1).
 */
#include "seal/minisign_sig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "base/clock.h"
#include "base/enc.h"

#define BLOB (2 + TMK_MINISIGN_NUMBER + TMK_MINISIGN_VALUE)
#define BLOB_CHARS 100		/* of base64 */
#define GLOBAL_CHARS 88
#define FILE_MAX (TMK_MINISIGN_COMMENT_MAX + TMK_MINISIGN_TRUSTED_MAX + 256)
#define TIME_DIGITS 12		/* of "timestamp:" */

struct seal {
	struct tmk_evidence evidence;
	struct tmk_minisign_sig sig;
	uint8_t *bytes;
};

/* The text that is left. */
struct lines {
	const uint8_t *at;
	size_t left;
};

static bool wrong(const char **why, const char *what)
{
	*why = what;
	return false;
}

/* The next line without its newline, which the last one of a file may lack
 * where `last`. */
static bool next_line(const uint8_t **line, size_t *len, struct lines *l,
		      bool last)
{
	const uint8_t *newline = l->left ? memchr(l->at, '\n', l->left) : NULL;
	size_t all = newline ? (size_t)(newline - l->at) + 1 : l->left;

	if (!newline && (!last || !l->left))
		return false;
	*line = l->at;
	*len = newline ? all - 1 : all;
	l->at += all;
	l->left -= all;
	return true;
}

/* A line of comment behind its label; *text gets what follows that. */
static bool take_comment(const uint8_t **text, size_t *len, struct lines *l,
			 const char *label, size_t most)
{
	size_t n = strlen(label);

	if (!next_line(text, len, l, false) || *len < n || *len > most ||
	    memcmp(*text, label, n) ||
	    !tmk_minisign_comment_clean(*text, *len))
		return false;
	*text += n;
	*len -= n;
	return true;
}

/* A line of base64 that stands for exactly `size` bytes. */
static bool take_bytes(uint8_t *out, size_t size, struct lines *l,
		       size_t chars, bool last)
{
	struct tmk_buf bytes = TMK_BUF_INIT(128);
	const uint8_t *line = NULL;
	size_t len = 0;
	bool good;

	good = next_line(&line, &len, l, last) && len == chars &&
		!tmk_dec_base64(&bytes, (const char *)line, len) &&
		bytes.len == size;
	if (good)
		memcpy(out, bytes.data, size);
	tmk_buf_release(&bytes);
	return good;
}

static bool read_trusted(struct tmk_minisign_sig *sig, struct lines *l,
			 const char **why)
{
	if (!take_comment(&sig->comment, &sig->comment_len, l,
			  TMK_MINISIGN_TRUSTED, TMK_MINISIGN_TRUSTED_MAX))
		return wrong(why, "has no clean trusted comment");
	if (!take_bytes(sig->global, sizeof(sig->global), l, GLOBAL_CHARS,
			true))
		return wrong(why, "has no signature of its trusted comment");
	sig->commented = true;
	return true;
}

bool tmk_minisign_sig_read(struct tmk_minisign_sig *out,
			   enum tmk_seal_format format, const uint8_t *text,
			   size_t len, const char **why)
{
	bool minisign = format == TMK_FORMAT_MINISIGN;
	struct tmk_minisign_sig sig = { .commented = false };
	struct lines l = { text, len };
	const uint8_t *comment = NULL;
	uint8_t blob[BLOB];
	size_t n = 0;

	if (len > FILE_MAX)
		return wrong(why, "is too long");
	if (!take_comment(&comment, &n, &l, TMK_MINISIGN_COMMENT,
			  TMK_MINISIGN_COMMENT_MAX))
		return wrong(why, "has no clean untrusted comment");
	if (!take_bytes(blob, sizeof(blob), &l, BLOB_CHARS, false))
		return wrong(why, "has no signature in canonical base64");
	sig.prehashed = blob[0] == 'E' && blob[1] == 'D';
	if (!sig.prehashed && (blob[0] != 'E' || blob[1] != 'd'))
		return wrong(why, "is made with another algorithm");
	if (!minisign && sig.prehashed)
		return wrong(why, "is one of minisign, and cut off");
	memcpy(sig.number, blob + 2, sizeof(sig.number));
	memcpy(sig.value, blob + 2 + sizeof(sig.number), sizeof(sig.value));
	if (minisign && !read_trusted(&sig, &l, why))
		return false;
	if (l.left)
		return wrong(why, "is followed by more");
	*out = sig;
	return true;
}

int64_t tmk_minisign_sig_time(const struct tmk_minisign_sig *sig)
{
	static const char label[] = "timestamp:";
	const size_t n = sizeof(label) - 1;
	int64_t t = 0;
	size_t i;

	if (!sig->commented || sig->comment_len <= n ||
	    memcmp(sig->comment, label, n))
		return TMK_TIME_NONE;
	for (i = n; i < sig->comment_len && sig->comment[i] >= '0' &&
	     sig->comment[i] <= '9' && i < n + TIME_DIGITS; i++)
		t = t * 10 + (sig->comment[i] - '0');
	if (i == n || (i < sig->comment_len && sig->comment[i] != '\t'))
		return TMK_TIME_NONE;
	return t;
}

/* ---- the arithmetic ------------------------------------------------------- */

int tmk_minisign_sig_verify(EVP_PKEY *key, const uint8_t *message, size_t len,
			    const uint8_t value[TMK_MINISIGN_VALUE],
			    struct tmk_err *err)
{
	static const uint8_t nothing[1];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	if (!ctx)
		return tmk_err_nomem(err);
	ERR_set_mark();
	good = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 &&
		EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(ctx, value, TMK_MINISIGN_VALUE,
				 len ? message : nothing, len) == 1;
	ERR_pop_to_mark();
	EVP_MD_CTX_free(ctx);
	return good;
}

int tmk_minisign_sig_bound(struct tmk_buf *out,
			   const uint8_t value[TMK_MINISIGN_VALUE],
			   const uint8_t *comment, size_t len)
{
	return tmk_buf_add(out, value, TMK_MINISIGN_VALUE) ||
		tmk_buf_add(out, comment, len) ? -1 : 0;
}

/* ---- the door ------------------------------------------------------------- */

void tmk_minisign_sig_free(struct tmk_evidence *evidence)
{
	struct seal *p = evidence->priv;

	free(p->bytes);
	free(p);
}

static void fill(struct seal *p)
{
	struct tmk_signature *s = &p->evidence.signature[0];

	tmk_minisign_key_number_text(s->key_id, p->sig.number);
	s->hash = p->sig.prehashed ? TMK_BLAKE2B512 : TMK_WHOLE;
	s->value = p->sig.value;
	s->value_len = sizeof(p->sig.value);
	s->claimed_time = tmk_minisign_sig_time(&p->sig);
	s->priv = &p->sig;
	p->evidence.signatures = 1;
}

int tmk_minisign_sig_parse(struct tmk_evidence **out,
			   const struct tmk_seal_ops *ops, const uint8_t *text,
			   size_t len, struct tmk_verdict *v,
			   struct tmk_err *err)
{
	struct seal *p = calloc(1, sizeof(*p));
	const char *why = "";
	size_t n = len > FILE_MAX ? FILE_MAX + 1 : len;

	*out = NULL;
	if (p)
		p->bytes = malloc(n + 1);
	if (!p || !p->bytes) {
		free(p);
		return tmk_err_nomem(err);
	}
	if (n)
		memcpy(p->bytes, text, n);
	p->evidence.ops = ops;
	p->evidence.format = ops->format;
	p->evidence.priv = p;
	if (!tmk_minisign_sig_read(&p->sig, ops->format, p->bytes, n, &why)) {
		tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
				   "the %s signature %s", ops->name, why);
		tmk_minisign_sig_free(&p->evidence);
		return 0;
	}
	fill(p);
	*out = &p->evidence;
	return 0;
}

/* The signature of the trusted comment, which minisign asks for too. */
static int check_comment(const struct tmk_minisign_sig *sig, EVP_PKEY *key,
			 struct tmk_err *err)
{
	struct tmk_buf bound = TMK_BUF_INIT(TMK_MINISIGN_VALUE +
					    TMK_MINISIGN_TRUSTED_MAX);
	int rc;

	rc = tmk_minisign_sig_bound(&bound, sig->value, sig->comment,
				    sig->comment_len);
	rc = rc ? tmk_err_nomem(err) :
		tmk_minisign_sig_verify(key, bound.data, bound.len,
					sig->global, err);
	tmk_buf_release(&bound);
	return rc;
}

int tmk_minisign_sig_check(const struct tmk_evidence *evidence, int i,
			   EVP_PKEY *key, const uint8_t *digest,
			   size_t digest_len, struct tmk_verdict *v,
			   struct tmk_err *err)
{
	const struct tmk_signature *s = &evidence->signature[i];
	const struct tmk_minisign_sig *sig = s->priv;
	int rc;

	if (!key)
		return tmk_verdict_refuse(v, TMK_CERT_MISSING,
			"the signer's key %s is not there", s->key_id);
	if (sig->prehashed && digest_len != TMK_HASH_MAX)
		return tmk_err_set(err, TMK_INTERNAL,
				   "the digest has the wrong length");
	rc = tmk_minisign_sig_verify(key, digest, digest_len, sig->value, err);
	if (rc < 0)
		return rc;
	if (!rc)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_BAD, "the "
			"signature is not by the key %s over this content",
			s->key_id);
	if (!sig->commented)
		return 0;
	rc = check_comment(sig, key, err);
	if (rc < 0)
		return rc;
	if (!rc)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_BAD, "the trusted "
			"comment of the signature was changed");
	return 0;
}
