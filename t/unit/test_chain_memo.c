/*
 * A chain that was found good stays so exactly as long as judging it again
 * would say the same: at the edges of every date that counts, one second
 * before, at and behind it, in any order.
 */
#include "t/unit/tap.h"
#include "t/unit/x509_judge.h"
#include "x509/chain_memo.h"
#include "x509/fast.h"

#define DAY MINT_DAY
#define T0 INT64_C(1700000000)

static unsigned long hits;

/* Judge both ways; NULL when they agree. */
static const char *both(const struct tmk_chain_request *r)
{
	struct tmk_chain_answer a = { .chain = NULL }, b = { .chain = NULL };
	struct tmk_err err = TMK_ERR_INIT;
	const char *what = NULL;
	int i;

	tmk_fast_set(false);
	mint_must(!tmk_chain_judge(&a, r, &err), err.text);
	tmk_fast_set(true);
	hits += tmk_chain_memo_find(&b, r);
	tmk_chain_answer_release(&b);
	mint_must(!tmk_chain_judge(&b, r, &err), err.text);
	if (a.result != b.result || strcmp(a.text, b.text))
		what = "the answer";
	else if (sk_X509_num(a.chain) != sk_X509_num(b.chain))
		what = "the length of the chain";
	for (i = 0; !what && i < sk_X509_num(a.chain); i++)
		if (X509_cmp(sk_X509_value(a.chain, i),
			     sk_X509_value(b.chain, i)))
			what = "the chain";
	if (what)
		diag("at T0%+lld, now T0%+lld: %s (%s) (%s)",
		     (long long)(r->at - T0), (long long)(r->now - T0), what,
		     a.text, b.text);
	tmk_chain_answer_release(&a);
	tmk_chain_answer_release(&b);
	return what;
}

/* ---- a world with many dates -------------------------------------------- */

static const int64_t edges[] = {
	T0 - 10 * DAY, T0 - 9 * DAY, T0 - 8 * DAY, T0 - 5 * DAY, T0 - 4 * DAY,
	T0 - 3 * DAY, T0 - 2 * DAY, T0 - DAY, T0, T0 + DAY, T0 + 2 * DAY,
	T0 + 6 * DAY, T0 + 8 * DAY, T0 + 10 * DAY
};

#define EDGES (sizeof(edges) / sizeof(edges[0]))

struct dated {
	struct world w;
	struct mint second;	/* the same CA, certified again for longer */
};

static void dated_make(struct dated *d, const struct mint_revoked *entry)
{
	const struct mint_spec mid = { .name = "mid", .ca = true,
		.serial = 7, .from = T0 - 8 * DAY, .to = T0 + 2 * DAY };
	const struct mint_spec leaf = { .name = "leaf", .serial = 9,
		.from = T0 - 9 * DAY, .to = T0 + 8 * DAY,
		.ext = { { "keyUsage", "critical,digitalSignature" },
			 { "extendedKeyUsage", "codeSigning" } } };
	struct mint_spec second = mid;
	struct tmk_err err = TMK_ERR_INIT;

	memset(d, 0, sizeof(*d));
	world_make(&d->w, &mid, &leaf);
	second.serial = 8;
	second.from = T0 - 4 * DAY;
	second.to = T0 + 6 * DAY;
	second.reuse = d->w.mid.key;
	mint_cert(&d->second, &d->w.root, &second);
	mint_must(sk_X509_push(d->w.bag, d->second.cert) > 0 &&
		  !tmk_trust_add_crls(d->w.trust, mint_crl("root.crl",
				&d->w.root, NULL, NULL, T0 - 5 * DAY,
				T0 + 10 * DAY, NULL, 0), &err) &&
		  !tmk_trust_add_crls(d->w.trust, mint_crl("mid.crl",
				&d->w.mid, NULL, NULL, T0 - DAY, T0 + DAY,
				entry, entry != NULL), &err), "CRLs");
}

static void dated_free(struct dated *d)
{
	mint_release(&d->second);
	world_free(&d->w);
}

/* Always the same course, none that a rule was made for. */
static unsigned int chance(unsigned int below)
{
	static uint32_t state = 20261121;

	state = state * 1664525u + 1013904223u;
	return (state >> 8) % below;
}

