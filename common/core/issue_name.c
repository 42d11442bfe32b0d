#include "core/issue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "base/enc.h"

#define PART_MAX 512	/* bytes of one attribute's type or value */

static int add_entry(X509_NAME *name, const char *type, const char *value,
		     struct tmk_err *err)
{
	const unsigned char *bytes = (const unsigned char *)value;
	const char *reason;

	if (!*type || !*value)
		return tmk_err_set(err, TMK_USAGE, "the subject has an "
				   "attribute without a %s",
				   *type ? "value" : "type");
	if (X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, bytes, -1,
				       -1, 0))
		return 0;
	reason = ERR_reason_error_string(ERR_peek_last_error());
	tmk_err_set(err, TMK_USAGE, "the subject's %s=%s cannot be written: "
		    "%s", type, value, reason ? reason : "refused");
	ERR_clear_error();
	return -1;
}

/* Copy up to an unescaped `stop` (or the end); NULL when it is too long. */
static const char *take(char *out, const char *p, char stop)
{
	size_t n = 0;

	while (*p && *p != stop) {
		if (*p == '\\' && p[1])
			p++;
		if (n + 1 == PART_MAX)
			return NULL;
		out[n++] = *p++;
	}
	out[n] = '\0';
	return p;
}

static int bad_form(const char *text, struct tmk_err *err)
{
	tmk_err_set(err, TMK_USAGE, "'%s' is no subject", text);
	return tmk_err_hint(err, "write it like openssl req -subj: "
			    "'/CN=Release Team/O=Example'");
}

int tmk_issue_name_parse(X509_NAME **out, const char *text,
			 struct tmk_err *err)
{
	char type[PART_MAX], value[PART_MAX];
	X509_NAME *name = X509_NAME_new();
	const char *p = text;
	int ret = -1;

	if (!name)
		return tmk_err_nomem(err);
	if (*p != '/' || !p[1] || !tmk_enc_is_utf8(text, strlen(text))) {
		bad_form(text, err);
		goto out;
	}
	while (*p) {
		p = take(type, p + 1, '=');
		if (!p || !*p || strchr(type, '/')) {
			bad_form(text, err);
			goto out;
		}
		p = take(value, p + 1, '/');
		if (!p) {
			bad_form(text, err);
			goto out;
		}
		if (add_entry(name, type, value, err) < 0)
			goto out;
	}
	*out = name;
	name = NULL;
	ret = 0;
out:
	X509_NAME_free(name);
	return ret;
}

/* Plain ASCII, one '@' with something on both sides, nothing that a mail
 * header or an ident would trip over (a subset of RFC 5321 section 4.1.2). */
static bool is_mail(const char *mail)
{
	const char *at = strchr(mail, '@'), *p;

	if (!at || at == mail || !at[1] || strchr(at + 1, '@'))
		return false;
	for (p = mail; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("<>()[]\\,;:\"", *p))
			return false;
	return true;
}

int tmk_issue_user_split(char *name, char *mail, size_t size,
			 const char *user, struct tmk_err *err)
{
	const char *open = strchr(user, '<'), *p = user;
	const char *shut = open ? strchr(open, '>') : NULL;
	size_t n = 0, m = 0;

	if (open && shut && !shut[1]) {
		n = open - user;
		p = open + 1;
		m = shut - p;
		while (n && user[n - 1] == ' ')
			n--;
	} else if (!open) {
		m = strlen(p);
	}
	for (size_t i = 0; user[i]; i++)
		if ((unsigned char)user[i] < ' ' || user[i] == 0x7f)
			m = 0;
	if (!tmk_enc_is_utf8(user, strlen(user)) || n >= size || m >= size)
		m = 0;
	if (m) {
		snprintf(mail, size, "%.*s", (int)m, p);
		snprintf(name, size, "%.*s", (int)n, user);
		if (is_mail(mail))
			return 0;
	}
	tmk_err_set(err, TMK_USAGE, "'%s' names no e-mail address", user);
	return tmk_err_hint(err, "write it like 'Alice Example "
			    "<alice@example.org>'");
}

int tmk_issue_name_from_user(X509_NAME **out, const char *user,
			     struct tmk_err *err)
{
	char name[PART_MAX], mail[PART_MAX];
	X509_NAME *x = NULL;

	if (tmk_issue_user_split(name, mail, PART_MAX, user, err) < 0)
		return -1;
	x = X509_NAME_new();
	if (!x)
		return tmk_err_nomem(err);
	if (add_entry(x, "CN", *name ? name : mail, err) < 0) {
		X509_NAME_free(x);
		return -1;
	}
	*out = x;
	return 0;
}
