/*
 * touchmark-gpg-verify - what touchmark-gpg does with `--verify`.
 *
 * A program of its own so that what reads a stranger's signature has no key
 * store, no PIN code and no PKCS#11 in it, and does not load them. OpenPGP
 * goes to the real gpg with the same arguments.
 */
#include <stdio.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/secret.h"
#include "plugins/gpg_args.h"
#include "plugins/gpg_other.h"
#include "plugins/gpg_status.h"
#include "plugins/gpg_verify.h"

/* Nothing is decrypted here and no reason of OpenSSL's is shown: its tables of
 * ciphers and of messages take longer to fill than a signature to check. Its
 * configuration files load code. */
static void start_openssl(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
			    OPENSSL_INIT_NO_ATEXIT |
			    OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
			    OPENSSL_INIT_NO_ADD_ALL_CIPHERS, NULL);
}

static int run(const struct tmk_gpg_args *args, bool gpgsm,
	       const char *program, char *const argv[], struct tmk_err *err)
{
	if (args->op == TMK_GPG_VERIFY &&
	    (args->operands == 1 || args->operands == 2))
		return tmk_gpg_status_check(args->status_fd, err) ?
			err->code : tmk_gpg_verify(args, program, argv, err);
	(void)!tmk_gpg_other_run(gpgsm ? "gpgsm" : "gpg", argv, err);
	return err->code;
}

int main(int argc, char **argv)
{
	struct tmk_err err = TMK_ERR_INIT;
	bool gpgsm = argc > 0 && tmk_gpg_args_name_is_gpgsm(argv[0]);
	const char *program = gpgsm ? "gpgsm" : "touchmark-gpg";
	struct tmk_gpg_args args;
	int rc;

	tmk_secret_harden_process();
	start_openssl();
	rc = tmk_gpg_args_parse(&args, argc, argv, &err) ? err.code :
		run(&args, gpgsm, program, argv, &err);
	if (err.code) {
		fprintf(stderr, "%s: %s\n", program, err.text);
		if (err.hint[0])
			fprintf(stderr, "%s: hint: %s\n", program, err.hint);
	}
	if (fflush(stdout) && !rc)
		rc = TMK_INPUT;
	/* What the destructors of libraries would tidy takes a millisecond. */
#ifndef __SANITIZE_ADDRESS__
	_exit(rc);
#endif
	return rc;
}
