/*
 * crl_report.h - the line that `touchmark crl-fetch` says about each CRL.
 *
 * What went well goes to standard output, what did not to standard error, so
 * that cron sends mail about that alone; as JSON everything goes to standard
 * output. Fails with TMK_INPUT when the line cannot be written.
 */
#ifndef TMK_PLUGINS_CRL_REPORT_H
#define TMK_PLUGINS_CRL_REPORT_H

#include <stdbool.h>

#include <openssl/x509.h>

#include "base/err.h"

struct tmk_crl_line {
	const char *url;
	const char *status;	/* updated, unchanged, kept, failed, skipped */
	const char *path;	/* of the file; or NULL */
	X509_CRL *crl;		/* the one that is there now; or NULL */
	const char *problem;	/* NULL: none */
	int code;		/* of the problem */
	bool kept_old;		/* a copy of the replaced one stayed */
};

/* Print it. */
int tmk_crl_report(const struct tmk_crl_line *line, bool json,
		   struct tmk_err *err) TMK_MUST_CHECK;

#endif
