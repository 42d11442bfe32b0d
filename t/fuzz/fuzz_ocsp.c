/*
 * fuzz_ocsp.c - OCSP responses beside a signature whose issuer has no CRL: as
 * they come, and signed again by the issuer so that what stands in them
 * counts.
 */
#include <stdbool.h>

#include <openssl/ocsp.h>

#include "t/unit/x509_mint.h"
#include "x509/chain.h"
#include "x509/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LEAF_SERIAL 9

static struct mint root, leaf;
static struct tmk_trust *trust;

/* A key that is always the same (RFC 5915), so that seeds can name it. */
static EVP_PKEY *fixed_key(int n)
{
	unsigned char der[51] = { 0x30, 0x31, 2, 1, 1, 4, 32, [39] = 0xa0,
		10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
	const unsigned char *p = der;
	EVP_PKEY *key;

	memset(der + 7, n, 32);
	key = d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, sizeof(der));
	mint_must(key != NULL, "key");
	return key;
}

static void make_world(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	EVP_PKEY *root_key = fixed_key(0x11), *leaf_key = fixed_key(0x22);
	const struct mint_spec r = { .name = "root", .ca = true,
		.reuse = root_key };
	const struct mint_spec l = { .name = "leaf", .serial = LEAF_SERIAL,
		.reuse = leaf_key,
		.ext = { { "extendedKeyUsage", "codeSigning" } } };

	mint_cert(&root, NULL, &r);
	mint_cert(&leaf, &root, &l);
	mint_must(!tmk_trust_new(&trust, &err) &&
		  !tmk_trust_add_roots(trust, mint_pem("root.pem", root.cert),
				       &err), "trust");
	mint_clean();
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(leaf_key);
}

static enum tmk_chain_result judge(const uint8_t *der, size_t len,
				   bool stamped)
{
	struct tmk_chain_answer answer = { TMK_CHAIN_GOOD, "", NULL };
	const struct tmk_chain_request request = {
		.trust = trust, .leaf = leaf.cert, .at = MINT_T0,
		.now = MINT_T0 + (stamped ? 5 * MINT_DAY : 0),
		.stamped = stamped, .revocation = TMK_REVOCATION_REQUIRE,
		.eku = { "codeSigning" }, .ekus = 1,
		.ocsp = &der, .ocsp_len = &len, .ocsps = 1
	};
	struct tmk_err err = TMK_ERR_INIT;

	if (tmk_chain_judge(&answer, &request, &err))
		abort();
	tmk_chain_answer_release(&answer);
	return answer.result;
}

/* Whether OpenSSL finds the certificate in it as good, under either name of
 * its issuer. */
static bool says_good(OCSP_BASICRESP *basic)
{
	const EVP_MD *md[] = { EVP_sha1(), EVP_sha256() };
	int i, status = -1, reason, good = 0;
	OCSP_CERTID *id;

	for (i = 0; i < 2 && !good; i++) {
		id = OCSP_cert_to_id(md[i], leaf.cert, root.cert);
		mint_must(id != NULL, "CertID");
		good = OCSP_resp_find(basic, id, -1) >= 0 &&
			(OCSP_resp_find_status(basic, id, &status, &reason,
					       NULL, NULL, NULL) == 1);
		OCSP_CERTID_free(id);
	}
	return good;
}

/* What the issuer would have had to sign to mean it. */
static void again(const uint8_t *data, size_t size)
{
	const unsigned char *p = data;
	OCSP_BASICRESP *basic = d2i_OCSP_BASICRESP(NULL, &p, (long)size);
	unsigned char *der = NULL;
	int n;

	if (!basic)
		return;
	if (OCSP_basic_sign(basic, root.cert, root.key, EVP_sha256(), NULL,
			    OCSP_NOCERTS | OCSP_NOTIME) == 1) {
		n = i2d_OCSP_BASICRESP(basic, &der);
		if (n > 0 && (judge(der, (size_t)n, false) == TMK_CHAIN_GOOD ||
			      judge(der, (size_t)n, true) == TMK_CHAIN_GOOD) &&
		    !says_good(basic))
			abort();
	}
	OPENSSL_free(der);
	OCSP_BASICRESP_free(basic);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!trust)
		make_world();
	/* Nobody who may signed what came from outside; seeds are signed by
	 * the key of the world, and are then meant. */
	(void)judge(data, size, false);
	(void)judge(data, size, true);
	again(data, size);
	return 0;
}
