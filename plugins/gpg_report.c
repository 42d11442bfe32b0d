#include "plugins/gpg_status.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/enc.h"
#include "x509/cert.h"

#define NAME_MAX_BYTES 4096	/* of a subject, escaped, before it is cut */

/* How gpgsm calls the parts of a name. The first ones come first, in this
 * order; a part without a name is called by its number. */
static const struct {
	int nid;
	const char *label;
} parts[] = {
	{ NID_commonName, "CN" },
	{ NID_organizationalUnitName, "OU" },
	{ NID_organizationName, "O" },
	{ NID_streetAddress, "STREET" },
	{ NID_localityName, "L" },
	{ NID_stateOrProvinceName, "ST" },
	{ NID_countryName, "C" },
	{ NID_pkcs9_emailAddress, "EMail" },
#define FIRST_PARTS 8
	{ NID_domainComponent, "DC" },
	{ NID_userId, "UID" },
	{ NID_title, "T" },
	{ NID_givenName, "GN" },
	{ NID_surname, "SN" },
	{ NID_serialNumber, "SerialNumber" },
	{ NID_description, "D" },
	{ NID_pseudonym, "Pseudo" },
	{ NID_businessCategory, "BC" },
	{ NID_postalCode, "PostalCode" },
};

#define PARTS (sizeof(parts) / sizeof(*parts))

static size_t part_of(const ASN1_OBJECT *object)
{
	int nid = OBJ_obj2nid(object);
	size_t i;

	for (i = 0; i < PARTS; i++)
		if (nid != NID_undef && parts[i].nid == nid)
			break;
	return i;
}

/* A value, with the slash that would begin another part escaped. */
static int add_value(struct tmk_buf *out, const char *text, size_t len)
{
	while (len) {
		const char *slash = memchr(text, '/', len);
		size_t n = slash ? (size_t)(slash - text) : len;

		if (tmk_enc_show(out, text, n) ||
		    (slash && tmk_buf_addstr(out, "\\x2f")))
			return -1;
		n += slash != NULL;
		text += n;
		len -= n;
	}
	return 0;
}

static int add_part(struct tmk_buf *out, const X509_NAME_ENTRY *entry,
		    size_t part)
{
	const ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(entry);
	unsigned char *text = NULL;
	char number[80] = "?";
	int len, rc;

	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
	if (part >= PARTS)
		OBJ_obj2txt(number, sizeof(number), object, 1);
	rc = tmk_buf_printf(out, "/%s=",
			    part < PARTS ? parts[part].label : number);
	if (!rc && len < 0)
		rc = tmk_buf_addch(out, '?');
	else if (!rc)
		rc = add_value(out, (const char *)text, (size_t)len);
	OPENSSL_free(text);
	return rc;
}

/* Every part called `want`; with FIRST_PARTS every one that comes last. */
static int add_parts(struct tmk_buf *out, const X509_NAME *name, size_t want)
{
	int i;

	for (i = X509_NAME_entry_count(name) - 1; i >= 0; i--) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
		size_t part = part_of(X509_NAME_ENTRY_get_object(e));

		if (part != want &&
		    (want < FIRST_PARTS || part < FIRST_PARTS))
			continue;
		if (add_part(out, e, part))
			return -1;
	}
	return 0;
}

char *tmk_gpg_report_name(char *out, size_t size, X509 *cert)
{
	struct tmk_buf text = TMK_BUF_INIT(NAME_MAX_BYTES);
	const X509_NAME *name = X509_get_subject_name(cert);
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i <= FIRST_PARTS; i++)
		rc = add_parts(&text, name, i);
	/* It is escaped: the second escaping only cuts it. */
	tmk_enc_line_into(out, size, tmk_buf_str(&text), text.len);
	tmk_buf_release(&text);
	return out;
}

/* Of the kinds that gpgsm names too; NULL for another one. */
static const char *alias(char *out, size_t size, const GENERAL_NAME *name)
{
	const ASN1_IA5STRING *text;
	const char *before = "", *after = ")";
	char shown[512];

	if (name->type == GEN_EMAIL) {
		text = name->d.rfc822Name;
		after = "";
	} else if (name->type == GEN_DNS) {
		text = name->d.dNSName;
		before = "(dns-name ";
	} else if (name->type == GEN_URI) {
		text = name->d.uniformResourceIdentifier;
		before = "(uri ";
	} else {
		return NULL;
	}
	tmk_enc_show_into(shown, sizeof(shown),
			  (const char *)ASN1_STRING_get0_data(text),
			  (size_t)ASN1_STRING_length(text));
	snprintf(out, size, "%s%s%s", before, shown, after);
	return out;
}

const char *tmk_gpg_report_alias(char *out, size_t size, X509 *cert, int i)
{
	GENERAL_NAMES *names;
	const char *found = NULL;
	int n;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (n = 0; n < sk_GENERAL_NAME_num(names); n++) {
		found = alias(out, size, sk_GENERAL_NAME_value(names, n));
		if (found && !i--)
			break;
		found = NULL;
	}
	GENERAL_NAMES_free(names);
	return found;
}

static int algorithm_of(const EVP_PKEY *key)
{
	switch (key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
	case EVP_PKEY_RSA:
		return 1;
	case EVP_PKEY_EC:
		return 301;
	case EVP_PKEY_ED25519:
		return 303;
	}
	return 0;
}

void tmk_gpg_report_cert(struct tmk_gpg_report *report, X509 *cert)
{
	int64_t from, to;

	tmk_cert_sha1_upper(report->fingerprint, cert);
	tmk_gpg_report_name(report->subject, sizeof(report->subject), cert);
	report->algorithm = algorithm_of(X509_get0_pubkey(cert));
	if (!tmk_cert_validity(&from, &to, cert, NULL))
		report->expires = to;
}
