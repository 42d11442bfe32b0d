/* OpenPGP's text form under any label, and the subcommands about it. */
#include "plugins/sop.h"

#include <stdio.h>
#include <string.h>

#include "base/opt.h"
#include "base/radix64.h"
#include "formats/armour.h"
#include "iface/seal.h"
#include "seal/openpgp_packet.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

extern const struct tmk_seal_ops tmk_seal_openpgp;

static const char *const labels[] = {
	TMK_ARMOUR_LABEL_OPENPGP, TMK_ARMOUR_LABEL_KEY,
	TMK_SOP_LABEL_MESSAGE, NULL
};

static int bad(struct tmk_err *err, const char *name, const char *what)
{
	return tmk_err_set(err, TMK_SOP_BAD_DATA, "%s: %s", name, what);
}

/* Whether `text` goes on with "HEAD LABEL-----"; the bytes of that. */
static size_t marker(const uint8_t *text, size_t len, const char *head,
		     const char *label)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%s%s" DASHES, head, label);

	return (size_t)n <= len && !memcmp(text, line, (size_t)n) ?
		(size_t)n : 0;
}

static const char *begins(const uint8_t *text, size_t len)
{
	int i;

	for (i = 0; labels[i]; i++)
		if (marker(text, len, BEGIN, labels[i]))
			return labels[i];
	return NULL;
}

/* One armour at `text`; how many bytes it takes, 0 with the error. */
static size_t one(struct tmk_buf *out, const uint8_t *text, size_t len,
		  const char *label, const char *name, struct tmk_err *err)
{
	size_t head = marker(text, len, BEGIN, label), tail, body;
	const uint8_t *end;
	const char *why = NULL;

	if (head == len || text[head] != '\n') {
		bad(err, name, "the armour's first line does not end there");
		return 0;
	}
	head++;
	end = memmem(text + head, len - head, "\n" END,
		     strlen("\n" END));
	if (!end) {
		bad(err, name, "the armour has no END");
		return 0;
	}
	body = (size_t)(end + 1 - text) - head;
	tail = marker(end + 1, len - head - body, END, label);
	if (!tail || (head + body + tail < len &&
		      text[head + body + tail] != '\n')) {
		bad(err, name, "the armour's last line is not its own");
		return 0;
	}
	if (tmk_radix64_decode(out, text + head, body, &why)) {
		if (why)
			tmk_err_set(err, TMK_SOP_BAD_DATA,
				    "%s: the armour %s", name, why);
		else
			bad(err, name, "it is too large");
		return 0;
	}
	return head + body + tail;
}

/* One armour behind the other. */
static int several(struct tmk_buf *out, const uint8_t *data, size_t len,
		   const char *label, const char *name, struct tmk_err *err)
{
	const char *found;
	size_t n;

	while (len) {
		if (*data == '\n') {
			data++;
			len--;
			continue;
		}
		found = begins(data, len);
		if (!found || (label && strcmp(found, label)))
			return bad(err, name, "it is not the OpenPGP that "
				   "was expected");
		n = one(out, data, len, found, name, err);
		if (!n)
			return -1;
		data += n;
		len -= n;
	}
	return out->len ? 0 : bad(err, name, "it is empty");
}

int tmk_sop_dearmour(struct tmk_buf *out, const uint8_t *data, size_t len,
		     const char *label, const char *name, struct tmk_err *err)
{
	if (!len)
		return bad(err, name, "it is empty");
	if (data[0] & 0x80)
		return tmk_buf_add(out, data, len) ?
			bad(err, name, "it is too large") : 0;
	if (!several(out, data, len, label, name, err))
		return 0;
	tmk_buf_clear(out);
	return -1;
}

int tmk_sop_armour(struct tmk_buf *out, const char *label,
		   const uint8_t *data, size_t len, struct tmk_err *err)
{
	size_t room = len / 3 * 4 + len / 48 + 256;

	if (!tmk_buf_reserve(out, room) ||
	    tmk_buf_printf(out, BEGIN "%s" DASHES "\n", label) ||
	    tmk_radix64_encode(out, data, len) ||
	    tmk_buf_printf(out, END "%s" DASHES "\n", label))
		return tmk_err_set(err, TMK_SOP_FAILED,
				   "no room for an armour of %zu bytes", len);
	return 0;
}

