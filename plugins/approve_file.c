/*
 * approve_file.c - one more signer in the detached signature of a file: CMS or
 * OpenPGP.
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
#include "plugins/front_trust.h"
#include "x509/cert.h"
#include "x509/spki.h"

struct job {
	struct tmk_approve *r;
	const char *file;
	struct tmk_stamp_file sig;
	struct tmk_front_trust trust;	/* OpenPGP: whose the keys are */
	bool prepared;
	struct tmk_front_file_hash hash[TMK_FRONT_FILE_HASHES];
	int wanted;		/* in hash[] */
	int hashes;		/* that are known, the first ones */
};

/* ---- digests of FILE ---------------------------------------------------- */

static const struct tmk_front_file_hash *
find_hash(const struct job *j, int n, enum tmk_hash hash,
	  const uint8_t *suffix, size_t len)
{
	const struct tmk_front_file_hash *h;
	int i;

	for (i = 0; i < n; i++) {
		h = &j->hash[i];
		if (h->hash == hash && h->suffix_len == len &&
		    (!len || !memcmp(h->suffix, suffix, len)))
			return h;
	}
	return NULL;
}

static int want_hash(struct job *j, enum tmk_hash hash, const uint8_t *suffix,
		     size_t len, struct tmk_err *err)
{
	if (find_hash(j, j->wanted, hash, suffix, len))
		return 0;
	if (j->wanted == TMK_FRONT_FILE_HASHES)
		return tmk_err_set(err, TMK_INTERNAL, "more digests than can "
				   "be made");
	j->hash[j->wanted++] = (struct tmk_front_file_hash){
		.hash = hash, .suffix = suffix, .suffix_len = len };
	return 0;
}

/* Read FILE for those that are not known yet. */
static int hash_file(struct job *j, struct tmk_err *err)
{
	int fd, rc;

	if (j->hashes == j->wanted)
		return 0;
	if (tmk_front_file_open(&fd, j->file, err))
		return -1;
	rc = tmk_front_file_digests(&j->hash[j->hashes],
				    j->wanted - j->hashes, fd,
				    tmk_front_file_name(j->file), err);
	close(fd);
	if (!rc)
		j->hashes = j->wanted;
	return rc;
}

/* ---- what is signed already --------------------------------------------- */

/* Whose key made signature `i`, where it brings no certificate: our own, or
 * one of the keyring. */
static int find_key(EVP_PKEY **out, struct job *j,
		    const struct tmk_evidence *e, int i,
		    struct tmk_verdict *v, struct tmk_err *err)
{
	const struct tmk_buf *own = &j->r->ready.key;
	struct tmk_standing standing = { .key = NULL };
	EVP_PKEY *key = NULL;

	if (own->len && !strcmp(e->signature[i].key_id,
				j->r->ready.fingerprint)) {
		key = tmk_spki_key(own->data, own->len);
	} else {
		if (e->ops->keyring_find(&standing, j->trust.judge.openpgp, e,
					 i, "file", v, err))
			return -1;
		if (v->reason)
			return 0;
		key = standing.key;
		if (key && EVP_PKEY_up_ref(key) != 1)
			key = NULL;
	}
	if (!key)
		return tmk_err_set(err, TMK_INTERNAL, "a key cannot be read");
	*out = key;
	return 0;
}

/* Each must hold over FILE, by its own key. */
static int check_all(struct job *j, const struct tmk_evidence *e,
		     struct tmk_verdict *v, struct tmk_err *err)
{
	const struct tmk_front_file_hash *h;
	const struct tmk_signature *s;
	EVP_PKEY *key;
	int i, rc = 0;

	for (i = 0; !rc && !v->reason && i < e->signatures; i++) {
		s = &e->signature[i];
		h = find_hash(j, j->hashes, s->hash, s->suffix,
			      s->suffix_len);
		if (!h)
			return tmk_err_set(err, TMK_INTERNAL, "a digest is "
					   "missing");
		key = NULL;
		if (e->ops->keyring_find)
			rc = find_key(&key, j, e, i, v, err);
		if (!rc && !v->reason)
			rc = e->ops->check(e, i, key, h->digest,
					   h->digest_len, v, err);
		EVP_PKEY_free(key);
	}
	return rc;
}

static int prepare(struct job *j, struct tmk_err *err)
{
	if (j->prepared)
		return 0;
	j->prepared = true;
	return tmk_approve_prepare(j->r, err);
}

/* OpenPGP signatures bring no keys: --keyring, else the policy's. */
static int load_keyring(struct job *j, struct tmk_err *err)
{
	struct tmk_trust_options options = { .keyring = j->r->keyring,
		.at = TMK_TIME_NONE };
	struct tmk_err why = TMK_ERR_INIT;
	bool named = j->r->keyring || j->r->config->policy;

	if (named && tmk_front_trust_load(&j->trust, &options, j->r->config,
					  &why)) {
		if (err)
			*err = why;
		return -1;
	}
	if (j->trust.judge.openpgp)
		return 0;
	tmk_err_set(err, TMK_USAGE, "no OpenPGP keyring says whose the "
		    "signatures are that are there already");
	return tmk_err_hint(err, "name one: --keyring FILE");
}

