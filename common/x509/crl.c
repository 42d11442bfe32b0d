#include "x509/crl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/file.h"
#include "x509/form.h"
#include "x509/pem.h"

struct load {
	STACK_OF(X509_CRL) *crls;
	const char *name;
};

static bool is_known(const STACK_OF(X509_CRL) *crls, const X509_CRL *crl)
{
	int i;

	for (i = 0; i < sk_X509_CRL_num(crls); i++)
		if (!X509_CRL_match(sk_X509_CRL_value(crls, i), crl))
			return true;
	return false;
}

/* OpenSSL passes over a CRL that contradicts itself as if it were not there,
 * and with it whom it revokes. */
static bool is_whole(X509_CRL *crl, char *why, size_t size)
{
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);
	bool good = tmk_form_extensions_ok(X509_CRL_get0_extensions(crl), why,
					   size);
	ISSUING_DIST_POINT *idp;
	int i;

	for (i = 0; good && i < sk_X509_REVOKED_num(list); i++)
		good = tmk_form_extensions_ok(X509_REVOKED_get0_extensions(
				sk_X509_REVOKED_value(list, i)), why, size);
	if (!good)
		return false;
	idp = X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, NULL,
				   NULL);
	if (idp && (idp->onlyuser > 0) + (idp->onlyCA > 0) +
	    (idp->onlyattr > 0) > 1) {
		snprintf(why, size, "is for users alone and for others alone");
		good = false;
	}
	ISSUING_DIST_POINT_free(idp);
	if (good && X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0 &&
	    X509_CRL_get_ext_by_NID(crl, NID_crl_number, -1) < 0) {
		snprintf(why, size, "is a delta without a number");
		good = false;
	}
	return good;
}

static int load_one(void *ctx, const uint8_t *der, size_t len,
		    struct tmk_err *err)
{
	struct load *load = ctx;
	const unsigned char *p = der;
	X509_CRL *crl;
	char why[80];
	int rc = -1;

	ERR_set_mark();
	crl = d2i_X509_CRL(NULL, &p, (long)len);
	if (!crl || p != der + len) {
		tmk_err_set(err, TMK_INPUT, "%s: not one CRL in DER or PEM",
			    load->name);
		goto out;
	}
	if (!is_whole(crl, why, sizeof(why))) {
		tmk_err_set(err, TMK_INPUT, "%s: the CRL %s", load->name, why);
		goto out;
	}
	if (is_known(load->crls, crl)) {
		rc = 0;
		goto out;
	}
	if (sk_X509_CRL_num(load->crls) >= TMK_CRLS_MAX) {
		tmk_err_set(err, TMK_INPUT, "%s: more than %d CRLs",
			    load->name, TMK_CRLS_MAX);
		goto out;
	}
	if (!sk_X509_CRL_push(load->crls, crl)) {
		tmk_err_nomem(err);
		goto out;
	}
	crl = NULL; /* transferred */
	rc = 0;
out:
	X509_CRL_free(crl);
	ERR_pop_to_mark();
	return rc;
}

int tmk_crl_load(STACK_OF(X509_CRL) *crls, const uint8_t *data, size_t len,
		 const char *name, struct tmk_err *err)
{
	struct load load = { crls, name };
	int n;

	/* The shortest CRL has less than 128 bytes: '0' and a length below. */
	if (len >= 2 && data[0] == 0x30 && (data[1] >= 0x80 ||
					    data[1] == len - 2))
		return load_one(&load, data, len, err);
	n = tmk_pem_walk(data, len, "X509 CRL", NULL, name, load_one, &load,
			 err);
	if (n < 0)
		return -1;
	if (n == 0)
		return tmk_err_set(err, TMK_INPUT, "%s: no CRL in it", name);
	return 0;
}

static int load_file(STACK_OF(X509_CRL) *crls, const char *path,
		     struct tmk_err *err)
{
	struct tmk_buf buf = TMK_BUF_INIT(TMK_CRL_FILE_MAX);
	int rc = -1;

	if (tmk_file_read(&buf, path, err))
		goto out;
	rc = tmk_crl_load(crls, (const uint8_t *)tmk_buf_str(&buf), buf.len,
			  path, err);
out:
	tmk_buf_release(&buf);
	return rc;
}

