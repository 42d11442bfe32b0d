/*
 * x509_judge.h - asking the chain judge one question in a test: a root, an
 * intermediate and a leaf, and what is different this time.
 */
#ifndef TMK_T_X509_JUDGE_H
#define TMK_T_X509_JUDGE_H

#include "t/unit/tap.h"
#include "t/unit/x509_mint.h"
#include "x509/chain.h"

struct world {
	struct mint root, mid, leaf;
	struct tmk_trust *trust;
	struct tmk_chain_request request;
	STACK_OF(X509) *bag;	/* borrowed certificates */
};

/* The usual three, with what `leaf` and `mid` say (NULL: the usual). */
static inline void world_make(struct world *w, const struct mint_spec *mid,
			      const struct mint_spec *leaf)
{
	const struct mint_spec usual_root = { .name = "root", .ca = true };
	const struct mint_spec usual_mid = { .name = "mid", .ca = true,
		.serial = 7 };
	const struct mint_spec usual_leaf = { .name = "leaf", .serial = 9,
		.ext = { { "keyUsage", "critical,digitalSignature" },
			 { "extendedKeyUsage", "codeSigning" } } };
	struct tmk_err err = TMK_ERR_INIT;

	memset(w, 0, sizeof(*w));
	mint_cert(&w->root, NULL, &usual_root);
	mint_cert(&w->mid, &w->root, mid ? mid : &usual_mid);
	mint_cert(&w->leaf, &w->mid, leaf ? leaf : &usual_leaf);
	w->bag = sk_X509_new_null();
	mint_must(w->bag && sk_X509_push(w->bag, w->mid.cert) &&
		  !tmk_trust_new(&w->trust, &err) &&
		  !tmk_trust_add_roots(w->trust, mint_pem("root.pem",
							  w->root.cert),
				       &err), "trust");
	w->request = (struct tmk_chain_request) {
		.trust = w->trust, .leaf = w->leaf.cert, .untrusted = w->bag,
		.at = MINT_T0, .now = MINT_T0,
		.revocation = TMK_REVOCATION_OFF,
		.eku = { "codeSigning" }, .ekus = 1,
	};
}

static inline void world_free(struct world *w)
{
	sk_X509_free(w->bag);
	tmk_trust_free(w->trust);
	mint_release(&w->root);
	mint_release(&w->mid);
	mint_release(&w->leaf);
}

/* One test line: what the judge answers. */
static inline void world_is(const struct world *w, enum tmk_chain_result want,
			    const char *what)
{
	struct tmk_chain_answer answer = { TMK_CHAIN_GOOD, "", NULL };
	struct tmk_err err = TMK_ERR_INIT;

	if (tmk_chain_judge(&answer, &w->request, &err)) {
		ok(false, "%s: could not judge: %s", what, err.text);
		return;
	}
	is_int(answer.result, want, "%s (%s)", what, answer.text);
	if ((want == TMK_CHAIN_GOOD) != (answer.text[0] == '\0'))
		ok(false, "a line of why, and only when refused");
	tmk_chain_answer_release(&answer);
}

/* Make, ask, forget. */
static inline void with(const struct mint_spec *mid,
			const struct mint_spec *leaf,
			enum tmk_chain_result want, const char *what)
{
	struct world w;

	world_make(&w, mid, leaf);
	world_is(&w, want, what);
	world_free(&w);
}

#endif
