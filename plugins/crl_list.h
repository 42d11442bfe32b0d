/*
 * crl_list.h - which CRLs `touchmark crl-fetch` is to fetch, and who may have
 * signed them.
 *
 * Made from the distribution points of certificates and from addresses that a
 * person gave; each once. Everything in a list belongs to it.
 */
#ifndef TMK_PLUGINS_CRL_LIST_H
#define TMK_PLUGINS_CRL_LIST_H

#include <stdbool.h>

#include "base/err.h"
#include "x509/crl_file.h"

#define TMK_CRL_SOURCES_MAX 256		/* lists of one run */
#define TMK_CRL_ISSUERS_MAX 8		/* names under one address */

struct tmk_crl_source {
	struct tmk_crl_source *next;	/* or NULL */
	char *text;		/* what url[] points into */
	const char *url[TMK_CRL_URLS_MAX];	/* of any scheme; the first
				   names the file */
	int urls;
	X509_NAME *issuer[TMK_CRL_ISSUERS_MAX];
	int issuers;		/* 0: anybody who is known */
	bool delta;		/* it must be one; else, unless by_hand, none */
	bool by_hand;		/* not read in a certificate */
};

struct tmk_crl_list {
	struct tmk_crl_source *first, *last;	/* or NULL */
	int count;
};

/* An empty list; NULL when memory ends. / Free it; NULL is fine. */
struct tmk_crl_list *tmk_crl_list_new(void);
void tmk_crl_list_free(struct tmk_crl_list *list);

/* Add what a certificate, or a CRL (its deltas), names. TMK_USAGE when the
 * list is full. */
int tmk_crl_list_add_cert(struct tmk_crl_list *list, X509 *cert,
			  struct tmk_err *err) TMK_MUST_CHECK;
int tmk_crl_list_add_crl(struct tmk_crl_list *list, X509_CRL *crl,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* Add an address that a person gave. TMK_USAGE when it is none. */
int tmk_crl_list_add_url(struct tmk_crl_list *list, const char *url,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* Whether the address is one that is fetched: http or https. */
bool tmk_crl_list_is_http(const char *url);

/* Whether a CRL of this issuer is expected there. */
bool tmk_crl_list_expects(const struct tmk_crl_source *source,
			  const X509_NAME *issuer);

#endif
