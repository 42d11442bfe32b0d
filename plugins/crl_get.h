/*
 * crl_get.h - one CRL from the network: fetched by touchmark-fetch in a
 * process of its own, then held against who may have signed it.
 *
 * Nothing is written. Fails with TMK_NET and says why; what the server sent is
 * hostile until it is checked.
 */
#ifndef TMK_PLUGINS_CRL_GET_H
#define TMK_PLUGINS_CRL_GET_H

#include <stdint.h>

#include "base/err.h"
#include "plugins/crl_list.h"

#define TMK_CRL_GET_SKEW 300	/* s that an authority's clock may be ahead */

struct tmk_crl_get {
	const STACK_OF(X509) *known;	/* who may sign CRLs at all */
	int64_t now;		/* s since 1970 */
	int deadline;		/* s for one address */
	uint64_t max;		/* bytes of one CRL */
};

/*
 * Ask the source's addresses in turn until one gives a CRL that is one (DER, or
 * one in PEM), by an issuer that is expected there and known, of the right kind
 * and scope, and not of the future. *out belongs to the caller; *from is the
 * address that gave it, borrowed from the source.
 */
int tmk_crl_get(X509_CRL **out, const char **from,
		const struct tmk_crl_get *get,
		const struct tmk_crl_source *source, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
