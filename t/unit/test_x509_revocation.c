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

/* One more CRL of the intermediate, from `from` to `to` days after T0. */
static void add_crl(struct world *w, const char *file, EVP_PKEY *key,
		    int from, int to, const struct mint_revoked *entry)
{
	struct tmk_err err = TMK_ERR_INIT;

	mint_must(!tmk_trust_add_crls(w->trust, mint_crl(file, &w->mid, key,
				NULL, MINT_T0 + from * MINT_DAY,
				MINT_T0 + to * MINT_DAY, entry,
				entry ? 1 : 0), &err), err.text);
}

/* A CRLNumber, and the base's where it is a delta; signed again. */
static void number_crl(const char *path, const struct mint *issuer, long n,
		       long base)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	FILE *f = fopen(path, "r");
	X509_CRL *crl = f ? PEM_read_X509_CRL(f, NULL, NULL, NULL) : NULL;

	mint_must(crl && number && fclose(f) == 0 &&
		  ASN1_INTEGER_set(number, n) == 1 &&
		  X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1,
		  "CRLNumber");
	if (base)
		mint_must(ASN1_INTEGER_set(number, base) == 1 &&
			  X509_CRL_add1_ext_i2d(crl, NID_delta_crl, number, 1,
						0) == 1, "deltaCRLIndicator");
	f = fopen(path, "w");
	mint_must(f && X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0 &&
		  PEM_write_X509_CRL(f, crl) == 1 && fclose(f) == 0, path);
	ASN1_INTEGER_free(number);
	X509_CRL_free(crl);
}

/* A base and its delta, each with an entry or none: both count, each with its
 * own reason. */
static void deltas(void)
{
	static const struct {
		int base, delta;	/* reasons; -1: not listed */
		enum tmk_chain_result want;
		const char *what;
	} rows[] = {
		{ -1, 1, TMK_CHAIN_REVOKED, "revoked by the delta" },
		{ -1, 4, TMK_CHAIN_GOOD, "superseded later, by the delta" },
		{ 4, 1, TMK_CHAIN_REVOKED, "superseded, then lost" },
		{ 1, 4, TMK_CHAIN_REVOKED, "lost, then superseded" },
		{ 6, 8, TMK_CHAIN_GOOD, "a hold that the delta ends" },
		{ 1, 8, TMK_CHAIN_REVOKED, "lost, and removed when expired" },
	};
	const struct mint_spec leaf = { .name = "leaf", .serial = LEAF_SERIAL,
		.ext = { { "extendedKeyUsage", "codeSigning" },
			 { "freshestCRL", "URI:http://crl.example/d" } } };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mint_revoked entry = { LEAF_SERIAL, MINT_T0 + MINT_DAY,
			rows[i].base, 0 };
		struct tmk_err err = TMK_ERR_INIT;
		const char *base, *delta;
		struct world w;

		world_make(&w, NULL, &leaf);
		w.request.revocation = TMK_REVOCATION_CHECK;
		w.request.stamped = true;
		w.request.now = MINT_T0 + 5 * MINT_DAY;
		base = mint_crl("base.crl", &w.mid, NULL, NULL,
				w.request.now - 10, w.request.now + MINT_DAY,
				&entry, rows[i].base >= 0);
		number_crl(base, &w.mid, 1, 0);
		entry.reason = rows[i].delta;
		delta = mint_crl("delta.crl", &w.mid, NULL, NULL,
				 w.request.now - 5, w.request.now + MINT_DAY,
				 &entry, rows[i].delta >= 0);
		number_crl(delta, &w.mid, 2, 1);
		mint_must(!tmk_trust_add_crls(w.trust, base, &err) &&
			  !tmk_trust_add_crls(w.trust, delta, &err),
			  err.text);
		world_is(&w, rows[i].want, rows[i].what);
		world_free(&w);
	}
}

/* Two CRLs of one issuer, judged five days after T0: a revocation that the
 * one to be asked does not know, or no longer, still counts; a hold that it
 * does not know is over. */
