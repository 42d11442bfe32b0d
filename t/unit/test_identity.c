/*
 * test_identity.c - whose e-mail is whose; and the closed list of reasons.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "core/identity.h"
#include "t/unit/tap.h"

static bool same(const char *a, const char *b)
{
	bool there = tmk_identity_same(a, strlen(a), b, strlen(b));

	/* Whoever is asked first. */
	if (there != tmk_identity_same(b, strlen(b), a, strlen(a)))
		abort();
	return there;
}

static X509 *make_cert(const char *san)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_EXTENSION *ext;
	X509 *cert = X509_new();

	if (!cert || !key || !X509_set_version(cert, 2) ||
	    !X509_gmtime_adj(X509_getm_notBefore(cert), 0) ||
	    !X509_gmtime_adj(X509_getm_notAfter(cert), 60) ||
	    !X509_set_pubkey(cert, key))
		abort();
	if (san) {
		ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
					  san);
		if (!ext || !X509_add_ext(cert, ext, -1))
			abort();
		X509_EXTENSION_free(ext);
	}
	if (!X509_sign(cert, key, EVP_sha256()))
		abort();
	EVP_PKEY_free(key);
	return cert;
}

static struct tmk_verdict judge(const char *san, const char *email)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_span span = { (const uint8_t *)email, strlen(email) };
	X509 *cert = make_cert(san);

	if (tmk_identity_judge(&v, cert, span, "committer"))
		abort();
	X509_free(cert);
	return v;
}

static void test_same(void)
{
	ok(same("dev@example.org", "dev@example.org"), "the same");
	ok(same("dev@example.org", "dev@Example.ORG"), "the domain's case");
	ok(!same("dev@example.org", "Dev@example.org"), "not the name's case");
	ok(!same("dev@example.org", "dev@example.com"), "another domain");
	ok(!same("dev@example.org", "dev@example.org."), "a longer one");
	ok(!same("a@b@example.org", "A@b@example.org"), "the last @ divides");
	ok(!same("dev", "dev"), "no domain");
	ok(!same("dev@", "dev@"), "an empty domain");
	ok(!same("@example.org", "@example.org"), "an empty name");
	ok(!same("", ""), "nothing at all");
	ok(!same("d\303\226v@example.org", "d\303\266v@example.org"),
	   "no folding beyond ASCII");
	ok(!same("dev@ex\303\226.org", "dev@ex\303\266.org"),
	   "nor in the domain");
}

static void test_judge(void)
{
	struct tmk_verdict v;

	v = judge("email:dev@example.org", "dev@example.org");
	is_int(v.reason, TMK_GOOD, "the certificate's own address");
	v = judge("email:a@example.org,email:b@example.org", "b@EXAMPLE.org");
	is_int(v.reason, TMK_GOOD, "one of two addresses");
	v = judge("email:a@example.org,email:b@example.org", "c@example.org");
	is_int(v.reason, TMK_IDENTITY_MISMATCH, "none of two addresses");
	ok(strstr(v.text, "committer") && strstr(v.text, "c@example.org") &&
	   strstr(v.text, "a@example.org"), "both sides named: %s", v.text);
	ok(v.hint[0] != '\0', "and a hint: %s", v.hint);
	v = judge(NULL, "a@example.org");
	is_int(v.reason, TMK_IDENTITY_MISMATCH, "no address at all");
	v = judge("DNS:example.org", "a@example.org");
	is_int(v.reason, TMK_IDENTITY_MISMATCH, "a DNS name is no address");
	v = judge("email:a@example.org", "");
	is_int(v.reason, TMK_IDENTITY_MISMATCH, "an empty ident");
	v = judge("email:a@example.org", "a@example.org\033[2J");
	ok(v.reason == TMK_IDENTITY_MISMATCH && !strchr(v.text, '\033'),
	   "escaped: %s", v.text);
}

static void test_reasons(void)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	int i, j;

	is_str(tmk_reason_id(TMK_GOOD), "good", "the id of good");
	is_str(tmk_reason_hint(TMK_GOOD), "", "no hint for good");
	is_str(tmk_reason_id(TMK_CERT_EXPIRED), "cert-expired", "an id");
	for (i = 1; i < TMK_REASON_COUNT; i++) {
		const char *id = tmk_reason_id((enum tmk_reason)i);
		bool alone = true;

		for (j = 0; j < i; j++)
			if (!strcmp(id, tmk_reason_id((enum tmk_reason)j)))
				alone = false;
		ok(alone && tmk_reason_hint((enum tmk_reason)i)[0],
		   "%s is there once and has a hint", id);
	}
	is_str(tmk_reason_id((enum tmk_reason)999), "internal-error",
	       "no reason at all is internal-error");
	tmk_verdict_refuse(&v, TMK_GOOD, "x");
	is_int(v.reason, TMK_INTERNAL_ERROR, "one cannot refuse with good");
	tmk_verdict_refuse(&v, TMK_TAG_NAME, "a\n[GNUPG:] GOODSIG %s",
			   "\342\200\256b");
	ok(!strchr(v.text, '\n') && !strstr(v.text, "[GNUPG:]") &&
	   !strstr(v.text, "\342\200\256"), "escaped: %s", v.text);
	is_str(v.hint, tmk_reason_hint(TMK_TAG_NAME), "the usual hint");
	tmk_verdict_hint(&v, "do %d\n", 1);
	ok(!strchr(v.hint, '\n') && !strncmp(v.hint, "do 1", 4),
	   "another hint: %s", v.hint);
}

int main(void)
{
	test_same();
	test_judge();
	test_reasons();
	return tap_done();
}
