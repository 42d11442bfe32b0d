/*
 * One line of an allowed_signers file: principals, options, key.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/enc.h"
#include "seal/ssh_key.h"
#include "seal/ssh_signers.h"

/* A word of the line, borrowed from it. */
struct word {
	const char *at;
	size_t len;
};

/* What is left of the line. */
struct rest {
	const char *at;
	size_t left;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct rest *r)
{
	while (r->left && is_blank(*r->at)) {
		r->at++;
		r->left--;
	}
}

static void advance(struct rest *r, size_t n)
{
	r->at += n;
	r->left -= n;
}

static char *copy(const struct word *w)
{
	return strndup(w->at, w->len);
}

/* ---- patterns ----------------------------------------------------------- */

/* One pattern, without recursion: after a mismatch the last * takes one
 * character more. */
static bool fits(const char *pattern, size_t plen, const char *text,
		 size_t len)
{
	size_t p = 0, t = 0, star = plen, mark = 0;

	while (t < len) {
		if (p < plen && pattern[p] == '*') {
			star = p++;
			mark = t;
		} else if (p < plen && (pattern[p] == '?' ||
					pattern[p] == text[t])) {
			p++;
			t++;
		} else if (star < plen) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < plen && pattern[p] == '*')
		p++;
	return p == plen;
}

bool tmk_ssh_signers_match(const char *list, const void *text, size_t len)
{
	bool found = false;

	while (*list) {
		size_t n = strcspn(list, ",");
		bool no = *list == '!';

		if (fits(list + no, n - no, text, len)) {
			if (no)
				return false;
			found = true;
		}
		list += n;
		if (*list == ',')
			list++;
	}
	return found;
}

/* ---- principals --------------------------------------------------------- */

/* No empty name in it, and no quotes: what they would mean in the middle of a
 * word nobody can tell. */
static int check_principals(const struct word *w, struct tmk_err *err)
{
	size_t i;

	if (!w->len)
		return tmk_err_set(err, TMK_USAGE, "no principals");
	if (memchr(w->at, '"', w->len))
		return tmk_err_set(err, TMK_USAGE, "a quote inside the "
				   "principals");
	for (i = 0; i < w->len; i++)
		if (w->at[i] == ',' && (!i || i + 1 == w->len ||
					w->at[i + 1] == ','))
			return tmk_err_set(err, TMK_USAGE,
					   "an empty principal");
	return 0;
}

/* The first word, or what stands in quotes there. */
static int read_principals(struct word *w, struct rest *r,
			   struct tmk_err *err)
{
	const char *end;

	w->at = r->at;
	w->len = 0;
	if (*r->at != '"') {
		while (w->len < r->left && !is_blank(r->at[w->len]))
			w->len++;
		advance(r, w->len);
	} else {
		w->at++;
		end = memchr(w->at, '"', r->left - 1);
		if (!end)
			return tmk_err_set(err, TMK_USAGE,
					   "a quote that is not closed");
		w->len = (size_t)(end - w->at);
		advance(r, w->len + 2);
	}
	if (!r->left || !is_blank(*r->at))
		return tmk_err_set(err, TMK_USAGE,
				   "no key behind the principals");
	skip_blanks(r);
	return check_principals(w, err);
}

/* ---- options ------------------------------------------------------------ */

