/* test_sop_message.c - inline-signed messages, packet by packet: what is read,
 * and every order and length that is not. */
#include <string.h>

#include "plugins/sop.h"
#include "t/unit/tap.h"

#define OPS "\xc4\x0d\x03\x00\x08\x16" "ABCDEFGH"
#define OPS_LAST OPS "\x01"	/* the innermost */
#define OPS_MORE OPS "\x00"	/* another one follows */
#define SIG "\xc2\x03\x04\x00\x16"	/* the frame is all that is looked at */
#define HEAD "b\x00\x00\x00\x00\x00"
#define LITERAL "\xcb\x0a" HEAD "text"
#define B(text) (const uint8_t *)(text), sizeof(text) - 1

static struct tmk_err err;

static int parse(struct tmk_sop_message *m, const uint8_t *data, size_t len)
{
	tmk_sop_message_release(m);
	tmk_sop_message_init(m);
	err = (struct tmk_err)TMK_ERR_INIT;
	return tmk_sop_message_parse(m, data, len, &err);
}

static void reads(const char *name, const uint8_t *data, size_t len,
		  const char *content, size_t seals)
{
	struct tmk_sop_message m;

	tmk_sop_message_init(&m);
	is_int(parse(&m, data, len), 0, "%s is read", name);
	is_str(tmk_buf_str(&m.data), content, "its content");
	is_int((int)m.seals.len, (int)seals, "its signatures");
	tmk_sop_message_release(&m);
}

static void refuses(const char *name, const uint8_t *data, size_t len)
{
	struct tmk_sop_message m;

	tmk_sop_message_init(&m);
	is_int(parse(&m, data, len), -1, "%s is refused", name);
	is_int(err.code, TMK_SOP_BAD_DATA, "as bad data");
	tmk_sop_message_release(&m);
}

static void orders(void)
{
	reads("one signer", B(OPS_LAST LITERAL SIG), "text", 5);
	reads("two signers", B(OPS_MORE OPS_LAST LITERAL SIG SIG), "text",
	      10);
	reads("signatures before", B(SIG SIG LITERAL), "text", 10);
	reads("a marker between", B("\xca\x03PGP" OPS_LAST LITERAL SIG),
	      "text", 5);
	reads("nothing as content", B(OPS_LAST "\xcb\x06" HEAD SIG), "", 5);
	refuses("a one-pass packet too many",
		B(OPS_MORE OPS_LAST LITERAL SIG));
	refuses("a signature too many", B(OPS_LAST LITERAL SIG SIG));
	refuses("a signature over signatures",
		B(OPS_LAST OPS_LAST LITERAL SIG SIG));
	refuses("an innermost one that is none", B(OPS_MORE LITERAL SIG));
	refuses("a one-pass packet behind", B(LITERAL OPS_LAST SIG));
	refuses("one behind a signature", B(SIG OPS_LAST LITERAL SIG));
	refuses("both forms", B(SIG LITERAL SIG));
	refuses("two contents", B(OPS_LAST LITERAL LITERAL SIG));
	refuses("no content", B(OPS_LAST SIG));
	refuses("no signature behind", B(OPS_LAST LITERAL));
	refuses("a key in it", B(OPS_LAST LITERAL SIG "\xc6\x01\x04"));
	refuses("a compressed one", B("\xc8\x03\x01\x00\x00"));
	refuses("an encrypted one", B("\xd2\x02\x01\x00"));
	refuses("nothing", (const uint8_t *)"", 0);
	refuses("text", B("text"));
	refuses("text behind", B(OPS_LAST LITERAL SIG "text"));
}

