#include "key/agent_env.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

extern char **environ;

/* Any mention is taken for a setting: the signer that reads it properly is
 * asked then. */
static bool mentions(const char *text)
{
	return strcasestr(text, "touchmark.") ||
		strcasestr(text, "gpg.format");
}

bool tmk_agent_env_plain(void)
{
	char **e;

	for (e = environ; *e; e++)
		if ((!strncmp(*e, "GIT_CONFIG_PARAMETERS=", 22) ||
		     !strncmp(*e, "GIT_CONFIG_KEY_", 15)) && mentions(*e))
			return false;
	return true;
}
