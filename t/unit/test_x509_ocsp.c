/* OCSP responses that came with a signature: who may say something, about
 * whom, when it counts, and that a list always has the last word. */
#include <openssl/ocsp.h>

#include "t/unit/x509_judge.h"
#include "x509/ocsp.h"

#define LEAF_SERIAL 9
#define MID_SERIAL 7
#define NONE INT64_MIN

/* What a response says; zero means the usual: fresh and good, by the CA. */
struct says {
	const struct mint *subject, *issuer;	/* leaf, mid */
	const struct mint *signer;	/* NULL: the issuer */
	const struct mint *embed;	/* a certificate inside; NULL: none */
	EVP_PKEY *key;		/* that really signs; NULL: the signer's */
	const EVP_MD *md, *id_md;	/* SHA-256, SHA-1 */
	int status, reason;	/* V_OCSP_CERTSTATUS_... */
	int64_t revoked;	/* T0 */
	int64_t from, to;	/* T0, T0 + 1 day; to NONE: no nextUpdate */
	int64_t produced;	/* as `from` */
	bool by_key;		/* responder id */
	bool critical, critical_single;	/* an extension that nobody knows */
	bool crowd;		/* more certificates than there may be */
};

static uint8_t bytes[TMK_OCSP_MAX * 2];
static const uint8_t *staple[8];
static size_t staple_len[8];

static ASN1_GENERALIZEDTIME *stamp(int64_t t)
{
	ASN1_GENERALIZEDTIME *out = ASN1_GENERALIZEDTIME_set(NULL, t);

	mint_must(out != NULL, "time");
	return out;
}

static void add_critical(OCSP_BASICRESP *basic, OCSP_SINGLERESP *single)
{
	X509_EXTENSION *ext = X509V3_EXT_conf(NULL, NULL, "1.2.3.4",
					      "critical,DER:0500");

	mint_must(ext && (single ? OCSP_SINGLERESP_add_ext(single, ext, -1) :
			  OCSP_BASICRESP_add_ext(basic, ext, -1)) == 1,
		  "extension");
	X509_EXTENSION_free(ext);
}

static void add_line(OCSP_BASICRESP *basic, const struct world *w,
		     const struct says *s)
{
	const struct mint *subject = s->subject ? s->subject : &w->leaf;
	const struct mint *issuer = s->issuer ? s->issuer : &w->mid;
	int64_t from = s->from ? s->from : MINT_T0;
	ASN1_TIME *t1 = stamp(from), *when = stamp(s->revoked ? s->revoked :
						   MINT_T0);
	ASN1_TIME *t2 = stamp(s->to && s->to != NONE ? s->to :
			      MINT_T0 + MINT_DAY);
	OCSP_CERTID *id = OCSP_cert_to_id(s->id_md ? s->id_md : EVP_sha1(),
					  subject->cert, issuer->cert);
	OCSP_SINGLERESP *single;

	mint_must(id != NULL, "CertID");
	single = OCSP_basic_add1_status(basic, id, s->status, s->reason, when,
					t1, s->to == NONE ? NULL : t2);
	mint_must(single != NULL, "line");
	if (s->critical_single)
		add_critical(NULL, single);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(t1);
	ASN1_TIME_free(t2);
	ASN1_TIME_free(when);
}

/* OCSP_basic_sign writes the time of day; here it is chosen. */
static void set_produced(OCSP_BASICRESP *basic, int64_t t)
{
	ASN1_GENERALIZEDTIME *at = (ASN1_GENERALIZEDTIME *)(uintptr_t)
		OCSP_resp_get0_produced_at(basic);

	mint_must(ASN1_GENERALIZEDTIME_set(at, t) != NULL, "producedAt");
}

