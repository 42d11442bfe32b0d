#include "key/kms.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/proc.h"

#define FETCH "touchmark-fetch"
#define GRACE_MS 1000		/* for a fetcher to notice its own deadline */
#define LINES_MAX (128 * 1024)	/* bytes of everything before a body */
#define TOLD_MAX (16 * 1024)	/* bytes of what stands before an answer */
#define URL_MAX 4096
#define DEADLINE_MAX (10 * 60 * 1000)
#define FIRST_PAUSE_MS 100
#define LAST_PAUSE_MS 2000
#define LAST_MOMENT_MS 50	/* what a clock and a fetcher may differ by */

void tmk_kms_answer_init(struct tmk_kms_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	tmk_buf_init(&answer->body, TMK_KMS_ANSWER_MAX);
}

void tmk_kms_answer_release(struct tmk_kms_answer *answer)
{
	tmk_buf_release(&answer->body);
	tmk_wipe(answer, sizeof(*answer));
	tmk_buf_init(&answer->body, TMK_KMS_ANSWER_MAX);
}

/* ---- where ----------------------------------------------------------- */

/* Whether the first `len` bytes are 127.x.y.z. */
static bool is_loopback(const char *host, size_t len)
{
	struct in_addr a;
	char text[16];

	if (len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	return inet_pton(AF_INET, text, &a) == 1 &&
		ntohl(a.s_addr) >> 24 == 127;
}

/* Whom plain http reaches without leaving the machine. */
static bool is_here(const char *host, size_t len)
{
	static const char *const known[] = { "localhost", "[::1]",
		"169.254.169.254", "169.254.170.2", "169.254.170.23",
		"[fd00:ec2::254]", "[fd00:ec2::23]",
		"metadata.google.internal" };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i]) == len && !memcmp(known[i], host, len))
			return true;
	return is_loopback(host, len);
}

/* The length of a host name or address; 0 for what is none. */
static size_t host_length(const char *host)
{
	size_t len;

	if (*host != '[')
		return strspn(host, "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
	len = strspn(host + 1, "0123456789abcdefABCDEF:.");
	return len && host[len + 1] == ']' ? len + 2 : 0;
}

int tmk_kms_url_ok(const char *url, struct tmk_err *err)
{
	bool tls = !strncmp(url, "https://", 8);
	const char *host = url + (tls ? 8 : 7), *at;
	size_t len = 0, port;

	for (at = url; *at > 0x20 && *at < 0x7f; at++)
		;
	if (!*at && at - url <= URL_MAX && !strpbrk(url, "\\\"<>^`{|}") &&
	    (tls || !strncmp(url, "http://", 7)))
		len = host_length(host);
	at = host + len;
	if (len && *at == ':') {
		port = strspn(at + 1, "0123456789");
		at += port && port < 6 ? 1 + port : 0;
	}
	if (!len || (*at && *at != '/' && *at != '?'))
		return tmk_err_set(err, TMK_USAGE, "the address of a service "
				   "is no URL of https");
	if (tls || is_here(host, len))
		return 0;
	tmk_err_set(err, TMK_USAGE, "plain http is not spoken with %.*s",
		    (int)len, host);
	return tmk_err_hint(err, "write https:// where the service's address "
			    "is set");
}

/* ---- one exchange ---------------------------------------------------- */

/* "NAME VALUE\n", if there is a value; it must be one line. */
static int add_line(struct tmk_buf *in, const char *name, const char *value)
{
	if (!value)
		return 0;
	if (strpbrk(value, "\r\n"))
		return -1;
	return tmk_buf_printf(in, "%s%s\n", name, value);
}

/* What the fetcher reads. */
static int write_input(struct tmk_buf *in, const struct tmk_kms_request *r)
{
	int i;

	if (add_line(in, "", r->url) || add_line(in, "method ", r->method) ||
	    add_line(in, "roots ", r->roots))
		return -1;
	for (i = 0; i < r->headers; i++)
		if (add_line(in, "header ", r->header[i]))
			return -1;
	if (add_line(in, "sigv4 ", r->sigv4) ||
	    add_line(in, "user ", r->user) || tmk_buf_addch(in, '\n'))
		return -1;
	return r->body ? tmk_buf_add(in, r->body, r->body_len) : 0;
}

/* Seconds (RFC 9110 10.2.3); a date is not waited for. */
static int retry_ms(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n && n < 6 && !text[n] ? (int)strtol(text, NULL, 10) * 1000 : 0;
}

/* Cut "NAME VALUE\n" off the head, if that stands there. */
static int take_line(char *out, size_t size, const char **at, const char *end,
		     const char *name)
{
	size_t n = strlen(name), len;
	const char *stop;

	if ((size_t)(end - *at) < n || strncmp(*at, name, n))
		return 0;
	stop = memchr(*at, '\n', (size_t)(end - *at));
	len = stop ? (size_t)(stop - *at) - n : size;
	if (len >= size)
		return -1;
	memcpy(out, *at + n, len);
	out[len] = '\0';
	*at = stop + 1;
	return 0;
}

/* What stands before the body. */
static int read_answer(struct tmk_kms_answer *answer,
		       const struct tmk_buf *raw)
{
	const char *at = tmk_buf_str(raw), *end = at + raw->len;
	char status[8] = "", later[64] = "";
	char authenticate[TMK_KMS_TEXT_MAX] = "", date[64] = "";

	if (take_line(status, sizeof(status), &at, end, "status ") ||
	    take_line(authenticate, sizeof(authenticate), &at, end,
		      "authenticate ") ||
	    take_line(later, sizeof(later), &at, end, "retry-after ") ||
	    take_line(date, sizeof(date), &at, end, "date ") || at == end ||
	    *at != '\n' || strlen(status) != 3 ||
	    strspn(status, "0123456789") != 3)
		return -1;
	tmk_buf_clear(&answer->body);
	if (tmk_buf_add(&answer->body, at + 1, (size_t)(end - at - 1)))
		return -1;
	answer->status = (int)strtol(status, NULL, 10);
	answer->retry_after_ms = retry_ms(later);
	memcpy(answer->authenticate, authenticate, sizeof(authenticate));
	memcpy(answer->date, date, sizeof(date));
	return 0;
}

/* "down: WHY\n" or "wrong: WHY\n" in place of an answer, and perhaps a word
 * for it on a line of its own. */
static int told(const struct tmk_buf *raw, int status,
		const struct tmk_kms_request *request, struct tmk_err *err)
{
	const char *text = tmk_buf_str(raw), *word;
	int len = (int)strcspn(text, "\n");
	char trouble[16];
	int skip = !strncmp(text, "down: ", 6) ? 6 :
		!strncmp(text, "wrong: ", 7) ? 7 : len;

	tmk_err_set(err, status == TMK_USAGE ? TMK_USAGE : TMK_NET, "%.*s",
		    skip < len ? len - skip : 33, skip < len ? text + skip :
		    "the service could not be asked");
	word = text[len] ? text + len + 1 : "";
	snprintf(trouble, sizeof(trouble), "%.*s", (int)strcspn(word, "\n"),
		 word);
	tmk_kms_hint(err, request, trouble);
	return -1;
}

static int run_fetcher(struct tmk_buf *raw, char *path,
		       const struct tmk_buf *in, int ms, int *status,
		       struct tmk_err *err)
{
	/* Whom a proxy or roots of our own concern. No credential. */
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY",
		"all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
		"SSL_CERT_FILE", "CURL_CA_BUNDLE", NULL };
	char deadline[16], max[16];
	char *argv[] = { path, (char[]){ "--exact" }, (char[]){ "--tell" },
		(char[]){ "--deadline" }, deadline, (char[]){ "--max" }, max,
		(char[]){ "-" }, NULL };

	snprintf(deadline, sizeof(deadline), "%d", ms);
	snprintf(max, sizeof(max), "%d", TMK_KMS_ANSWER_MAX);
	return tmk_proc_run_only(argv, names, in->data, in->len, raw,
				 ms + GRACE_MS, status, TMK_NET, err);
}