static void lengths(void)
{
	static uint8_t big[3 + 512 + 6 + 64];
	size_t n;

	reads("an old header, one byte", B(OPS_LAST "\xac\x0a" HEAD "text" SIG),
	      "text", 5);
	reads("two bytes", B(OPS_LAST "\xad\x00\x0a" HEAD "text" SIG), "text",
	      5);
	reads("four bytes", B(OPS_LAST "\xae\x00\x00\x00\x0a" HEAD "text" SIG),
	      "text", 5);
	reads("five bytes, new", B(OPS_LAST "\xcb\xff\x00\x00\x00\x0a" HEAD
				   "text" SIG), "text", 5);
	reads("parts", B(OPS_LAST "\xcb\xe3" HEAD "te" "\x02" "xt" SIG),
	      "text", 5);
	reads("a part without an end in itself",
	      B(OPS_LAST "\xcb\xe3" HEAD "te" "\xe1" "xt" "\x00" SIG), "text",
	      5);
	reads("to the end", B(SIG "\xaf" HEAD "text"), "text", 5);
	refuses("to the end, before a signature",
		B(OPS_LAST "\xaf" HEAD "text" SIG));
	refuses("a length past the end", B(OPS_LAST "\xcb\x7f" HEAD "text"));
	refuses("a part past the end", B(OPS_LAST "\xcb\xe4" HEAD "te"));
	refuses("parts without a last one", B(OPS_LAST "\xcb\xe3" HEAD "te"));
	refuses("a length that is cut", B(OPS_LAST "\xcb\xff\x00\x00"));
	refuses("a header alone", B(OPS_LAST "\xcb"));
	refuses("a content without its head", B(OPS_LAST "\xcb\x03" "b\x00\x00"
						SIG));
	refuses("a name past the end",
		B(OPS_LAST "\xcb\x0a" "b\xff\x00\x00\x00\x00" "text" SIG));
	refuses("a format that is unknown",
		B(OPS_LAST "\xcb\x0a" "x\x00\x00\x00\x00\x00" "text" SIG));
	refuses("no format", B(OPS_LAST "\xcb\x0a" "\x00\x00\x00\x00\x00\x00"
			       "text" SIG));
	reads("a name and a time",
	      B(OPS_LAST "\xcb\x0d" "u\x03" "abc" "\x01\x02\x03\x04" "text"
		SIG), "text", 5);
	refuses("a signature in parts", B(OPS_LAST LITERAL
					  "\xc2\xe1\x04\x00\x01\x16"));
	n = 0;
	memcpy(big, SIG, 5);
	n += 5;
	big[n++] = 0xcb;
	big[n++] = 0xe9;	/* 512 */
	memcpy(big + n, HEAD, 6);
	memset(big + n + 6, 'x', 506);
	n += 512;
	big[n++] = 0;
	{
		struct tmk_sop_message m;

		tmk_sop_message_init(&m);
		is_int(parse(&m, big, n), 0, "a part of 512 bytes");
		is_int((int)m.data.len, 506, "is whole");
		tmk_sop_message_release(&m);
	}
}

static void armours(void)
{
	static const uint8_t packets[] = OPS_LAST LITERAL SIG;
	struct tmk_buf text = TMK_BUF_INIT(TMK_SOP_ARMOUR_MAX);
	struct tmk_buf back = TMK_BUF_INIT(TMK_SOP_DATA_MAX);
	size_t len = sizeof(packets) - 1;

	is_str(tmk_sop_label(packets, len), "PGP MESSAGE", "its label");
	is_str(tmk_sop_label(B(SIG)), "PGP SIGNATURE", "that of a signature");
	is_str(tmk_sop_label(B("\x99\x00")), "PGP PUBLIC KEY BLOCK",
	       "that of a key, old header");
	ok(!tmk_sop_label(B("\xc5\x01")), "a secret key has none");
	ok(!tmk_sop_label(B("\x95\x00")), "in an old header neither");
	ok(!tmk_sop_label(B("text")), "nor has text");
	is_int(tmk_sop_armour(&text, "PGP MESSAGE", packets, len, &err), 0,
	       "an armour");
	reads("it", text.data, text.len, "text", 5);
	is_int(tmk_sop_dearmour(&back, text.data, text.len, "PGP SIGNATURE",
				"x", &err), -1, "not under another label");
	is_int(tmk_buf_addstr(&text, "text\n"), 0, "text behind it");
	is_int(tmk_sop_dearmour(&back, text.data, text.len, NULL, "x", &err),
	       -1, "is refused");
	text.data[text.len - 6] = '-';
	is_int(tmk_sop_dearmour(&back, text.data, text.len, NULL, "x", &err),
	       -1, "so is an END that goes on");
	is_int(tmk_sop_dearmour(&back, B("-----BEGIN PGP MESSAGE-----\n"),
				NULL, "x", &err), -1, "and one without END");
	is_int((int)back.len, 0, "nothing came out");
	tmk_buf_release(&text);
	tmk_buf_release(&back);
}

int main(void)
{
	orders();
	lengths();
	armours();
	return tap_done();
}
