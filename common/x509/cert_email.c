#include "x509/cert.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* Printable bytes only, and one @ at most: a NUL inside would let "a@x\0@evil"
 * pass as "a@x", and two @ have two domains. */
static bool clean(const unsigned char *text, int len)
{
	int i, at = 0;

	if (len <= 0)
		return false;
	for (i = 0; i < len; i++) {
		if (text[i] < 0x21 || text[i] == 0x7f)
			return false;
		at += text[i] == '@';
	}
	return at <= 1;
}

/* Copy the text if it is clean, fits, and is the `*skip`-th such one. */
static const char *take(char *out, size_t size, const unsigned char *text,
			int len, int *skip)
{
	if (!clean(text, len) || (size_t)len >= size)
		return NULL;
	if ((*skip)-- > 0)
		return NULL;
	memcpy(out, text, (size_t)len);
	out[len] = '\0';
	return out;
}

static const char *from_san(char *out, size_t size, X509 *cert, int *skip)
{
	GENERAL_NAMES *names;
	const char *found = NULL;
	int i;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_EMAIL)
			found = take(out, size,
				     ASN1_STRING_get0_data(name->d.rfc822Name),
				     ASN1_STRING_length(name->d.rfc822Name),
				     skip);
	}
	GENERAL_NAMES_free(names);
	return found;
}

static const char *from_subject(char *out, size_t size, X509 *cert, int *skip)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	const char *found = NULL;
	unsigned char *text;
	int i = -1, len;

	while (!found) {
		i = X509_NAME_get_index_by_NID(subject,
					       NID_pkcs9_emailAddress, i);
		if (i < 0)
			break;
		text = NULL;
		len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(
			X509_NAME_get_entry(subject, i)));
		if (len > 0)
			found = take(out, size, text, len, skip);
		OPENSSL_free(text);
	}
	return found;
}

const char *tmk_cert_email(char *out, size_t size, X509 *cert, int i)
{
	const char *found;
	int skip = i;

	ERR_set_mark();
	found = from_san(out, size, cert, &skip);
	if (!found)
		found = from_subject(out, size, cert, &skip);
	ERR_pop_to_mark();
	return found;
}
