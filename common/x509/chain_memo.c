#include "x509/chain_memo.h"

#include <pthread.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/clock.h"
#include "x509/cert.h"
#include "x509/crl.h"
#include "x509/trust.h"

#define KEPT 64			/* chains */
#define BAG_MAX 16		/* certificates that came with a signature */
#define BYTES_MAX (16 * 1024)	/* of leaf and bag together */
#define EKU_TEXT 48		/* bytes of a purpose's name */

/* Whoever adds a field to the request takes it into the question, or answers
 * would be given to others than they were found for. */
_Static_assert(sizeof(void *) != 8 || sizeof(struct tmk_chain_request) == 304,
	       "chain_memo.c knows every field of a request");

/* A question without its times. */
struct question {
	uint64_t trust;
	X509 *leaf;
	X509 *bag[BAG_MAX];
	int bags;
	char eku[TMK_EKU_MAX][EKU_TEXT];
	int ekus;
	enum tmk_revocation revocation;
	unsigned int min_rsa, ca_min_rsa;
	bool stamped, alone, any_leaf, explicit_policy, inhibit_mapping;
	bool inhibit_any, strict, any_strength, honour_invalidity;
};

struct entry {
	struct question q;	/* with references */
	struct tmk_chain_window window;
	STACK_OF(X509) *chain;	/* NULL: nothing is kept here */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry kept[KEPT];
static unsigned int oldest;

/* ---- when an answer may change ------------------------------------------ */

/* Time is cut right before and right after `instant`, so that before, at and
 * after it are three different times; [*from, *to] is the piece with `t`. */
static void cut(int64_t *from, int64_t *to, int64_t t, int64_t instant)
{
	if (instant == TMK_TIME_NONE)
		return;
	if (t < instant) {
		if (*to >= instant)
			*to = instant - 1;
	} else if (t > instant) {
		if (*from <= instant)
			*from = instant + 1;
	} else {
		*from = *to = t;
	}
}

static void cut_at(struct tmk_chain_window *w,
		   const struct tmk_chain_request *r, int64_t instant)
{
	cut(&w->at_from, &w->at_to, r->at, instant);
}

static void cut_now(struct tmk_chain_window *w,
		    const struct tmk_chain_request *r, int64_t instant)
{
	cut(&w->now_from, &w->now_to, r->now, instant);
}

/* Both dates of an entry; one that cannot be read is no limit to anything. */
static void cut_entry(struct tmk_chain_window *w,
		      const struct tmk_chain_request *r,
		      const X509_REVOKED *entry)
{
	ASN1_GENERALIZEDTIME *since;

	cut_at(w, r, tmk_crl_time(X509_REVOKED_get0_revocationDate(entry)));
	since = X509_REVOKED_get_ext_d2i(entry, NID_invalidity_date, NULL,
					 NULL);
	cut_at(w, r, tmk_crl_time(since));
	ASN1_GENERALIZEDTIME_free(since);
}

/* What CRLs say of one certificate, and since when: with a timestamp, some
 * reasons ask for the time. */
static void cut_entries(struct tmk_chain_window *w,
			const struct tmk_chain_request *r, X509 *cert)
{
	const STACK_OF(X509_CRL) *crls = r->trust->crls;
	X509_REVOKED *entry;
	int i;

	for (i = 0; i < sk_X509_CRL_num(crls); i++) {
		entry = NULL;
		X509_CRL_get0_by_cert(sk_X509_CRL_value(crls, i), &entry,
				      cert);
		if (entry)
			cut_entry(w, r, entry);
	}
}

/* Chains are judged at `at`; those of a CRL's issuer at `now`. */
static bool cut_certs(struct tmk_chain_window *w,
		      const struct tmk_chain_request *r,
		      const STACK_OF(X509) *certs)
{
	int64_t from, to;
	X509 *cert;
	int i;

	for (i = 0; i < sk_X509_num(certs); i++) {
		cert = sk_X509_value(certs, i);
		if (tmk_cert_validity(&from, &to, cert, NULL))
			return false;
		cut_at(w, r, from);
		cut_at(w, r, to);
		cut_now(w, r, from);
		cut_now(w, r, to);
		cut_entries(w, r, cert);
	}
	return true;
}

static bool cut_crls(struct tmk_chain_window *w,
		     const struct tmk_chain_request *r)
{
	const STACK_OF(X509_CRL) *crls = r->trust->crls;
	const ASN1_TIME *next;
	X509_CRL *crl;
	int64_t this;
	int i;

	for (i = 0; i < sk_X509_CRL_num(crls); i++) {
		crl = sk_X509_CRL_value(crls, i);
		this = tmk_crl_time(X509_CRL_get0_lastUpdate(crl));
		next = X509_CRL_get0_nextUpdate(crl);
		if (this == TMK_TIME_NONE ||
		    (next && tmk_crl_time(next) == TMK_TIME_NONE))
			return false;
		cut_now(w, r, this);
		cut_now(w, r, tmk_crl_time(next));
	}
	return true;
}

bool tmk_chain_memo_window(struct tmk_chain_window *out,
			   const struct tmk_chain_request *r)
{
	struct tmk_chain_window w = { INT64_MIN, INT64_MAX, INT64_MIN,
		INT64_MAX };
	STACK_OF(X509) *leaf = sk_X509_new_null();
	bool good = leaf && sk_X509_push(leaf, r->leaf) &&
		cut_certs(&w, r, leaf) && cut_certs(&w, r, r->untrusted) &&
		cut_certs(&w, r, r->trust->intermediates) &&
		cut_certs(&w, r, r->trust->roots) && cut_crls(&w, r);

	sk_X509_free(leaf);
	if (good)
		*out = w;
	return good;
}

/* ---- questions ---------------------------------------------------------- */

static size_t der_bytes(X509 *cert)
{
	int n = i2d_X509(cert, NULL);

	return n > 0 ? (size_t)n : BYTES_MAX + 1;
}

/* Take the question down, borrowing. False when it is too large to keep, or
 * of a kind that is not asked often. */
static bool question_of(struct question *q, const struct tmk_chain_request *r)
{
	int i, n = sk_X509_num(r->untrusted);

	memset(q, 0, sizeof(*q));
	if (r->policies || r->ocsps || r->ekus > TMK_EKU_MAX || n > BAG_MAX)
		return false;
	q->trust = r->trust->id;
	q->leaf = r->leaf;
	for (i = 0; i < n; i++)
		q->bag[q->bags++] = sk_X509_value(r->untrusted, i);
	for (i = 0; i < r->ekus; i++) {
		size_t len = strlen(r->eku[i]);

		if (len >= EKU_TEXT)
			return false;
		memcpy(q->eku[q->ekus++], r->eku[i], len + 1);
	}
	q->revocation = r->revocation;
	q->min_rsa = r->min_rsa;
	q->ca_min_rsa = r->ca_min_rsa;
	q->stamped = r->stamped;
	q->alone = r->eku_critical_alone;
	q->any_leaf = r->any_leaf;
	q->explicit_policy = r->explicit_policy;
	q->inhibit_mapping = r->inhibit_mapping;
	q->inhibit_any = r->inhibit_any;
	q->strict = r->strict;
	q->any_strength = r->any_strength;
	q->honour_invalidity = r->honour_invalidity;
	return true;
}

static bool same_rule(const struct question *a, const struct question *b)
{
	int i;

	for (i = 0; i < a->ekus && i < b->ekus; i++)
		if (strcmp(a->eku[i], b->eku[i]))
			return false;
	return a->trust == b->trust && a->ekus == b->ekus &&
		a->revocation == b->revocation && a->min_rsa == b->min_rsa &&
		a->ca_min_rsa == b->ca_min_rsa && a->stamped == b->stamped &&
		a->alone == b->alone && a->any_leaf == b->any_leaf &&
		a->explicit_policy == b->explicit_policy &&
		a->inhibit_mapping == b->inhibit_mapping &&
		a->inhibit_any == b->inhibit_any && a->strict == b->strict &&
		a->any_strength == b->any_strength &&
		a->honour_invalidity == b->honour_invalidity;
}

/* All certificates, in order: the order may lead to another path. */
static bool same(const struct question *a, const struct question *b)
{
	int i;

	if (a->bags != b->bags || !same_rule(a, b) ||
	    X509_cmp(a->leaf, b->leaf))
		return false;
	for (i = 0; i < a->bags; i++)
		if (X509_cmp(a->bag[i], b->bag[i]))
			return false;
	return true;
}

static bool small(const struct question *q)
{
	size_t n = der_bytes(q->leaf);
	int i;

	for (i = 0; i < q->bags; i++)
		n += der_bytes(q->bag[i]);
	return n <= BYTES_MAX;
}

/* ---- the memo ----------------------------------------------------------- */

static void release(struct entry *e)
{
	if (!e->chain)
		return;
	X509_free(e->q.leaf);
	while (e->q.bags)
		X509_free(e->q.bag[--e->q.bags]);
	sk_X509_pop_free(e->chain, X509_free);
	e->chain = NULL;
}

static bool inside(const struct tmk_chain_window *w,
		   const struct tmk_chain_request *r)
{
	return r->at >= w->at_from && r->at <= w->at_to &&
		r->now >= w->now_from && r->now <= w->now_to;
}

bool tmk_chain_memo_find(struct tmk_chain_answer *answer,
			 const struct tmk_chain_request *request)
{
	STACK_OF(X509) *chain = NULL;
	struct question q;
	int i;

	if (!question_of(&q, request))
		return false;
	pthread_mutex_lock(&lock);
	for (i = 0; i < KEPT && !chain; i++)
		if (kept[i].chain && inside(&kept[i].window, request) &&
		    same(&kept[i].q, &q))
			chain = X509_chain_up_ref(kept[i].chain);
	pthread_mutex_unlock(&lock);
	if (!chain)
		return false;
	answer->result = TMK_CHAIN_GOOD;
	answer->text[0] = '\0';
	answer->chain = chain;
	return true;
}

void tmk_chain_memo_keep(const struct tmk_chain_request *request,
			 const struct tmk_chain_answer *answer)
{
	struct entry new = { .chain = NULL };
	struct entry *place;
	int i;

	if (answer->result != TMK_CHAIN_GOOD || !answer->chain ||
	    !question_of(&new.q, request) || !small(&new.q) ||
	    !tmk_chain_memo_window(&new.window, request))
		return;
	new.chain = X509_chain_up_ref(answer->chain);
	if (!new.chain)
		return;
	X509_up_ref(new.q.leaf);
	for (i = 0; i < new.q.bags; i++)
		X509_up_ref(new.q.bag[i]);
	pthread_mutex_lock(&lock);
	place = &kept[oldest++ % KEPT];
	release(place);
	*place = new;
	pthread_mutex_unlock(&lock);
}