static size_t finish(uint8_t *out, OCSP_BASICRESP *basic,
		     const struct world *w, const struct says *s)
{
	const struct mint *issuer = s->issuer ? s->issuer : &w->mid;
	const struct mint *signer = s->signer ? s->signer : issuer;
	unsigned char *p = out;
	X509 *liar = X509_dup(signer->cert);
	int i, n;

	if (s->produced || s->from)
		set_produced(basic, s->produced ? s->produced : s->from);
	else
		set_produced(basic, MINT_T0);
	if (s->critical)
		add_critical(basic, NULL);
	/* The name of the signer, and a key that need not be his. */
	mint_must(liar && (!s->key || X509_set_pubkey(liar, s->key) == 1) &&
		  OCSP_basic_sign(basic, liar, s->key ? s->key : signer->key,
				  s->md ? s->md : EVP_sha256(), NULL,
				  OCSP_NOCERTS | OCSP_NOTIME |
				  (s->by_key ? OCSP_RESPID_KEY : 0)) == 1,
		  "signature");
	for (i = 0; s->embed && i < (s->crowd ? 9 : 1); i++)
		mint_must(OCSP_basic_add1_cert(basic, s->embed->cert) == 1,
			  "certificate");
	n = i2d_OCSP_BASICRESP(basic, NULL);
	mint_must(n > 0 && (size_t)n <= TMK_OCSP_MAX, "size");
	n = i2d_OCSP_BASICRESP(basic, &p);
	X509_free(liar);
	return (size_t)n;
}

/* The i-th response of the world is this one. */
static void give(struct world *w, const struct says *s)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	static size_t used;
	int i = w->request.ocsps++;

	if (!i)
		used = 0;
	mint_must(basic && i < 8 && used + 8192 < sizeof(bytes), "response");
	add_line(basic, w, s);
	staple[i] = bytes + used;
	staple_len[i] = finish(bytes + used, basic, w, s);
	used += staple_len[i];
	w->request.ocsp = staple;
	w->request.ocsp_len = staple_len;
	OCSP_BASICRESP_free(basic);
}

/* A list of the root, for the intermediate, so that the leaf alone lacks
 * one; then of the intermediate as well when `entry` or `mid_from` is. */
static void usual_with(struct world *w, const struct mint_spec *mid,
		       const struct mint_spec *leaf)
{
	struct tmk_err err = TMK_ERR_INIT;

	world_make(w, mid, leaf);
	w->request.revocation = TMK_REVOCATION_REQUIRE;
	mint_must(!tmk_trust_add_crls(w->trust, mint_crl("root.crl", &w->root,
				NULL, NULL, MINT_T0 - MINT_DAY,
				MINT_T0 + 200 * MINT_DAY, NULL, 0), &err),
		  err.text);
}

static void usual(struct world *w)
{
	usual_with(w, NULL, NULL);
}

static void add_mid_crl(struct world *w, int64_t from, int64_t to,
			const struct mint_revoked *entry)
{
	struct tmk_err err = TMK_ERR_INIT;

	mint_must(!tmk_trust_add_crls(w->trust, mint_crl("mid.crl", &w->mid,
				NULL, NULL, from, to, entry, entry ? 1 : 0),
				      &err), err.text);
}

/* One response, one question. */
static void one(const struct says *s, enum tmk_chain_result want,
		const char *what)
{
	struct world w;

	usual(&w);
	give(&w, s);
	world_is(&w, want, what);
	world_free(&w);
}

#define GOOD(what, ...) \
	one(&(struct says){ __VA_ARGS__ }, TMK_CHAIN_GOOD, what)
#define UNKNOWN(what, ...) \
	one(&(struct says){ __VA_ARGS__ }, TMK_CHAIN_REVOCATION_UNKNOWN, what)
#define REVOKED(what, ...) \
	one(&(struct says){ __VA_ARGS__ }, TMK_CHAIN_REVOKED, what)