/* Two digits of a date. */
static int two(const char *digits)
{
	return (digits[0] - '0') * 10 + (digits[1] - '0');
}

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
				    30, 31 };
	bool leap = (!(year % 4) && year % 100) || !(year % 400);

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool is_date(const struct tm *tm)
{
	int year = tm->tm_year + 1900, month = tm->tm_mon + 1;

	return year >= 1970 && month >= 1 && month <= 12 &&
		tm->tm_mday >= 1 && tm->tm_mday <= days_in(year, month) &&
		tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

/* YYYYMMDD, with HHMM or HHMMSS; Z: UTC, else local time. */
static int read_time(int64_t *out, const char *text, struct tmk_err *err)
{
	size_t n = strspn(text, "0123456789");
	bool utc = !strcmp(text + n, "Z");
	struct tm tm = { .tm_isdst = -1 };
	int64_t t;

	if ((n != 8 && n != 12 && n != 14) || (text[n] && !utc))
		goto bad;
	tm.tm_year = two(text) * 100 + two(text + 2) - 1900;
	tm.tm_mon = two(text + 4) - 1;
	tm.tm_mday = two(text + 6);
	tm.tm_hour = n > 8 ? two(text + 8) : 0;
	tm.tm_min = n > 8 ? two(text + 10) : 0;
	tm.tm_sec = n > 12 ? two(text + 12) : 0;
	if (!is_date(&tm))
		goto bad;
	t = utc ? tmk_clock_from_civil(tm.tm_year + 1900, tm.tm_mon + 1,
				       tm.tm_mday, tm.tm_hour, tm.tm_min,
				       tm.tm_sec) : mktime(&tm);
	if (t <= 0)
		goto bad;
	*out = t;
	return 0;
bad:
	tmk_err_set(err, TMK_USAGE, "'%s' is no time", text);
	return tmk_err_hint(err, "write YYYYMMDD or YYYYMMDDHHMM[SS], with Z "
			    "behind it for UTC");
}

/* "VALUE" with \" for a quote inside. *out belongs to the caller. */
static int read_quoted(char **out, struct rest *r, struct tmk_err *err)
{
	char *value;
	size_t n = 0;

	if (!r->left || *r->at != '"')
		return tmk_err_set(err, TMK_USAGE,
				   "the value of an option must be quoted");
	value = malloc(r->left);
	if (!value)
		return tmk_err_nomem(err);
	for (advance(r, 1); r->left && *r->at != '"'; advance(r, 1)) {
		if (*r->at == '\\' && r->left > 1 && r->at[1] == '"')
			advance(r, 1);
		value[n++] = *r->at;
	}
	if (!r->left) {
		free(value);
		return tmk_err_set(err, TMK_USAGE,
				   "a quote that is not closed");
	}
	advance(r, 1);
	value[n] = '\0';
	*out = value;
	return 0;
}

static int set_time(int64_t *to, const char *name, const char *value,
		    struct tmk_err *err)
{
	if (*to != TMK_TIME_NONE)
		return tmk_err_set(err, TMK_USAGE, "%s twice", name);
	return read_time(to, value, err);
}

/* Takes `value`. */
static int set_option(struct tmk_ssh_signer *s, const char *name, char *value,
		      struct tmk_err *err)
{
	int rc;

	if (!strcmp(name, "namespaces") && !s->name_spaces) {
		s->name_spaces = value;
		return 0;
	}
	if (!strcmp(name, "namespaces"))
		rc = tmk_err_set(err, TMK_USAGE, "%s twice", name);
	else if (!strcmp(name, "valid-after"))
		rc = set_time(&s->after, name, value, err);
	else
		rc = set_time(&s->before, name, value, err);
	free(value);
	return rc;
}

/* One option at the cursor. Names are read in either case, as ssh-keygen
 * does. */
static int read_option(struct tmk_ssh_signer *s, struct rest *r,
		       struct tmk_err *err)
{
	static const char *const names[] = { "namespaces", "valid-after",
					     "valid-before" };
	static const char flag[] = "cert-authority";
	size_t i, n = 0, len;
	char shown[64], *value = NULL;

	while (n < r->left && !is_blank(r->at[n]) && !strchr(",=", r->at[n]))
		n++;
	if (n == sizeof(flag) - 1 && !strncasecmp(r->at, flag, n)) {
		s->authority = true;
		advance(r, n);
		return 0;
	}
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		len = strlen(names[i]);
		if (n != len || strncasecmp(r->at, names[i], n))
			continue;
		advance(r, n);
		if (!r->left || *r->at != '=')
			return tmk_err_set(err, TMK_USAGE, "%s needs a value",
					   names[i]);
		advance(r, 1);
		if (read_quoted(&value, r, err))
			return tmk_err_prefix(err, "%s", names[i]);
		return set_option(s, names[i], value, err);
	}
	return tmk_err_set(err, TMK_USAGE, "unknown option or type of key "
			   "'%s'", tmk_enc_show_into(shown, sizeof(shown),
						     r->at, n));
}

