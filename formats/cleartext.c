#include "formats/cleartext.h"

#include <string.h>

#include "formats/armour.h"
#include "formats/text_byte.h"

#define BEGIN_SIGNATURE "-----BEGIN " TMK_ARMOUR_LABEL_OPENPGP "-----"
#define HASH "Hash: "
#define ESCAPE "- "

void tmk_cleartext_parts_init(struct tmk_cleartext_parts *parts)
{
	tmk_buf_init(&parts->text, TMK_CLEARTEXT_MAX);
	tmk_buf_init(&parts->packets, TMK_SEAL_MAX);
	parts->signatures = 0;
}

void tmk_cleartext_parts_release(struct tmk_cleartext_parts *parts)
{
	tmk_buf_release(&parts->text);
	tmk_buf_release(&parts->packets);
	parts->signatures = 0;
}

bool tmk_cleartext_begins(const uint8_t *head, size_t len)
{
	const size_t n = sizeof(TMK_CLEARTEXT_BEGIN) - 1;

	return len > n && !memcmp(head, TMK_CLEARTEXT_BEGIN, n) &&
		(head[n] == '\n' || head[n] == '\r');
}

/* A place in the file, moved line by line. */
struct lines {
	const uint8_t *at;
	size_t left;
	const uint8_t *line;	/* the last one, without its end */
	size_t len;
	size_t whole;		/* with it */
};

/* The next line that is closed; a text without a newline at its end has none
 * there. */
static bool next_line(struct lines *l)
{
	const uint8_t *newline = l->left ? memchr(l->at, '\n', l->left) : NULL;

	if (!newline)
		return false;
	l->line = l->at;
	l->whole = (size_t)(newline + 1 - l->at);
	l->len = l->whole - 1;
	if (l->len && l->line[l->len - 1] == '\r')
		l->len--;
	l->at += l->whole;
	l->left -= l->whole;
	return true;
}

static bool line_is(const struct lines *l, const char *text)
{
	return l->len == strlen(text) && !memcmp(l->line, text, l->len);
}

static bool begins(const struct lines *l, const char *text)
{
	return l->len >= strlen(text) && !memcmp(l->line, text, strlen(text));
}

/* The first byte that may not be in a text, as its line; 0 when all may. No
 * line may have more than `most` bytes. */
static size_t bad_line(const char **why, const uint8_t *text, size_t len,
		       size_t most)
{
	size_t line = 1, start = 0, i;

	for (i = 0; i < len; i++) {
		uint8_t b = text[i];

		if (b == '\n') {
			line++;
			start = i + 1;
		} else if (i - start >= most) {
			*why = "more bytes than gpg reads";
			return line;
		} else if (b == '\r') {
			*why = "a carriage return that stands alone";
			if (i + 1 == len || text[i + 1] != '\n')
				return line;
		} else {
			*why = tmk_text_byte_bad(text + i, len - i);
			if (*why)
				return line;
		}
	}
	return 0;
}

int tmk_cleartext_check(const uint8_t *text, size_t len, struct tmk_err *err)
{
	const char *why = NULL;
	size_t line;

	if (len > TMK_CLEARTEXT_MAX)
		return tmk_err_set(err, TMK_INPUT, "the text is larger than "
				   "%d bytes", TMK_CLEARTEXT_MAX);
	line = bad_line(&why, text, len, TMK_CLEARTEXT_LINE);
	if (line) {
		tmk_err_set(err, TMK_INPUT, "the text has %s in line %zu", why,
			    line);
		return tmk_err_hint(err, "sign it with a detached signature");
	}
	return 0;
}

static bool malformed(struct tmk_verdict *v, const char *why)
{
	tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED,
			   "the clearsigned text %s", why);
	tmk_verdict_hint(v, "sign the text again");
	return false;
}

/* "Hash: SHA256,SHA512": nothing in it is signed, so nothing but known digests
 * may stand there. */
static bool hash_line(const struct lines *l, struct tmk_verdict *v)
{
	const uint8_t *at = l->line + sizeof(HASH) - 1, *comma;
	const uint8_t *end = l->line + l->len;

	if (!begins(l, HASH))
		return malformed(v, "has a header other than Hash");
	for (;;) {
		comma = at < end ? memchr(at, ',', (size_t)(end - at)) : NULL;
		if (!tmk_packets_hash_known(at, (size_t)((comma ? comma : end) -
							 at)))
			return malformed(v, "names a digest that is not "
					 "known");
		if (!comma)
			return true;
		at = comma + 1;
		if (at < end && *at == ' ')
			at++;
	}
}

/* The BEGIN line, the headers, and the empty line behind them. */
static bool read_head(struct lines *l, struct tmk_verdict *v)
{
	int headers = 0;

	if (!next_line(l) || !line_is(l, TMK_CLEARTEXT_BEGIN))
		return malformed(v, "does not begin with its BEGIN line");
	for (;;) {
		if (!next_line(l))
			return malformed(v, "ends in its headers");
		if (!l->len)
			return true;
		if (++headers > TMK_CLEARTEXT_HEADERS)
			return malformed(v, "has too many headers");
		if (!hash_line(l, v))
			return false;
	}
}

/* The lines up to the armour, unescaped; l->line is its first one then. Returns
 * 0 with `v`, -1 when memory ends. */
static int read_text(struct tmk_buf *text, struct lines *l,
		     struct tmk_verdict *v)
{
	const size_t escape = sizeof(ESCAPE) - 1;

