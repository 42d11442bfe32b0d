/* Reading ssh://USER@HOST[:PORT]/KEY-NAME and unix:SOCKET/KEY-NAME. What is read
 * here becomes words of ssh's command line, or a path: what is not plainly a
 * name is refused. */
#include "key/remote.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SCHEME "ssh://"
#define LOCAL "unix:"
#define PORT_DIGITS 5

static bool is_local(const char *uri)
{
	return !strncasecmp(uri, LOCAL, strlen(LOCAL));
}

bool tmk_remote_claims(const char *uri)
{
	return !strncasecmp(uri, SCHEME, strlen(SCHEME)) || is_local(uri);
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

/* An absolute path of `len` bytes, of characters that need no quoting. */
static int take_socket(char out[TMK_REMOTE_SOCKET], const char *from,
		       size_t len)
{
	size_t i;

	if (len < 2 || len >= TMK_REMOTE_SOCKET || *from != '/' ||
	    from[len - 1] == '/')
		return -1;
	for (i = 0; i < len; i++)
		if (!is_alnum(from[i]) && !strchr("/._-+@", from[i]))
			return -1;
	memcpy(out, from, len);
	out[len] = '\0';
	return 0;
}

static int parse_local(struct tmk_remote_uri *u, const char *from)
{
	const char *slash = strrchr(from, '/');

	return !slash || take_socket(u->socket, from, (size_t)(slash - from)) ?
		-1 : take_name(u->key, slash + 1, strlen(slash + 1), "._-");
}

static int parse_ssh(struct tmk_remote_uri *u, const char *from)
{
	const char *slash = strchr(from, '/'), *at;

	at = slash ? memchr(from, '@', (size_t)(slash - from)) : NULL;
	return !at || take_name(u->user, from, (size_t)(at - from), "._-") ||
		take_place(u, at + 1, (size_t)(slash - at - 1)) ?
		-1 : take_name(u->key, slash + 1, strlen(slash + 1), "._-");
}

static int parse(struct tmk_remote_uri *out, const char *uri)
{
	struct tmk_remote_uri u = { .port = 0 };

	if (!tmk_remote_claims(uri) ||
	    (is_local(uri) ? parse_local(&u, uri + strlen(LOCAL)) :
	     parse_ssh(&u, uri + strlen(SCHEME))))
		return -1;
	*out = u;
	return 0;
}

int tmk_remote_uri_parse(struct tmk_remote_uri *out, const char *uri,
			 struct tmk_err *err)
{
	if (!parse(out, uri))
		return 0;
	tmk_err_set(err, TMK_USAGE, "the %s URI of a key is not understood",
		    is_local(uri) ? "unix" : "ssh");
	if (is_local(uri))
		return tmk_err_hint(err, "write unix:SOCKET/KEY-NAME, where "
				    "SOCKET is an absolute path and KEY-NAME "
				    "what the key is called there");
	return tmk_err_hint(err, "write ssh://USER@HOST/KEY-NAME or ssh://"
			    "USER@HOST:PORT/KEY-NAME, where KEY-NAME is what "
			    "the key is called on that host");
}

int tmk_remote_uri_parse_host(struct tmk_remote_uri *out, const char *text,
			      struct tmk_err *err)
{
	char whole[3 * TMK_REMOTE_TEXT];
	int n = snprintf(whole, sizeof(whole), "%s/x", text);
	bool fits = n > 0 && (size_t)n < sizeof(whole);

	if (fits && !parse(out, whole))
		return 0;
	if (!is_local(text) && !parse(out, text))
		return 0;
	tmk_err_set(err, TMK_USAGE, "'%s' is no signing host", text);
	return tmk_err_hint(err, "write ssh://USER@HOST[:PORT] or unix:SOCKET");
}

char *tmk_remote_shown(char *out, size_t size, const struct tmk_remote_uri *u)
{
	const bool v6 = strchr(u->host, ':');
	char port[16] = "";

	if (*u->socket) {
		snprintf(out, size, LOCAL "%s", u->socket);
		return out;
	}
	if (u->port)
		snprintf(port, sizeof(port), ":%d", u->port);
	snprintf(out, size, "%s@%s%s%s%s", u->user, v6 ? "[" : "", u->host,
		 v6 ? "]" : "", port);
	return out;
}
