/*
 * approve_file.c - one more signer in the detached CMS of a file.
 *
 * FILE is read once where it can be read only once. Every signature that is
 * there must be one of FILE, before and after; SIGNATURE is replaced in one
 * step, in the form it had.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/approve.h"
#include "plugins/front_file.h"
#include "plugins/front_stamp_file.h"
#include "x509/cert.h"

#define HASHES 3		/* SHA-256, -384, -512 */

struct job {
	struct tmk_approve *r;
	const char *file;
	struct tmk_stamp_file sig;
	struct tmk_front_file_hash hash[HASHES];	/* that are known */
	int hashes;
};

static const struct tmk_front_file_hash *find_hash(const struct job *j,
						   enum tmk_hash hash)
{
	int i;

	for (i = 0; i < j->hashes; i++)
		if (j->hash[i].hash == hash)
			return &j->hash[i];
	return NULL;
}

/* Read FILE for those of these digests that are not known. */
static int hash_file(struct job *j, unsigned int wanted, struct tmk_err *err)
{
	struct tmk_front_file_hash *to = &j->hash[j->hashes];
	int h, fd, rc, n = 0;

	for (h = TMK_SHA256; h <= TMK_SHA512; h++)
		if (wanted & 1u << h && !find_hash(j, (enum tmk_hash)h))
			to[n++] = (struct tmk_front_file_hash){
				.hash = (enum tmk_hash)h };
	if (!n)
		return 0;
	if (tmk_front_file_open(&fd, j->file, err))
		return -1;
	rc = tmk_front_file_digests(to, n, fd, tmk_front_file_name(j->file),
				    err);
	close(fd);
	if (!rc)
		j->hashes += n;
	return rc;
}

/* Each must hold over FILE, by the key of its own certificate. */
static int check_all(struct job *j, const struct tmk_evidence *e,
		     struct tmk_verdict *v, struct tmk_err *err)
{
	const struct tmk_front_file_hash *h;
	int i, rc = 0;

	for (i = 0; !rc && !v->reason && i < e->signatures; i++) {
		h = find_hash(j, e->signature[i].hash);
		if (!h)
			return tmk_err_set(err, TMK_INTERNAL, "a digest is "
					   "missing");
		rc = e->ops->check(e, i, NULL, h->digest, h->digest_len, v,
				   err);
	}
	return rc;
}

/* The signature as it is: a CMS that holds. */
static int read_signature(struct job *j, const char *signature,
			  struct tmk_err *err)
{
	struct tmk_verdict *v = &j->r->verdict;
	struct tmk_err own = TMK_ERR_INIT;
	unsigned int wanted = 0;
	int i, rc;

	rc = tmk_front_stamp_file_read(&j->sig, signature, v, &own);
	/* what has no place for a timestamp has none for a signer */
	if ((rc && own.code == TMK_USAGE) ||
	    (!rc && !v->reason && !j->sig.seal->add)) {
		tmk_err_set(err, TMK_USAGE, "%s: only a CMS signature can have "
			    "several signers", signature);
		return tmk_err_hint(err, "sign with --type cms, then approve "
				    "that");
	}
	if (rc && err)
		*err = own;
	if (rc || v->reason)
		return rc;
	for (i = 0; i < j->sig.evidence->signatures; i++)
		wanted |= 1u << j->sig.evidence->signature[i].hash;
	/* a pipe is read once, and the new signer's digest is not known yet */
	if (!strcmp(j->file, "-") || tmk_front_file_is_stream(j->file))
		wanted = 1u << TMK_SHA256 | 1u << TMK_SHA384 |
			1u << TMK_SHA512;
	rc = hash_file(j, wanted, err);
	return rc ? rc : check_all(j, j->sig.evidence, v, err);
}

static void look_for_signer(struct job *j)
{
	const struct tmk_evidence *e = j->sig.evidence;
	char hex[TMK_FINGERPRINT_TEXT];
	int i;

	for (i = 0; i < e->signatures; i++)
		if (e->signature[i].cert)
			tmk_approve_twice(j->r, tmk_cert_sha256(hex,
						e->signature[i].cert));
}