	for (;;) {
		size_t skip = 0;

		if (!next_line(l)) {
			malformed(v, "has no signature behind it");
			return 0;
		}
		if (line_is(l, BEGIN_SIGNATURE))
			return 0;
		if (begins(l, ESCAPE)) {
			skip = escape;
		} else if (l->len && l->line[0] == '-') {
			malformed(v, "has a line that begins with a dash and "
				  "is not escaped");
			return 0;
		}
		if (tmk_buf_add(text, l->line + skip, l->whole - skip))
			return -1;
	}
}

/* The armour in lines that end in LF. */
static int plain_lines(struct tmk_buf *out, const uint8_t *data, size_t len)
{
	struct lines l = { data, len, NULL, 0, 0 };

	if (!tmk_buf_reserve(out, len))
		return -1;
	while (next_line(&l))
		if (tmk_buf_add(out, l.line, l.len) || tmk_buf_addch(out, '\n'))
			return -1;
	return tmk_buf_add(out, l.at, l.left);
}

static int read_signatures(struct tmk_cleartext_parts *parts,
			   const uint8_t *data, size_t len,
			   struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_buf armour = TMK_BUF_INIT(2 * TMK_SEAL_MAX);
	enum tmk_seal_format format;
	const char *why = NULL;
	int rc = 0;

	if (len > armour.max) {
		tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "the signatures are "
				   "larger than %d bytes", TMK_SEAL_MAX);
		return 0;
	}
	if (plain_lines(&armour, data, len)) {
		rc = tmk_err_nomem(err);
		goto out;
	}
	/* The armour's own reader lets one empty line pass behind END. */
	if (armour.len > 1 && armour.data[armour.len - 2] == '\n') {
		malformed(v, "is followed by more text");
		goto out;
	}
	rc = tmk_armour_read(&parts->packets, &format, armour.data, armour.len,
			     v, err);
	if (rc || v->reason != TMK_GOOD)
		goto out;
	parts->signatures = tmk_packets_split(parts->signature,
					      TMK_PACKAGE_SEALS,
					      parts->packets.data,
					      parts->packets.len, &why);
	if (!parts->signatures)
		tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
				   "the signature %s", why);
out:
	tmk_buf_release(&armour);
	return rc;
}

int tmk_cleartext_parse(struct tmk_cleartext_parts *parts, const uint8_t *data,
			size_t len, struct tmk_verdict *v, struct tmk_err *err)
{
	struct lines l = { data, len, NULL, 0, 0 };
	const char *why = NULL;
	size_t line;

	if (len > TMK_CLEARTEXT_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "the "
			"clearsigned text is larger than %d bytes",
			TMK_CLEARTEXT_MAX);
	line = bad_line(&why, data, len, len);
	if (line)
		return tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED, "the "
			"clearsigned text has %s in line %zu", why, line);
	if (!read_head(&l, v))
		return 0;
	if (!tmk_buf_reserve(&parts->text, len) ||
	    read_text(&parts->text, &l, v))
		return tmk_err_nomem(err);
	if (v->reason != TMK_GOOD)
		return 0;
	return read_signatures(parts, l.line, l.whole + l.left, v, err);
}

/* The digests of the signatures, each once, as "Hash:" has them. */
static int write_hashes(struct tmk_buf *out, const struct tmk_packet *packet,
			int packets)
{
	const char *separator = HASH;
	int i, j;

	for (i = 0; i < packets; i++) {
		const char *name = tmk_packets_hash_name(packet[i].hash);

		for (j = 0; j < i; j++)
			if (packet[j].hash == packet[i].hash)
				name = NULL;
		if (!name)
			continue;
		if (tmk_buf_addstr(out, separator) || tmk_buf_addstr(out, name))
			return -1;
		separator = ",";
	}
	return *separator == ',' ? tmk_buf_addch(out, '\n') : 0;
}

/* The text with what begins with a dash escaped, its last line closed. */
static int write_text(struct tmk_buf *out, const uint8_t *text, size_t len)
{
	struct lines l = { text, len, NULL, 0, 0 };

	while (next_line(&l)) {
		if (l.line[0] == '-' && tmk_buf_addstr(out, ESCAPE))
			return -1;
		if (tmk_buf_add(out, l.line, l.whole))
			return -1;
	}
	if (!l.left)
		return 0;
	if (l.at[0] == '-' && tmk_buf_addstr(out, ESCAPE))
		return -1;
	if (tmk_buf_add(out, l.at, l.left))
		return -1;
	return tmk_buf_addch(out, '\n');
}

int tmk_cleartext_write(struct tmk_buf *out, const uint8_t *text, size_t len,
			const uint8_t *packets, size_t packets_len,
			struct tmk_err *err)
{
	struct tmk_packet packet[TMK_PACKAGE_SEALS];
	size_t before = out->len;
	const char *why = NULL;
	int n;

	if (tmk_cleartext_check(text, len, err))
		return -1;
	n = tmk_packets_split(packet, TMK_PACKAGE_SEALS, packets, packets_len,
			      &why);
	if (!n)
		return tmk_err_set(err, TMK_INTERNAL, "the signature %s", why);
	if (tmk_buf_addstr(out, TMK_CLEARTEXT_BEGIN "\n") ||
	    write_hashes(out, packet, n) || tmk_buf_addch(out, '\n') ||
	    write_text(out, text, len)) {
		out->len = before;
		return tmk_err_set(err, TMK_INTERNAL, "no room for a "
				   "clearsigned text of %zu bytes", len);
	}
	if (tmk_armour_write(out, TMK_ARMOUR_LABEL_OPENPGP, packets,
			     packets_len, err)) {
		out->len = before;
		return -1;
	}
	return 0;
}
