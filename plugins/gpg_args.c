#include "plugins/gpg_args.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FD_MAX 99999

enum meaning {
	IGNORED = 0,	/* says nothing that changes what we do */
	SIGN_ONLY,	/* so for signing; verifying is then not ours */
	SIGN, DETACH, CLEAR, ARMOUR, NO_ARMOUR, VERIFY, VERSION, HELP,
	USER, DEFAULT_KEY, HOME, KEYRING, OUTPUT, YES, SPECIAL, OPENPGP,
	TEXT, NO_TEXT, PASSPHRASE_FD, STATUS_FD, LOGGER_FD, DIGEST
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
	{ "clear-sign", 0, false, CLEAR },
	{ "clearsign", 0, false, CLEAR },
	{ "textmode", 0, false, TEXT },
	{ "no-textmode", 0, false, NO_TEXT },
	{ "openpgp", 0, false, OPENPGP },
	{ "armor", 'a', false, ARMOUR },
	{ "armour", 0, false, ARMOUR },
	{ "no-armor", 0, false, NO_ARMOUR },
	{ "no-armour", 0, false, NO_ARMOUR },
	{ "verify", 0, false, VERIFY },
	{ "version", 0, false, VERSION },
	{ "help", 'h', false, HELP },
	{ "local-user", 'u', true, USER },
	{ "sign-with", 0, true, USER },
	{ "user", 0, true, USER },
	{ "default-key", 0, true, DEFAULT_KEY },
	{ "homedir", 0, true, HOME },
	{ "output", 'o', true, OUTPUT },
	{ "yes", 0, false, YES },
	{ "enable-special-filenames", 0, false, SPECIAL },
	{ "status-fd", 0, true, STATUS_FD },
	{ "logger-fd", 0, true, LOGGER_FD },
	{ "digest-algo", 0, true, DIGEST },
	{ "keyring", 0, true, KEYRING },
	{ "secret-keyring", 0, true, KEYRING },
	{ "primary-keyring", 0, true, KEYRING },
	{ "no-default-keyring", 0, false, KEYRING },
	{ "passphrase-fd", 0, true, PASSPHRASE_FD },
	{ "passphrase", 0, true, SIGN_ONLY },
	{ "passphrase-file", 0, true, SIGN_ONLY },
	{ "passphrase-repeat", 0, true, SIGN_ONLY },
	{ "weak-digest", 0, true, SIGN_ONLY },
	{ "personal-digest-preferences", 0, true, SIGN_ONLY },
	{ "personal-digest-prefs", 0, true, SIGN_ONLY },
	{ "cert-digest-algo", 0, true, SIGN_ONLY },
	{ "list-options", 0, true, SIGN_ONLY },
	{ "verify-options", 0, true, SIGN_ONLY },
	{ "no-show-policy-url", 0, false, SIGN_ONLY },
	{ "batch", 0, false, IGNORED },
	{ "no-batch", 0, false, IGNORED },
	{ "no-tty", 0, false, IGNORED },
	{ "no", 0, false, IGNORED },
	{ "quiet", 'q', false, IGNORED },
	{ "verbose", 'v', false, IGNORED },
	{ "no-verbose", 0, false, IGNORED },
	{ "no-greeting", 0, false, IGNORED },
	{ "no-secmem-warning", 0, false, IGNORED },
	{ "no-permission-warning", 0, false, IGNORED },
	{ "no-mdc-warning", 0, false, IGNORED },
	{ "no-options", 0, false, IGNORED },
	{ "use-agent", 0, false, IGNORED },
	{ "no-use-agent", 0, false, IGNORED },
	{ "gpg-agent-info", 0, true, IGNORED },
	{ "no-autostart", 0, false, IGNORED },
	{ "pinentry-mode", 0, true, IGNORED },
	{ "request-origin", 0, true, IGNORED },
	{ "limit-card-insert-tries", 0, true, IGNORED },
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
	{ "enable-progress-filter", 0, false, IGNORED },
	{ "exit-on-status-write-error", 0, false, IGNORED },
	{ "sk-comments", 0, false, IGNORED },
	{ "no-sk-comments", 0, false, IGNORED },
	{ "no-comments", 0, false, IGNORED },
	{ "no-emit-version", 0, false, IGNORED },
	{ "no-version", 0, false, IGNORED },
	{ "no-force-v3-sigs", 0, false, IGNORED },
	{ "no-encrypt-to", 0, false, IGNORED },
	{ "lock-once", 0, false, IGNORED },
	{ "lock-multiple", 0, false, IGNORED },
	{ "lock-never", 0, false, IGNORED },
	{ "no-random-seed-file", 0, false, IGNORED },
	{ "no-sig-cache", 0, false, IGNORED },
	{ "disable-dirmngr", 0, false, IGNORED },
	{ "disable-crl-checks", 0, false, IGNORED },
	{ "disable-ocsp", 0, false, IGNORED },
	{ "trust-model", 0, true, IGNORED },
	{ "always-trust", 0, false, IGNORED },
	{ "auto-check-trustdb", 0, false, IGNORED },
	{ "no-auto-check-trustdb", 0, false, IGNORED },
	{ "no-auto-key-retrieve", 0, false, IGNORED },
	{ "no-auto-key-locate", 0, false, IGNORED },
	{ NULL, 0, false, IGNORED }
};