const char *tmk_sop_label(const uint8_t *data, size_t len)
{
	int tag;

	if (!len || !(data[0] & 0x80))
		return NULL;
	tag = data[0] & 0x40 ? data[0] & 0x3f : data[0] >> 2 & 0x0f;
	switch (tag) {
	case TMK_OPENPGP_SIGNATURE:
		return TMK_ARMOUR_LABEL_OPENPGP;
	case TMK_OPENPGP_PUBLIC_KEY:
		return TMK_ARMOUR_LABEL_KEY;
	case 0:
	case TMK_OPENPGP_SECRET_KEY:
	case TMK_OPENPGP_SECRET_SUBKEY:
		return NULL;
	default:
		return TMK_SOP_LABEL_MESSAGE;
	}
}

/* ---- armor, dearmor, extract-cert ------------------------------------------ */

/* Standard input without its armour. */
static int read_packets(struct tmk_buf *out, const char *label,
			struct tmk_err *err)
{
	struct tmk_buf in = TMK_BUF_INIT(TMK_SOP_ARMOUR_MAX);
	int rc = tmk_sop_read_input(&in, err);

	if (!rc)
		rc = tmk_sop_dearmour(out, in.data, in.len, label,
				      "standard input", err);
	tmk_buf_release(&in);
	return rc;
}

static int write_packets(const struct tmk_buf *packets, bool armour,
			 struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_SOP_ARMOUR_MAX);
	const char *label = tmk_sop_label(packets->data, packets->len);
	int rc;

	if (!label)
		rc = bad(err, "standard input", "it is no OpenPGP that is "
			 "handled here");
	else if (!armour)
		rc = tmk_sop_write_output(packets->data, packets->len, err);
	else
		rc = tmk_sop_armour(&text, label, packets->data, packets->len,
				    err) ||
			tmk_sop_write_output(text.data, text.len, err);
	tmk_buf_release(&text);
	return rc ? -1 : 0;
}

static int convert(int argc, char **argv, bool armour, const char *synopsis,
		   struct tmk_err *err)
{
	struct tmk_buf packets = TMK_BUF_INIT(TMK_SOP_DATA_MAX);
	bool help = false;
	const struct tmk_opt table[] = {
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, rc;

	rc = tmk_sop_options(table, &help, synopsis, argc, argv, 0, 0,
			     &operands, err);
	if (!rc)
		rc = read_packets(&packets, NULL, err) ||
			write_packets(&packets, armour, err) ? -1 : 0;
	tmk_buf_release(&packets);
	return rc < 0 ? err->code : 0;
}

int tmk_sop_do_armour(int argc, char **argv, struct tmk_err *err)
{
	return convert(argc, argv, true, "touchmark-sop armor <DATA >ARMORED",
		       err);
}

int tmk_sop_do_dearmour(int argc, char **argv, struct tmk_err *err)
{
	return convert(argc, argv, false,
		       "touchmark-sop dearmor <ARMORED >DATA", err);
}

/* A certificate that can be read at all comes back as it is. */
int tmk_sop_extract_cert(int argc, char **argv, struct tmk_err *err)
{
	struct tmk_buf packets = TMK_BUF_INIT(TMK_SOP_CERTS_MAX);
	struct tmk_keyring *ring = NULL;
	bool help = false, no_armour = false;
	const struct tmk_opt table[] = {
		{ 0, "no-armor", TMK_OPT_FLAG, &no_armour, NULL,
		  "write it in binary" },
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, rc;

	rc = tmk_sop_options(table, &help, "touchmark-sop extract-cert "
			     "[--no-armor] <KEYS >CERTS", argc, argv, 0, 0,
			     &operands, err);
	if (!rc)
		rc = read_packets(&packets, TMK_ARMOUR_LABEL_KEY, err);
	if (!rc && tmk_seal_openpgp.keyring_read(&ring, packets.data,
						 packets.len, "standard input",
						 err))
		rc = tmk_sop_turn(err, TMK_SOP_BAD_DATA);
	if (!rc)
		rc = write_packets(&packets, !no_armour, err);
	tmk_keyring_free(ring);
	tmk_buf_release(&packets);
	return rc < 0 ? err->code : 0;
}
