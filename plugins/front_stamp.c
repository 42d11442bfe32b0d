#include "plugins/front_stamp.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/proc.h"
#include "iface/signer.h"
#include "x509/chain.h"
#include "x509/digest.h"
#include "x509/tst.h"

#define FETCH "touchmark-fetch"
#define QUERY_MAX 1024		/* bytes of a TimeStampReq */
#define URL_MAX 4096		/* bytes of a URL */
#define GRACE_MS 2000		/* for a fetcher to notice its own deadline */
#define MAX_SKEW 300		/* s ahead of our clock: gates refuse it */
#define URL_TEXT 256

/* A TSA's URL for messages: without user and password. */
static const char *show_url(char *out, size_t size, const char *url)
{
	const char *colon = strstr(url, "://");
	const char *host = colon ? colon + 3 : url;
	const char *at = memrchr(host, '@', strcspn(host, "/?#"));
	char plain[URL_TEXT];

	snprintf(plain, sizeof(plain), "%.*s%s", (int)(host - url), url,
		 at ? at + 1 : host);
	return tmk_enc_show_into(out, size, plain, strlen(plain));
}

static void warn(const struct tmk_front_stamp *s, const char *what,
		 const char *more)
{
	fprintf(stderr, "%s: warning: %s%s%s\n", s->program, what,
		*more ? ": " : "", more);
}

/* Hand `query` to the fetcher; its answer into `answer`. The URL goes before
 * it: arguments can be read by everybody, and it may hold a password. */
static int fetch(struct tmk_buf *answer, const struct tmk_front_stamp *s,
		 const char *url, const struct tmk_buf *query,
		 struct tmk_err *err)
{
	int ms = s->config->tsa_deadline * 1000, status = 0, rc;
	char deadline[16], max[16], program[] = FETCH;
	struct tmk_buf in = TMK_BUF_INIT(QUERY_MAX + URL_MAX);
	char *path = NULL;
	char *argv[12] = { NULL };
	size_t n = 0;

	if (tmk_proc_find_helper(&path, program, err))
		return -1;
	if (strlen(url) >= URL_MAX || strchr(url, '\n') ||
	    tmk_buf_addstr(&in, url) || tmk_buf_addch(&in, '\n') ||
	    tmk_buf_add(&in, query->data, query->len)) {
		rc = tmk_err_set(err, TMK_USAGE, "it is no URL");
		goto out;
	}
	snprintf(deadline, sizeof(deadline), "%d", ms);
	snprintf(max, sizeof(max), "%d", TMK_TST_MAX);
	argv[n++] = path;
	argv[n++] = (char[]){ "--deadline" };
	argv[n++] = deadline;
	argv[n++] = (char[]){ "--max" };
	argv[n++] = max;
	argv[n++] = (char[]){ "--type=application/timestamp-query" };
	argv[n++] = (char[]){ "--expect=application/timestamp-reply" };
	argv[n++] = (char[]){ "-" };
	rc = tmk_proc_run(argv, in.data, in.len, answer, ms + GRACE_MS,
			  &status, TMK_NET, err);
	if (!rc && status)
		rc = tmk_err_set(err, TMK_NET, "it gave no answer");
out:
	tmk_buf_release(&in);
	free(path);
	return rc;
}

/* The roots that a TSA's answer is held against, if there are any. */
static int load_trust(struct tmk_trust **out, const struct tmk_front_stamp *s,
		      struct tmk_err *err)
{
	struct tmk_trust *trust = NULL;

	if (!s->config->tsa_roots)
		return 0;
	if (tmk_trust_new(&trust, err))
		return -1;
	if (tmk_trust_add_roots(trust, s->config->tsa_roots, err)) {
		tmk_trust_free(trust);
		return tmk_err_prefix(err, "touchmark.tsaRoots");
	}
	*out = trust;
	return 0;
}

/* What a judge will ask of the token later, asked before it is embedded. */
static int judge(const struct tmk_front_stamp *s, const struct tmk_buf *token,
		 const uint8_t *data, size_t len, const struct tmk_trust *trust,
		 struct tmk_err *err)
{
	struct tmk_tst_answer answer;
	int64_t now = tmk_clock_now();
	char at[TMK_CLOCK_TEXT];