/* How short a name may be written: as many letters as mean nothing else in
 * gpg and in gpgsm. Others must be written out. */
static const struct {
	const char *name;
	size_t min;
} shortened[] = {
	{ "detach-sign", 3 }, { "version", 4 }, { "local-user", 5 },
	{ "output", 3 }, { "digest-algo", 6 }
};

#define SHORTENED (sizeof(shortened) / sizeof(*shortened))

/* What has been read so far, beside what is handed out. */
struct reading {
	struct tmk_gpg_args a;
	const char *default_key;
	int default_keys;
	bool home;		/* GnuPG is to use other keys */
	bool sign_only;		/* would change what is found good */
	bool text;		/* another kind of signature, unless the text
				   is signed in the clear */
	bool passphrase_in;	/* what stands first in standard input */
	bool special;		/* "-&N" is a descriptor */
	bool two_ops;
	const char *bad_fd;	/* option and value that cannot be */
	const char *bad_option;
};

static const struct option *by_letter(char c)
{
	const struct option *o;

	for (o = options; o->name; o++)
		if (o->letter && o->letter == c)
			return o;
	return NULL;
}

static const struct option *by_whole_name(const char *name, size_t len)
{
	const struct option *o;

	for (o = options; o->name; o++)
		if (!strncmp(o->name, name, len) && !o->name[len])
			return o;
	return NULL;
}

/* The whole name, or a beginning that fits only one, as gpg lets one write.
 * NULL when unknown or ambiguous. */
static const struct option *by_name(const char *name, size_t len)
{
	const struct option *whole = by_whole_name(name, len);
	size_t i;

	for (i = 0; !whole && i < SHORTENED; i++)
		if (len >= shortened[i].min &&
		    len < strlen(shortened[i].name) &&
		    !strncmp(shortened[i].name, name, len))
			return by_whole_name(shortened[i].name,
					     strlen(shortened[i].name));
	return whole;
}

/* A decimal number up to FD_MAX, nothing else; -1. */
static int number(const char *text)
{
	const char *p;
	int n = 0;

	for (p = text; *p >= '0' && *p <= '9' && n <= FD_MAX; p++)
		n = n * 10 + (*p - '0');
	return p == text || *p || n > FD_MAX ? -1 : n;
}

static void take_fd(struct reading *r, int *fd, const char *option,
		    const char *value)
{
	int n = number(value);

	if (n < 0) {
		r->bad_option = option;
		r->bad_fd = value;
	} else {
		*fd = n;
	}
}

/* The same one again is one. What is more than we sign with is counted. */
static void take_user(struct reading *r, const char *value)
{
	struct tmk_gpg_args *a = &r->a;
	int i;

	for (i = 0; i < a->users && i < TMK_GPG_USERS_MAX; i++)
		if (!strcmp(a->signer[i], value))
			return;
	if (a->users < TMK_GPG_USERS_MAX)
		a->signer[a->users] = value;
	a->users++;
}

static void take_op(struct reading *r, enum tmk_gpg_op op)
{
	if (r->a.op && r->a.op != op)
		r->two_ops = true;
	r->a.op = op;
}

/* Options with a value. */
static void apply_value(struct reading *r, enum meaning meaning,
			const char *value)
{
	struct tmk_gpg_args *a = &r->a;

	switch (meaning) {
	case USER:
		take_user(r, value);
		break;
	case DEFAULT_KEY:
		r->default_key = value;
		r->default_keys++;
		break;
	case PASSPHRASE_FD:
		r->passphrase_in = number(value) == 0;
		r->sign_only = true;
		break;
	case OUTPUT:
		a->output = value;
		break;
	case STATUS_FD:
		take_fd(r, &a->status_fd, "--status-fd", value);
		break;
	case LOGGER_FD:
		take_fd(r, &a->logger_fd, "--logger-fd", value);
		break;
	case DIGEST:
		a->digest = value;
		break;
	default:
		break;
	}
}

