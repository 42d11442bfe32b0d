/*
 * http.h - one bounded HTTP exchange: the only door to the network.
 *
 * The only user of libcurl. http and https alone, TLS verified against the
 * system's roots, a proxy as the environment names it (as curl takes it),
 * no redirect for a POST, at most three for a GET and never from https to
 * http. Total time and answer size are bounded. Knows nothing of what is
 * carried. Fails with TMK_NET (TMK_USAGE for a URL that is none), naming the
 * host but never the user part of the URL.
 */
#ifndef TMK_NET_HTTP_H
#define TMK_NET_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TMK_HTTP_URL_MAX 4096	/* bytes of a URL */

struct tmk_http_request {
	const char *url;
	const char *type;	/* Content-Type of the body; NULL: a GET */
	const char *expect;	/* media type the answer must have; or NULL */
	const uint8_t *body;
	size_t body_len;
	long deadline;		/* milliseconds for everything, > 0 */
};

/*
 * Make the exchange and append the answer's body to `out`, whose maximum
 * bounds it. Anything but status 200 (RFC 9110 15.3.1) and the media type
 * that was expected fails.
 */
int tmk_http_exchange(struct tmk_buf *out, const struct tmk_http_request *r,
		      struct tmk_err *err) TMK_MUST_CHECK;

#endif
