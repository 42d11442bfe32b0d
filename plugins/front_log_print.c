/*
 * front_log_print.c - one entry of a log in words, printed as it is read: an
 * entry about a million objects needs no more memory than another.
 */
#include "plugins/front_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "plugins/front_log_line.h"

#define PIECE 65536
#define SHOWN 1024		/* bytes of one field */
#define SHORT_OID 12		/* digits shown */
#define SIGNERS_TEXT 128	/* bytes of the list of a group's signers */

enum part { P_ENTRY, P_TOLD, P_POLICY, P_REFS, P_SIGNERS, P_VERDICTS };

struct field {
	char text[SHOWN];
};

struct job {
	const struct tmk_chain_line *line;
	bool push;
	struct tmk_log_line *use;	/* of an entry about a key; or NULL */
	enum part part;
	bool begun;		/* the first line is printed */
	struct field repository, user, outcome, reason, text;
	int64_t judged, refused;
	/* of the member of an array that is being read */
	struct field a, b, c;
	uint64_t count;		/* oids, or signers so far */
	int signers;		/* of the group */
	char signer[SIGNERS_TEXT];	/* their numbers */
};

static void keep(struct field *to, const char *text, size_t len)
{
	char safe[SHOWN];

	snprintf(safe, sizeof(safe), "%.*s", len > SHOWN ? SHOWN : (int)len,
		 text);
	tmk_enc_line_into(to->text, sizeof(to->text), safe, strlen(safe));
}

static void begin(struct job *job)
{
	char when[TMK_CLOCK_TEXT];
	char kind[2 * TMK_CHAIN_KIND];

	if (job->begun)
		return;
	job->begun = true;
	printf("%" PRIu64 "  %s  %s", job->line->seq,
	       tmk_clock_format(when, job->line->time),
	       tmk_enc_line_into(kind, sizeof(kind), job->line->kind,
				 strlen(job->line->kind)));
	if (!job->push)
		return;
	printf("  %s  %s%s%s  %" PRId64 " judged, %" PRId64 " refused\n",
	       job->outcome.text, job->repository.text,
	       job->user.text[0] ? "  " : "", job->user.text, job->judged,
	       job->refused);
	if (job->reason.text[0])
		printf("    %s: %s\n", job->reason.text, job->text.text);
}

/* ---- a push ------------------------------------------------------------------ */

static void entry_string(struct job *job, const struct tmk_json_event *e)
{
	struct {
		const char *name;
		struct field *to;
	} known[] = {
		{ "repository", &job->repository },
		{ "outcome", &job->outcome }, { "reason", &job->reason },
		{ "text", &job->text }
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].name, e->key))
			keep(known[i].to, e->text, e->len);
}

static void entry_value(struct job *job, const struct tmk_json_event *e)
{
	static const struct {
		const char *name;
		enum part part;
	} parts[] = {
		{ "told", P_TOLD }, { "policy", P_POLICY },
		{ "refs", P_REFS }, { "signers", P_SIGNERS },
		{ "verdicts", P_VERDICTS }
	};
	size_t i;

	if (e->kind == TMK_JSON_STRING)
		entry_string(job, e);
	if (e->kind == TMK_JSON_NUMBER && !strcmp(e->key, "judged"))
		job->judged = e->number;
	if (e->kind == TMK_JSON_NUMBER && !strcmp(e->key, "refused"))
		job->refused = e->number;
	if (e->kind == TMK_JSON_END)
		job->part = P_ENTRY;
	if (e->kind != TMK_JSON_OBJECT && e->kind != TMK_JSON_ARRAY)
		return;
	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (!strcmp(parts[i].name, e->key))
			job->part = parts[i].part;
	job->count = 0;
	if (job->part >= P_REFS)
		begin(job);
}

/* Who it was, by the first name of a person that the server has told. */
static void told_value(struct job *job, const struct tmk_json_event *e)
{
	static const char *const names[] = {
		"REMOTE_USER", "GL_USER", "GL_USERNAME", "GITEA_PUSHER_NAME"
	};
	size_t i;

	for (i = 0; i < 4 && !job->user.text[0]; i++)
		if (!strcmp(names[i], e->key))
			keep(&job->user, e->text, e->len);
}

static void forget(struct job *job)
{
	job->a.text[0] = job->b.text[0] = job->c.text[0] = '\0';
	job->signers = 0;
	job->signer[0] = '\0';
}

static void take_three(struct job *job, const struct tmk_json_event *e,
		       const char *a, const char *b, const char *c)
{
	if (e->kind != TMK_JSON_STRING)
		return;
	if (!strcmp(e->key, a))
		keep(&job->a, e->text, e->len);
	if (!strcmp(e->key, b))
		keep(&job->b, e->text, e->len);
	if (!strcmp(e->key, c))
		keep(&job->c, e->text, e->len);
}

/* {"ref", "old", "new"} */
static void refs_value(struct job *job, const struct tmk_json_event *e)
{
	if (e->depth == 2 && e->kind == TMK_JSON_OBJECT)
		forget(job);
	take_three(job, e, "ref", "old", "new");
	if (e->depth == 2 && e->kind == TMK_JSON_END)
		printf("    %s  %.*s..%.*s\n", job->a.text, SHORT_OID,
		       job->b.text, SHORT_OID, job->c.text);
}