/* `value` is "" for an option that takes none. */
static void apply(struct reading *r, const struct option *o, const char *value)
{
	struct tmk_gpg_args *a = &r->a;

	a->detach |= o->meaning == DETACH;
	a->clear |= o->meaning == CLEAR;
	a->yes |= o->meaning == YES;
	a->openpgp |= o->meaning == OPENPGP;
	r->special |= o->meaning == SPECIAL;
	r->home |= o->meaning == HOME || o->meaning == KEYRING;
	r->sign_only |= o->meaning == SIGN_ONLY || o->meaning == KEYRING;
	switch (o->meaning) {
	case DETACH:
	case CLEAR:
	case SIGN:
		take_op(r, TMK_GPG_SIGN);
		break;
	case VERIFY:
		take_op(r, TMK_GPG_VERIFY);
		break;
	case VERSION:
		take_op(r, TMK_GPG_VERSION);
		break;
	case HELP:
		take_op(r, TMK_GPG_HELP);
		break;
	case ARMOUR:
	case NO_ARMOUR:
		a->armour = o->meaning == ARMOUR;
		break;
	case TEXT:
	case NO_TEXT:
		r->text = o->meaning == TEXT;
		break;
	default:
		apply_value(r, o->meaning, value);
		break;
	}
}

/* argv[*i] is "--name[=value]". Whether it is ours. */
static bool long_option(struct reading *r, int argc, char *const argv[],
			int *i)
{
	const char *name = argv[*i] + 2, *eq = strchr(name, '=');
	const struct option *o;
	const char *value = "";

	o = by_name(name, eq ? (size_t)(eq - name) : strlen(name));
	if (!o || (eq && !o->value))
		return false;
	if (o->value) {
		if (!eq && *i + 1 >= argc)
			return false;
		value = eq ? eq + 1 : argv[++*i];
	}
	apply(r, o, value);
	return true;
}

/* argv[*i] is a bundle. Whether all of it is ours. */
static bool short_options(struct reading *r, int argc, char *const argv[],
			  int *i)
{
	const char *p;

	for (p = argv[*i] + 1; *p; p++) {
		const struct option *o = by_letter(*p);

		if (!o)
			return false;
		if (!o->value) {
			apply(r, o, "");
			continue;
		}
		if (!p[1] && *i + 1 >= argc)
			return false;
		apply(r, o, p[1] ? p + 1 : argv[++*i]);
		return true;
	}
	return true;
}

/* Copy the hex digits of a fingerprint as gpg lets one write it: 0x before, !
 * behind, colons or spaces between. How many there are; 0 when anything else
 * is there. `out` has room for `max`. */
static size_t fingerprint_digits(char *out, size_t max, const char *user)
{
	size_t n = 0;

	if (user[0] == '0' && (user[1] == 'x' || user[1] == 'X'))
		user += 2;
	for (; *user; user++) {
		if (*user == '!' && !user[1])
			break;
		if (*user == ':' || *user == ' ')
			continue;
		if (!strchr("0123456789abcdefABCDEF", *user) || n == max)
			return 0;
		out[n++] = *user;
	}
	return n;
}

/* gpg's ways to write a key, as touchmark takes them. A key id is shorter
 * than a fingerprint and names no key of ours. */
static void settle_user(struct tmk_gpg_args *a, int i)
{
	size_t size = sizeof(a->fingerprint[i]), n;
	char digits[64];

	if (a->signer[i][0] == '=') {	/* exactly this user id */
		a->signer[i]++;
		return;
	}
	n = fingerprint_digits(digits, sizeof(digits), a->signer[i]);
	if (n != 40 && n != 64)
		return;
	snprintf(a->fingerprint[i], size, "%s%.*s", n == 64 ? "sha256:" : "",
		 (int)n, digits);
	a->signer[i] = a->fingerprint[i];
}

static void settle_users(struct tmk_gpg_args *a)
{
	int i;

	for (i = 0; i < a->users && i < TMK_GPG_USERS_MAX; i++)
		settle_user(a, i);
	a->user = a->signer[0];
}

/* "-&N" is what is already open as N, when the caller said so. A file that
 * was read in part is none that could be opened again. */
