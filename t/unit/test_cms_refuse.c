/* Forms of CMS that the seal must read, and forms that it must refuse though
 * the signature in them is right; each with its reason. */
#include "t/unit/tap.h"

#include "iface/seal.h"
#include "seal/cms_read.h"
#include "t/unit/forge.h"

#define CONTENT "what is signed"

extern const struct tmk_seal_ops tmk_seal_cms;

static EVP_PKEY *ca_key, *rsa, *ec;
static X509 *ca, *rsa_cert, *ec_cert, *twin;
static uint8_t digest[TMK_DIGEST_MAX];
static size_t digest_len;

/* The reason that parse, then check, give. */
static const char *judge(const struct tmk_buf *der, char *text, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;

	if (tmk_seal_cms.parse(&ev, der->data, der->len, &v, &err))
		return "error";
	if (ev && tmk_seal_cms.check(ev, 0, NULL, digest, digest_len, &v, &err))
		return "error";
	if (!ev && v.reason == TMK_GOOD)
		return "nothing";
	if (ev && (v.reason == TMK_SIGNATURE_MALFORMED ||
		   v.reason == TMK_LIMIT_EXCEEDED))
		return "late";
	tmk_evidence_free(ev);
	snprintf(text, size, "%s", v.text);
	return tmk_reason_id(v.reason);
}

static void expect_der(const struct tmk_buf *der, const char *reason,
		       const char *what)
{
	char text[512] = "";

	is_str(judge(der, text, sizeof(text)), reason, "%s", what);
	if (*text)
		diag("%s", text);
}

static void expect(const struct forge *how, const char *reason,
		   const char *what)
{
	struct tmk_buf der = TMK_BUF_INIT(FORGE_MAX);
	struct forge f = *how;

	if (!f.key)
		f.key = ec;
	if (!f.cert)
		f.cert = f.key == rsa ? rsa_cert : ec_cert;
	f.digest = digest;
	f.digest_len = digest_len;
	forge(&der, &f);
	expect_der(&der, reason, what);
	tmk_buf_release(&der);
}

#define GOOD(what, ...) expect(&(struct forge){ __VA_ARGS__ }, "good", what)
#define BAD(reason, what, ...) \
	expect(&(struct forge){ __VA_ARGS__ }, reason, what)
#define MALFORMED(what, ...) BAD("signature-malformed", what, __VA_ARGS__)

#define SEQ_NULL "\x05\x00"
#define EC_KEY "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
#define CURVE "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define OID_PSS "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
#define OID_MGF "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"
#define ALG256 "\x30\x0d" OID_SHA256 SEQ_NULL
#define PSS_HASH "\xa0\x0f" ALG256
#define PSS_MASK "\xa1\x1c\x30\x1a" OID_MGF ALG256
#define PSS(salt) OID_PSS "\x30\x34" PSS_HASH PSS_MASK "\xa2\x03\x02\x01" salt
#define SHA1 "\x06\x05\x2b\x0e\x03\x02\x1a"
#define MD5 "\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05"
#define SHA224 "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04"
#define SHA3_256 "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x08"
#define SHA512 "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03"
#define RSA_SHA256 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
#define RSA_SHA1 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"
#define ED25519 "\x06\x03\x2b\x65\x70"

static void test_accepted(void)
{
	GOOD("ECDSA");
	GOOD("RSA", .key = rsa);
	GOOD("BER with indefinite lengths", .indefinite = true);
	GOOD("RSA by a signature's own identifier", .key = rsa,
	     .sign_alg = DER(RSA_SHA256 SEQ_NULL));
	GOOD("id-ecPublicKey as the algorithm", .sign_alg = DER(EC_KEY));
	GOOD("the same with its curve", .sign_alg = DER(EC_KEY CURVE));
	GOOD("signer id by key id", .ski = true);
	GOOD("RSA-PSS", .key = rsa, .pss = true, .salt = 32,
	     .sign_alg = DER(PSS("\x20")));
	GOOD("RSA-PSS with a longer salt", .key = rsa, .pss = true,
	     .salt = 64, .sign_alg = DER(PSS("\x40")));
	GOOD("digest with NULL parameters",
	     .digest_alg = DER(OID_SHA256 SEQ_NULL));
	GOOD("other certificates beside it",
	     .embed = { ca, rsa_cert, ec_cert, ec_cert, ca });
	GOOD("two SignerInfos", .signers = 2);
	GOOD("an unknown signed attribute",
	     .more_attrs = DER("\x30\x0a\x06\x03\x2a\x03\x04\x31\x03\x02\x01"
			       "\x01"));
	GOOD("an unknown unsigned attribute, without values",
	     .unsigned_attrs = DER("\x30\x07\x06\x03\x2a\x03\x04\x31\x00"));
}

