#include "plugins/front_guard_names.h"

#include <stdbool.h>
#include <string.h>

#include "iface/verdict.h"
#include "key/uri.h"
#include "x509/cert.h"

/* Whether two fields of a token can be of one: blank-padded, and all zero
 * where the URI says nothing (p11-kit). */
static bool fits(const void *a, const void *b, size_t len)
{
	return !*(const char *)a || !*(const char *)b || !memcmp(a, b, len);
}

/* Whether both can lead to one key. Modules do not matter: one token is
 * reached through several. */
static bool can_be_one(const struct tmk_uri *a, const struct tmk_uri *b)
{
	const CK_TOKEN_INFO *s = p11_kit_uri_get_token_info(a->p11);
	const CK_TOKEN_INFO *t = p11_kit_uri_get_token_info(b->p11);

	if (!fits(s->label, t->label, sizeof(s->label)) ||
	    !fits(s->serialNumber, t->serialNumber, sizeof(s->serialNumber)) ||
	    !fits(s->model, t->model, sizeof(s->model)) ||
	    !fits(s->manufacturerID, t->manufacturerID,
		  sizeof(s->manufacturerID)))
		return false;
	if (*a->label && *b->label && strcmp(a->label, b->label) != 0)
		return false;
	return !a->has_id || !b->has_id || (a->id_len == b->id_len &&
		!memcmp(a->id, b->id, a->id_len));
}

/* Services are told apart by what stands behind the question mark, too; of
 * tokens only a PIN and a module stand there. */
static bool is_same_text(const char *a, const char *b)
{
	size_t n;

	if (strncmp(a, "pkcs11:", 7) != 0)
		return !strcmp(a, b);
	n = strcspn(a, "?");
	return n == strcspn(b, "?") && !strncmp(a, b, n);
}

static bool may_be_one(const char *a, const char *b)
{
	struct tmk_uri one, other;
	bool may = false;

	if (tmk_uri_parse(&one, a, NULL))
		return false;
	if (!tmk_uri_parse(&other, b, NULL)) {
		may = can_be_one(&one, &other);
		tmk_uri_release(&other);
	}
	tmk_uri_release(&one);
	return may;
}

/* 1 or 0 as its certificate says, -1 without one that can be read. */
static int by_cert(const struct tmk_key_config *k,
		   const struct tmk_front_use *use)
{
	STACK_OF(X509) *certs = NULL;
	int has = -1;

	if (!k->cert || tmk_cert_load_file(&certs, k->cert, NULL))
		return -1;
	if (sk_X509_num(certs) > 0)
		has = tmk_cert_has_key(sk_X509_value(certs, 0), use->spki,
				       use->spki_len);
	sk_X509_pop_free(certs, X509_free);
	return has;
}

/* Whether any place of `k` passes `test` with one of the use. */
static bool any_place(const struct tmk_key_config *k,
		      const struct tmk_front_use *use,
		      bool (*test)(const char *a, const char *b))
{
	const struct tmk_key_config *mine = use->section;
	int i, j;

	for (i = 0; i < k->uris; i++) {
		for (j = 0; mine && j < mine->uris; j++)
			if (test(k->uri[i], mine->uri[j]))
				return true;
		if (!mine && ((use->key && test(k->uri[i], use->key)) ||
			      (use->place && test(k->uri[i], use->place))))
			return true;
	}
	return false;
}

static bool is_same_key(const struct tmk_key_config *k,
			const struct tmk_front_use *use)
{
	int known;

	if (any_place(k, use, is_same_text))
		return true;
	known = by_cert(k, use);
	return known < 0 ? any_place(k, use, may_be_one) : known;
}

/* Whether the same people say yes in both. */
static bool same_people(const struct tmk_key_config *a,
			const struct tmk_key_config *b)
{
	int i, j;

	if (!a->roots || !b->roots || strcmp(a->roots, b->roots) != 0)
		return false;
	for (i = 0; i < b->approvers; i++) {
		for (j = 0; j < a->approvers; j++)
			if (!strcmp(b->approver[i], a->approver[j]))
				break;
		if (j == a->approvers)
			return false;
	}
	return true;
}

/* What `k` wants and the section of the use does not; NULL: nothing. */
static const char *wants_more(const struct tmk_key_config *k,
			      const struct tmk_key_config *mine)
{
	if (k->approvals > (mine ? mine->approvals : 0))
		return "more approvals";
	/* Nobody approves here who could not there. */
	if (mine && k->approvals && !same_people(k, mine))
		return "other approvers";
	if (k->pre_sign && (!mine || !mine->pre_sign ||
			    strcmp(k->pre_sign, mine->pre_sign) != 0))
		return "a preSign of its own";
	return mine && k->env && mine->env && k->env != mine->env ?
		"another environment" : NULL;
}

int tmk_front_guard_names(const struct tmk_config *config,
			  const struct tmk_front_use *use,
			  struct tmk_err *err)
{
	int i;

	for (i = 0; i < config->n_keys; i++) {
		const struct tmk_key_config *k = &config->keys[i];
		const char *what = k == use->section ? NULL :
			wants_more(k, use->section);

		if (!what || !is_same_key(k, use))
			continue;
		tmk_err_set(err, TMK_REFUSED, "%s: by what is configured this "
			    "can be the key '%s', which has %s",
			    tmk_reason_id(TMK_SIGNER_NOT_ALLOWED), k->name,
			    what);
		return tmk_err_hint(err, "use it by that name; if it is "
				    "another key, touchmark.%s.cert says so, "
				    "or URIs that name the same attributes",
				    k->name);
	}
	return 0;
}
