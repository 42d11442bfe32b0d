#include "plugins/crl_get.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/proc.h"
#include "x509/cert.h"

#define FETCH "touchmark-fetch"
#define GRACE_MS 2000		/* for a fetcher to notice its own deadline */
#define TOLD_MAX 4096		/* bytes of why there is no answer */
#define NAME_TEXT 200

/* What the fetcher says in place of an answer: "down: WHY" or "wrong: WHY". */
static int told(const struct tmk_buf *answer, struct tmk_err *err)
{
	const char *text = tmk_buf_str(answer);
	int len = (int)strcspn(text, "\n");
	int skip = !strncmp(text, "down: ", 6) ? 6 :
		!strncmp(text, "wrong: ", 7) ? 7 : len;

	if (skip >= len)
		return tmk_err_set(err, TMK_NET, "it gave no answer");
	return tmk_err_set(err, TMK_NET, "%.*s", len - skip, text + skip);
}

/* The address goes by standard input: it may hold a password, and arguments
 * can be read by everybody. */
static int fetch(struct tmk_buf *answer, const struct tmk_crl_get *get,
		 const char *url, struct tmk_err *err)
{
	struct tmk_buf in = TMK_BUF_INIT(TMK_CRL_URL_MAX + 2);
	char deadline[24], max[24];
	char *argv[] = { NULL, (char[]){ "--tell" }, (char[]){ "--deadline" },
		deadline, (char[]){ "--max" }, max, (char[]){ "-" }, NULL };
	int status = 0, rc = -1;

	snprintf(deadline, sizeof(deadline), "%d", get->deadline * 1000);
	snprintf(max, sizeof(max), "%" PRIu64, get->max);
	if (tmk_buf_printf(&in, "%s\n\n", url)) {
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_proc_find_helper(&argv[0], FETCH, err))
		goto out;
	rc = tmk_proc_run(argv, in.data, in.len, answer,
			  get->deadline * 1000 + GRACE_MS, &status, TMK_NET,
			  err);
	if (!rc && status)
		rc = told(answer, err);
out:
	free(argv[0]);
	tmk_buf_release(&in);
	return rc;
}

/* The issuer's name as one escaped line. */
static const char *issuer_text(char *out, size_t size, const X509_CRL *crl)
{
	X509 *cert = X509_new();

	if (!cert || !X509_set_subject_name(cert, X509_CRL_get_issuer(crl)))
		snprintf(out, size, "?");
	else
		tmk_cert_subject(out, size, cert);
	X509_free(cert);
	return out;
}

/* Whether this is the CRL that was asked for. */
static int check(const struct tmk_crl_get *get,
		 const struct tmk_crl_source *s, X509_CRL *crl,
		 struct tmk_err *err)
{
	char name[NAME_TEXT], why[160], at[TMK_CLOCK_TEXT];
	bool delta = tmk_crl_file_is_delta(crl);
	int64_t from, to;

	issuer_text(name, sizeof(name), crl);
	if (!tmk_crl_list_expects(s, X509_CRL_get_issuer(crl)))
		return tmk_err_set(err, TMK_NET, "the CRL is of another "
				   "issuer: %s", name);
	if (!tmk_crl_file_signer(crl, get->known, why, sizeof(why)))
		return tmk_err_set(err, TMK_NET, "the CRL of %s is refused: "
				   "%s", name, why);
	if (!s->by_hand && delta != s->delta)
		return tmk_err_set(err, TMK_NET, delta ? "it is a delta CRL, "
				   "where a complete one belongs" :
				   "it is no delta CRL, where one belongs");
	if (!s->by_hand && !tmk_crl_file_names(crl, s->url, s->urls))
		return tmk_err_set(err, TMK_NET, "the CRL is for another "
				   "distribution point");
	tmk_crl_file_times(&from, &to, crl);
	if (from == TMK_TIME_NONE || from > get->now + TMK_CRL_GET_SKEW)
		return tmk_err_set(err, TMK_NET, "the CRL begins in the "
				   "future (%s): one of two clocks is wrong",
				   tmk_clock_format(at, from));
	return 0;
}

static int get_one(X509_CRL **out, const struct tmk_crl_get *get,
		   const struct tmk_crl_source *s, const char *url,
		   struct tmk_err *err)
{
	struct tmk_buf answer = TMK_BUF_INIT(0);
	struct tmk_err why = TMK_ERR_INIT;
	X509_CRL *crl = NULL;
	int rc;

	answer.max = get->max > TOLD_MAX ? (size_t)get->max : TOLD_MAX;
	rc = fetch(&answer, get, url, err);
	if (!rc && tmk_crl_file_read(&crl, answer.data, answer.len,
				     "the answer", &why))
		rc = tmk_err_set(err, why.code == TMK_INPUT ? TMK_NET :
				 why.code, "%s", why.text);
	if (!rc)
		rc = check(get, s, crl, err);
	tmk_buf_release(&answer);
	if (rc) {
		X509_CRL_free(crl);
		return -1;
	}
	*out = crl;
	return 0;
}

int tmk_crl_get(X509_CRL **out, const char **from,
		const struct tmk_crl_get *get,
		const struct tmk_crl_source *source, struct tmk_err *err)
{
	struct tmk_err first = TMK_ERR_INIT, why = TMK_ERR_INIT;
	bool asked = false;
	int i;

	for (i = 0; i < source->urls; i++) {
		if (!tmk_crl_list_is_http(source->url[i]))
			continue;
		if (!get_one(out, get, source, source->url[i],
			     asked ? &why : &first)) {
			*from = source->url[i];
			return 0;
		}
		asked = true;
	}
	/* The first address is the one that the authority prefers. */
	if (asked)
		return tmk_err_set(err, first.code, "%s", first.text);
	return tmk_err_set(err, TMK_NET, "there is no http or https address");
}
