/*
 * test_gate_nonce.c - nonces as receive-pack makes them (the values are
 * openssl's), and everything that is none.
 */
#include <stdio.h>
#include <string.h>

#include "hooks/gate_nonce.h"
#include "t/unit/tap.h"

#define SEED "sekrit"
#define STAMP 1795240000

/* printf sekrit | openssl dgst -sha1 -hmac /srv/p.git:1795240000 */
#define HMAC1 "06daebedf9c568e77d00d795dbf7206e46834db7"
/* the same with -sha256 */
#define HMAC256 "74f67d3f0af43e71dcdc7b136f630a37" \
	"6de3cea908761affab157aaceccdaba7"
/* for the path '.' */
#define HTTP "ac67fc72125f6f02562cdc26f51132a2b496ec8f"

static struct tmk_gate_nonce server(void)
{
	struct tmk_gate_nonce n = {
		.seed = SEED, .hex = 40, .now = STAMP + 10, .age = 3600,
		.place = { { "/srv/p.git", true }, { ".", false } },
		.places = 2,
	};

	return n;
}

/* The reason, or internal-error when it could not be judged. */
static enum tmk_reason judge(const struct tmk_gate_nonce *n,
			     const char *nonce, const char *issued)
{
	struct tmk_span span = { (const uint8_t *)nonce, strlen(nonce) };
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;

	if (tmk_gate_nonce_judge(&v, n, span, issued, &err) < 0)
		return TMK_INTERNAL_ERROR;
	if (v.reason)
		diag("%s; %s", v.text, v.hint);
	return v.reason;
}

static void both(const struct tmk_gate_nonce *n, const char *nonce,
		 enum tmk_reason want, const char *what)
{
	is_str(tmk_reason_id(judge(n, nonce, nonce)), tmk_reason_id(want),
	       "%s", what);
}

static void test_hmac(void)
{
	struct tmk_gate_nonce n = server();

	both(&n, "1795240000-" HMAC1, TMK_GOOD, "what git issued");
	n.seed = "other";
	both(&n, "1795240000-" HMAC1, TMK_PUSH_CERT, "with another seed");
	n = server();
	n.place[0].path = "/srv/q.git";
	both(&n, "1795240000-" HMAC1, TMK_PUSH_CERT, "for another repository");
	n = server();
	both(&n, "1795240001-" HMAC1, TMK_PUSH_CERT, "of another second");
	n.hex = 64;
	both(&n, "1795240000-" HMAC256, TMK_GOOD, "SHA-256");
	both(&n, "1795240000-" HMAC1, TMK_PUSH_CERT, "SHA-1 where it is "
	     "SHA-256");
	n = server();
	n.places = 0;
	both(&n, "1795240000-" HMAC1, TMK_PUSH_CERT, "with no place");
}

static void test_binding(void)
{
	struct tmk_gate_nonce n = server();

	both(&n, "1795240000-" HTTP, TMK_PUSH_CERT,
	     "over http it is for any repository");
	n.bound = true;
	both(&n, "1795240000-" HTTP, TMK_GOOD, "but the pushee may bind it");
}

static void test_age(void)
{
	struct tmk_gate_nonce n = server();

	n.now = STAMP + 3600;
	both(&n, "1795240000-" HMAC1, TMK_GOOD, "as old as it may be");
	n.now++;
	both(&n, "1795240000-" HMAC1, TMK_PUSH_CERT, "a second older");
	n.now = STAMP - 3600;
	both(&n, "1795240000-" HMAC1, TMK_GOOD, "as far ahead");
	n.now--;
	both(&n, "1795240000-" HMAC1, TMK_PUSH_CERT, "a second more");
}

static void test_issued(void)
{
	struct tmk_gate_nonce n = server();
	static const char good[] = "1795240000-" HMAC1;
	char other[] = "1795240000-" HMAC1;
	size_t end = sizeof(other) - 2;

	other[end] = other[end] == '0' ? '1' : '0';
	is_int(judge(&n, other, other), TMK_PUSH_CERT, "the last digit counts");
	is_int(judge(&n, good, NULL), TMK_PUSH_CERT, "none was issued");
	is_int(judge(&n, good, ""), TMK_PUSH_CERT, "an empty one");
	is_int(judge(&n, good, "1795240000-" HTTP), TMK_PUSH_CERT,
	       "another one");
	is_int(judge(&n, "", ""), TMK_PUSH_CERT, "the certificate has none");
	is_int(judge(&n, "", good), TMK_PUSH_CERT, "and one was issued");
}

static void test_form(void)
{
	static const char *const bad[] = {
		"-" HMAC1, HMAC1, "1795240000" HMAC1, "1795240000-",
		"01795240000-" HMAC1, "+1795240000-" HMAC1,
		" 1795240000-" HMAC1, "1795240000-" HMAC1 "0",
		"1795240000--" HMAC1, "9999999999999999-" HMAC1,
		"1795240000 " HMAC1, "x",
	};
	struct tmk_gate_nonce n = server();
	size_t i;

	n.bound = true;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		both(&n, bad[i], TMK_PUSH_CERT, bad[i]);
}

int main(void)
{
	test_hmac();
	test_binding();
	test_age();
	test_issued();
	test_form();
	return tap_done();
}
