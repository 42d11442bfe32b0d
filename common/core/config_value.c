#include "core/config_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

int tmk_config_value_text(char **field, const char *value,
			  struct tmk_err *err)
{
	char *copy = strdup(value);

	if (!copy)
		return tmk_err_nomem(err);
	free(*field);
	*field = copy;
	return 0;
}

int tmk_config_value_path(char **field, const char *value,
			  const struct tmk_config_entry *e,
			  struct tmk_err *err)
{
	char *path;

	if (*value != '/' && strncmp(value, "~/", 2) &&
	    (e->included || e->origin == TMK_ORIGIN_GIT_COMMAND))
		return tmk_err_set(err, TMK_USAGE, "a relative name has no "
				   "place to start from here; write it whole");
	path = tmk_file_resolve(e->file, tmk_config_env_get("HOME"), value);
	if (!path)
		return tmk_err_nomem(err);
	free(*field);
	*field = path;
	return 0;
}

int tmk_config_value_number(int64_t *out, const char *value, int64_t min,
			    int64_t max, struct tmk_err *err)
{
	char *end = NULL;
	long long n = -1;

	if (isdigit((unsigned char)*value))
		n = strtoll(value, &end, 10);
	if (!end || *end || n < min || n > max)
		return tmk_err_set(err, TMK_USAGE, "'%s' is not a number "
				   "from %lld to %lld", value, (long long)min,
				   (long long)max);
	*out = n;
	return 0;
}
