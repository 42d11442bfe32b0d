#include "plugins/audit_gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/proc.h"

#define GATE "touchmark-pre-receive"
#define GATE_MS (24 * 60 * 60 * 1000)	/* it ends itself by [limits] seconds */
#define FIELDS 11

static int bad_answer(struct tmk_err *err)
{
	tmk_err_set(err, TMK_INTERNAL, "the gate's answer is not understood");
	return tmk_err_hint(err, "touchmark and " GATE " must be of the same "
			    "version: install them together");
}

/* Cut a line at its tabs. Returns how many fields, at most `max`; one more
 * than `max` for too many. */
static int split(char *line, char **field, int max)
{
	int n = 0;

	while (line && n <= max) {
		if (n < max)
			field[n] = line;
		n++;
		line = strchr(line, '\t');
		if (line)
			*line++ = '\0';
	}
	return n;
}

static int read_number(uint64_t *out, const char *text)
{
	size_t len = strspn(text, "0123456789");

	if (!len || len > 18 || text[len])
		return -1;
	*out = strtoull(text, NULL, 10);
	return 0;
}

/* One more at the end of a list that doubles. */
static int add_verdict(struct tmk_audit_answer *a, char **f,
		       struct tmk_err *err)
{
	size_t n = a->verdicts;
	struct tmk_audit_verdict *grown;

	if (!(n & (n - 1))) {
		grown = realloc(a->verdict, (n ? n * 2 : 1) * sizeof(*grown));
		if (!grown)
			return tmk_err_nomem(err);
		a->verdict = grown;
	}
	a->verdict[a->verdicts++] = (struct tmk_audit_verdict){
		.good = !strcmp(f[3], "good"), .ref = f[1], .oid = f[2],
		.reason = f[3], .rule = f[4], .signer = f[5], .key = f[6],
		.time = f[7], .tsa = f[8], .text = f[9], .hint = f[10]
	};
	return 0;
}

/* Returns 1 after the last line, 0 to go on. */
static int read_line(struct tmk_audit_answer *a, char *line,
		     struct tmk_err *err)
{
	char *f[FIELDS];
	int n = split(line, f, FIELDS);

	if (n == FIELDS && !strcmp(f[0], "object"))
		return add_verdict(a, f, err);
	if (n == 4 && !strcmp(f[0], "failed")) {
		a->reason = f[1];
		a->why = f[2];
		a->hint = f[3];
		return 1;
	}
	if (n == 4 && !strcmp(f[0], "end") &&
	    !read_number(&a->judged, f[1]) &&
	    !read_number(&a->refused, f[2]) &&
	    (!strcmp(f[3], "enforced") || !strcmp(f[3], "not-enforced"))) {
		a->enforced = !strcmp(f[3], "enforced");
		return 1;
	}
	return bad_answer(err);
}

/* The last line must be the end, and the exit code must say the same. */
static int read_answer(struct tmk_audit_answer *a, int status,
		       struct tmk_err *err)
{
	char *line = (char *)a->text.data, *end;
	char *stop = line + a->text.len;
	uint64_t refused = 0;
	int done = 0;
	size_t i;

	while (line && line < stop && !done) {
		end = memchr(line, '\n', (size_t)(stop - line));
		if (!end)
			return bad_answer(err);
		*end = '\0';
		done = read_line(a, line, err);
		line = end + 1;
	}
	if (done < 0)
		return -1;
	if (!done || line != stop) {
		tmk_err_set(err, TMK_INTERNAL, "the gate ended early, with "
			    "%d", status);
		return tmk_err_hint(err, "a shorter range, or more time in "
				    "[limits] of the policy, may help");
	}
	for (i = 0; i < a->verdicts; i++)
		refused += !a->verdict[i].good;
	if (a->why) {
		a->failed = status;
		return status == TMK_USAGE || status == TMK_INPUT ||
			status == TMK_INTERNAL ? 0 : bad_answer(err);
	}
	return refused == a->refused && status == (refused ? 1 : 0) ? 0 :
		bad_answer(err);
}

int tmk_audit_gate_ask(struct tmk_audit_answer *out, const char *policy,
		       bool all, const struct tmk_buf *input,
		       struct tmk_err *err)
{
	struct tmk_audit_answer a = {
		.text = TMK_BUF_INIT(TMK_AUDIT_ANSWER_MAX)
	};
	char *argv[6] = { NULL }, *path = NULL, *file = strdup(policy);
	int status = 0, ret = -1;

	if (!file) {
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_proc_find_helper(&path, GATE, err) < 0)
		goto out;
	argv[0] = path;
	argv[1] = (char[]){ "--audit" };
	argv[2] = (char[]){ "--policy" };
	argv[3] = file;
	argv[4] = all ? (char[]){ "--all" } : NULL;
	if (tmk_proc_run(argv, input->data, input->len, &a.text, GATE_MS,
			 &status, TMK_INTERNAL, err) < 0)
		goto out;
	if (read_answer(&a, status, err) < 0)
		goto out;
	*out = a;
	memset(&a, 0, sizeof(a));
	ret = 0;
out:
	tmk_audit_gate_release(&a);
	free(file);
	free(path);
	return ret;
}

void tmk_audit_gate_release(struct tmk_audit_answer *answer)
{
	free(answer->verdict);
	tmk_buf_release(&answer->text);
	memset(answer, 0, sizeof(*answer));
}
