#include "net/http.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#define CONNECT_PART 2		/* connecting may take 1/2 of the deadline */
#define REDIRECTS 3

/* libcurl hands the answer over in pieces. */
struct sink {
	struct tmk_buf *out;
	bool full;
	struct tmk_http_told *told;	/* or NULL */
	size_t head;		/* bytes of the header so far */
};

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	struct sink *sink = arg;

	if (tmk_buf_add(sink->out, data, size * n)) {
		sink->full = true;
		return 0;
	}
	return size * n;
}

/* The value of a field of this name, when it is printable and fits. */
static void keep_field(char *out, size_t size, const char *name,
		       const char *line, size_t len)
{
	size_t n = strlen(name), i;

	if (*out || len <= n || strncasecmp(line, name, n) || line[n] != ':')
		return;
	for (line += n + 1, len -= n + 1; len && (*line == ' ' ||
						  *line == '\t'); line++)
		len--;
	while (len && strchr(" \t\r\n", line[len - 1]))
		len--;
	if (len >= size)
		return;
	for (i = 0; i < len; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			return;
	memcpy(out, line, len);
	out[len] = '\0';
}

static size_t take_field(char *data, size_t size, size_t n, void *arg)
{
	struct sink *sink = arg;
	struct tmk_http_told *told = sink->told;
	size_t len = size * n;

	sink->head += len;
	if (sink->head > TMK_HTTP_HEAD_MAX)
		return 0;
	/* Each answer of several (100 Continue, say) begins anew. */
	if (len > 5 && !strncmp(data, "HTTP/", 5))
		memset(told, 0, sizeof(*told));
	keep_field(told->authenticate, sizeof(told->authenticate),
		   "WWW-Authenticate", data, len);
	keep_field(told->retry_after, sizeof(told->retry_after),
		   "Retry-After", data, len);
	keep_field(told->date, sizeof(told->date), "Date", data, len);
	return len;
}

/* "scheme://host:port" without user, path and query, for messages. */
static int host_of(char *out, size_t size, const char *url,
		   struct tmk_err *err)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL;
	int rc = -1;

	if (!u)
		return tmk_err_nomem(err);
	if (strlen(url) <= TMK_HTTP_URL_MAX &&
	    !curl_url_set(u, CURLUPART_URL, url, 0) &&
	    !curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) &&
	    !curl_url_get(u, CURLUPART_HOST, &host, 0) &&
	    (!strcmp(scheme, "http") || !strcmp(scheme, "https"))) {
		(void)curl_url_get(u, CURLUPART_PORT, &port, 0);
		snprintf(out, size, "%s://%s%s%s", scheme, host,
			 port ? ":" : "", port ? port : "");
		rc = 0;
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	if (rc)
		return tmk_err_set(err, TMK_USAGE, "what was given is no http "
				   "or https URL");
	return 0;
}

/* Whether plain http to this host stays on this machine. The names and
 * addresses are those of metadata services, which a machine's own hypervisor
 * or container agent answers. */
static bool is_here(const char *host)
{
	static const char *const known[] = { "localhost", "[::1]",
		"169.254.169.254", "169.254.170.2", "169.254.170.23",
		"[fd00:ec2::254]", "[fd00:ec2::23]",
		"metadata.google.internal" };
	struct in_addr a;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcasecmp(host, known[i]))
			return true;
	return inet_pton(AF_INET, host, &a) == 1 &&
		ntohl(a.s_addr) >> 24 == 127;
}

/* An exchange that may carry a secret: over TLS, or not away from here. No
 * user in the URL: what is sent is told apart from where it goes. */
static int check_exact(const char *url, struct tmk_err *err)
{
	char *scheme = NULL, *host = NULL, *user = NULL;
	CURLU *u = curl_url();
	bool good;

	if (!u)
		return tmk_err_nomem(err);
	good = !curl_url_set(u, CURLUPART_URL, url, 0) &&
		!curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) &&
		!curl_url_get(u, CURLUPART_HOST, &host, 0) &&
		curl_url_get(u, CURLUPART_USER, &user, 0) ==
			CURLUE_NO_USER &&
		(!strcmp(scheme, "https") || is_here(host));
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_url_cleanup(u);
	if (!good)
		return tmk_err_set(err, TMK_USAGE, "a service is asked by "
				   "https, or by http on this machine");
	return 0;
}