static int64_t some_time(void)
{
	return edges[chance(EDGES)] + (int64_t)chance(3) - 1;
}

static void wander(const struct mint_revoked *entry, const char *what)
{
	struct tmk_chain_request r;
	struct dated d;
	bool good = true;
	int i;

	hits = 0;
	dated_make(&d, entry);
	for (i = 0; good && i < 700; i++) {
		r = d.w.request;
		r.at = some_time();
		r.now = chance(2) ? some_time() : T0;
		r.stamped = chance(2);
		r.honour_invalidity = chance(2);
		r.revocation = (enum tmk_revocation)(chance(3) + 1);
		good = !both(&r);
	}
	ok(good, "%s: %d questions, the same answers", what, i);
	ok(hits > 40, "%s: %lu of them were known", what, hits);
	dated_free(&d);
}

/* ---- what makes it another question ------------------------------------- */

static bool known(const struct tmk_chain_request *r)
{
	struct tmk_chain_answer a = { .chain = NULL };
	bool found = tmk_chain_memo_find(&a, r);

	tmk_chain_answer_release(&a);
	return found;
}

/* Whatever else a request may ask for. */
static void switches(void)
{
	static const struct {
		const char *what;
		size_t at;
	} some[] = {
#define SWITCH(s) { #s, offsetof(struct tmk_chain_request, s) }
		SWITCH(stamped), SWITCH(eku_critical_alone), SWITCH(any_leaf),
		SWITCH(explicit_policy), SWITCH(inhibit_mapping),
		SWITCH(inhibit_any), SWITCH(strict), SWITCH(any_strength),
		SWITCH(honour_invalidity)
#undef SWITCH
	};
	struct tmk_chain_request r;
	struct world w;
	size_t i;

	world_make(&w, NULL, NULL);
	ok(!both(&w.request) && known(&w.request), "a chain is known");
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		r = w.request;
		*(bool *)((char *)&r + some[i].at) = true;
		ok(!known(&r), "not with another %s", some[i].what);
	}
	r = w.request;
	r.ca_min_rsa = 4096;
	ok(!known(&r), "not with another strength above it");
	world_free(&w);
}

/* A certificate that the policy brings may end as well. */
static void brought(void)
{
	const struct mint_spec mid = { .name = "mid", .ca = true,
		.serial = 7, .from = T0 - 2 * DAY, .to = T0 + 2 * DAY };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_chain_window window;
	struct world w;

	world_make(&w, &mid, NULL);
	mint_must(!tmk_trust_add_intermediates(w.trust, mint_pem("mid.pem",
				w.mid.cert), &err), err.text);
	w.request.untrusted = NULL;
	ok(tmk_chain_memo_window(&window, &w.request) &&
	   window.at_from == T0 - 2 * DAY + 1 &&
	   window.at_to == T0 + 2 * DAY - 1,
	   "a certificate of the policy limits it");
	ok(!both(&w.request) && known(&w.request), "a chain through it");
	w.request.at = T0 + 3 * DAY;
	ok(!known(&w.request) && !both(&w.request), "not for ever");
	world_free(&w);
}

