#include "x509/attest.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/enc.h"
#include "x509/cert.h"
#include "x509/form.h"
#include "x509/strength.h"

#define ARC "1.3.6.1.4.1.41482.3."
#define FIRMWARE ARC "3"
#define SERIAL ARC "7"
#define POLICY ARC "8"
#define FORM ARC "9"
#define OID_TEXT 64
#define TRIES_MAX 128	/* signatures that are checked for one answer */
#define MIN_RSA 2048	/* the keys of devices, which nobody can renew */

/* What the search for a chain carries along. */
struct search {
	const struct tmk_attest_request *request;
	X509 *path[TMK_ATTEST_DEPTH + 1];
	int tries;
};

static void oid_of(char *out, X509_EXTENSION *ext)
{
	OBJ_obj2txt(out, OID_TEXT, X509_EXTENSION_get_object(ext), 1);
}

/* The value of the one extension with this OID; NULL when there is none. That
 * none is there twice was looked at before. */
static const ASN1_OCTET_STRING *find(X509 *cert, const char *oid)
{
	char text[OID_TEXT];
	int i;

	for (i = 0; i < X509_get_ext_count(cert); i++) {
		X509_EXTENSION *ext = X509_get_ext(cert, i);

		oid_of(text, ext);
		if (!strcmp(text, oid))
			return X509_EXTENSION_get_data(ext);
	}
	return NULL;
}

bool tmk_attest_is(X509 *cert)
{
	return find(cert, POLICY) != NULL;
}

static void bad(struct tmk_attest_answer *a, const char *why)
{
	a->result = TMK_ATTEST_BAD;
	tmk_enc_line_into(a->text, sizeof(a->text), why, strlen(why));
}

/* 1 when `size` bytes stand there, 0 when there is none, -1 when there are
 * others. */
static int bytes(const uint8_t **out, X509 *cert, const char *oid, int size)
{
	const ASN1_OCTET_STRING *value = find(cert, oid);

	if (!value)
		return 0;
	if (ASN1_STRING_length(value) != size)
		return -1;
	*out = ASN1_STRING_get0_data(value);
	return 1;
}

static bool read_firmware(struct tmk_attest_answer *a, X509 *cert)
{
	const uint8_t *v;

	if (bytes(&v, cert, FIRMWARE, 3) != 1)
		return false;
	snprintf(a->firmware, sizeof(a->firmware), "%u.%u.%u", v[0], v[1],
		 v[2]);
	return true;
}

/* An INTEGER in DER, not negative, of up to eight bytes. Absent is fine: a
 * device may be told to hide its number. */
static bool read_serial(struct tmk_attest_answer *a, X509 *cert)
{
	const ASN1_OCTET_STRING *value = find(cert, SERIAL);
	const uint8_t *v;
	uint64_t n = 0;
	int i, len;

	if (!value)
		return true;
	v = ASN1_STRING_get0_data(value);
	len = ASN1_STRING_length(value);
	if (len < 3 || len > 10 || v[0] != V_ASN1_INTEGER || v[1] != len - 2 ||
	    v[2] & 0x80 || (len > 3 && !v[2] && !(v[3] & 0x80)))
		return false;
	for (i = 2; i < len; i++)
		n = n << 8 | v[i];
	snprintf(a->serial, sizeof(a->serial), "%llu", (unsigned long long)n);
	return true;
}

static bool read_policies(struct tmk_attest_answer *a, X509 *cert)
{
	static const char *const pin[] = {
		NULL, "never", "once", "always", "match-once", "match-always"
	};
	static const char *const touch[] = {
		NULL, "never", "always", "cached"
	};
	const uint8_t *v;

	if (bytes(&v, cert, POLICY, 2) != 1 ||
	    !v[0] || v[0] >= sizeof(pin) / sizeof(*pin) ||
	    !v[1] || v[1] >= sizeof(touch) / sizeof(*touch))
		return false;
	a->pin = pin[v[0]];
	a->touch = touch[v[1]];
	return true;
}

/* The subject is one commonName that ends with the slot: 9a, 9c, 9d, 9e, or
 * 82 to 95, where retired keys are. */
static bool read_slot(struct tmk_attest_answer *a, X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);
	char text[128];
	const char *end;
	uint8_t slot;
	int len;

	if (X509_NAME_entry_count(name) != 1)
		return false;
	len = X509_NAME_get_text_by_NID(name, NID_commonName, text,
					sizeof(text));
	if (len < 4 || len >= (int)sizeof(text) - 1 ||
	    (size_t)len != strlen(text))
		return false;
	end = text + len - 3;
	if (*end != ' ' || tmk_dec_hex(&slot, 1, end + 1, 2) < 0)
		return false;
	if (slot != 0x9a && slot != 0x9c && slot != 0x9d && slot != 0x9e &&
	    (slot < 0x82 || slot > 0x95))
		return false;
	snprintf(a->slot, sizeof(a->slot), "%02x", slot);
	return true;
}

/* Nothing critical that is not understood: nobody knows what it takes back. */
static bool understood(X509 *cert)
{
	return !(X509_get_extension_flags(cert) & EXFLAG_CRITICAL);
}

