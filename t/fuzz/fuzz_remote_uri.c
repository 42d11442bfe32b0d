/* ssh:// and unix: URIs of keys: what is taken becomes words of a command line, so
 * it holds nothing that ssh or a shell could understand, or a path. */
#include <stdlib.h>
#include <string.h>

#include "key/remote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plain(const char *text, const char *also)
{
	const char *p;

	if (!*text || *text == '-')
		abort();
	for (p = text; *p; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
		    !(*p >= '0' && *p <= '9') && !strchr(also, *p))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), again[TMK_REMOTE_SHOWN + 300];
	struct tmk_err err = TMK_ERR_INIT;
	char shown[TMK_REMOTE_SHOWN];
	struct tmk_remote_uri u, v;

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (tmk_remote_uri_parse(&u, text, &err)) {
		if (err.code != TMK_USAGE || !*err.text || !*err.hint)
			abort();
		goto out;
	}
	if (!tmk_remote_claims(text) || u.port < 0 || u.port > 65535)
		abort();
	if (*u.socket) {
		plain(u.socket, "/._-+@");
		if (*u.socket != '/' || *u.user || *u.host || u.port)
			abort();
	} else {
		plain(u.user, "._-");
		plain(u.host, strchr(u.host, ':') ? ".:" : ".-");
	}
	plain(u.key, "._-");
	/* What is shown says all of it. */
	tmk_remote_shown(shown, sizeof(shown), &u);
	strcpy(again, *u.socket ? "" : "ssh://");
	strcat(again, shown);
	strcat(again, "/");
	strcat(again, u.key);
	if (tmk_remote_uri_parse(&v, again, NULL) || strcmp(u.user, v.user) ||
	    strcmp(u.socket, v.socket) || strcmp(u.host, v.host) ||
	    strcmp(u.key, v.key) || u.port != v.port)
		abort();
out:
	free(text);
	return 0;
}
