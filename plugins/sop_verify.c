/* verify, inline-verify, inline-detach. */
#include "plugins/sop.h"

#include <stdlib.h>

#include "base/opt.h"
#include "formats/armour.h"
#include "plugins/sop_judge.h"

#define LINES_MAX 16384	/* bytes of VERIFICATIONS */

struct options {
	bool help, no_armour;
	const char *not_before, *not_after, *verifications, *signatures;
};

/* The struct is large: not for the stack. */
static int new_judge(struct tmk_sop_judge **out, const struct options *o,
		     char **cert, int certs, struct tmk_err *err)
{
	struct tmk_sop_judge *j = calloc(1, sizeof(*j));
	int i, rc;

	if (!j) {
		(void)!tmk_err_nomem(err);
		return tmk_sop_turn(err, TMK_SOP_FAILED);
	}
	tmk_sop_judge_init(j);
	*out = j;
	rc = tmk_sop_judge_time(&j->not_before, "--not-before",
				o->not_before, err);
	if (!rc)
		rc = tmk_sop_judge_time(&j->not_after, "--not-after",
					o->not_after, err);
	for (i = 0; !rc && i < certs; i++)
		rc = tmk_sop_judge_cert(j, cert[i], err);
	return rc;
}

static void free_judge(struct tmk_sop_judge *j)
{
	if (j)
		tmk_sop_judge_release(j);
	free(j);
}

/* ---- verify ---------------------------------------------------------------- */

static int read_seals(struct tmk_sop_judge *j, const char *name,
		      struct tmk_err *err)
{
	struct tmk_buf file = TMK_BUF_INIT(2 * TMK_SOP_SEALS_MAX);
	struct tmk_buf packets = TMK_BUF_INIT(TMK_SOP_SEALS_MAX);
	int rc;

	rc = tmk_sop_read(&file, name, err);
	if (!rc)
		rc = tmk_sop_dearmour(&packets, file.data, file.len,
				      TMK_ARMOUR_LABEL_OPENPGP, name, err);
	if (!rc)
		rc = tmk_sop_judge_seals(j, packets.data, packets.len,
					 TMK_CLEARTEXT_LINES, err);
	tmk_buf_release(&file);
	tmk_buf_release(&packets);
	return rc;
}

static int verify(const struct options *o, char **name, int n,
		  struct tmk_err *err)
{
	struct tmk_buf lines = TMK_BUF_INIT(LINES_MAX);
	struct tmk_sop_judge *j = NULL;
	int rc;

	rc = new_judge(&j, o, name + 1, n - 1, err);
	if (!rc)
		rc = read_seals(j, name[0], err);
	if (!rc)
		rc = tmk_sop_pass_input(tmk_sop_judge_feed, j, err);
	if (!rc)
		rc = tmk_sop_judge_end(j, &lines, err);
	if (!rc)
		rc = tmk_sop_write_output(lines.data, lines.len, err);
	free_judge(j);
	tmk_buf_release(&lines);
	return rc;
}

int tmk_sop_verify(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "not-before", TMK_OPT_TEXT, &o.not_before, "TIME",
		  "no signature that says it was made before; - for any" },
		{ 0, "not-after", TMK_OPT_TEXT, &o.not_after, "TIME",
		  "nor after; now (default)" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, rc;

	rc = tmk_sop_options(table, &o.help, "touchmark-sop verify "
			     "[OPTION...] SIGNATURES CERTS... <DATA "
			     ">VERIFICATIONS", argc, argv, 2, -1, &operands,
			     err);
	if (!rc)
		rc = verify(&o, argv + 1, operands, err);
	return rc < 0 ? err->code : 0;
}

/* ---- inline ---------------------------------------------------------------- */

static int read_message(struct tmk_sop_message *message, struct tmk_err *err)
{
	struct tmk_buf in = TMK_BUF_INIT(TMK_SOP_ARMOUR_MAX);
	int rc = tmk_sop_read_input(&in, err);

	if (!rc)
		rc = tmk_sop_message_parse(message, in.data, in.len, err);
	tmk_buf_release(&in);
	return rc;
}