static int load_dir(STACK_OF(X509_CRL) *crls, const char *path,
		    struct tmk_err *err)
{
	struct dirent *entry;
	char *file = NULL;
	int rc = -1;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return tmk_err_set(err, TMK_INPUT, "cannot open %s: %s", path,
				   strerror(errno));
	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&file, "%s/%s", path, entry->d_name) < 0) {
			file = NULL;
			tmk_err_nomem(err);
			goto out;
		}
		if (load_file(crls, file, err))
			goto out;
		free(file);
		file = NULL;
	}
	if (errno) {
		tmk_err_set(err, TMK_INPUT, "cannot read %s: %s", path,
			    strerror(errno));
		goto out;
	}
	rc = 0;
out:
	free(file);
	closedir(dir);
	return rc;
}

int tmk_crl_load_path(STACK_OF(X509_CRL) *crls, const char *path,
		      struct tmk_err *err)
{
	struct stat st;

	if (stat(path, &st))
		return tmk_err_set(err, TMK_INPUT, "cannot read %s: %s", path,
				   strerror(errno));
	if (S_ISDIR(st.st_mode))
		return load_dir(crls, path, err);
	return load_file(crls, path, err);
}

static const char *const reasons[] = {
	"unspecified", "keyCompromise", "cACompromise", "affiliationChanged",
	"superseded", "cessationOfOperation", "certificateHold", "",
	"removeFromCRL", "privilegeWithdrawn", "aACompromise"
};

#define REASONS ((long)(sizeof(reasons) / sizeof(reasons[0])))

int64_t tmk_crl_time(const ASN1_TIME *t)
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return TMK_TIME_NONE;
	return tmk_clock_from_civil(tm.tm_year + 1900, tm.tm_mon + 1,
				    tm.tm_mday, tm.tm_hour, tm.tm_min,
				    tm.tm_sec);
}

/* The reason of an entry: -1 when it gives none, 0 when what it gives cannot
 * be read, which is the same as unspecified. */
static long entry_reason(const X509_REVOKED *entry)
{
	ASN1_ENUMERATED *value;
	int critical = 0;
	long reason;

	value = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, &critical,
					 NULL);
	if (!value)
		return critical == -1 ? -1 : 0;
	reason = ASN1_ENUMERATED_get(value);
	ASN1_ENUMERATED_free(value);
	return reason < 0 || reason >= REASONS ? 0 : reason;
}

bool tmk_crl_entry_holds(const X509_REVOKED *entry)
{
	return entry_reason(entry) == CRL_REASON_CERTIFICATE_HOLD;
}

/* The moment before which an innocent signature stands: TMK_TIME_NONE when
 * there is no telling. */
static int64_t entry_since(const X509_REVOKED *entry)
{
	int64_t since = tmk_crl_time(X509_REVOKED_get0_revocationDate(entry));
	int64_t invalid = TMK_TIME_NONE;
	ASN1_GENERALIZEDTIME *t;
	int critical = 0;

	t = X509_REVOKED_get_ext_d2i(entry, NID_invalidity_date, &critical,
				     NULL);
	if (t)
		invalid = tmk_crl_time(t);
	ASN1_GENERALIZEDTIME_free(t);
	if (critical == -1)
		return since;
	/* There is one: it can only bring the moment forward. */
	return invalid < since ? invalid : since;
}

const char *tmk_crl_reason(long reason)
{
	if (reason < 0)
		return "no reason given";
	return reasons[reason >= REASONS ? 0 : reason];
}

/* Whether the reason, together with a date where there is one, leaves room
 * for a time at which all was well. */
static bool had_good_days(const X509_REVOKED *entry, long reason, bool honour)
{
	switch (reason) {
	case CRL_REASON_SUPERSEDED:
	case CRL_REASON_CESSATION_OF_OPERATION:
	case CRL_REASON_AFFILIATION_CHANGED:
		return true;
	case -1:
	case CRL_REASON_UNSPECIFIED:
	case CRL_REASON_KEY_COMPROMISE:
	case CRL_REASON_CA_COMPROMISE:
	case CRL_REASON_AA_COMPROMISE:
		return honour && X509_REVOKED_get_ext_by_NID(entry,
					NID_invalidity_date, -1) >= 0;
	default:
		return false;
	}
}

bool tmk_crl_entry_falls(const X509_REVOKED *entry, int64_t at, bool stamped,
			 bool honour, char *why, size_t size)
{
	int64_t since = entry_since(entry);
	long reason = entry_reason(entry);
	char text[TMK_CLOCK_TEXT];

	snprintf(why, size, "revoked since %s (%s)",
		 tmk_clock_format(text, since), tmk_crl_reason(reason));
	return !(had_good_days(entry, reason, honour) && stamped &&
		 since != TMK_TIME_NONE && at < since);
}