int tmk_kms_exchange(struct tmk_kms_answer *answer,
		     const struct tmk_kms_request *request,
		     struct tmk_err *err)
{
	struct tmk_buf in = TMK_BUF_INIT(LINES_MAX);
	struct tmk_buf raw = TMK_BUF_INIT(TMK_KMS_ANSWER_MAX + TOLD_MAX);
	char *path = NULL;
	int status = 0, ms, rc;

	if (tmk_kms_url_ok(request->url, err))
		return -1;
	ms = request->ms < 1 ? 1 : request->ms > DEADLINE_MAX ? DEADLINE_MAX :
		request->ms;
	in.max += request->body_len;
	rc = write_input(&in, request);
	if (rc)
		tmk_err_set(err, TMK_USAGE, "a setting of the service is too "
			    "long or has more than one line");
	if (!rc)
		rc = tmk_proc_find_helper(&path, FETCH, err);
	if (!rc)
		rc = run_fetcher(&raw, path, &in, ms, &status, err);
	if (!rc && status)
		rc = told(&raw, status, request, err);
	else if (!rc && read_answer(answer, &raw))
		rc = tmk_err_set(err, TMK_NET, "the service could not be "
				 "understood");
	free(path);
	tmk_buf_release(&in);
	tmk_buf_release(&raw);
	return rc;
}

/* ---- until it is answered -------------------------------------------- */

static bool is_later(int status)
{
	return status == 429 || status == 500 || status == 502 ||
		status == 503 || status == 504;
}

int tmk_kms_ask(struct tmk_kms_answer *answer,
		const struct tmk_kms_request *request,
		bool (*again)(const struct tmk_kms_answer *answer),
		struct tmk_err *err)
{
	struct tmk_kms_request r = *request;
	int64_t end = tmk_clock_ms() + request->ms, left, wait;
	int64_t pause = FIRST_PAUSE_MS;
	struct tmk_err why = TMK_ERR_INIT;
	bool answered = false;

	for (;; answered = true) {
		if (tmk_kms_exchange(answer, &r, &why)) {
			/* That the time is over says less than the service
			 * did before: its last answer is still there. */
			if (answered && why.code == TMK_NET &&
			    tmk_clock_ms() + LAST_MOMENT_MS >= end)
				return 0;
			if (err)
				*err = why;
			return -1;
		}
		if (!is_later(answer->status) && !(again && again(answer)))
			return 0;
		/* Those who were turned away together come back apart. */
		wait = pause + tmk_clock_ms() % (pause / 2);
		if (wait < answer->retry_after_ms)
			wait = answer->retry_after_ms;
		left = end - tmk_clock_ms() - wait;
		if (left <= 0)
			return 0;
		poll(NULL, 0, (int)wait);
		pause = pause * 2 > LAST_PAUSE_MS ? LAST_PAUSE_MS : pause * 2;
		r.ms = (int)left;
	}
}