/* Both in one: nobody's signature is replaced by something that does not hold
 * over FILE. */
static int merge(struct job *j, struct tmk_buf *out, struct tmk_err *err)
{
	const struct tmk_buf *made = &j->r->made.seal;
	const struct tmk_seal_ops *seal = j->sig.seal;
	struct tmk_evidence *one = NULL, *both = NULL;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	int before = j->sig.evidence->signatures, rc;

	rc = seal->parse(&one, made->data, made->len, &v, err);
	if (!rc && one)
		rc = seal->add(j->sig.evidence, one, out, err);
	if (!rc && one)
		rc = seal->parse(&both, out->data, out->len, &v, err);
	if (!rc && both)
		rc = check_all(j, both, &v, err);
	if (!rc && (v.reason || !both || both->signatures != before + 1)) {
		tmk_err_set(err, TMK_INTERNAL, "the signature does not hold "
			    "with another signer: %s", v.reason ? v.text :
			    "a signer is missing");
		rc = tmk_err_hint(err, "nothing was written");
	}
	if (!rc)
		j->r->signers = both->signatures;
	tmk_evidence_free(one);
	tmk_evidence_free(both);
	return rc;
}

/* Somebody else may have approved while this one's PIN was asked for: his
 * signature would be lost. */
static int check_same(const struct job *j, const char *signature,
		      struct tmk_err *err)
{
	const struct tmk_evidence *a = j->sig.evidence;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_stamp_file now;
	bool same;
	int i, rc;

	rc = tmk_front_stamp_file_read(&now, signature, &v, err);
	same = !rc && !v.reason && now.evidence->ops == a->ops &&
		now.evidence->signatures == a->signatures;
	for (i = 0; same && i < a->signatures; i++) {
		const struct tmk_signature *s = &now.evidence->signature[i];

		same = s->value_len == a->signature[i].value_len &&
			s->tokens == a->signature[i].tokens &&
			!memcmp(s->value, a->signature[i].value,
				s->value_len);
	}
	tmk_front_stamp_file_release(&now);
	if (rc || same)
		return rc;
	tmk_err_set(err, TMK_INPUT, "%s was changed meanwhile", signature);
	return tmk_err_hint(err, "nothing was written; approve again");
}

static int approve(struct job *j, const char *signature, struct tmk_err *err)
{
	struct tmk_buf bytes = TMK_BUF_INIT(TMK_SEAL_MAX);
	const struct tmk_front_file_hash *h;
	struct tmk_approve *r = j->r;
	int rc;

	if (tmk_approve_prepare(r, err))
		return -1;
	look_for_signer(j);
	if (r->verdict.reason)
		return 0;
	if (hash_file(j, 1u << r->ready.hash, err))
		return -1;
	h = find_hash(j, r->ready.hash);
	rc = h ? tmk_approve_sign(r, h->digest, h->digest_len, err) :
		tmk_err_set(err, TMK_INTERNAL, "a digest is missing");
	if (!rc)
		rc = merge(j, &bytes, err);
	if (!rc)
		rc = check_same(j, signature, err);
	if (!rc)
		rc = tmk_front_stamp_file_replace(&j->sig, r->out, &bytes,
						  err);
	tmk_buf_release(&bytes);
	if (rc)
		return rc;
	r->place = strdup(r->out ? r->out : signature);
	return r->place ? 0 : tmk_err_nomem(err);
}

int tmk_approve_file(struct tmk_approve *r, const char *file,
		     const char *signature, struct tmk_err *err)
{
	struct job j = { .r = r, .file = file };
	int rc;

	rc = read_signature(&j, signature, err);
	if (!rc && !r->verdict.reason)
		rc = approve(&j, signature, err);
	tmk_front_stamp_file_release(&j.sig);
	return rc;
}
