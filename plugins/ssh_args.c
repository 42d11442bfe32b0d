#include "plugins/ssh_args.h"

#include <string.h>

#define HASH "hashalg="

/* `value` belongs to `letter`; false: not a call of ours. */
static bool set(struct tmk_ssh_args *a, bool *verb, char letter,
		const char *value)
{
	switch (letter) {
	case 'Y':
		*verb = !strcmp(value, "sign");
		return *verb;
	case 'f':
		a->key = value;
		return true;
	case 'n':
		a->name_space = value;
		return true;
	default:		/* -O */
		if (strncmp(value, HASH, sizeof(HASH) - 1))
			return false;
		a->hash = value + sizeof(HASH) - 1;
		return true;
	}
}

/* argv[*i] is a word of options. */
static bool read_word(struct tmk_ssh_args *a, bool *verb, int argc,
		      char *const argv[], int *i)
{
	const char *p;

	for (p = argv[*i] + 1; *p; p++) {
		if (*p == 'q') {
			a->quiet = true;
			continue;
		}
		/* The key is in an agent; more to be said: no matter. */
		if (*p == 'U' || *p == 'v')
			continue;
		if (!strchr("YfnO", *p))
			return false;
		if (p[1])
			return set(a, verb, *p, p + 1);
		if (*i + 1 >= argc)
			return false;
		return set(a, verb, *p, argv[++*i]);
	}
	return true;
}

void tmk_ssh_args_parse(struct tmk_ssh_args *out, int argc,
			char *const argv[])
{
	struct tmk_ssh_args a = { false };
	bool verb = false, ours = true;
	int i;

	for (i = 1; i < argc && ours; i++) {
		if (argv[i][0] != '-' || !argv[i][1])
			break;
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		ours = read_word(&a, &verb, argc, argv, &i);
	}
	a.sign = ours && verb && a.key && *a.key && a.name_space &&
		*a.name_space;
	a.first = i;
	a.files = argc > i ? argc - i : 0;
	*out = a;
}

bool tmk_ssh_args_is_stdin(const char *file)
{
	return !strcmp(file, "-");
}
