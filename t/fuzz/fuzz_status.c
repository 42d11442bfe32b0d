/*
 * fuzz_status.c - text from outside in status lines, the command line that
 * gpg's callers give, and the frames of signature and token files.
 *
 * What must hold whatever comes in: one verdict per report, as many lines as
 * were written, no control byte, no forged mark.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/front_seal.h"
#include "plugins/front_token.h"
#include "plugins/gpg_args.h"
#include "plugins/gpg_status.h"
#include "plugins/gpg_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS 16

static void check_lines(const struct tmk_buf *out)
{
	const char *p = tmk_buf_str(out);
	size_t i;

	if (strlen(p) != out->len)
		abort();
	for (i = 0; i < out->len; i++)
		if ((out->data[i] < 0x20 && out->data[i] != '\n') ||
		    out->data[i] == 0x7f)
			abort();
	for (; *p; p = strchr(p, '\n') + 1) {
		if (strncmp(p, "[GNUPG:] ", 9) ||
		    memmem(p + 1, strcspn(p, "\n") - 1, "[GNUPG:]", 8))
			abort();
	}
}

static void status(const char *text)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_GPG_STATUS_MAX);
	struct tmk_gpg_report r;
	size_t len = strlen(text);

	tmk_gpg_report_init(&r);
	r.reason = (enum tmk_reason)(len % TMK_REASON_COUNT);
	r.made = (int64_t)len * 1000003;
	memcpy(r.subject, text, len < sizeof(r.subject) ? len :
	       sizeof(r.subject) - 1);
	if (!tmk_gpg_status_report(&out, &r))
		check_lines(&out);
	tmk_buf_clear(&out);
	if (!tmk_gpg_status_line(&out, "KEYWORD", text))
		check_lines(&out);
	tmk_buf_release(&out);
}

/* Words are cut at newlines. */
static void arguments(char *text)
{
	char *argv[WORDS + 1], *p = text;
	struct tmk_gpg_args args;
	int argc = 0;

	while (p && argc < WORDS) {
		argv[argc++] = p;
		p = strchr(p, '\n');
		if (p)
			*p++ = '\0';
	}
	argv[argc] = NULL;
	if (!tmk_gpg_args_parse(&args, argc, argv, NULL) &&
	    args.operands > TMK_GPG_OPERANDS_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *evidence = NULL;
	const uint8_t *token;
	size_t len = 0;
	char *text;

	if (size > 65536)
		return 0;
	text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	status(text);
	arguments(text);
	free(text);
	if (tmk_front_token_find(&token, &len, data, size) &&
	    (token < data || len > size || token + len != data + size))
		abort();
	if (!tmk_front_seal_parse(&evidence, data, size, &v, NULL) &&
	    !evidence == !v.reason)
		abort();
	tmk_evidence_free(evidence);
	if (tmk_gpg_verify_is_pgp(data, size) && evidence)
		abort();
	return 0;
}
