/* What the record of uses says of one key. */
#include "plugins/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "plugins/front_audit_list.h"

#define HEAD 512	/* bytes in which the four first fields stand */

static void show(char *out, size_t size, const char *text)
{
	tmk_enc_line_into(out, size, text, strlen(text));
}

/* The last ones are kept, the oldest of them first. */
static int on_use(void *ctx, const struct tmk_audit_use *use,
		  struct tmk_err *err)
{
	struct tmk_report *r = ctx;
	struct tmk_report_use *u;

	(void)err;
	r->record_uses++;
	if (r->uses == TMK_REPORT_USES_MAX)
		memmove(&r->use[0], &r->use[1],
			--r->uses * sizeof(r->use[0]));
	u = &r->use[r->uses++];
	tmk_clock_format(u->time, use->time);
	show(u->what, sizeof(u->what), use->what);
	snprintf(u->outcome, sizeof(u->outcome), "%s",
		 use->sure ? "signed" : "begun, no result");
	show(u->format, sizeof(u->format), use->format);
	show(u->artefact, sizeof(u->artefact), use->artefact);
	show(u->requester, sizeof(u->requester), use->requester);
	show(u->digest, sizeof(u->digest), use->digest);
	return 0;
}

/* When the log began: the time in its first line (docs/PROTOCOL.log), that of
 * the first one that was rotated where there is one. The chain was read before,
 * so that the line is what was written. */
static int64_t begun(const char *path)
{
	char name[4096], head[HEAD + 1], *at, *end;
	int64_t time = TMK_TIME_NONE;
	ssize_t n = 0;
	int fd;

	snprintf(name, sizeof(name), "%s.1", path);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return TMK_TIME_NONE;
	n = read(fd, head, HEAD);
	close(fd);
	if (n <= 0)
		return TMK_TIME_NONE;
	head[n] = '\0';
	at = strstr(head, "\"time\":\"");
	end = at ? strchr(at + 8, '"') : NULL;
	if (!end)
		return TMK_TIME_NONE;
	*end = '\0';
	return tmk_clock_parse(&time, at + 8, NULL) < 0 ? TMK_TIME_NONE : time;
}

int tmk_report_read_record(struct tmk_report *report, struct tmk_err *err)
{
	const struct tmk_buf *spki = &report->facts.info.spki;
	struct tmk_chain_report chain;
	struct tmk_err why = TMK_ERR_INIT;
	char id[TMK_AUDIT_SPKI], *where = NULL;
	int rc;

	report->record = report->config->audit_log;
	report->record_since = TMK_TIME_NONE;
	if (!report->record)
		return 0;
	if (tmk_front_audit_spki(id, spki->data, spki->len, err) < 0)
		return -1;
	rc = tmk_front_audit_list(report->record, id, on_use, report, &chain,
				  &where, &why);
	report->record_whole = !rc;
	if (rc > 0)
		snprintf(report->record_text, sizeof(report->record_text),
			 "the chain breaks: %s", chain.text);
	else if (rc < 0)
		snprintf(report->record_text, sizeof(report->record_text),
			 "%s", why.text);
	free(where);
	if (!rc)
		report->record_since = begun(report->record);
	return 0;
}
