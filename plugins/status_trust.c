/*
 * status_trust.c - what ends and is no key's: the roots and intermediates of
 * the policy, the certificates of timestamp authorities (those that are trusted
 * and those that signed last), and revocation lists.
 */
#include "plugins/status_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/file.h"
#include "plugins/front_stamp_ask.h"
#include "plugins/front_stamp_seen.h"
#include "x509/cert.h"
#include "x509/crl.h"
#include "x509/crl_file.h"

void tmk_status_trust_release(struct tmk_status *status)
{
	int i;

	for (i = 0; i < status->others; i++)
		X509_CRL_free(status->other[i].crl);
	free(status->other);
	status->other = NULL;
	status->others = 0;
	tmk_policy_free(status->policy);
	status->policy = NULL;
	free(status->denied);
	status->denied = NULL;
	free(status->fault);
	status->fault = NULL;
}

static struct tmk_status_other *add(struct tmk_status *status,
				    enum tmk_status_kind kind,
				    const char *file, struct tmk_err *err)
{
	struct tmk_status_other *grown, *o;

	if (status->others == TMK_STATUS_OTHERS_MAX) {
		tmk_err_set(err, TMK_INPUT, "%s: more than %d certificates "
			    "and lists", file, TMK_STATUS_OTHERS_MAX);
		return NULL;
	}
	grown = realloc(status->other, ((size_t)status->others + 1) *
			sizeof(*grown));
	if (!grown) {
		tmk_err_nomem(err);
		return NULL;
	}
	status->other = grown;
	o = &grown[status->others++];
	memset(o, 0, sizeof(*o));
	o->kind = kind;
	o->from = o->to = o->seen = TMK_TIME_NONE;
	tmk_enc_show_into(o->file, sizeof(o->file), file, strlen(file));
	return o;
}

static bool is_known(const struct tmk_status *status,
		     enum tmk_status_kind kind, const char *sha256)
{
	int i;

	for (i = 0; i < status->others; i++)
		if (status->other[i].kind == kind && !*status->other[i].url &&
		    !strcmp(status->other[i].sha256, sha256))
			return true;
	return false;
}

static struct tmk_status_other *add_one(struct tmk_status *status,
					enum tmk_status_kind kind,
					const char *file, X509 *cert,
					struct tmk_err *err)
{
	struct tmk_status_other *o;
	int64_t from, to;

	if (tmk_cert_validity(&from, &to, cert, err))
		return NULL;
	o = add(status, kind, file, err);
	if (!o)
		return NULL;
	o->from = from;
	o->to = to;
	tmk_cert_sha256(o->sha256, cert);
	tmk_cert_subject(o->name, sizeof(o->name), cert);
	return o;
}

static int add_cert(struct tmk_status *status, enum tmk_status_kind kind,
		    const char *file, X509 *cert, struct tmk_err *err)
{
	char sha256[TMK_FINGERPRINT_TEXT];

	tmk_cert_sha256(sha256, cert);
	return is_known(status, kind, sha256) ||
		add_one(status, kind, file, cert, err) ? 0 : -1;
}

/* With what the configured authorities of time signed, as far as a timestamp
 * was got from them by this user: that ends long before what they chain to. */
static int add_seen(struct tmk_status *status,
		    const struct tmk_stamp_seen *seen, const char *tsa,
		    struct tmk_err *err)
{
	char url[TMK_STAMP_URL_TEXT];
	int64_t when = TMK_TIME_NONE;
	struct tmk_status_other *o;
	X509 *cert;

	tmk_front_stamp_ask_show(url, sizeof(url), tsa);
	cert = tmk_front_stamp_seen_get(&when, seen, url);
	if (!cert)
		return 0;
	o = add_one(status, TMK_STATUS_TSA, tmk_front_stamp_seen_path(seen),
		    cert, err);
	if (!o)
		return -1;
	snprintf(o->url, sizeof(o->url), "%s", url);
	o->seen = when;
	return 0;
}