/* Which schemes are spoken; what began encrypted does not go on in the
 * clear. */
static CURLcode set_protocols(CURL *c, bool encrypted)
{
	CURLcode rc = 0;

#if LIBCURL_VERSION_NUM >= 0x075500
	rc |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	rc |= curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR,
			       encrypted ? "https" : "http,https");
#else
	const long both = CURLPROTO_HTTP | CURLPROTO_HTTPS;

	rc |= curl_easy_setopt(c, CURLOPT_PROTOCOLS, both);
	rc |= curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS,
			       encrypted ? (long)CURLPROTO_HTTPS : both);
#endif
	return rc;
}

/* Whether libcurl will understand this as a proxy. Asked before, since its own
 * message would show the password. */
static bool is_proxy(const char *text)
{
	const unsigned int flags = CURLU_GUESS_SCHEME |
		CURLU_NON_SUPPORT_SCHEME;
	static const char *const schemes[] = { "http", "https", "socks4",
		"socks4a", "socks5", "socks5h" };
	char *scheme = NULL;
	CURLU *u = curl_url();
	bool known = false;
	size_t i;

	if (u && strlen(text) <= TMK_HTTP_URL_MAX &&
	    !curl_url_set(u, CURLUPART_URL, text, flags) &&
	    !curl_url_get(u, CURLUPART_SCHEME, &scheme, 0))
		for (i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
			known |= !strcmp(scheme, schemes[i]);
	/* What has no scheme is http, whatever the host's name suggests. */
	if (scheme && !strstr(text, "://"))
		known = true;
	curl_free(scheme);
	curl_url_cleanup(u);
	return known;
}

/* What a wrong configuration says, before anything is sent. */
static int check_request(const struct tmk_http_request *r,
			 struct tmk_err *err)
{
	if (r->proxy && *r->proxy && !is_proxy(r->proxy))
		return tmk_err_set(err, TMK_USAGE, "the proxy that was given "
				   "is no URL of one");
	if (r->roots && access(r->roots, R_OK))
		return tmk_err_set(err, TMK_USAGE, "the roots for https "
				   "cannot be read: %s", r->roots);
	return r->told ? check_exact(r->url, err) : 0;
}

static CURLcode set_way(CURL *c, const struct tmk_http_request *r)
{
	CURLcode rc = 0;

	rc |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	rc |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	rc |= curl_easy_setopt(c, CURLOPT_SSLVERSION,
			       (long)CURL_SSLVERSION_TLSv1_2);
	rc |= curl_easy_setopt(c, CURLOPT_PROXY_SSLVERSION,
			       (long)CURL_SSLVERSION_TLSv1_2);
	if (r->told && strncasecmp(r->url, "https:", 6))
		rc |= curl_easy_setopt(c, CURLOPT_PROXY, "");
	else if (r->proxy)
		rc |= curl_easy_setopt(c, CURLOPT_PROXY, r->proxy);
	if (!r->roots)
		return rc;
	/* These alone: the directory of the system's would be added. */
	rc |= curl_easy_setopt(c, CURLOPT_CAINFO, r->roots);
	rc |= curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	return rc;
}

static CURLcode set_bounds(CURL *c, const struct tmk_http_request *r)
{
	CURLcode rc = 0;

	rc |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	rc |= curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, r->deadline);
	rc |= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
			       r->deadline / CONNECT_PART + 1);
	rc |= set_protocols(c, !strncasecmp(r->url, "https:", 6));
	rc |= curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION,
			       r->type || r->told ? 0L : 1L);
	rc |= curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	rc |= curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	return rc;
}

static CURLcode set_sigv4(CURL *c, const struct tmk_http_request *r)
{
#if LIBCURL_VERSION_NUM >= 0x074b00
	CURLcode rc = curl_easy_setopt(c, CURLOPT_AWS_SIGV4, r->sigv4);

	return rc | curl_easy_setopt(c, CURLOPT_USERPWD, r->user);
#else
	(void)c;
	(void)r;
	return CURLE_NOT_BUILT_IN;
#endif
}

