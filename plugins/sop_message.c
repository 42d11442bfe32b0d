/* Inline-signed messages: signatures around the content (RFC 9580 10.3). */
#include "plugins/sop.h"

#include <string.h>

#include "formats/packets.h"
#include "seal/openpgp_packet.h"
#include "seal/openpgp_sig.h"

enum { COMPRESSED = 8, LITERAL = 11, ONE_PASS = 4 };

#define NESTED_LAST 1	/* no one-pass packet follows */

void tmk_sop_message_init(struct tmk_sop_message *message)
{
	memset(message, 0, sizeof(*message));
	tmk_buf_init(&message->data, TMK_SOP_DATA_MAX);
	tmk_buf_init(&message->seals, TMK_SOP_SEALS_MAX);
}

void tmk_sop_message_release(struct tmk_sop_message *message)
{
	tmk_buf_release(&message->data);
	tmk_buf_release(&message->seals);
}

static int bad(struct tmk_err *err, const char *what)
{
	return tmk_err_set(err, TMK_SOP_BAD_DATA, "the message %s", what);
}

/* ---- a clearsigned text ---------------------------------------------------- */

/* The text as it was signed, its lines ended by LF: what nobody signed, the
 * blanks at their ends, is left out. */
static int clean_text(struct tmk_buf *out, const struct tmk_buf *text,
		      struct tmk_err *err)
{
	struct tmk_buf canonical = TMK_BUF_INIT(TMK_SOP_ARMOUR_MAX);
	size_t i, start = 0;
	int rc;

	rc = tmk_cleartext_canonical(TMK_CLEARTEXT_FRAMED, text->data,
				     text->len, tmk_cleartext_to_buf,
				     &canonical, err);
	for (i = 0; !rc && i < canonical.len; i++) {
		if (canonical.data[i] != '\r')
			continue;
		rc = tmk_buf_add(out, canonical.data + start, i - start);
		start = i + 1;
	}
	if (!rc && start < canonical.len)
		rc = tmk_buf_add(out, canonical.data + start,
				 canonical.len - start);
	if (!rc && text->len)
		rc = tmk_buf_addch(out, '\n');
	tmk_buf_release(&canonical);
	return rc ? tmk_sop_turn(err, TMK_SOP_BAD_DATA) : 0;
}

static int parse_clear(struct tmk_sop_message *m, const uint8_t *data,
		       size_t len, struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_cleartext_parts parts;
	int rc;

	tmk_cleartext_parts_init(&parts);
	rc = tmk_cleartext_parse(&parts, data, len, &v, err);
	if (!rc && v.reason != TMK_GOOD)
		rc = tmk_err_set(err, TMK_SOP_BAD_DATA, "%s", v.text);
	if (!rc)
		rc = clean_text(&m->data, &parts.text, err);
	if (!rc && tmk_buf_add(&m->seals, parts.packets.data,
			       parts.packets.len))
		rc = bad(err, "has too large signatures");
	m->form = TMK_CLEARTEXT_FRAMED;
	m->framed = true;
	tmk_cleartext_parts_release(&parts);
	return rc ? tmk_sop_turn(err, TMK_SOP_BAD_DATA) : 0;
}

/* ---- packets --------------------------------------------------------------- */

/* The length behind a header of the new form (section 4.2.1); *more when it
 * is that of a part only. */
static bool new_length(size_t *len, bool *more, struct tmk_openpgp_cursor *c)
{
	uint32_t first, rest;

	*more = false;
	if (!tmk_openpgp_number(&first, c, 1))
		return false;
	if (first < 192) {
		*len = first;
		return true;
	}
	if (first < 224) {
		if (!tmk_openpgp_number(&rest, c, 1))
			return false;
		*len = ((size_t)first - 192) * 256 + rest + 192;
		return true;
	}
	if (first == 255) {
		if (!tmk_openpgp_number(&rest, c, 4))
			return false;
		*len = rest;
		return true;
	}
	*more = true;
	*len = (size_t)1 << (first & 31);
	return true;
}

