#include "plugins/front_remote_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define SPKI_MAX 8192		/* bytes */
#define TRAILER_MAX 8192
#define IDLE_MS 20000		/* a signing host waits for thirty seconds */

void tmk_front_link_free(struct tmk_front_link *link)
{
	int i;

	if (!link)
		return;
	tmk_remote_free(link->remote);
	tmk_buf_release(&link->spki);
	for (i = 0; i < TMK_FRONT_LINK_PREPARED; i++)
		tmk_buf_release(&link->prepared[i].trailer);
	free(link);
}

static struct tmk_front_link *link_new(const char *uri)
{
	size_t size = strlen(uri) + 1;
	struct tmk_front_link *l = calloc(1, sizeof(*l) + size);
	int i;

	if (!l)
		return NULL;
	tmk_buf_init(&l->spki, SPKI_MAX);
	for (i = 0; i < TMK_FRONT_LINK_PREPARED; i++) {
		tmk_buf_init(&l->prepared[i].trailer, TRAILER_MAX);
		l->prepared[i].time = TMK_TIME_NONE;
	}
	memcpy(l->uri, uri, size);
	return l;
}

struct tmk_front_link *tmk_front_link_get(struct tmk_front_link **kept,
					  const char *uri)
{
	if (*kept && strcmp((*kept)->uri, uri)) {
		tmk_front_link_free(*kept);
		*kept = NULL;
	}
	if (!*kept)
		*kept = link_new(uri);
	return *kept;
}

void tmk_front_link_hang_up(struct tmk_front_link *link)
{
	tmk_remote_free(link->remote);
	link->remote = NULL;
}

int64_t tmk_front_link_expire(struct tmk_front_link *link, int64_t now_ms)
{
	if (link->remote && link->used + IDLE_MS <= now_ms)
		tmk_front_link_hang_up(link);
	return link->remote ? link->used + IDLE_MS : INT64_MAX;
}

int tmk_front_link_ask(struct tmk_answer *answer, struct tmk_front_link *link,
		       const struct tmk_remote_uri *uri, int ms,
		       const char *auth_sock, const struct tmk_request *request,
		       const struct tmk_person *person, struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;
	int rc = 1;

	if (link->remote) {
		rc = tmk_remote_ask(answer, link->remote, request, person,
				    &why);
		if (rc)
			tmk_front_link_hang_up(link);
	}
	if (rc > 0) {
		why = (struct tmk_err)TMK_ERR_INIT;
		rc = tmk_remote_open(&link->remote, uri, ms, auth_sock, &why);
		if (!rc)
			rc = tmk_remote_ask(answer, link->remote, request,
					    person, &why);
	}
	link->used = tmk_clock_slept_ms();
	if (rc && err)
		*err = why;
	return rc;
}

/* ---- what was prepared ------------------------------------------------------- */

static int find(const struct tmk_front_link *link, int64_t time,
		enum tmk_seal_format format, enum tmk_hash hash, bool text)
{
	int i;

	for (i = 0; i < TMK_FRONT_LINK_PREPARED; i++) {
		const struct tmk_front_prepared *p = &link->prepared[i];

		if (p->time != TMK_TIME_NONE && p->time == time &&
		    p->format == format && p->hash == hash && p->text == text)
			return i;
	}
	return -1;
}

int tmk_front_link_prepared(struct tmk_front_link *link,
			    const struct tmk_answer *got,
			    enum tmk_seal_format format, bool text,
			    struct tmk_err *err)
{
	int i = find(link, got->time, format, got->hash, text);
	struct tmk_front_prepared *p;

	if (i < 0) {
		i = link->next;
		link->next = (i + 1) % TMK_FRONT_LINK_PREPARED;
	}
	p = &link->prepared[i];
	p->time = TMK_TIME_NONE;
	tmk_buf_clear(&p->trailer);
	tmk_buf_clear(&link->spki);
	if (tmk_buf_add(&link->spki, got->key.data, got->key.len) ||
	    tmk_buf_add(&p->trailer, got->trailer.data, got->trailer.len))
		return tmk_err_nomem(err);
	p->time = got->time;
	p->format = format;
	p->hash = got->hash;
	p->text = text;
	return 0;
}

const struct tmk_buf *tmk_front_link_trailer(const struct tmk_front_link *link,
					     int64_t time,
					     enum tmk_seal_format format,
					     enum tmk_hash hash, bool text)
{
	int i = find(link, time, format, hash, text);

	return i < 0 ? NULL : &link->prepared[i].trailer;
}