/* {"key", "who", "chain"} */
static void signers_value(struct job *job, const struct tmk_json_event *e)
{
	if (e->depth == 2 && e->kind == TMK_JSON_OBJECT)
		forget(job);
	take_three(job, e, "key", "who", "");
	if (e->depth == 2 && e->kind == TMK_JSON_END)
		printf("    signer %" PRIu64 ": %s  %s\n", job->count++,
		       job->a.text, job->b.text);
}

/* Those of a threshold are many; a list that is too long ends with dots. */
static void add_signer(struct job *job, int64_t number)
{
	size_t len = strlen(job->signer);
	char text[32];

	snprintf(text, sizeof(text), "%s%" PRId64, job->signers ? ", " : "",
		 number);
	if (len + strlen(text) + sizeof(" ...") > sizeof(job->signer))
		snprintf(text, sizeof(text), "%s", len && job->signer[len - 1]
			 != '.' ? " ..." : "");
	snprintf(job->signer + len, sizeof(job->signer) - len, "%s", text);
	job->signers++;
}

/* {"ref", "rule", "verdict", "text", "signers":[{"signer"}], "oids":[]} */
static void verdicts_value(struct job *job, const struct tmk_json_event *e)
{
	bool end = e->depth == 2 && e->kind == TMK_JSON_END;

	if (e->depth == 2 && e->kind == TMK_JSON_OBJECT) {
		forget(job);
		job->count = 0;
	}
	if (e->depth == 3)
		take_three(job, e, "ref", "verdict", "text");
	if (e->depth == 5 && e->kind == TMK_JSON_NUMBER &&
	    !strcmp(e->key, "signer"))
		add_signer(job, e->number);
	/* a name inside "oids" */
	if (e->depth == 4 && e->kind == TMK_JSON_STRING && !*e->key &&
	    ++job->count == 1 && !job->c.text[0])
		keep(&job->c, e->text, e->len < SHORT_OID ? e->len :
		     SHORT_OID);
	if (!end)
		return;
	printf("    %s  %s  %" PRIu64 " object%s", job->b.text, job->a.text,
	       job->count, job->count == 1 ? "" : "s");
	if (job->signers)
		printf("  signer%s %s", job->signers == 1 ? "" : "s",
		       job->signer);
	printf("%s%s\n", job->c.text[0] ? "  " : "", job->c.text);
}

static void push_value(struct job *job, const struct tmk_json_event *e)
{
	if (e->depth == 1) {
		entry_value(job, e);
		return;
	}
	switch (job->part) {
	case P_TOLD:
		told_value(job, e);
		break;
	case P_REFS:
		refs_value(job, e);
		break;
	case P_SIGNERS:
		signers_value(job, e);
		break;
	case P_VERDICTS:
		verdicts_value(job, e);
		break;
	case P_ENTRY:
	case P_POLICY:
		break;
	}
}

/* ---- any other entry ------------------------------------------------------------ */

static void other_value(struct job *job, const struct tmk_json_event *e)
{
	if (e->depth != 1 || !strcmp(e->key, "seq") ||
	    !strcmp(e->key, "prev") || !strcmp(e->key, "time") ||
	    !strcmp(e->key, "kind"))
		return;
	begin(job);
	keep(&job->a, e->key, strlen(e->key));
	if (e->kind == TMK_JSON_NUMBER)
		printf("  %s=%" PRId64, job->a.text, e->number);
	if (e->kind == TMK_JSON_STRING) {
		keep(&job->b, e->text, e->len);
		printf("  %s=%s", job->a.text, job->b.text);
	}
	if (e->kind == TMK_JSON_TRUE)
		printf("  %s", job->a.text);
}

static int on_value(void *ctx, const struct tmk_json_event *e)
{
	struct job *job = ctx;

	if (job->use)
		tmk_log_line_keep(job->use, e);
	else if (job->push)
		push_value(job, e);
	else
		other_value(job, e);
	return 0;
}

static int scan(struct tmk_json_scan *s, const struct tmk_chain_line *line,
		const char *path, struct tmk_err *err)
{
	uint64_t at = line->start, end = line->start + line->len - 1;
	char piece[PIECE];

	while (at < end) {
		size_t want = end - at < PIECE ? (size_t)(end - at) : PIECE;
		ssize_t n = pread(line->fd, piece, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || tmk_json_scan_feed(s, piece, (size_t)n) < 0)
			return tmk_err_set(err, TMK_INPUT, "%s: it changed "
					   "while it was read", path);
		at += (uint64_t)n;
	}
	return 0;
}

static void print_end(struct job *job, bool alone)
{
	if (job->use) {
		tmk_front_log_print_use(job->line, job->use, alone);
		return;
	}
	begin(job);
	if (!job->push)
		putchar('\n');
}

int tmk_front_log_print(const struct tmk_chain_line *line, bool alone,
			const char *path, struct tmk_err *err)
{
	struct tmk_json_scan *s = calloc(1, sizeof(*s));
	struct job *job = calloc(1, sizeof(*job));
	int rc;

	if (!s || !job) {
		rc = tmk_err_nomem(err);
		goto out;
	}
	job->line = line;
	job->push = !strcmp(line->kind, "push");
	if (tmk_front_log_is_use(line->kind)) {
		rc = tmk_log_line_new(&job->use, err);
		if (rc)
			goto out;
	}
	forget(job);
	tmk_json_scan_init(s, on_value, job);
	rc = scan(s, line, path, err);
	if (!rc)
		print_end(job, alone);
out:
	if (job)
		free(job->use);
	free(s);
	free(job);
	return rc;
}
