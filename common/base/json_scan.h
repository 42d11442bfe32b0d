/*
 * json_scan.h - reading JSON, piece by piece.
 *
 * A strict reader for what we wrote ourselves with common/base/json.h and
 * somebody may have changed: one object, no white space, whole numbers, no
 * name longer than TMK_JSON_KEY_MAX, no text longer than TMK_JSON_TEXT_MAX,
 * bounded depth. And one for what others write: an object or an array of RFC
 * 8259, in UTF-8 without a byte order mark, of bounded depth and texts; no
 * name with a NUL byte in it, no half of a surrogate pair. Input of any length
 * is read in constant memory, since every value is told as it comes. Keeps
 * nothing, knows no field, and does not mind a name that comes twice. Fails
 * with -1 and stays failed. Nothing is allocated.
 */
#ifndef TMK_BASE_JSON_SCAN_H
#define TMK_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TMK_JSON_DEPTH_MAX 8
#define TMK_JSON_KEY_MAX 64	/* bytes of a name, with its NUL */
#define TMK_JSON_TEXT_MAX 32768	/* bytes of a text, with its NUL */
/* The same of what others write. */
#define TMK_JSON_ANY_DEPTH_MAX 32
#define TMK_JSON_ANY_KEY_MAX 512
#define TMK_JSON_ANY_NUMBER_MAX 128	/* bytes of a number */

enum tmk_json_kind {
	TMK_JSON_OBJECT = 1,
	TMK_JSON_ARRAY,
	TMK_JSON_END,		/* of an object or array */
	TMK_JSON_STRING,
	TMK_JSON_NUMBER,
	TMK_JSON_TRUE,
	TMK_JSON_FALSE,
	TMK_JSON_NULL
};

/* One value. Borrowed for the call. */
struct tmk_json_event {
	enum tmk_json_kind kind;
	int depth;		/* 0: the object itself */
	const char *key;	/* "" inside an array and for an end */
	const char *text;	/* of a string, closed by a NUL; else "".
				   What others write: of a number too */
	size_t len;		/* of `text`, which may hold NUL bytes */
	int64_t number;		/* 0 for a fraction, an exponent or more than
				   18 digits, which others may write */
};

/* Negative ends the reading, which then fails. */
typedef int (*tmk_json_visit)(void *ctx, const struct tmk_json_event *e);

struct tmk_json_scan {
	tmk_json_visit visit;
	void *ctx;
	bool any;		/* what others write */
	int state;
	int depth;
	char stack[TMK_JSON_ANY_DEPTH_MAX + 1];	/* '{' or '[' */
	bool in_key;
	bool foreign;		/* the text has bytes that are no ASCII */
	bool negative;
	int digits;		/* of a number, or of \uNNNN */
	uint64_t number;
	unsigned int high;	/* first half of a surrogate pair; 0 */
	const char *word;	/* rest of true, false, null */
	enum tmk_json_kind word_kind;
	size_t len;
	char key[TMK_JSON_ANY_KEY_MAX];
	char text[TMK_JSON_TEXT_MAX];
};

/* Begin with an object. `visit` may be NULL. */
void tmk_json_scan_init(struct tmk_json_scan *scan, tmk_json_visit visit,
			void *ctx);

/* The same for what others write. */
void tmk_json_scan_init_any(struct tmk_json_scan *scan, tmk_json_visit visit,
			    void *ctx);

/* The next bytes. -1 when they are not what is to be read. */
int tmk_json_scan_feed(struct tmk_json_scan *scan, const void *data,
		       size_t len) TMK_MUST_CHECK;

/* After the last byte: 0 when the object (or array) was whole. */
int tmk_json_scan_end(const struct tmk_json_scan *scan) TMK_MUST_CHECK;

#endif