static void several(void)
{
	static const struct {
		int from, to;	/* of the empty one, in days */
		int from2, to2;	/* of the one with an entry */
		int reason;
		bool foreign;	/* signed by another key */
		enum tmk_chain_result want;
		const char *what;
	} rows[] = {
		{ -9, 20, 0, 1, 1, false, TMK_CHAIN_REVOKED,
		  "a newer CRL that has gone stale" },
		{ -9, 20, 6, 9, 1, false, TMK_CHAIN_REVOKED,
		  "a CRL that is ahead of our clock" },
		{ 4, 20, 0, 9, 1, false, TMK_CHAIN_REVOKED,
		  "an older CRL, its entry left out since" },
		{ 4, 20, 0, 9, 6, false, TMK_CHAIN_GOOD,
		  "a hold that was taken back" },
		{ -9, 20, 0, 1, 6, false, TMK_CHAIN_REVOKED,
		  "a newer hold in a stale CRL" },
		{ 4, 20, 0, 9, 4, false, TMK_CHAIN_GOOD,
		  "superseded later, left out since" },
		{ -9, -1, 0, 1, 4, false, TMK_CHAIN_GOOD,
		  "superseded later, in a stale CRL" },
		{ 4, 20, 0, 9, 1, true, TMK_CHAIN_GOOD,
		  "a list that somebody else signed" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mint_revoked entry = { LEAF_SERIAL,
			MINT_T0 + MINT_DAY, rows[i].reason, 0 };
		struct world w;

		world_make(&w, NULL, NULL);
		w.request.revocation = TMK_REVOCATION_CHECK;
		w.request.stamped = true;
		w.request.now = MINT_T0 + 5 * MINT_DAY;
		add_crl(&w, "empty.crl", NULL, rows[i].from, rows[i].to, NULL);
		add_crl(&w, "other.crl", rows[i].foreign ? w.leaf.key : NULL,
			rows[i].from2, rows[i].to2, &entry);
		world_is(&w, rows[i].want, rows[i].what);
		world_free(&w);
	}
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

/* Write a CRL of `issuer` whose one extension is `nid` with these bytes, in
 * the list or in its only entry. */
static const char *odd_crl(const struct mint *issuer, int nid, bool in_entry,
			   const char *bytes, size_t len)
{
	const struct mint_revoked entry = { LEAF_SERIAL, MINT_T0, -1, 0 };
	const char *path = mint_crl("odd.crl", issuer, NULL, NULL,
				    MINT_T0 - MINT_DAY, MINT_T0 + MINT_DAY,
				    &entry, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	FILE *f = fopen(path, "r");
	X509_CRL *crl = f ? PEM_read_X509_CRL(f, NULL, NULL, NULL) : NULL;
	X509_EXTENSION *ext;

	mint_must(crl && value && fclose(f) == 0 &&
		  ASN1_OCTET_STRING_set(value, (const unsigned char *)bytes,
					(int)len) == 1, "bytes");
	ext = X509_EXTENSION_create_by_NID(NULL, nid, 1, value);
	mint_must(ext && (in_entry ?
		  X509_REVOKED_add_ext(sk_X509_REVOKED_value(
			X509_CRL_get_REVOKED(crl), 0), ext, -1) :
		  X509_CRL_add_ext(crl, ext, -1)) == 1, "extension");
	f = fopen(path, "w");
	mint_must(f && X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0 &&
		  PEM_write_X509_CRL(f, crl) == 1 && fclose(f) == 0, path);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	X509_CRL_free(crl);
	return path;
}

/* What OpenSSL would pass over in silence is not taken at all. */
static void contradicting(void)
{
	static const struct {
		int nid;
		bool in_entry;
		const char *bytes;
		size_t len;
		const char *what;
	} rows[] = {
		{ NID_delta_crl, false, "\x02\x01\x01", 3,
		  "a delta without a number" },
		{ NID_issuing_distribution_point, false,
		  "\x30\x06\x81\x01\xff\x82\x01\xff", 8,
		  "for users alone and for CAs alone" },
		{ NID_issuing_distribution_point, false, "\x05\x00", 2,
		  "a scope that cannot be read" },
		{ NID_crl_reason, true, "\x05\x00", 2,
		  "a reason that cannot be read" },
	};
	struct tmk_err err = TMK_ERR_INIT;
	struct world w;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_make(&w, NULL, NULL);
		ok(tmk_trust_add_crls(w.trust, odd_crl(&w.mid, rows[i].nid,
				rows[i].in_entry, rows[i].bytes,
				rows[i].len), &err) < 0 &&
		   err.code == TMK_INPUT, "%s: %s", rows[i].what, err.text);
		world_free(&w);
	}
}

/* A list that names another certificate of its issuer (a cross-certificate,
 * say) is signed by the same key all the same. */
static void other_identifier(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct world w;

	world_make(&w, NULL, NULL);
	w.request.revocation = TMK_REVOCATION_CHECK;
	mint_must(!tmk_trust_add_crls(w.trust, odd_crl(&w.mid,
			NID_authority_key_identifier, false,
			"\x30\x03\x82\x01\x63", 5), &err), err.text);
	world_is(&w, TMK_CHAIN_REVOKED, "listed under another identifier");
	world_free(&w);
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
	several();
	deltas();
	old_time();
	forged();
	contradicting();
	other_identifier();
	loading();
	mint_clean();
	return tap_done();
}
