#include "core/sign.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "x509/attest.h"
#include "x509/cert.h"
#include "x509/chain.h"
#include "x509/spki.h"

#define NAME_TEXT 200
#define MIN_RSA 3072		/* bits: what receivers and our gate ask */
#define LARGE_RSA 7680		/* bits from which RSA matches SHA-384 */
#define WARN_DAYS 30
#define DAY 86400

enum tmk_hash tmk_sign_hash(X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	int bits = key ? EVP_PKEY_get_bits(key) : 0;

	if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		return bits <= 256 ? TMK_SHA256 :
			bits <= 384 ? TMK_SHA384 : TMK_SHA512;
	return bits >= LARGE_RSA ? TMK_SHA384 : TMK_SHA256;
}

static int refuse(struct tmk_err *err, X509 *cert, const char *what)
{
	char name[NAME_TEXT];

	return tmk_err_set(err, TMK_KEY, "the certificate %s %s",
			   tmk_cert_subject(name, sizeof(name), cert), what);
}

static int check_validity(X509 *leaf, int64_t now, int64_t *not_after,
			  struct tmk_err *err)
{
	char what[96], at[TMK_CLOCK_TEXT];
	int64_t from;

	if (tmk_cert_validity(&from, not_after, leaf, err))
		return -1;
	if (now < from) {
		snprintf(what, sizeof(what), "is not valid before %s",
			 tmk_clock_format(at, from));
		refuse(err, leaf, what);
		return tmk_err_hint(err, "wait, or check this machine's "
				    "clock");
	}
	if (now > *not_after) {
		snprintf(what, sizeof(what), "expired at %s",
			 tmk_clock_format(at, *not_after));
		refuse(err, leaf, what);
		return tmk_err_hint(err, "have it renewed: touchmark key csr "
				    "NAME -o FILE.csr, then touchmark key "
				    "import-cert NAME FILE.pem");
	}
	return 0;
}

/* For signing, and for code or mail: what every receiver of ours asks of an
 * end-entity certificate (RFC 5280 4.2.1.3, 4.2.1.9, 4.2.1.12). */
static int check_usage(X509 *leaf, struct tmk_err *err)
{
	uint32_t flags;
	int rc = 0;

	ERR_set_mark();
	flags = X509_get_extension_flags(leaf);
	ERR_pop_to_mark();
	if (tmk_attest_is(leaf))
		rc = refuse(err, leaf, "is a device's word about the key "
			    "(attestation), not a signer's");
	else if (flags & EXFLAG_INVALID)
		rc = refuse(err, leaf, "has unreadable extensions");
	else if (flags & EXFLAG_CA)
		rc = refuse(err, leaf, "is a CA's, not a signer's");
	else if ((flags & EXFLAG_KUSAGE) &&
		 !(X509_get_key_usage(leaf) &
		   (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)))
		rc = refuse(err, leaf, "has no keyUsage digitalSignature");
	else if (!(flags & EXFLAG_XKUSAGE) ||
		 !(X509_get_extended_key_usage(leaf) &
		   (XKU_CODE_SIGN | XKU_SMIME)))
		rc = refuse(err, leaf, "is neither for codeSigning nor for "
			    "emailProtection");
	return rc ? tmk_err_hint(err, "ask the CA for a certificate with the "
				 "key usage digitalSignature and the extended "
				 "key usage codeSigning: touchmark key csr "
				 "NAME -o FILE.csr, then touchmark key "
				 "import-cert NAME FILE.pem") : 0;
}

static int check_key(X509 *leaf, struct tmk_err *err)
{
	EVP_PKEY *key;
	char why[160];
	int id;

	ERR_set_mark();
	key = X509_get0_pubkey(leaf);
	ERR_pop_to_mark();
	id = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
	if (id != EVP_PKEY_RSA && id != EVP_PKEY_EC) {
		refuse(err, leaf, "has a key that cannot sign CMS here");
		return tmk_err_hint(err, "CMS is made with RSA, P-256, P-384 "
				    "and P-521 keys");
	}
	if (tmk_cert_key_ok(leaf, MIN_RSA, why, sizeof(why)))
		return 0;
	tmk_err_set(err, TMK_KEY, "the certificate's key is too weak: %s",
		    why);
	return tmk_err_hint(err, "make a new key: touchmark key generate "
			    "NEW-NAME --token LABEL --algorithm rsa3072");
}

