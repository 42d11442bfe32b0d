#include "plugins/front_init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/proc.h"
#include "plugins/front_key_verbs.h"

#define GIT_MS 20000

#define WORDS_MAX 6

/* Run git with these words, the first of them "git" and NULL at the end; its
 * answer goes to `out`. *status gets what it ended with. */
static int ask_git(struct tmk_buf *out, int *status, const char *const *words,
		   struct tmk_err *err)
{
	char *argv[WORDS_MAX + 1] = { NULL };
	int i, n = 0, ret = -1;

	for (i = 0; i < WORDS_MAX && words[i]; i++) {
		argv[n] = strdup(words[i]);
		if (!argv[n++]) {
			tmk_err_nomem(err);
			goto out;
		}
	}
	ret = tmk_proc_run(argv, NULL, 0, out, GIT_MS, status, TMK_USAGE,
			   err);
out:
	while (n)
		free(argv[--n]);
	return ret;
}

/* The same, its answer dropped. */
static int run_git(int *status, const char *const *words, struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(65536);
	int ret = ask_git(&out, status, words, err);

	tmk_buf_release(&out);
	return ret;
}

static int find_program(char **out, const char *dir, const char *name,
			struct tmk_err *err)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return tmk_err_nomem(err);
	if (access(path, X_OK) < 0) {
		tmk_err_set(err, TMK_USAGE, "%s is missing", path);
		free(path);
		return tmk_err_hint(err, "touchmark is not installed whole: "
				    "make install, or make in its source");
	}
	*out = path;
	return 0;
}

/* core.hooksPath and worktrees: git itself knows where it looks. */
static int find_hook(struct tmk_init *init, struct tmk_err *err)
{
	const char *const words[] = { "git", "rev-parse", "--git-path",
				      "hooks/pre-push", NULL };
	struct tmk_buf out = TMK_BUF_INIT(65536);
	int status = 0, ret = -1;

	if (ask_git(&out, &status, words, err) < 0)
		goto out;
	if (out.len && out.data[out.len - 1] == '\n')
		out.data[--out.len] = '\0';
	if (status || !out.len || strlen(tmk_buf_str(&out)) != out.len) {
		tmk_err_set(err, TMK_USAGE, "git does not say where its hooks "
			    "are");
		tmk_err_hint(err, "git rev-parse --git-path hooks/pre-push");
		goto out;
	}
	ret = tmk_front_key_absolute(&init->hook, tmk_buf_str(&out), err);
out:
	tmk_buf_release(&out);
	return ret;
}

/* What git calls to sign in this format. */
static int find_signers(struct tmk_init *init, const char *dir,
			struct tmk_err *err)
{
	if (!strcmp(init->format, "ssh"))
		return find_program(&init->ssh, dir, "touchmark-ssh-keygen",
				    err);
	if (find_program(&init->gpg, dir, "touchmark-gpg", err))
		return -1;
	return find_program(&init->gpgsm, dir, "touchmark-gpgsm", err);
}

static int check_format(const char *format, struct tmk_err *err)
{
	if (!strcmp(format, "x509") || !strcmp(format, "openpgp") ||
	    !strcmp(format, "ssh"))
		return 0;
	return tmk_err_set(err, TMK_USAGE, "--format takes x509, openpgp or "
			   "ssh, not '%s'", format);
}

int tmk_init_git_prepare(struct tmk_init *init, struct tmk_err *err)
{
	bool local = init->git && !strcmp(init->git, "local");
	const char *const here[] = { "git", "rev-parse", "--git-dir", NULL };
	const char *const any[] = { "git", "--version", NULL };
	char *dir = NULL;
	int status = 0, ret = -1;

	if (init->pre_push && !local) {
		tmk_err_set(err, TMK_USAGE, "--pre-push needs --git local: a "
			    "hook belongs to one repository");
		return tmk_err_hint(err, "run it in the repository");
	}
	if (check_format(init->format, err))
		return -1;
	if (!init->git)
		return 0;
	if (!local && strcmp(init->git, "global"))
		return tmk_err_set(err, TMK_USAGE, "--git takes local or "
				   "global, not '%s'", init->git);
	if (run_git(&status, local ? here : any, err) < 0)
		return -1;
	if (status) {
		tmk_err_set(err, TMK_USAGE, "--git local needs a repository, "
			    "and here is none");
		return tmk_err_hint(err, "cd into one, git init, or use --git "
				    "global");
	}
	if (tmk_proc_self_dir(&dir, err) < 0)
		return -1;
	ret = find_signers(init, dir, err);
	if (!ret && init->pre_push)
		ret = find_program(&init->touchmark, dir, "touchmark", err);
	if (!ret && init->pre_push)
		ret = find_hook(init, err);
	free(dir);
	return ret;
}