/* A literal packet may come in parts, as who streams writes it: its body is
 * put together. `c` stands behind the first byte, `tag`. */
static bool literal_body(struct tmk_buf *body, struct tmk_openpgp_cursor *c,
			 uint8_t tag)
{
	static const size_t old_size[] = { 1, 2, 4 };
	const uint8_t *part;
	bool more = false;
	uint32_t number;
	size_t len;

	do {
		if (tag & 0x40) {
			if (!new_length(&len, &more, c))
				return false;
		} else if ((tag & 3) < 3) {
			if (!tmk_openpgp_number(&number, c,
						old_size[tag & 3]))
				return false;
			len = number;
		} else {
			len = c->left;	/* to the end: nothing follows */
		}
		part = tmk_openpgp_take(c, len);
		if (!part || tmk_buf_add(body, part, len))
			return false;
	} while (more);
	return true;
}

/* Format, a name, a time, and the content (section 5.9). The first three are
 * signed by nobody and are not told. */
static bool literal_content(struct tmk_buf *out, const struct tmk_buf *body)
{
	struct tmk_openpgp_cursor c = { body->data, body->len };
	uint32_t format, name, when;

	if (!tmk_openpgp_number(&format, &c, 1) ||
	    !strchr("btu", (int)format) || !format ||
	    !tmk_openpgp_number(&name, &c, 1) ||
	    !tmk_openpgp_take(&c, name) || !tmk_openpgp_number(&when, &c, 4))
		return false;
	return !tmk_buf_add(out, c.at, c.left);
}

struct counts {
	int one_pass, before, behind, literals;
	bool last;		/* the innermost one-pass packet was there */
};

static int take_literal(struct tmk_sop_message *m, struct counts *n,
			struct tmk_openpgp_cursor *c, struct tmk_err *err)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_SOP_DATA_MAX);
	uint8_t tag = *tmk_openpgp_take(c, 1);
	bool good = !n->literals++ && literal_body(&body, c, tag) &&
		literal_content(&m->data, &body);

	tmk_buf_release(&body);
	return good ? 0 : bad(err, "has a content that is malformed, too "
			      "large or not the only one");
}

/* A packet that is not the content. */
static int take_other(struct tmk_sop_message *m, struct counts *n,
		      const struct tmk_openpgp_packet *p, const uint8_t *start,
		      size_t len, struct tmk_err *err)
{
	switch (p->tag) {
	case ONE_PASS:
		/* One around signatures would sign them too: not read. */
		if (n->literals || n->before || n->last || !p->len ||
		    n->one_pass++ == TMK_PACKAGE_SEALS)
			return bad(err, "has one-pass packets out of order");
		n->last = p->body[p->len - 1] == NESTED_LAST;
		return 0;
	case TMK_OPENPGP_SIGNATURE:
		*(n->literals ? &n->behind : &n->before) += 1;
		if (tmk_buf_add(&m->seals, start, len))
			return bad(err, "has too large signatures");
		return 0;
	case TMK_OPENPGP_MARKER:
		return 0;
	case COMPRESSED:
		bad(err, "is compressed");
		return tmk_err_hint(err, "sign without compression: "
				    "gpg --compress-algo none");
	default:
		return bad(err, "holds a packet that is no part of a signed "
			   "one");
	}
}