static void settle_operands(struct tmk_gpg_args *a, bool special)
{
	int i, fd;

	for (i = 0; special && i < a->operands; i++) {
		if (strncmp(a->operand[i], "-&", 2))
			continue;
		fd = number(a->operand[i] + 2);
		if (fd < 0)
			continue;	/* a file of that name, as in gpg */
		if (lseek(fd, 0, SEEK_CUR) > 0)
			a->op = TMK_GPG_OTHER;
		snprintf(a->fd_path[i], sizeof(a->fd_path[i]), "/dev/fd/%d",
			 fd);
		a->operand[i] = a->fd_path[i];
	}
}

/* What gpg would do otherwise than we. A passphrase that stands before the
 * content in one stream would be signed with it; a file leaves it alone. */
static bool is_odd(const struct reading *r, bool from_file)
{
	const struct tmk_gpg_args *a = &r->a;

	return (a->clear && a->detach) || (r->text && !a->clear) ||
		(r->passphrase_in && !from_file);
}

/* Whose call it is, once all of it has been read. `argv` from its operands. */
static void settle(struct reading *r, int operands, char *const argv[])
{
	struct tmk_gpg_args *a = &r->a;

	/* Of several defaults gpg takes the first that it has. */
	if (r->two_ops || a->users > TMK_GPG_USERS_MAX ||
	    (!a->users && r->default_keys > 1))
		a->op = TMK_GPG_OTHER;
	if (!a->users && r->default_keys)
		take_user(r, r->default_key);
	/* Another home is another set of keys, and none of them is named. */
	if (a->op == TMK_GPG_SIGN && r->home && !a->users)
		a->op = TMK_GPG_OTHER;
	if (a->op == TMK_GPG_SIGN &&
	    is_odd(r, operands == 1 && tmk_gpg_args_fd(argv[0]) < 0 &&
		   strncmp(argv[0], "-&", 2)))
		a->op = TMK_GPG_OTHER;
	if (a->op == TMK_GPG_VERIFY && r->sign_only)
		a->op = TMK_GPG_OTHER;
}

int tmk_gpg_args_parse(struct tmk_gpg_args *out, int argc,
		       char *const argv[], struct tmk_err *err)
{
	struct reading r = { .a = { .status_fd = -1, .logger_fd = -1 } };
	bool ours = true;
	int i;

	for (i = 1; i < argc && ours; i++) {
		const char *arg = argv[i];

		if (arg[0] != '-' || !arg[1])
			break;
		/* With special names this is an operand, not a bundle. */
		if (r.special && arg[1] == '&')
			break;
		if (!strcmp(arg, "--")) {
			i++;
			break;
		}
		ours = arg[1] == '-' ? long_option(&r, argc, argv, &i) :
			short_options(&r, argc, argv, &i);
	}
	r.a.first = i;
	settle(&r, argc - i, argv + i);
	if (!ours || argc - i > TMK_GPG_OPERANDS_MAX)
		r.a.op = TMK_GPG_OTHER;
	else
		for (; i < argc; i++)
			r.a.operand[r.a.operands++] = argv[i];
	if (r.a.op != TMK_GPG_OTHER && r.bad_fd)
		return tmk_err_set(err, TMK_USAGE,
				   "%s: '%s' is not a descriptor",
				   r.bad_option, r.bad_fd);
	*out = r.a;
	settle_users(out);
	settle_operands(out, r.special);
	return 0;
}

const char *tmk_gpg_args_output(char *out, size_t size,
				const struct tmk_gpg_args *args, bool gpgsm)
{
	const char *file = args->operands ? args->operand[0] : "-";

	if (args->output)
		return args->output;
	if (gpgsm || tmk_gpg_args_fd(file) >= 0)
		return "-";
	return (size_t)snprintf(out, size, "%s.%s", file,
				args->armour || args->clear ? "asc" : "sig") <
		size ?
		out : NULL;
}

bool tmk_gpg_args_is_git(const struct tmk_gpg_args *args)
{
	return args->detach && args->armour && !args->clear &&
		!args->openpgp && !args->output && !args->operands;
}

bool tmk_gpg_args_name_is_gpgsm(const char *argv0)
{
	size_t len = strlen(argv0);

	return len >= 5 && !strcmp(argv0 + len - 5, "gpgsm");
}

int tmk_gpg_args_fd(const char *path)
{
	static const char *const folders[] = { "/dev/fd/", "/proc/self/fd/" };
	size_t i, len;

	if (!strcmp(path, "-") || !strcmp(path, "/dev/stdin"))
		return 0;
	for (i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		len = strlen(folders[i]);
		if (!strncmp(path, folders[i], len))
			return number(path + len);
	}
	return -1;
}
