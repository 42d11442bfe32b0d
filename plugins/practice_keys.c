/* Rows about what tokens and certificates show. */
#include "plugins/practice.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "x509/cert.h"

#define SAY(...) snprintf(why, size, __VA_ARGS__)
#define CHECK TMK_PRACTICE_CHECK
#define SOON ((int64_t)30 * 86400)

#define NO_KEYS "no key is configured"
#define FOR_EACH(k, p) \
	for (k = (p)->key; k < (p)->key + (p)->keys; k++)

typedef const struct tmk_practice_key *key_ptr;

/* The answer when `judged` of the keys could be looked at and none was
 * wrong. */
static enum tmk_practice_verdict sum(const struct tmk_practice *p, int judged,
				     const char *good, const char *open,
				     char *why, size_t size)
{
	if (!p->keys) {
		SAY(NO_KEYS);
		return TMK_PRACTICE_UNKNOWN;
	}
	if (judged < p->keys) {
		SAY("%d of %d keys: %s", p->keys - judged, p->keys, open);
		return TMK_PRACTICE_UNKNOWN;
	}
	SAY("%s", good);
	return TMK_PRACTICE_PASS;
}

#define NOT_SEEN "the token was not looked at or is away, and no " \
	"certificate is valid"

CHECK(rsa)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->algorithm == TMK_KEY_RSA && k->bits < 3072) {
			SAY("key '%s' has %u bits", k->key->name, k->bits);
			return TMK_PRACTICE_FAIL;
		}
		judged += k->algorithm != 0;
	}
	return sum(p, judged, "no RSA key is shorter", NOT_SEEN, why, size);
}

CHECK(curves)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->algorithm == TMK_KEY_EC && k->bits != 256 &&
		    k->bits != 384 && k->bits != 521) {
			SAY("key '%s' is on a curve of %u bits", k->key->name,
			    k->bits);
			return TMK_PRACTICE_FAIL;
		}
		judged += k->algorithm != 0;
	}
	return sum(p, judged, "no elliptic key is on another curve", NOT_SEEN,
		   why, size);
}

CHECK(algorithm)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->algorithm == TMK_KEY_ED25519 && k->leaf) {
			SAY("key '%s' is Ed25519 and has a certificate, with "
			    "which no CMS can be made", k->key->name);
			return TMK_PRACTICE_FAIL;
		}
		judged += k->algorithm != 0;
	}
	return sum(p, judged, "each key fits the formats that it can sign; "
		   "what a format does not know is refused before the token "
		   "is touched", NOT_SEEN, why, size);
}

/* Keys with a certificate are judged; others sign OpenPGP and SSH, which know
 * none. */
CHECK(request)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		X509_NAME *name;

		if (!k->leaf)
			continue;
		name = X509_get_subject_name(k->leaf);
		if (X509_NAME_get_index_by_NID(name, NID_commonName, -1) < 0 ||
		    X509_NAME_get_index_by_NID(name, NID_organizationName,
					       -1) < 0) {
			SAY("the certificate of key '%s' lacks commonName or "
			    "organizationName", k->key->name);
			return TMK_PRACTICE_FAIL;
		}
		if (!(X509_get_extended_key_usage(k->leaf) & XKU_CODE_SIGN) ||
		    !(X509_get_extension_flags(k->leaf) & EXFLAG_XKUSAGE)) {
			SAY("the certificate of key '%s' is not for signing "
			    "code", k->key->name);
			return TMK_PRACTICE_FAIL;
		}
		judged++;
	}
	return sum(p, judged, "each certificate has names and is for signing "
		   "code", "they have no certificate that is valid", why,
		   size);
}

CHECK(chain)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->cert_broken) {
			SAY("the certificate file of key '%s' cannot be read",
			    k->key->name);
			return TMK_PRACTICE_FAIL;
		}
		judged += k->certs > 1;
	}
	return sum(p, judged, "each key has its chain in a file, which goes "
		   "into each CMS signature", "no intermediate certificate is "
		   "kept (right when a root issued it itself)", why, size);
}

/* ---- attributes ------------------------------------------------------------- */

CHECK(born_inside)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->info.local == TMK_NO ||
		    k->info.extractable == TMK_YES ||
		    k->info.sensitive == TMK_NO) {
			SAY("the module says that key '%s' %s", k->key->name,
			    k->info.local == TMK_NO ?
			    "was not made in it (CKA_LOCAL)" :
			    "can be taken out of it");
			return TMK_PRACTICE_FAIL;
		}
		judged += k->attest == TMK_ATTEST_GOOD ||
			(k->info.local == TMK_YES &&
			 k->info.extractable == TMK_NO);
	}
	return sum(p, judged, "the module says so of each key",
		   "not told without a login; the report tells", why, size);
}

CHECK(imported)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->info.local == TMK_NO) {
			SAY("the module says that key '%s' came from "
			    "elsewhere (CKA_LOCAL is FALSE)", k->key->name);
			return TMK_PRACTICE_FAIL;
		}
		judged += k->attest == TMK_ATTEST_GOOD ||
			k->info.local == TMK_YES;
	}
	return sum(p, judged, "each key was made in its module, says the "
		   "module", "not told without a login; the report tells", why,
		   size);
}

