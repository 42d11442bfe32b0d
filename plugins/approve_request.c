/*
 * approve_request.c - `touchmark approve --list` and `--request ID`.
 *
 * What is approved is shown before it is signed, all of it: the text is made
 * to be read, and every value in it is escaped.
 */
#include "plugins/approve_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/json_scan.h"
#include "plugins/front_file.h"
#include "plugins/front_report.h"
#include "x509/digest.h"

/* ---- a line about a request -------------------------------------------------- */

#define FIELD 512

/* What people are shown of one. */
struct line {
	char request[FIELD], requester[FIELD], key[FIELD], format[FIELD],
	     artefact[FIELD], content[FIELD], expires[FIELD], status[FIELD],
	     text[FIELD];
	int64_t approvals, needed, code;
};

static int take(void *ctx, const struct tmk_json_event *e)
{
	struct line *l = ctx;
	const struct {
		const char *key;
		char *to;
	} texts[] = {
		{ "request", l->request }, { "requester", l->requester },
		{ "key", l->key }, { "format", l->format },
		{ "artefact", l->artefact }, { "content", l->content },
		{ "expires", l->expires }, { "status", l->status },
		{ "text", l->text },
	};
	size_t i;

	if (e->depth != 1)
		return 0;
	if (e->kind == TMK_JSON_NUMBER && !strcmp(e->key, "approvals"))
		l->approvals = e->number;
	if (e->kind == TMK_JSON_NUMBER && !strcmp(e->key, "needed"))
		l->needed = e->number;
	if (e->kind == TMK_JSON_NUMBER && !strcmp(e->key, "code"))
		l->code = e->number;
	for (i = 0; e->kind == TMK_JSON_STRING &&
	     i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(e->key, texts[i].key))
			snprintf(texts[i].to, FIELD, "%s", e->text);
	return 0;
}

static int read_line(struct line *out, const char *text, size_t len,
		     struct tmk_err *err)
{
	struct tmk_json_scan *scan = malloc(sizeof(*scan));
	int rc;

	if (!scan)
		return tmk_err_nomem(err);
	memset(out, 0, sizeof(*out));
	tmk_json_scan_init(scan, take, out);
	rc = tmk_json_scan_feed(scan, text, len) || tmk_json_scan_end(scan);
	free(scan);
	return rc ? tmk_err_set(err, TMK_INPUT, "no line about a request") : 0;
}

/* A line of any length, whole; what a terminal could take for something else
 * is escaped. */
static int put_line(FILE *to, const char *indent, const char *text,
		    size_t len, struct tmk_err *err)
{
	size_t size = 4 * len + 1;
	char *safe = malloc(size);
	int bad;

	if (!safe)
		return tmk_err_nomem(err);
	tmk_enc_line_into(safe, size, text, len);
	bad = fprintf(to, "%s%s\n", indent, safe) < 0 || fflush(to);
	free(safe);
	return bad ? tmk_err_set(err, TMK_INPUT, "standard output: not "
				 "everything was written") : 0;
}

/* Its approvals cannot be judged: something is wrong with its key's section,
 * or with what is kept of it. */
static bool is_broken(const struct line *l)
{
	return !strcmp(l->status, "broken");
}

static int show_line(const struct line *l, struct tmk_err *err)
{
	char count[48];

	if (is_broken(l))
		snprintf(count, sizeof(count), "? of %lld",
			 (long long)l->needed);
	else
		snprintf(count, sizeof(count), "%lld of %lld",
			 (long long)l->approvals, (long long)l->needed);
	return tmk_front_report_line(stdout, err, "%s  %s, %s  %s "
				     "asks key '%s' for %s%s%s  %s  until %s",
				     l->request, l->status, count,
				     l->requester,
				     l->key, *l->format ? l->format : "-",
				     *l->content ? " of a " : "", l->content,
				     *l->artefact ? l->artefact : "-",
				     l->expires);
}

/* Which requests could not be judged. */
struct broken {
	int n;
	int code;		/* the worst */
	char text[FIELD];	/* of the last */
};

/* What is wrong with a key is said once for all its requests that follow each
 * other. */
static int note_broken(struct broken *b, const struct line *l, bool json,
		       struct tmk_err *err)
{
	/* What a host calls its own fault is one of ours at most. */
	int code = l->code == TMK_USAGE || l->code == TMK_KEY ? (int)l->code :
		TMK_INPUT;
	int rc = 0;

	if (!json && strcmp(b->text, l->text))
		rc = tmk_front_report_line(stderr, err, "touchmark: warning: "
					   "key '%s': %s", l->key, l->text);
	snprintf(b->text, sizeof(b->text), "%s", l->text);
	b->code = code > b->code ? code : b->code;
	b->n++;
	return rc;
}

static int tell_broken(const struct tmk_approve *r, const struct broken *b,
		       struct tmk_err *err)
{
	if (!b->n)
		return 0;
	tmk_err_set(err, b->code, "the approvals of %d request%s cannot be "
		    "judged", b->n, b->n == 1 ? "" : "s");
	return tmk_err_hint(err, "%s", r->on ? "tell the administrator of "
			    "the signing host; nothing is signed for them "
			    "until then" : "put it right; nothing is signed "
			    "for them until then");
}

