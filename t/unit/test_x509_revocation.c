#include <sys/stat.h>

#include "t/unit/x509_judge.h"

#define LEAF_SERIAL 9
#define MID_SERIAL 7

/* CRLs of both CAs, current at `now`; the entry is put into the CRL of the CA
 * that issued it. */
static void give_crls(struct world *w, int64_t now,
		      const struct mint_revoked *leaf,
		      const struct mint_revoked *mid)
{
	struct tmk_err err = TMK_ERR_INIT;

	mint_must(!tmk_trust_add_crls(w->trust, mint_crl("root.crl", &w->root,
				NULL, NULL, now - MINT_DAY, now + MINT_DAY,
				mid, mid ? 1 : 0), &err) &&
		  !tmk_trust_add_crls(w->trust, mint_crl("mid.crl", &w->mid,
				NULL, NULL, now - MINT_DAY, now + MINT_DAY,
				leaf, leaf ? 1 : 0), &err), err.text);
}

/* The rule by reason and time: a revocation on T0, seen 100 days later. */
static void reasons(void)
{
	static const struct {
		int reason;
		bool stands;	/* for a stamped time before */
		const char *name;
	} rows[] = {
		{ -1, false, "no reason" },
		{ 0, false, "unspecified" },
		{ 1, false, "keyCompromise" },
		{ 2, false, "cACompromise" },
		{ 3, true, "affiliationChanged" },
		{ 4, true, "superseded" },
		{ 5, true, "cessationOfOperation" },
		{ 6, false, "certificateHold" },
		{ 9, false, "privilegeWithdrawn" },
		{ 10, false, "aACompromise" },
		{ 77, false, "a reason that does not exist" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mint_revoked entry = { LEAF_SERIAL, MINT_T0,
			rows[i].reason, 0 };
		struct world w;

		world_make(&w, NULL, NULL);
		w.request.revocation = TMK_REVOCATION_REQUIRE;
		w.request.now = MINT_T0 + 100 * MINT_DAY;
		w.request.stamped = true;
		give_crls(&w, w.request.now, &entry, NULL);
		w.request.at = MINT_T0 - 1;
		world_is(&w, rows[i].stands ? TMK_CHAIN_GOOD :
			 TMK_CHAIN_REVOKED, rows[i].name);
		w.request.at = MINT_T0;
		world_is(&w, TMK_CHAIN_REVOKED, "stamped at the revocation");
		w.request.at = MINT_T0 - 1;
		w.request.stamped = false;
		world_is(&w, TMK_CHAIN_REVOKED, "before, but not stamped");
		world_free(&w);
	}
}

static void invalidity(void)
{
	const struct mint_revoked entry = { LEAF_SERIAL, MINT_T0, 4,
		MINT_T0 - 5 * MINT_DAY };
	struct world w;

	world_make(&w, NULL, NULL);
	w.request.revocation = TMK_REVOCATION_REQUIRE;
	w.request.stamped = true;
	w.request.now = MINT_T0 + 100 * MINT_DAY;
	give_crls(&w, w.request.now, &entry, NULL);
	w.request.at = MINT_T0 - MINT_DAY;
	world_is(&w, TMK_CHAIN_REVOKED, "after its invalidityDate");
	w.request.at = MINT_T0 - 6 * MINT_DAY;
	world_is(&w, TMK_CHAIN_GOOD, "before its invalidityDate");
	world_free(&w);
}

static void revoked_ca(void)
{
	const struct mint_revoked hard = { MID_SERIAL, MINT_T0, 2, 0 };
	const struct mint_revoked soft = { MID_SERIAL, MINT_T0, 4, 0 };
	struct world w;

	world_make(&w, NULL, NULL);
	w.request.revocation = TMK_REVOCATION_CHECK;
	w.request.stamped = true;
	w.request.at = MINT_T0 - MINT_DAY;
	give_crls(&w, MINT_T0, NULL, &hard);
	world_is(&w, TMK_CHAIN_REVOKED, "a CA whose key is lost");
	world_free(&w);
	world_make(&w, NULL, NULL);
	w.request.revocation = TMK_REVOCATION_CHECK;
	w.request.stamped = true;
	w.request.at = MINT_T0 - MINT_DAY;
	give_crls(&w, MINT_T0, NULL, &soft);
	world_is(&w, TMK_CHAIN_GOOD, "a CA that was replaced later");
	world_free(&w);
}

static void missing(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct world w;

	world_make(&w, NULL, NULL);
	w.request.revocation = TMK_REVOCATION_REQUIRE;
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "no CRL under require");
	w.request.revocation = TMK_REVOCATION_CHECK;
	world_is(&w, TMK_CHAIN_GOOD, "no CRL under check");
	mint_must(!tmk_trust_add_crls(w.trust, mint_crl("mid.crl", &w.mid,
				NULL, NULL, MINT_T0 - MINT_DAY,
				MINT_T0 + MINT_DAY, NULL, 0), &err), "CRL");
	w.request.revocation = TMK_REVOCATION_REQUIRE;
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN,
		 "only one of two CAs has a CRL");
	w.request.at = MINT_T0 + 20 * MINT_DAY;
	world_is(&w, TMK_CHAIN_EXPIRED, "expiry is told before absence");
	world_free(&w);
	world_make(&w, NULL, NULL);
	w.request.revocation = TMK_REVOCATION_REQUIRE;
	give_crls(&w, MINT_T0, NULL, NULL);
	world_is(&w, TMK_CHAIN_GOOD, "both CRLs are there");
	world_free(&w);
}

