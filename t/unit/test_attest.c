/*
 * Key attestation: what openssl's own tools cannot mint (an extension twice),
 * many certificates, and chains that lead round in a circle. The forms that
 * they can mint are in t7801-key-attestation.sh.
 */
#include "soft.h"
#include "tap.h"
#include "x509/attest.h"

#define ARC "1.3.6.1.4.1.41482.3."
#define LEAF "YubiKey PIV Attestation 9c"

static EVP_PKEY *root_key, *device_key, *key;
static X509 *root, *device;
static uint8_t *spki;
static int spki_len;

static void add(X509 *cert, const char *oid, const void *data, int len)
{
	ASN1_OBJECT *object = must(OBJ_txt2obj(oid, 1));
	ASN1_OCTET_STRING *value = must(ASN1_OCTET_STRING_new());
	X509_EXTENSION *ext;

	must_be(ASN1_OCTET_STRING_set(value, data, len));
	ext = must(X509_EXTENSION_create_by_OBJ(NULL, object, 0, value));
	must_be(X509_add_ext(cert, ext, -1));
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(object);
}

/* An attestation of `of`, with the extension `twice` (or NULL) once more. */
static X509 *attestation(EVP_PKEY *of, const char *twice, X509 *by,
			 EVP_PKEY *by_key)
{
	const struct soft_cert what = { .cn = LEAF };
	X509 *plain = soft_cert(&what, of, by, by_key);
	/* Made anew, so that no cached encoding is signed. */
	X509 *cert = must(X509_dup(plain));

	X509_free(plain);
	add(cert, ARC "3", "\x05\x04\x03", 3);
	add(cert, ARC "7", "\x02\x01\x2a", 3);
	add(cert, ARC "8", "\x02\x01", 2);
	if (twice)
		add(cert, twice, strcmp(twice, ARC "8") ? "\x05\x04\x04" :
		    "\x01\x01", strcmp(twice, ARC "8") ? 3 : 2);
	must_be(X509_sign(cert, by_key, EVP_sha256()) > 0);
	return cert;
}

static STACK_OF(X509) *stack(X509 *const *certs, int n)
{
	STACK_OF(X509) *out = must(sk_X509_new_null());
	int i;

	for (i = 0; i < n; i++) {
		must_be(X509_up_ref(certs[i]));
		must_be(sk_X509_push(out, certs[i]));
	}
	return out;
}

static struct tmk_attest_answer judge(X509 *const *certs, int n)
{
	struct tmk_attest_answer answer;
	struct tmk_attest_request request = {
		.certs = stack(certs, n), .roots = stack(&root, 1),
		.spki = spki, .spki_len = (size_t)spki_len,
	};

	tmk_attest_judge(&answer, &request);
	sk_X509_pop_free(request.certs, X509_free);
	sk_X509_pop_free(request.roots, X509_free);
	return answer;
}

static void test_good(void)
{
	X509 *leaf = attestation(key, NULL, device, device_key);
	X509 *both[] = { leaf, device };
	struct tmk_attest_answer a = judge(both, 2);

	ok(tmk_attest_is(leaf) && !tmk_attest_is(device),
	   "an attestation is told from a device's own certificate");
	is_int(a.result, TMK_ATTEST_GOOD, "a good one");
	is_str(a.text, "", "has no fault");
	is_str(a.serial, "42", "its serial number");
	is_str(a.firmware, "5.4.3", "its firmware");
	is_str(a.pin, "once", "its PIN policy");
	is_str(a.touch, "never", "its touch policy");
	is_str(a.slot, "9c", "its slot");
	a = judge(NULL, 0);
	is_int(a.result, TMK_ATTEST_NONE, "no certificates at all");
	X509_free(leaf);
}

static void test_twice(void)
{
	static const char *const oids[] = { ARC "3", ARC "7", ARC "8" };
	size_t i;

	for (i = 0; i < 3; i++) {
		X509 *leaf = attestation(key, oids[i], device, device_key);
		X509 *both[] = { leaf, device };
		struct tmk_attest_answer a = judge(both, 2);

		is_int(a.result, TMK_ATTEST_BAD, "%s twice", oids[i]);
		ok(*a.text, "is said: %s", a.text);
		X509_free(leaf);
	}
}

/* A root without attestation below it: the key's certificate directly under
 * the maker's root is none that a device made. */
