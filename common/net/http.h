/*
 * http.h - one bounded HTTP exchange: the only door to the network.
 *
 * The only user of libcurl. http and https alone, TLS 1.2 or later, verified
 * against the system's roots or those of the request, a proxy as the request
 * or else the environment names it (as curl takes it; no_proxy holds for
 * both), no redirect for a POST, at most three for a GET and never from https
 * to http. Total time and answer size are bounded. Knows nothing of what is
 * carried. Fails with TMK_NET (TMK_USAGE for a URL, proxy or file of roots
 * that is none), naming the host but never the user part of a URL.
 *
 * With `told` an exchange is made exactly as it is described: any status is an
 * answer, nothing is followed, and plain http stays on this machine: it goes
 * to a loopback address or to the fixed addresses of a cloud machine's own
 * metadata, and through no proxy.
 */
#ifndef TMK_NET_HTTP_H
#define TMK_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TMK_HTTP_URL_MAX 4096	/* bytes of a URL */
#define TMK_HTTP_HEADERS_MAX 16
#define TMK_HTTP_HEAD_MAX (64 * 1024)	/* bytes of an answer's header */

/* What an answer says before its body. The texts are printable ASCII, "" when
 * the field is absent, longer or something else; the first of each counts. */
struct tmk_http_told {
	int status;		/* RFC 9110 15 */
	char authenticate[4096];	/* WWW-Authenticate (11.6.1) */
	char retry_after[64];	/* Retry-After (10.2.3) */
	char date[64];		/* Date (6.6.1) */
};

/* Where an exchange came to nothing, as a word for whoever tells people what to
 * do; "" when it did not, or it is none of these. */
#define TMK_HTTP_NO_NAME "name"		/* nobody knows the host */
#define TMK_HTTP_NO_CONNECTION "connect"	/* nobody took the call */
#define TMK_HTTP_NO_TRUST "trust"	/* its certificate does not hold */
#define TMK_HTTP_NO_TLS "tls"		/* nothing was agreed on */
#define TMK_HTTP_NO_PROXY "proxy"	/* no proxy is there, or it says no */
#define TMK_HTTP_PROXY_LOGIN "login"	/* it wants to know who we are (407) */
#define TMK_HTTP_NO_ANSWER "time"	/* it did not answer in time */
#define TMK_HTTP_CUT "cut"		/* the connection ended in the middle */
#define TMK_HTTP_OTHER "other"		/* what answers speaks no HTTP */

struct tmk_http_request {
	const char *url;
	const char *type;	/* Content-Type of the body; NULL: a GET */
	const char *expect;	/* media type the answer must have; or NULL */
	const uint8_t *body;
	size_t body_len;
	long deadline;		/* milliseconds for everything, > 0 */
	const char *proxy;	/* URL or host:port; "": none; NULL: as the
				   environment says */
	const char *roots;	/* PEM file for https; NULL: the system's */
	/* Exactly this exchange: what the answer told before its body, or
	 * NULL. The rest counts with it alone. */
	struct tmk_http_told *told;
	const char *method;	/* "GET", "POST" or "PUT" */
	const char *header[TMK_HTTP_HEADERS_MAX];	/* "Name: value" */
	int headers;
	const char *sigv4;	/* "aws:amz:REGION:SERVICE": how libcurl signs
				   the request (CURLOPT_AWS_SIGV4); or NULL */
	const char *user;	/* "ID:SECRET" for it; or NULL */
	/* Set when it fails: nobody gave an answer, or one that says "later"
	 * (5xx, 429); false when the answer was wrong. Or NULL. */
	bool *down;
	/* Set whether it fails or not: one of the words above, or "". Or
	 * NULL. */
	const char **trouble;
};

/*
 * Make the exchange and append the answer's body to `out`, whose maximum
 * bounds it. Anything but status 200 (RFC 9110 15.3.1) and the media type
 * that was expected fails.
 */
int tmk_http_exchange(struct tmk_buf *out, const struct tmk_http_request *r,
		      struct tmk_err *err) TMK_MUST_CHECK;

#endif
