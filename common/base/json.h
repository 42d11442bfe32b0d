/*
 * json.h - writing JSON, one object or array at a time, into a buffer.
 *
 * Only a writer: nothing here reads JSON. Strings are escaped as RFC 8259
 * section 7 asks; bytes that are no UTF-8 become U+FFFD. Failures stick: the
 * caller checks tmk_json_finish once.
 */
#ifndef TMK_BASE_JSON_H
#define TMK_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct tmk_json {
	struct tmk_buf *out;	/* borrowed */
	bool comma;		/* a value was written at this level */
	bool failed;
};

/* Begin writing to `out`. */
void tmk_json_init(struct tmk_json *j, struct tmk_buf *out);

/* `key` is NULL inside an array. */
void tmk_json_open_object(struct tmk_json *j, const char *key);
void tmk_json_close_object(struct tmk_json *j);
void tmk_json_open_array(struct tmk_json *j, const char *key);
void tmk_json_close_array(struct tmk_json *j);
void tmk_json_string(struct tmk_json *j, const char *key, const char *value);
void tmk_json_string_n(struct tmk_json *j, const char *key, const char *value,
		       size_t len);
void tmk_json_int(struct tmk_json *j, const char *key, int64_t value);
void tmk_json_bool(struct tmk_json *j, const char *key, bool value);
void tmk_json_null(struct tmk_json *j, const char *key);

/* Close the line. Returns 0, or -1 if anything did not fit. */
int tmk_json_finish(struct tmk_json *j) TMK_MUST_CHECK;

#endif
