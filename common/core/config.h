/*
 * config.h - the user's configuration: [touchmark] and [touchmark "NAME"].
 *
 * git-config syntax, parsed by libgit2, in this order, later ones winning:
 * /etc/touchmark/config, $XDG_CONFIG_HOME/touchmark/config (TOUCHMARK_CONFIG
 * replaces both), then git's own files. From a repository's own config only
 * the names of keys are taken (`touchmark.key`), never what loads code or
 * names files (uri, module, pin): a clone must not choose what runs. Unknown
 * keys are errors (TMK_USAGE) with file and line as far as libgit2 tells.
 * Strings belong to the configuration. Paths are resolved against the file
 * that names them.
 */
#ifndef TMK_CORE_CONFIG_H
#define TMK_CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum tmk_stamp_mode {
	TMK_STAMP_PREFER = 0,	/* warn and go on unstamped */
	TMK_STAMP_REQUIRE,
	TMK_STAMP_NEVER
};

#define TMK_CONFIG_KEYS_MAX 64
#define TMK_CONFIG_TSA_MAX 8
#define TMK_CONFIG_URI_MAX 8
#define TMK_CONFIG_NAME_MAX 48	/* characters of a key's name */

/* [touchmark "NAME"] */
struct tmk_key_config {
	char *name;
	char *uri[TMK_CONFIG_URI_MAX];
	int uris;
	char *cert;		/* file of the chain, leaf first; or NULL */
	char *user_id;		/* "Name <mail>"; or NULL */
	int64_t created;	/* OpenPGP creation time; TMK_TIME_NONE */
	bool touch;		/* the token waits for a touch at each use */
	bool confirm;		/* the agent asks before each use */
};

struct tmk_config {
	char *key;		/* default key; or NULL */
	char *policy;		/* file; or NULL */
	char *tsa[TMK_CONFIG_TSA_MAX];
	int tsas;
	char *tsa_roots;	/* PEM that a TSA's answer is checked against */
	enum tmk_stamp_mode timestamp;
	int tsa_deadline;	/* seconds, default 10 */
	char *tsa_proxy;	/* for TSAs, as libcurl takes it; or NULL */
	char *tsa_tls_roots;	/* PEM for https TSAs; NULL: the system's */
	int module_deadline;	/* seconds, default 30 */
	bool agent;		/* auto (default), or never */
	int agent_idle;		/* s a login may lie unused, default 3600 */
	int agent_lifetime;	/* s a login may last at all, default 28800 */
	struct tmk_key_config keys[TMK_CONFIG_KEYS_MAX];
	int n_keys;
};

/* Read everything. `repo_dir` is where a repository may be found (usually
 * "."), NULL for none. *out belongs to the caller. */
int tmk_config_load(struct tmk_config **out, const char *repo_dir,
		    struct tmk_err *err) TMK_MUST_CHECK;
void tmk_config_free(struct tmk_config *config);

/* The section with this name, borrowed; NULL when there is none. */
const struct tmk_key_config *tmk_config_key(const struct tmk_config *config,
					    const char *name);

/* Whether this may name a key: 1 to TMK_CONFIG_NAME_MAX letters, digits, '.',
 * '_' and '-', a letter or digit first (it becomes part of file names). */
bool tmk_config_name_ok(const char *name);

/* The file that `init` and `key generate` write: TOUCHMARK_CONFIG, else
 * $XDG_CONFIG_HOME/touchmark/config. Belongs to the caller. */
int tmk_config_user_path(char **out, struct tmk_err *err) TMK_MUST_CHECK;

/* Set one value in that file (made if missing, mode 0600), atomically.
 * `section_key` is as git writes it: "touchmark.release.uri". */
int tmk_config_set(const char *section_key, const char *value,
		   struct tmk_err *err) TMK_MUST_CHECK;

struct tmk_config_value {
	const char *name;	/* "touchmark.release.uri" */
	const char *value;
};

/* Set several values, all or none of them. */
int tmk_config_set_all(const struct tmk_config_value *values, int n,
		       struct tmk_err *err) TMK_MUST_CHECK;

#endif
