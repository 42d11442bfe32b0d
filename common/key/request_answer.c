/* What comes back: the answer, and the notices before it. */
#include "key/request.h"

#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "key/request_field.h"

#define SEAL_MAX (1024 * 1024)	/* bytes */
#define TRAILER_MAX 8192
#define KEY_MAX 8192
#define NOTICE_MAX 512

/* The fields of an answer; docs/PROTOCOL.agent section 4. */
enum tag {
	TAG_CODE = 1,
	TAG_DECLINED,
	TAG_TEXT,
	TAG_HINT,
	TAG_SEAL,
	TAG_LINES,
	TAG_CREATED,
	TAG_SIGNER,
	TAG_FINGERPRINT,
	TAG_HASH,
	TAG_TRAILER,
	TAG_TIME,
	TAG_STAMPED,
	TAG_KEY,
	TAG_AWAY
};

enum notice_tag {
	TAG_NOTICE = 1
};

void tmk_answer_init(struct tmk_answer *answer)
{
	*answer = (struct tmk_answer){ .time = TMK_TIME_NONE };
	tmk_buf_init(&answer->seal, SEAL_MAX);
	tmk_buf_init(&answer->lines, TMK_REQUEST_LINES_MAX);
	tmk_buf_init(&answer->trailer, TRAILER_MAX);
	tmk_buf_init(&answer->key, KEY_MAX);
}

void tmk_answer_release(struct tmk_answer *answer)
{
	tmk_buf_release(&answer->seal);
	tmk_buf_release(&answer->lines);
	tmk_buf_release(&answer->trailer);
	tmk_buf_release(&answer->key);
}

void tmk_answer_fail(struct tmk_answer *answer, const struct tmk_err *err)
{
	const char *text = *err->text ? err->text : "something went wrong";

	answer->code = err->code ? err->code : TMK_INTERNAL;
	tmk_enc_line_into(answer->text, sizeof(answer->text), text,
			  strlen(text));
	tmk_enc_line_into(answer->hint, sizeof(answer->hint), err->hint,
			  strlen(err->hint));
}

void tmk_answer_warn(struct tmk_answer *answer, const char *program,
		     const char *text)
{
	char line[1024], name[128];

	/* What does not fit any more is left out: a warning is no reason to
	 * fail. */
	tmk_enc_line_into(line, sizeof(line), text, strlen(text));
	if (!program)
		program = "touchmark";
	tmk_enc_line_into(name, sizeof(name), program, strlen(program));
	(void)!tmk_buf_printf(&answer->lines, "%s: %s\n", name, line);
}

/* ---- the code ------------------------------------------------------------- */

static const int codes[] = {
	TMK_OK, TMK_REFUSED, TMK_USAGE, TMK_KEY, TMK_INPUT, TMK_NET,
	TMK_INTERNAL
};
#define N_CODES (sizeof(codes) / sizeof(codes[0]))

static bool code_known(int code)
{
	size_t i;

	for (i = 0; i < N_CODES; i++)
		if (codes[i] == code)
			return true;
	return false;
}

/* ---- writing -------------------------------------------------------------- */

/* Texts are made showable here, whoever filled them: the reader refuses a
 * whole answer for one that is not. */
static void put_shown(struct tmk_field_writer *w, int tag, const char *text,
		      size_t size)
{
	char shown[512];

	if (!*text)
		return;
	tmk_enc_line_into(shown, size < sizeof(shown) ? size : sizeof(shown),
			  text, strnlen(text, size - 1));
	tmk_field_text(w, tag, shown, size - 1, "text");
}

static void put_lines(struct tmk_field_writer *w, const struct tmk_buf *lines)
{
	if (!lines->len)
		return;
	if (!tmk_field_showable(lines->data, lines->len, 1)) {
		if (!w->failed)
			w->failed = "list of warnings";
		return;
	}
	tmk_field_bytes(w, TAG_LINES, lines->data, lines->len,
			TMK_REQUEST_LINES_MAX, "list of warnings");
}