static int list_line(struct broken *b, const struct tmk_approve *r,
		     const char *text, size_t len, struct tmk_err *err)
{
	struct line l;

	if (read_line(&l, text, len, err) ||
	    (r->json ? put_line(stdout, "", text, len, err) :
	     show_line(&l, err)))
		return -1;
	return is_broken(&l) ? note_broken(b, &l, r->json, err) : 0;
}

int tmk_approve_list(const struct tmk_approve *r, struct tmk_err *err)
{
	struct tmk_buf lines = TMK_BUF_INIT(TMK_APPROVE_LIST_MAX);
	struct broken broken = { .n = 0 };
	const char *at, *end;
	int rc;

	rc = tmk_approve_where_list(&lines, r, err);
	at = tmk_buf_str(&lines);
	for (; !rc && *at; at = end + 1) {
		end = strchr(at, '\n');
		if (!end)
			break;
		rc = list_line(&broken, r, at, (size_t)(end - at), err);
	}
	if (!rc && !lines.len && !r->json)
		rc = tmk_front_report_line(stdout, err, "no request waits for "
					   "an approval");
	if (!rc)
		rc = tell_broken(r, &broken, err);
	tmk_buf_release(&lines);
	return rc;
}

/* ---- what is to be approved -------------------------------------------------- */

static int show_text(const struct tmk_approve *r, const struct tmk_buf *text,
		     struct tmk_err *err)
{
	FILE *to = r->json ? stderr : stdout;
	const char *at = tmk_buf_str(text), *end;

	if (tmk_front_report_line(to, err, "request: %s", r->request))
		return -1;
	for (; (end = strchr(at, '\n')); at = end + 1)
		if (put_line(to, "  ", at, (size_t)(end - at), err))
			return -1;
	return 0;
}

/* Whether r->file has the digest that is to be signed. */
static int check_file(struct tmk_approve *r, const struct tmk_approval_text *t,
		      struct tmk_err *err)
{
	uint8_t digest[TMK_HASH_MAX];
	size_t len = 0;
	int fd, rc;

	if (!r->file)
		return 0;
	if (tmk_front_file_open(&fd, r->file, err))
		return -1;
	rc = tmk_front_file_digest_with(digest, &len, fd,
					tmk_front_file_name(r->file), t->hash,
					t->trailer, t->trailer_len, err);
	close(fd);
	if (rc)
		return -1;
	if (len == t->digest_len && !memcmp(digest, t->digest, len))
		return 0;
	tmk_verdict_refuse(&r->verdict, TMK_CONTENT_MISMATCH,
			   "%s is not what the request is for", r->file);
	return tmk_verdict_hint(&r->verdict, "nothing was approved; ask the "
				"requester which file it is");
}

static int read_text(struct tmk_buf *out, struct tmk_approve *r,
		     struct tmk_err *err)
{
	struct tmk_approval_text *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return tmk_err_nomem(err);
	rc = tmk_approve_where_text(out, r, r->request, err);
	if (!rc)
		rc = tmk_approval_text_read(t, out->data, out->len, err);
	if (!rc && t->expires <= tmk_clock_now())
		rc = tmk_err_set(err, TMK_INPUT, "request %s has expired",
				 r->request);
	if (!rc)
		rc = show_text(r, out, err);
	if (!rc)
		rc = check_file(r, t, err);
	free(t);
	return rc;
}

/* ---- approving --------------------------------------------------------------- */

static int sign_text(struct tmk_approve *r, const struct tmk_buf *text,
		     struct tmk_err *err)
{
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len;

	r->format = TMK_REQUEST_CMS;
	/* It counts at once or never, by its certificate as it is now. */
	r->stamp = TMK_REQUEST_STAMP_NEVER;
	if (tmk_approve_prepare(r, err) ||
	    tmk_digest_bytes((int)r->ready.hash, text->data, text->len,
			     digest, &len, err))
		return -1;
	return tmk_approve_sign(r, digest, len, err);
}

static int tell(const struct tmk_approve *r, const struct tmk_buf *answer,
		struct tmk_err *err)
{
	size_t len = answer->len;
	struct line l;

	if (len && answer->data[len - 1] == '\n')
		len--;
	if (read_line(&l, tmk_buf_str(answer), len, err))
		return -1;
	if (r->json)
		return put_line(stdout, "", tmk_buf_str(answer), len, err);
	return tmk_front_report_line(stdout, err, "%s: approved by %s, %lld "
				     "of %lld", r->request, r->made.signer,
				     (long long)l.approvals,
				     (long long)l.needed);
}

int tmk_approve_request(struct tmk_approve *r, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_APPROVAL_TEXT_MAX);
	struct tmk_buf line = TMK_BUF_INIT(TMK_APPROVE_LIST_MAX);
	int rc;

	r->what = r->request;
	if (!tmk_approval_text_id_ok(r->request)) {
		tmk_err_set(err, TMK_USAGE, "a request is named by 32 hex "
			    "digits");
		return tmk_err_hint(err, "touchmark approve --list shows "
				    "those that wait");
	}
	rc = read_text(&text, r, err);
	if (!rc && !r->verdict.reason)
		rc = sign_text(r, &text, err);
	if (!rc && !r->verdict.reason)
		rc = tmk_approve_where_add(&line, r, r->request, &r->made.seal,
					   err);
	if (!rc && !r->verdict.reason)
		rc = tell(r, &line, err);
	tmk_buf_release(&text);
	tmk_buf_release(&line);
	return rc;
}
