/*
 * crl_store.h - the directory that `touchmark crl-fetch` keeps and the gate
 * reads.
 *
 * A file is there whole or not at all: the gate passes over names that begin
 * with a dot, and only a rename gives a file another one. Several may write at
 * the same time: whoever compares and replaces holds a lock. A name is the
 * SHA-256 of the issuer and of the first address of the distribution point.
 * Fails with TMK_INPUT.
 */
#ifndef TMK_PLUGINS_CRL_STORE_H
#define TMK_PLUGINS_CRL_STORE_H

#include "base/err.h"
#include "x509/crl_file.h"

enum tmk_crl_put {
	TMK_CRL_PUT_NEW = 1,	/* it was not there, or not one */
	TMK_CRL_PUT_REPLACED,
	TMK_CRL_PUT_SAME,	/* nothing was written */
	TMK_CRL_PUT_OLDER,	/* than what is there, which stays */
	TMK_CRL_PUT_OTHER_SCOPE	/* than what is there, which stays */
};

struct tmk_crl_stored {
	enum tmk_crl_put what;
	char *path;		/* belongs to the caller */
	bool kept_old;		/* a copy of the replaced one stays as well,
				   since it lists somebody whom the new one
				   does not */
};

/*
 * Bring a CRL whose signature was checked into `dir`. `known` are those who
 * may sign: what is there and none of them signed is no CRL of theirs and is
 * replaced. *out is set on success.
 */
int tmk_crl_store_put(struct tmk_crl_stored *out, const char *dir,
		      const char *url, X509_CRL *crl,
		      const STACK_OF(X509) *known, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The CRL that is there for this issuer and address; NULL when there is none
 * that can be read. Belongs to the caller. */
X509_CRL *tmk_crl_store_get(const char *dir, const char *url,
			    const X509_NAME *issuer);

#endif