static void test_structure(void)
{
	MALFORMED("enveloped data",
		  .type = DER("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"));
	MALFORMED("content attached",
		  .content = DER(OID_DATA "\xa0\x03\x04\x01x"));
	MALFORMED("empty content attached",
		  .content = DER(OID_DATA "\xa0\x02\x04\x00"));
	MALFORMED("content of another type",
		  .content = DER("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
				 "\x02"));
	MALFORMED("no SignerInfo", .signers = -1);
	BAD("limit-exceeded", "seventeen SignerInfos", .signers = 17);
	GOOD("sixteen SignerInfos", .signers = 16);
	MALFORMED("bytes in the SignerInfo's tail", .tail = DER("\x05\x00"));
	MALFORMED("version 3 with issuer and serial", .version = 3);
	MALFORMED("version 1 with a key id", .version = 1, .ski = true);
	MALFORMED("no signed attributes", .no_attrs = true);
	BAD("signature-bad", "one bit of the signature", .spoil = true);
}

static void test_algorithms(void)
{
	BAD("digest-weak", "SHA-1", .digest_alg = DER(SHA1));
	BAD("digest-weak", "MD5", .digest_alg = DER(MD5 SEQ_NULL));
	BAD("digest-weak", "SHA-224", .digest_alg = DER(SHA224));
	BAD("digest-weak", "SHA3-256", .digest_alg = DER(SHA3_256));
	BAD("digest-weak", "RSA with SHA-1", .key = rsa,
	    .sign_alg = DER(RSA_SHA1 SEQ_NULL));
	MALFORMED("an unknown digest",
		  .digest_alg = DER("\x06\x03\x2a\x03\x04"));
	MALFORMED("a digest with parameters",
		  .digest_alg = DER(OID_SHA256 "\x02\x01\x01"));
	MALFORMED("an unknown signature algorithm", .sign_alg = DER(ED25519));
	MALFORMED("digest and signature algorithm differ",
		  .sign_alg = DER("\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"));
	MALFORMED("a message digest of another length",
		  .digest_alg = DER(SHA512));
	MALFORMED("RSA named, EC key",
		  .sign_alg = DER(OID_RSA SEQ_NULL));
	MALFORMED("ECDSA named, RSA key", .key = rsa,
		  .sign_alg = DER(OID_ECDSA256));
	MALFORMED("ECDSA with parameters",
		  .sign_alg = DER(OID_ECDSA256 "\x02\x01\x01"));
	MALFORMED("RSA-PSS without parameters", .key = rsa, .pss = true,
		  .salt = 32, .sign_alg = DER(OID_PSS));
	BAD("digest-weak", "RSA-PSS with its defaults", .key = rsa,
	    .pss = true, .salt = 32, .sign_alg = DER(OID_PSS "\x30\x00"));
	BAD("digest-weak", "RSA-PSS with the default mask", .key = rsa,
	    .pss = true, .salt = 32,
	    .sign_alg = DER(OID_PSS "\x30\x16" PSS_HASH
			    "\xa2\x03\x02\x01\x20"));
	MALFORMED("RSA-PSS with a short salt", .key = rsa, .pss = true,
		  .salt = 20, .sign_alg = DER(PSS("\x14")));
	BAD("signature-bad", "RSA-PSS with another salt than it says",
	    .key = rsa, .pss = true, .salt = 40,
	    .sign_alg = DER(PSS("\x20")));
	MALFORMED("RSA-PSS with another trailer", .key = rsa, .pss = true,
		  .salt = 32,
		  .sign_alg = DER(OID_PSS "\x30\x39" PSS_HASH PSS_MASK
				  "\xa2\x03\x02\x01\x20\xa3\x03\x02\x01\x02"));
	BAD("signature-bad", "PKCS#1 said, PSS made", .key = rsa, .pss = true,
	    .salt = 32);
}

#define CONTENT_TYPE "\x30\x18" OID_ATTR("\x03") "\x31\x0b" OID_DATA
#define TIME_ATTR(n, set, v) "\x30" n OID_ATTR("\x05") "\x31" set v
#define UTC(s) TIME_ATTR("\x1c", "\x0f", "\x17\x0d" s)