int tmk_answer_encode(struct tmk_buf *out, const struct tmk_answer *answer,
		      struct tmk_err *err)
{
	const struct tmk_answer *a = answer;
	struct tmk_field_writer w;
	uint8_t code = (uint8_t)a->code;
	bool done = !a->code && !a->declined;

	if (!code_known(a->code))
		return tmk_err_set(err, TMK_INTERNAL, "an answer with the "
				   "code %d", a->code);
	tmk_field_begin(&w, out, TMK_FRAME_ANSWER);
	tmk_field_bytes(&w, TAG_CODE, &code, 1, 1, "code");
	tmk_field_byte(&w, TAG_DECLINED, a->declined);
	put_shown(&w, TAG_TEXT, a->text, sizeof(a->text));
	put_shown(&w, TAG_HINT, a->hint, sizeof(a->hint));
	/* Nothing that a failure left half made goes out. */
	if (done && a->seal.len)
		tmk_field_bytes(&w, TAG_SEAL, a->seal.data, a->seal.len,
				SEAL_MAX, "signature");
	put_lines(&w, &a->lines);
	if (done) {
		put_shown(&w, TAG_CREATED, a->created, sizeof(a->created));
		put_shown(&w, TAG_SIGNER, a->signer, sizeof(a->signer));
		put_shown(&w, TAG_FINGERPRINT, a->fingerprint,
			  sizeof(a->fingerprint));
		tmk_field_byte(&w, TAG_HASH, (int)a->hash);
		if (a->trailer.len)
			tmk_field_bytes(&w, TAG_TRAILER, a->trailer.data,
					a->trailer.len, TRAILER_MAX,
					"trailer");
		tmk_field_time(&w, TAG_TIME, a->time);
		tmk_field_byte(&w, TAG_STAMPED, a->stamped);
		if (a->key.len)
			tmk_field_bytes(&w, TAG_KEY, a->key.data, a->key.len,
					KEY_MAX, "public key");
	}
	else if (a->code)
		tmk_field_byte(&w, TAG_AWAY, a->away);
	return tmk_field_finish(&w, err);
}

/* ---- reading -------------------------------------------------------------- */

static int nonsense(struct tmk_err *err, const char *what)
{
	return tmk_err_set(err, TMK_INPUT, "the answer %s", what);
}

static int read_buf(struct tmk_buf *to, const struct tmk_field *f,
		    struct tmk_err *err)
{
	if (!f->len)
		return nonsense(err, "has an empty field");
	if (f->len > to->max)
		return nonsense(err, "is too long");
	if (tmk_buf_add(to, f->data, f->len))
		return tmk_err_nomem(err);
	return 0;
}

static int read_number(struct tmk_answer *a, const struct tmk_field *f,
		       struct tmk_err *err)
{
	int n = 0;

	switch (f->tag) {
	case TAG_CODE:
		if (tmk_field_get_byte(&n, f, 0, 255, err))
			return -1;
		if (!code_known(n))
			return nonsense(err, "has an unknown code");
		a->code = n;
		return 0;
	case TAG_HASH:
		if (tmk_field_get_byte(&n, f, TMK_SHA256, TMK_WHOLE, err))
			return -1;
		a->hash = (enum tmk_hash)n;
		return 0;
	case TAG_DECLINED:
	case TAG_STAMPED:
	case TAG_AWAY:
		if (tmk_field_get_byte(&n, f, 1, 1, err))
			return -1;
		*(f->tag == TAG_DECLINED ? &a->declined :
		  f->tag == TAG_AWAY ? &a->away : &a->stamped) = true;
		return 0;
	}
	return nonsense(err, "has a field that is not known");
}