static void questions(void)
{
	const struct mint_revoked lost = { 9, T0 - 3 * DAY, 1, 0 };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_chain_request r;
	struct world w, other;

	world_make(&w, NULL, NULL);
	world_make(&other, NULL, NULL);
	ok(!known(&w.request), "nothing is known at first");
	ok(!both(&w.request) && known(&w.request), "then it is");
	r = w.request;
	r.leaf = other.leaf.cert;
	ok(!known(&r), "not of another leaf");
	r = w.request;
	r.untrusted = other.bag;
	ok(!known(&r), "not with other certificates beside it");
	r.untrusted = NULL;
	ok(!known(&r), "not without them");
	r = w.request;
	r.trust = other.trust;
	ok(!known(&r), "not under other roots");
	r = w.request;
	r.eku[0] = "emailProtection";
	ok(!known(&r), "not for another purpose");
	r.ekus = 0;
	ok(!known(&r), "not for any purpose");
	r = w.request;
	r.revocation = TMK_REVOCATION_REQUIRE;
	ok(!known(&r), "not when revocation counts");
	r = w.request;
	r.min_rsa = 4096;
	ok(!known(&r), "not with another strength");
	r = w.request;
	r.stamped = true;
	ok(!known(&r), "not with a timestamp");
	r = w.request;
	r.honour_invalidity = true;
	ok(!known(&r), "not when dates of invalidity count");
	r = w.request;
	r.ocsps = 1;
	ok(!known(&r), "not with an OCSP response beside it");
	r = w.request;
	r.strict = true;
	ok(!known(&r), "not when more is asked of issuers");
	tmk_fast_set(false);
	ok(known(&w.request), "it is kept while the fast path is off");
	tmk_fast_set(true);
	mint_must(!tmk_trust_add_crls(w.trust, mint_crl("late.crl", &w.mid,
				NULL, NULL, T0 - DAY, T0 + DAY, &lost, 1),
				      &err), err.text);
	ok(!known(&w.request), "not after a CRL was added");
	w.request.revocation = TMK_REVOCATION_CHECK;
	world_is(&w, TMK_CHAIN_REVOKED, "which says that it is revoked");
	ok(!known(&w.request), "no refusal is kept");
	world_free(&w);
	world_free(&other);
}

static void windows(void)
{
	const struct mint_revoked old = { 9, T0 + 4 * DAY, 4, T0 + 3 * DAY };
	struct tmk_chain_window w;
	struct dated d;

	dated_make(&d, &old);
	ok(tmk_chain_memo_window(&w, &d.w.request), "a window");
	ok(w.at_from == T0 - 4 * DAY + 1 && w.at_to == T0 + 2 * DAY - 1,
	   "the time of the signature lies between the dates of certificates");
	ok(w.now_from == T0 - DAY + 1 && w.now_to == T0 + DAY - 1,
	   "the clock between those of CRLs too");
	d.w.request.at = T0 + 2 * DAY + 5;
	ok(tmk_chain_memo_window(&w, &d.w.request) &&
	   w.at_from == T0 + 2 * DAY + 1 && w.at_to == T0 + 3 * DAY - 1,
	   "a date of invalidity ends it");
	d.w.request.at = T0 + 3 * DAY + 5;
	ok(tmk_chain_memo_window(&w, &d.w.request) &&
	   w.at_from == T0 + 3 * DAY + 1 && w.at_to == T0 + 4 * DAY - 1,
	   "a date of revocation ends it");
	d.w.request.at = T0 + 4 * DAY;
	ok(tmk_chain_memo_window(&w, &d.w.request) &&
	   w.at_from == T0 + 4 * DAY && w.at_to == T0 + 4 * DAY,
	   "at a date it is one second long");
	dated_free(&d);
}

/* More chains than are kept: the first ones go, nothing is mixed up. */
static void many(void)
{
	static struct world w[80];
	bool good = true;
	int i;

	for (i = 0; i < 80; i++)
		world_make(&w[i], NULL, NULL);
	for (i = 0; good && i < 160; i++)
		good = !both(&w[i % 80].request);
	ok(good, "eighty chains, twice");
	ok(known(&w[79].request) && !known(&w[0].request),
	   "the last one is kept, the first is not");
	for (i = 0; i < 80; i++)
		world_free(&w[i]);
}

int main(void)
{
	const struct mint_revoked superseded = { 9, T0 - 2 * DAY, 4, 0 };
	const struct mint_revoked earlier = { 9, T0 - 2 * DAY, 4,
		T0 - 3 * DAY };
	const struct mint_revoked lost = { 9, T0 - 2 * DAY, 1, T0 - 4 * DAY };
	const struct mint_revoked held = { 9, T0 - 2 * DAY, 6, 0 };

	questions();
	switches();
	brought();
	windows();
	wander(NULL, "nobody revoked");
	wander(&superseded, "superseded");
	wander(&earlier, "superseded, invalid earlier");
	wander(&lost, "lost, invalid earlier");
	wander(&held, "held");
	many();
	mint_clean();
	return tap_done();
}
