/*
 * front_log_use.c - an entry about the use of a key, in words.
 */
#include "plugins/front_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "plugins/front_log_line.h"

#define SHORT_HEX 12		/* digits of a digest that are shown */

static const char *const kinds[] = {
	"intent", "result", "refused", "stamped", "seal", "event", NULL
};

bool tmk_front_log_is_use(const char *kind)
{
	int i;

	for (i = 0; kinds[i]; i++)
		if (!strcmp(kinds[i], kind))
			return true;
	return false;
}

/* One field, `before` it, when there is one. */
static void put(const char *before, const struct tmk_log_line *l,
		enum tmk_log_field field)
{
	const char *text = tmk_log_line_text(l, field);
	char shown[1024];

	if (*text)
		printf("%s%s", before, tmk_enc_line_into(shown, sizeof(shown),
							 text, strlen(text)));
}

/* The first digits of a hash. */
static void put_short(const char *before, const struct tmk_log_line *l,
		      enum tmk_log_field field)
{
	const char *text = tmk_log_line_text(l, field);

	if (!strncmp(text, "sha256:", 7))
		text += 7;
	if (strspn(text, "0123456789abcdef") == strlen(text) && *text)
		printf("%s%.*s", before, SHORT_HEX, text);
}

static void put_time(const char *before, const struct tmk_log_line *l)
{
	int64_t at = tmk_log_line_number(l, TMK_LOG_STAMPED, TMK_TIME_NONE);
	char text[TMK_CLOCK_TEXT];

	if (at != TMK_TIME_NONE)
		printf("%s%s", before, tmk_clock_format(text, at));
}

static void put_number(const char *before, const struct tmk_log_line *l,
		       enum tmk_log_field field)
{
	int64_t n = tmk_log_line_number(l, field, -1);

	if (n >= 0)
		printf("%s%" PRId64, before, n);
}

static void put_use(const struct tmk_log_line *l)
{
	put("  ", l, TMK_LOG_WHAT);
	put("  ", l, TMK_LOG_KEY);
	put("  ", l, TMK_LOG_FORMAT);
	put("  ", l, TMK_LOG_HASH);
	put_short(":", l, TMK_LOG_DIGEST);
	put("  ", l, TMK_LOG_CONTENT);
	put("  ", l, TMK_LOG_ARTEFACT);
	if (*tmk_log_line_text(l, TMK_LOG_REQUESTER))
		put("  for ", l, TMK_LOG_REQUESTER);
	put("  by ", l, TMK_LOG_USER);
}

static void put_result(const struct tmk_log_line *l)
{
	put_number(" of ", l, TMK_LOG_INTENT);
	put("  ", l, TMK_LOG_STATUS);
	put_use(l);
	put_time("  stamped ", l);
	put("  ", l, TMK_LOG_REASON);
}

static void put_refused(const struct tmk_log_line *l)
{
	put_use(l);
	put("  ", l, TMK_LOG_REASON);
	put_number("  refusals left out before it: ", l, TMK_LOG_LEFT_OUT);
}

static void put_event(const struct tmk_log_line *l)
{
	put("  ", l, TMK_LOG_EVENT);
	put("  ", l, TMK_LOG_KEY);
	put_short("  ", l, TMK_LOG_SPKI);
	put("  by ", l, TMK_LOG_USER);
	put("  ", l, TMK_LOG_NOTE);
}

void tmk_front_log_print_use(const struct tmk_chain_line *line,
			     const struct tmk_log_line *l, bool alone)
{
	char when[TMK_CLOCK_TEXT];

	printf("%" PRIu64 "  %s  %s", line->seq,
	       tmk_clock_format(when, line->time), line->kind);
	if (!strcmp(line->kind, "intent")) {
		put_use(l);
		if (alone)
			printf("  no result");
	} else if (!strcmp(line->kind, "result")) {
		put_result(l);
	} else if (!strcmp(line->kind, "refused")) {
		put_refused(l);
	} else if (!strcmp(line->kind, "stamped")) {
		put_short("  signature ", l, TMK_LOG_SEAL);
		put_time("  ", l);
		put("  ", l, TMK_LOG_TSA);
		put("  ", l, TMK_LOG_ARTEFACT);
	} else if (!strcmp(line->kind, "seal")) {
		put_number("  up to ", l, TMK_LOG_COVERS);
		put_time("  ", l);
		put("  ", l, TMK_LOG_TSA);
	} else {
		put_event(l);
	}
	putchar('\n');
}
