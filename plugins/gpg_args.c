#include "plugins/gpg_args.h"

#include <string.h>

enum meaning {
	IGNORED = 0,	/* says nothing that changes what we do */
	SIGN, DETACH, ARMOUR, VERIFY, VERSION, HELP,
	USER, OUTPUT, STATUS_FD, DIGEST
};

struct option {
	const char *name;
	char letter;		/* 0: none */
	bool value;		/* takes one */
	enum meaning meaning;
};

/* What is passed over changes neither which key signs, nor over what, nor
 * whether a signature is good: verbosity, terminals, GnuPG's own files. An
 * option that would is not listed: the call is not ours then. */
static const struct option options[] = {
	{ "sign", 's', false, SIGN },
	{ "detach-sign", 'b', false, DETACH },
	{ "armor", 'a', false, ARMOUR },
	{ "armour", 0, false, ARMOUR },
	{ "verify", 0, false, VERIFY },
	{ "version", 0, false, VERSION },
	{ "help", 'h', false, HELP },
	{ "local-user", 'u', true, USER },
	{ "output", 'o', true, OUTPUT },
	{ "status-fd", 0, true, STATUS_FD },
	{ "digest-algo", 0, true, DIGEST },
	{ "batch", 0, false, IGNORED },
	{ "no-batch", 0, false, IGNORED },
	{ "tty", 0, false, IGNORED },
	{ "no-tty", 0, false, IGNORED },
	{ "yes", 0, false, IGNORED },
	{ "no", 0, false, IGNORED },
	{ "quiet", 'q', false, IGNORED },
	{ "verbose", 'v', false, IGNORED },
	{ "no-verbose", 0, false, IGNORED },
	{ "no-greeting", 0, false, IGNORED },
	{ "no-secmem-warning", 0, false, IGNORED },
	{ "no-permission-warning", 0, false, IGNORED },
	{ "no-options", 0, false, IGNORED },
	{ "options", 0, true, IGNORED },
	{ "homedir", 0, true, IGNORED },
	{ "use-agent", 0, false, IGNORED },
	{ "no-use-agent", 0, false, IGNORED },
	{ "no-autostart", 0, false, IGNORED },
	{ "pinentry-mode", 0, true, IGNORED },
	{ "logger-fd", 0, true, IGNORED },
	{ "log-file", 0, true, IGNORED },
	{ "keyid-format", 0, true, IGNORED },
	{ "with-colons", 0, false, IGNORED },
	{ "with-fingerprint", 0, false, IGNORED },
	{ "fixed-list-mode", 0, false, IGNORED },
	{ "charset", 0, true, IGNORED },
	{ "display-charset", 0, true, IGNORED },
	{ "utf8-strings", 0, false, IGNORED },
	{ "display", 0, true, IGNORED },
	{ "ttyname", 0, true, IGNORED },
	{ "ttytype", 0, true, IGNORED },
	{ "lc-ctype", 0, true, IGNORED },
	{ "lc-messages", 0, true, IGNORED },
	{ "xauthority", 0, true, IGNORED },
	{ "disable-dirmngr", 0, false, IGNORED },
	{ "disable-crl-checks", 0, false, IGNORED },
	{ "enable-crl-checks", 0, false, IGNORED },
	{ "disable-ocsp", 0, false, IGNORED },
	{ "include-certs", 0, true, IGNORED },
	{ "trust-model", 0, true, IGNORED },
	{ "no-auto-check-trustdb", 0, false, IGNORED },
	{ NULL, 0, false, IGNORED }
};

static const struct option *by_letter(char c)
{
	const struct option *o;

	for (o = options; o->name; o++)
		if (o->letter && o->letter == c)
			return o;
	return NULL;
}

/* The whole name, or a beginning that fits only one, as gpg lets one write.
 * NULL when unknown or ambiguous. A name of ours that a longer foreign option
 * begins with must be written out, which callers do. */
static const struct option *by_name(const char *name, size_t len)
{
	const struct option *o, *found = NULL;

	for (o = options; o->name; o++) {
		if (strncmp(o->name, name, len))
			continue;
		if (strlen(o->name) == len)
			return o;
		if (found)
			return NULL;
		found = o;
	}
	/* An abbreviation of ours may be one of an option that we do not
	 * know; only what git and people really shorten is taken. */
	return found && len >= 5 && found->meaning != IGNORED ? found : NULL;
}