int tmk_init_git(const struct tmk_init *init, struct tmk_err *err)
{
	const char *const set[][2] = {
		{ "gpg.format", init->format },
		{ "gpg.program", init->gpg },
		{ "gpg.x509.program", init->gpgsm },
		{ "gpg.ssh.program", init->ssh },
		{ "user.signingKey", init->name },
		{ "commit.gpgSign", "true" },
		{ "tag.gpgSign", "true" },
	};
	const char *where;
	int status = 0;
	size_t i;

	if (!init->git)
		return 0;
	where = !strcmp(init->git, "local") ? "--local" : "--global";
	for (i = 0; i < sizeof(set) / sizeof(*set); i++) {
		/* All of them: of several values git takes the last. */
		const char *const words[] = {
			"git", "config", where, "--replace-all", set[i][0],
			set[i][1], NULL
		};

		if (!set[i][1])
			continue;
		if (run_git(&status, words, err) < 0)
			return -1;
		if (!status)
			continue;
		tmk_err_set(err, TMK_USAGE, "git config %s %s ended with %d",
			    where, set[i][0], status);
		return tmk_err_hint(err, "the key is there and configured; set "
				    "git's values by hand as "
				    "touchmark-gpg(1) tells");
	}
	return 0;
}

/* ---- the pre-push hook --------------------------------------------------- */

#define HOOK_MAX 8192

/* `text` between single quotes, as sh(1) reads it back. */
static int add_quoted(struct tmk_buf *out, const char *text)
{
	if (tmk_buf_addch(out, '\'') < 0)
		return -1;
	for (; *text; text++)
		if (*text == '\'' ? tmk_buf_addstr(out, "'\\''") < 0 :
		    tmk_buf_addch(out, *text) < 0)
			return -1;
	return tmk_buf_addch(out, '\'');
}

static int command_line(struct tmk_buf *out, const struct tmk_init *init)
{
	if (add_quoted(out, init->touchmark) < 0)
		return -1;
	return tmk_buf_addstr(out, " audit --pre-push \"$@\"");
}

/* Written as a new file or not at all: a hook that is there is somebody's. */
static int write_hook(const struct tmk_init *init, const struct tmk_buf *text,
		      bool *there, struct tmk_err *err)
{
	int fd, ret;

	if (tmk_front_key_make_dir(init->hook, err) < 0)
		return -1;
	fd = open(init->hook, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	*there = fd < 0 && errno == EEXIST;
	if (*there)
		return 0;
	if (fd < 0)
		return tmk_err_set(err, TMK_USAGE, "cannot write %s: %s",
				   init->hook, strerror(errno));
	ret = tmk_file_write_fd(fd, text->data, text->len, init->hook, err);
	if (close(fd) && !ret)
		ret = tmk_err_set(err, TMK_USAGE, "cannot write %s: %s",
				  init->hook, strerror(errno));
	if (ret)
		unlink(init->hook);
	return ret;
}

int tmk_init_hook(const struct tmk_init *init, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(HOOK_MAX);
	struct tmk_buf text = TMK_BUF_INIT(2 * HOOK_MAX);
	bool there = false;
	int ret = -1;

	if (!init->pre_push)
		return 0;
	if (command_line(&line, init) < 0 ||
	    tmk_buf_printf(&text, "#!/bin/sh\n"
			   "# What the gate of the server would refuse is not "
			   "pushed.\nexec %s\n", tmk_buf_str(&line)) < 0) {
		tmk_err_nomem(err);
		goto out;
	}
	if (write_hook(init, &text, &there, err) < 0) {
		tmk_err_prefix(err, "the key is there and configured, but not "
			       "the hook");
		goto out;
	}
	if (there)
		printf("pre-push: %s is there already and stays; add to it:\n"
		       "  %s || exit 1\n", init->hook, tmk_buf_str(&line));
	else
		printf("pre-push: %s judges what is to be pushed\n",
		       init->hook);
	ret = 0;
out:
	tmk_buf_release(&line);
	tmk_buf_release(&text);
	return ret;
}
