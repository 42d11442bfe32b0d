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

#define TMK_CONFIG_KEYS_MAX 1024
#define TMK_CONFIG_TSA_MAX 8
#define TMK_CONFIG_URI_MAX 8
#define TMK_CONFIG_NAME_MAX 48	/* characters of a key's name */
#define TMK_CONFIG_APPROVERS_MAX 16
#define TMK_CONFIG_SPKI_HEX 65	/* 64 hex digits and NUL */

/* Where a key may be used for: what its owner says of it. */
enum tmk_env {
	TMK_ENV_NONE = 0,	/* nothing is said */
	TMK_ENV_DEV,
	TMK_ENV_TEST,
	TMK_ENV_PROD
};

/* [touchmark "NAME"] */
struct tmk_key_config {
	char *name;
	char *uri[TMK_CONFIG_URI_MAX];
	int uris;
	char *cert;		/* file of the chain, leaf first; or NULL */
	char spki[TMK_CONFIG_SPKI_HEX];	/* SHA-256 of its public key
				   (SubjectPublicKeyInfo) in lower case; "" */
	char *user_id;		/* "Name <mail>"; or NULL */
	int64_t created;	/* OpenPGP creation time; TMK_TIME_NONE */
	bool touch;		/* the token waits for a touch at each use */
	bool confirm;		/* the agent asks before each use */
	enum tmk_env env;
	char *pre_sign;		/* command that must succeed; or NULL */
	int approvals;		/* that each signature needs; 0: none */
	char *approver[TMK_CONFIG_APPROVERS_MAX];	/* e-mail addresses */
	int approvers;
	char *roots;		/* PEM: of the approvers' certificates */
	int approval_expiry;	/* seconds, default 600 */
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
	char *audit_log;	/* file of the record of uses; NULL: none */
	int audit_seal;		/* entries between two timestamps; 0: none */
	bool audit_syslog;	/* mirror each entry to syslog */
	char *requesters;	/* file of who may use which key; or NULL */
	char *pre_sign;		/* command that must succeed; or NULL */
	int pre_sign_deadline;	/* seconds, default 60 */
	int service_deadline;	/* seconds per exchange with a cloud service
				   or signing host, default 10 */
	char *attestation_roots;	/* PEM: HSM vendors; or NULL */
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

/* "dev", "test" or "prod"; "" for TMK_ENV_NONE. */
const char *tmk_config_env_name(enum tmk_env env);

/* The environment of this name; TMK_ENV_NONE for any other. */
enum tmk_env tmk_config_env_find(const char *name);

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

/* Take the section of this key out of that file, and touchmark.key when it
 * names it; with `uri` only this one of its places. 1 when the file says
 * nothing of it (it may stand in another one). */
int tmk_config_forget(const char *key, const char *uri, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