	memset(&answer, 0, sizeof(answer));
	if (tmk_tst_judge(&answer, token->data, token->len, data, len, trust,
			  TMK_REVOCATION_CHECK, now, err))
		return -1;
	if (answer.result != TMK_TST_GOOD)
		return tmk_err_set(err, TMK_NET, "%s: %s",
				   answer.result == TMK_TST_UNTRUSTED ?
				   "an untrusted timestamp" :
				   "a bad timestamp", answer.text);
	if (answer.time > now + MAX_SKEW)
		warn(s, "the timestamp is ahead of this machine's clock",
		     tmk_clock_format(at, answer.time));
	return 0;
}

/* Ask one authority. The token is appended only when all is well. */
static int ask(struct tmk_buf *token, const struct tmk_front_stamp *s,
	       const char *url, const uint8_t *data, size_t len,
	       const struct tmk_trust *trust, struct tmk_err *err)
{
	struct tmk_buf query = TMK_BUF_INIT(QUERY_MAX);
	struct tmk_buf answer = TMK_BUF_INIT(TMK_TST_MAX);
	struct tmk_buf got = TMK_BUF_INIT(TMK_TST_MAX);
	uint8_t digest[TMK_DIGEST_MAX];
	size_t digest_len;
	int rc;

	rc = tmk_digest_bytes(TMK_SHA256, data, len, digest, &digest_len,
			      err);
	if (!rc)
		rc = tmk_tst_request(&query, TMK_SHA256, digest, digest_len,
				     err);
	if (!rc)
		rc = fetch(&answer, s, url, &query, err);
	if (!rc)
		rc = tmk_tst_response(&got, query.data, query.len, answer.data,
				      answer.len, err);
	if (!rc)
		rc = judge(s, &got, data, len, trust, err);
	if (!rc && tmk_buf_add(token, got.data, got.len))
		rc = tmk_err_nomem(err);
	tmk_buf_release(&query);
	tmk_buf_release(&answer);
	tmk_buf_release(&got);
	return rc;
}

/* None answered well: what the configuration says to that. */
static int none(const struct tmk_front_stamp *s, struct tmk_err *err)
{
	if (s->mode != TMK_STAMP_REQUIRE) {
		warn(s, "signing without a timestamp: the signature falls "
		     "with its certificate", "");
		return 1;
	}
	tmk_err_set(err, TMK_NET, "no timestamp authority gave a good "
		    "timestamp, and one is required");
	return tmk_err_hint(err, "try again, configure another touchmark.tsa, "
			    "or set touchmark.timestamp to prefer");
}

static int stamp(void *ctx, const uint8_t *data, size_t len,
		 struct tmk_buf *token, struct tmk_err *err)
{
	const struct tmk_front_stamp *s = ctx;
	struct tmk_err why = TMK_ERR_INIT;
	struct tmk_trust *trust = NULL;
	char name[URL_TEXT];
	int i, rc = -1;

	if (load_trust(&trust, s, err))
		return -1;
	for (i = 0; rc && i < s->config->tsas; i++) {
		rc = ask(token, s, s->config->tsa[i], data, len, trust, &why);
		if (rc)
			warn(s, show_url(name, sizeof(name),
					 s->config->tsa[i]), why.text);
	}
	tmk_trust_free(trust);
	return rc ? none(s, err) : 0;
}

int tmk_front_stamp_init(struct tmk_front_stamp *s,
			 const struct tmk_config *config,
			 enum tmk_stamp_mode mode, const char *program,
			 struct tmk_stamper **out, struct tmk_err *err)
{
	if (mode == TMK_STAMP_REQUIRE && !config->tsas) {
		tmk_err_set(err, TMK_USAGE, "a timestamp is required, but no "
			    "touchmark.tsa is configured");
		return tmk_err_hint(err, "git config --file "
				    "~/.config/touchmark/config --add "
				    "touchmark.tsa URL");
	}
	s->stamper.stamp = stamp;
	s->stamper.ctx = s;
	s->config = config;
	s->mode = mode;
	s->program = program;
	*out = mode == TMK_STAMP_NEVER || !config->tsas ? NULL : &s->stamper;
	return 0;
}
