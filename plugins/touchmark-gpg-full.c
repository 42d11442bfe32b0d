/*
 * touchmark-gpg-full - what touchmark-gpg does when no agent can do it.
 *
 * Makes CMS and OpenPGP signatures with touchmark's keys; whatever else is
 * asked of it is what the real gpg or gpgsm does, and goes there with the same
 * arguments. Verifying is left to touchmark-gpg-verify.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "core/config_files.h"
#include "plugins/front_exit.h"
#include "plugins/gpg_args.h"
#include "plugins/gpg_other.h"
#include "plugins/gpg_sign.h"
#include "plugins/gpg_status.h"

static const char help[] =
"usage: touchmark-gpg [-abs] [-u KEY] [-o FILE] [--status-fd N] [FILE]\n"
"       touchmark-gpg --clearsign [-u KEY] [-o FILE] [--status-fd N] [FILE]\n"
"       touchmark-gpg [--status-fd N] --verify SIGNATURE DATA\n"
"\n"
"For git, as gpg.x509.program and gpg.program, and for tools that make\n"
"packages, in the place of gpg. Makes CMS when called by a name that ends in\n"
"gpgsm, or by git whose gpg.format is x509, else OpenPGP. Keys that are not\n"
"touchmark's, and every other call, are handed to the real gpg or gpgsm. See\n"
"touchmark-gpg(1).\n";

/* Whether git wants CMS from us, whatever our name. */
static int format_is_x509(bool *x509, struct tmk_err *err)
{
	char *format = NULL;

	if (tmk_config_files_git_get(&format, ".", "gpg.format", err))
		return -1;
	*x509 = format && !strcmp(format, "x509");
	free(format);
	return 0;
}

static int sign(const struct tmk_gpg_args *args, bool gpgsm,
		const char *program, char *const argv[], struct tmk_err *err)
{
	bool x509 = gpgsm;

	/* Not a thing that gpgsm knows. */
	if (gpgsm && (args->clear || args->openpgp)) {
		(void)!tmk_gpg_other_run("gpgsm", argv, err);
		return err->code;
	}
	if (!gpgsm && tmk_gpg_args_is_git(args) && format_is_x509(&x509, err))
		return err->code;
	return tmk_gpg_sign(args, x509, program, argv, err);
}

static int run(const struct tmk_gpg_args *args, bool gpgsm,
	       const char *program, char *const argv[], struct tmk_err *err)
{
	const char *real = gpgsm ? "gpgsm" : "gpg";

	if (args->op != TMK_GPG_OTHER &&
	    tmk_gpg_status_check(args->status_fd, err))
		return err->code;
	switch (args->op) {
	case TMK_GPG_SIGN:
		return sign(args, gpgsm, program, argv, err);
	case TMK_GPG_VERSION:
		return tmk_gpg_other_version(real);
	case TMK_GPG_HELP:
		fputs(help, stdout);
		return fflush(stdout) ? TMK_INPUT : TMK_OK;
	case TMK_GPG_VERIFY:	/* what is ours goes to touchmark-gpg-verify */
	case TMK_GPG_OTHER:
		break;
	}
	(void)!tmk_gpg_other_run(real, argv, err);
	return err->code;
}

int main(int argc, char **argv)
{
	struct tmk_err err = TMK_ERR_INIT;
	bool gpgsm = argc > 0 && tmk_gpg_args_name_is_gpgsm(argv[0]);
	const char *program = gpgsm ? "gpgsm" : "touchmark-gpg";
	struct tmk_gpg_args args;
	int rc;

	/* GnuPG keeps no core files either: what it inherits is no change. */
	tmk_secret_harden_process();
	if (tmk_gpg_args_parse(&args, argc, argv, &err))
		rc = err.code;
	else
		rc = run(&args, gpgsm, program, argv, &err);
	if (err.code) {
		fprintf(stderr, "%s: %s\n", program, err.text);
		if (err.hint[0])
			fprintf(stderr, "%s: hint: %s\n", program, err.hint);
	}
	tmk_front_exit(rc);
}