static bool is_typed(const struct tmk_http_request *r)
{
	int i;

	for (i = 0; i < r->headers; i++)
		if (!strncasecmp(r->header[i], "Content-Type:", 13))
			return true;
	return false;
}

/* The request as it is described, and nothing that libcurl thinks fits. */
static CURLcode set_exact(CURL *c, const struct tmk_http_request *r,
			  struct curl_slist **headers, struct sink *sink)
{
	struct curl_slist *more;
	CURLcode rc = 0;
	int i;

	for (i = 0; i < r->headers; i++) {
		more = curl_slist_append(*headers, r->header[i]);
		if (!more)
			return CURLE_OUT_OF_MEMORY;
		*headers = more;
	}
	rc |= curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_field);
	rc |= curl_easy_setopt(c, CURLOPT_HEADERDATA, sink);
	rc |= curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
			       (long)CURL_HTTP_VERSION_1_1);
	if (r->sigv4)
		rc |= set_sigv4(c, r);
	if (!strcmp(r->method, "GET"))
		return rc;
	/* Without one libcurl says that the body is a form. */
	if (!is_typed(r)) {
		more = curl_slist_append(*headers, "Content-Type:");
		if (!more)
			return CURLE_OUT_OF_MEMORY;
		*headers = more;
	}
	rc |= curl_easy_setopt(c, CURLOPT_POST, 1L);
	rc |= curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
	rc |= curl_easy_setopt(c, CURLOPT_POSTFIELDS,
			       r->body_len ? (const char *)r->body : "");
	rc |= curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)r->body_len);
	return rc;
}

static CURLcode set_request(CURL *c, const struct tmk_http_request *r,
			    struct curl_slist **headers, struct sink *sink)
{
	char line[256];
	struct curl_slist *more;
	CURLcode rc = 0;

	rc |= curl_easy_setopt(c, CURLOPT_URL, r->url);
	rc |= curl_easy_setopt(c, CURLOPT_USERAGENT,
			       "touchmark/" TMK_VERSION);
	rc |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	rc |= curl_easy_setopt(c, CURLOPT_WRITEDATA, sink);
	if (r->told)
		return rc | set_exact(c, r, headers, sink);
	if (r->expect) {
		snprintf(line, sizeof(line), "Accept: %s", r->expect);
		*headers = curl_slist_append(*headers, line);
		if (!*headers)
			return CURLE_OUT_OF_MEMORY;
	}
	if (!r->type)
		return rc;
	snprintf(line, sizeof(line), "Content-Type: %s", r->type);
	more = curl_slist_append(*headers, line);
	if (!more)
		return CURLE_OUT_OF_MEMORY;
	*headers = more;
	rc |= curl_easy_setopt(c, CURLOPT_POST, 1L);
	rc |= curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body);
	rc |= curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)r->body_len);
	return rc;
}

/* Whether a Content-Type is this media type, parameters aside (RFC 9110
 * 8.3). */
static bool is_type(const char *got, const char *want)
{
	size_t n = strlen(want);

	return got && !strncasecmp(got, want, n) &&
		(!got[n] || got[n] == ';' || got[n] == ' ');
}

static int check_answer(CURL *c, const struct tmk_http_request *r,
			const char *host, struct tmk_err *err)
{
	const char *type = NULL;
	long status = 0;

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
	if (status >= 300 && status < 400)
		return tmk_err_set(err, TMK_NET, "%s sends us elsewhere "
				   "(status %ld), which is not followed",
				   host, status);
	if (r->down)
		*r->down = status >= 500 || status == 429;
	if (status != 200)
		return tmk_err_set(err, TMK_NET, "%s answered with status "
				   "%ld", host, status);
	if (r->expect && !is_type(type, r->expect))
		return tmk_err_set(err, TMK_NET, "%s answered with %.80s, "
				   "not %s", host, type ? type : "no type",
				   r->expect);
	return 0;
}

/* libcurl's own words, unless a URL is among them: it may hold a password. */
static const char *reason(CURLcode rc, const char *why)
{
	if (!*why || strstr(why, "://") || strchr(why, '@'))
		return curl_easy_strerror(rc);
	return why;
}

