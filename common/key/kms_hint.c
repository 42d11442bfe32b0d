/* What to do when a cloud service does not answer. */
#include <stdio.h>
#include <string.h>

#include "key/kms.h"

#define HOST_SHOWN 100		/* bytes */
#define ADVICE_MAX 512

/* The words are those of net/http.h, which is another process's. H stands for
 * the host, S for what sets it, R for what names roots, each behind a '%'. */
static const struct {
	const char *word;
	const char *advice;
} known[] = {
	{ "name", "is %H the right name (%S)? getent hosts asks this machine "
	  "for it; where names are known to a proxy alone, https_proxy names "
	  "that" },
	{ "connect", "is %H right (%S), and does the service run there? where "
	  "a proxy alone leads out, https_proxy names it, and no_proxy what "
	  "needs none" },
	{ "trust", "the certificate must be valid now, for %H, and under the "
	  "system's roots or those of %R; what opens TLS in between must "
	  "leave %H alone" },
	{ "tls", "does %H (%S) speak https, TLS 1.2 or later? something in "
	  "between may answer in its place" },
	{ "proxy", "ask whoever runs the proxy whether it lets this machine "
	  "reach %H; https_proxy names it, no_proxy what needs none" },
	{ "login", "the proxy wants a name and a password: https_proxy = "
	  "http://USER:PASSWORD@PROXY:PORT; no_proxy names hosts that need "
	  "none" },
	{ "time", "try again later; touchmark.serviceDeadline says how long "
	  "%H is waited for" },
	{ "cut", "try again; when it stays so, see what stands between this "
	  "machine and %H (%S)" },
	{ "other", "is %H (%S) the service? what answers there speaks no "
	  "HTTP" },
};

/* HOST[:PORT] of a URL that may be asked. */
static void host_of(char *out, size_t size, const char *url)
{
	const char *at = strstr(url, "://");

	at = at ? at + 3 : url;
	snprintf(out, size, "%.*s", (int)strcspn(at, "/?"), at);
}

static const char *value_of(char letter, const char *host,
			    const struct tmk_kms_request *request)
{
	if (letter == 'H')
		return host;
	if (letter == 'S')
		return request->set_by ? request->set_by :
			"set by the key's uri";
	return request->roots_by ? request->roots_by : "SSL_CERT_FILE";
}

static void expand(char *out, size_t size, const char *advice,
		   const struct tmk_kms_request *request)
{
	char host[HOST_SHOWN];
	size_t len = 0;

	host_of(host, sizeof(host), request->url);
	for (*out = '\0'; *advice && len < size; len += strlen(out + len)) {
		size_t n = strcspn(advice, "%");

		snprintf(out + len, size - len, "%.*s%s", (int)n, advice,
			 advice[n] ? value_of(advice[n + 1], host, request) :
			 "");
		advice += n + (advice[n] ? 2 : 0);
	}
}

void tmk_kms_hint(struct tmk_err *err, const struct tmk_kms_request *request,
		  const char *trouble)
{
	char text[ADVICE_MAX];
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(known[i].word, trouble))
			continue;
		expand(text, sizeof(text), known[i].advice, request);
		(void)tmk_err_hint(err, "%s", text);
	}
}
