#include "t/unit/x509_judge.h"

/* What a leaf must say to sign code. */
static void leaf_usage(void)
{
	static const struct {
		const char *usage, *eku;
		enum tmk_chain_result want;
		const char *what;
	} rows[] = {
		{ "digitalSignature", "codeSigning", TMK_CHAIN_GOOD,
		  "a code signing leaf" },
		{ NULL, "codeSigning", TMK_CHAIN_GOOD, "without keyUsage" },
		{ "nonRepudiation", "codeSigning", TMK_CHAIN_GOOD,
		  "with nonRepudiation" },
		{ "keyEncipherment", "codeSigning", TMK_CHAIN_USAGE,
		  "for encipherment only" },
		{ "digitalSignature", "serverAuth", TMK_CHAIN_USAGE,
		  "for TLS only" },
		{ "digitalSignature", NULL, TMK_CHAIN_USAGE,
		  "without extendedKeyUsage" },
		{ "digitalSignature", "anyExtendedKeyUsage", TMK_CHAIN_USAGE,
		  "for any purpose" },
		{ "digitalSignature", "serverAuth,codeSigning",
		  TMK_CHAIN_GOOD, "for TLS and code" },
		{ "digitalSignature", "emailProtection", TMK_CHAIN_USAGE,
		  "for mail" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mint_spec leaf = { .name = "leaf" };
		int n = 0;

		if (rows[i].usage) {
			leaf.ext[n][0] = "keyUsage";
			leaf.ext[n++][1] = rows[i].usage;
		}
		if (rows[i].eku) {
			leaf.ext[n][0] = "extendedKeyUsage";
			leaf.ext[n][1] = rows[i].eku;
		}
		with(NULL, &leaf, rows[i].want, rows[i].what);
	}
}

static void leaf_oddities(void)
{
	const struct mint_spec ca = { .name = "leaf", .ca = true,
		.ext = { { "extendedKeyUsage", "codeSigning" } } };
	const struct mint_spec critical = { .name = "leaf",
		.ext = { { "extendedKeyUsage", "codeSigning" },
			 { "1.2.3.4", "critical,DER:0500" } } };
	const struct mint_spec harmless = { .name = "leaf",
		.ext = { { "extendedKeyUsage", "codeSigning" },
			 { "1.2.3.4", "DER:0500" } } };
	const struct mint_spec twice = { .name = "leaf",
		.ext = { { "extendedKeyUsage", "codeSigning" },
			 { "1.2.3.4", "DER:0500" },
			 { "1.2.3.4", "DER:0500" } } };
	const struct mint_spec broken = { .name = "leaf",
		.ext = { { "extendedKeyUsage", "codeSigning" },
			 { "2.5.29.17", "DER:0500" } } };

	const struct mint_spec two_at = { .name = "leaf",
		.ext = { { "extendedKeyUsage", "codeSigning" },
			 { "subjectAltName", "email:a@b.example@c.example" } }
	};
	const struct mint_spec serial20 = { .name = "leaf",
		.hex = "ff00000000000000000000000000000000000001",
		.ext = { { "extendedKeyUsage", "codeSigning" } } };
	const struct mint_spec serial21 = { .name = "leaf",
		.hex = "ff0000000000000000000000000000000000000001",
		.ext = { { "extendedKeyUsage", "codeSigning" } } };

	with(NULL, &two_at, TMK_CHAIN_NOT_TRUSTED, "an address with two @");
	with(NULL, &serial20, TMK_CHAIN_GOOD, "a serial number of 20 octets");
	with(NULL, &serial21, TMK_CHAIN_NOT_TRUSTED, "one of 21 octets");
	with(NULL, &ca, TMK_CHAIN_USAGE, "a CA as leaf");
	with(NULL, &critical, TMK_CHAIN_NOT_TRUSTED,
	     "an unknown critical extension");
	with(NULL, &harmless, TMK_CHAIN_GOOD, "an unknown extension");
	with(NULL, &twice, TMK_CHAIN_NOT_TRUSTED, "an extension twice");
	with(NULL, &broken, TMK_CHAIN_NOT_TRUSTED, "an unreadable SAN");
}

static void middles(void)
{
	const struct mint_spec no_ca = { .name = "mid",
		.ext = { { "extendedKeyUsage", "codeSigning" } } };
	const struct mint_spec no_sign = { .name = "mid",
		.ext = { { "basicConstraints", "critical,CA:TRUE" },
			 { "keyUsage", "critical,cRLSign" } } };
	const struct mint_spec no_usage = { .name = "mid",
		.ext = { { "basicConstraints", "CA:TRUE" } } };
	const struct mint_spec tls = { .name = "mid", .ca = true,
		.ext = { { "extendedKeyUsage", "serverAuth" } } };
	const struct mint_spec code = { .name = "mid", .ca = true,
		.ext = { { "extendedKeyUsage", "codeSigning" } } };
	const struct mint_spec any = { .name = "mid", .ca = true,
		.ext = { { "extendedKeyUsage", "anyExtendedKeyUsage" } } };

	with(&no_ca, NULL, TMK_CHAIN_USAGE, "an intermediate that is no CA");
	with(&no_sign, NULL, TMK_CHAIN_USAGE, "a CA without keyCertSign");
	with(&no_usage, NULL, TMK_CHAIN_GOOD, "a CA without keyUsage");
	with(&tls, NULL, TMK_CHAIN_USAGE, "a CA for TLS alone");
	with(&code, NULL, TMK_CHAIN_GOOD, "a CA for code");
	with(&any, NULL, TMK_CHAIN_GOOD, "a CA for any purpose");
}

static void strengths(void)
{
	const struct mint_spec rsa1024 = { .name = "leaf", .key = "RSA1024",
		.ext = { { "extendedKeyUsage", "codeSigning" } } };
	const struct mint_spec rsa2048 = { .name = "leaf", .key = "RSA2048",
		.ext = { { "extendedKeyUsage", "codeSigning" } } };
	const struct mint_spec sha1 = { .name = "leaf", .md = EVP_sha1(),
		.ext = { { "extendedKeyUsage", "codeSigning" } } };
	const struct mint_spec weak_ca = { .name = "mid", .ca = true,
		.key = "RSA1024" };
	const struct mint_spec mid_ca = { .name = "mid", .ca = true,
		.key = "RSA2048" };
	const struct mint_spec sha1_ca = { .name = "mid", .ca = true,
		.md = EVP_sha1() };
	struct world w;

	with(NULL, &rsa1024, TMK_CHAIN_KEY_WEAK, "RSA 1024");
	with(NULL, &rsa2048, TMK_CHAIN_KEY_WEAK, "RSA 2048, 3072 by default");
	with(NULL, &sha1, TMK_CHAIN_DIGEST_WEAK, "a leaf under SHA-1");
	with(&weak_ca, NULL, TMK_CHAIN_KEY_WEAK, "a CA with RSA 1024");
	with(&mid_ca, NULL, TMK_CHAIN_GOOD, "a CA with RSA 2048");
	with(&sha1_ca, NULL, TMK_CHAIN_DIGEST_WEAK, "a CA under SHA-1");
	world_make(&w, NULL, &rsa2048);
	w.request.min_rsa = 2048;
	world_is(&w, TMK_CHAIN_GOOD, "RSA 2048 where 2048 is asked");
	world_free(&w);
	world_make(&w, &weak_ca, &rsa1024);
	w.request.any_strength = true;
	world_is(&w, TMK_CHAIN_GOOD, "anything where strength is not asked");
	world_free(&w);
}

static void times(void)
{
	struct world w;

	world_make(&w, NULL, NULL);
	w.request.at = MINT_T0 + 10 * MINT_DAY;
	world_is(&w, TMK_CHAIN_GOOD, "the last second");
	w.request.at++;
	world_is(&w, TMK_CHAIN_EXPIRED, "one second later");
	w.request.at = MINT_T0 - 10 * MINT_DAY;
	world_is(&w, TMK_CHAIN_GOOD, "the first second");
	w.request.at--;
	world_is(&w, TMK_CHAIN_NOT_YET_VALID, "one second earlier");
	w.request.at = MINT_T0;
	w.request.now = MINT_T0 + 1000 * MINT_DAY;
	world_is(&w, TMK_CHAIN_GOOD, "long ago, seen from now");
	world_free(&w);
}

static void expired_issuers(void)
{
	const struct mint_spec old = { .name = "mid", .ca = true,
		.to = MINT_T0 - MINT_DAY };
	const struct mint_spec root = { .name = "root", .ca = true,
		.to = MINT_T0 - MINT_DAY };
	struct tmk_err err = TMK_ERR_INIT;
	struct world w;
	struct mint other;

	with(&old, NULL, TMK_CHAIN_EXPIRED, "an expired intermediate");
	world_make(&w, NULL, NULL);
	tmk_trust_free(w.trust);
	mint_release(&w.root);
	mint_release(&w.mid);
	mint_release(&w.leaf);
	mint_cert(&w.root, NULL, &root);
	mint_cert(&other, &w.root, &(struct mint_spec) { .name = "leaf",
		.ext = { { "extendedKeyUsage", "codeSigning" } } });
	mint_must(!tmk_trust_new(&w.trust, &err) &&
		  !tmk_trust_add_roots(w.trust, mint_pem("old.pem",
							 w.root.cert), &err),
		  "trust");
	w.request.trust = w.trust;
	w.request.leaf = other.cert;
	w.request.untrusted = NULL;
	world_is(&w, TMK_CHAIN_EXPIRED, "an expired root");
	mint_release(&other);
	world_free(&w);
}

static void paths(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct mint stranger;
	struct world w;
	int i;

	world_make(&w, NULL, NULL);
	w.request.untrusted = NULL;
	world_is(&w, TMK_CHAIN_NOT_TRUSTED, "without its intermediate");
	mint_must(!tmk_trust_add_intermediates(w.trust, mint_pem("mid.pem",
				w.mid.cert), &err), "intermediate");
	world_is(&w, TMK_CHAIN_GOOD, "with the administrator's intermediate");
	w.request.untrusted = w.bag;
	for (i = 1; i <= TMK_CHAIN_UNTRUSTED_MAX; i++)
		sk_X509_push(w.bag, w.mid.cert);
	world_is(&w, TMK_CHAIN_NOT_TRUSTED, "a flood of certificates");
	world_free(&w);
	/* A root of the same name and another key in the bag. */
	world_make(&w, NULL, NULL);
	mint_cert(&stranger, NULL, &(struct mint_spec) { .name = "root",
		  .ca = true });
	sk_X509_unshift(w.bag, stranger.cert);
	world_is(&w, TMK_CHAIN_GOOD, "a self-signed stranger in the bag");
	w.request.leaf = stranger.cert;
	w.request.any_leaf = true;
	w.request.ekus = 0;
	world_is(&w, TMK_CHAIN_NOT_TRUSTED, "that stranger itself");
	mint_release(&stranger);
	world_free(&w);
	/* An intermediate may be named as a root. */
	world_make(&w, NULL, NULL);
	tmk_trust_free(w.trust);
	mint_must(!tmk_trust_new(&w.trust, &err) &&
		  !tmk_trust_add_roots(w.trust, mint_pem("mid.pem",
							 w.mid.cert), &err),
		  "trust");
	w.request.trust = w.trust;
	w.request.untrusted = NULL;
	world_is(&w, TMK_CHAIN_GOOD, "an intermediate named as root");
	is_int(sk_X509_num(tmk_trust_roots(w.trust)), 1, "one root");
	world_free(&w);
}

/* A leaf under `n` intermediates. */
static void depth(int n, enum tmk_chain_result want)
{
	struct mint ca[TMK_CHAIN_DEPTH + 2], leaf;
	const struct mint *above;
	struct world w;
	char name[16];
	int i;

	world_make(&w, NULL, NULL);
	above = &w.root;
	for (i = 0; i < n; i++) {
		const struct mint_spec spec = { .name = name, .ca = true };

		snprintf(name, sizeof(name), "ca %d", i);
		mint_cert(&ca[i], above, &spec);
		mint_must(sk_X509_push(w.bag, ca[i].cert) > 0, "bag");
		above = &ca[i];
	}
	mint_cert(&leaf, above, &(struct mint_spec) { .name = "leaf",
		  .ext = { { "extendedKeyUsage", "codeSigning" } } });
	w.request.leaf = leaf.cert;
	snprintf(name, sizeof(name), "%d CAs", n);
	world_is(&w, want, name);
	for (i = 0; i < n; i++)
		mint_release(&ca[i]);
	mint_release(&leaf);
	world_free(&w);
}

static void forged(void)
{
	struct world w;
	struct mint fake, child;

	/* An intermediate of the right name, signed by nobody we know. */
	world_make(&w, NULL, NULL);
	mint_cert(&fake, NULL, &(struct mint_spec) { .name = "root",
		  .ca = true });
	mint_cert(&child, &fake, &(struct mint_spec) { .name = "leaf",
		  .ext = { { "extendedKeyUsage", "codeSigning" } } });
	w.request.leaf = child.cert;
	w.request.untrusted = NULL;
	world_is(&w, TMK_CHAIN_NOT_TRUSTED, "a forged signature");
	mint_release(&fake);
	mint_release(&child);
	world_free(&w);
}

static void policies(void)
{
	const struct mint_spec mid = { .name = "mid", .ca = true,
		.ext = { { "certificatePolicies", "1.2.3.1,1.2.3.2" } } };
	const struct mint_spec leaf = { .name = "leaf",
		.ext = { { "extendedKeyUsage", "codeSigning" },
			 { "certificatePolicies", "1.2.3.1" } } };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_chain_answer answer;
	struct world w;

	world_make(&w, &mid, &leaf);
	w.request.policy[0] = "1.2.3.1";
	w.request.policies = 1;
	world_is(&w, TMK_CHAIN_GOOD, "the policy asked for");
	w.request.policy[0] = "1.2.3.2";
	world_is(&w, TMK_CHAIN_NOT_TRUSTED, "another policy");
	w.request.policy[0] = "no policy";
	ok(tmk_chain_judge(&answer, &w.request, &err) < 0 &&
	   err.code == TMK_INTERNAL, "what is no OID cannot be judged");
	w.request.policies = 0;
	w.request.eku[0] = "no such usage";
	ok(tmk_chain_judge(&answer, &w.request, &err) < 0 &&
	   err.code == TMK_INTERNAL, "nor can an unknown usage");
	world_free(&w);
}

static void strict(void)
{
	struct world w;

	world_make(&w, NULL, NULL);
	w.request.strict = true;
	world_is(&w, TMK_CHAIN_NOT_TRUSTED, "no key identifiers, strictly");
	world_free(&w);
}

static void tsa_leaf(void)
{
	static const struct {
		const char *eku, *usage;
		enum tmk_chain_result want;
	} rows[] = {
		{ "critical,timeStamping", "nonRepudiation", TMK_CHAIN_GOOD },
		{ "critical,timeStamping", "digitalSignature,keyAgreement",
		  TMK_CHAIN_USAGE },
		{ "timeStamping", "digitalSignature", TMK_CHAIN_USAGE },
		{ "critical,timeStamping,codeSigning", "digitalSignature",
		  TMK_CHAIN_USAGE },
		{ "critical,codeSigning", "digitalSignature",
		  TMK_CHAIN_USAGE },
	};
	struct world w;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mint_spec leaf = { .name = "leaf",
			.ext = { { "extendedKeyUsage", rows[i].eku },
				 { "keyUsage", rows[i].usage } } };

		world_make(&w, NULL, &leaf);
		w.request.eku[0] = "timeStamping";
		w.request.eku_critical_alone = true;
		world_is(&w, rows[i].want, rows[i].eku);
		world_free(&w);
	}
}