CHECK(not_extractable)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->info.extractable == TMK_YES) {
			SAY("the module says that key '%s' is extractable",
			    k->key->name);
			return TMK_PRACTICE_FAIL;
		}
		judged += k->attest == TMK_ATTEST_GOOD ||
			k->info.extractable == TMK_NO;
	}
	return sum(p, judged, "no key is extractable, says the module",
		   "not told without a login; ask who backs the module up and "
		   "with what", why, size);
}

CHECK(software)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->software && (k->key->env == TMK_ENV_PROD ||
				    k->key->env == TMK_ENV_NONE)) {
			SAY("key '%s' is in a token that is a program, and "
			    "its env is %s", k->key->name,
			    k->key->env == TMK_ENV_PROD ? "prod" :
			    "not configured");
			return TMK_PRACTICE_FAIL;
		}
		judged += k->seen;
	}
	return sum(p, judged, "no key of production is in a program",
		   "the token was not looked at", why, size);
}

CHECK(hardware)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->software && (k->key->env == TMK_ENV_PROD ||
				    k->key->env == TMK_ENV_NONE)) {
			SAY("key '%s' is in a token that is a program (%s), "
			    "which no certificate covers", k->key->name,
			    k->info.model);
			return TMK_PRACTICE_FAIL;
		}
		judged += k->software;
	}
	return sum(p, judged, "every key is for development or test, in a "
		   "program", "no token can prove its certificate; state its "
		   "number in the report", why, size);
}

CHECK(attested)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->attest == TMK_ATTEST_BAD &&
		    p->config->attestation_roots) {
			SAY("the attestation of key '%s' does not hold; the "
			    "report tells why", k->key->name);
			return TMK_PRACTICE_FAIL;
		}
		judged += k->attest == TMK_ATTEST_GOOD;
	}
	return sum(p, judged, "each key is attested by the maker of its "
		   "module", "no attestation on the token that the roots in "
		   "touchmark.attestationRoots verify", why, size);
}

/* ---- time -------------------------------------------------------------------- */

static int64_t end_of(X509 *cert)
{
	int64_t from = 0, to = 0;

	return tmk_cert_validity(&from, &to, cert, NULL) < 0 ? 0 : to;
}

CHECK(expiry)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->leaf && !k->next && end_of(k->leaf) - p->now < SOON) {
			SAY("the certificate of key '%s' ends within 30 days",
			    k->key->name);
			return TMK_PRACTICE_FAIL;
		}
		if (k->certs && !k->leaf) {
			SAY("no certificate of key '%s' is valid now",
			    k->key->name);
			return TMK_PRACTICE_FAIL;
		}
		judged += k->leaf != NULL;
	}
	return sum(p, judged, "no certificate ends within 30 days; key status "
		   "tells of it in time", "they have no certificate", why,
		   size);
}

CHECK(overlap)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->leaf && !k->next && end_of(k->leaf) - p->now < SOON) {
			SAY("the certificate of key '%s' ends soon and no "
			    "other one begins before", k->key->name);
			return TMK_PRACTICE_FAIL;
		}
		judged += k->leaf != NULL;
	}
	return sum(p, judged, "no certificate ends soon without another one",
		   "they have no certificate", why, size);
}

CHECK(ends)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p)
		judged += k->leaf != NULL;
	return sum(p, judged, "each key has a certificate, which ends",
		   "they have no certificate that would end them", why, size);
}

/* ---- tokens ------------------------------------------------------------------ */

CHECK(unique)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->keys > 1) {
			SAY("%d keys on the token match the URI of '%s'",
			    k->keys, k->key->name);
			return TMK_PRACTICE_FAIL;
		}
		judged += k->keys == 1;
	}
	return sum(p, judged, "each URI leads to one key",
		   "the token was not looked at or is away", why, size);
}

CHECK(modules)
{
	int judged = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->looked && !k->seen) {
			SAY("key '%s': %s", k->key->name, k->why);
			return TMK_PRACTICE_FAIL;
		}
		judged += k->seen;
	}
	return sum(p, judged, "every module answers and shows its key",
		   "not looked at here; doctor and selftest do", why, size);
}

CHECK(retired)
{
	key_ptr k;

	FOR_EACH(k, p)
		if (k->denied && k->seen) {
			SAY("key '%s' is denied and still on its token",
			    k->key->name);
			return TMK_PRACTICE_FAIL;
		}
	SAY("ask for the records of keys that were destroyed; no denied key "
	    "shows itself");
	return TMK_PRACTICE_UNKNOWN;
}

CHECK(blocked)
{
	key_ptr k;

	if (p->denied_broken) {
		SAY("the lists of denied keys cannot be read, so that every "
		    "key is denied");
		return TMK_PRACTICE_FAIL;
	}
	FOR_EACH(k, p)
		if (k->denied) {
			SAY("key '%s' is denied and still configured: put "
			    "another in its place", k->key->name);
			return TMK_PRACTICE_FAIL;
		}
	SAY("no configured key is denied; one command denies a key at once");
	return TMK_PRACTICE_PASS;
}
