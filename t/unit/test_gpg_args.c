/* test_gpg_args.c - what of gpg's command line is ours, and what it means. */
#include <stdio.h>
#include <string.h>

#include "t/unit/tap.h"

/* The parts of touchmark-gpg are in no library that this test links. */
#include "plugins/gpg_args.c"

#define WORDS 24

static struct tmk_gpg_args a;
static struct tmk_err err;

static int parse(const char *line)
{
	static char copy[256];
	char *argv[WORDS + 2];
	int argc = 0;
	char *p;

	snprintf(copy, sizeof(copy), "%s", line);
	argv[argc++] = copy;
	for (p = copy; (p = strchr(p, ' ')) && argc <= WORDS;) {
		*p++ = '\0';
		argv[argc++] = p;
	}
	argv[argc] = NULL;
	memset(&a, 0, sizeof(a));
	memset(&err, 0, sizeof(err));
	return tmk_gpg_args_parse(&a, argc, argv, &err);
}

static void ours(void)
{
	is_int(parse("gpgsm --status-fd=2 -bsau KEY"), 0, "as git signs");
	is_int(a.op, TMK_GPG_SIGN, "it is a signature");
	ok(a.detach && a.armour, "detached and armoured");
	is_str(a.user, "KEY", "the key behind the bundle");
	is_int(a.status_fd, 2, "the status descriptor");
	is_int(a.operands, 0, "no operand");
	is_int(parse("gpg --status-fd=2 -bsau "), 0, "an empty key");
	is_str(a.user, "", "is kept empty");
	is_int(parse("gpg -bsauKEY"), 0, "the key in the bundle");
	is_str(a.user, "KEY", "is found");
	is_int(parse("gpg --keyid-format=long --status-fd=1 --verify F -"), 0,
	       "as git verifies");
	is_int(a.op, TMK_GPG_VERIFY, "it is a verification");
	is_int(a.operands, 2, "of two operands");
	is_str(a.operand[0], "F", "the signature first");
	is_str(a.operand[1], "-", "then the data");
	is_int(parse("gpg --detach-sign --armor --local-user K --output O F"),
	       0, "long options");
	ok(a.op == TMK_GPG_SIGN && a.detach && a.armour, "mean the same");
	is_str(a.output, "O", "the output");
	is_str(a.operand[0], "F", "the file");
	parse("gpg --batch --no-tty -b -u A -u B");
	is_int(a.users, 2, "two keys are counted");
	parse("gpg -s");
	ok(a.op == TMK_GPG_SIGN && !a.detach, "-s alone is not detached");
	parse("gpg -b -- -u F");
	ok(!a.user && a.operands == 2, "-- ends the options");
	parse("gpg -b F --armor");
	ok(!a.armour && a.operands == 2, "so does the first operand");
}

