#include "x509/usage.h"

#include <stdio.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "x509/cert.h"

#define NAME_TEXT 200

int tmk_usage_init(struct tmk_usage *usage,
		   const struct tmk_chain_request *request,
		   struct tmk_err *err)
{
	int i;

	usage->ekus = 0;
	for (i = 0; i < request->ekus && i < TMK_EKU_MAX; i++) {
		ASN1_OBJECT *oid = OBJ_txt2obj(request->eku[i], 0);

		if (!oid) {
			tmk_usage_release(usage);
			return tmk_err_set(err, TMK_INTERNAL,
					   "\"%s\" is no extended key usage",
					   request->eku[i]);
		}
		usage->eku[usage->ekus++] = oid;
	}
	return 0;
}

void tmk_usage_release(struct tmk_usage *usage)
{
	while (usage->ekus > 0)
		ASN1_OBJECT_free(usage->eku[--usage->ekus]);
}

/* The extendedKeyUsage of a certificate. 1 with *out (freed by the caller), 0
 * when it has none, -1 when it is unreadable or there twice. */
static int get_eku(EXTENDED_KEY_USAGE **out, int *critical, X509 *cert)
{
	*critical = 0;
	*out = X509_get_ext_d2i(cert, NID_ext_key_usage, critical, NULL);
	if (*out)
		return 1;
	return *critical == -1 ? 0 : -1;
}

/* Which of the purposes the list names, as bits. `any`: whether
 * anyExtendedKeyUsage stands for all of them. */
static unsigned int named(const struct tmk_usage *usage,
			  const EXTENDED_KEY_USAGE *list, bool any)
{
	unsigned int bits = 0;
	int i, j;

	for (i = 0; i < sk_ASN1_OBJECT_num(list); i++) {
		const ASN1_OBJECT *oid = sk_ASN1_OBJECT_value(list, i);

		if (any && OBJ_obj2nid(oid) == NID_anyExtendedKeyUsage)
			return ~0U;
		for (j = 0; j < usage->ekus; j++)
			if (!OBJ_cmp(oid, usage->eku[j]))
				bits |= 1U << j;
	}
	return bits;
}

static bool leaf_key_usage_ok(X509 *leaf, bool tsa, char *why, size_t size)
{
	uint32_t signs = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;

	if (X509_get_extension_flags(leaf) & EXFLAG_CA) {
		snprintf(why, size, "is a CA certificate");
		return false;
	}
	if ((X509_get_extension_flags(leaf) & EXFLAG_KUSAGE) &&
	    !(X509_get_key_usage(leaf) & signs)) {
		snprintf(why, size, "has a keyUsage without digitalSignature");
		return false;
	}
	/* RFC 3161 2.3: a key that is kept for timestamps alone. */
	if (tsa && (X509_get_extension_flags(leaf) & EXFLAG_KUSAGE) &&
	    (X509_get_key_usage(leaf) & ~signs)) {
		snprintf(why, size, "has a keyUsage for more than signing");
		return false;
	}
	return true;
}

/* The purposes among those asked that the leaf names; 0 with `why`. */
static unsigned int leaf_purposes(const struct tmk_usage *usage,
				  bool critical_alone, X509 *leaf, char *why,
				  size_t size)
{
	EXTENDED_KEY_USAGE *list = NULL;
	unsigned int bits = 0;
	int critical, n;

	n = get_eku(&list, &critical, leaf);
	if (n < 0) {
		snprintf(why, size, "has an unreadable extendedKeyUsage");
	} else if (n == 0) {
		snprintf(why, size, "has no extendedKeyUsage");
	} else if (critical_alone &&
		   (critical != 1 || sk_ASN1_OBJECT_num(list) != 1)) {
		snprintf(why, size,
			 "has an extendedKeyUsage that is not critical or "
			 "names more than one purpose");
	} else {
		bits = named(usage, list, false);
		if (!bits)
			snprintf(why, size,
				 "is not for this purpose (extendedKeyUsage)");
	}
	EXTENDED_KEY_USAGE_free(list);
	return bits;
}

static bool leaf_ok(const struct tmk_usage *usage, bool critical_alone,
		    X509 *leaf, unsigned int *bits, char *why, size_t size)
{
	if (!leaf_key_usage_ok(leaf, critical_alone, why, size))
		return false;
	*bits = ~0U;
	if (usage->ekus)
		*bits = leaf_purposes(usage, critical_alone, leaf, why, size);
	return *bits != 0;
}

/* One issuer, the root too: what it says of itself binds it. */
static bool ca_ok(const struct tmk_usage *usage, X509 *ca,
		  unsigned int *bits, char *why, size_t size)
{
	EXTENDED_KEY_USAGE *list = NULL;
	int critical, n;

	if (X509_check_ca(ca) != 1) {
		snprintf(why, size, "is not a CA certificate that may sign "
			 "certificates");
		return false;
	}
	if (!usage->ekus)
		return true;
	n = get_eku(&list, &critical, ca);
	if (n > 0)
		*bits &= named(usage, list, true);
	EXTENDED_KEY_USAGE_free(list);
	if (n < 0 || !*bits) {
		snprintf(why, size, "is a CA certificate whose "
			 "extendedKeyUsage does not permit this purpose");
		return false;
	}
	return true;
}

/* "CN=... " before what is wrong with that certificate. */
static void name_it(X509 *cert, const char *what, char *why, size_t size)
{
	char name[NAME_TEXT];

	snprintf(why, size, "%s %s",
		 tmk_cert_subject(name, sizeof(name), cert), what);
}

bool tmk_usage_chain_ok(const struct tmk_usage *usage,
			const struct tmk_chain_request *request,
			STACK_OF(X509) *chain, char *why, size_t size)
{
	int i, n = sk_X509_num(chain);
	unsigned int bits = ~0U;
	bool good = true;
	char what[120];

	ERR_set_mark();
	if (!request->any_leaf)
		good = leaf_ok(usage, request->eku_critical_alone,
			       sk_X509_value(chain, 0), &bits, what,
			       sizeof(what));
	else if (usage->ekus)
		good = (bits = leaf_purposes(usage,
					     request->eku_critical_alone,
					     sk_X509_value(chain, 0), what,
					     sizeof(what))) != 0;
	i = 0;
	while (good && ++i < n)
		good = ca_ok(usage, sk_X509_value(chain, i), &bits, what,
			     sizeof(what));
	if (!good)
		name_it(sk_X509_value(chain, i), what, why, size);
	ERR_pop_to_mark();
	return good;
}

bool tmk_usage_tsa_ok(X509 *cert, char *why, size_t size)
{
	struct tmk_usage usage = { { NULL }, 1 };
	unsigned int bits;
	char what[120];
	bool good;

	/* A built-in object: nothing to free. */
	usage.eku[0] = OBJ_nid2obj(NID_time_stamp);
	ERR_set_mark();
	good = leaf_ok(&usage, true, cert, &bits, what, sizeof(what));
	if (!good)
		name_it(cert, what, why, size);
	ERR_pop_to_mark();
	return good;
}
