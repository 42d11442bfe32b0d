#include "x509/form.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#define SERIAL_MAX 20	/* octets, RFC 5280 4.1.2.2 */

static bool bad(char *why, size_t size, const char *text)
{
	snprintf(why, size, "%s", text);
	return false;
}

/* Whether the extension is one that OpenSSL can read and this one it cannot. */
static bool is_broken(X509_EXTENSION *ext)
{
	const X509V3_EXT_METHOD *method = X509V3_EXT_get(ext);
	void *value;

	if (!method)
		return false;
	value = X509V3_EXT_d2i(ext);
	if (!value)
		return true;
	if (method->it)
		ASN1_item_free(value, ASN1_ITEM_ptr(method->it));
	else
		method->ext_free(value);
	return false;
}

bool tmk_form_extensions_ok(const STACK_OF(X509_EXTENSION) *all, char *why,
			    size_t size)
{
	int i, j, n = X509v3_get_ext_count(all);

	if (n > TMK_FORM_EXTENSIONS_MAX)
		return bad(why, size, "has too many extensions");
	for (i = 0; i < n; i++) {
		X509_EXTENSION *ext = X509v3_get_ext(all, i);

		for (j = 0; j < i; j++)
			if (!OBJ_cmp(X509_EXTENSION_get_object(ext),
				     X509_EXTENSION_get_object(
					     X509v3_get_ext(all, j))))
				return bad(why, size,
					   "has an extension twice");
		if (is_broken(ext))
			return bad(why, size, "has an unreadable extension");
	}
	return true;
}

static bool names_constrain(X509 *cert)
{
	NAME_CONSTRAINTS *names;
	int critical = 0;
	bool good = true;

	names = X509_get_ext_d2i(cert, NID_name_constraints, &critical, NULL);
	if (names)
		good = sk_GENERAL_SUBTREE_num(names->permittedSubtrees) > 0 ||
			sk_GENERAL_SUBTREE_num(names->excludedSubtrees) > 0;
	NAME_CONSTRAINTS_free(names);
	return good;
}

/* An address with two @ has one domain for name constraints and another for
 * whoever compares it with a person's. */
static bool addresses_ok(X509 *cert)
{
	GENERAL_NAMES *names;
	bool good = true;
	int i;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (i = 0; good && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const ASN1_STRING *text;
		const char *at;
		size_t len;

		if (name->type != GEN_EMAIL)
			continue;
		text = name->d.rfc822Name;
		len = (size_t)ASN1_STRING_length(text);
		at = memchr(ASN1_STRING_get0_data(text), '@', len);
		if (at)
			good = at == memrchr(ASN1_STRING_get0_data(text),
					     '@', len);
	}
	GENERAL_NAMES_free(names);
	return good;
}

/* What restricts those below must do so, and what is restricted be one. */
static bool constraints_ok(X509 *cert, char *why, size_t size)
{
	if (!names_constrain(cert))
		return bad(why, size, "has empty nameConstraints");
	if (!addresses_ok(cert))
		return bad(why, size, "has an e-mail address with more than "
			   "one @");
	return true;
}

/* A root is its own authority: an identifier that names another key, or names
 * it the long way, belongs to something else. */
static bool root_identifier_ok(X509 *cert)
{
	const ASN1_OCTET_STRING *subject = X509_get0_subject_key_id(cert);
	AUTHORITY_KEYID *id;
	int critical = 0;
	bool good;

	id = X509_get_ext_d2i(cert, NID_authority_key_identifier, &critical,
			      NULL);
	if (!id)
		return critical == -1;
	good = !id->issuer && !id->serial &&
		(!id->keyid || !subject ||
		 !ASN1_OCTET_STRING_cmp(id->keyid, subject));
	AUTHORITY_KEYID_free(id);
	return good;
}

static bool strict_ok(X509 *cert, bool root, char *why, size_t size)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	int at;

	if (!root && (serial->type == V_ASN1_NEG_INTEGER || !serial->length ||
		      (serial->length == 1 && !serial->data[0])))
		return bad(why, size, "has a serial number that is not "
			   "positive");
	at = X509_get_ext_by_NID(cert, NID_policy_constraints, -1);
	if (at >= 0 && !X509_EXTENSION_get_critical(X509_get_ext(cert, at)))
		return bad(why, size,
			   "has policyConstraints that are not critical");
	if (root && !root_identifier_ok(cert))
		return bad(why, size, "is a root with the "
			   "authorityKeyIdentifier of something else");
	return true;
}

bool tmk_form_ok(X509 *cert, bool root, bool strict, char *why, size_t size)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	bool good;

	/* The leading octet of a positive number may be a zero for the sign. */
	if (!serial || serial->length > SERIAL_MAX)
		return bad(why, size, "has a serial number of more than 20 "
			   "octets");
	ERR_set_mark();
	good = tmk_form_extensions_ok(X509_get0_extensions(cert), why,
				      size) &&
		constraints_ok(cert, why, size) &&
		(!strict || strict_ok(cert, root, why, size));
	ERR_pop_to_mark();
	return good;
}