static void keys(void)
{
	static const char fpr[] = "0123456789ABCDEF0123456789abcdef01234567";
	static const char colons[] = "gpg -b --local-user="
		"01:23:45:67:89:AB:CD:EF:01:23:45:67:89:ab:cd:ef:01:23:45:67";
	static const char *const forms[] = {
		"gpg -bsau 0123456789ABCDEF0123456789abcdef01234567",
		"gpg -bsau 0x0123456789ABCDEF0123456789abcdef01234567",
		"gpg -bsau 0X0123456789ABCDEF0123456789abcdef01234567!",
		"gpg -bsau 0123456789ABCDEF0123456789abcdef01234567!",
		colons,
	};
	static char spaced[] =
		"0123 4567 89AB CDEF 0123  4567 89ab cdef 0123 4567";
	char *argv[] = { spaced, spaced, spaced, NULL };
	static char bundle[] = "-bu";
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		parse(forms[i]);
		is_str(a.user, fpr, "fingerprint %zu", i);
		is_int(a.op, TMK_GPG_SIGN, "signs");
	}
	argv[1] = bundle;
	is_int(tmk_gpg_args_parse(&a, 3, argv, &err), 0, "with spaces");
	is_str(a.user, fpr, "as gpg prints it");
	parse("gpg -bu 0123456789abcdef0123456789abcdef"
	      "0123456789abcdef0123456789abcdef");
	is_str(a.user, "sha256:0123456789abcdef0123456789abcdef"
	       "0123456789abcdef0123456789abcdef", "64 digits are SHA-256");
	parse("gpg -bu 0x0123456789ABCDEF");
	is_str(a.user, "0x0123456789ABCDEF", "a key id stays as it is");
	parse("gpg -bu 0123456789ABCDEF0123456789abcdef01234567!!");
	is_str(a.user, "0123456789ABCDEF0123456789abcdef01234567!!",
	       "so does what is no fingerprint");
	parse("gpg -bu 0123456789ABCDEF0123456789abcdef012345678");
	is_int((int)strlen(a.user), 41, "or one digit too long");
	parse("gpg -bu =Name");
	is_str(a.user, "Name", "an exact user id");
	parse("gpg -b --default-key D");
	is_str(a.user, "D", "--default-key names the key");
	is_int(a.users, 1, "alone");
	parse("gpg -b --default-key D -u U");
	is_str(a.user, "U", "but -u goes before");
	parse("gpg -b -u U --default-key D --default-key E");
	is_str(a.user, "U", "whatever the defaults");
	is_int(a.op, TMK_GPG_SIGN, "signs");
	parse("gpg -b -u A -u A");
	is_int(a.users, 1, "the same key twice is one");
	parse("gpg -b --sign-with A");
	is_str(a.user, "A", "--sign-with is -u");
	parse("gpg -b --homedir H -u A");
	is_int(a.op, TMK_GPG_SIGN, "a named key signs from any home");
}

static void shapes(void)
{
	char name[64];

	parse("gpg --sign --detach --armor -u K -- -&7");
	ok(a.op == TMK_GPG_SIGN && a.detach && a.armour, "as GPGME signs");
	is_str(a.operand[0], "-&7", "a name unless told otherwise");
	parse("gpg --enable-special-filenames --batch --no-sk-comments "
	      "--status-fd 4 --logger-fd 6 --verify -- -&31 -&32");
	is_int(a.op, TMK_GPG_VERIFY, "as GPGME verifies");
	is_str(a.operand[0], "/dev/fd/31", "descriptors");
	is_str(a.operand[1], "/dev/fd/32", "both");
	is_int(a.logger_fd, 6, "its human lines");
	is_int(a.first, 10, "where the operands begin");
	parse("gpg --enable-special-filenames -b -&x");
	is_str(a.operand[0], "-&x", "no number, no descriptor");
	parse("gpg --enable-special-filenames -b -&31");
	is_str(a.operand[0], "/dev/fd/31", "without -- too");
	parse("gpg --detach-si --vers");
	is_int(a.op, TMK_GPG_OTHER, "two commands");
	parse("gpg --local K --out O --dige SHA256 -b");
	is_int(a.op, TMK_GPG_OTHER, "too short to mean one thing");
	parse("gpg --local K --out O --digest SHA256 -b");
	ok(a.op == TMK_GPG_SIGN && a.user && a.output && a.digest,
	   "as short as may be");
	parse("gpg -a --no-armor -b");
	ok(!a.armour && a.op == TMK_GPG_SIGN, "the last word on armour holds");
	parse("gpg --yes -b");
	ok(a.yes, "--yes is kept");
	parse("gpg -ab F");
	is_str(tmk_gpg_args_output(name, sizeof(name), &a, false), "F.asc",
	       "gpg writes beside the file");
	is_str(tmk_gpg_args_output(name, sizeof(name), &a, true), "-",
	       "gpgsm does not");
	ok(!tmk_gpg_args_output(name, 5, &a, false), "a name too long");
	parse("gpg -b F");
	is_str(tmk_gpg_args_output(name, sizeof(name), &a, false), "F.sig",
	       "binary");
	parse("gpg -b -");
	is_str(tmk_gpg_args_output(name, sizeof(name), &a, false), "-",
	       "not beside standard input");
	parse("gpg -b");
	is_str(tmk_gpg_args_output(name, sizeof(name), &a, false), "-",
	       "nor beside nothing");
	parse("gpg -b -o O F");
	is_str(tmk_gpg_args_output(name, sizeof(name), &a, false), "O",
	       "-o says where");
	is_int(tmk_gpg_args_fd("-"), 0, "- is 0");
	is_int(tmk_gpg_args_fd("/dev/fd/12"), 12, "/dev/fd/12 is 12");
	is_int(tmk_gpg_args_fd("/proc/self/fd/3"), 3, "so is /proc");
	is_int(tmk_gpg_args_fd("/dev/fd/x"), -1, "no number");
	is_int(tmk_gpg_args_fd("F"), -1, "no descriptor");
}

