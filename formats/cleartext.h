/*
 * cleartext.h - text that is signed: its canonical form, and the cleartext
 * framework that carries text and signatures in one file (RFC 9580 sections
 * 5.2.1.2 and 7).
 *
 * What is signed is never the text as it stands but its canonical form: lines
 * that end in CRLF, in the framework also without the blanks at their ends.
 * Programs differ about a carriage return that stands alone, so text with one
 * has no canonical form here. Knows no keys, no trust and no digest;
 * signatures are packets whose frames alone it looks at (formats/packets.h).
 * Refusals are object-malformed and limit-exceeded; buffers belong to the
 * caller.
 */
#ifndef TMK_FORMATS_CLEARTEXT_H
#define TMK_FORMATS_CLEARTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "formats/packets.h"
#include "iface/package.h"
#include "iface/verdict.h"

#define TMK_CLEARTEXT_MAX (64 * 1024 * 1024)	/* bytes of a whole file */
#define TMK_CLEARTEXT_LINE 19990	/* bytes of a line that we write:
					   gpg reads no longer ones */
#define TMK_CLEARTEXT_BLANKS 4096	/* that follow one another */
#define TMK_CLEARTEXT_HEADERS 8		/* "Hash:" lines */

#define TMK_CLEARTEXT_BEGIN "-----BEGIN PGP SIGNED MESSAGE-----"

/* Which canonical form. */
enum tmk_cleartext_form {
	/* Line ends become CRLF, everything else stays: a detached signature
	 * of type 0x01 (RFC 9580 5.2.1.2). */
	TMK_CLEARTEXT_LINES = 1,
	/* As well no blanks (space, tab) at the end of a line, and no end of
	 * the last line: within the framework (RFC 9580 7.2). */
	TMK_CLEARTEXT_FRAMED
};

/* Makes the canonical form piece by piece. On the stack; nothing to free. */
struct tmk_cleartext {
	enum tmk_cleartext_form form;
	tmk_package_sink *sink;	/* gets the canonical bytes */
	void *to;
	bool cr;		/* the last byte was CR */
	bool line;		/* a line end waits for what follows it */
	size_t held;		/* blanks that wait for what follows them */
	uint8_t blank[TMK_CLEARTEXT_BLANKS];
};

/* Start with nothing fed; `to` is handed to `sink` and borrowed. */
void tmk_cleartext_init(struct tmk_cleartext *c, enum tmk_cleartext_form form,
			tmk_package_sink *sink, void *to);

/* The next piece of the text; where it is cut makes no difference. Fails with
 * TMK_INPUT for a carriage return without a newline and for more than
 * TMK_CLEARTEXT_BLANKS blanks in a row, else as the sink does. */
int tmk_cleartext_feed(struct tmk_cleartext *c, const uint8_t *data,
		       size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* There is no more. Fails as tmk_cleartext_feed. */
int tmk_cleartext_end(struct tmk_cleartext *c, struct tmk_err *err)
	TMK_MUST_CHECK;

/* All of it for a text in memory. */
int tmk_cleartext_canonical(enum tmk_cleartext_form form, const uint8_t *text,
			    size_t len, tmk_package_sink *sink, void *to,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* A tmk_package_sink that appends to the struct tmk_buf `to`. */
int tmk_cleartext_to_buf(void *to, const uint8_t *data, size_t len,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* One clearsigned file, taken apart. */
struct tmk_cleartext_parts {
	struct tmk_buf text;	/* without escapes, else as it stands, its last
				   line end included. Blanks at the ends of
				   lines and the form of the line ends are in
				   it, but nobody signed them */
	struct tmk_buf packets;	/* the signatures, one behind the other */
	struct tmk_packet signature[TMK_PACKAGE_SEALS];	/* in `packets` */
	int signatures;		/* at least 1 */
};

/* Start with nothing inside. */
void tmk_cleartext_parts_init(struct tmk_cleartext_parts *parts);
/* Free what is inside. */
void tmk_cleartext_parts_release(struct tmk_cleartext_parts *parts);

/* Whether the file begins as a clearsigned one. */
bool tmk_cleartext_begins(const uint8_t *head, size_t len);

/*
 * Take a clearsigned file apart: the BEGIN line, "Hash:" lines with digests
 * that are known, an empty line, text whose lines are escaped when they begin
 * with a dash, one armour of signatures, and the end of the file. Lines end in
 * LF or CRLF. No other control byte but the tab. `parts` was initialised and
 * is released by the caller whatever happened. 0 with `v` good; 0 with the
 * refusal in `v`; -1 when memory ends.
 */
int tmk_cleartext_parse(struct tmk_cleartext_parts *parts, const uint8_t *data,
			size_t len, struct tmk_verdict *v,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Whether a text can be clearsigned: no control bytes but tab and line ends, no
 * carriage return that stands alone, no line longer than TMK_CLEARTEXT_LINE,
 * not too large. Fails with TMK_INPUT and the number of the line. */
int tmk_cleartext_check(const uint8_t *text, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * Append the clearsigned form of `text` with the signatures in `packets` (RFC
 * 9580 section 7): every byte of the text but the escapes, and a line end where
 * the last line has none. "Hash:" names the digests of the signatures. Fails
 * with TMK_INPUT as tmk_cleartext_check, with TMK_INTERNAL for packets that are
 * no signatures.
 */
int tmk_cleartext_write(struct tmk_buf *out, const uint8_t *text, size_t len,
			const uint8_t *packets, size_t packets_len,
			struct tmk_err *err) TMK_MUST_CHECK;

#endif
