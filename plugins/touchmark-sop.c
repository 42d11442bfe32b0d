/*
 * touchmark-sop - the Stateless OpenPGP interface over keys in tokens.
 *
 * dpkg and others that know `sop` sign and verify with it. The subcommands are
 * in plugins/sop_*.c; what encrypts, decrypts or makes keys is not offered.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/opt.h"
#include "base/secret.h"
#include "plugins/front_exit.h"
#include "plugins/gpg_other.h"
#include "plugins/sop.h"

#define DRAFT "draft-dkg-openpgp-stateless-cli-10"

static const char help[] =
"usage: touchmark-sop SUBCOMMAND [OPTION...] [PARAMETER...]\n"
"\n"
"  version\n"
"  sign           CERTS... <DATA >SIGNATURES\n"
"  verify         SIGNATURES CERTS... <DATA >VERIFICATIONS\n"
"  inline-sign    CERTS... <DATA >INLINESIGNED\n"
"  inline-verify  CERTS... <INLINESIGNED >DATA\n"
"  inline-detach  --signatures-out=SIGNATURES <INLINESIGNED >DATA\n"
"  extract-cert   <KEYS >CERTS\n"
"  armor          <DATA >ARMORED\n"
"  dearmor        <ARMORED >DATA\n"
"\n"
"To sign, the certificate of a key of touchmark stands for its private key.\n"
"See touchmark-sop(1).\n";

int tmk_sop_version(int argc, char **argv, struct tmk_err *err)
{
	bool backend = false, extended = false, spec = false, sopv = false;
	bool shown = false;
	const struct tmk_opt table[] = {
		{ 0, "backend", TMK_OPT_FLAG, &backend, NULL,
		  "what does the work" },
		{ 0, "extended", TMK_OPT_FLAG, &extended, NULL,
		  "all of it" },
		{ 0, "sop-spec", TMK_OPT_FLAG, &spec, NULL,
		  "which draft of the interface" },
		{ 0, "sopv", TMK_OPT_FLAG, &sopv, NULL,
		  "which version of its verifying part" },
		{ 'h', "help", TMK_OPT_FLAG, &shown, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, rc;

	rc = tmk_sop_options(table, &shown, "touchmark-sop version "
			     "[--backend | --extended | --sop-spec | --sopv]",
			     argc, argv, 0, 0, &operands, err);
	if (rc)
		return rc < 0 ? err->code : 0;
	if (backend + extended + spec + sopv > 1) {
		(void)!tmk_err_set(err, TMK_SOP_INCOMPATIBLE_OPTIONS,
				   "version: one option at a time");
		return err->code;
	}
	if (spec)	/* ~: not all of it */
		puts("~" DRAFT);
	else if (sopv)
		puts("1.0");
	else
		printf("%s %s\n", backend ? "touchmark" : "touchmark-sop",
		       TMK_VERSION);
	if (extended)
		printf("touchmark %s\nOpenPGP signatures by keys in tokens, "
		       "no encryption\n", TMK_VERSION);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv, struct tmk_err *err);
} subcommands[] = {
	{ "version", tmk_sop_version },
	{ "sign", tmk_sop_sign },
	{ "verify", tmk_sop_verify },
	{ "inline-sign", tmk_sop_inline_sign },
	{ "inline-verify", tmk_sop_inline_verify },
	{ "inline-detach", tmk_sop_inline_detach },
	{ "extract-cert", tmk_sop_extract_cert },
	{ "armor", tmk_sop_do_armour },
	{ "dearmor", tmk_sop_do_dearmour },
};

static int run(int argc, char **argv, struct tmk_err *err)
{
	size_t i;

	if (argc < 2) {
		(void)!tmk_err_set(err, TMK_SOP_MISSING_ARG,
				   "a subcommand is missing");
		(void)!tmk_err_hint(err, "touchmark-sop --help lists them");
		return err->code;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		fputs(help, stdout);
		return 0;
	}
	for (i = 0; i < sizeof(subcommands) / sizeof(*subcommands); i++)
		if (!strcmp(argv[1], subcommands[i].name))
			return subcommands[i].run(argc - 1, argv + 1, err);
	(void)!tmk_err_set(err, TMK_SOP_UNSUPPORTED_SUBCOMMAND,
			   "there is no subcommand %s here", argv[1]);
	(void)!tmk_err_hint(err, "touchmark-sop --help lists what there is");
	return err->code;
}

int main(int argc, char **argv)
{
	struct tmk_err err = TMK_ERR_INIT;
	int rc;

	tmk_secret_harden_process();
	tmk_gpg_other_settle();
	rc = run(argc, argv, &err);
	if (err.code) {
		fprintf(stderr, "touchmark-sop: %s\n", err.text);
		if (err.hint[0])
			fprintf(stderr, "touchmark-sop: hint: %s\n",
				err.hint);
	}
	if (fflush(stdout) && !rc)
		rc = TMK_SOP_FAILED;
	tmk_front_exit(rc);
}