/* With what a proxy refused to connect us (RFC 9110 9.3.6), or 0. */
static long proxy_status(CURL *c)
{
	long status = 0;

	curl_easy_getinfo(c, CURLINFO_HTTP_CONNECTCODE, &status);
	return status >= 300 ? status : 0;
}

/* How far it came until there was no time left. */
static const char *time_trouble(CURL *c)
{
	curl_off_t named = 0;
	long port = 0;

	curl_easy_getinfo(c, CURLINFO_NAMELOOKUP_TIME_T, &named);
	/* The time of connecting is not told before TLS is there. */
	curl_easy_getinfo(c, CURLINFO_LOCAL_PORT, &port);
	return port > 0 ? TMK_HTTP_NO_ANSWER :
		named > 0 ? TMK_HTTP_NO_CONNECTION : TMK_HTTP_NO_NAME;
}

static const char *trouble_of(CURL *c, CURLcode rc)
{
	long refused = rc ? proxy_status(c) : 0;

	if (refused)
		return refused == 407 ? TMK_HTTP_PROXY_LOGIN :
			TMK_HTTP_NO_PROXY;
	switch (rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return TMK_HTTP_NO_NAME;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return TMK_HTTP_NO_PROXY;
	case CURLE_COULDNT_CONNECT:
		return TMK_HTTP_NO_CONNECTION;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return TMK_HTTP_NO_TRUST;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
		return TMK_HTTP_NO_TLS;
	case CURLE_OPERATION_TIMEDOUT:
		return time_trouble(c);
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		return TMK_HTTP_CUT;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return TMK_HTTP_OTHER;
	default:
		return "";
	}
}

static int perform(CURL *c, const struct tmk_http_request *r,
		   const struct sink *sink, const char *host,
		   struct tmk_err *err)
{
	char why[CURL_ERROR_SIZE] = "";
	CURLcode rc;

	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	rc = curl_easy_perform(c);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, NULL);
	if (r->down)
		*r->down = rc != CURLE_OK;
	if (r->trouble)
		*r->trouble = trouble_of(c, rc);
	if (sink->head > TMK_HTTP_HEAD_MAX)
		return tmk_err_set(err, TMK_NET, "%s answered with a header "
				   "of more than %d bytes", host,
				   TMK_HTTP_HEAD_MAX);
	if (sink->full)
		return tmk_err_set(err, TMK_NET, "%s answered more than %zu "
				   "bytes", host, sink->out->max);
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return tmk_err_set(err, TMK_NET, "%s did not answer within "
				   "%ld ms", host, r->deadline);
	if (rc && proxy_status(c))
		return tmk_err_set(err, TMK_NET, "%s: the proxy answered with "
				   "status %ld", host, proxy_status(c));
	if (rc)
		return tmk_err_set(err, TMK_NET, "%s: %s", host,
				   reason(rc, why));
	if (r->told) {
		long status = 0;

		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
		r->told->status = (int)status;
		return 0;
	}
	return check_answer(c, r, host, err);
}

int tmk_http_exchange(struct tmk_buf *out, const struct tmk_http_request *r,
		      struct tmk_err *err)
{
	struct tmk_buf body = TMK_BUF_INIT(out->max - out->len);
	struct sink sink = { &body, false, r->told, 0 };
	struct curl_slist *headers = NULL;
	char host[300];
	CURL *c = NULL;
	int rc;

	if (r->down)
		*r->down = false;
	if (r->trouble)
		*r->trouble = "";
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return tmk_err_nomem(err);
	rc = host_of(host, sizeof(host), r->url, err);
	if (!rc)
		rc = check_request(r, err);
	if (rc)
		goto out;
	c = curl_easy_init();
	if (!c || set_bounds(c, r) || set_way(c, r) ||
	    set_request(c, r, &headers, &sink) ||
	    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers)) {
		rc = tmk_err_set(err, TMK_INTERNAL,
				 "libcurl refuses its options");
		goto out;
	}
	rc = perform(c, r, &sink, host, err);
	if (!rc && tmk_buf_add(out, body.data, body.len))
		rc = tmk_err_nomem(err);
out:
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
	tmk_buf_release(&body);
	curl_global_cleanup();
	return rc;
}
