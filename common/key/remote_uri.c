/* Reading ssh://USER@HOST[:PORT]/KEY-NAME. What is read here becomes words of
 * ssh's command line: what is not plainly a name is refused. */
#include "key/remote.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SCHEME "ssh://"
#define PORT_DIGITS 5

bool tmk_remote_claims(const char *uri)
{
	return !strncasecmp(uri, SCHEME, strlen(SCHEME));
}

static bool is_alnum(char c)
{
	return (unsigned char)c < 0x80 && isalnum((unsigned char)c);
}

/* A name of `len` bytes: letters, digits and `also`, the first one a letter or
 * digit, so that it is never taken for an option. */
static int take_name(char *out, const char *from, size_t len, const char *also)
{
	size_t i;

	if (!len || len >= TMK_REMOTE_TEXT || !is_alnum(*from))
		return -1;
	for (i = 0; i < len; i++)
		if (!is_alnum(from[i]) && !strchr(also, from[i]))
			return -1;
	memcpy(out, from, len);
	out[len] = '\0';
	return 0;
}

/* An IPv6 address between brackets, which ssh takes without them. */
static int take_address(char *out, const char *from, size_t len)
{
	size_t i;

	if (len < 2 || len >= TMK_REMOTE_TEXT)
		return -1;
	for (i = 0; i < len; i++)
		if (from[i] & 0x80 || (!isxdigit((unsigned char)from[i]) &&
				       from[i] != ':' && from[i] != '.'))
			return -1;
	if (!memchr(from, ':', len))
		return -1;
	memcpy(out, from, len);
	out[len] = '\0';
	return 0;
}

static int take_port(int *out, const char *from, size_t len)
{
	int port = 0;
	size_t i;

	if (!len || len > PORT_DIGITS || *from == '0')
		return -1;
	for (i = 0; i < len; i++) {
		if (from[i] < '0' || from[i] > '9')
			return -1;
		port = port * 10 + (from[i] - '0');
	}
	if (port > 65535)
		return -1;
	*out = port;
	return 0;
}

/* HOST[:PORT] of `len` bytes. */
static int take_place(struct tmk_remote_uri *u, const char *from, size_t len)
{
	const char *end = from + len, *after;

	if (len && *from == '[') {
		after = memchr(from, ']', len);
		if (!after || take_address(u->host, from + 1,
					   (size_t)(after - from - 1)))
			return -1;
		after++;
	} else {
		after = memchr(from, ':', len);
		if (!after)
			after = end;
		if (take_name(u->host, from, (size_t)(after - from), ".-"))
			return -1;
	}
	if (after == end)
		return 0;
	return *after == ':' ?
		take_port(&u->port, after + 1, (size_t)(end - after - 1)) : -1;
}

int tmk_remote_uri_parse(struct tmk_remote_uri *out, const char *uri,
			 struct tmk_err *err)
{
	struct tmk_remote_uri u = { .port = 0 };
	const char *from = uri + strlen(SCHEME), *at, *slash;

	if (!tmk_remote_claims(uri))
		goto bad;
	slash = strchr(from, '/');
	at = slash ? memchr(from, '@', (size_t)(slash - from)) : NULL;
	if (!at || take_name(u.user, from, (size_t)(at - from), "._-") ||
	    take_place(&u, at + 1, (size_t)(slash - at - 1)) ||
	    take_name(u.key, slash + 1, strlen(slash + 1), "._-"))
		goto bad;
	*out = u;
	return 0;
bad:
	tmk_err_set(err, TMK_USAGE, "the ssh URI of a key is not "
		    "understood");
	return tmk_err_hint(err, "write ssh://USER@HOST/KEY-NAME or ssh://"
			    "USER@HOST:PORT/KEY-NAME, where KEY-NAME is what "
			    "the key is called on that host");
}

char *tmk_remote_shown(char *out, size_t size, const struct tmk_remote_uri *u)
{
	const bool v6 = strchr(u->host, ':');
	char port[16] = "";

	if (u->port)
		snprintf(port, sizeof(port), ":%d", u->port);
	snprintf(out, size, "%s@%s%s%s%s", u->user, v6 ? "[" : "", u->host,
		 v6 ? "]" : "", port);
	return out;
}
