/*
 * install_check.h - is the gate of this server really in the way of a push?
 *
 * Looks at one repository as its server finds it: the hook, who may change it,
 * the policy and what it names, git's settings, and a run of the gate itself.
 * Reads only; the run remembers the policy's version as a push would. Knows no
 * forge: where GitLab, Gitea, Forgejo and gitolite put hooks is a table of
 * folders.
 */
#ifndef TMK_PLUGINS_INSTALL_CHECK_H
#define TMK_PLUGINS_INSTALL_CHECK_H

#include <stdbool.h>

#include "base/err.h"

enum tmk_install_status {
	TMK_INSTALL_OK = 0,
	TMK_INSTALL_WARN,	/* works, but somebody should look */
	TMK_INSTALL_FAIL	/* a push is not judged, or all are refused */
};

struct tmk_install {
	bool json;
	char *dir;		/* of the repository, absolute */
	char *common_dir;
	int failed;
	struct tmk_err *err;	/* why a line could not be written */
};

/*
 * Check the repository at `path` (NULL: the one at hand) and print a line for
 * each fact. Returns TMK_OK, TMK_REFUSED when something fails, or the code of
 * `err`.
 */
int tmk_install_check(const char *path, bool json, struct tmk_err *err);

/* ---- what its files share ------------------------------------------------ */

/* Say one fact; `hint` may be NULL. */
void tmk_install_say(struct tmk_install *in, enum tmk_install_status status,
		     const char *id, const char *hint, const char *fmt, ...)
	TMK_PRINTF(5, 6);

/* Say an error as a fact, its hint with it. */
void tmk_install_say_error(struct tmk_install *in, const char *id,
			   const struct tmk_err *what);

/* Whether somebody besides root and the user of this process may change the
 * file at this absolute path, what a link there leads to, or the folders these
 * lie in; true also when that cannot be found out. */
bool tmk_install_is_open(const char *path);

/* The hook that git would run, and the gate behind it. */
void tmk_install_hook(struct tmk_install *in);

/* The policy, what it names, and the settings of git it needs. */
void tmk_install_policy(struct tmk_install *in);

/* A setting of the repository; NULL: not set. Belongs to the caller. */
char *tmk_install_setting(const char *type, const char *key);

#endif
