/* Which certificate signs, which may not, and that what was made is read back
 * before it is given out. */
#include "t/unit/tap.h"

#include <time.h>

#include "core/sign.h"
#include "t/unit/soft.h"

extern const struct tmk_seal_ops tmk_seal_cms;

static EVP_PKEY *root_key, *mid_key, *key, *other;
static X509 *root, *mid;
static int64_t now;

static X509 *leaf(const struct soft_cert *what, EVP_PKEY *k)
{
	return soft_cert(what, k, mid, mid_key);
}

static void test_hash(void)
{
	static const struct {
		const char *curve;
		enum tmk_hash hash;
	} ec[] = { { "P-256", TMK_SHA256 }, { "P-384", TMK_SHA384 },
		   { "P-521", TMK_SHA512 } };
	struct soft_cert plain = { .cn = "x", .eku = "codeSigning" };
	X509 *cert;
	size_t i;

	for (i = 0; i < 3; i++) {
		EVP_PKEY *k = soft_ec(ec[i].curve);

		cert = leaf(&plain, k);
		is_int(tmk_sign_hash(cert), ec[i].hash, "hash of %s",
		       ec[i].curve);
		X509_free(cert);
		EVP_PKEY_free(k);
	}
	cert = leaf(&plain, key);
	is_int(tmk_sign_hash(cert), TMK_SHA256, "hash of RSA-3072");
	X509_free(cert);
}

static void refused(const struct soft_cert *what, EVP_PKEY *k,
		    const char *text, const char *name)
{
	struct tmk_err err = TMK_ERR_INIT;
	char warning[300] = "untouched";
	X509 *cert = leaf(what, k);

	ok(tmk_sign_cert_ok(cert, now, warning, sizeof(warning), &err) < 0,
	   "%s may not sign", name);
	is_int(err.code, TMK_KEY, "%s: the code", name);
	ok(strstr(err.text, text) && *err.hint, "%s: says why and what to do: "
	   "%s; %s", name, err.text, err.hint);
	is_str(warning, "untouched", "%s: outputs are untouched", name);
	X509_free(cert);
}

