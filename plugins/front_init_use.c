/* A key that is configured already, for git. */
#include "plugins/front_init.h"

#include <string.h>

#include "base/clock.h"

/* What only a new key has. */
static int check_options(const struct tmk_init *init, struct tmk_err *err)
{
	if (init->name || init->user || init->algorithm || init->token ||
	    init->module || init->pin_file) {
		tmk_err_set(err, TMK_USAGE, "--key names a key that is there: "
			    "only --git, --format and --pre-push go with it");
		return tmk_err_hint(err, "touchmark init --help");
	}
	if (init->git)
		return 0;
	tmk_err_set(err, TMK_USAGE, "--key needs --git local or --git global: "
		    "nothing else is done with a key that is there");
	return tmk_err_hint(err, "touchmark init --key %s --git global",
			    init->key);
}

static int check_key(const struct tmk_key_config *key, const char *format,
		     struct tmk_err *err)
{
	if (strcmp(format, "openpgp") || key->created != TMK_TIME_NONE)
		return 0;
	tmk_err_set(err, TMK_USAGE, "touchmark.%s.created is not configured, "
		    "and is part of the OpenPGP key", key->name);
	return tmk_err_hint(err, "git config --global touchmark.%s.created "
			    "$(date +%%s), once and never again", key->name);
}

int tmk_init_use_prepare(struct tmk_init *init, struct tmk_err *err)
{
	const struct tmk_key_config *key;

	if (check_options(init, err) ||
	    tmk_config_load(&init->config, ".", err))
		return -1;
	key = tmk_config_key(init->config, init->key);
	if (!key) {
		tmk_err_set(err, TMK_USAGE, "no key '%s' is configured",
			    init->key);
		return tmk_err_hint(err, "touchmark key adopt makes a key of a "
				    "token known; touchmark init without --key "
				    "makes one");
	}
	init->name = key->name;
	if (check_key(key, init->format, err))
		return -1;
	return tmk_init_git_prepare(init, err);
}