/* How packaging tools call. */
static void packagers(void)
{
	char name[64];

	parse("gpg --no-verbose --no-armor --no-secmem-warning -u K -sbo O "
	      "-- -");
	ok(a.op == TMK_GPG_SIGN && a.detach && !a.armour, "as rpmsign signs");
	is_str(a.output, "O", "into a file");
	parse("gpg --local-user K --clearsign --list-options "
	      "no-show-policy-urls --armor --textmode --output O F");
	ok(a.op == TMK_GPG_SIGN && a.clear && !a.detach, "as debsign signs");
	parse("gpg --weak-digest SHA1 --weak-digest RIPEMD160 --utf8-strings "
	      "--textmode --armor --openpgp --personal-digest-preferences S "
	      "--local-user K --output O --clearsign F");
	ok(a.op == TMK_GPG_SIGN && a.clear, "as dpkg signs");
	is_str(a.operand[0], "F", "a file");
	parse("gpg --openpgp --detach-sign --default-key K");
	ok(a.op == TMK_GPG_SIGN && a.detach && a.openpgp, "as debsigs signs");
	is_str(a.user, "K", "with the default key");
	parse("gpg -o O --digest-algo SHA256 --armor --yes -u K --no-tty "
	      "--batch --pinentry-mode loopback --detach-sign F");
	ok(a.op == TMK_GPG_SIGN && a.yes, "as aptly signs");
	is_str(a.digest, "SHA256", "with its digest");
	parse("gpg --batch --passphrase-fd 0 -o O --clearsign F");
	is_int(a.op, TMK_GPG_SIGN, "a passphrase beside a file is unread");
	parse("gpg --batch --passphrase-fd 3 --clearsign");
	is_int(a.op, TMK_GPG_SIGN, "so is one on its own descriptor");
	parse("gpg --passphrase-file P --keyring R -u K -b F");
	is_int(a.op, TMK_GPG_SIGN, "keyrings do not matter to a named key");
	parse("gpg --clear-sign F");
	is_str(tmk_gpg_args_output(name, sizeof(name), &a, false), "F.asc",
	       "--clearsign writes FILE.asc");
	parse("gpg -b -u A -u B -u A -u =C");
	is_int(a.users, 3, "several keys");
	ok(!strcmp(a.signer[1], "B") && !strcmp(a.signer[2], "C"),
	   "in their order");
	parse("gpg --status-fd=2 -bsau K");
	ok(tmk_gpg_args_is_git(&a), "git calls like this");
	parse("gpg --status-fd=2 -bsau K F");
	ok(!tmk_gpg_args_is_git(&a), "and not with a file");
	parse("gpg --openpgp -bsau K");
	ok(!tmk_gpg_args_is_git(&a), "nor so");
}

/* A file behind -&N that was read in part cannot be opened again there. */
static void half_read(void)
{
	char line[64];
	FILE *f = tmpfile();

	if (!ok(f && fwrite("ab", 1, 2, f) == 2 && !fseek(f, 1, SEEK_SET),
		"a scratch file"))
		return;
	snprintf(line, sizeof(line),
		 "gpg --enable-special-filenames -b -&%d", fileno(f));
	parse(line);
	is_int(a.op, TMK_GPG_OTHER, "a file that was read in part");
	fclose(f);
}

/* What gpg and gpgsm themselves say of their options: `text` has lines
 * "name:number:flags:...", the low bits of the flags are the kind of value. */
static const char *entry(const char *text, const char *name, size_t len)
{
	const char *p;

	for (p = text; p && *p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, name, len) && p[len] == ':')
			return p;
	}
	return NULL;
}

static bool takes_value(const char *entry_line)
{
	int flags = 0;

	sscanf(entry_line, "%*[^:]:%*d:%d", &flags);
	return (flags & 7) != 0;
}

