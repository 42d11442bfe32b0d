#include "plugins/front_pick.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define URI_MAX 8192

/* Append `text`, all but the unreserved characters of RFC 3986 written %XX;
 * '/' stays for file names (RFC 7512 lets a query hold it). */
static int add_escaped(struct tmk_buf *out, const char *text,
		       const char *also)
{
	const unsigned char *p = (const unsigned char *)text;

	for (; *p; p++) {
		if ((*p < 0x80 && isalnum(*p)) || strchr("-._~", *p) ||
		    strchr(also, *p)) {
			if (tmk_buf_addch(out, *p) < 0)
				return -1;
		} else if (tmk_buf_printf(out, "%%%02X", *p) < 0) {
			return -1;
		}
	}
	return 0;
}

static char *give(struct tmk_buf *buf, int ret)
{
	char *uri = ret < 0 ? NULL : strdup(tmk_buf_str(buf));

	tmk_buf_release(buf);
	return uri;
}

char *tmk_front_uri_token(const char *label)
{
	struct tmk_buf uri = TMK_BUF_INIT(URI_MAX);
	int ret = tmk_buf_addstr(&uri, "pkcs11:token=");

	if (!ret)
		ret = add_escaped(&uri, label, "");
	return give(&uri, ret);
}

/* One attribute of the query, its separator before it. */
static int add_query(struct tmk_buf *uri, const char *name, const char *value)
{
	char sep = strchr(tmk_buf_str(uri), '?') ? '&' : '?';

	if (!value)
		return 0;
	if (tmk_buf_addch(uri, sep) < 0 || tmk_buf_addstr(uri, name) < 0)
		return -1;
	return add_escaped(uri, value, "/:");
}

char *tmk_front_uri_with(const char *uri, const char *module,
			 const char *pin_file)
{
	struct tmk_buf out = TMK_BUF_INIT(URI_MAX);
	int ret = tmk_buf_addstr(&out, uri);

	if (!ret && !strstr(uri, "module-path="))
		ret = add_query(&out, "module-path=", module);
	if (!ret && !strstr(uri, "pin-source="))
		ret = add_query(&out, "pin-source=file:", pin_file);
	return give(&out, ret);
}