/* A self-signed certificate with the name and the key of an intermediate comes
 * along: it leads nowhere, and must not be followed. */
static void decoy(void)
{
	struct mint other;
	struct world w;

	world_make(&w, NULL, NULL);
	mint_cert(&other, NULL, &(struct mint_spec) { .name = "mid",
		  .ca = true, .reuse = w.mid.key,
		  .to = MINT_T0 + 20 * MINT_DAY });
	sk_X509_unshift(w.bag, other.cert);
	world_is(&w, TMK_CHAIN_GOOD, "a self-signed twin in front");
	world_free(&w);
	mint_release(&other);
}

/* An invalidityDate behind the revocation does not push it back. */
static void late_invalidity(void)
{
	const struct mint_revoked entry = { 9, MINT_T0 - 2 * MINT_DAY, 4,
		MINT_T0 + 5 * MINT_DAY };
	struct tmk_err err = TMK_ERR_INIT;
	struct world w;

	world_make(&w, NULL, NULL);
	w.request.revocation = TMK_REVOCATION_CHECK;
	w.request.stamped = true;
	mint_must(!tmk_trust_add_crls(w.trust, mint_crl("late.crl", &w.mid,
			NULL, NULL, MINT_T0 - MINT_DAY, MINT_T0 + MINT_DAY,
			&entry, 1), &err), err.text);
	w.request.at = MINT_T0 - MINT_DAY;
	world_is(&w, TMK_CHAIN_REVOKED, "stamped between the two");
	w.request.at = MINT_T0 - 3 * MINT_DAY;
	world_is(&w, TMK_CHAIN_GOOD, "stamped before both");
	world_free(&w);
}

/* A CA that demands a policy is heard, whoever asks. */
static void demanded_policy(void)
{
	const struct mint_spec mid = { .name = "mid", .ca = true, .serial = 7,
		.ext = { { "policyConstraints",
			   "critical,requireExplicitPolicy:0" } } };

	with(&mid, NULL, TMK_CHAIN_NOT_TRUSTED,
	     "an explicit policy is required, and none is there");
}

int main(void)
{
	leaf_usage();
	leaf_oddities();
	middles();
	strengths();
	times();
	expired_issuers();
	paths();
	depth(TMK_CHAIN_DEPTH, TMK_CHAIN_GOOD);
	depth(TMK_CHAIN_DEPTH + 1, TMK_CHAIN_NOT_TRUSTED);
	forged();
	policies();
	strict();
	tsa_leaf();
	decoy();
	late_invalidity();
	demanded_policy();
	mint_clean();
	return tap_done();
}