static void by_the_authority(void)
{
	struct world w;

	usual(&w);
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "no list, no response");
	world_free(&w);
	GOOD("the authority says good", .status = 0);
	GOOD("its key is named", .by_key = true);
	GOOD("a CertID with SHA-256", .id_md = EVP_sha256());
	UNKNOWN("a CertID with SHA-512", .id_md = EVP_sha512());
	UNKNOWN("signed with SHA-1", .md = EVP_sha1());
	UNKNOWN("says unknown", .status = V_OCSP_CERTSTATUS_UNKNOWN);
	REVOKED("says revoked", .status = V_OCSP_CERTSTATUS_REVOKED,
		.reason = OCSP_REVOKED_STATUS_KEYCOMPROMISE);
	REVOKED("says superseded: it was the signer who chose it",
		.status = V_OCSP_CERTSTATUS_REVOKED,
		.reason = OCSP_REVOKED_STATUS_SUPERSEDED);
	REVOKED("said revoked long ago", .status = V_OCSP_CERTSTATUS_REVOKED,
		.reason = -1, .from = MINT_T0 - 9 * MINT_DAY,
		.to = MINT_T0 - 8 * MINT_DAY);
	UNKNOWN("a critical extension", .critical = true);
	UNKNOWN("a critical extension of the line", .critical_single = true);
	usual(&w);
	give(&w, &(struct says){ .embed = &w.root, .crowd = true });
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN,
		 "more certificates than there may be");
	w.request.ocsps = 0;
	give(&w, &(struct says){ .embed = &w.root });
	world_is(&w, TMK_CHAIN_GOOD, "one that has nothing to do with it");
	world_free(&w);
}

static void times(void)
{
	GOOD("ends this second", .to = MINT_T0);
	UNKNOWN("ended a second ago", .from = MINT_T0 - 10,
		.to = MINT_T0 - 1);
	UNKNOWN("without an end", .to = NONE);
	GOOD("a clock that is a little ahead", .from = MINT_T0 + 300);
	UNKNOWN("from the future", .from = MINT_T0 + 301);
	UNKNOWN("made before it was so", .from = MINT_T0,
		.produced = MINT_T0 - 1);
	UNKNOWN("an end before its beginning", .from = MINT_T0,
		.to = MINT_T0 - 1);
	UNKNOWN("made before its authority was", .from =
		MINT_T0 - 11 * MINT_DAY, .produced = MINT_T0 - 11 * MINT_DAY,
		.to = MINT_T0 + MINT_DAY);
}

/* A stamped signature of two days ago, judged 50 days later, when everything
 * has expired: a response made since then tells that it was good then. */