/* An OpenPGP signature is over itself too: what the new one says is known
 * before FILE is read. */
static int want_openpgp(struct job *j, struct tmk_err *err)
{
	const struct tmk_evidence *e = j->sig.evidence;
	const struct tmk_approve *r = j->r;
	int i;

	for (i = 0; i < e->signatures; i++)
		if (e->signature[i].text)
			return tmk_err_set(err, TMK_USAGE, "%s is a signature "
					   "of text, and FILE is approved as "
					   "bytes", j->sig.path);
	if (e->signatures == TMK_SIGNATURES_MAX)
		return tmk_err_set(err, TMK_INPUT, "a signature has %d "
				   "signers at most", TMK_SIGNATURES_MAX);
	j->r->format = TMK_REQUEST_OPENPGP;
	if (load_keyring(j, err) || prepare(j, err))
		return -1;
	return want_hash(j, r->ready.hash, r->ready.trailer.data,
			 r->ready.trailer.len, err);
}

/* A pipe is read once, and the new signer's digest is not known yet. */
static int want_cms(struct job *j, struct tmk_err *err)
{
	int h, rc = 0;

	if (strcmp(j->file, "-") && !tmk_front_file_is_stream(j->file))
		return 0;
	for (h = TMK_SHA256; !rc && h <= TMK_SHA512; h++)
		rc = want_hash(j, (enum tmk_hash)h, NULL, 0, err);
	return rc;
}

/* The signature as it is: one that holds. */
static int read_signature(struct job *j, const char *signature,
			  struct tmk_err *err)
{
	struct tmk_verdict *v = &j->r->verdict;
	struct tmk_err own = TMK_ERR_INIT;
	const struct tmk_signature *s;
	int i, rc;

	rc = tmk_front_stamp_file_read(&j->sig, signature, v, &own);
	/* what has no place for a timestamp has none for a signer */
	if ((rc && own.code == TMK_USAGE) ||
	    (!rc && !v->reason && !j->sig.seal->add)) {
		tmk_err_set(err, TMK_USAGE, "%s: only a CMS or OpenPGP "
			    "signature can have several signers", signature);
		return tmk_err_hint(err, "sign with --type cms or openpgp, "
				    "then approve that");
	}
	if (rc && err)
		*err = own;
	if (rc || v->reason)
		return rc;
	rc = j->sig.seal->trailer ? want_openpgp(j, err) : want_cms(j, err);
	for (i = 0; !rc && i < j->sig.evidence->signatures; i++) {
		s = &j->sig.evidence->signature[i];
		rc = want_hash(j, s->hash, s->suffix, s->suffix_len, err);
	}
	if (!rc)
		rc = hash_file(j, err);
	return rc ? rc : check_all(j, j->sig.evidence, v, err);
}

/* Whether a key id of 40 or 16 digits is the one that would sign. */
static bool is_signer(const struct job *j, const char *id)
{
	const char *own = j->r->ready.fingerprint;
	size_t n = strlen(id), all = strlen(own);

	return n && n <= all && !strcmp(own + all - n, id);
}

static void look_for_signer(struct job *j)
{
	const struct tmk_evidence *e = j->sig.evidence;
	char hex[TMK_FINGERPRINT_TEXT];
	int i;

	for (i = 0; i < e->signatures; i++) {
		if (e->signature[i].cert)
			tmk_approve_twice(j->r, tmk_cert_sha256(hex,
						e->signature[i].cert));
		else if (is_signer(j, e->signature[i].key_id))
			tmk_approve_twice(j->r, j->r->ready.fingerprint);
	}
}

/* ---- one more ----------------------------------------------------------- */

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

static int sign(struct job *j, struct tmk_err *err)
{
	const struct tmk_front_file_hash *h;
	const struct tmk_answer *ready = &j->r->ready;

	if (want_hash(j, ready->hash, ready->trailer.data, ready->trailer.len,
		      err) || hash_file(j, err))
		return -1;
	h = find_hash(j, j->hashes, ready->hash, ready->trailer.data,
		      ready->trailer.len);
	return h ? tmk_approve_sign(j->r, h->digest, h->digest_len, err) :
		tmk_err_set(err, TMK_INTERNAL, "a digest is missing");
}

static int approve(struct job *j, const char *signature, struct tmk_err *err)
{
	struct tmk_buf bytes = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_approve *r = j->r;
	int rc;

	if (prepare(j, err))
		return -1;
	look_for_signer(j);
	if (r->verdict.reason)
		return 0;
	rc = sign(j, err);
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
	tmk_front_trust_release(&j.trust);
	return rc;
}
