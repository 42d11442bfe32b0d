/* test_gpg_status.c - the lines by which git decides, for every reason. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "t/unit/tap.h"

/* The parts of touchmark-gpg are in no library that this test links. */
#include "plugins/gpg_status.c"

static int count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static const char *report(enum tmk_reason reason, const char *subject)
{
	static struct tmk_buf out = TMK_BUF_INIT(TMK_GPG_STATUS_MAX);
	struct tmk_gpg_report r;

	tmk_buf_clear(&out);
	tmk_gpg_report_init(&r);
	r.reason = reason;
	snprintf(r.subject, sizeof(r.subject), "%s", subject);
	strcpy(r.fingerprint, "0123456789ABCDEF0123456789ABCDEF01234567");
	r.algorithm = 1;
	r.hash = 8;
	r.made = 1700000000;
	r.expires = 1800000000;
	if (tmk_gpg_status_report(&out, &r))
		return "(full)";
	return tmk_buf_str(&out);
}

static void every_reason(void)
{
	static const char *const one[] = { "GOODSIG", "BADSIG", "ERRSIG",
					   "EXPKEYSIG", "REVKEYSIG",
					   "EXPSIG" };
	int reason;
	size_t i;

	for (reason = TMK_GOOD; reason < TMK_REASON_COUNT; reason++) {
		const char *text = report(reason, "CN=A");
		int verdicts = 0;

		for (i = 0; i < sizeof(one) / sizeof(*one); i++) {
			char mark[40];

			snprintf(mark, sizeof(mark), "\n[GNUPG:] %s ", one[i]);
			verdicts += count(text, mark);
		}
		is_int(verdicts, 1, "%s: one verdict",
		       tmk_reason_id(reason));
		ok(!strncmp(text, "[GNUPG:] NEWSIG\n", 16),
		   "it begins with NEWSIG");
		is_int(count(text, "\n[GNUPG:] TRUST_"), 1, "one trust line");
		is_int(count(text, "GOODSIG"), reason == TMK_GOOD,
		       "GOODSIG for what is good alone");
		is_int(count(text, "VALIDSIG"), reason == TMK_GOOD,
		       "VALIDSIG too");
		is_int(count(text, "TRUST_FULLY"), reason == TMK_GOOD,
		       "and trust");
	}
}

static void forms(void)
{
	struct tmk_buf out = TMK_BUF_INIT(512), tiny = TMK_BUF_INIT(20);
	struct tmk_gpg_report r;

	is_str(report(TMK_GOOD, "CN=A"),
	       "[GNUPG:] NEWSIG\n"
	       "[GNUPG:] GOODSIG 0123456789ABCDEF0123456789ABCDEF01234567 "
	       "CN=A\n"
	       "[GNUPG:] VALIDSIG 0123456789ABCDEF0123456789ABCDEF01234567 "
	       "2023-11-14 20231114T221320 20270115T080000 0 0 1 8 00\n"
	       "[GNUPG:] TRUST_FULLY 0 shell\n", "a good signature");
	ok(strstr(report(TMK_SIGNATURE_BAD, "CN=A"), "BADSIG 0123") != NULL,
	   "other bytes are BADSIG");
	ok(strstr(report(TMK_CERT_EXPIRED, "CN=A"), "EXPKEYSIG 0123") != NULL,
	   "an expired certificate is EXPKEYSIG");
	ok(strstr(report(TMK_CERT_REVOKED, "CN=A"), "REVKEYSIG 0123") != NULL,
	   "a revoked one is REVKEYSIG");
	ok(strstr(report(TMK_CERT_REVOKED, "CN=A"), "TRUST_NEVER") != NULL,
	   "and is never trusted");
	tmk_gpg_report_init(&r);
	is_int(r.reason, TMK_INTERNAL_ERROR, "a new report is not good");
	r.made = 1700000000;
	strcpy(r.fingerprint, "AB");
	is_int(tmk_gpg_status_signed(&out, "D 1 9 00 20231114T221320 AB"), 0,
	       "a signature of gpgsm's kind");
	is_str(tmk_buf_str(&out),
	       "[GNUPG:] SIG_CREATED D 1 9 00 20231114T221320 AB\n",
	       "has one line");
	tmk_buf_clear(&out);
	is_int(tmk_gpg_status_signed(&out, "D 22 10 00 1700000000 AB"), 0,
	       "one of gpg's kind");
	is_str(tmk_buf_str(&out),
	       "[GNUPG:] KEY_CONSIDERED AB 2\n"
	       "[GNUPG:] BEGIN_SIGNING H10\n"
	       "[GNUPG:] SIG_CREATED D 22 10 00 1700000000 AB\n",
	       "has three, in gpg's order");
	ok(tmk_gpg_status_report(&tiny, &r) < 0, "a full buffer is told");
	is_int((int)tiny.len, 16, "and holds whole lines alone");
	tmk_buf_release(&out);
	tmk_buf_release(&tiny);
}

