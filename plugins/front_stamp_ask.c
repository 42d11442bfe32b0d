#include "plugins/front_stamp_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/proc.h"
#include "iface/signer.h"
#include "x509/digest.h"
#include "x509/tst.h"

#define FETCH "touchmark-fetch"
#define QUERY_MAX 1024		/* bytes of a TimeStampReq */
#define LINES_MAX 16384		/* bytes of URL, proxy and roots */
#define GRACE_MS 2000		/* for a fetcher to notice its own deadline */
#define SLOW_MS 1000		/* from which a useless answer is a slow one */
#define MAX_SKEW 300		/* s between two clocks: gates refuse more */

const char *tmk_front_stamp_ask_show(char *out, size_t size, const char *url)
{
	const char *colon = strstr(url, "://");
	const char *host = colon ? colon + 3 : url;
	const char *at = memrchr(host, '@', strcspn(host, "/?#"));
	char plain[TMK_STAMP_URL_TEXT];

	snprintf(plain, sizeof(plain), "%.*s%s", (int)(host - url), url,
		 at ? at + 1 : host);
	return tmk_enc_show_into(out, size, plain, strlen(plain));
}

/* "NAME VALUE\n", if there is a value; it must be one line. */
static int add_line(struct tmk_buf *in, const char *name, const char *value)
{
	if (!value)
		return 0;
	if (strchr(value, '\n'))
		return -1;
	return tmk_buf_printf(in, "%s%s\n", name, value);
}

/* What the fetcher reads. The lines go before the query: arguments can be
 * read by everybody, and an address may hold a password. */
static int write_input(struct tmk_buf *in, const struct tmk_stamp_ask *ask,
		       const struct tmk_buf *query, struct tmk_err *err)
{
	if (!*ask->url || add_line(in, "", ask->url))
		return tmk_err_set(err, TMK_NET, "it is no URL");
	if (add_line(in, "proxy ", ask->config->tsa_proxy) ||
	    add_line(in, "roots ", ask->config->tsa_tls_roots) ||
	    tmk_buf_addch(in, '\n') ||
	    tmk_buf_add(in, query->data, query->len))
		return tmk_err_set(err, TMK_USAGE, "touchmark.tsaProxy or "
				   "touchmark.tsaTlsRoots is too long or has "
				   "more than one line");
	return 0;
}

static int run_fetcher(struct tmk_buf *answer, char *path,
		       const struct tmk_stamp_ask *ask,
		       const struct tmk_buf *in, int *status,
		       struct tmk_err *err)
{
	int ms = ask->config->tsa_deadline * 1000;
	char deadline[16], max[16];
	char *argv[12] = { NULL };
	size_t n = 0;

	snprintf(deadline, sizeof(deadline), "%d", ms);
	snprintf(max, sizeof(max), "%d", TMK_TST_MAX);
	argv[n++] = path;
	argv[n++] = (char[]){ "--tell" };
	argv[n++] = (char[]){ "--deadline" };
	argv[n++] = deadline;
	argv[n++] = (char[]){ "--max" };
	argv[n++] = max;
	argv[n++] = (char[]){ "--type=application/timestamp-query" };
	argv[n++] = (char[]){ "--expect=application/timestamp-reply" };
	argv[n++] = (char[]){ "-" };
	return tmk_proc_run(argv, in->data, in->len, answer, ms + GRACE_MS,
			    status, TMK_NET, err);
}

/* "down: WHY\n" or "wrong: WHY\n", said by the fetcher in place of an
 * answer. */
static int told(struct tmk_stamp_ask *ask, const struct tmk_buf *answer,
		struct tmk_err *err)
{
	const char *text = tmk_buf_str(answer);
	int len = (int)strcspn(text, "\n");

	if (!strncmp(text, "down: ", 6)) {
		ask->down = true;
		return tmk_err_set(err, TMK_NET, "%.*s", len - 6, text + 6);
	}
	if (!strncmp(text, "wrong: ", 7))
		return tmk_err_set(err, TMK_NET, "%.*s", len - 7, text + 7);
	return tmk_err_set(err, TMK_NET, "it gave no answer");
}