/* Every beginning that we take means one option there. */
static int meanings(const char *text, const char *name, size_t len)
{
	const char *p, *one = NULL;
	int n = 0;

	for (p = text; p && *p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!*p || strncmp(p, name, len))
			continue;
		n++;
		one = p;
	}
	return n == 1 && !strncmp(one, name, strlen(name)) ? 1 : n ? 2 : 0;
}

static void against(const char *program)
{
	static char text[65536];
	const struct option *o;
	FILE *f;
	size_t n, i, known = 0;

	snprintf(text, sizeof(text), "%s --dump-option-table", program);
	f = popen(text, "r");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = '\0';
	ok(f && !pclose(f) && n > 1000, "%s tells its options", program);
	for (o = options; o->name; o++) {
		const char *line = entry(text, o->name, strlen(o->name));
		int number = 0;

		if (!line)
			continue;
		known++;
		is_int(takes_value(line), o->value,
		       "%s --%s: whether it has a value", program, o->name);
		sscanf(line, "%*[^:]:%d", &number);
		ok(!o->letter || o->meaning == HELP || number == o->letter,
		   "and its letter");
	}
	for (i = 0; i < SHORTENED; i++)
		is_int(meanings(text, shortened[i].name, shortened[i].min), 1,
		       "%.*s means nothing else", (int)shortened[i].min,
		       shortened[i].name);
	ok(known > 30, "%zu options are those of %s", known, program);
}

static void others(void)
{
	static const char *const lines[] = {
		"gpg --list-keys", "gpg -e -r X",
		"gpg -se", "gpg --sign --encrypt", "gpg --verify -b",
		"gpg -bsau", "gpg --status-fd", "gpg --sign=now",
		"gpg --detach-sign --unheard-of", "gpg -bz", "gpg", "gpg F",
		"gpg --no", "gpg --verify a b c d e f g h i",
		"gpg -b --default-key A --default-key B", "gpg -b --homedir H",
		"gpg -bt", "gpg -b --comment C", "gpg -b --options F",
		"gpg -b --passphrase-fd 0", "gpg --verify --enable-crl-checks",
		"gpg -b --faked-system-time 1", "gpg --clearsign -b",
		"gpg --clearsign --passphrase-fd 0", "gpg -b --textmode",
		"gpg --clearsign -t", "gpg --verify --keyring K S D",
		"gpg --clearsign --passphrase-fd 0 -- -",
		"gpg --verify --weak-digest SHA1 S D",
		"gpg --clearsign --keyring K", "gpg --clearsign --verify",
		"gpg -b -u1 -u2 -u3 -u4 -u5 -u6 -u7 -u8 -u9",
		"gpg -b --include-certs 0", "gpg -nb", "gpg --detached-sign",
		"gpg --list-keys --status-fd=x", "gpg -b --base64",
		"gpg -b --status-fd=x --frobnicate", "gpg --armo -b",
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		is_int(parse(lines[i]), 0, "%s is no error", lines[i]);
		is_int(a.op, TMK_GPG_OTHER, "%s is not ours", lines[i]);
	}
}

static void descriptors(void)
{
	static const char *const bad[] = { "x", "-1", "1x", "9999999", "+1" };
	char line[64];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(line, sizeof(line), "gpg --status-fd=%s -b", bad[i]);
		is_int(parse(line), -1, "descriptor %s is refused", bad[i]);
		is_int(err.code, TMK_USAGE, "as a usage error");
	}
	is_int(parse("gpg --status-fd= -b"), -1, "so is an empty one");
	is_int(parse("gpg --logger-fd=x -b"), -1, "so is a logger's");
}

int main(void)
{
	ours();
	keys();
	shapes();
	packagers();
	half_read();
	against("gpg");
	against("gpgsm");
	others();
	descriptors();
	ok(tmk_gpg_args_name_is_gpgsm("/usr/bin/gpgsm"), "gpgsm makes CMS");
	ok(tmk_gpg_args_name_is_gpgsm("touchmark-gpgsm"), "by any prefix");
	ok(!tmk_gpg_args_name_is_gpgsm("touchmark-gpg"), "gpg does not");
	ok(!tmk_gpg_args_name_is_gpgsm("gpgsm2"), "nor a longer name");
	return tap_done();
}
