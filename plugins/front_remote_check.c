#include "plugins/front_remote_check.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "base/clock.h"
#include "core/sign.h"
#include "plugins/front_certs.h"
#include "plugins/front_key.h"
#include "plugins/front_places.h"
#include "seal/ssh_sig.h"
#include "x509/cert.h"
#include "x509/spki.h"

#define TIME_SLACK 86400	/* s that the host's clock may be off */

static int wrong(const char *where, const char *what, struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "%s %s", where, what);
	return tmk_err_hint(err, "nothing was written; do not trust that host "
			    "until its administrator knows why");
}

/* ---- the key ----------------------------------------------------------------- */

static int check_cert_file(const struct tmk_serve_job *s, const char *where,
			   const struct tmk_buf *spki, struct tmk_err *err)
{
	STACK_OF(X509) *certs = NULL;
	bool fits = false;
	int i;

	if (!s->pick.cert)
		return 0;
	if (tmk_front_certs_load(&certs, s->pick.cert, err))
		return -1;
	for (i = 0; i < sk_X509_num(certs) && !fits; i++)
		fits = !X509_check_ca(sk_X509_value(certs, i)) &&
			tmk_cert_has_key(sk_X509_value(certs, i), spki->data,
					 spki->len);
	sk_X509_pop_free(certs, X509_free);
	if (fits)
		return 0;
	tmk_err_set(err, TMK_KEY, "%s holds another key than that of %s",
		    where, s->pick.cert);
	return tmk_err_hint(err, "touchmark key show NAME tells what the host "
			    "holds; set the right file: touchmark.NAME.cert");
}

int tmk_front_remote_check_key(const struct tmk_serve_job *s, int i,
			       const char *where, const struct tmk_buf *spki,
			       struct tmk_err *err)
{
	EVP_PKEY *key = tmk_spki_key(spki->data, spki->len);
	bool known = key;

	EVP_PKEY_free(key);
	if (!known)
		return wrong(where, "shows what is no public key", err);
	if (check_cert_file(s, where, spki, err) ||
	    tmk_front_places_pinned(&s->pick, i, spki->data, spki->len, err))
		return -1;
	return tmk_front_places_same(&s->pick, i, spki->data, spki->len, err);
}

/* ---- before the signature ---------------------------------------------------- */

int tmk_front_remote_check_prepared(const struct tmk_serve_job *s,
				    const char *where,
				    const struct tmk_answer *answer,
				    struct tmk_err *err)
{
	int64_t off = answer->time == TMK_TIME_NONE ? TIME_SLACK + 1 :
		answer->time - tmk_clock_now();

	if (!answer->key.len || !answer->hash)
		return wrong(where, "prepares a signature without a key or a "
			     "hash", err);
	if (answer->hash == TMK_WHOLE) {
		tmk_err_set(err, TMK_USAGE, "a %s signature is over the "
			    "content itself, and only digests go to %s",
			    s->seal->name, where);
		return tmk_err_hint(err, "make it on that host, or choose "
				    "another format");
	}
	if (off > TIME_SLACK || off < -TIME_SLACK) {
		tmk_err_set(err, TMK_KEY, "the clock of %s is more than a "
			    "day away from this one", where);
		return tmk_err_hint(err, "set the clocks");
	}
	if (!s->seal->trailer != !answer->trailer.len)
		return wrong(where, "prepares another kind of signature", err);
	return 0;
}

/* ---- the signature ----------------------------------------------------------- */

/* What the encodings say beside the digest. NULL, or what is wrong. */
static const char *check_form(const struct tmk_serve_job *s,
			      const struct tmk_evidence *e,
			      const struct tmk_remote_wanted *w)
{
	const struct tmk_signature *sig = &e->signature[0];
	const struct tmk_ssh_sig *ssh;

	if (e->signatures != 1)
		return "returned more than one signature";
	if (e->format != s->seal->format || sig->hash != w->hash ||
	    sig->text != s->request->text)
		return "returned another kind of signature";
	if (s->seal->trailer &&
	    (sig->suffix_len != w->trailer->len ||
	     memcmp(sig->suffix, w->trailer->data, sig->suffix_len)))
		return "returned a signature with another trailer than it "
			"prepared";
	if (sig->claimed_time != TMK_TIME_NONE && sig->claimed_time != w->time)
		return "returned a signature of another time";
	if (e->format == TMK_FORMAT_SSH) {
		ssh = (const struct tmk_ssh_sig *)e;
		if (ssh->name_space.len != strlen(s->request->name_space) ||
		    memcmp(ssh->name_space.data, s->request->name_space,
			   ssh->name_space.len))
			return "returned a signature of another namespace";
	}
	return NULL;
}

static int check_leaf(const struct tmk_serve_job *s, X509 *leaf,
		      const struct tmk_remote_wanted *w, struct tmk_err *err)
{
	const char *policy = s->config->policy;
	int64_t now = tmk_clock_now();
	struct tmk_err why = TMK_ERR_INIT;

	if (!leaf || !tmk_cert_has_key(leaf, w->spki->data, w->spki->len))
		return wrong(w->where, "returned a signature by another key",
			     err);
	if (tmk_front_key_cert_ok(leaf, &s->pick, now, NULL, 0, err))
		return tmk_err_prefix(err, "%s", w->where);
	if (policy && tmk_sign_cert_revoked(leaf, policy, now, &why) > 0) {
		if (err)
			*err = why;
		return tmk_err_prefix(err, "%s", w->where);
	}
	return 0;
}

static int check_value(const struct tmk_serve_job *s,
		       const struct tmk_evidence *e,
		       const struct tmk_remote_wanted *w, struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	EVP_PKEY *key = NULL;
	int rc;

	if (s->seal->format == TMK_FORMAT_X509) {
		if (check_leaf(s, e->signature[0].cert, w, err))
			return -1;
	} else {
		key = tmk_spki_key(w->spki->data, w->spki->len);
		if (!key)
			return tmk_err_nomem(err);
	}
	rc = s->seal->check(e, 0, key, w->digest, w->digest_len, &v, err);
	EVP_PKEY_free(key);
	if (!rc && v.reason != TMK_GOOD)
		rc = wrong(w->where, "returned a wrong signature", err);
	return rc;
}

int tmk_front_remote_check_seal(bool *stamped, const struct tmk_serve_job *s,
				const struct tmk_buf *seal,
				const struct tmk_remote_wanted *wanted,
				struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *e = NULL;
	const char *bad;
	int rc;

	rc = s->seal->parse(&e, seal->data, seal->len, &v, err);
	if (!rc && !e)
		rc = wrong(wanted->where, "returned what is no signature of "
			   "that format", err);
	if (!rc) {
		bad = check_form(s, e, wanted);
		rc = bad ? wrong(wanted->where, bad, err) :
			check_value(s, e, wanted, err);
	}
	if (!rc)
		*stamped = e->signature[0].tokens > 0;
	tmk_evidence_free(e);
	return rc;
}
