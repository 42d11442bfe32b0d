#include "plugins/front_log_line.h"

#include <stdlib.h>
#include <string.h>

#define SPACE (8 * TMK_JSON_TEXT_MAX)	/* for all texts of a line */

struct tmk_log_line {
	unsigned int seen;	/* a bit for each field */
	size_t len;		/* of `space` */
	size_t at[TMK_LOG_TEXTS];
	int64_t number[TMK_LOG_FIELDS - TMK_LOG_TEXTS];
	char space[SPACE];
};

static const char *const names[TMK_LOG_FIELDS] = {
	[TMK_LOG_WHAT] = "what", [TMK_LOG_REQUESTER] = "requester",
	[TMK_LOG_USER] = "user", [TMK_LOG_KEY] = "key",
	[TMK_LOG_SPKI] = "spki", [TMK_LOG_PLACE] = "place",
	[TMK_LOG_FORMAT] = "format", [TMK_LOG_HASH] = "hash",
	[TMK_LOG_DIGEST] = "digest", [TMK_LOG_ARTEFACT] = "artefact",
	[TMK_LOG_CONTENT] = "content", [TMK_LOG_STATUS] = "status",
	[TMK_LOG_REASON] = "reason", [TMK_LOG_SEAL] = "seal",
	[TMK_LOG_EVENT] = "event", [TMK_LOG_NOTE] = "note",
	[TMK_LOG_TSA] = "tsa", [TMK_LOG_TOKEN] = "token",
	[TMK_LOG_SHA256] = "sha256", [TMK_LOG_INTENT] = "intent",
	[TMK_LOG_COVERS] = "covers", [TMK_LOG_STAMPED] = "stampedEpoch",
	[TMK_LOG_UID] = "uid", [TMK_LOG_LEFT_OUT] = "leftOut",
};

int tmk_log_line_new(struct tmk_log_line **out, struct tmk_err *err)
{
	*out = malloc(sizeof(**out));
	if (!*out)
		return tmk_err_nomem(err);
	tmk_log_line_begin(*out);
	return 0;
}

void tmk_log_line_begin(struct tmk_log_line *line)
{
	line->seen = 0;
	line->len = 0;
}

void tmk_log_line_keep(struct tmk_log_line *line,
		       const struct tmk_json_event *e)
{
	int i, from = 0, to = TMK_LOG_TEXTS;

	if (e->depth != 1 || (e->kind != TMK_JSON_STRING &&
			      e->kind != TMK_JSON_NUMBER))
		return;
	if (e->kind == TMK_JSON_NUMBER) {
		from = TMK_LOG_TEXTS;
		to = TMK_LOG_FIELDS;
	}
	for (i = from; i < to && strcmp(names[i], e->key); i++)
		;
	/* The first one of a name counts. */
	if (i == to || line->seen & 1u << i)
		return;
	if (e->kind == TMK_JSON_NUMBER) {
		line->number[i - TMK_LOG_TEXTS] = e->number;
	} else {
		if (e->len >= SPACE - line->len ||
		    memchr(e->text, '\0', e->len))
			return;
		line->at[i] = line->len;
		memcpy(line->space + line->len, e->text, e->len + 1);
		line->len += e->len + 1;
	}
	line->seen |= 1u << i;
}

const char *tmk_log_line_text(const struct tmk_log_line *line,
			      enum tmk_log_field field)
{
	return field < TMK_LOG_TEXTS && line->seen & 1u << field ?
		line->space + line->at[field] : "";
}

int64_t tmk_log_line_number(const struct tmk_log_line *line,
			    enum tmk_log_field field, int64_t none)
{
	return field >= TMK_LOG_TEXTS && line->seen & 1u << field ?
		line->number[field - TMK_LOG_TEXTS] : none;
}