/* The text comes from whoever answered: what is no such text is no line. */
static void created(void)
{
	static const char *const bad[] = {
		"", "D", "D 1 8 00 1700000000", "D 1 8 00 1700000000 ",
		"D 1 8 00 1700000000 AB ", "D 1 8 00 1700000000 AB C",
		" D 1 8 00 1700000000 AB", "D  8 00 1700000000 AB",
		"X 1 8 00 1700000000 AB", "D -1 8 00 1700000000 AB",
		"D 1 8 00 1700000000 ab", "D 1 8 00 1700000000 A/B",
		"D 1 8 00 1700000000 AB\n[GNUPG:] GOODSIG X",
		"D 1 8 00\t1700000000 AB",
	};
	struct tmk_buf out = TMK_BUF_INIT(TMK_GPG_STATUS_MAX);
	struct tmk_buf tiny = TMK_BUF_INIT(70);
	char longer[400] = "D 1 8 00 1700000000 ";
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_int(tmk_gpg_status_signed(&out, bad[i]), -1,
		       "no such text: %zu", i);
	memset(longer + strlen(longer), 'A', 300);
	is_int(tmk_gpg_status_signed(&out, longer), -1, "nor a long one");
	is_int((int)out.len, 0, "and nothing was said");
	is_int(tmk_gpg_status_signed(&tiny, "D 1 8 00 1700000000 AB"), -1,
	       "a buffer that holds two of three lines");
	is_int((int)tiny.len, 0, "gets none");
	tmk_buf_release(&out);
	tmk_buf_release(&tiny);
}

static void names(void)
{
	ok(strstr(report(TMK_GOOD, "/CN=100% \xc3\x9c"),
		  " /CN=100% %C3%9C\n") != NULL,
	   "what is not ASCII is written in percent, as gpgsm does");
	ok(strstr(report(TMK_CERT_EXPIRED, "/CN=\xe6\xbc\xa2"),
		  "/CN=%E6%BC%A2\n") != NULL, "in every line with a name");
}

static void hostile(void)
{
	const char *text = report(TMK_SIGNATURE_BAD,
				  "x\n[GNUPG:] GOODSIG x\r\033[1m\xe2\x80\xae");

	is_int(count(text, "\n"), 3, "a subject ends no line");
	is_int(count(text, "[GNUPG:]"), 3, "and begins none");
	ok(!strchr(text, '\033') && !strstr(text, "\xe2\x80\xae"),
	   "nor does it reach the terminal");
	text = report(TMK_GOOD, "");
	ok(strstr(text, "GOODSIG 0123456789ABCDEF0123456789ABCDEF01234567 [")
	   != NULL, "an empty subject has a name");
}

int main(void)
{
	struct tmk_err err = TMK_ERR_INIT;

	every_reason();
	forms();
	hostile();
	created();
	names();
	is_int(tmk_gpg_status_check(-1, &err), 0, "no descriptor is fine");
	is_int(tmk_gpg_status_check(987, &err), -1, "a closed one is not");
	is_int(err.code, TMK_USAGE, "as a usage error");
	is_int(tmk_gpg_status_hash(TMK_SHA256), 8, "SHA-256 is 8");
	is_int(tmk_gpg_status_hash(TMK_SHA384), 9, "SHA-384 is 9");
	is_int(tmk_gpg_status_hash(TMK_SHA512), 10, "SHA-512 is 10");
	return tap_done();
}