/* The content comes out when it is known to be signed, and not before. */
static int inline_verify(const struct options *o, char **cert, int certs,
			 struct tmk_err *err)
{
	struct tmk_buf lines = TMK_BUF_INIT(LINES_MAX);
	struct tmk_sop_message message;
	struct tmk_sop_judge *j = NULL;
	int rc;

	tmk_sop_message_init(&message);
	rc = tmk_sop_output_ok(o->verifications, err);
	if (!rc)
		rc = new_judge(&j, o, cert, certs, err);
	if (!rc)
		rc = read_message(&message, err);
	if (!rc)
		rc = tmk_sop_judge_seals(j, message.seals.data,
					 message.seals.len, message.form,
					 err);
	if (!rc)
		rc = tmk_sop_judge_feed(j, message.data.data,
					message.data.len, err);
	if (!rc)
		rc = tmk_sop_judge_end(j, &lines, err);
	if (!rc && o->verifications)
		rc = tmk_sop_write(o->verifications, lines.data, lines.len,
				   err);
	if (!rc)
		rc = tmk_sop_write_output(message.data.data, message.data.len,
					  err);
	free_judge(j);
	tmk_sop_message_release(&message);
	tmk_buf_release(&lines);
	return rc;
}

int tmk_sop_inline_verify(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "not-before", TMK_OPT_TEXT, &o.not_before, "TIME",
		  "no signature that says it was made before; - for any" },
		{ 0, "not-after", TMK_OPT_TEXT, &o.not_after, "TIME",
		  "nor after; now (default)" },
		{ 0, "verifications-out", TMK_OPT_TEXT, &o.verifications,
		  "VERIFICATIONS", "write there who signed" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, rc;

	rc = tmk_sop_options(table, &o.help, "touchmark-sop inline-verify "
			     "[OPTION...] CERTS... <INLINESIGNED >DATA", argc,
			     argv, 1, -1, &operands, err);
	if (!rc)
		rc = inline_verify(&o, argv + 1, operands, err);
	return rc < 0 ? err->code : 0;
}

/* Beside its text a signature is over every line end, and that of the last
 * line of a clearsigned text was not signed: it stays behind. */
static int inline_detach(const struct options *o, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(2 * TMK_SOP_SEALS_MAX);
	struct tmk_sop_message message;
	size_t len;
	int rc;

	tmk_sop_message_init(&message);
	rc = tmk_sop_output_ok(o->signatures, err);
	if (!rc)
		rc = read_message(&message, err);
	if (!rc && !message.seals.len)
		rc = tmk_err_set(err, TMK_SOP_BAD_DATA,
				 "the message is not signed");
	if (!rc && !o->no_armour)
		rc = tmk_sop_armour(&text, TMK_ARMOUR_LABEL_OPENPGP,
				    message.seals.data, message.seals.len,
				    err);
	if (!rc)
		rc = o->no_armour ?
			tmk_sop_write(o->signatures, message.seals.data,
				      message.seals.len, err) :
			tmk_sop_write(o->signatures, text.data, text.len, err);
	len = message.data.len;
	if (!rc)
		rc = tmk_sop_write_output(message.data.data, len &&
					  message.framed ? len - 1 : len,
					  err);
	tmk_sop_message_release(&message);
	tmk_buf_release(&text);
	return rc;
}

int tmk_sop_inline_detach(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "no-armor", TMK_OPT_FLAG, &o.no_armour, NULL,
		  "write the signatures in binary" },
		{ 0, "signatures-out", TMK_OPT_TEXT, &o.signatures,
		  "SIGNATURES", "where they are written; must be given" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, rc;

	rc = tmk_sop_options(table, &o.help, "touchmark-sop inline-detach "
			     "--signatures-out=SIGNATURES [OPTION...] "
			     "<INLINESIGNED >DATA", argc, argv, 0, 0,
			     &operands, err);
	if (!rc && !o.signatures)
		rc = tmk_err_set(err, TMK_SOP_MISSING_ARG, "inline-detach "
				 "needs --signatures-out");
	if (!rc)
		rc = inline_detach(&o, err);
	return rc < 0 ? err->code : 0;
}