static void test_attributes(void)
{
	MALFORMED("no content-type or digest", .attrs = DER(""));
	MALFORMED("no message digest", .attrs = DER(CONTENT_TYPE));
	MALFORMED("content-type, unsigned", .unsigned_attrs = DER(
		  CONTENT_TYPE));
	MALFORMED("signing time, unsigned",
		  .unsigned_attrs = DER(UTC("261121063246Z")));
	MALFORMED("a signing certificate, unsigned",
		  .unsigned_attrs = DER("\x30\x11" OID_SMIME("\x0c")
					"\x31\x02\x30\x00"));
	MALFORMED("a string in pieces", .more_attrs = DER("\x30\x0d\x06\x03"
		  "\x2a\x03\x04\x31\x06\x2c\x04\x0c\x02" "ab"));
	MALFORMED("content-type twice", .more_attrs = DER(CONTENT_TYPE));
	MALFORMED("content-type of other content",
		  .attrs = DER("\x30\x18" OID_ATTR("\x03") "\x31\x0b"
			       "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01"
			       "\x07\x02"));
	MALFORMED("a second message digest",
		  .more_attrs = DER("\x30\x10" OID_ATTR("\x04")
				    "\x31\x03\x04\x01x"));
	GOOD("signing time", .more_attrs = DER(UTC("261121063246Z")));
	GOOD("signing time as GeneralizedTime",
	     .more_attrs = DER(TIME_ATTR("\x1e", "\x11",
					 "\x18\x0f" "20500101000000Z")));
	MALFORMED("signing time twice",
		  .more_attrs = DER(UTC("261121063246Z")
				    UTC("261121063247Z")));
	MALFORMED("two signing times in one attribute",
		  .more_attrs = DER(TIME_ATTR("\x2b", "\x1e",
					      "\x17\x0d" "261121063246Z"
					      "\x17\x0d" "261121063247Z")));
	MALFORMED("no signing time in its attribute",
		  .more_attrs = DER(TIME_ATTR("\x0d", "\x00", "")));
	MALFORMED("signing time on 30 February",
		  .more_attrs = DER(UTC("260230063246Z")));
	MALFORMED("signing time of 29 February in 2027",
		  .more_attrs = DER(UTC("270229063246Z")));
	MALFORMED("signing time in local time",
		  .more_attrs = DER(UTC("261121063246+")));
	MALFORMED("signing time as text",
		  .more_attrs = DER(TIME_ATTR("\x1c", "\x0f",
					      "\x0c\x0d" "261121063246Z")));
	MALFORMED("a length that is not the shortest",
		  .more_attrs = DER("\x30\x0b\x06\x03\x2a\x03\x04\x31\x81\x03"
				    "\x02\x01\x01"));
	MALFORMED("an indefinite length inside",
		  .more_attrs = DER("\x30\x0c\x06\x03\x2a\x03\x04\x31\x80"
				    "\x02\x01\x01\x00\x00"));
	MALFORMED("an attribute that is none", .more_attrs = DER("\x04\x00"));
}

