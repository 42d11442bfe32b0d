#include "plugins/front_softhsm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"

static bool conf_is_ours;	/* SOFTHSM2_CONF was set by us */

int tmk_front_softhsm_dir(char **out, struct tmk_err *err)
{
	const char *xdg = secure_getenv("XDG_DATA_HOME");
	const char *home = secure_getenv("HOME");
	char *path = NULL;
	int n = -1;

	if (xdg && *xdg == '/') {
		n = asprintf(&path, "%s/touchmark", xdg);
	} else if (home && *home == '/') {
		n = asprintf(&path, "%s/.local/share/touchmark", home);
	} else {
		tmk_err_set(err, TMK_USAGE, "there is no home directory to "
			    "keep the token in");
		return tmk_err_hint(err, "set HOME or XDG_DATA_HOME");
	}
	if (n < 0)
		return tmk_err_nomem(err);
	*out = path;
	return 0;
}

static char *conf_path(void)
{
	char *dir = NULL, *path = NULL;

	if (tmk_front_softhsm_dir(&dir, NULL) < 0)
		return NULL;
	if (asprintf(&path, "%s/softhsm2.conf", dir) < 0)
		path = NULL;
	free(dir);
	return path;
}

int tmk_front_softhsm_module(char **out, struct tmk_err *err)
{
	static const char *const known[] = {
		"/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib64/pkcs11/libsofthsm2.so",
		"/usr/lib64/softhsm/libsofthsm2.so",
		"/usr/lib/pkcs11/libsofthsm2.so",
		"/usr/local/lib/softhsm/libsofthsm2.so",
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!tmk_file_exists(known[i]))
			continue;
		*out = strdup(known[i]);
		return *out ? 0 : tmk_err_nomem(err);
	}
	tmk_err_set(err, TMK_KEY, "SoftHSM2 is not installed");
	return tmk_err_hint(err, "install it (Debian: apt install softhsm2; "
			    "Fedora: dnf install softhsm), or use your own "
			    "token with --token and --module");
}

int tmk_front_softhsm_prepare(struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(16384);
	char *dir = NULL, *conf = NULL, *tokens = NULL;
	int ret = -1;

	if (tmk_front_softhsm_dir(&dir, err) < 0)
		return -1;
	conf = conf_path();
	if (!conf || asprintf(&tokens, "%s/tokens", dir) < 0) {
		tokens = NULL;
		tmk_err_nomem(err);
		goto out;
	}
	if (strpbrk(dir, "\n\r=")) {
		tmk_err_set(err, TMK_USAGE, "%s: SoftHSM cannot be told of a "
			    "directory with such a name", dir);
		goto out;
	}
	if (tmk_file_mkdirs(tokens, err) < 0)
		goto out;
	if (tmk_file_exists(conf)) {
		ret = 0;
		goto out;
	}
	if (tmk_buf_printf(&text, "# the embedded tokens of touchmark\n"
			   "directories.tokendir = %s\n"
			   "objectstore.backend = file\n"
			   "log.level = ERROR\n", tokens) < 0)
		tmk_err_nomem(err);
	else
		ret = tmk_file_write(conf, 0600, text.data, text.len, err);
out:
	tmk_buf_release(&text);
	free(tokens);
	free(conf);
	free(dir);
	return ret;
}

int tmk_front_softhsm_pin_file(char **out, const char *label,
			       struct tmk_err *err)
{
	char *dir = NULL, *path = NULL;
	int ret = -1;

	*out = NULL;
	/* Another SoftHSM may hold a token of that label, with another PIN. */
	if (strncmp(label, TMK_SOFTHSM_PREFIX, strlen(TMK_SOFTHSM_PREFIX)) ||
	    strchr(label, '/') || !tmk_front_softhsm_exists())
		return 0;
	if (tmk_front_softhsm_dir(&dir, err) < 0)
		return -1;
	if (asprintf(&path, "%s/%s.pin", dir, label) < 0) {
		path = NULL;
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_file_exists(path)) {
		*out = path;
		path = NULL;
	}
	ret = 0;
out:
	free(path);
	free(dir);
	return ret;
}

const char *tmk_front_softhsm_foreign(void)
{
	const char *set = secure_getenv("SOFTHSM2_CONF");

	return set && *set && !conf_is_ours ? set : NULL;
}

bool tmk_front_softhsm_same(const char *conf)
{
	const char *mine = tmk_front_softhsm_foreign();
	char *ours;
	bool same;

	if (!conf)
		conf = "";
	if (!*conf || mine)
		return !strcmp(conf, mine ? mine : "");
	ours = conf_path();
	same = ours && !strcmp(ours, conf);
	free(ours);
	return same;
}

bool tmk_front_softhsm_exists(void)
{
	char *conf = conf_path();
	bool there = conf && tmk_file_exists(conf);

	free(conf);
	return there && !tmk_front_softhsm_foreign();
}

void tmk_front_softhsm_use(bool embedded)
{
	char *conf;

	if (tmk_front_softhsm_foreign())
		return;
	if (!embedded) {
		if (conf_is_ours)
			unsetenv("SOFTHSM2_CONF");
		conf_is_ours = false;
		return;
	}
	conf = conf_path();
	if (conf && tmk_file_exists(conf) &&
	    !setenv("SOFTHSM2_CONF", conf, 1))
		conf_is_ours = true;
	free(conf);
}

void tmk_front_softhsm_choose(const char *uri)
{
	static const char want[] = "token=" TMK_SOFTHSM_PREFIX;
	const char *p = strchr(uri, ':');
	bool embedded = false;

	/* Attributes of the path are separated by ';' (RFC 7512, 2.3). */
	while (p && *p && *p != '?') {
		p++;
		if (!strncmp(p, want, sizeof(want) - 1))
			embedded = true;
		p += strcspn(p, ";?");
	}
	tmk_front_softhsm_use(embedded);
}
