/*
 * install_hook.c - the hook that git runs for a push, and whether it is the
 * gate: by itself, as one of several in a folder that a forge's own hook
 * walks through, or named in a script.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dirent.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "plugins/audit_git.h"
#include "plugins/install_check.h"

#define GATE "touchmark-pre-receive"
#define SCRIPT_MAX (256 * 1024)	/* bytes of a hook that may name the gate */
#define ENTRIES_MAX 256

enum kind {
	KIND_NONE = 0,		/* nothing of ours */
	KIND_GATE,		/* the program */
	KIND_SCRIPT		/* something that names it */
};

/* Folders beside the one of git's own hook, seen from the repository, whose
 * programs a forge's hook runs: Gitea and Forgejo; GitLab. */
static const char *const folders[] = {
	"hooks/pre-receive.d", "custom_hooks", "custom_hooks/pre-receive.d"
};

static enum kind look(const char *path)
{
	struct tmk_buf text = TMK_BUF_INIT(SCRIPT_MAX);
	char *real = realpath(path, NULL);
	const char *base = real ? strrchr(real, '/') : NULL;
	enum kind kind = KIND_NONE;

	if (base && !strcmp(base + 1, GATE))
		kind = KIND_GATE;
	else if (real && !tmk_file_read(&text, real, NULL) && text.len > 2 &&
		 !memcmp(text.data, "#!", 2) &&
		 strstr(tmk_buf_str(&text), GATE))
		kind = KIND_SCRIPT;
	free(real);
	tmk_buf_release(&text);
	return kind;
}

/* Say what stands there; true when it is the gate. */
static bool judge(struct tmk_install *in, const char *path)
{
	enum kind kind = look(path);

	if (kind == KIND_NONE)
		return false;
	if (access(path, X_OK) < 0) {
		tmk_install_say(in, TMK_INSTALL_FAIL, "hook", "chmod +x it: "
				"git passes over a hook that is not "
				"executable", "%s is not executable", path);
		return true;
	}
	if (tmk_install_is_open(path))
		tmk_install_say(in, TMK_INSTALL_FAIL, "hook", "let it and its "
				"folder belong to root or to the server's "
				"user, and nobody else write there",
				"%s can be changed by others", path);
	if (kind == KIND_SCRIPT)
		tmk_install_say(in, TMK_INSTALL_WARN, "hook", "see that its "
				"exit code and standard input are passed on "
				"unchanged", "%s is a script that names the "
				"gate", path);
	else
		tmk_install_say(in, TMK_INSTALL_OK, "hook", NULL,
				"%s is the gate", path);
	return true;
}

/* Every program of a folder. */
static bool judge_folder(struct tmk_install *in, const char *folder)
{
	char path[4096];
	struct dirent *d;
	bool found = false;
	int n = 0;
	DIR *list = opendir(folder);

	if (!list)
		return false;
	while ((d = readdir(list)) && n++ < ENTRIES_MAX) {
		if (d->d_name[0] == '.' ||
		    snprintf(path, sizeof(path), "%s/%s", folder,
			     d->d_name) >= (int)sizeof(path))
			continue;
		found |= judge(in, path);
	}
	closedir(list);
	return found;
}

/* Where git looks for its own hook, links not followed; *out belongs to the
 * caller. */
static int own_hook(char **out, struct tmk_err *err)
{
	static const char *const words[] = {
		"rev-parse", "--git-path", "hooks/pre-receive", NULL
	};
	char *path = NULL, here[4096], whole[8192];
	int rc = tmk_audit_git_line(&path, words, err);

	if (rc)
		return rc < 0 ? -1 : tmk_err_set(err, TMK_INPUT,
						 "git names no hook");
	if (*path != '/' && (!getcwd(here, sizeof(here)) ||
			     snprintf(whole, sizeof(whole), "%s/%s", here,
				      path) >= (int)sizeof(whole))) {
		free(path);
		return tmk_err_set(err, TMK_INPUT, "the path is too long");
	}
	*out = *path == '/' ? strdup(path) : strdup(whole);
	free(path);
	return *out ? 0 : tmk_err_nomem(err);
}

void tmk_install_hook(struct tmk_install *in)
{
	struct tmk_err err = TMK_ERR_INIT;
	char *own = NULL, path[4096];
	bool found = false;
	size_t i;

	if (own_hook(&own, &err) < 0) {
		tmk_install_say_error(in, "hook", &err);
		return;
	}
	found = judge(in, own);
	for (i = 0; !found && i < sizeof(folders) / sizeof(folders[0]); i++)
		if (snprintf(path, sizeof(path), "%s/%s", in->common_dir,
			     folders[i]) < (int)sizeof(path))
			found = judge_folder(in, path);
	if (found && access(own, X_OK) < 0 && access(own, F_OK) == 0)
		tmk_install_say(in, TMK_INSTALL_FAIL, "hook", "chmod +x it",
				"%s, which git calls, is not executable", own);
	if (!found)
		tmk_install_say(in, TMK_INSTALL_FAIL, "hook", "link it there, "
				"as touchmark-server(7) says for this kind of "
				"server", "nothing calls the gate: %s %s",
				own, access(own, F_OK) < 0 ? "is not there" :
				"is something else");
	free(own);
}