static void stamped(void)
{
	static const struct {
		int from, to;	/* days after T0 */
		bool stamped;
		enum tmk_chain_result want;
		const char *what;
	} rows[] = {
		{ -1, 0, true, TMK_CHAIN_GOOD, "a response made since" },
		{ -2, 0, true, TMK_CHAIN_GOOD, "a response of that second" },
		{ -3, 0, true, TMK_CHAIN_REVOCATION_UNKNOWN,
		  "a response made before the signature" },
		{ -3, 60, true, TMK_CHAIN_REVOCATION_UNKNOWN,
		  "one of before that outlives the authority who made it" },
		{ 11, 12, true, TMK_CHAIN_REVOCATION_UNKNOWN,
		  "a response made after the certificate expired" },
		{ -1, 0, false, TMK_CHAIN_REVOCATION_UNKNOWN,
		  "a time that nothing proves" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct says s = { .from = MINT_T0 + rows[i].from * MINT_DAY,
			.to = MINT_T0 + rows[i].to * MINT_DAY };
		struct world w;

		usual(&w);
		w.request.at = MINT_T0 - 2 * MINT_DAY;
		w.request.now = MINT_T0 + 50 * MINT_DAY;
		w.request.stamped = rows[i].stamped;
		/* the authority itself must still be there to say so */
		if (rows[i].from > 10)
			s.produced = s.from;
		give(&w, &s);
		world_is(&w, rows[i].want, rows[i].what);
		world_free(&w);
	}
}

/* The same, where the certificate or its authority ends long before the other
 * one: both must have been in force when the response was made. */
static void stamped_between(int mid_days, int leaf_days,
			    enum tmk_chain_result want, const char *what)
{
	const struct mint_spec mid = { .name = "mid", .ca = true,
		.serial = MID_SERIAL, .to = MINT_T0 + mid_days * MINT_DAY };
	const struct mint_spec leaf = { .name = "leaf", .serial = LEAF_SERIAL,
		.to = MINT_T0 + leaf_days * MINT_DAY,
		.ext = { { "extendedKeyUsage", "codeSigning" } } };
	struct world w;

	usual_with(&w, &mid, &leaf);
	w.request.at = MINT_T0 - 2 * MINT_DAY;
	w.request.now = MINT_T0 + 50 * MINT_DAY;
	w.request.stamped = true;
	give(&w, &(struct says){ .from = MINT_T0 + 11 * MINT_DAY,
		.to = MINT_T0 + 12 * MINT_DAY });
	world_is(&w, want, what);
	world_free(&w);
}

/* A list that is there has the last word. */
static void beside_lists(void)
{
	const struct mint_revoked lost = { LEAF_SERIAL, MINT_T0, 1, 0 };
	const struct mint_revoked held = { LEAF_SERIAL, MINT_T0, 6, 0 };
	const struct mint_revoked later = { LEAF_SERIAL, MINT_T0, 4, 0 };
	static const struct says fresh, bad = {
		.status = V_OCSP_CERTSTATUS_REVOKED, .reason = 1 };
	struct world w;

	usual(&w);
	add_mid_crl(&w, MINT_T0 - 9, MINT_T0 + 9, &lost);
	give(&w, &fresh);
	world_is(&w, TMK_CHAIN_REVOKED, "a list says that the key was lost");
	world_free(&w);
	usual(&w);
	add_mid_crl(&w, MINT_T0 - 9 * MINT_DAY, MINT_T0 - 8 * MINT_DAY,
		    &lost);
	give(&w, &fresh);
	world_is(&w, TMK_CHAIN_REVOKED, "a stale list says so");
	world_free(&w);
	usual(&w);
	add_mid_crl(&w, MINT_T0 - 9, MINT_T0 + 9, &held);
	give(&w, &fresh);
	world_is(&w, TMK_CHAIN_REVOKED, "a list holds it");
	world_free(&w);
	usual(&w);
	add_mid_crl(&w, MINT_T0 - 9 * MINT_DAY, MINT_T0 - 8 * MINT_DAY,
		    NULL);
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "a stale list alone");
	give(&w, &fresh);
	world_is(&w, TMK_CHAIN_GOOD, "a stale list and a fresh response");
	world_free(&w);
	usual(&w);
	add_mid_crl(&w, MINT_T0 - 9, MINT_T0 + 9, NULL);
	give(&w, &bad);
	world_is(&w, TMK_CHAIN_REVOKED, "an empty list, a response that says "
		 "revoked");
	w.request.revocation = TMK_REVOCATION_CHECK;
	world_is(&w, TMK_CHAIN_REVOKED, "the same under check");
	w.request.revocation = TMK_REVOCATION_OFF;
	world_is(&w, TMK_CHAIN_GOOD, "nobody asks when off");
	world_free(&w);
	usual(&w);
	w.request.stamped = true;
	w.request.at = MINT_T0 - MINT_DAY;
	add_mid_crl(&w, MINT_T0 - 9, MINT_T0 + 9, &later);
	give(&w, &fresh);
	world_is(&w, TMK_CHAIN_GOOD, "superseded after the timestamp, and a "
		 "response");
	world_free(&w);
}

static void several(void)
{
	static const struct says fresh, stale = { .from = MINT_T0 - 10,
		.to = MINT_T0 - 1 }, unknown = {
		.status = V_OCSP_CERTSTATUS_UNKNOWN }, bad = {
		.status = V_OCSP_CERTSTATUS_REVOKED, .reason = 1 };
	struct world w;

	usual(&w);
	give(&w, &stale);
	give(&w, &fresh);
	world_is(&w, TMK_CHAIN_GOOD, "one of two is fresh");
	give(&w, &unknown);
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "one of three does not "
		 "know");
	give(&w, &bad);
	world_is(&w, TMK_CHAIN_REVOKED, "one of four says revoked");
	world_free(&w);
}

/* Somebody whom the authority let speak, or not. */
struct delegate {
	const char *eku, *ku, *more;
	int days;	/* validity, from T0 - days */
	int by;		/* 0 mid, 1 root, 2 itself */
	bool listed, named_only;
	enum tmk_chain_result want;
	const char *what;
};

