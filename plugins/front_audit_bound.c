#include "plugins/front_audit_bound.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "key/request.h"
#include "plugins/front_state.h"

#define ENTRIES 32		/* requesters with a count of their own */
#define FILE_MAX 4096		/* bytes of the file */
#define NAME_MAX_BYTES 65
#define FIRST_LINE "touchmark refused 1\n"
#define LOCK_MS 2000		/* that another process is waited for */
#define MANY 999999999999	/* counts end there */
#define LATEST (INT64_MAX / 100)	/* a time may be */

/* Names that no requester has. */
#define USER "="		/* whose process it is */
#define OTHERS "*"		/* all for whom there is no room */

struct entry {
	char who[NAME_MAX_BYTES];
	int64_t since;		/* when the span began */
	int count;		/* that are on record in it */
	uint64_t left_out;	/* that wait to be told of */
};

struct table {
	struct entry entry[ENTRIES];
	int n;
};

/* ---- the file ----------------------------------------------------------------- */

static int render(struct tmk_buf *out, const struct table *t)
{
	int i, rc = tmk_buf_addstr(out, FIRST_LINE);

	for (i = 0; !rc && i < t->n; i++)
		rc = tmk_buf_printf(out, "%s %" PRId64 " %d %" PRIu64 "\n",
				    t->entry[i].who, t->entry[i].since,
				    t->entry[i].count, t->entry[i].left_out);
	return rc;
}

/* "WHO SINCE COUNT LEFTOUT\n" */
static bool read_line(struct entry *e, const char **at)
{
	size_t len = strcspn(*at, " \n");
	const char *p = *at + len + 1;
	int64_t count, left_out;

	if (!len || len >= sizeof(e->who) || (*at)[len] != ' ')
		return false;
	memcpy(e->who, *at, len);
	e->who[len] = '\0';
	if ((!tmk_request_name_ok(e->who) && strcmp(e->who, USER) &&
	     strcmp(e->who, OTHERS)) ||
	    !tmk_front_state_number(&e->since, &p, ' ', LATEST) ||
	    !tmk_front_state_number(&count, &p, ' ', TMK_AUDIT_REFUSED_MAX) ||
	    !tmk_front_state_number(&left_out, &p, '\n', MANY))
		return false;
	e->count = (int)count;
	e->left_out = (uint64_t)left_out;
	*at = p;
	return true;
}

static struct entry *find(struct table *t, const char *who)
{
	int i;

	for (i = 0; i < t->n; i++)
		if (!strcmp(t->entry[i].who, who))
			return &t->entry[i];
	return NULL;
}

/* All of it or nothing: what we did not write means nothing to us. */
static void read_table(struct table *t, const struct tmk_buf *text)
{
	const char *p = tmk_buf_str(text);
	size_t first = strlen(FIRST_LINE);

	t->n = 0;
	if (strncmp(p, FIRST_LINE, first) != 0)
		return;
	p += first;
	while (t->n < ENTRIES && read_line(&t->entry[t->n], &p))
		t->n++;
	/* The last place is kept for all others. */
	if (p != tmk_buf_str(text) + text->len ||
	    (t->n == ENTRIES && !find(t, OTHERS)))
		t->n = 0;
}

static int wait_lock(int fd, const char *name, struct tmk_err *err)
{
	int rc = tmk_file_lock(fd, false, LOCK_MS, name, err);

	if (rc > 0)
		rc = tmk_err_set(err, TMK_INPUT, "%s: held by another process",
				 name);
	return rc;
}

/* Open it, held alone; closing it gives it back. */
static int open_file(int *out, const char *name, struct tmk_err *err)
{
	int fd;

	if (tmk_front_state_parent(name, err))
		return -1;
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY |
		  O_NONBLOCK, 0600);
	if (fd < 0)
		return tmk_err_set(err, TMK_INPUT, "%s: %s", name,
				   strerror(errno));
	if (tmk_front_state_ours(fd, name, err) || wait_lock(fd, name, err)) {
		close(fd);
		return -1;
	}
	*out = fd;
	return 0;
}

