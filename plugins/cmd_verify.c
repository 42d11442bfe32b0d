/*
 * cmd_verify.c - `touchmark verify`: is this file what somebody signed?
 *
 * FILE with the signature inside it, beside it or named; or every artefact
 * below a directory. The options say whom to trust; verify_file.c judges,
 * verify_tell.c says. No key, no token of ours, no network.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/opt.h"
#include "core/config.h"
#include "plugins/command.h"
#include "plugins/front_file.h"
#include "plugins/front_libgit2.h"
#include "plugins/front_report.h"
#include "plugins/front_token.h"
#include "plugins/verify_dir.h"
#include "plugins/verify_tell.h"

struct options {
	bool help, json;
	struct tmk_trust_options trust;
};

static const char synopsis[] =
	"touchmark verify [--policy P | --roots PEM --tsa-roots PEM "
	"--crl F]\n"
	"                        [--keyring F] [--allowed-signers F]\n"
	"                        [--minisign-key F] [--at TIME] [--json]\n"
	"                        FILE|DIR [SIGNATURE]";

/* Returns the exit code. */
static int judge_file(const struct options *o, const char *file,
		      const char *signature, const struct tmk_config *config,
		      struct tmk_err *err)
{
	struct tmk_verify_answer *a = malloc(sizeof(*a));
	struct tmk_buf told = TMK_BUF_INIT(TMK_VERIFY_TOLD);
	struct tmk_verify verify = { .options = NULL };
	int rc = -1;

	if (!a) {
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_verify_init(&verify, &o->trust, config, err) ||
	    tmk_verify_file(a, &verify, file, signature, err) ||
	    tmk_verify_tell(&told, a, o->json, err) ||
	    tmk_verify_tell_print(&told, err))
		goto out;
	rc = a->all.verdict.reason == TMK_GOOD ? TMK_OK : TMK_REFUSED;
out:
	tmk_verify_release(&verify);
	tmk_buf_release(&told);
	free(a);
	return rc < 0 ? err->code : rc;
}

static int judge(const struct options *o, const char *file,
		 const char *signature, struct tmk_err *err)
{
	struct tmk_config *config = NULL;
	int rc;

	if (tmk_config_load(&config, ".", err))
		return err->code;
	if (tmk_front_file_is_directory(file))
		rc = tmk_verify_dir(file, &o->trust, config, o->json, err);
	else
		rc = judge_file(o, file, signature, config, err);
	tmk_config_free(config);
	return rc;
}

static int check_call(const struct options *o, int operands, char **operand,
		      struct tmk_err *err)
{
	if (operands < 1 || operands > 2) {
		tmk_err_set(err, TMK_USAGE, "one FILE and at most one "
			    "SIGNATURE are expected");
		return tmk_err_hint(err, "touchmark verify --help");
	}
	if (!strcmp(operand[0], "-") && operands == 1)
		return tmk_err_set(err, TMK_USAGE, "standard input has no "
				   "name: name the SIGNATURE too");
	if (operands == 2 && tmk_front_file_is_directory(operand[0])) {
		tmk_err_set(err, TMK_USAGE, "%s is a directory: no single "
			    "signature is for it", operand[0]);
		return tmk_err_hint(err, "leave out the SIGNATURE");
	}
	if (operands == 2 && o->trust.at != TMK_TIME_NONE &&
	    tmk_front_token_named(operand[1]))
		return tmk_err_set(err, TMK_USAGE, "--at says nothing about a "
				   "timestamp, which carries its own time");
	return 0;
}

static int verify_run(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .trust = { .at = TMK_TIME_NONE } };
	const struct tmk_opt table[] = {
		{ 0, "policy", TMK_OPT_TEXT, &o.trust.policy, "P",
		  "judge by the [trust] of this policy" },
		{ 0, "roots", TMK_OPT_LIST, &o.trust.roots, "PEM",
		  "roots of signers; may repeat" },
		{ 0, "tsa-roots", TMK_OPT_LIST, &o.trust.tsa_roots, "PEM",
		  "roots of timestamp authorities; may repeat" },
		{ 0, "crl", TMK_OPT_LIST, &o.trust.crl, "F",
		  "CRL file or directory; may repeat" },
		{ 0, "at", TMK_OPT_TIME, &o.trust.at, "TIME",
		  "judge a signature without timestamp at this time" },
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL,
		  "one JSON object for each file" },
		{ 0, "keyring", TMK_OPT_TEXT, &o.trust.keyring, "F",
		  "OpenPGP keys that are trusted" },
		{ 0, "allowed-signers", TMK_OPT_TEXT,
		  &o.trust.allowed_signers, "F",
		  "SSH keys that are trusted, as ssh-keygen(1) has it" },
		{ 0, "minisign-key", TMK_OPT_TEXT,
		  &o.trust.minisign_key, "F",
		  "the minisign or signify key that is trusted" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	int operands, rc;

	if (tmk_opt_parse(table, argc, argv, &operands, err))
		return err->code;
	if (o.help) {
		tmk_opt_help(stdout, synopsis, table);
		return TMK_OK;
	}
	tmk_front_libgit2_start();
	if (check_call(&o, operands, argv + 1, err))
		return err->code;
	rc = judge(&o, argv[1], operands == 2 ? argv[2] : NULL, err);
	/* A program that asked for JSON gets its errors as JSON too. */
	if (err->code && o.json && err->code != TMK_USAGE) {
		struct tmk_err told = *err;

		*err = (struct tmk_err)TMK_ERR_INIT;
		if (tmk_front_report_error("touchmark", true, argv[1], &told,
					   err))
			return err->code;
	}
	return rc;
}

const struct tmk_command tmk_command_verify = {
	"verify", "judge a file, or all below a directory", verify_run
};