static int read_field(struct tmk_answer *a, const struct tmk_field *f,
		      struct tmk_err *err)
{
	switch (f->tag) {
	case TAG_TEXT:
		return tmk_field_get_shown(a->text, sizeof(a->text), f, err);
	case TAG_HINT:
		return tmk_field_get_shown(a->hint, sizeof(a->hint), f, err);
	case TAG_CREATED:
		return tmk_field_get_shown(a->created, sizeof(a->created), f,
					   err);
	case TAG_SIGNER:
		return tmk_field_get_shown(a->signer, sizeof(a->signer), f,
					   err);
	case TAG_FINGERPRINT:
		return tmk_field_get_shown(a->fingerprint,
					   sizeof(a->fingerprint), f, err);
	case TAG_SEAL:
		return read_buf(&a->seal, f, err);
	case TAG_TRAILER:
		return read_buf(&a->trailer, f, err);
	case TAG_KEY:
		return read_buf(&a->key, f, err);
	case TAG_LINES:
		if (!tmk_field_showable(f->data, f->len, 1))
			return nonsense(err, "has a text that cannot be shown");
		return read_buf(&a->lines, f, err);
	case TAG_TIME:
		return tmk_field_get_time(&a->time, f, err);
	}
	return read_number(a, f, err);
}

/* The bytes are only looked at, but a field is a thing that requests change
 * in place. */
static int read_all(struct tmk_answer *a, uint8_t *body, size_t len,
		    struct tmk_err *err)
{
	struct tmk_field_reader reader;
	struct tmk_field f;
	bool coded = false;
	int rc;

	tmk_field_start(&reader, body, len, 0);
	while (!(rc = tmk_field_next(&f, &reader, err))) {
		if (read_field(a, &f, err))
			return -1;
		coded |= f.tag == TAG_CODE;
	}
	if (rc < 0)
		return -1;
	if (!coded)
		return nonsense(err, "does not say how it went");
	if (a->code && !*a->text)
		return nonsense(err, "does not say why not");
	if (a->away && !a->code)
		return nonsense(err, "says no and yes");
	if ((a->code || a->declined) &&
	    (a->seal.len || a->trailer.len || a->key.len || *a->created || *a->signer ||
	     *a->fingerprint || a->hash || a->time != TMK_TIME_NONE ||
	     a->stamped))
		return nonsense(err, "says no and yes");
	return 0;
}

int tmk_answer_decode(struct tmk_answer *out, const uint8_t *body, size_t len,
		      struct tmk_err *err)
{
	struct tmk_buf copy = TMK_BUF_INIT(TMK_ANSWER_MAX);
	struct tmk_answer a;
	int rc;

	if (tmk_frame_kind(body, len) != TMK_FRAME_ANSWER ||
	    len > TMK_ANSWER_MAX)
		return tmk_err_set(err, TMK_INPUT, "this is no answer");
	if (tmk_buf_add(&copy, body, len))
		return tmk_err_nomem(err);
	tmk_answer_init(&a);
	rc = read_all(&a, copy.data, len, err);
	tmk_buf_release(&copy);
	if (rc) {
		tmk_answer_release(&a);
		return -1;
	}
	tmk_answer_release(out);
	*out = a;
	return 0;
}

/* ---- notices -------------------------------------------------------------- */

int tmk_notice_encode(struct tmk_buf *out, const char *text,
		      struct tmk_err *err)
{
	struct tmk_field_writer w;
	char shown[NOTICE_MAX];

	tmk_enc_line_into(shown, sizeof(shown), text, strlen(text));
	tmk_field_begin(&w, out, TMK_FRAME_NOTICE);
	tmk_field_text(&w, TAG_NOTICE, shown, sizeof(shown) - 1, "notice");
	return tmk_field_finish(&w, err);
}

int tmk_notice_decode(char *text, size_t size, const uint8_t *body, size_t len,
		      struct tmk_err *err)
{
	uint8_t copy[NOTICE_MAX + 16];
	struct tmk_field_reader reader;
	char shown[NOTICE_MAX];
	struct tmk_field f;

	if (tmk_frame_kind(body, len) != TMK_FRAME_NOTICE ||
	    len > sizeof(copy))
		return tmk_err_set(err, TMK_INPUT, "this is no notice");
	memcpy(copy, body, len);
	tmk_field_start(&reader, copy, len, 0);
	if (tmk_field_next(&f, &reader, err) || f.tag != TAG_NOTICE ||
	    reader.left)
		return tmk_err_set(err, TMK_INPUT, "this is no notice");
	if (tmk_field_get_shown(shown, sizeof(shown), &f, err))
		return -1;
	tmk_enc_line_into(text, size, shown, strlen(shown));
	return 0;
}
