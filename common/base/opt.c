#include "base/opt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static const struct tmk_opt *by_name(const struct tmk_opt *table,
				     const char *name, size_t len)
{
	for (; table->name; table++)
		if (strlen(table->name) == len &&
		    !memcmp(table->name, name, len))
			return table;
	return NULL;
}

static const struct tmk_opt *by_letter(const struct tmk_opt *table, char c)
{
	for (; table->name; table++)
		if (table->letter && table->letter == c)
			return table;
	return NULL;
}

/* Bytes with an optional k, m or g behind (binary multiples). */
static int parse_size(uint64_t *out, const char *text, struct tmk_err *err)
{
	unsigned long long v;
	int shift = 0;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (*end == 'k' || *end == 'K')
		shift = 10;
	else if (*end == 'm' || *end == 'M')
		shift = 20;
	else if (*end == 'g' || *end == 'G')
		shift = 30;
	if (text[0] < '0' || text[0] > '9' || errno || (shift && end[1]) ||
	    (!shift && *end) || v > UINT64_MAX >> shift) {
		tmk_err_set(err, TMK_USAGE, "'%s' is not a size", text);
		return tmk_err_hint(err, "write a number, or one with k, m "
				    "or g behind");
	}
	*out = (uint64_t)v << shift;
	return 0;
}

static int store(const struct tmk_opt *o, const char *value,
		 struct tmk_err *err)
{
	struct tmk_opt_list *list;
	const char **text;

	switch (o->kind) {
	case TMK_OPT_FLAG:
		*(bool *)o->value = true;
		return 0;
	case TMK_OPT_TEXT:
		text = o->value;
		if (*text)
			return tmk_err_set(err, TMK_USAGE,
					   "--%s is given twice", o->name);
		*text = value;
		return 0;
	case TMK_OPT_LIST:
		list = o->value;
		if (list->count == TMK_OPT_LIST_MAX)
			return tmk_err_set(err, TMK_USAGE,
					   "--%s is given more than %d times",
					   o->name, TMK_OPT_LIST_MAX);
		list->item[list->count++] = value;
		return 0;
	case TMK_OPT_SIZE:
		return parse_size(o->value, value, err);
	case TMK_OPT_TIME:
		return tmk_clock_parse(o->value, value, err);
	}
	return tmk_err_set(err, TMK_INTERNAL, "option of unknown kind");
}

static int unknown(const char *arg, struct tmk_err *err)
{
	tmk_err_set(err, TMK_USAGE, "unknown option %s", arg);
	return tmk_err_hint(err, "--help lists what there is");
}

static int wants_value(const char *name, struct tmk_err *err)
{
	return tmk_err_set(err, TMK_USAGE, "--%s needs a value", name);
}

/* Whether the help that was asked for is for a program; there is one command
 * line in each process. */
static bool help_as_table;

/* argv[*i] is "--name[=value]"; *i moves past a separate value. */
static int long_option(const struct tmk_opt *table, int argc, char **argv,
		       int *i, struct tmk_err *err)
{
	const char *name = argv[*i] + 2, *eq = strchr(name, '=');
	const struct tmk_opt *o;

	o = by_name(table, name, eq ? (size_t)(eq - name) : strlen(name));
	if (!o)
		return unknown(argv[*i], err);
	if (o->kind == TMK_OPT_FLAG) {
		if (eq && !strcmp(name, "help=table"))
			help_as_table = true;
		else if (eq)
			return tmk_err_set(err, TMK_USAGE,
					   "--%s takes no value", o->name);
		return store(o, NULL, err);
	}
	if (eq)
		return store(o, eq + 1, err);
	if (*i + 1 >= argc)
		return wants_value(o->name, err);
	return store(o, argv[++*i], err);
}

/* argv[*i] is "-abc", "-kVALUE" or "-k VALUE". */
static int short_options(const struct tmk_opt *table, int argc, char **argv,
			 int *i, struct tmk_err *err)
{
	const char *p;

	for (p = argv[*i] + 1; *p; p++) {
		const struct tmk_opt *o = by_letter(table, *p);
		const char shown[] = { '-', *p, '\0' };

		if (!o)
			return unknown(shown, err);
		if (o->kind == TMK_OPT_FLAG) {
			if (store(o, NULL, err))
				return -1;
			continue;
		}
		if (p[1])
			return store(o, p + 1, err);
		if (*i + 1 >= argc)
			return wants_value(o->name, err);
		return store(o, argv[++*i], err);
	}
	return 0;
}

int tmk_opt_parse(const struct tmk_opt *table, int argc, char **argv,
		  int *operands, struct tmk_err *err)
{
	bool ended = false;
	int i, n = 0;

	for (i = 1; i < argc; i++) {
		char *arg = argv[i];
		int rc;

		if (ended || arg[0] != '-' || !arg[1]) {
			argv[1 + n++] = arg;
			continue;
		}
		if (!strcmp(arg, "--")) {
			ended = true;
			continue;
		}
		if (arg[1] == '-')
			rc = long_option(table, argc, argv, &i, err);
		else
			rc = short_options(table, argc, argv, &i, err);
		if (rc)
			return -1;
	}
	*operands = n;
	return 0;
}

#define HELP_COLUMN 26	/* where the explanation begins */

/* The synopsis in one line, then a line for each option. */
static void show_table(FILE *to, const char *synopsis,
		       const struct tmk_opt *table)
{
	size_t len;

	fprintf(to, "usage\t");
	while (*synopsis) {
		len = strcspn(synopsis, "\n");
		fprintf(to, "%.*s", (int)len, synopsis);
		synopsis += len;
		len = strspn(synopsis, "\n ");
		if (len)
			fprintf(to, " ");
		synopsis += len;
	}
	fprintf(to, "\n");
	for (; table->name; table++)
		fprintf(to, "option\t%c\t%s\t%s\t%s\t%s\n",
			table->letter ? table->letter : '-', table->name,
			table->arg ? table->arg : "-",
			table->kind == TMK_OPT_LIST ? "many" : "once",
			table->help);
}

void tmk_opt_help(FILE *to, const char *synopsis, const struct tmk_opt *table)
{
	if (help_as_table) {
		show_table(to, synopsis, table);
		return;
	}
	fprintf(to, "usage: %s\n", synopsis);
	for (; table->name; table++) {
		char left[80];
		int n;

		n = snprintf(left, sizeof(left), "  %c%c%s--%s%s%s",
			     table->letter ? '-' : ' ',
			     table->letter ? table->letter : ' ',
			     table->letter ? ", " : "  ", table->name,
			     table->arg ? " " : "",
			     table->arg ? table->arg : "");
		if (n < HELP_COLUMN)
			fprintf(to, "%-*s%s\n", HELP_COLUMN, left,
				table->help);
		else
			fprintf(to, "%s\n%*s%s\n", left, HELP_COLUMN, "",
				table->help);
	}
}
