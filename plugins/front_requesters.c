/*
 * front_requesters.c - the file of requesters: read anew for each question,
 * since it is short and an answer that was true a minute ago is none.
 */
#include "plugins/front_requesters.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/file.h"
#include "core/config_parse.h"
#include "core/policy_reader.h"
#include "iface/seal.h"
#include "iface/verdict.h"
#include "key/request.h"
#include "plugins/front_audit.h"

#define FILE_BYTES (256 * 1024)
#define ENTRIES_MAX 16384
#define NAME_CHARS TMK_REQUEST_NAME_MAX
#define SECTION "requester"

/* One question, and what the file said of it so far. Every entry is checked,
 * whoever it is about. */
struct question {
	const char *path;
	const char *name;	/* of the requester */
	const char *key;	/* NULL: about approving */
	const char *format;
	const char *env;	/* of the key; "" when it says none */
	struct tmk_policy_lines lines;
	int line, entries;
	bool key_ok, format_ok, env_ok, any_env, approve;
	struct tmk_err *err;
};

char *tmk_front_requesters_local(char *out, size_t size)
{
	struct passwd entry, *found = NULL;
	char space[16384];

	if (!getpwuid_r(geteuid(), &entry, space, sizeof(space), &found) &&
	    found)
		snprintf(out, size, "%s", found->pw_name);
	else
		snprintf(out, size, "uid-%lu", (unsigned long)geteuid());
	return out;
}

static int fail(const struct question *q, const char *what, const char *which)
{
	return tmk_err_set(q->err, TMK_USAGE, "%s:%d: %s%s%s", q->path,
			   q->line, what, *which ? ": " : "", which);
}

/* ---- what it says ----------------------------------------------------------- */

static bool is_format(const char *value)
{
	int i;

	for (i = 0; tmk_seals[i]; i++)
		if (!strcmp(tmk_seals[i]->name, value))
			return true;
	return false;
}

/* `mine`: it stands in the section of the one who is asked about. */
static int take_value(struct question *q, const char *field,
		      const char *value, bool mine)
{
	if (!value)
		return fail(q, "a key without a value", field);
	if (!strcmp(field, "key")) {
		if (!tmk_config_name_ok(value))
			return fail(q, "no name of a key", value);
		q->key_ok |= mine && q->key && !strcmp(value, q->key);
	} else if (!strcmp(field, "format")) {
		if (!is_format(value))
			return fail(q, "no format that is made here", value);
		q->format_ok |= mine && q->format &&
			!strcmp(value, q->format);
	} else if (!strcmp(field, "env")) {
		if (!tmk_config_env_find(value))
			return fail(q, "neither dev, test nor prod", value);
		q->any_env |= mine;
		q->env_ok |= mine && q->env && !strcmp(value, q->env);
	} else if (!strcmp(field, "approve")) {
		if (strcmp(value, "true") && strcmp(value, "false"))
			return fail(q, "neither true nor false", value);
		if (mine)
			q->approve = !strcmp(value, "true");
	} else {
		return fail(q, "there is no such key", field);
	}
	return 0;
}

static int take_entry(void *ctx, const char *full, const char *value,
		      bool included)
{
	static const char start[] = SECTION ".";
	struct question *q = ctx;
	const char *name = full + sizeof(start) - 1, *field;
	char who[NAME_CHARS + 1];
	size_t len;

	q->line = tmk_policy_lines_take(&q->lines, full);
	field = strrchr(full, '.');
	if (++q->entries > ENTRIES_MAX)
		return fail(q, "too many entries", "");
	if (included || strncmp(full, start, sizeof(start) - 1) || !field ||
	    field < name)
		return fail(q, "only [requester \"NAME\"] stands here", "");
	len = (size_t)(field - name);
	if (len > NAME_CHARS)
		return fail(q, "a name that is too long", "");
	memcpy(who, name, len);
	who[len] = '\0';
	return take_value(q, field + 1, value, !strcmp(who, q->name));
}

/* Headers first: an include must be refused before it is followed, and a
 * section without any key is invisible to the parser. */
static int check_headers(struct question *q)
{
	static const char start[] = SECTION ".";
	int i;

	for (i = 0; i < q->lines.count; i++) {
		const struct tmk_policy_line *l = &q->lines.item[i];

		if (!l->header)
			continue;
		q->line = l->line;
		if (strncmp(l->name, start, sizeof(start) - 1))
			return fail(q, "only [requester \"NAME\"] stands "
				    "here", "");
		if (!tmk_request_name_ok(l->name +
						  sizeof(start) - 1))
			return fail(q, "a requester's name is 1 to 64 "
				    "letters, digits, '.', '_', '-' or '@'",
				    l->name + sizeof(start) - 1);
	}
	return 0;
}

/* ---- the file --------------------------------------------------------------- */

/* Whoever may write it gives himself every key; who may read it learns who
 * has which. */
static int check_owner(const char *path, const struct stat *st,
		       struct tmk_err *err)
{
	bool ours = st->st_uid == geteuid();
	mode_t others = ours ? 077 : 027;

