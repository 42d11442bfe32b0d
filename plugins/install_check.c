#include "plugins/install_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/proc.h"
#include "plugins/audit_git.h"
#include "plugins/front_report.h"

#define GATE_MS 60000

static const char *const status_name[] = { "ok", "warn", "fail" };

static int say_json(enum tmk_install_status status, const char *id,
		    const char *hint, const char *text, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(16384);
	struct tmk_json j;
	int rc;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", id);
	tmk_json_string(&j, "status", status_name[status]);
	tmk_json_string(&j, "text", text);
	if (hint)
		tmk_json_string(&j, "hint", hint);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(stdout, &j, err);
	tmk_buf_release(&line);
	return rc;
}

void tmk_install_say(struct tmk_install *in, enum tmk_install_status status,
		     const char *id, const char *hint, const char *fmt, ...)
{
	struct tmk_err err = TMK_ERR_INIT;
	char text[2048];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	in->failed += status == TMK_INSTALL_FAIL;
	if (in->json)
		rc = say_json(status, id, hint, text, &err);
	else
		rc = tmk_front_report_line(stdout, &err, "%-4s  %s: %s%s%s",
					   status_name[status], id, text,
					   hint ? "; " : "",
					   hint ? hint : "");
	if (rc < 0 && !in->err->code)
		*in->err = err;
}

void tmk_install_say_error(struct tmk_install *in, const char *id,
			   const struct tmk_err *what)
{
	tmk_install_say(in, TMK_INSTALL_FAIL, id,
			what->hint[0] ? what->hint : NULL, "%s", what->text);
}

static bool is_ours(const struct stat *s)
{
	return (s->st_uid == 0 || s->st_uid == geteuid()) &&
		!(s->st_mode & S_IWOTH) &&
		(!(s->st_mode & S_IWGRP) || s->st_gid == getegid() ||
		 s->st_gid == 0);
}

/* Whether only ours may put something else into the folder of `path`. */
static bool folder_is_ours(const char *path)
{
	char *folder = strdup(path), *slash;
	struct stat s;
	bool ours;

	slash = folder ? strrchr(folder, '/') : NULL;
	if (slash)
		slash[slash == folder] = '\0';
	ours = slash && !stat(folder, &s) &&
		(is_ours(&s) || s.st_mode & S_ISVTX);
	free(folder);
	return ours;
}

bool tmk_install_is_open(const char *path)
{
	char *real = realpath(path, NULL);
	struct stat s;
	bool open;

	open = !real || stat(real, &s) < 0 || !is_ours(&s) ||
		!folder_is_ours(path) || !folder_is_ours(real);
	free(real);
	return open;
}

char *tmk_install_setting(const char *type, const char *key)
{
	const char *const words[] = { "config", type, "--get", key, NULL };
	char *out = NULL;

	return tmk_audit_git_line(&out, words, NULL) ? NULL : out;
}

static int find_dirs(struct tmk_install *in, struct tmk_err *err)
{
	static const char *const dir[] = {
		"rev-parse", "--absolute-git-dir", NULL
	};
	static const char *const common[] = {
		"rev-parse", "--path-format=absolute", "--git-common-dir", NULL
	};

	if (tmk_audit_git_line(&in->dir, dir, err) ||
	    tmk_audit_git_line(&in->common_dir, common, err))
		return err->code ? -1 : tmk_err_set(err, TMK_INPUT,
			"here is no repository that git would open");
	return 0;
}

/* The gate itself, for a push without a command. */
static void run_gate(struct tmk_install *in)
{
	struct tmk_buf out = TMK_BUF_INIT(65536);
	struct tmk_err err = TMK_ERR_INIT;
	char *program = NULL, *argv[2];
	int status = 0;

	if (tmk_proc_find_helper(&program, "touchmark-pre-receive",
				 &err) < 0 ||
	    setenv("GIT_DIR", in->dir, 1) < 0) {
		tmk_install_say_error(in, "gate", &err);
		goto out;
	}
	argv[0] = program;
	argv[1] = NULL;
	if (tmk_proc_run(argv, NULL, 0, &out, GATE_MS, &status, TMK_INPUT,
			 &err) < 0)
		tmk_install_say_error(in, "gate", &err);
	else if (status)
		tmk_install_say(in, TMK_INSTALL_FAIL, "gate", "every push is "
				"refused until then: what it says stands "
				"above", "the gate refuses an empty push");
	else
		tmk_install_say(in, TMK_INSTALL_OK, "gate", NULL,
				"it runs, and judges");
out:
	tmk_buf_release(&out);
	free(program);
}

int tmk_install_check(const char *path, bool json, struct tmk_err *err)
{
	struct tmk_install in = { .json = json, .err = err };
	int ret;

	if (path && chdir(path) < 0)
		return tmk_err_set(err, TMK_INPUT, "%s cannot be entered",
				   path), err->code;
	if (tmk_audit_git_settle(path != NULL, err) < 0 ||
	    find_dirs(&in, err) < 0) {
		ret = err->code;
		goto out;
	}
	tmk_install_say(&in, TMK_INSTALL_OK, "repository", NULL, "%s",
			in.dir);
	tmk_install_hook(&in);
	tmk_install_policy(&in);
	run_gate(&in);
	ret = err->code ? err->code : in.failed ? TMK_REFUSED : TMK_OK;
out:
	free(in.dir);
	free(in.common_dir);
	return ret;
}