static void delegate(const struct delegate *d)
{
	const struct mint_revoked entry = { 77, MINT_T0 - 1, 1, 0 };
	struct mint_spec spec = { .name = "responder", .serial = 77,
		.from = MINT_T0 - d->days * MINT_DAY };
	struct mint responder = { NULL, NULL };
	struct says s = { .signer = &responder, .embed = &responder };
	const char *ext[][2] = { { "extendedKeyUsage", d->eku },
		{ "keyUsage", d->ku }, { d->more, "yes" } };
	struct world w;
	int i, n = 0;

	for (i = 0; i < 3; i++)
		if (ext[i][0] && ext[i][1])
			memcpy(spec.ext[n++], ext[i], sizeof(ext[i]));
	usual(&w);
	mint_cert(&responder, d->by == 0 ? &w.mid : d->by == 1 ? &w.root :
		  NULL, &spec);
	if (d->listed)
		add_mid_crl(&w, MINT_T0 - 9 * MINT_DAY,
			    MINT_T0 - 8 * MINT_DAY, &entry);
	if (d->named_only)
		s.key = w.leaf.key;
	give(&w, &s);
	world_is(&w, d->want, d->what);
	s.by_key = true;
	w.request.ocsps = 0;
	give(&w, &s);
	world_is(&w, d->want, d->what);
	mint_release(&responder);
	world_free(&w);
}

static void delegates(void)
{
	static const struct delegate rows[] = {
		{ "OCSPSigning", NULL, "noCheck", 5, 0, false, false,
		  TMK_CHAIN_GOOD, "a delegate" },
		{ "OCSPSigning", "critical,digitalSignature", "noCheck", 5, 0,
		  false, false, TMK_CHAIN_GOOD, "one with keyUsage" },
		{ "OCSPSigning", NULL, NULL, 5, 0, false, false,
		  TMK_CHAIN_REVOCATION_UNKNOWN,
		  "a delegate of whom nothing is known" },
		{ "codeSigning", NULL, "noCheck", 5, 0, false, false,
		  TMK_CHAIN_REVOCATION_UNKNOWN, "not for OCSPSigning" },
		{ "anyExtendedKeyUsage", NULL, "noCheck", 5, 0, false, false,
		  TMK_CHAIN_REVOCATION_UNKNOWN, "for anything" },
		{ NULL, NULL, "noCheck", 5, 0, false, false,
		  TMK_CHAIN_REVOCATION_UNKNOWN, "for nothing named" },
		{ "OCSPSigning", "critical,keyEncipherment", "noCheck", 5, 0,
		  false, false, TMK_CHAIN_REVOCATION_UNKNOWN,
		  "a key that may not sign" },
		{ "OCSPSigning", NULL, "noCheck", 5, 1, false, false,
		  TMK_CHAIN_REVOCATION_UNKNOWN, "a delegate of another CA" },
		{ "OCSPSigning", NULL, "noCheck", 5, 2, false, false,
		  TMK_CHAIN_REVOCATION_UNKNOWN, "a delegate of nobody" },
		{ "OCSPSigning", NULL, "noCheck", -1, 0, false, false,
		  TMK_CHAIN_REVOCATION_UNKNOWN, "not valid yet then" },
		{ "OCSPSigning", NULL, "noCheck", 5, 0, true, false,
		  TMK_CHAIN_REVOCATION_UNKNOWN, "a revoked delegate" },
		{ "OCSPSigning", NULL, "noCheck", 5, 0, false, true,
		  TMK_CHAIN_REVOCATION_UNKNOWN,
		  "somebody under the delegate's name" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		delegate(&rows[i]);
}

/* Nobody guards its key any more, and times are its own word. */
static void expired_delegate(void)
{
	const struct mint_spec spec = { .name = "responder", .serial = 77,
		.from = MINT_T0 - 5 * MINT_DAY, .to = MINT_T0 - MINT_DAY,
		.ext = { { "extendedKeyUsage", "OCSPSigning" },
			 { "noCheck", "yes" } } };
	struct mint responder = { NULL, NULL };
	const struct says s = { .signer = &responder, .embed = &responder,
		.from = MINT_T0 - 2 * MINT_DAY };
	struct world w;

	usual(&w);
	mint_cert(&responder, &w.mid, &spec);
	give(&w, &s);
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "by one that has expired");
	w.request.stamped = true;
	w.request.at = MINT_T0 - 3 * MINT_DAY;
	world_is(&w, TMK_CHAIN_GOOD, "about a time behind it");
	mint_release(&responder);
	world_free(&w);
}

/* The signer speaks for himself: his own certificate, or a second one over
 * the same key. */
static void oneself(void)
{
	const struct mint_spec both = { .name = "leaf", .serial = LEAF_SERIAL,
		.ext = { { "extendedKeyUsage", "codeSigning,OCSPSigning" },
			 { "noCheck", "yes" } } };
	struct mint_spec second = { .name = "second", .serial = 78,
		.ext = { { "extendedKeyUsage", "OCSPSigning" },
			 { "noCheck", "yes" } } };
	struct mint responder = { NULL, NULL };
	struct world w;

	usual_with(&w, NULL, &both);
	give(&w, &(struct says){ .signer = &w.leaf, .embed = &w.leaf });
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "the signer about himself");
	second.reuse = w.leaf.key;
	mint_cert(&responder, &w.mid, &second);
	w.request.ocsps = 0;
	give(&w, &(struct says){ .signer = &responder, .embed = &responder });
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN,
		 "by a second certificate of his key");
	mint_release(&responder);
	world_free(&w);
}

