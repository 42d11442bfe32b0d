/* Indirect parameters, standard input and output. */
#include "plugins/sop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/opt.h"

#define CHUNK 65536
#define FD_MAX 65535

int tmk_sop_turn(struct tmk_err *err, enum tmk_sop_code code)
{
	if (err)
		err->code = (int)code;
	return -1;
}

int tmk_sop_options(const struct tmk_opt *table, const bool *help,
		    const char *synopsis, int argc, char **argv, int least,
		    int most, int *operands, struct tmk_err *err)
{
	if (tmk_opt_parse(table, argc, argv, operands, err))
		return tmk_sop_turn(err, TMK_SOP_UNSUPPORTED_OPTION);
	if (*help) {
		tmk_opt_help(stdout, synopsis, table);
		return 1;
	}
	if (*operands >= least && (most < 0 || *operands <= most))
		return 0;
	tmk_err_set(err, TMK_SOP_MISSING_ARG, "%s: %s", argv[0],
		    *operands < least ? "a parameter is missing" :
		    "more parameters than it has");
	return tmk_err_hint(err, "usage: %s", synopsis);
}

/* ---- what a parameter leads to -------------------------------------------- */

enum where { FILE_NAME, VARIABLE, DESCRIPTOR };

static int descriptor(int *fd, const char *text, struct tmk_err *err)
{
	char *end = NULL;
	long n = -1;

	errno = 0;
	if (*text >= '0' && *text <= '9')
		n = strtol(text, &end, 10);
	if (n < 0 || n > FD_MAX || errno || *end)
		return tmk_err_set(err, TMK_SOP_MISSING_INPUT,
				   "@FD:%s is no descriptor", text);
	*fd = (int)n;
	return 0;
}

/* A name that begins with @ and is a file as well could mean either. */
static int find(enum where *where, int *fd, const char *name,
		struct tmk_err *err)
{
	struct stat st;

	*where = FILE_NAME;
	if (name[0] != '@')
		return 0;
	if (!lstat(name, &st)) {
		tmk_err_set(err, TMK_SOP_AMBIGUOUS_INPUT, "%s is the name of "
			    "a file too", name);
		return tmk_err_hint(err, "write ./%s for the file", name);
	}
	if (!strncmp(name, "@ENV:", 5)) {
		*where = VARIABLE;
		return 0;
	}
	if (!strncmp(name, "@FD:", 4)) {
		*where = DESCRIPTOR;
		return descriptor(fd, name + 4, err);
	}
	return tmk_err_set(err, TMK_SOP_UNSUPPORTED_SPECIAL_PREFIX,
			   "%s: only @ENV: and @FD: are known", name);
}

static int read_variable(struct tmk_buf *out, const char *name,
			 struct tmk_err *err)
{
	const char *value = getenv(name + strlen("@ENV:"));

	if (!value)
		return tmk_err_set(err, TMK_SOP_MISSING_INPUT,
				   "%s is not set", name);
	return tmk_buf_addstr(out, value) ?
		tmk_err_set(err, TMK_SOP_BAD_DATA, "%s is too long", name) : 0;
}

int tmk_sop_read(struct tmk_buf *out, const char *name, struct tmk_err *err)
{
	enum where where;
	int fd = -1, rc;

	if (find(&where, &fd, name, err))
		return -1;
	if (where == VARIABLE)
		return read_variable(out, name, err);
	if (where == FILE_NAME) {
		fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return tmk_err_set(err, TMK_SOP_MISSING_INPUT,
					   "cannot open %s: %s", name,
					   strerror(errno));
	}
	rc = tmk_file_read_fd(out, fd, name, err);
	close(fd);
	return rc ? tmk_sop_turn(err, TMK_SOP_BAD_DATA) : 0;
}

int tmk_sop_read_input(struct tmk_buf *out, struct tmk_err *err)
{
	return tmk_file_read_fd(out, STDIN_FILENO, "standard input", err) ?
		tmk_sop_turn(err, TMK_SOP_BAD_DATA) : 0;
}

int tmk_sop_pass_input(tmk_package_sink *sink, void *to, struct tmk_err *err)
{
	uint8_t chunk[CHUNK];
	ssize_t n;

	for (;;) {
		n = read(STDIN_FILENO, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tmk_err_set(err, TMK_SOP_FAILED,
					   "cannot read standard input: %s",
					   strerror(errno));
		if (!n)
			return 0;
		if (sink(to, chunk, (size_t)n, err))
			return -1;
	}
}

/* ---- where something goes -------------------------------------------------- */

int tmk_sop_output_ok(const char *name, struct tmk_err *err)
{
	enum where where;
	struct stat st;
	int fd;

	if (!name)
		return 0;
	if (find(&where, &fd, name, err))
		return -1;
	if (where == VARIABLE)
		return tmk_err_set(err, TMK_SOP_UNSUPPORTED_SPECIAL_PREFIX,
				   "%s: nothing is written there", name);
	if (where == FILE_NAME && !lstat(name, &st))
		return tmk_err_set(err, TMK_SOP_OUTPUT_EXISTS,
				   "%s is there already", name);
	return 0;
}

int tmk_sop_write(const char *name, const void *data, size_t len,
		  struct tmk_err *err)
{
	enum where where;
	int fd = -1, rc;

	if (tmk_sop_output_ok(name, err) || find(&where, &fd, name, err))
		return -1;
	rc = where == FILE_NAME ? tmk_file_write(name, 0666, data, len, err) :
		tmk_file_write_fd(fd, data, len, name, err);
	return rc ? tmk_sop_turn(err, TMK_SOP_FAILED) : 0;
}

int tmk_sop_write_output(const void *data, size_t len, struct tmk_err *err)
{
	struct stat st;

	if (tmk_file_write_fd(STDOUT_FILENO, data, len, "standard output",
			      err))
		return tmk_sop_turn(err, TMK_SOP_FAILED);
	if (fstat(STDOUT_FILENO, &st) || !S_ISREG(st.st_mode) ||
	    !fsync(STDOUT_FILENO))
		return 0;
	return tmk_err_set(err, TMK_SOP_FAILED,
			   "cannot write standard output: %s",
			   strerror(errno));
}
