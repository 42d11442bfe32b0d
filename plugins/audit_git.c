#include "plugins/audit_git.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/proc.h"

#define GIT_MS 60000
#define LINE_BYTES 65536

int tmk_audit_git(struct tmk_buf *out, const char *const *words,
		  struct tmk_err *err)
{
	char *argv[TMK_AUDIT_WORDS_MAX + 2] = { NULL };
	int i, n = 0, status = 0, ret = -1;

	for (i = -1; i < TMK_AUDIT_WORDS_MAX && (i < 0 || words[i]); i++) {
		argv[n] = strdup(i < 0 ? "git" : words[i]);
		if (!argv[n++]) {
			tmk_err_nomem(err);
			goto out;
		}
	}
	ret = tmk_proc_run(argv, NULL, 0, out, GIT_MS, &status, TMK_INPUT,
			   err);
	if (!ret && status)
		ret = 1;
out:
	while (n)
		free(argv[--n]);
	return ret;
}

int tmk_audit_git_line(char **out, const char *const *words,
		       struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(LINE_BYTES);
	int ret = tmk_audit_git(&text, words, err);
	const char *s = tmk_buf_str(&text);
	size_t len = strcspn(s, "\n");
	char *line;

	if (!ret && !len)
		ret = 1;
	if (!ret && (strlen(s) != text.len || (s[len] && s[len + 1])))
		ret = tmk_err_set(err, TMK_INPUT, "git %s gave more than a "
				  "line", words[0]);
	if (!ret) {
		line = strndup(s, len);
		if (line)
			*out = line;
		else
			ret = tmk_err_nomem(err);
	}
	tmk_buf_release(&text);
	return ret;
}

static bool is_object_id(const char *text)
{
	size_t len = strspn(text, "0123456789abcdef");

	return (len == 40 || len == 64) && !text[len];
}

int tmk_audit_git_object(char **out, const char *rev, const char *suffix,
			 struct tmk_err *err)
{
	char *whole = NULL, *line = NULL;
	int rc;

	/* No revision begins so, and git knows many options. */
	if (*rev == '-')
		return tmk_err_set(err, TMK_USAGE, "'%s' is no revision",
				   rev);
	if (asprintf(&whole, "%s%s", rev, suffix) < 0)
		return tmk_err_nomem(err);
	const char *const words[] = {
		"rev-parse", "--verify", "-q", "--end-of-options", whole, NULL
	};
	rc = tmk_audit_git_line(&line, words, err);
	free(whole);
	if (!rc && is_object_id(line)) {
		*out = line;
		return 0;
	}
	free(line);
	if (rc < 0)
		return -1;
	tmk_err_set(err, TMK_INPUT, "'%s' is no revision of this repository",
		    rev);
	return tmk_err_hint(err, "git log --oneline --all shows what there "
			    "is");
}

int tmk_audit_git_ref(char **out, const char *rev, struct tmk_err *err)
{
	const char *const words[] = {
		"rev-parse", "--verify", "-q", "--symbolic-full-name", rev,
		NULL
	};
	char *line = NULL;
	int rc = *rev == '-' ? 1 : tmk_audit_git_line(&line, words, err);

	/* "HEAD" names no ref while it is detached. */
	if (!rc && strncmp(line, "refs/", 5)) {
		free(line);
		return 1;
	}
	if (!rc)
		*out = line;
	return rc;
}

int tmk_audit_git_settle(bool here, struct tmk_err *err)
{
	static const char *const places[] = {
		"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE",
		"GIT_NAMESPACE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY",
		"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE",
		"GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE"
	};
	const char *const words[] = {
		"rev-parse", "--absolute-git-dir", NULL
	};
	size_t i, kept = here ? 0 : 6;
	char *dir = NULL;
	int rc;

	for (i = 0; here && i < sizeof(places) / sizeof(*places); i++)
		unsetenv(places[i]);
	rc = tmk_audit_git_line(&dir, words, err);
	if (rc) {
		if (rc > 0)
			tmk_err_set(err, TMK_INPUT, "git opens no repository "
				    "here");
		return rc < 0 ? -1 : tmk_err_hint(err, "cd into one, or name "
			"it; of somebody else's, as the server's, git opens "
			"none: run this as its owner");
	}
	/* libgit2 does not know a working tree or common folder by variable;
	 * where objects lie it does. */
	for (i = 0; i < kept; i++)
		unsetenv(places[i]);
	rc = setenv("GIT_DIR", dir, 1);
	/* Names mean here what the objects themselves say, as for the gate. */
	if (!rc)
		rc = setenv("GIT_NO_REPLACE_OBJECTS", "1", 1);
	free(dir);
	return rc ? tmk_err_nomem(err) : 0;
}