static void load(struct table *t, int fd, const char *name)
{
	struct tmk_buf text = TMK_BUF_INIT(FILE_MAX);

	t->n = 0;
	if (!tmk_file_read_fd(&text, fd, name, NULL))
		read_table(t, &text);
	tmk_buf_release(&text);
}

/* In its place and without a sync: who is refused is not to keep the disk
 * busy. What a crash leaves of it is begun anew. */
static int save(const struct table *t, int fd, const char *name,
		struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(FILE_MAX);
	int rc = 0;

	if (render(&text, t))
		rc = tmk_err_nomem(err);
	else if (pwrite(fd, text.data, text.len, 0) != (ssize_t)text.len ||
		 ftruncate(fd, (off_t)text.len))
		rc = tmk_err_set(err, TMK_INPUT, "%s: %s", name,
				 strerror(errno));
	tmk_buf_release(&text);
	return rc;
}

/* ---- one requester --------------------------------------------------------------- */

static bool is_over(const struct entry *e, int64_t now)
{
	/* A span that is still to come was begun by another clock. */
	return now < e->since || now - e->since >= TMK_AUDIT_REFUSED_SPAN;
}

/* Who waits for nothing any more makes room. */
static void drop_old(struct table *t, int64_t now)
{
	int i;

	for (i = t->n - 1; i >= 0; i--)
		if (is_over(&t->entry[i], now) && !t->entry[i].left_out)
			t->entry[i] = t->entry[--t->n];
}

static struct entry *entry_of(struct table *t, const char *who, int64_t now)
{
	struct entry *e;

	if (!who)
		who = USER;
	else if (!tmk_request_name_ok(who))
		who = OTHERS;
	e = find(t, who);
	if (!e && t->n >= ENTRIES - 1) {
		who = OTHERS;
		e = find(t, who);
	}
	if (!e) {
		e = &t->entry[t->n++];
		*e = (struct entry){ .since = now };
		snprintf(e->who, sizeof(e->who), "%s", who);
	}
	return e;
}

static void add_left_out(struct entry *e, uint64_t n)
{
	e->left_out = n > MANY - e->left_out ? MANY : e->left_out + n;
}

/* One more refusal: 1 with *left_out when it is to be recorded. */
static int count(struct table *t, const char *who, int64_t now,
		 uint64_t *left_out)
{
	struct entry *e;

	drop_old(t, now);
	e = entry_of(t, who, now);
	if (is_over(e, now)) {
		e->since = now;
		e->count = 0;
	}
	if (e->count >= TMK_AUDIT_REFUSED_MAX) {
		add_left_out(e, 1);
		return 0;
	}
	e->count++;
	*left_out = e->left_out;
	e->left_out = 0;
	return 1;
}

int tmk_front_audit_bound_take(uint64_t *left_out, const char *path,
			       const char *who, int64_t now,
			       struct tmk_err *err)
{
	uint64_t waiting = 0;
	char *name = NULL;
	struct table t;
	int fd, rc;

	if (asprintf(&name, "%s.refused", path) < 0)
		return tmk_err_nomem(err);
	rc = open_file(&fd, name, err);
	if (!rc) {
		load(&t, fd, name);
		rc = count(&t, who, now, &waiting);
		if (save(&t, fd, name, err))
			rc = -1;
		close(fd);
	}
	free(name);
	if (rc > 0)
		*left_out = waiting;
	return rc;
}

void tmk_front_audit_bound_giveback(const char *path, const char *who,
				    uint64_t left_out, int64_t now)
{
	char *name = NULL;
	struct table t;
	int fd, rc = -1;

	if (asprintf(&name, "%s.refused", path) < 0)
		return;
	if (!open_file(&fd, name, NULL)) {
		load(&t, fd, name);
		add_left_out(entry_of(&t, who, now), left_out + 1);
		rc = save(&t, fd, name, NULL);
		close(fd);
	}
	(void)rc;	/* then they are told of nowhere */
	free(name);
}
