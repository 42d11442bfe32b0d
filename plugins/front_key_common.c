#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "core/config.h"
#include "core/config_files.h"
#include "core/issue.h"
#include "plugins/front_birth.h"
#include "plugins/front_key.h"

#define USER_MAX 512	/* bytes of a user id or of one of its parts */

static const struct {
	const char *name;
	enum tmk_algorithm algorithm;
	unsigned int bits;
} algorithms[] = {
	{ "rsa3072", TMK_KEY_RSA, 3072 },
	{ "rsa4096", TMK_KEY_RSA, 4096 },
	{ "p256", TMK_KEY_EC, 256 },
	{ "p384", TMK_KEY_EC, 384 },
	{ "ed25519", TMK_KEY_ED25519, 256 },
};

int tmk_front_key_algorithm(struct tmk_keygen *what, const char *name,
			    struct tmk_err *err)
{
	size_t i;

	for (i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
		if (strcmp(algorithms[i].name, name))
			continue;
		what->algorithm = algorithms[i].algorithm;
		what->bits = algorithms[i].bits;
		return 0;
	}
	if (!strcmp(name, "rsa2048") || !strcmp(name, "rsa1024"))
		tmk_err_set(err, TMK_USAGE, "%s is too weak for code signing",
			    name);
	else
		tmk_err_set(err, TMK_USAGE, "unknown algorithm '%s'", name);
	return tmk_err_hint(err, "use rsa3072, rsa4096, p256, p384 or "
			    "ed25519");
}

int tmk_front_key_cms_ok(enum tmk_algorithm algorithm, struct tmk_err *err)
{
	if (algorithm != TMK_KEY_ED25519)
		return 0;
	tmk_err_set(err, TMK_KEY, "CMS cannot be made with an Ed25519 key, so "
		    "a certificate would be of no use to it");
	return tmk_err_hint(err, "sign with --type openpgp, ssh or minisign; "
			    "touchmark key export gives the public key");
}

char *tmk_front_key_algorithm_name(char *out, size_t size,
				   enum tmk_algorithm algorithm,
				   unsigned int bits)
{
	if (algorithm == TMK_KEY_ED25519)
		snprintf(out, size, "ed25519");
	else
		snprintf(out, size, "%s%u",
			 algorithm == TMK_KEY_RSA ? "rsa" : "p", bits);
	return out;
}

static int user_of_git(char **out, struct tmk_err *err)
{
	char *name = NULL, *mail = NULL;
	int ret = -1;

	if (tmk_config_files_git_get(&name, ".", "user.name", err) < 0 ||
	    tmk_config_files_git_get(&mail, ".", "user.email", err) < 0)
		goto out;
	if (!mail || !*mail) {
		*out = NULL;
		ret = 0;
		goto out;
	}
	ret = asprintf(out, "%s%s<%s>", name ? name : "",
		       name && *name ? " " : "", mail);
	ret = ret < 0 ? tmk_err_nomem(err) : 0;
out:
	free(name);
	free(mail);
	return ret;
}

int tmk_front_key_user(char **out, const char *given, struct tmk_err *err)
{
	char name[USER_MAX], mail[USER_MAX], *user = NULL;

	if (!given) {
		if (user_of_git(&user, err) < 0)
			return -1;
	} else {
		user = strdup(given);
		if (!user)
			return tmk_err_nomem(err);
	}
	if (user && tmk_issue_user_split(name, mail, USER_MAX, user,
					 err) < 0) {
		free(user);
		return -1;
	}
	*out = user;
	return 0;
}

void tmk_front_key_keep_birth(const struct tmk_place *place,
			      const struct tmk_buf *spki, int64_t created,
			      const char *user_id)
{
	const struct tmk_store_ops *store;
	struct tmk_err why = TMK_ERR_INIT;

	store = tmk_front_store(place->uri, &why);
	if (store && spki->len &&
	    !tmk_front_birth_put(store, place, created, user_id, spki->data,
				 spki->len, &why))
		return;
	if (!why.code)
		tmk_err_set(&why, TMK_KEY, "it shows no public key");
	fprintf(stderr, "touchmark: note: the creation time is in the "
		"configuration alone, since the token does not keep it: %s\n",
		why.text);
}

int tmk_front_key_name_free(const struct tmk_config *config, const char *name,
			    struct tmk_err *err)
{
	if (!tmk_config_name_ok(name)) {
		tmk_err_set(err, TMK_USAGE, "'%s' is no name for a key",
			    name);
		return tmk_err_hint(err, "use up to %d letters, digits, dots, "
				    "underscores and dashes",
				    TMK_CONFIG_NAME_MAX);
	}
	if (!tmk_config_key(config, name))
		return 0;
	tmk_err_set(err, TMK_USAGE, "a key '%s' is configured already", name);
	return tmk_err_hint(err, "choose another name; touchmark key show %s "
			    "tells what that one is", name);
}

int tmk_front_key_file(char **out, const char *name, const char *suffix,
		       struct tmk_err *err)
{
	char *config = NULL, *path = NULL, *slash;
	int n;

	if (tmk_config_user_path(&config, err) < 0)
		return -1;
	slash = strrchr(config, '/');
	n = asprintf(&path, "%.*s/%s%s", slash ? (int)(slash - config) : 0,
		     config, name, suffix);
	free(config);
	if (n < 0)
		return tmk_err_nomem(err);
	*out = path;
	return 0;
}

int tmk_front_key_make_dir(const char *file, struct tmk_err *err)
{
	const char *slash = strrchr(file, '/');
	char *dir;
	int ret;

	if (!slash || slash == file)
		return 0;
	dir = strndup(file, slash - file);
	if (!dir)
		return tmk_err_nomem(err);
	ret = tmk_file_mkdirs(dir, err);
	free(dir);
	return ret;
}

int tmk_front_key_absolute(char **out, const char *path, struct tmk_err *err)
{
	char *cwd = NULL, *whole = NULL;

	if (*path == '/') {
		whole = strdup(path);
	} else {
		cwd = getcwd(NULL, 0);
		if (cwd && asprintf(&whole, "%s/%s", cwd, path) < 0)
			whole = NULL;
		free(cwd);
	}
	if (!whole)
		return tmk_err_nomem(err);
	*out = whole;
	return 0;
}

int tmk_front_key_print(struct tmk_json *j, struct tmk_err *err)
{
	int ret = 0;

	if (tmk_json_finish(j) < 0)
		ret = tmk_err_nomem(err);
	else
		fwrite(j->out->data, 1, j->out->len, stdout);
	tmk_buf_clear(j->out);
	return ret;
}
