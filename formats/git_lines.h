/*
 * git_lines.h - the header lines of a git object, one after the other, and
 * the small things that stand in them. For the parsers of git_object.h only.
 *
 * A reader borrows the object's bytes and never copies. Refusals are
 * object-malformed or limit-exceeded; functions that may refuse return false.
 */
#ifndef TMK_FORMATS_GIT_LINES_H
#define TMK_FORMATS_GIT_LINES_H

#include "formats/git_object.h"

struct tmk_git_lines {
	const char *what;	/* "commit" or "tag", for messages */
	const uint8_t *data;
	size_t len;
	size_t at;		/* where the current line begins */
	struct tmk_span line;	/* the current line without its newline */
	struct tmk_verdict *v;
};

/* Begin; refuses an object with a NUL byte anywhere. The first line becomes
 * the current one. */
bool tmk_git_lines_init(struct tmk_git_lines *in, const char *what,
			const uint8_t *data, size_t len,
			struct tmk_verdict *v) TMK_MUST_CHECK;

/* Go to the next line; refuses when the headers end without an empty line. */
bool tmk_git_lines_next(struct tmk_git_lines *in) TMK_MUST_CHECK;

/* Refuse with `reason`: "the WHAT ...". */
void tmk_git_lines_say(struct tmk_git_lines *in, enum tmk_reason reason,
		       const char *fmt, ...) TMK_PRINTF(3, 4);

/* The same, as the false that the caller returns: object-malformed, and
 * limit-exceeded. */
#define tmk_git_lines_refuse(in, ...) \
	(tmk_git_lines_say((in), TMK_OBJECT_MALFORMED, __VA_ARGS__), false)
#define tmk_git_lines_limit(in, ...) \
	(tmk_git_lines_say((in), TMK_LIMIT_EXCEEDED, __VA_ARGS__), false)

/* Whether the current line is "NAME value"; *value gets what follows the
 * space. */
bool tmk_git_lines_is(const struct tmk_git_lines *in, const char *name,
		      struct tmk_span *value);

/* Demand "NAME value" here, without control characters, within
 * TMK_GIT_LINE_MAX, and go to the next line, which may not fold this one. */
bool tmk_git_lines_take(struct tmk_git_lines *in, const char *name,
			struct tmk_span *value) TMK_MUST_CHECK;

/* Demand "NAME id": lower-case hex of *hex digits; when *hex is 0, of either
 * length, which *hex gets. */
bool tmk_git_lines_take_id(struct tmk_git_lines *in, const char *name,
			   size_t *hex, struct tmk_span *id) TMK_MUST_CHECK;

/* Demand "NAME ident" (git_ident.c). */
bool tmk_git_lines_take_ident(struct tmk_git_lines *in, const char *name,
			      struct tmk_git_ident *out) TMK_MUST_CHECK;

/* Whether the bytes hold a control character: C0, DEL, or, in well-formed
 * UTF-8, C1. */
bool tmk_git_lines_has_control(struct tmk_span span);

/* Read one ident: on failure *why gets what is wrong (a static string). Times
 * over 2^53 and zones past 14 hours are refused: readers differ on them. */
bool tmk_git_ident_read(struct tmk_git_ident *out, struct tmk_span text,
			const char **why) TMK_MUST_CHECK;

#endif