static int fetch(struct tmk_buf *answer, struct tmk_stamp_ask *ask,
		 const struct tmk_buf *query, struct tmk_err *err)
{
	struct tmk_buf in = TMK_BUF_INIT(LINES_MAX);
	char *path = NULL;
	int status = 0, rc;

	rc = write_input(&in, ask, query, err);
	if (!rc)
		rc = tmk_proc_find_helper(&path, FETCH, err);
	if (!rc) {
		rc = run_fetcher(answer, path, ask, &in, &status, err);
		ask->down = rc != 0;
	}
	if (!rc && status)
		rc = told(ask, answer, err);
	tmk_buf_release(&in);
	free(path);
	return rc;
}

/* A time that this machine will not have for long yet is refused by every
 * gate; one of long ago may lie before the certificate. Which of two clocks is
 * wrong nobody knows. */
static int check_time(int64_t time, int64_t now, struct tmk_err *err)
{
	char at[TMK_CLOCK_TEXT], here[TMK_CLOCK_TEXT];

	if (time <= now + MAX_SKEW && time >= now - MAX_SKEW)
		return 0;
	return tmk_err_set(err, TMK_NET, "its timestamp says %s, but this "
			   "machine's clock says %s",
			   tmk_clock_format(at, time),
			   tmk_clock_format(here, now));
}

/* What a judge will ask of the token later, asked before it is embedded. */
static int judge(const struct tmk_stamp_ask *ask, const struct tmk_buf *token,
		 struct tmk_err *err)
{
	struct tmk_tst_answer answer;
	int64_t now = tmk_clock_now();

	memset(&answer, 0, sizeof(answer));
	if (tmk_tst_judge(&answer, token->data, token->len, ask->data,
			  ask->len, ask->trust, ask->revocation, now,
			  err))
		return -1;
	if (answer.result != TMK_TST_GOOD)
		return tmk_err_set(err, TMK_NET, "%s: %s",
				   answer.result == TMK_TST_UNTRUSTED ?
				   "an untrusted timestamp" :
				   "a bad timestamp", answer.text);
	return check_time(answer.time, now, err);
}

static int exchange(struct tmk_buf *got, struct tmk_stamp_ask *ask,
		    struct tmk_err *err)
{
	struct tmk_buf query = TMK_BUF_INIT(QUERY_MAX);
	struct tmk_buf answer = TMK_BUF_INIT(TMK_TST_MAX);
	uint8_t digest[TMK_DIGEST_MAX];
	size_t digest_len;
	int rc;

	rc = tmk_digest_bytes(TMK_SHA256, ask->data, ask->len, digest,
			      &digest_len, err);
	if (!rc)
		rc = tmk_tst_request(&query, TMK_SHA256, digest, digest_len,
				     err);
	if (!rc)
		rc = fetch(&answer, ask, &query, err);
	if (!rc)
		rc = tmk_tst_response(got, query.data, query.len, answer.data,
				      answer.len, err);
	tmk_buf_release(&query);
	tmk_buf_release(&answer);
	return rc;
}

int tmk_front_stamp_ask(struct tmk_buf *token, struct tmk_stamp_ask *ask,
			struct tmk_err *err)
{
	struct tmk_buf got = TMK_BUF_INIT(TMK_TST_MAX);
	int64_t begin = tmk_clock_ms();
	int rc;

	ask->down = false;
	rc = exchange(&got, ask, err);
	if (!rc)
		rc = judge(ask, &got, err);
	if (!rc && tmk_buf_add(token, got.data, got.len))
		rc = tmk_err_nomem(err);
	/* Whoever needs long to say something useless needs long each time. */
	if (rc && tmk_clock_ms() - begin > SLOW_MS)
		ask->down = true;
	tmk_buf_release(&got);
	return rc;
}
