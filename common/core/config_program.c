#include "core/config_program.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/proc.h"

#define PROGRAM_MS 10000

static enum tmk_config_origin origin_of(const char *scope)
{
	if (!strcmp(scope, "system"))
		return TMK_ORIGIN_GIT_SYSTEM;
	if (!strcmp(scope, "global"))
		return TMK_ORIGIN_GIT_USER;
	if (!strcmp(scope, "command"))
		return TMK_ORIGIN_GIT_COMMAND;
	return TMK_ORIGIN_GIT_REPO;	/* local, worktree, or unheard of */
}

/* The next NUL-closed field; NULL when there is no whole one. */
static char *field(char **p, const char *end)
{
	char *start = *p, *nul = memchr(start, '\0', end - start);

	if (!nul)
		return NULL;
	*p = nul + 1;
	return start;
}

/* Records of scope NUL origin NUL name LF value NUL. */
static int records(char *p, const char *end, const char *prefix, int sequence,
		   tmk_config_visit visit, void *ctx, struct tmk_err *err)
{
	while (p < end) {
		char *scope = field(&p, end), *from, *name, *value;
		const char *file;
		struct tmk_config_entry e;

		from = scope ? field(&p, end) : NULL;
		name = from ? field(&p, end) : NULL;
		if (!name)
			return tmk_err_set(err, TMK_USAGE,
					   "git config answered in a form "
					   "that is not understood");
		file = strncmp(from, "file:", 5) ? from : from + 5;
		value = strchr(name, '\n');
		if (value)
			*value++ = '\0';
		if (strncmp(name, prefix, strlen(prefix)))
			continue;
		e = (struct tmk_config_entry){
			.name = name,
			.value = value,
			.file = file,
			.origin = origin_of(scope),
			.sequence = sequence + (int)origin_of(scope),
			/* A relative name is relative to who knows what. */
			.included = *file != '/',
		};
		if (visit(ctx, &e, err) < 0)
			return -1;
	}
	return 0;
}

int tmk_config_program_visit(const char *repo_dir, const char *prefix,
			     int sequence, tmk_config_visit visit, void *ctx,
			     struct tmk_err *err)
{
	char git[] = "git", dash_c[] = "-C", config[] = "config", z[] = "-z";
	char list[] = "--list", scope[] = "--show-scope";
	char origin[] = "--show-origin", *dir = NULL;
	struct tmk_buf out = TMK_BUF_INIT(4 * TMK_CONFIG_FILE_MAX);
	int status = 0, ret = -1;

	dir = strdup(repo_dir);
	if (!dir)
		return tmk_err_nomem(err);
	char *argv[] = { git, dash_c, dir, config, z, list, scope, origin,
			 NULL };
	if (tmk_proc_run(argv, NULL, 0, &out, PROGRAM_MS, &status, TMK_USAGE,
			 err) < 0)
		goto out;
	if (status) {
		tmk_err_set(err, TMK_USAGE, "git config ended with %d",
			    status);
		goto out;
	}
	if (out.len)
		ret = records((char *)out.data, (char *)out.data + out.len,
			      prefix, sequence, visit, ctx, err);
	else
		ret = 0;
out:
	tmk_buf_release(&out);
	free(dir);
	return ret;
}