int tmk_sign_cert_ok(X509 *leaf, int64_t now, char *warning, size_t size,
		     struct tmk_err *err)
{
	char name[NAME_TEXT], at[TMK_CLOCK_TEXT];
	int64_t not_after = 0;

	if (check_usage(leaf, err) || check_key(leaf, err) ||
	    check_validity(leaf, now, &not_after, err))
		return -1;
	if (!size)
		return 0;
	warning[0] = 0;
	if (not_after - now < (int64_t)WARN_DAYS * DAY)
		snprintf(warning, size, "the certificate %s expires at %s",
			 tmk_cert_subject(name, sizeof(name), leaf),
			 tmk_clock_format(at, not_after));
	return 0;
}

/* notBefore; the lowest number for a certificate whose dates are unreadable,
 * so that it is chosen last. */
static int64_t begins(X509 *cert)
{
	int64_t from, to;

	return tmk_cert_validity(&from, &to, cert, NULL) ? INT64_MIN : from;
}

/* Which of two that may not sign is worth a word: what a device says about its
 * key was never meant to, and says nothing about the one that was. */
static bool tells_more(X509 *cert, X509 *than)
{
	bool a = tmk_attest_is(cert), b = tmk_attest_is(than);

	return a != b ? b : begins(cert) > begins(than);
}

/*
 * The certificate of this key that may sign now and began last. When none may,
 * NULL, and `why` says what is wrong with the one that began last (of those
 * that are no attestation, if there are any).
 */
static X509 *choose_leaf(STACK_OF(X509) *certs, const uint8_t *spki,
			 size_t spki_len, int64_t now, struct tmk_err *why)
{
	X509 *best = NULL, *refused = NULL, *cert;
	int i;

	for (i = 0; i < sk_X509_num(certs); i++) {
		cert = sk_X509_value(certs, i);
		if (!tmk_cert_has_key(cert, spki, spki_len))
			continue;
		if (!tmk_sign_cert_ok(cert, now, NULL, 0, NULL)) {
			if (!best || begins(cert) > begins(best))
				best = cert;
		} else if (!refused || tells_more(cert, refused)) {
			refused = cert;
		}
	}
	if (best)
		return best;
	if (refused && tmk_sign_cert_ok(refused, now, NULL, 0, why))
		return NULL;
	tmk_err_set(why, TMK_KEY, "no certificate for this key was found");
	tmk_err_hint(why, "touchmark key csr NAME -o FILE.csr makes a request "
		     "for one; touchmark key import-cert NAME FILE.pem takes "
		     "the answer");
	return NULL;
}

static bool self_issued(X509 *cert)
{
	return !X509_NAME_cmp(X509_get_subject_name(cert),
			      X509_get_issuer_name(cert));
}

static bool valid_at(X509 *cert, int64_t now)
{
	int64_t from, to;

	return !tmk_cert_validity(&from, &to, cert, NULL) && from <= now &&
		now <= to;
}

/* Who issued `cert`, by name and signature; a valid one before another. */
static X509 *find_issuer(STACK_OF(X509) *certs, X509 *cert, int64_t now)
{
	X509 *found = NULL, *issuer;
	int i;

	for (i = 0; i < sk_X509_num(certs); i++) {
		issuer = sk_X509_value(certs, i);
		if (issuer == cert ||
		    X509_check_issued(issuer, cert) != X509_V_OK ||
		    X509_verify(cert, X509_get0_pubkey(issuer)) != 1)
			continue;
		if (!found || (!valid_at(found, now) && valid_at(issuer, now)))
			found = issuer;
	}
	return found;
}