static void stale(void)
{
	const struct mint_revoked entry = { LEAF_SERIAL, MINT_T0, 1, 0 };
	struct world w;

	world_make(&w, NULL, NULL);
	give_crls(&w, MINT_T0, NULL, NULL);
	w.request.now = MINT_T0 + 5 * MINT_DAY;
	w.request.revocation = TMK_REVOCATION_REQUIRE;
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "stale under require");
	w.request.revocation = TMK_REVOCATION_CHECK;
	world_is(&w, TMK_CHAIN_GOOD, "stale under check");
	world_free(&w);
	world_make(&w, NULL, NULL);
	give_crls(&w, MINT_T0, &entry, NULL);
	w.request.now = MINT_T0 + 5 * MINT_DAY;
	w.request.revocation = TMK_REVOCATION_CHECK;
	world_is(&w, TMK_CHAIN_REVOKED, "stale under check still revokes");
	w.request.revocation = TMK_REVOCATION_REQUIRE;
	world_is(&w, TMK_CHAIN_REVOKED, "and under require");
	w.request.revocation = TMK_REVOCATION_OFF;
	world_is(&w, TMK_CHAIN_GOOD, "not asked when off");
	world_free(&w);
}

static void endless(void)
{
	const struct mint_revoked entry = { LEAF_SERIAL, MINT_T0, 1, 0 };
	struct tmk_err err = TMK_ERR_INIT;
	struct world w;

	world_make(&w, NULL, NULL);
	mint_must(!tmk_trust_add_crls(w.trust, mint_crl("r.crl", &w.root,
				NULL, NULL, MINT_T0 - MINT_DAY,
				MINT_T0 + MINT_DAY, NULL, 0), &err) &&
		  !tmk_trust_add_crls(w.trust, mint_crl("e.crl", &w.mid, NULL,
				NULL, MINT_T0 - MINT_DAY, 0, NULL, 0), &err),
		  "CRLs");
	w.request.revocation = TMK_REVOCATION_REQUIRE;
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "a CRL without an end");
	w.request.revocation = TMK_REVOCATION_CHECK;
	world_is(&w, TMK_CHAIN_GOOD, "is taken under check");
	mint_must(!tmk_trust_add_crls(w.trust, mint_crl("e2.crl", &w.mid,
				NULL, NULL, MINT_T0 - 10, 0, &entry, 1), &err),
		  "CRL");
	world_is(&w, TMK_CHAIN_REVOKED, "and revokes");
	world_free(&w);
}