static void test_cert_ok(void)
{
	struct soft_cert good = { .cn = "Good", .eku = "codeSigning" };
	struct soft_cert mail = { .cn = "M", .eku = "emailProtection" };
	struct soft_cert soon = { .cn = "Soon", .eku = "codeSigning",
				  .from = -10, .to = 10 };
	struct tmk_err err = TMK_ERR_INIT;
	EVP_PKEY *weak = soft_rsa(2048);
	EVP_PKEY *ed = must(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	char warning[300] = "";
	X509 *cert = leaf(&good, key);

	ok(!tmk_sign_cert_ok(cert, now, warning, sizeof(warning), &err) &&
	   !*warning, "a good certificate, no warning");
	X509_free(cert);
	cert = leaf(&mail, key);
	ok(!tmk_sign_cert_ok(cert, now, warning, sizeof(warning), &err),
	   "one for mail signs too");
	X509_free(cert);
	cert = leaf(&soon, key);
	ok(!tmk_sign_cert_ok(cert, now, warning, sizeof(warning), &err) &&
	   strstr(warning, "expires"), "one that ends soon: %s", warning);
	X509_free(cert);
	refused(&(struct soft_cert){ .cn = "Old", .eku = "codeSigning",
				     .from = -20, .to = -1 }, key, "expired",
		"an expired one");
	refused(&(struct soft_cert){ .cn = "New", .eku = "codeSigning",
				     .from = 1, .to = 9 }, key,
		"not valid before", "a future one");
	refused(&(struct soft_cert){ .cn = "Tls", .eku = "serverAuth" }, key,
		"neither", "one for TLS");
	refused(&(struct soft_cert){ .cn = "Bare" }, key, "neither",
		"one without a purpose");
	refused(&(struct soft_cert){ .cn = "Ca", .ca = true,
				     .eku = "codeSigning" }, key, "CA",
		"a CA's");
	refused(&(struct soft_cert){ .cn = "Enc", .eku = "codeSigning",
				     .ku = "keyEncipherment" }, key,
		"digitalSignature", "one for encryption");
	refused(&good, weak, "2048", "RSA-2048");
	refused(&good, ed, "cannot sign CMS", "Ed25519");
	EVP_PKEY_free(ed);
	EVP_PKEY_free(weak);
}

/* Order `certs`; the common names of what comes out, joined. */
static const char *order(STACK_OF(X509) *certs, struct tmk_err *err)
{
	static char names[200];
	STACK_OF(X509) *chain = NULL;
	struct soft_signer s;
	size_t n = 0;
	int i;

	soft_signer_init(&s, key);
	names[0] = 0;
	if (tmk_sign_order_chain(&chain, certs, s.signer.spki.data,
				 s.signer.spki.len, now, err))
		snprintf(names, sizeof(names), "refused");
	for (i = 0; i < sk_X509_num(chain); i++) {
		X509_NAME_get_text_by_NID(X509_get_subject_name(
				sk_X509_value(chain, i)), NID_commonName,
				names + n, (int)(sizeof(names) - n - 1));
		n += strlen(names + n);
		strcat(names, " ");
		n++;
	}
	sk_X509_pop_free(chain, X509_free);
	soft_signer_release(&s);
	return names;
}

static void add(STACK_OF(X509) *certs, X509 *cert)
{
	must_be(sk_X509_push(certs, cert));
}

static void test_order(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	STACK_OF(X509) *certs = must(sk_X509_new_null());
	STACK_OF(X509) *old = must(sk_X509_new_null());

	is_str(order(certs, &err), "refused", "no certificate at all");
	is_int(err.code, TMK_KEY, "no certificate: the code");
	add(certs, X509_dup(root));
	add(certs, leaf(&(struct soft_cert){ .cn = "Stranger",
					     .eku = "codeSigning" }, other));
	is_str(order(certs, &err), "refused", "none for this key");
	add(certs, leaf(&(struct soft_cert){ .cn = "First", .from = -30,
			.to = 90, .eku = "codeSigning" }, key));
	is_str(order(certs, &err), "First ", "alone");
	add(certs, X509_dup(mid));
	is_str(order(certs, &err), "First Mid ",
	       "the intermediate follows, the root is left out");
	add(certs, leaf(&(struct soft_cert){ .cn = "Second", .from = -3,
			.to = 90, .eku = "codeSigning" }, key));
	is_str(order(certs, &err), "Second Mid ", "the latest of the valid");
	add(certs, leaf(&(struct soft_cert){ .cn = "Later", .from = 3,
			.to = 90, .eku = "codeSigning" }, key));
	add(certs, leaf(&(struct soft_cert){ .cn = "Tls", .from = -1,
			.to = 90, .eku = "serverAuth" }, key));
	is_str(order(certs, &err), "Second Mid ",
	       "neither one to come nor one for TLS");
	add(old, leaf(&(struct soft_cert){ .cn = "Gone", .from = -30,
			.to = -3, .eku = "codeSigning" }, key));
	is_str(order(old, &err), "refused", "only an expired one");
	ok(strstr(err.text, "expired") != NULL, "says so: %s", err.text);
	sk_X509_pop_free(certs, X509_free);
	sk_X509_pop_free(old, X509_free);
}

/* What a device says of the key: it may name any usage, and began later. */
static X509 *attestation(const struct soft_cert *what)
{
	static const uint8_t policy[] = { 2, 1 };
	ASN1_OBJECT *oid = must(OBJ_txt2obj("1.3.6.1.4.1.41482.3.8", 1));
	ASN1_OCTET_STRING *value = must(ASN1_OCTET_STRING_new());
	X509 *cert = leaf(what, key);
	X509_EXTENSION *ext;

	must_be(ASN1_OCTET_STRING_set(value, policy, sizeof(policy)));
	ext = must(X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value));
	must_be(X509_add_ext(cert, ext, -1));
	must_be(X509_sign(cert, mid_key, EVP_sha256()) > 0);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
	return cert;
}

static void test_attestation(void)
{
	struct soft_cert slot = { .cn = "Slot 9c", .from = -1, .to = 90,
				  .eku = "codeSigning" };
	struct tmk_err err = TMK_ERR_INIT;
	STACK_OF(X509) *certs = must(sk_X509_new_null());
	STACK_OF(X509) *old = must(sk_X509_new_null());
	X509 *cert = attestation(&slot);

	ok(tmk_sign_cert_ok(cert, now, NULL, 0, &err) < 0 &&
	   err.code == TMK_KEY && strstr(err.text, "attestation") &&
	   *err.hint, "an attestation signs nothing: %s", err.text);
	add(certs, cert);
	is_str(order(certs, &err), "refused", "nor is it chosen alone");
	ok(strstr(err.text, "attestation") != NULL, "and that is said: %s",
	   err.text);
	add(certs, leaf(&(struct soft_cert){ .cn = "Real", .from = -30,
			.to = 90, .eku = "codeSigning" }, key));
	is_str(order(certs, &err), "Real ", "the signer's, though it began "
	       "earlier");
	slot.eku = NULL;
	add(certs, attestation(&slot));
	add(certs, X509_dup(mid));
	is_str(order(certs, &err), "Real Mid ", "beside one without a usage "
	       "too");
	add(old, leaf(&(struct soft_cert){ .cn = "Gone", .from = -30,
			.to = -3, .eku = "codeSigning" }, key));
	add(old, attestation(&slot));
	is_str(order(old, &err), "refused", "beside an expired one");
	ok(strstr(err.text, "expired") != NULL, "it is that which is told "
	   "of: %s", err.text);
	slot.from = -40;
	add(old, attestation(&slot));
	is_str(order(old, &err), "refused", "and beside several");
	ok(strstr(err.text, "expired") != NULL, "as well: %s", err.text);
	sk_X509_pop_free(certs, X509_free);
	sk_X509_pop_free(old, X509_free);
}

