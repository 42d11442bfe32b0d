#include "iface/verdict.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/enc.h"

static const char *const ids[TMK_REASON_COUNT] = {
	[TMK_GOOD] = "good",
#define REASON_ID(c, id, hint) [TMK_##c] = id,
	TMK_REASONS(REASON_ID)
#undef REASON_ID
};

static const char *const hints[TMK_REASON_COUNT] = {
	[TMK_GOOD] = "",
#define REASON_HINT(c, id, hint) [TMK_##c] = hint,
	TMK_REASONS(REASON_HINT)
#undef REASON_HINT
};

/* A number that is no reason can only come from a broken caller: it must not
 * read as good. */
static enum tmk_reason known(enum tmk_reason reason)
{
	return (unsigned int)reason < TMK_REASON_COUNT ? reason :
		TMK_INTERNAL_ERROR;
}

const char *tmk_reason_id(enum tmk_reason reason)
{
	return ids[known(reason)];
}

const char *tmk_reason_hint(enum tmk_reason reason)
{
	return hints[known(reason)];
}

int tmk_verdict_refuse(struct tmk_verdict *v, enum tmk_reason reason,
		       const char *fmt, ...)
{
	va_list ap;

	/* Refusing with "good" would let something in. */
	if (reason == TMK_GOOD)
		reason = TMK_INTERNAL_ERROR;
	v->reason = known(reason);
	va_start(ap, fmt);
	tmk_enc_line_format(v->text, sizeof(v->text), fmt, ap);
	va_end(ap);
	snprintf(v->hint, sizeof(v->hint), "%s", tmk_reason_hint(v->reason));
	return 0;
}

int tmk_verdict_hint(struct tmk_verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tmk_enc_line_format(v->hint, sizeof(v->hint), fmt, ap);
	va_end(ap);
	return 0;
}
