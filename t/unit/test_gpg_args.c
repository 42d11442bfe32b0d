/* test_gpg_args.c - what of gpg's command line is ours, and what it means. */
#include <stdio.h>
#include <string.h>

#include "t/unit/tap.h"

/* The parts of touchmark-gpg are in no library that this test links. */
#include "plugins/gpg_args.c"

#define WORDS 12

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

static void others(void)
{
	static const char *const lines[] = {
		"gpg --list-keys", "gpg --clearsign", "gpg -e -r X",
		"gpg -se", "gpg --sign --encrypt", "gpg --verify -b",
		"gpg -bsau", "gpg --status-fd", "gpg --sign=now",
		"gpg --detach-sign --unheard-of", "gpg -bz", "gpg", "gpg F",
		"gpg --no", "gpg --verify a b c d e f g h i",
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
}

int main(void)
{
	ours();
	others();
	descriptors();
	ok(tmk_gpg_args_name_is_gpgsm("/usr/bin/gpgsm"), "gpgsm makes CMS");
	ok(tmk_gpg_args_name_is_gpgsm("touchmark-gpgsm"), "by any prefix");
	ok(!tmk_gpg_args_name_is_gpgsm("touchmark-gpg"), "gpg does not");
	ok(!tmk_gpg_args_name_is_gpgsm("gpgsm2"), "nor a longer name");
	return tap_done();
}
