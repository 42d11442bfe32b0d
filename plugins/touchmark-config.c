/*
 * touchmark-config - one file in git-config syntax, parsed by libgit2.
 *
 *   touchmark-config FILE [SECTION]
 *
 * The programs that sign or verify for git start it when a configuration file
 * is another than the last time, since loading libgit2 would cost each of them
 * more than the signature. Writes what core/config_stream.h describes to
 * standard output, and ends with 0 also when the file is not understood: then
 * that is what it says. Not meant to be called by hand, but harmless there.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/secret.h"
#include "core/config_stream.h"
#include "plugins/front_libgit2.h"

struct said {
	struct tmk_buf out;
	bool keep;
};

static int note(void *ctx, const char *name, const char *value, bool included)
{
	struct said *s = ctx;

	if (!tmk_config_stream_keeps(name, value, included))
		s->keep = false;
	return tmk_config_stream_add(&s->out, name, value, included);
}

/* What may not be kept is known only of what was seen: an include of another
 * section says so as well. */
struct choice {
	struct said *said;
	const char *section;
};

static int choose(void *ctx, const char *name, const char *value,
		  bool included)
{
	const struct choice *c = ctx;

	if (tmk_config_stream_wants(c->section, name))
		return note(c->said, name, value, included);
	if (!tmk_config_stream_keeps(name, NULL, included))
		c->said->keep = false;
	return 0;
}

int main(int argc, char **argv)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct said said = { TMK_BUF_INIT(TMK_CONFIG_STREAM_MAX), true };
	struct choice choice = { &said, argc > 2 ? argv[2] : NULL };
	int rc;

	/* A PIN may stand in what is read here. */
	tmk_secret_harden_process();
	if (argc < 2 || argc > 3) {
		fputs("usage: touchmark-config FILE [SECTION]\n", stderr);
		return TMK_USAGE;
	}
	tmk_front_libgit2_start();
	if (tmk_config_parse(argv[1], NULL, choose, &choice, &err)) {
		if (!err.code)
			tmk_err_set(&err, TMK_USAGE, "%s: says too much",
				    argv[1]);
		rc = tmk_config_stream_fail(&said.out, &err);
	} else {
		rc = tmk_config_stream_end(&said.out, said.keep);
	}
	if (!rc)
		rc = tmk_file_write_fd(STDOUT_FILENO, said.out.data,
				       said.out.len, "standard output", NULL);
	tmk_buf_release(&said.out);
	return rc ? TMK_INTERNAL : TMK_OK;
}
