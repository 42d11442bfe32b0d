/*
 * touchmark - the command line: a table of commands, and how a run ends.
 *
 * Knows no command but what the table says. Shows errors and their hints,
 * and makes sure that exit code 0 means that every byte was written.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/secret.h"
#include "plugins/command.h"
#include "plugins/front_exit.h"

/* Known, but not built yet; a file cmd_<name>.c takes its place. */
static const char *const later[] = {
	"serve", NULL
};

static const struct tmk_command *find(const char *name)
{
	int i;

	for (i = 0; tmk_commands[i]; i++)
		if (!strcmp(tmk_commands[i]->name, name))
			return tmk_commands[i];
	return NULL;
}

static void show_help(FILE *to)
{
	int i;

	fputs("usage: touchmark COMMAND [OPTION...] [ARGUMENT...]\n"
	      "       touchmark --version\n\ncommands:\n", to);
	for (i = 0; tmk_commands[i]; i++)
		fprintf(to, "  %-10s%s\n", tmk_commands[i]->name,
			tmk_commands[i]->summary);
	fputs("\ntouchmark COMMAND --help tells more; touchmark(1) tells all\n",
	      to);
}

static int unknown(const char *name, struct tmk_err *err)
{
	int i;

	for (i = 0; later[i]; i++) {
		if (strcmp(later[i], name))
			continue;
		tmk_err_set(err, TMK_USAGE, "%s is not supported yet", name);
		tmk_err_hint(err, "touchmark --help lists what there is");
		return TMK_USAGE;
	}
	if (*name == '-')
		tmk_err_set(err, TMK_USAGE, "unknown option %s", name);
	else
		tmk_err_set(err, TMK_USAGE, "unknown command '%s'", name);
	tmk_err_hint(err, "touchmark --help lists what there is");
	return TMK_USAGE;
}

static int run_help(int argc, char **argv, struct tmk_err *err)
{
	static char help[] = "--help";
	const struct tmk_command *command;
	char *args[3];

	if (argc < 2) {
		show_help(stdout);
		return TMK_OK;
	}
	command = find(argv[1]);
	if (!command)
		return unknown(argv[1], err);
	args[0] = argv[1];
	args[1] = help;
	args[2] = NULL;
	return command->run(2, args, err);
}

static int run(int argc, char **argv, struct tmk_err *err)
{
	const struct tmk_command *command;
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		show_help(stderr);
		return TMK_USAGE;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") ||
	    !strcmp(name, "help"))
		return run_help(argc - 1, argv + 1, err);
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		puts("touchmark " TMK_VERSION);
		return TMK_OK;
	}
	command = find(name);
	return command ? command->run(argc - 1, argv + 1, err) :
		unknown(name, err);
}

/* Nothing that was printed may be lost behind a success. */
static int close_output(int code, struct tmk_err *err)
{
	int bad = ferror(stdout), saved = 0;

	if (fflush(stdout)) {
		bad = 1;
		saved = errno;
	}
	if (close(STDOUT_FILENO) < 0 && errno != EBADF) {
		bad = 1;
		saved = errno;
	}
	if (!bad || code)
		return code;
	tmk_err_set(err, TMK_INPUT, "standard output: %s",
		    saved ? strerror(saved) : "not everything was written");
	return TMK_INPUT;
}

/* A program started without its standard descriptors would open the next file
 * in their place and print into it. Opened for reading, so that printing into
 * the void still fails. */
static void fill_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	struct tmk_err err = TMK_ERR_INIT;
	int code;

	tmk_secret_harden_process();
	fill_descriptors();
	/* A module's dead server must be an error, not the end of us. */
	signal(SIGPIPE, SIG_IGN);
	code = run(argc, argv, &err);
	code = close_output(code, &err);
	if (code && err.code) {
		fprintf(stderr, "touchmark: %s\n", err.text);
		if (*err.hint)
			fprintf(stderr, "touchmark: hint: %s\n", err.hint);
	}
	tmk_front_exit(code);
}