/* One thing wrong at a time: everything else is there and right. */
static void test_required_attributes(void)
{
	static const char other[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
	struct tmk_buf der = TMK_BUF_INIT(4096);

	ATTR(&der, OID_ATTR("\x04"), 0x04, digest, digest_len);
	MALFORMED("a message digest, and no content-type",
		  .attrs = { tmk_buf_str(&der), der.len });
	ATTR(&der, OID_ATTR("\x03"), 0x06, other, sizeof(other) - 1);
	MALFORMED("a message digest, and another content-type",
		  .attrs = { tmk_buf_str(&der), der.len });
	tmk_buf_clear(&der);
	ATTR(&der, OID_ATTR("\x03"), 0x06, &OID_DATA[2], 9);
	ATTR(&der, OID_ATTR("\x04"), 0x04, digest, digest_len);
	GOOD("both as they should be",
	     .attrs = { tmk_buf_str(&der), der.len });
	ATTR(&der, OID_ATTR("\x04"), 0x04, digest, digest_len);
	MALFORMED("the same message digest twice",
		  .attrs = { tmk_buf_str(&der), der.len });
	tmk_buf_release(&der);
	BAD("cert-missing", "a key id that no certificate has", .ski = true,
	    .embed = { ca, rsa_cert });
}

/* In the outer lengths' indefinite form the end of SignedData can be found
 * from behind: three times two zeros. */
static void test_after_signers(void)
{
	const struct forge f = { .key = ec, .cert = ec_cert, .digest = digest,
		.digest_len = digest_len, .indefinite = true };
	struct tmk_buf der = TMK_BUF_INIT(FORGE_MAX);

	forge(&der, &f);
	expect_der(&der, "good", "three ends in a row");
	must_be(der.len > 6 && !memcmp(der.data + der.len - 6, "\0\0\0\0\0",
				       6));
	der.len -= 6;
	must_be(!tmk_buf_add(&der, "\x05\0\0\0\0\0\0", 8));
	expect_der(&der, "signature-malformed", "a field after the signers");
	tmk_buf_release(&der);
}

#define ALG512 "\x30\x0d" SHA512 SEQ_NULL
#define PSS_OF(hash, mask) OID_PSS "\x30\x34\xa0\x0f" hash \
	"\xa1\x1c\x30\x1a" OID_MGF mask "\xa2\x03\x02\x01\x20"

static void test_pss_digests(void)
{
	GOOD("RSA-PSS, one digest throughout", .key = rsa, .pss = true,
	     .salt = 32, .sign_alg = DER(PSS_OF(ALG256, ALG256)));
	MALFORMED("RSA-PSS that says another digest", .key = rsa,
		  .pss = true, .salt = 32,
		  .sign_alg = DER(PSS_OF(ALG512, ALG256)));
	MALFORMED("RSA-PSS whose mask says another digest", .key = rsa,
		  .pss = true, .salt = 32,
		  .sign_alg = DER(PSS_OF(ALG256, ALG512)));
}

/* SigningCertificateV2 with `hash` as its certHash. */
static void ess(struct tmk_buf *out, const void *hash, size_t len,
		const char *more, size_t more_len)
{
	struct tmk_buf a = TMK_BUF_INIT(4096), b = TMK_BUF_INIT(4096);

	tlv(&a, 0x04, hash, len);
	must_be(!tmk_buf_add(&a, more, more_len));
	wrap(&b, 0x30, &a);
	wrap(&a, 0x30, &b);
	ATTR(out, OID_SMIME("\x2f"), 0x30, a.data, a.len);
	tmk_buf_release(&a);
}

static void test_signing_cert(void)
{
	struct tmk_buf der = TMK_BUF_INIT(4096);
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	must_be(X509_digest(ec_cert, EVP_sha256(), hash, &len) > 0);
	ess(&der, hash, len, "", 0);
	GOOD("signing-certificate of the signer",
	     .more_attrs = { tmk_buf_str(&der), der.len });
	tmk_buf_clear(&der);
	hash[3] ^= 1;
	ess(&der, hash, len, "", 0);
	MALFORMED("signing-certificate of another",
		  .more_attrs = { tmk_buf_str(&der), der.len });
	tmk_buf_clear(&der);
	hash[3] ^= 1;
	ess(&der, hash, len, "\x30\x05\x30\x00\x02\x01\x01", 7);
	MALFORMED("signing-certificate with another serial",
		  .more_attrs = { tmk_buf_str(&der), der.len });
	tmk_buf_clear(&der);
	ess(&der, hash, len, "\x04\x00", 2);
	MALFORMED("signing-certificate with something behind",
		  .more_attrs = { tmk_buf_str(&der), der.len });
	tmk_buf_clear(&der);
	ess(&der, hash, 20, "", 0);
	MALFORMED("signing-certificate cut short",
		  .more_attrs = { tmk_buf_str(&der), der.len });
	tmk_buf_release(&der);
}

/* SigningCertificate of RFC 2634, which names by SHA-1. */
static void test_old_signing_cert(void)
{
	struct tmk_buf a = TMK_BUF_INIT(4096), b = TMK_BUF_INIT(4096);
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	int wrong;

	must_be(X509_digest(ec_cert, EVP_sha1(), hash, &len) > 0);
	for (wrong = 0; wrong < 2; wrong++) {
		hash[3] ^= (uint8_t)wrong;
		tlv(&a, 0x04, hash, len);
		wrap(&b, 0x30, &a);
		wrap(&a, 0x30, &b);
		ATTR(&b, OID_SMIME("\x0c"), 0x30, a.data, a.len);
		BAD(wrong ? "signature-malformed" : "good", wrong ?
		    "an ESSCertID of another" : "an ESSCertID of the signer",
		    .more_attrs = { tmk_buf_str(&b), b.len });
		tmk_buf_clear(&a);
		tmk_buf_clear(&b);
	}
	tmk_buf_release(&a);
	tmk_buf_release(&b);
}

static void test_certificates(void)
{
	struct forge f = { .cert = ec_cert };
	int i;

	BAD("cert-missing", "no certificate at all", .embed_none = true);
	BAD("cert-missing", "only other certificates",
	    .embed = { ca, rsa_cert });
	MALFORMED("two certificates of that issuer and serial",
		  .embed = { ec_cert, twin });
	for (i = 0; i < TMK_CMS_CERTS_MAX; i++)
		f.embed[i] = i % 2 ? ca : ec_cert;
	expect(&f, "good", "as many certificates as are allowed");
	f.embed[i] = ca;
	expect(&f, "limit-exceeded", "one certificate more");
}

#define TOKEN_SET(len, values) \
	"\x30" len OID_SMIME("\x0e") "\x31" values
#define ONE_TOKEN TOKEN_SET("\x14", "\x05\x30\x03\x02\x01\x07")
#define FOUR_TOKENS ONE_TOKEN ONE_TOKEN ONE_TOKEN ONE_TOKEN

static void test_tokens(void)
{
	GOOD("a token", .unsigned_attrs = DER(ONE_TOKEN));
	GOOD("eight tokens", .unsigned_attrs = DER(FOUR_TOKENS FOUR_TOKENS));
	BAD("limit-exceeded", "nine tokens",
	    .unsigned_attrs = DER(FOUR_TOKENS FOUR_TOKENS ONE_TOKEN));
	MALFORMED("two tokens in one attribute",
		  .unsigned_attrs = DER(TOKEN_SET("\x19",
						  "\x0a\x30\x03\x02\x01\x07"
						  "\x30\x03\x02\x01\x07")));
	MALFORMED("no token in the attribute",
		  .unsigned_attrs = DER(TOKEN_SET("\x0f", "\x00")));
	MALFORMED("a token that is no sequence",
		  .unsigned_attrs = DER(TOKEN_SET("\x12",
						  "\x03\x04\x01\x07")));
	MALFORMED("an attribute that is none",
		  .unsigned_attrs = DER("\x04\x00"));
}

/* revocation-values (RFC 5126 6.3.4) with these values; lengths are those of
 * the attribute and of the set. */
#define REVOCATION(len, set) "\x30" len OID_SMIME("\x18") "\x31" set
#define NO_VALUES REVOCATION("\x11", "\x02\x30\x00")

static void test_revocation(void)
{
	GOOD("revocation values that are empty",
	     .unsigned_attrs = DER(NO_VALUES));
	GOOD("an OCSP response, whatever it says",
	     .unsigned_attrs = DER(REVOCATION("\x17", "\x08\x30\x06\xa1\x04"
					      "\x30\x02\x30\x00")));
	GOOD("CRLs, which are passed over",
	     .unsigned_attrs = DER(REVOCATION("\x15", "\x06\x30\x04\xa0\x02"
					      "\x30\x00")));
	MALFORMED("revocation values twice",
		  .unsigned_attrs = DER(NO_VALUES NO_VALUES));
	MALFORMED("two in one attribute",
		  .unsigned_attrs = DER(REVOCATION("\x13", "\x04\x30\x00"
						   "\x30\x00")));
	MALFORMED("none in the attribute",
		  .unsigned_attrs = DER(REVOCATION("\x0f", "\x00")));
	MALFORMED("no sequence",
		  .unsigned_attrs = DER(REVOCATION("\x11", "\x02\x05\x00")));
	MALFORMED("a part that is not known",
		  .unsigned_attrs = DER(REVOCATION("\x15", "\x06\x30\x04"
						   "\xa3\x02\x30\x00")));
	MALFORMED("parts in another order",
		  .unsigned_attrs = DER(REVOCATION("\x19", "\x0a\x30\x08"
						   "\xa1\x02\x30\x00"
						   "\xa0\x02\x30\x00")));
	MALFORMED("a part twice",
		  .unsigned_attrs = DER(REVOCATION("\x19", "\x0a\x30\x08"
						   "\xa1\x02\x30\x00"
						   "\xa1\x02\x30\x00")));
	MALFORMED("a part without its list",
		  .unsigned_attrs = DER(REVOCATION("\x15", "\x06\x30\x04"
						   "\xa1\x02\x05\x00")));
	MALFORMED("two lists in a part",
		  .unsigned_attrs = DER(REVOCATION("\x17", "\x08\x30\x06"
						   "\xa1\x04\x30\x00"
						   "\x30\x00")));
	MALFORMED("a response that is no sequence",
		  .unsigned_attrs = DER(REVOCATION("\x17", "\x08\x30\x06"
						   "\xa1\x04\x30\x02"
						   "\x05\x00")));
}

/* `n` constructed elements inside each other, closed or cut off. */
static void nest(struct tmk_buf *out, int n, bool open)
{
	struct tmk_buf back = TMK_BUF_INIT(FORGE_MAX);	/* last byte first */
	size_t len, rest;
	int i;

	for (i = 0; open && i < n; i++)
		must_be(!tmk_buf_add(out, "\x30\x80", 2));
	for (i = 0; open && i < n; i++)
		must_be(!tmk_buf_add(out, "\0", 2));
	for (i = 0; !open && i < n; i++) {
		len = back.len;
		rest = len;
		do {
			must_be(!tmk_buf_addch(&back, (char)rest));
			rest >>= 8;
		} while (rest);
		if (len >= 128)
			must_be(!tmk_buf_addch(&back, (char)(0x80 |
				(back.len - len))));
		must_be(!tmk_buf_addch(&back, 0x30));
	}
	while (back.len)
		must_be(!tmk_buf_addch(out, (char)back.data[--back.len]));
	tmk_buf_release(&back);
}

static void test_bytes(void)
{
	struct tmk_buf der = TMK_BUF_INIT(FORGE_MAX);
	struct forge f = { .key = ec, .cert = ec_cert, .digest = digest };
	size_t len, bad = 0;
	char text[512];

	f.digest_len = digest_len;
	expect_der(&der, "signature-malformed", "nothing");
	forge(&der, &f);
	must_be(!tmk_buf_addch(&der, 0));
	expect_der(&der, "signature-malformed", "a byte behind it");
	for (len = der.len - 2; len; len--) {
		der.len = len;
		if (strcmp(judge(&der, text, sizeof(text)),
			   "signature-malformed"))
			bad++;
	}
	is_int((long long)bad, 0, "cut off anywhere");
	tmk_buf_clear(&der);
	nest(&der, 20000, false);
	expect_der(&der, "limit-exceeded", "20,000 levels");
	tmk_buf_clear(&der);
	nest(&der, 200000, true);
	expect_der(&der, "limit-exceeded", "200,000 indefinite levels");
	tmk_buf_clear(&der);
	nest(&der, TMK_BER_DEPTH, true);
	expect_der(&der, "signature-malformed", "as deep as is read");
	tmk_buf_clear(&der);
	must_be(tmk_buf_reserve(&der, TMK_SEAL_MAX + 1) != NULL);
	memset(der.data, 0, TMK_SEAL_MAX + 1);
	tmk_buf_commit(&der, TMK_SEAL_MAX + 1);
	expect_der(&der, "limit-exceeded", "too large");
	tmk_buf_clear(&der);
	must_be(!tmk_buf_add(&der, "\x30\x84\xff\xff\xff\xff", 6));
	expect_der(&der, "signature-malformed", "a length of 4 GiB");
	tmk_buf_clear(&der);
	must_be(!tmk_buf_add(&der, "\x30\x80\x00\x01\x00", 5));
	expect_der(&der, "signature-malformed", "a wrong end of contents");
	tmk_buf_release(&der);
}

int main(void)
{
	struct tmk_err err = TMK_ERR_INIT;

	ca_key = soft_ec("P-256");
	rsa = soft_rsa(2048);
	ec = soft_ec("P-256");
	ca = soft_cert(&(struct soft_cert){ .cn = "CA", .ca = true }, ca_key,
		       NULL, NULL);
	rsa_cert = soft_cert(&(struct soft_cert){ .cn = "RSA", .serial = 17 },
			     rsa, ca, ca_key);
	ec_cert = soft_cert(&(struct soft_cert){ .cn = "EC", .serial = 18 },
			    ec, ca, ca_key);
	twin = soft_cert(&(struct soft_cert){ .cn = "Twin", .serial = 18 },
			 ec, ca, ca_key);
	must_be(!tmk_digest_bytes(TMK_SHA256, CONTENT, sizeof(CONTENT) - 1,
				  digest, &digest_len, &err));
	test_accepted();
	test_structure();
	test_algorithms();
	test_attributes();
	test_required_attributes();
	test_after_signers();
	test_pss_digests();
	test_signing_cert();
	test_old_signing_cert();
	test_certificates();
	test_tokens();
	test_revocation();
	test_bytes();
	X509_free(twin);
	X509_free(ec_cert);
	X509_free(rsa_cert);
	X509_free(ca);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ca_key);
	return tap_done();
}