/* What the certificate of the key itself must be. */
static const char *leaf_fault(struct tmk_attest_answer *a, X509 *cert)
{
	const uint8_t *form;

	if (X509_check_ca(cert))
		return "the attestation is a certificate of a CA";
	if (!understood(cert))
		return "the attestation has a critical extension that is not "
			"known";
	if (!read_firmware(a, cert))
		return "the attestation has no firmware version of three "
			"bytes";
	if (!read_serial(a, cert))
		return "the serial number in the attestation is malformed";
	if (!read_policies(a, cert))
		return "the PIN and touch policy in the attestation is "
			"malformed";
	if (bytes(&form, cert, FORM, 1) < 0)
		return "the form in the attestation is malformed";
	if (!read_slot(a, cert))
		return "the attestation does not name a slot for keys";
	return NULL;
}

/*
 * Whether `issuer` made `cert`, and may: a CA whose path length leaves room
 * for the `below` CAs between it and the key. A certificate that a device made
 * for a key issues nothing, or a key inside could vouch for one outside.
 */
static bool issued(struct search *s, X509 *issuer, X509 *cert, int below)
{
	char why[128];
	long length;
	bool good;

	if (X509_check_issued(issuer, cert) != X509_V_OK ||
	    X509_check_ca(issuer) != 1 || !understood(issuer) ||
	    tmk_attest_is(issuer) || !tmk_strength_cert_ok(cert) ||
	    !tmk_cert_key_ok(issuer, MIN_RSA, why, sizeof(why)) ||
	    !tmk_form_ok(issuer, false, false, why, sizeof(why)))
		return false;
	length = X509_get_pathlen(issuer);
	if ((length >= 0 && length < below) || s->tries++ >= TRIES_MAX)
		return false;
	ERR_set_mark();
	good = X509_verify(cert, X509_get0_pubkey(issuer)) == 1;
	ERR_pop_to_mark();
	return good;
}

static bool is_root(X509 *cert)
{
	return X509_check_issued(cert, cert) == X509_V_OK;
}

static bool on_path(const struct search *s, X509 *cert, int depth)
{
	int i;

	for (i = 0; i < depth; i++)
		if (!X509_cmp(s->path[i], cert))
			return true;
	return false;
}

/* From path[depth - 1] to a root. Returns how long the path is, 0 for none. */
static int climb(struct search *s, int depth)
{
	const struct tmk_attest_request *r = s->request;
	X509 *cert = s->path[depth - 1];
	int i, length;

	if (depth > TMK_ATTEST_DEPTH)
		return 0;
	for (i = 0; i < sk_X509_num(r->roots); i++) {
		X509 *root = sk_X509_value(r->roots, i);

		/* The device's own certificate is between key and root. */
		if (depth < 2 || !is_root(root) ||
		    !issued(s, root, cert, depth - 1))
			continue;
		s->path[depth] = root;
		return depth + 1;
	}
	for (i = 0; i < sk_X509_num(r->certs) && i < TMK_ATTEST_CERTS_MAX;
	     i++) {
		X509 *next = sk_X509_value(r->certs, i);

		if (on_path(s, next, depth) || is_root(next) ||
		    !issued(s, next, cert, depth - 1))
			continue;
		s->path[depth] = next;
		length = climb(s, depth + 1);
		if (length)
			return length;
	}
	return 0;
}

/* Is this one, which is for the key, to be believed? */
static void judge_one(struct tmk_attest_answer *a,
		      const struct tmk_attest_request *request, X509 *cert)
{
	struct search s = { .request = request };
	int64_t not_before;
	const char *fault;
	char why[256];
	int length;

	if (!tmk_form_ok(cert, false, false, why, sizeof(why))) {
		bad(a, why);
		return;
	}
	fault = leaf_fault(a, cert);
	if (fault) {
		bad(a, fault);
		return;
	}
	if (!request->roots || !sk_X509_num(request->roots)) {
		bad(a, "no root of the maker was given to hold it "
		    "against");
		return;
	}
	s.path[0] = cert;
	length = climb(&s, 1);
	if (!length) {
		bad(a, "no chain leads from the attestation to a root "
		    "of the maker that was given");
		return;
	}
	if (tmk_cert_validity(&not_before, &a->not_after, cert, NULL) < 0) {
		bad(a, "the dates in the attestation are malformed");
		return;
	}
	tmk_cert_subject(a->device, sizeof(a->device), s.path[1]);
	tmk_cert_subject(a->root, sizeof(a->root), s.path[length - 1]);
	tmk_cert_sha256(a->root_sha256, s.path[length - 1]);
	a->result = TMK_ATTEST_GOOD;
	a->text[0] = '\0';
}

void tmk_attest_judge(struct tmk_attest_answer *answer,
		      const struct tmk_attest_request *request)
{
	struct tmk_attest_answer found = { .result = TMK_ATTEST_NONE }, one;
	int i, n = sk_X509_num(request->certs), others = 0;

	for (i = 0; i < n && i < TMK_ATTEST_CERTS_MAX; i++) {
		X509 *cert = sk_X509_value(request->certs, i);

		if (!tmk_attest_is(cert))
			continue;
		if (!request->spki_len ||
		    !tmk_cert_has_key(cert, request->spki,
				      request->spki_len)) {
			others++;
			continue;
		}
		memset(&one, 0, sizeof(one));
		judge_one(&one, request, cert);
		/* One good one is enough: what a stranger put beside it does
		 * not take it back. */
		if (found.result != TMK_ATTEST_GOOD)
			found = one;
	}
	found.others = others;
	if (found.result == TMK_ATTEST_NONE)
		snprintf(found.text, sizeof(found.text), "%s", others ?
			 "the attestation is for another key" :
			 "there is no attestation");
	*answer = found;
}
