/*
 * tst_driver.c - judge many RFC 3161 tokens in one process, for conformance
 * data.
 *
 * Reads lines of tab-separated KEY=VALUE words and answers each with
 * "ID<TAB>good<TAB>genTime" or "ID<TAB>bad|untrusted|input<TAB>text". Keys: id
 * token (a token or a whole response) data (a file) request roots untrusted.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "x509/tst.h"

#define LINE_MAX_BYTES 65536

struct job {
	const char *id, *token, *data, *request;
	struct tmk_trust *trust;
};

static int set(struct job *job, const char *key, const char *value,
	       struct tmk_err *err)
{
	if (!strcmp(key, "id"))
		job->id = value;
	else if (!strcmp(key, "token"))
		job->token = value;
	else if (!strcmp(key, "data"))
		job->data = value;
	else if (!strcmp(key, "request"))
		job->request = value;
	else if (!strcmp(key, "roots"))
		return tmk_trust_add_roots(job->trust, value, err);
	else if (!strcmp(key, "untrusted"))
		return tmk_trust_add_intermediates(job->trust, value, err);
	else
		return tmk_err_set(err, TMK_USAGE, "unknown key %s", key);
	return 0;
}

static void say(const struct job *job, const struct tmk_tst_answer *answer)
{
	static const char *const results[] = { "good", "bad", "untrusted" };
	char time[TMK_CLOCK_TEXT];

	printf("%s\t%s\t%s\n", job->id, results[answer->result],
	       answer->result == TMK_TST_GOOD ?
	       tmk_clock_format(time, answer->time) : answer->text);
}

static int judge(const struct job *job, struct tmk_err *err)
{
	struct tmk_buf token = TMK_BUF_INIT(1 << 20);
	struct tmk_buf data = TMK_BUF_INIT(1 << 24);
	struct tmk_buf request = TMK_BUF_INIT(1 << 16);
	struct tmk_buf cut = TMK_BUF_INIT(1 << 20);
	struct tmk_tst_answer answer;
	const uint8_t *der = NULL;
	size_t len = 0;
	int rc = -1;

	if (!job->id || !job->token)
		return tmk_err_set(err, TMK_USAGE, "no token or no id");
	if (tmk_file_read(&token, job->token, err) ||
	    (job->data && tmk_file_read(&data, job->data, err)) ||
	    (job->request && tmk_file_read(&request, job->request, err)))
		goto out;
	if (job->request && tmk_tst_response(&cut, request.data, request.len,
					     token.data, token.len, err))
		goto out;
	if (tmk_tst_unwrap(&der, &len, token.data, token.len, err))
		goto out;
	if (job->request && (cut.len != len || memcmp(cut.data, der, len))) {
		tmk_err_set(err, TMK_INTERNAL, "two ways, two tokens");
		goto out;
	}
	if (tmk_tst_judge(&answer, der, len, job->data ?
			  tmk_buf_str(&data) : NULL, data.len, job->trust,
			  TMK_REVOCATION_OFF, tmk_clock_now(), err))
		goto out;
	say(job, &answer);
	rc = 0;
out:
	tmk_buf_release(&token);
	tmk_buf_release(&data);
	tmk_buf_release(&request);
	tmk_buf_release(&cut);
	return rc;
}

static int run_line(char *line, struct tmk_err *err)
{
	struct job job = { NULL };
	char *word, *eq, *save = NULL;
	int rc = 0;

	if (tmk_trust_new(&job.trust, err))
		return -1;
	line[strcspn(line, "\n")] = '\0';
	for (word = strtok_r(line, "\t", &save); word && !rc;
	     word = strtok_r(NULL, "\t", &save)) {
		eq = strchr(word, '=');
		if (eq)
			*eq++ = '\0';
		rc = set(&job, word, eq ? eq : "", err);
	}
	if (!rc)
		rc = judge(&job, err);
	if (rc && (err->code == TMK_INPUT || err->code == TMK_NET) && job.id) {
		printf("%s\tinput\t%s\n", job.id, err->text);
		rc = 0;
	}
	tmk_trust_free(job.trust);
	return rc;
}

int main(void)
{
	static char line[LINE_MAX_BYTES];
	struct tmk_err err = TMK_ERR_INIT;

	while (fgets(line, sizeof(line), stdin)) {
		if (run_line(line, &err)) {
			fprintf(stderr, "tst_driver: %s\n", err.text);
			return 2;
		}
	}
	return 0;
}
