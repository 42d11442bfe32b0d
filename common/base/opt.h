/*
 * opt.h - command line options from a table, from which --help is made too.
 *
 * Long options with `--name VALUE` and `--name=VALUE`, short ones with
 * `-kVALUE`, `-k VALUE` and bundled flags (`-bsau`); `--` ends them. Options
 * and operands may mix. A flag given twice is harmless; a value option given
 * twice is an error unless it may repeat. Unknown options are TMK_USAGE with
 * a hint. Prints nothing itself except through tmk_opt_help.
 */
#ifndef TMK_BASE_OPT_H
#define TMK_BASE_OPT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

enum tmk_opt_kind {
	TMK_OPT_FLAG,		/* value: bool * */
	TMK_OPT_TEXT,		/* value: const char **, borrowed from argv */
	TMK_OPT_LIST,		/* value: struct tmk_opt_list * */
	TMK_OPT_SIZE,		/* value: uint64_t *, takes k m g */
	TMK_OPT_TIME		/* value: int64_t *, RFC 3339, s since 1970 */
};

#define TMK_OPT_LIST_MAX 64

struct tmk_opt_list {
	const char *item[TMK_OPT_LIST_MAX];	/* borrowed from argv */
	int count;
};

struct tmk_opt {
	char letter;		/* 0: none */
	const char *name;	/* long name without dashes; NULL ends a table */
	enum tmk_opt_kind kind;
	void *value;
	const char *arg;	/* name of the value in help; NULL for flags */
	const char *help;	/* one line */
};

/* Parse argv[1..argc-1]; operands are moved to the front of argv[1..], their
 * count stored in `operands`. */
int tmk_opt_parse(const struct tmk_opt *table, int argc, char **argv,
		  int *operands, struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Print "usage: SYNOPSIS" and a line per option. When the command line said
 * --help=table, the same for a program to read, fields parted by tabs:
 *	usage	SYNOPSIS in one line
 *	option	LETTER or -	NAME	VALUE or -	once | many	TEXT
 * plugins/completion.sh makes the completions of shells from it. A TEXT that
 * is a list of words ("a (default), b or c; ...") says that the value is one
 * of them.
 */
void tmk_opt_help(FILE *to, const char *synopsis, const struct tmk_opt *table);

#endif
