/* The command line, and running other programs. */
#include "base/opt.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "t/unit/tap.h"

static struct tmk_err err;
static bool flag, sign;
static const char *text;
static struct tmk_opt_list list;
static uint64_t size;
static int64_t when;

static const struct tmk_opt table[] = {
	{ 'b', "detach", TMK_OPT_FLAG, &flag, NULL, "a flag" },
	{ 's', "sign", TMK_OPT_FLAG, &sign, NULL, "another" },
	{ 'k', "key", TMK_OPT_TEXT, &text, "KEY", "a text" },
	{ 0, "crl", TMK_OPT_LIST, &list, "FILE", "a list" },
	{ 0, "max", TMK_OPT_SIZE, &size, "SIZE", "a size" },
	{ 0, "at", TMK_OPT_TIME, &when, "TIME", "a time" },
	{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
};

#define PARSE(...) \
	parse((char *[]){ (char *)(uintptr_t)"prog", __VA_ARGS__, NULL })

static char *last[16];

static int parse(char **argv)
{
	int argc = 0, n = -2, i;

	flag = sign = false;
	text = NULL;
	list.count = 0;
	size = 0;
	when = 0;
	while (argv[argc])
		argc++;
	if (tmk_opt_parse(table, argc, argv, &n, &err))
		return -1;
	for (i = 0; i < n; i++)
		last[i] = argv[1 + i];
	return n;
}

#define S(x) ((char *)(uintptr_t)(x))

static void test_options(void)
{
	is_int(PARSE(S("-bsk"), S("K"), S("file")), 1, "bundled letters");
	ok(flag && sign, "both flags are set");
	is_str(text, "K", "the value is the next word");
	is_str(last[0], "file", "and the operand is left");
	is_int(PARSE(S("-bskK")), 0, "a value in the same word");
	is_str(text, "K", "is found");
	is_int(PARSE(S("--key=a=b"), S("x"), S("--crl"), S("1"), S("--crl=2"),
		     S("y")), 2, "long forms among operands");
	is_str(text, "a=b", "only the first = counts");
	is_int(list.count, 2, "a list grows");
	is_str(last[1], "y", "operands keep their order");
	is_int(PARSE(S("--"), S("-k")), 1, "-- ends options");
	is_int(PARSE(S("-")), 1, "- is an operand");
	is_int(PARSE(S("--max"), S("16m")), 0, "a size");
	is_int((long long)size, 16 << 20, "in bytes");
	is_int(PARSE(S("--max=1.5g")), -1, "not a size");
	is_int(PARSE(S("--max=99999999999g")), -1, "too large a size");
	is_int(PARSE(S("--max=")), -1, "an empty size");
	is_int(PARSE(S("--at=2026-01-01")), 0, "a time");
	is_int(PARSE(S("--at=soon")), -1, "not a time");
	is_int(PARSE(S("--key"), S("1"), S("--key"), S("2")), -1,
	       "a value twice");
	is_str(err.text, "--key is given twice", "says so");
	is_int(PARSE(S("--key")), -1, "a value missing");
	is_int(PARSE(S("--detach=1")), -1, "a flag with a value");
	is_int(PARSE(S("--ke=1")), -1, "no abbreviations");
	is_str(err.text, "unknown option --ke=1", "says which");
	is_int(PARSE(S("-x")), -1, "an unknown letter");
	is_int(err.code, TMK_USAGE, "is a usage error");
}

static void test_proc(void)
{
	char *cat[] = { S("cat"), NULL }, *fail[] = { S("false"), NULL };
	char *slow[] = { S("sleep"), S("20"), NULL };
	char *zeros[] = { S("cat"), S("/dev/zero"), NULL };
	char *many[] = { S("head"), S("-c"), S("5000000"), S("/dev/zero"),
			 NULL };
	char *fds[] = { S("ls"), S("/proc/self/fd"), NULL };
	char *gone[] = { S("/no/such/program"), NULL };
	struct tmk_buf out = TMK_BUF_INIT(300000);
	int status = -1, extra = dup(1);
	char *big = calloc(1, 200000);
	int64_t start;

	ok(!tmk_proc_run(cat, big, 200000, &out, 60000, &status, TMK_NET,
			 &err) && !status, "200,000 bytes through cat");
	is_mem(out.data, out.len, big, 200000, "come back");
	ok(!tmk_proc_run(fail, "x", 1, &out, 60000, &status, TMK_NET, &err),
	   "a failing program is no failure of ours");
	is_int(status, 1, "its exit code is told");
	start = tmk_clock_ms();
	ok(tmk_proc_run(slow, NULL, 0, &out, 200, &status, TMK_NET, &err) < 0,
	   "a late one is given up");
	ok(tmk_clock_ms() - start < 15000, "in time");
	is_str(err.text, "sleep did not answer in time", "and named");
	ok(tmk_proc_run(zeros, NULL, 0, &out, 60000, &status, TMK_NET,
			&err) < 0, "too much output is refused");
	tmk_buf_clear(&out);
	tmk_buf_clear(&out);
	ok(tmk_proc_run(many, NULL, 0, &out, 60000, &status, TMK_NET,
			&err) < 0, "an answer that ends, but is too long");
	tmk_buf_clear(&out);
	ok(!tmk_proc_run(fds, NULL, 0, &out, 60000, &status, TMK_NET, &err),
	   "count a child's descriptors");
	/* The last one is the folder that ls itself reads. */
	is_str(tmk_buf_str(&out), "0\n1\n2\n3\n",
	       "only the first three are passed on");
	ok(tmk_proc_run(gone, NULL, 0, &out, 60000, &status, TMK_NET, &err) < 0,
	   "a program that is not there");
	is_int(err.code, TMK_NET, "fails with the caller's code");
	close(extra);
	free(big);
	tmk_buf_release(&out);
}

/* The help of `t`, as text. */
static char *help_of(const struct tmk_opt *t)
{
	char *shown = NULL;
	size_t len;
	FILE *f = open_memstream(&shown, &len);

	tmk_opt_help(f, "prog [-k KEY]\n            FILE...", t);
	fclose(f);
	return shown;
}

static void test_help(void)
{
	bool help = false, json = false;
	const struct tmk_opt t[] = {
		{ 'k', "key", TMK_OPT_TEXT, &text, "KEY", "a text" },
		{ 0, "crl", TMK_OPT_LIST, &list, "FILE", "a list" },
		{ 0, "json", TMK_OPT_FLAG, &json, NULL, "a flag" },
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "this" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	char *shown;
	int n;

	ok(tmk_opt_parse(t, 2, (char *[]){ S("p"), S("--json=table"), NULL },
			 &n, &err) < 0, "a table of another flag");
	is_str(err.text, "--json takes no value", "is none");
	ok(tmk_opt_parse(t, 2, (char *[]){ S("p"), S("--help=tables"), NULL },
			 &n, &err) < 0, "no other form of help");
	shown = help_of(t);
	is_str(shown, "usage: prog [-k KEY]\n            FILE...\n"
	       "  -k, --key KEY           a text\n"
	       "      --crl FILE          a list\n"
	       "      --json              a flag\n"
	       "  -h, --help              this\n", "help for people");
	free(shown);
	ok(!help && !tmk_opt_parse(t, 2, (char *[]){ S("p"), S("--help=table"),
				   NULL }, &n, &err) && help,
	   "help for a program is help");
	shown = help_of(t);
	is_str(shown, "usage\tprog [-k KEY] FILE...\n"
	       "option\tk\tkey\tKEY\tonce\ta text\n"
	       "option\t-\tcrl\tFILE\tmany\ta list\n"
	       "option\t-\tjson\t-\tonce\ta flag\n"
	       "option\th\thelp\t-\tonce\tthis\n", "and has its form");
	free(shown);
}

int main(void)
{
	test_options();
	test_help();
	test_proc();
	return tap_done();
}