static int parse_fd(int *out, const char *text, struct tmk_err *err)
{
	int fd = 0;
	const char *p;

	for (p = text; *p >= '0' && *p <= '9' && fd < 100000; p++)
		fd = fd * 10 + (*p - '0');
	if (p == text || *p || fd >= 100000)
		return tmk_err_set(err, TMK_USAGE,
				   "--status-fd: '%s' is not a descriptor",
				   text);
	*out = fd;
	return 0;
}

/* `value` is NULL for an option that takes none. */
static int apply(struct tmk_gpg_args *a, const struct option *o,
		 const char *value, bool *two_ops, struct tmk_err *err)
{
	enum tmk_gpg_op op = TMK_GPG_OTHER;

	switch (o->meaning) {
	case IGNORED:
		break;
	case DETACH:
		a->detach = true;
		op = TMK_GPG_SIGN;
		break;
	case SIGN:
		op = TMK_GPG_SIGN;
		break;
	case VERIFY:
		op = TMK_GPG_VERIFY;
		break;
	case VERSION:
		op = TMK_GPG_VERSION;
		break;
	case HELP:
		op = TMK_GPG_HELP;
		break;
	case ARMOUR:
		a->armour = true;
		break;
	case USER:
		a->user = value;
		a->users++;
		break;
	case OUTPUT:
		a->output = value;
		break;
	case DIGEST:
		a->digest = value;
		break;
	case STATUS_FD:
		return value ? parse_fd(&a->status_fd, value, err) : 1;
	}
	if (op && a->op && a->op != op)
		*two_ops = true;
	if (op)
		a->op = op;
	return 0;
}

/* argv[*i] is "--name[=value]". 0 read, 1 not ours, -1 error. */
static int long_option(struct tmk_gpg_args *a, int argc, char *const argv[],
		       int *i, bool *two_ops, struct tmk_err *err)
{
	const char *name = argv[*i] + 2, *eq = strchr(name, '=');
	const struct option *o;
	const char *value = NULL;

	o = by_name(name, eq ? (size_t)(eq - name) : strlen(name));
	if (!o || (eq && !o->value))
		return 1;
	if (o->value) {
		if (!eq && *i + 1 >= argc)
			return 1;
		value = eq ? eq + 1 : argv[++*i];
	}
	return apply(a, o, value, two_ops, err);
}

/* argv[*i] is a bundle. 0 read, 1 not ours, -1 error. */
static int short_options(struct tmk_gpg_args *a, int argc, char *const argv[],
			 int *i, bool *two_ops, struct tmk_err *err)
{
	const char *p;

	for (p = argv[*i] + 1; *p; p++) {
		const struct option *o = by_letter(*p);

		if (!o)
			return 1;
		if (!o->value) {
			if (apply(a, o, NULL, two_ops, err))
				return -1;
			continue;
		}
		if (p[1])
			return apply(a, o, p + 1, two_ops, err);
		if (*i + 1 >= argc)
			return 1;
		return apply(a, o, argv[++*i], two_ops, err);
	}
	return 0;
}

int tmk_gpg_args_parse(struct tmk_gpg_args *out, int argc,
		       char *const argv[], struct tmk_err *err)
{
	struct tmk_gpg_args a = { .status_fd = -1 };
	bool two_ops = false;
	int i, rc = 0;

	for (i = 1; i < argc && !rc; i++) {
		const char *arg = argv[i];

		if (arg[0] != '-' || !arg[1])
			break;
		if (!strcmp(arg, "--")) {
			i++;
			break;
		}
		if (arg[1] == '-')
			rc = long_option(&a, argc, argv, &i, &two_ops, err);
		else
			rc = short_options(&a, argc, argv, &i, &two_ops, err);
	}
	if (rc < 0)
		return -1;
	if (rc || two_ops || argc - i > TMK_GPG_OPERANDS_MAX)
		a.op = TMK_GPG_OTHER;
	else
		for (; i < argc; i++)
			a.operand[a.operands++] = argv[i];
	*out = a;
	return 0;
}

bool tmk_gpg_args_name_is_gpgsm(const char *argv0)
{
	size_t len = strlen(argv0);

	return len >= 5 && !strcmp(argv0 + len - 5, "gpgsm");
}
