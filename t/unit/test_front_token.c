/* test_front_token.c - which file of a token is found, and where. */
#include <string.h>

#include "plugins/front_token.h"
#include "t/unit/tap.h"

struct sample {
	const char *what;
	const char *bytes;
	size_t len;
	int at;			/* offset of the token; -1: none */
};

#define S(what, bytes, at) { what, bytes, sizeof(bytes) - 1, at }

static const struct sample samples[] = {
	S("a bare token", "\x30\x05\x06\x03\x2a\x03\x04", 0),
	S("a granted response", "\x30\x09\x30\x03\x02\x01\x00\x30\x02\x05\x00",
	  7),
	S("one granted with changes",
	  "\x30\x09\x30\x03\x02\x01\x01\x30\x02\x05\x00", 7),
	S("a rejection", "\x30\x05\x30\x03\x02\x01\x02", -1),
	S("a rejection with a token",
	  "\x30\x09\x30\x03\x02\x01\x02\x30\x02\x05\x00", -1),
	S("granted, but without a token", "\x30\x05\x30\x03\x02\x01\x00", -1),
	S("bytes behind", "\x30\x05\x06\x03\x2a\x03\x04\x00", -1),
	S("bytes missing", "\x30\x06\x06\x03\x2a\x03\x04", -1),
	S("indefinite length", "\x30\x80\x06\x03\x2a\x03\x04\x00\x00", -1),
	S("another tag", "\x31\x05\x06\x03\x2a\x03\x04", -1),
	S("a long status", "\x30\x0a\x30\x04\x02\x02\x01\x00\x30\x02\x05\x00",
	  -1),
	S("an empty sequence", "\x30\x00", -1),
	S("nothing", "", -1),
};

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		const struct sample *s = &samples[i];
		const uint8_t *data = (const uint8_t *)s->bytes;
		const uint8_t *token = NULL;
		size_t len = 0;
		bool found = tmk_front_token_find(&token, &len, data, s->len);

		ok(found == (s->at >= 0), "%s", s->what);
		if (found && s->at >= 0)
			ok(token == data + s->at &&
			   len == s->len - (size_t)s->at, "%s: its bytes",
			   s->what);
	}
	ok(tmk_front_token_named("a.tsr") && tmk_front_token_named("x/b.tst"),
	   "names of tokens");
	ok(!tmk_front_token_named("a.p7s") && !tmk_front_token_named("tsr"),
	   "names of others");
	return tap_done();
}