static int push(STACK_OF(X509) *chain, X509 *cert, struct tmk_err *err)
{
	if (!X509_up_ref(cert))
		return tmk_err_nomem(err);
	if (!sk_X509_push(chain, cert)) {
		X509_free(cert);
		return tmk_err_nomem(err);
	}
	return 0;
}

int tmk_sign_order_chain(STACK_OF(X509) **out, STACK_OF(X509) *certs,
			 const uint8_t *spki, size_t spki_len, int64_t now,
			 struct tmk_err *err)
{
	STACK_OF(X509) *chain = NULL;
	X509 *cert;
	int rc = -1;

	ERR_set_mark();
	cert = choose_leaf(certs, spki, spki_len, now, err);
	if (!cert)
		goto out;
	chain = sk_X509_new_null();
	if (!chain) {
		tmk_err_nomem(err);
		goto out;
	}
	if (push(chain, cert, err))
		goto out;
	while (!self_issued(cert) && sk_X509_num(chain) <= TMK_CHAIN_DEPTH) {
		cert = find_issuer(certs, cert, now);
		if (!cert || self_issued(cert))
			break;
		if (push(chain, cert, err))
			goto out;
	}
	*out = chain;
	chain = NULL;
	rc = 0;
out:
	ERR_pop_to_mark();
	sk_X509_pop_free(chain, X509_free);
	return rc;
}

/* Whether the seal names the certificate, where it names one. */
static bool names_signer(const struct tmk_evidence *evidence,
			 const struct tmk_seal_request *r)
{
	if (!evidence || evidence->signatures != 1)
		return false;
	if (evidence->format != TMK_FORMAT_X509)
		return true;	/* the key that it was checked with */
	return evidence->signature[0].cert &&
		!X509_cmp(evidence->signature[0].cert,
			  sk_X509_value(r->certs, 0));
}

/* Read what was made as the judge would, and hold it against the request. */
static int read_back(const struct tmk_buf *made,
		     const struct tmk_seal_ops *seal,
		     const struct tmk_seal_request *r, struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *evidence = NULL;
	EVP_PKEY *key = NULL;
	int rc;

	rc = seal->parse(&evidence, made->data, made->len, &v, err);
	if (!rc && evidence && seal->format != TMK_FORMAT_X509) {
		key = tmk_spki_key(r->signer->spki.data,
				   r->signer->spki.len);
		if (!key)
			rc = tmk_err_set(err, TMK_KEY, "the token's public "
					 "key cannot be read");
	}
	if (!rc && evidence)
		rc = seal->check(evidence, 0, key, r->digest, r->digest_len,
				 &v, err);
	if (!rc && v.reason == TMK_GOOD && !names_signer(evidence, r))
		tmk_verdict_refuse(&v, TMK_INTERNAL_ERROR,
				   "it names another signer");
	if (!rc && v.reason != TMK_GOOD) {
		tmk_err_set(err, TMK_INTERNAL, "the signature that was made "
			    "does not verify (%s): %s",
			    tmk_reason_id(v.reason), v.text);
		rc = tmk_err_hint(err, "nothing was written");
	}
	EVP_PKEY_free(key);
	tmk_evidence_free(evidence);
	return rc;
}

int tmk_sign_seal(struct tmk_buf *out, const struct tmk_seal_ops *seal,
		  const struct tmk_seal_request *request, struct tmk_err *err)
{
	struct tmk_buf made = TMK_BUF_INIT(TMK_SEAL_MAX);
	int rc;

	rc = seal->make(request, &made, err);
	if (!rc)
		rc = read_back(&made, seal, request, err);
	if (!rc && tmk_buf_add(out, made.data, made.len))
		rc = tmk_err_set(err, TMK_INTERNAL, "the signature of %zu "
				 "bytes is larger than expected", made.len);
	tmk_buf_release(&made);
	return rc;
}