/* A current CRL decides about an old time: what was not yet known then. */
static void old_time(void)
{
	const struct mint_revoked entry = { LEAF_SERIAL,
		MINT_T0 + 50 * MINT_DAY, 1, 0 };
	struct tmk_err err = TMK_ERR_INIT;
	struct world w;

	world_make(&w, NULL, NULL);
	w.request.revocation = TMK_REVOCATION_REQUIRE;
	w.request.stamped = true;
	w.request.now = MINT_T0 + 100 * MINT_DAY;
	/* An empty CRL of that time must not hide the later one. */
	give_crls(&w, MINT_T0, NULL, NULL);
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "only CRLs of that time");
	mint_must(!tmk_trust_add_crls(w.trust, mint_crl("r2.crl", &w.root,
				NULL, NULL, w.request.now - MINT_DAY,
				w.request.now + MINT_DAY, NULL, 0), &err) &&
		  !tmk_trust_add_crls(w.trust, mint_crl("m2.crl", &w.mid,
				NULL, NULL, w.request.now - MINT_DAY,
				w.request.now + MINT_DAY, &entry, 1), &err),
		  "CRLs");
	world_is(&w, TMK_CHAIN_REVOKED, "the later CRL counts");
	world_free(&w);
}

static void forged(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct world w;
	int mode;

	for (mode = TMK_REVOCATION_REQUIRE; mode <= TMK_REVOCATION_CHECK;
	     mode++) {
		world_make(&w, NULL, NULL);
		w.request.revocation = mode;
		mint_must(!tmk_trust_add_crls(w.trust, mint_crl("f.crl",
				&w.mid, w.leaf.key, NULL, MINT_T0 - MINT_DAY,
				MINT_T0 + MINT_DAY, NULL, 0), &err), "CRL");
		world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN,
			 "a CRL that another key signed");
		world_free(&w);
		world_make(&w, NULL, NULL);
		w.request.revocation = mode;
		mint_must(!tmk_trust_add_crls(w.trust, mint_crl("s.crl",
				&w.mid, NULL, EVP_sha1(), MINT_T0 - MINT_DAY,
				MINT_T0 + MINT_DAY, NULL, 0), &err), "CRL");
		world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN,
			 "a CRL under SHA-1");
		world_free(&w);
	}
}

static void loading(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	const char *dir = mint_path("crls");
	struct world w;

	world_make(&w, NULL, NULL);
	mint_must(!mkdir(dir, 0700), "folder");
	ok(!tmk_trust_add_crls(w.trust, dir, &err), "an empty folder is fine");
	mint_crl("crls/one.crl", &w.root, NULL, NULL, MINT_T0 - MINT_DAY,
		 MINT_T0 + MINT_DAY, NULL, 0);
	mint_crl("crls/two.crl", &w.mid, NULL, NULL, MINT_T0 - MINT_DAY,
		 MINT_T0 + MINT_DAY, NULL, 0);
	ok(!tmk_trust_add_crls(w.trust, dir, &err), "a folder of two");
	w.request.revocation = TMK_REVOCATION_REQUIRE;
	world_is(&w, TMK_CHAIN_GOOD, "both count");
	mint_pem("crls/three.pem", w.leaf.cert);
	ok(tmk_trust_add_crls(w.trust, dir, &err) < 0 &&
	   err.code == TMK_INPUT, "a certificate among them: %s", err.text);
	ok(tmk_trust_add_crls(w.trust, "/nonexistent.crl", &err) < 0 &&
	   err.code == TMK_INPUT, "a missing one: %s", err.text);
	world_free(&w);
}

int main(void)
{
	reasons();
	invalidity();
	revoked_ca();
	missing();
	stale();
	endless();
	old_time();
	forged();
	loading();
	mint_clean();
	return tap_done();
}