static int add_all_seen(struct tmk_status *status, struct tmk_err *err)
{
	const struct tmk_config *config = status->config;
	struct tmk_stamp_seen *seen = NULL;
	struct tmk_err odd = TMK_ERR_INIT;
	int i, rc = tmk_front_stamp_seen_read(&seen, &odd);

	for (i = 0; !rc && i < config->tsas; i++)
		rc = add_seen(status, seen, config->tsa[i], &odd);
	tmk_front_stamp_seen_free(seen);
	if (!rc)
		return 0;
	/* What we noted ourselves harms nothing when it is damaged. */
	if (odd.code != TMK_INTERNAL) {
		status->odd = odd;
		return 0;
	}
	*err = odd;
	return -1;
}

/* What cannot be read is a fault of its file, not of the command. */
static int faulty(struct tmk_status *status, const struct tmk_err *odd,
		  struct tmk_err *err)
{
	if (odd->code != TMK_INTERNAL)
		return tmk_status_add_fault(status, odd, err);
	*err = *odd;
	return -1;
}

static int add_file(struct tmk_status *status, enum tmk_status_kind kind,
		    const char *path, struct tmk_err *err)
{
	struct tmk_err odd = TMK_ERR_INIT;
	STACK_OF(X509) *certs = NULL;
	int i, rc;

	if (!path)
		return 0;
	rc = tmk_cert_load_file(&certs, path, &odd);
	for (i = 0; !rc && i < sk_X509_num(certs); i++)
		rc = add_cert(status, kind, path, sk_X509_value(certs, i),
			      &odd);
	sk_X509_pop_free(certs, X509_free);
	return rc ? faulty(status, &odd, err) : 0;
}

static int add_crl(struct tmk_status *status, const char *path, X509_CRL *crl,
		   struct tmk_err *err)
{
	struct tmk_status_other *o = add(status, TMK_STATUS_CRL, path, err);
	X509 *named;

	if (!o)
		return -1;
	tmk_crl_file_times(&o->from, &o->to, crl);
	if (!X509_CRL_up_ref(crl))
		return tmk_err_nomem(err);
	o->crl = crl;
	/* A certificate of that name knows how names are shown. */
	named = X509_new();
	if (!named || !X509_set_subject_name(named, X509_CRL_get_issuer(crl))) {
		X509_free(named);
		return tmk_err_nomem(err);
	}
	tmk_cert_subject(o->name, sizeof(o->name), named);
	X509_free(named);
	return 0;
}

static int add_crls(struct tmk_status *status, const char *path,
		    struct tmk_err *err)
{
	STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
	struct tmk_err odd = TMK_ERR_INIT;
	int i, rc;

	if (!crls)
		return tmk_err_nomem(err);
	rc = tmk_crl_load_path(crls, path, &odd);
	for (i = 0; !rc && i < sk_X509_CRL_num(crls); i++)
		rc = add_crl(status, path, sk_X509_CRL_value(crls, i), &odd);
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	return rc ? faulty(status, &odd, err) : 0;
}

int tmk_status_trust(struct tmk_status *status, struct tmk_err *err)
{
	const struct tmk_config *config = status->config;
	struct tmk_err odd = TMK_ERR_INIT;
	const struct tmk_policy *p;
	int i;

	if (add_all_seen(status, err) ||
	    add_file(status, TMK_STATUS_TSA, config->tsa_roots, err))
		return -1;
	if (!config->policy)
		return 0;
	if (tmk_policy_read(&status->policy, config->policy, &odd))
		return faulty(status, &odd, err);
	p = status->policy;
	if (add_file(status, TMK_STATUS_TSA, p->tsa_roots, err) ||
	    add_file(status, TMK_STATUS_ROOT, p->roots, err) ||
	    add_file(status, TMK_STATUS_INTERMEDIATE, p->intermediates, err))
		return -1;
	for (i = 0; i < p->crls; i++)
		if (add_crls(status, p->crl[i], err))
			return -1;
	return 0;
}
