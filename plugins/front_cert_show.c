#include "plugins/front_cert_show.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/enc.h"
#include "x509/cert.h"

#define LIST_MAX 64	/* names of one kind that are shown */
#define ITEM_MAX 320	/* bytes of one of them */

/* A list of short texts: names, usages. */
struct list {
	char item[LIST_MAX][ITEM_MAX];
	int count;
	bool cut;		/* there were more */
};

struct facts {
	char subject[512], issuer[512], serial[2 * 64 + 1];
	char sha256[TMK_FINGERPRINT_TEXT], sha1[TMK_FINGERPRINT_TEXT];
	char from[TMK_CLOCK_TEXT], to[TMK_CLOCK_TEXT];
	char key[64];
	int bits;
	bool ca;
	struct list san, usage, eku;
};

static void add(struct list *list, const char *text, size_t len)
{
	if (list->count == LIST_MAX) {
		list->cut = true;
		return;
	}
	tmk_enc_show_into(list->item[list->count++], ITEM_MAX, text, len);
}

static void read_san(struct list *list, X509 *cert)
{
	GENERAL_NAMES *names;
	int i;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		BIO *bio = BIO_new(BIO_s_mem());
		char *text = NULL;
		long n = 0;

		if (bio && GENERAL_NAME_print(bio, sk_GENERAL_NAME_value(
				names, i)) == 1)
			n = BIO_get_mem_data(bio, &text);
		if (n > 0)
			add(list, text, (size_t)n);
		BIO_free(bio);
	}
	GENERAL_NAMES_free(names);
}

static void read_usage(struct list *list, X509 *cert)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} bits[] = {
		{ KU_DIGITAL_SIGNATURE, "digitalSignature" },
		{ KU_NON_REPUDIATION, "nonRepudiation" },
		{ KU_KEY_ENCIPHERMENT, "keyEncipherment" },
		{ KU_DATA_ENCIPHERMENT, "dataEncipherment" },
		{ KU_KEY_AGREEMENT, "keyAgreement" },
		{ KU_KEY_CERT_SIGN, "keyCertSign" },
		{ KU_CRL_SIGN, "cRLSign" },
		{ KU_ENCIPHER_ONLY, "encipherOnly" },
		{ KU_DECIPHER_ONLY, "decipherOnly" },
	};
	size_t i;

	if (!(X509_get_extension_flags(cert) & EXFLAG_KUSAGE))
		return;
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (X509_get_key_usage(cert) & bits[i].bit)
			add(list, bits[i].name, strlen(bits[i].name));
}

static void read_eku(struct list *list, X509 *cert)
{
	EXTENDED_KEY_USAGE *oids;
	char dotted[80];
	const char *name;
	int i;

	oids = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	for (i = 0; i < sk_ASN1_OBJECT_num(oids); i++) {
		const ASN1_OBJECT *oid = sk_ASN1_OBJECT_value(oids, i);
		int nid = OBJ_obj2nid(oid);

		if (nid != NID_undef) {
			name = OBJ_nid2sn(nid);
		} else {
			OBJ_obj2txt(dotted, sizeof(dotted), oid, 1);
			name = dotted;
		}
		add(list, name, strlen(name));
	}
	EXTENDED_KEY_USAGE_free(oids);
}

static void read_key(struct facts *f, X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	char group[64];
	size_t len = 0;

	snprintf(f->key, sizeof(f->key), "unknown");
	if (!key)
		return;
	f->bits = EVP_PKEY_get_bits(key);
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1)
		snprintf(f->key, sizeof(f->key), "EC %.*s", (int)len, group);
	else
		snprintf(f->key, sizeof(f->key), "%s",
			 EVP_PKEY_get0_type_name(key) ?
			 EVP_PKEY_get0_type_name(key) : "unknown");
}

static void read_serial(struct facts *f, X509 *cert)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	bool minus = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
	int n = ASN1_STRING_length(serial);

	if (n > 63) {
		snprintf(f->serial, sizeof(f->serial), "(%d bytes)", n);
		return;
	}
	if (minus)
		f->serial[0] = '-';
	tmk_enc_hex(f->serial + minus, ASN1_STRING_get0_data(serial),
		    (size_t)n);
}

static int read_facts(struct facts *f, X509 *cert, struct tmk_err *err)
{
	int64_t from, to;

	memset(f, 0, sizeof(*f));
	if (tmk_cert_validity(&from, &to, cert, err))
		return -1;
	ERR_set_mark();
	tmk_clock_format(f->from, from);
	tmk_clock_format(f->to, to);
	tmk_cert_subject(f->subject, sizeof(f->subject), cert);
	tmk_cert_issuer(f->issuer, sizeof(f->issuer), cert);
	tmk_cert_sha256(f->sha256, cert);
	tmk_cert_sha1_upper(f->sha1, cert);
	f->ca = X509_check_ca(cert) > 0;
	read_serial(f, cert);
	read_key(f, cert);
	read_san(&f->san, cert);
	read_usage(&f->usage, cert);
	read_eku(&f->eku, cert);
	ERR_pop_to_mark();
	return 0;
}

static int text_list(struct tmk_buf *out, const char *label,
		     const struct list *list)
{
	int i, rc = 0;

	for (i = 0; !rc && i < list->count; i++)
		rc = tmk_buf_printf(out, "%-12s%s\n", i ? "" : label,
				    list->item[i]);
	if (!rc && list->cut)
		rc = tmk_buf_printf(out, "%-12s...\n", "");
	return rc;
}

int tmk_front_cert_show_text(struct tmk_buf *out, X509 *cert,
			     struct tmk_err *err)
{
	struct facts f;

	if (read_facts(&f, cert, err))
		return -1;
	if (tmk_buf_printf(out, "subject     %s\nissuer      %s\n"
			   "serial      %s\nnot before  %s\nnot after   %s\n"
			   "sha256      %s\nsha1        %s\nkey         %s",
			   f.subject, f.issuer, f.serial, f.from, f.to,
			   f.sha256, f.sha1, f.key) ||
	    (strcmp(f.key, "RSA") ? 0 : tmk_buf_printf(out, " %d", f.bits)) ||
	    tmk_buf_printf(out, "\nca          %s\n", f.ca ? "yes" : "no") ||
	    text_list(out, "san", &f.san) ||
	    text_list(out, "key usage", &f.usage) ||
	    text_list(out, "ext. usage", &f.eku))
		return tmk_err_nomem(err);
	return 0;
}

static void json_list(struct tmk_json *j, const char *key,
		      const struct list *list)
{
	int i;

	tmk_json_open_array(j, key);
	for (i = 0; i < list->count; i++)
		tmk_json_string(j, NULL, list->item[i]);
	tmk_json_close_array(j);
}

int tmk_front_cert_show_json(struct tmk_json *j, X509 *cert,
			     struct tmk_err *err)
{
	struct facts f;

	if (read_facts(&f, cert, err))
		return -1;
	tmk_json_string(j, "subject", f.subject);
	tmk_json_string(j, "issuer", f.issuer);
	tmk_json_string(j, "serial", f.serial);
	tmk_json_string(j, "notBefore", f.from);
	tmk_json_string(j, "notAfter", f.to);
	tmk_json_string(j, "sha256", f.sha256);
	tmk_json_string(j, "sha1", f.sha1);
	tmk_json_string(j, "key", f.key);
	tmk_json_int(j, "bits", f.bits);
	tmk_json_bool(j, "ca", f.ca);
	json_list(j, "san", &f.san);
	json_list(j, "keyUsage", &f.usage);
	json_list(j, "extendedKeyUsage", &f.eku);
	return 0;
}