	if (!S_ISREG(st->st_mode))
		return tmk_err_set(err, TMK_USAGE, "%s: it is no regular "
				   "file", path);
	if (!ours && st->st_uid)
		return tmk_err_set(err, TMK_USAGE, "%s: it belongs to "
				   "somebody else", path);
	if (!(st->st_mode & others))
		return 0;
	tmk_err_set(err, TMK_USAGE, "%s: others may read or write it", path);
	return tmk_err_hint(err, "chmod 0600 %s", path);
}

static int read_text(struct tmk_buf *out, struct stat *st, const char *path,
		     struct tmk_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int rc;

	if (fd < 0)
		return tmk_err_set(err, TMK_USAGE, "%s: %s", path,
				   strerror(errno));
	if (fstat(fd, st))
		rc = tmk_err_set(err, TMK_USAGE, "%s: %s", path,
				 strerror(errno));
	else
		rc = check_owner(path, st, err);
	if (!rc)
		rc = tmk_file_read_fd(out, fd, path, err);
	close(fd);
	return rc;
}

/* What was looked at must be what was parsed. */
static int unchanged(const char *path, const struct stat *before,
		     const struct tmk_buf *text, struct tmk_err *err)
{
	struct tmk_buf again = TMK_BUF_INIT(FILE_BYTES);
	struct stat st;
	int rc = read_text(&again, &st, path, err);

	if (!rc && (st.st_dev != before->st_dev ||
		    st.st_ino != before->st_ino || again.len != text->len ||
		    (text->len && memcmp(again.data, text->data, text->len))))
		rc = tmk_err_set(err, TMK_USAGE, "%s: changed while it was "
				 "read", path);
	tmk_buf_release(&again);
	return rc;
}

static int ask_file(struct question *q, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(FILE_BYTES);
	struct stat st;
	int rc;

	q->err = err;
	rc = read_text(&text, &st, q->path, err);
	if (!rc && memchr(tmk_buf_str(&text), '\0', text.len))
		rc = tmk_err_set(err, TMK_USAGE, "%s: a NUL byte in it",
				 q->path);
	if (!rc)
		rc = tmk_policy_lines_scan(&q->lines, tmk_buf_str(&text),
					   text.len, err);
	if (!rc)
		rc = check_headers(q);
	if (!rc)
		rc = tmk_config_parse(q->path, NULL, take_entry, q, err);
	if (!rc)
		rc = unchanged(q->path, &st, &text, err);
	/* Whatever it is, it is the file that cannot be believed. */
	if (rc && err && err->code != TMK_INTERNAL)
		err->code = TMK_USAGE;
	tmk_policy_lines_release(&q->lines);
	tmk_buf_release(&text);
	return rc;
}

static int ask(struct question *q, const struct tmk_config *config,
	       struct tmk_err *err)
{
	if (!config->requesters) {
		tmk_err_set(err, TMK_USAGE, "no touchmark.requesters says who "
			    "may use which key");
		return tmk_err_hint(err, "name a file in it; touchmark-serve(8) "
				    "tells what it holds");
	}
	if (!tmk_request_name_ok(q->name))
		return tmk_err_set(err, TMK_USAGE, "a requester's name is 1 "
				   "to 64 letters, digits, '.', '_', '-' or "
				   "'@'");
	q->path = config->requesters;
	return ask_file(q, err);
}

/* ---- the questions ---------------------------------------------------------- */

static int allow(const struct tmk_config *config, const char *name,
		 const char *key, const char *format, struct tmk_err *err)
{
	const struct tmk_key_config *section = tmk_config_key(config, key);
	struct question q = { .name = name, .key = key, .format = format,
		.env = section ? tmk_config_env_name(section->env) : "" };
	char shown[128];

	if (ask(&q, config, err))
		return -1;
	if (section && q.key_ok && q.format_ok && (q.env_ok || !q.any_env))
		return 0;
	/* The same words for a key that is not there. */
	tmk_enc_show_into(shown, sizeof(shown), key, strlen(key));
	tmk_err_set(err, TMK_REFUSED, "%s: %s may not use a key '%s' for %s",
		    tmk_reason_id(TMK_SIGNER_NOT_ALLOWED), name, shown,
		    format);
	return tmk_err_hint(err, "the administrator of the signing host "
			    "grants it in the file that touchmark.requesters "
			    "names");
}

int tmk_front_requesters_allow(const struct tmk_config *config,
			       const char *name, const char *key,
			       const char *format, struct tmk_err *err)
{
	const struct tmk_front_use use = {
		.what = "sign", .requester = name, .key = key,
		.format = format, .time = TMK_TIME_NONE,
	};
	struct tmk_err why = TMK_ERR_INIT;

	if (!allow(config, name, key, format, &why))
		return 0;
	/* He is told nothing of the record. */
	tmk_front_audit_refused(config, &use, &why);
	if (err)
		*err = why;
	return -1;
}

int tmk_front_requesters_approve(const struct tmk_config *config,
				 const char *name, struct tmk_err *err)
{
	struct question q = { .name = name };

	if (ask(&q, config, err))
		return -1;
	if (q.approve)
		return 0;
	tmk_err_set(err, TMK_REFUSED, "%s: %s may not see and approve "
		    "requests", tmk_reason_id(TMK_SIGNER_NOT_ALLOWED), name);
	return tmk_err_hint(err, "the administrator of the signing host "
			    "grants it by approve = true in the file that "
			    "touchmark.requesters names");
}
