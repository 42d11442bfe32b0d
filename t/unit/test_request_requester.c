/* The request protocol: for whom a signing host asks its agent. */
#include <string.h>

#include "base/clock.h"
#include "key/request.h"
#include "t/unit/tap.h"

static const uint8_t digest[32];

static struct tmk_request signature(void)
{
	struct tmk_request r;

	tmk_request_init(&r);
	r.verb = TMK_REQUEST_SIGN;
	r.key = "release";
	r.format = TMK_REQUEST_CMS;
	r.digest = digest;
	r.digest_len = sizeof(digest);
	r.hash = TMK_SHA256;
	r.time = 1700000000;
	r.requester = "alice";
	return r;
}

static void refuses(const struct tmk_request *r, const char *what)
{
	struct tmk_buf b = TMK_BUF_INIT(TMK_REQUEST_MAX);
	struct tmk_err err = TMK_ERR_INIT;

	ok(tmk_request_encode(&b, r, &err) && err.code == TMK_INPUT &&
	   strstr(err.text, what) && !b.len, "not written: it %s", what);
	tmk_buf_release(&b);
}

/* For whom a signing host asks: a name that it gave itself, of a signature
 * alone. */
static void requesters(void)
{
	static const char sixty_five[] = "a123456789b123456789c123456789"
		"d123456789e123456789f123456789gABCD";
	static const char *const bad[] = {
		"", " ", "al ice", "alice\n", "al\"ice", "../alice", "al=ice",
		"\303\244", "[requester]", sixty_five,
	};
	static const char *const good[] = {
		"a", "Carol_2@example.org", "ci-1", ".", sixty_five + 1,
	};
	struct tmk_buf b = TMK_BUF_INIT(TMK_REQUEST_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_request r = signature();
	size_t i;
	int verb;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		r.requester = bad[i];
		ok(!tmk_request_name_ok(bad[i]), "no name: bad %zu", i);
		refuses(&r, "is for a requester that cannot be one");
	}
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		r.requester = good[i];
		tmk_buf_clear(&b);
		ok(tmk_request_name_ok(good[i]) &&
		   !tmk_request_encode(&b, &r, &err), "a name: good %zu", i);
	}
	tmk_buf_clear(&b);
	r = signature();
	r.verb = TMK_REQUEST_PREPARE;
	r.digest = NULL;
	r.digest_len = 0;
	r.hash = 0;
	r.time = TMK_TIME_NONE;
	is_int(tmk_request_encode(&b, &r, &err), 0,
	       "what is prepared is for a requester too");
	tmk_buf_release(&b);
	for (verb = TMK_REQUEST_STATUS; verb <= TMK_REQUEST_APPROVE; verb++) {
		tmk_request_init(&r);
		r.verb = (enum tmk_request_verb)verb;
		if (verb == TMK_REQUEST_APPROVE) {
			r.payload = digest;
			r.payload_len = 1;
			r.id = "0123456789abcdef0123456789abcdef";
		}
		r.requester = "alice";
		refuses(&r, "says more than its verb takes");
	}
}

/* Read as it comes, from whoever may have written it. */
static void read_requesters(void)
{
	/* kind, then fields: tag, be32 length, bytes */
	static const struct {
		const char *what;
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "an empty requester",
		  "\1\1\0\0\0\1\2\4\0\0\0\1\1\30\0\0\0\0", 18 },
		{ "a requester with a space",
		  "\1\1\0\0\0\1\2\4\0\0\0\1\1\30\0\0\0\1 ", 19 },
		{ "a requester with a NUL",
		  "\1\1\0\0\0\1\2\4\0\0\0\1\1\30\0\0\0\2a\0", 20 },
		{ "two requesters",
		  "\1\1\0\0\0\1\2\4\0\0\0\1\1\30\0\0\0\1a\30\0\0\0\1b",
		  25 },
		{ "a requester before the format",
		  "\1\1\0\0\0\1\2\30\0\0\0\1a\4\0\0\0\1\1", 19 },
		{ "a status for a requester",
		  "\1\1\0\0\0\1\3\30\0\0\0\1a", 13 },
		{ "a field of tomorrow",
		  "\1\1\0\0\0\1\2\4\0\0\0\1\1\31\0\0\0\1a", 19 },
	};
	static const char good[] =
		"\1\1\0\0\0\1\2\4\0\0\0\1\1\30\0\0\0\1a";
	struct tmk_request got;
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t body[64];
	size_t i;

	memcpy(body, good, sizeof(good) - 1);
	ok(!tmk_request_decode(&got, body, sizeof(good) - 1, &err),
	   "one that is as it must be is read");
	is_str(got.requester, "a", "with its requester");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct tmk_err)TMK_ERR_INIT;
		memcpy(body, bad[i].bytes, bad[i].len);
		ok(tmk_request_decode(&got, body, bad[i].len, &err) &&
		   err.code == TMK_INPUT && *err.text, "refused: %s",
		   bad[i].what);
	}
}

int main(void)
{
	requesters();
	read_requesters();
	return tap_done();
}