static int read_options(struct tmk_ssh_signer *s, struct rest *r,
			struct tmk_err *err)
{
	for (;;) {
		if (read_option(s, r, err))
			return -1;
		if (!r->left || *r->at != ',')
			break;
		advance(r, 1);
	}
	if (!r->left || !is_blank(*r->at))
		return tmk_err_set(err, TMK_USAGE, "no key behind the "
				   "options");
	skip_blanks(r);
	if (s->after != TMK_TIME_NONE && s->before != TMK_TIME_NONE &&
	    s->before <= s->after)
		return tmk_err_set(err, TMK_USAGE,
				   "valid-before is not after valid-after");
	return 0;
}

/* ---- the key ------------------------------------------------------------ */

/* Types that ssh-keygen knows and that are nobody's here. */
static bool is_foreign(const struct rest *r)
{
	static const char *const names[] = {
		"ssh-dss", "sk-ssh-ed25519@openssh.com",
		"sk-ecdsa-sha2-nistp256@openssh.com"
	};
	size_t i, n;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		n = strlen(names[i]);
		if (r->left > n && !memcmp(r->at, names[i], n) &&
		    is_blank(r->at[n]))
			return true;
	}
	return false;
}

/* Type and base64; what follows is a comment. */
static int read_key(struct tmk_ssh_signer *s, const struct rest *r,
		    struct tmk_err *err)
{
	struct tmk_buf blob = TMK_BUF_INIT(TMK_SSH_KEY_MAX);
	size_t n = 0;
	int rc;

	while (n < r->left && !is_blank(r->at[n]))
		n++;
	while (n < r->left && is_blank(r->at[n]))
		n++;
	while (n < r->left && !is_blank(r->at[n]))
		n++;
	rc = tmk_ssh_key_text_blob(&blob, r->at, n, err);
	if (!rc) {
		s->blob = malloc(blob.len);
		if (s->blob) {
			memcpy(s->blob, blob.data, blob.len);
			s->blob_len = blob.len;
		} else {
			rc = tmk_err_nomem(err);
		}
	}
	tmk_buf_release(&blob);
	return rc;
}

static bool begins_key(const struct rest *r)
{
	return is_foreign(r) || tmk_ssh_key_begins(NULL, r->at, r->left);
}

static int read_line(struct tmk_ssh_signer *s, struct rest *r,
		     struct tmk_err *err)
{
	struct word principals;

	if (read_principals(&principals, r, err))
		return -1;
	s->principals = copy(&principals);
	if (!s->principals)
		return tmk_err_nomem(err);
	if (!begins_key(r) && read_options(s, r, err))
		return -1;
	return is_foreign(r) ? 0 : read_key(s, r, err);
}

int tmk_ssh_signers_line(struct tmk_ssh_signer *out, const char *text,
			 size_t len, struct tmk_err *err)
{
	struct tmk_ssh_signer s = { .after = TMK_TIME_NONE,
				    .before = TMK_TIME_NONE };
	struct rest r = { text, len };
	size_t i;

	skip_blanks(&r);
	if (!r.left || *r.at == '#')
		return 0;
	if (len > TMK_SSH_SIGNERS_LINE_MAX)
		return tmk_err_set(err, TMK_USAGE, "more than %d characters",
				   TMK_SSH_SIGNERS_LINE_MAX);
	for (i = 0; i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') ||
		    text[i] == 0x7f)
			return tmk_err_set(err, TMK_USAGE, "a control "
					   "character%s", text[i] == '\r' ?
					   ": line ends must be LF" : "");
	if (read_line(&s, &r, err)) {
		tmk_ssh_signers_line_release(&s);
		if (err && err->code == TMK_INPUT)
			err->code = TMK_USAGE;
		return -1;
	}
	*out = s;
	return 1;
}

void tmk_ssh_signers_line_release(struct tmk_ssh_signer *signer)
{
	free(signer->principals);
	free(signer->name_spaces);
	free(signer->blob);
	memset(signer, 0, sizeof(*signer));
}
