#include "plugins/command.h"

#include <stdio.h>
#include <string.h>

#include "plugins/front_key_verbs.h"

/* A verb without a function is known, but not built yet. */
static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv, struct tmk_err *err);
	const char *summary;
} verbs[] = {
	{ "generate", tmk_front_key_generate,
	  "make a key pair inside a token and configure it" },
	{ "list", tmk_front_key_list, "the keys in the tokens that are there" },
	{ "show", tmk_front_key_show,
	  "what the token says about one key, and its certificates" },
	{ "csr", tmk_front_key_csr, "a certificate request for your CA" },
	{ "import-cert", tmk_front_key_import,
	  "take the certificate that the CA has issued" },
	{ "export", tmk_front_key_export,
	  "the public part: certificates, OpenPGP key or SSH key" },
	{ "adopt", tmk_front_key_adopt,
	  "configure a key that came on a token, with its certificate" },
	{ "status", tmk_front_key_status,
	  "what ends when: keys, certificates, authorities; warnings" },
	{ "report", tmk_front_key_report,
	  "evidence about a key, for an authority or an auditor" },
	{ "selftest", tmk_front_key_selftest,
	  "have every place of a key sign, and verify it" },
	{ "pin", tmk_front_key_pin, "another PIN for the user of a token" },
	{ "destroy", tmk_front_key_destroy,
	  "the end of a key in its token, with the proof of it" },
	{ "compromise", tmk_front_key_compromise,
	  "a key is lost: deny it, tell what it signed and what to do" },
	{ "audit", tmk_front_key_audit,
	  "hold this installation against good practice" },
	{ NULL, NULL, NULL }
};

static void show_help(FILE *to)
{
	const struct verb *v;

	fputs("usage: touchmark key VERB [OPTION...] [ARGUMENT...]\n\n", to);
	for (v = verbs; v->name; v++)
		if (v->run)
			fprintf(to, "  %-14s%s\n", v->name, v->summary);
	fputs("\ntouchmark key VERB --help tells more\n", to);
}

static int run(int argc, char **argv, struct tmk_err *err)
{
	const struct verb *v;

	if (argc < 2) {
		tmk_err_set(err, TMK_USAGE, "key needs a verb");
		tmk_err_hint(err, "touchmark key --help lists them");
		return TMK_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		show_help(stdout);
		return TMK_OK;
	}
	for (v = verbs; v->name; v++) {
		if (strcmp(v->name, argv[1]))
			continue;
		if (v->run)
			return v->run(argc - 1, argv + 1, err);
		tmk_err_set(err, TMK_USAGE, "key %s is not supported yet",
			    v->name);
		tmk_err_hint(err, "touchmark key --help lists what there is");
		return TMK_USAGE;
	}
	tmk_err_set(err, TMK_USAGE, "unknown verb '%s'", argv[1]);
	tmk_err_hint(err, "touchmark key --help lists them");
	return TMK_USAGE;
}

const struct tmk_command tmk_command_key = {
	"key", "generate, list, show, csr, import-cert, export: keys",
	run
};
