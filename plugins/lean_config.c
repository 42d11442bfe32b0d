/*
 * The answer to core/config_parse.h of programs that live for one signature:
 * what was kept of the file the last time, else what touchmark-config says.
 */
#include "core/config_parse.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/proc.h"
#include "core/config_cache.h"
#include "core/config_stream.h"

#define PROGRAM "touchmark-config"
#define PROGRAM_MS 10000

/* Have the file parsed. */
static int ask(struct tmk_buf *out, const char *path, const char *section,
	       struct tmk_err *err)
{
	char *argv[] = { NULL, NULL, NULL, NULL };
	char *copy[2] = { NULL, NULL };
	int status = 0, rc = -1;

	if (tmk_proc_find_helper(&argv[0], PROGRAM, err))
		return -1;
	copy[0] = strdup(path);
	copy[1] = section ? strdup(section) : NULL;
	argv[1] = copy[0];
	argv[2] = copy[1];
	if (!copy[0] || (section && !copy[1])) {
		tmk_err_nomem(err);
		goto out;
	}
	rc = tmk_proc_run(argv, NULL, 0, out, PROGRAM_MS, &status, TMK_USAGE,
			  err);
	if (!rc && status)
		rc = tmk_err_set(err, TMK_INTERNAL, PROGRAM " ended with %d",
				 status);
out:
	free(copy[1]);
	free(copy[0]);
	free(argv[0]);
	return rc;
}

/* What it said, after all of it was looked at. */
static int take(const struct tmk_buf *said, const char *path,
		const char *section, const struct stat *st,
		tmk_config_parse_visit visit, void *ctx, struct tmk_err *err)
{
	switch (tmk_config_stream_check(said->data, said->len)) {
	case TMK_CONFIG_STREAM_KEEP:
		if (st)
			tmk_config_cache_put(path, section, st, said);
		return tmk_config_stream_visit(said->data, visit, ctx);
	case TMK_CONFIG_STREAM_ONCE:
		return tmk_config_stream_visit(said->data, visit, ctx);
	case TMK_CONFIG_STREAM_FAILED:
		return tmk_config_stream_error(said->data, err);
	case TMK_CONFIG_STREAM_BAD:
		break;
	}
	return tmk_err_set(err, TMK_INTERNAL, PROGRAM " gave an answer that "
			   "is not understood");
}

int tmk_config_parse(const char *path, const char *section,
		     tmk_config_parse_visit visit, void *ctx,
		     struct tmk_err *err)
{
	struct tmk_buf said = TMK_BUF_INIT(TMK_CONFIG_STREAM_MAX);
	struct stat st;
	/* Its identity before it is read: a change meanwhile is seen. A name
	 * that depends on where we are is nobody else's. */
	bool known = *path == '/' && !stat(path, &st);
	int rc = -1;

	if (known && tmk_config_cache_get(&said, path, section, &st))
		rc = tmk_config_stream_visit(said.data, visit, ctx);
	else if (!ask(&said, path, section, err))
		rc = take(&said, path, section, known ? &st : NULL, visit, ctx,
			  err);
	tmk_buf_release(&said);
	return rc;
}
