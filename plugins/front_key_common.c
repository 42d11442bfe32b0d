#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "core/config.h"

static const struct {
	const char *name;
	enum tmk_algorithm algorithm;
	unsigned int bits;
} algorithms[] = {
	{ "rsa3072", TMK_KEY_RSA, 3072 },
	{ "rsa4096", TMK_KEY_RSA, 4096 },
	{ "p256", TMK_KEY_EC, 256 },
	{ "p384", TMK_KEY_EC, 384 },
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
	if (!strcmp(name, "ed25519"))
		tmk_err_set(err, TMK_USAGE, "ed25519 is not supported yet: "
			    "CMS signatures cannot be made with it here");
	else if (!strcmp(name, "rsa2048") || !strcmp(name, "rsa1024"))
		tmk_err_set(err, TMK_USAGE, "%s is too weak for code signing",
			    name);
	else
		tmk_err_set(err, TMK_USAGE, "unknown algorithm '%s'", name);
	return tmk_err_hint(err, "use rsa3072, rsa4096, p256 or p384");
}

char *tmk_front_key_algorithm_name(char *out, size_t size,
				   enum tmk_algorithm algorithm,
				   unsigned int bits)
{
	snprintf(out, size, "%s%u", algorithm == TMK_KEY_RSA ? "rsa" : "p",
		 bits);
	return out;
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
