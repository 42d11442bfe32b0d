#include "plugins/front_stamp_memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "iface/signer.h"
#include "plugins/front_state.h"
#include "x509/digest.h"

#define ENTRIES 32		/* authorities that are remembered */
#define FILE_MAX 8192		/* bytes of the file */
#define FAILURES_MAX 99		/* as many as two digits say */
#define FIRST_LINE "touchmark tsa.state 1\n"
#define NAME "tsa.state"
#define PARTS_MAX 16384		/* bytes that are hashed into a name */

struct entry {
	char id[TMK_STAMP_MEMORY_ID];
	struct tmk_stamp_memory memory;
};

struct table {
	struct entry entry[ENTRIES];
	int n;
};

void tmk_front_stamp_memory_id(char id[TMK_STAMP_MEMORY_ID],
			       const char *const *part, int n)
{
	struct tmk_buf all = TMK_BUF_INIT(PARTS_MAX);
	uint8_t digest[TMK_DIGEST_MAX] = { 0 };
	size_t len;
	int i, rc = 0;

	for (i = 0; !rc && i < n; i++)
		rc = tmk_buf_addch(&all, part[i] ? '+' : '-') ||
			tmk_buf_addstr(&all, part[i] ? part[i] : "") ||
			tmk_buf_addch(&all, '\0');
	if (rc || tmk_digest_bytes(TMK_SHA256, all.data, all.len, digest, &len,
				   NULL))
		memset(digest, 0, sizeof(digest));
	tmk_enc_hex(id, digest, (TMK_STAMP_MEMORY_ID - 1) / 2);
	tmk_buf_release(&all);
}

/* ---- reading ------------------------------------------------------------- */

/* "ID FAILURES SECONDS\n" */
static bool read_line(struct entry *e, const char **at)
{
	size_t len = strspn(*at, "0123456789abcdef");
	int64_t failures, failed;
	const char *p = *at + len;

	if (len != TMK_STAMP_MEMORY_ID - 1 || *p++ != ' ' ||
	    !tmk_front_state_number(&failures, &p, ' ', FAILURES_MAX) ||
	    !failures ||
	    !tmk_front_state_number(&failed, &p, '\n', INT64_MAX / 100))
		return false;
	memcpy(e->id, *at, len);
	e->id[len] = '\0';
	e->memory.failures = (int)failures;
	e->memory.failed = failed;
	*at = p;
	return true;
}

/* All of it, or nothing: what we did not write means nothing to us. */
static void read_table(struct table *t, const struct tmk_buf *text)
{
	const char *p = tmk_buf_str(text);
	size_t first = strlen(FIRST_LINE);

	t->n = 0;
	if (text->len < first || memcmp(p, FIRST_LINE, first))
		return;
	p += first;
	while (t->n < ENTRIES && read_line(&t->entry[t->n], &p))
		t->n++;
	if (p != tmk_buf_str(text) + text->len)
		t->n = 0;
}

static void load(struct table *t, const char *path)
{
	struct tmk_buf text = TMK_BUF_INIT(FILE_MAX);

	t->n = 0;
	if (!tmk_front_state_read(&text, path, NULL))
		read_table(t, &text);
	tmk_buf_release(&text);
}

/* ---- writing ------------------------------------------------------------- */

static void save(const struct table *t, const char *path)
{
	struct tmk_buf text = TMK_BUF_INIT(FILE_MAX);
	int i, rc = tmk_buf_addstr(&text, FIRST_LINE);

	for (i = 0; !rc && i < t->n; i++)
		rc = tmk_buf_printf(&text, "%s %d %lld\n", t->entry[i].id,
				    t->entry[i].memory.failures,
				    (long long)t->entry[i].memory.failed);
	if (!rc)
		rc = tmk_front_state_write(path, text.data, text.len, NULL);
	(void)rc;	/* what cannot be kept is not remembered */
	tmk_buf_release(&text);
}

/* ---- one authority ------------------------------------------------------- */

static struct entry *find(struct table *t, const char *id)
{
	int i;

	for (i = 0; i < t->n; i++)
		if (!strcmp(t->entry[i].id, id))
			return &t->entry[i];
	return NULL;
}

static void drop(struct table *t, struct entry *e)
{
	*e = t->entry[--t->n];
}

/* A failure of a time that is still to come was seen by another clock. */
static void drop_future(struct table *t, int64_t now)
{
	int i;

	for (i = t->n - 1; i >= 0; i--)
		if (t->entry[i].memory.failed > now)
			drop(t, &t->entry[i]);
}

/* A free entry; the oldest makes room. */
static struct entry *add(struct table *t, const char *id)
{
	struct entry *e = &t->entry[0];
	int i;

	if (t->n < ENTRIES) {
		e = &t->entry[t->n++];
	} else {
		for (i = 1; i < t->n; i++)
			if (t->entry[i].memory.failed < e->memory.failed)
				e = &t->entry[i];
	}
	memset(e, 0, sizeof(*e));
	memcpy(e->id, id, TMK_STAMP_MEMORY_ID);
	return e;
}

struct tmk_stamp_memory tmk_front_stamp_memory_get(const char *id, int64_t now)
{
	struct tmk_stamp_memory none = { 0, 0 };
	char *path = tmk_front_state_path(NAME, true);
	struct entry *e = NULL;
	struct table t;

	if (path) {
		load(&t, path);
		drop_future(&t, now);
		e = find(&t, id);
	}
	free(path);
	return e ? e->memory : none;
}

int64_t tmk_front_stamp_memory_wait(const struct tmk_stamp_memory *memory,
				    int64_t now)
{
	int64_t wait = TMK_STAMP_MEMORY_FIRST;
	int i;

	if (!memory->failures)
		return 0;
	for (i = 1; i < memory->failures && wait < TMK_STAMP_MEMORY_LONGEST;
	     i++)
		wait *= 2;
	if (wait > TMK_STAMP_MEMORY_LONGEST)
		wait = TMK_STAMP_MEMORY_LONGEST;
	wait -= now - memory->failed;
	return wait > 0 ? wait : 0;
}

void tmk_front_stamp_memory_failed(const char *id, int64_t asked, int64_t now)
{
	char *path = tmk_front_state_path(NAME, true);
	struct entry *e;
	struct table t;

	if (!path)
		return;
	load(&t, path);
	drop_future(&t, now);
	e = find(&t, id);
	if (!e || e->memory.failed < asked) {
		if (!e)
			e = add(&t, id);
		if (e->memory.failures < FAILURES_MAX)
			e->memory.failures++;
		e->memory.failed = now;
		save(&t, path);
	}
	free(path);
}

void tmk_front_stamp_memory_worked(const char *id, int64_t now)
{
	char *path = tmk_front_state_path(NAME, true);
	struct entry *e;
	struct table t;

	if (!path)
		return;
	load(&t, path);
	drop_future(&t, now);
	e = find(&t, id);
	if (e) {
		drop(&t, e);
		save(&t, path);
	}
	free(path);
}