static int parse_packets(struct tmk_sop_message *m, const uint8_t *data,
			 size_t len, struct tmk_err *err)
{
	struct tmk_openpgp_cursor c = { data, len };
	struct tmk_openpgp_packet packet;
	struct counts n = { 0 };
	const uint8_t *start;

	while (c.left) {
		int tag = *c.at & 0x40 ? *c.at & 0x3f : *c.at >> 2 & 0x0f;

		start = c.at;
		if (!(*c.at & 0x80))
			return bad(err, "is no OpenPGP");
		if (tag == LITERAL) {
			if (take_literal(m, &n, &c, err))
				return -1;
			continue;
		}
		if (!tmk_openpgp_packet_next(&packet, &c))
			return bad(err, "has a packet that is cut off");
		if (take_other(m, &n, &packet, start, (size_t)(c.at - start),
			       err))
			return -1;
	}
	if (!n.literals || n.one_pass != n.behind ||
	    (n.one_pass && (!n.last || n.before)))
		return bad(err, "is not signed in a form that is read here");
	return 0;
}

int tmk_sop_message_parse(struct tmk_sop_message *message,
			  const uint8_t *data, size_t len,
			  struct tmk_err *err)
{
	struct tmk_buf packets = TMK_BUF_INIT(TMK_SOP_ARMOUR_MAX);
	int rc;

	if (tmk_cleartext_begins(data, len))
		return parse_clear(message, data, len, err);
	message->form = TMK_CLEARTEXT_LINES;
	rc = tmk_sop_dearmour(&packets, data, len, TMK_SOP_LABEL_MESSAGE,
			      "standard input", err);
	if (!rc)
		rc = parse_packets(message, packets.data, packets.len, err);
	tmk_buf_release(&packets);
	return rc;
}

/* ---- writing --------------------------------------------------------------- */

/* What a one-pass packet says before the content is what the signature says
 * behind it (section 5.4). */
static int put_one_pass(struct tmk_buf *out, const struct tmk_packet *seal,
			bool last)
{
	struct tmk_openpgp_cursor c = { seal->data, seal->len };
	struct tmk_openpgp_packet packet;
	struct tmk_openpgp_sig sig;
	const char *why = NULL;
	uint8_t body[13] = { 3 };

	if (!tmk_openpgp_packet_next(&packet, &c) ||
	    !tmk_openpgp_sig_read(&sig, packet.body, packet.len, &why))
		return -1;
	body[1] = (uint8_t)sig.type;
	body[2] = (uint8_t)sig.hash;
	body[3] = (uint8_t)sig.algorithm;
	memcpy(body + 4, sig.has_id ? sig.id :
	       sig.fpr + TMK_OPENPGP_FPR - sizeof(sig.id), sizeof(sig.id));
	body[12] = last ? NESTED_LAST : 0;
	return tmk_openpgp_put_packet(out, ONE_PASS, body, sizeof(body));
}

static int put_literal(struct tmk_buf *out, const uint8_t *data, size_t len)
{
	static const uint8_t head[] = { 'b', 0, 0, 0, 0, 0 };

	if (tmk_buf_addch(out, 0xc0 | LITERAL) || tmk_buf_addch(out, 255) ||
	    tmk_openpgp_put_number(out, (uint32_t)(len + sizeof(head)), 4) ||
	    tmk_buf_add(out, head, sizeof(head)))
		return -1;
	return tmk_buf_add(out, data, len);
}

int tmk_sop_message_write(struct tmk_buf *out, const uint8_t *data, size_t len,
			  const uint8_t *seals, size_t seals_len,
			  struct tmk_err *err)
{
	struct tmk_packet seal[TMK_PACKAGE_SEALS];
	const char *why = "";
	int n, i, rc = 0;

	n = tmk_packets_split(seal, TMK_PACKAGE_SEALS, seals, seals_len,
			      &why);
	if (!n)
		return tmk_err_set(err, TMK_SOP_FAILED, "the signature %s",
				   why);
	/* The one that stands first closes last. */
	for (i = 0; !rc && i < n; i++)
		rc = put_one_pass(out, &seal[i], i == n - 1);
	if (!rc)
		rc = put_literal(out, data, len);
	for (i = n - 1; !rc && i >= 0; i--)
		rc = tmk_buf_add(out, seal[i].data, seal[i].len);
	return rc ? tmk_err_set(err, TMK_SOP_FAILED, "the message is too "
				"large") : 0;
}