static void test_direct(void)
{
	X509 *leaf = attestation(key, NULL, root, root_key);
	struct tmk_attest_answer a = judge(&leaf, 1);

	is_int(a.result, TMK_ATTEST_BAD, "directly under the root");
	X509_free(leaf);
}

/* Many devices of one name and key: each is tried, none is the right one, and
 * it ends. */
static void test_many(void)
{
	const struct soft_cert what = { .cn = "device", .ca = true };
	EVP_PKEY *strange = soft_ec("P-256");
	X509 *certs[80];
	struct tmk_attest_answer a;
	int i;

	certs[0] = attestation(key, NULL, device, device_key);
	for (i = 1; i < 80; i++)
		certs[i] = soft_cert(&what, strange, root, root_key);
	a = judge(certs, 80);
	is_int(a.result, TMK_ATTEST_BAD, "79 devices that are not the one");
	X509_free(certs[2]);
	certs[2] = device;
	must_be(X509_up_ref(device));
	a = judge(certs, 80);
	is_int(a.result, TMK_ATTEST_GOOD, "the one among them");
	/* Past the bound nothing is looked at: then it is not there. */
	X509_free(certs[2]);
	certs[2] = soft_cert(&what, strange, root, root_key);
	X509_free(certs[TMK_ATTEST_CERTS_MAX]);
	certs[TMK_ATTEST_CERTS_MAX] = device;
	must_be(X509_up_ref(device));
	a = judge(certs, 80);
	is_int(a.result, TMK_ATTEST_BAD, "the one behind the bound");
	for (i = 0; i < 80; i++)
		X509_free(certs[i]);
	EVP_PKEY_free(strange);
}

/* Two CAs that certify each other, and a chain longer than any maker's. */
static void test_circle(void)
{
	const struct soft_cert a_is = { .cn = "a", .ca = true };
	const struct soft_cert b_is = { .cn = "b", .ca = true };
	EVP_PKEY *ka = soft_ec("P-256"), *kb = soft_ec("P-256");
	X509 *a0 = soft_cert(&a_is, ka, NULL, NULL);
	X509 *b = soft_cert(&b_is, kb, a0, ka);
	X509 *a = soft_cert(&a_is, ka, b, kb);
	X509 *leaf = attestation(key, NULL, a, ka);
	X509 *round[] = { leaf, a, b, a0 };
	struct tmk_attest_answer answer = judge(round, 4);

	is_int(answer.result, TMK_ATTEST_BAD, "CAs in a circle");
	X509_free(leaf);
	X509_free(a);
	X509_free(b);
	X509_free(a0);
	EVP_PKEY_free(ka);
	EVP_PKEY_free(kb);
}

static void test_long(void)
{
	X509 *certs[8], *by = root;
	EVP_PKEY *by_key = root_key, *k[8];
	struct tmk_attest_answer a;
	char cn[16];
	int i;

	for (i = 0; i < 7; i++) {
		const struct soft_cert what = { .cn = cn, .ca = true };

		snprintf(cn, sizeof(cn), "ca %d", i);
		k[i] = soft_ec("P-256");
		certs[i] = soft_cert(&what, k[i], by, by_key);
		by = certs[i];
		by_key = k[i];
	}
	certs[7] = attestation(key, NULL, by, by_key);
	a = judge(certs, 8);
	is_int(a.result, TMK_ATTEST_BAD, "eight certificates below the root");
	X509_free(certs[7]);
	certs[7] = attestation(key, NULL, certs[3], k[3]);
	a = judge(certs, 8);
	is_int(a.result, TMK_ATTEST_GOOD, "as many as are allowed");
	for (i = 0; i < 8; i++)
		X509_free(certs[i]);
	for (i = 0; i < 7; i++)
		EVP_PKEY_free(k[i]);
}

int main(void)
{
	const struct soft_cert root_is = { .cn = "maker", .ca = true };
	const struct soft_cert device_is = { .cn = "device", .ca = true };

	root_key = soft_ec("P-256");
	device_key = soft_ec("P-256");
	key = soft_ec("P-384");
	spki_len = i2d_PUBKEY(key, &spki);
	must_be(spki_len > 0);
	root = soft_cert(&root_is, root_key, NULL, NULL);
	device = soft_cert(&device_is, device_key, root, root_key);
	test_good();
	test_twice();
	test_direct();
	test_many();
	test_circle();
	test_long();
	OPENSSL_free(spki);
	X509_free(root);
	X509_free(device);
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(device_key);
	EVP_PKEY_free(key);
	return tap_done();
}