/* Two authorities of one name: the one that signed the leaf goes along. */
static void test_twin_issuer(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	STACK_OF(X509) *certs = must(sk_X509_new_null());
	STACK_OF(X509) *chain = NULL;
	struct soft_signer s;

	soft_signer_init(&s, key);
	add(certs, soft_cert(&(struct soft_cert){ .cn = "Mid", .ca = true,
			     .serial = 99 }, other, root, root_key));
	add(certs, X509_dup(mid));
	add(certs, leaf(&(struct soft_cert){ .cn = "Leaf",
			.eku = "codeSigning" }, key));
	ok(!tmk_sign_order_chain(&chain, certs, s.signer.spki.data,
				 s.signer.spki.len, now, &err) &&
	   sk_X509_num(chain) == 2 &&
	   !X509_cmp(sk_X509_value(chain, 1), mid),
	   "of two intermediates of one name, the one that signed");
	sk_X509_pop_free(chain, X509_free);
	sk_X509_pop_free(certs, X509_free);
	soft_signer_release(&s);
}

/* A seal that makes something else than it was asked for. */
static struct tmk_seal_request instead;

static int make_other(const struct tmk_seal_request *r, struct tmk_buf *out,
		      struct tmk_err *err)
{
	(void)r;
	return tmk_seal_cms.make(&instead, out, err);
}

static void expect_seal(const struct tmk_seal_ops *seal,
			const struct tmk_seal_request *r, bool good,
			const char *what)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	int rc = tmk_sign_seal(&out, seal, r, &err);

	ok(good ? !rc && out.len : rc < 0 && !out.len, "%s: %s", what,
	   err.text);
	tmk_buf_release(&out);
}

static void test_seal(void)
{
	struct tmk_seal_ops lying = tmk_seal_cms;
	STACK_OF(X509) *certs = must(sk_X509_new_null());
	STACK_OF(X509) *twins = must(sk_X509_new_null());
	struct soft_cert what = { .cn = "Leaf", .eku = "codeSigning" };
	uint8_t digest[32] = { 1 }, wrong[32] = { 2 };
	struct tmk_seal_request r = { 0 };
	struct soft_signer s;

	soft_signer_init(&s, key);
	add(certs, leaf(&what, key));
	what.serial = 99;
	add(twins, leaf(&what, key));
	r.signer = &s.signer;
	r.certs = certs;
	r.hash = TMK_SHA256;
	r.digest = digest;
	r.digest_len = sizeof(digest);
	r.signing_time = now;
	expect_seal(&tmk_seal_cms, &r, true, "an honest seal");
	lying.make = make_other;
	instead = r;
	instead.digest = wrong;
	expect_seal(&lying, &r, false, "a seal over other content");
	instead.digest = digest;
	instead.certs = twins;
	expect_seal(&lying, &r, false, "a seal that names another signer");
	s.lie = true;
	expect_seal(&tmk_seal_cms, &r, false, "a token that lies");
	soft_signer_release(&s);
	sk_X509_pop_free(certs, X509_free);
	sk_X509_pop_free(twins, X509_free);
}

int main(void)
{
	now = time(NULL);
	root_key = soft_ec("P-256");
	mid_key = soft_ec("P-256");
	other = soft_ec("P-256");
	key = soft_rsa(3072);
	root = soft_cert(&(struct soft_cert){ .cn = "Root", .ca = true },
			 root_key, NULL, NULL);
	mid = soft_cert(&(struct soft_cert){ .cn = "Mid", .ca = true },
			mid_key, root, root_key);
	test_hash();
	test_cert_ok();
	test_order();
	test_attestation();
	test_twin_issuer();
	test_seal();
	X509_free(root);
	X509_free(mid);
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(mid_key);
	EVP_PKEY_free(other);
	EVP_PKEY_free(key);
	return tap_done();
}
