#include "plugins/command.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/opt.h"
#include "core/config.h"
#include "core/issue.h"
#include "plugins/front_init.h"
#include "plugins/front_softhsm.h"
#include "x509/cert.h"

static void report_pin(const struct tmk_init *init)
{
	if (!init->pin_path)
		printf("PIN: asked for when it is needed\n");
	else if (init->embedded && !init->pin_file)
		printf("PIN: random, in %s (mode 0600)\n"
		       "  whoever reads that file can sign: good enough for "
		       "development\n", init->pin_path);
	else
		printf("PIN: read from %s\n", init->pin_path);
}

/* The command that shows that it works: with the policy of another key that
 * stays it must name ours. */
static void report_next(const struct tmk_init *init)
{
	const char *policy = init->policy_set ? NULL : init->policy;

	if (init->git)
		printf("git: signs every commit and tag from now on (%s "
		       "configuration)\nnext: git commit --allow-empty -m "
		       "'first signed commit' && git%s%s%s log -1 "
		       "--show-signature\n", init->git,
		       policy ? " -c touchmark.policy='" : "",
		       policy ? policy : "", policy ? "'" : "");
	else
		printf("next: touchmark sign%s%s FILE && touchmark verify"
		       "%s%s%s FILE\n", init->key_set ? "" : " -k ",
		       init->key_set ? "" : init->name,
		       policy ? " --policy '" : "", policy ? policy : "",
		       policy ? "'" : "");
}

/* The same key signs in the other formats, where it is known by its public
 * key. */
static void report_other(const struct tmk_init *init)
{
	printf("OpenPGP: touchmark key export %s --type openpgp | gpg "
	       "--import\n"
	       "SSH: touchmark key export %s --type ssh --allowed-signers\n",
	       init->name, init->name);
}

static int report(const struct tmk_init *init, struct tmk_err *err)
{
	char subject[512], until[TMK_CLOCK_TEXT];
	int64_t from = 0, to = 0;

	if (tmk_cert_validity(&from, &to, init->leaf, err) < 0)
		return -1;
	printf("token: %s%s\n", init->label, init->embedded ?
	       " (SoftHSM2: a software token, not an HSM)" : "");
	if (init->embedded && tmk_front_softhsm_foreign())
		printf("  it lies where SOFTHSM2_CONF=%s says: keep that "
		       "set\n", tmk_front_softhsm_foreign());
	report_pin(init);
	printf("key: %s, %s, made in the token and not extractable\n",
	       init->name, init->algorithm);
	printf("certificate: %s\n  issued by a %s\n  valid until %s, as is "
	       "its CA's empty CRL; make a new key then\n",
	       tmk_cert_subject(subject, sizeof(subject), init->leaf),
	       TMK_ISSUE_CA_NAME, tmk_clock_format(until, to));
	printf("files: %s\n       %s\n       %s\n       %s\n", init->chain,
	       init->ca, init->crl, init->policy);
	if (!init->policy_set)
		printf("policy: the one that is configured stays, and does "
		       "not trust this key's CA; --policy %s does\n",
		       init->policy);
	if (!init->key_set)
		printf("default key: unchanged; -k %s names this one\n",
		       init->name);
	report_other(init);
	return 0;
}

static int make(struct tmk_init *init, struct tmk_err *err)
{
	if (tmk_init_prepare(init, err) < 0)
		return -1;
	if (tmk_init_token(init, err) < 0 || tmk_init_keys(init, err) < 0 ||
	    tmk_init_configure(init, err) < 0) {
		tmk_init_undo(init);
		return -1;
	}
	/* From here on the key is there and configured: it stays. */
	if (tmk_init_git(init, err) < 0 || report(init, err) < 0)
		return -1;
	if (tmk_init_hook(init, err) < 0)
		return -1;
	report_next(init);
	return 0;
}

/* What is still to be done by hand, in formats where a key is known by its
 * public part. */
static void report_use(const struct tmk_init *init)
{
	printf("git: signs every commit and tag from now on with key %s "
	       "(%s configuration, format %s)\n", init->name, init->git,
	       init->format);
	if (!strcmp(init->format, "openpgp"))
		printf("OpenPGP: touchmark key export %s --type openpgp | gpg "
		       "--import\n", init->name);
	if (!strcmp(init->format, "ssh"))
		printf("SSH: touchmark key export %s --type ssh "
		       "--allowed-signers adds a line to the file that "
		       "gpg.ssh.allowedSignersFile names\n", init->name);
	printf("next: touchmark doctor\n");
}

/* Nothing is made, so nothing is taken back. */
static int use(struct tmk_init *init, struct tmk_err *err)
{
	if (tmk_init_use_prepare(init, err) < 0 ||
	    tmk_init_git(init, err) < 0 || tmk_init_hook(init, err) < 0)
		return -1;
	report_use(init);
	return 0;
}

static int run(int argc, char **argv, struct tmk_err *err)
{
	struct tmk_init init = { .name = NULL };
	bool help = false;
	const struct tmk_opt table[] = {
		{ 0, "name", TMK_OPT_TEXT, &init.name, "NAME",
		  "what the key is called (default dev)" },
		{ 0, "user", TMK_OPT_TEXT, &init.user, "'Name <mail>'",
		  "whose it is (default: git's user.name and user.email)" },
		{ 0, "algorithm", TMK_OPT_TEXT, &init.algorithm, "A",
		  "rsa3072 (default), rsa4096, p256, p384" },
		{ 0, "token", TMK_OPT_TEXT, &init.token, "LABEL",
		  "use this token (default: make a SoftHSM2 token)" },
		{ 0, "module", TMK_OPT_TEXT, &init.module, "PATH",
		  "the token's PKCS#11 module" },
		{ 0, "pin-file", TMK_OPT_TEXT, &init.pin_file, "FILE",
		  "read the PIN from here, now and later" },
		{ 0, "git", TMK_OPT_TEXT, &init.git, "local|global",
		  "tell git to sign commits and tags with the key" },
		{ 0, "format", TMK_OPT_TEXT, &init.format, "FORMAT",
		  "x509 (default), openpgp, ssh" },
		{ 0, "key", TMK_OPT_TEXT, &init.key, "NAME",
		  "with --git: make nothing, use this key that is configured" },
		{ 0, "pre-push", TMK_OPT_FLAG, &init.pre_push, NULL,
		  "with --git local: judge before each push" },
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, ret;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (help) {
		tmk_opt_help(stdout, "touchmark init [OPTION...]", table);
		return TMK_OK;
	}
	if (operands) {
		tmk_err_set(err, TMK_USAGE, "init takes no '%s'", argv[1]);
		tmk_err_hint(err, "touchmark init --help");
		return TMK_USAGE;
	}
	if (!init.format)
		init.format = "x509";
	if (init.key) {
		ret = use(&init, err);
	} else {
		if (!init.name)
			init.name = "dev";
		if (!init.algorithm)
			init.algorithm = "rsa3072";
		ret = make(&init, err);
	}
	tmk_init_release(&init);
	return ret < 0 ? err->code : TMK_OK;
}

const struct tmk_command tmk_command_init = {
	"init", "make a key in a token, ready to sign commits and files", run
};