/* Every certificate but the root needs something. */
static void whole_chain(void)
{
	struct world w;

	world_make(&w, NULL, NULL);
	w.request.revocation = TMK_REVOCATION_REQUIRE;
	give(&w, &(struct says){ .status = 0 });
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "nothing about the CA");
	give(&w, &(struct says){ .subject = &w.mid, .issuer = &w.root });
	world_is(&w, TMK_CHAIN_GOOD, "a response for each");
	give(&w, &(struct says){ .subject = &w.mid, .issuer = &w.root,
		.status = V_OCSP_CERTSTATUS_REVOKED, .reason = 2 });
	world_is(&w, TMK_CHAIN_REVOKED, "the CA is revoked");
	world_free(&w);
}

/* Responses about somebody else, and bytes that are none. */
static void others(void)
{
	const struct mint_spec spec = { .name = "other", .serial = 10 };
	const struct mint_spec ca = { .name = "mid", .ca = true, .serial = 8 };
	struct mint other, twin;
	struct world w;
	size_t i, n;

	usual(&w);
	mint_cert(&other, &w.mid, &spec);
	mint_cert(&twin, &w.root, &ca);
	give(&w, &(struct says){ .subject = &other });
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "another certificate");
	w.request.ocsps = 0;
	give(&w, &(struct says){ .issuer = &twin });
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN,
		 "an authority of the same name");
	w.request.ocsps = 0;
	give(&w, &(struct says){ .signer = &twin });
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "signed by such a one");
	w.request.ocsps = 0;
	give(&w, &(struct says){ .status = 0 });
	world_is(&w, TMK_CHAIN_GOOD, "the right one");
	n = staple_len[0];
	staple_len[0] = n - 1;
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "cut off");
	staple_len[0] = n + 1;
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "a byte behind it");
	staple_len[0] = TMK_OCSP_MAX + 1;
	world_is(&w, TMK_CHAIN_REVOCATION_UNKNOWN, "too large");
	staple_len[0] = n;
	for (i = 0; i < n; i++) {
		struct tmk_chain_answer answer = { TMK_CHAIN_GOOD, "", NULL };
		struct tmk_err err = TMK_ERR_INIT;

		bytes[i] ^= 1;
		if (tmk_chain_judge(&answer, &w.request, &err) ||
		    answer.result == TMK_CHAIN_GOOD)
			ok(false, "byte %zu of %zu is not looked at", i, n);
		tmk_chain_answer_release(&answer);
		bytes[i] ^= 1;
	}
	world_is(&w, TMK_CHAIN_GOOD, "a bit of each byte turned: refused");
	mint_release(&other);
	mint_release(&twin);
	world_free(&w);
}

int main(void)
{
	by_the_authority();
	times();
	stamped();
	stamped_between(99, 99, TMK_CHAIN_GOOD, "made while both were valid");
	stamped_between(10, 99, TMK_CHAIN_REVOCATION_UNKNOWN,
			"made when the authority had expired");
	stamped_between(99, 10, TMK_CHAIN_REVOCATION_UNKNOWN,
			"made when the certificate had expired");
	beside_lists();
	several();
	delegates();
	expired_delegate();
	oneself();
	whole_chain();
	others();
	mint_clean();
	return tap_done();
}
