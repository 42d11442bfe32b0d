#include "plugins/gpg_status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"

#define NO_KEY "0000000000000000"	/* where a key id is not known */

void tmk_gpg_report_init(struct tmk_gpg_report *report)
{
	memset(report, 0, sizeof(*report));
	report->reason = TMK_INTERNAL_ERROR;
	report->made = TMK_TIME_NONE;
	report->expires = TMK_TIME_NONE;
}

int tmk_gpg_status_hash(enum tmk_hash hash)
{
	switch (hash) {
	case TMK_SHA256:
		return 8;
	case TMK_SHA384:
		return 9;
	case TMK_SHA512:
		return 10;
	case TMK_BLAKE2B512:
	case TMK_WHOLE:
		break;
	}
	return 0;
}

int tmk_gpg_status_line(struct tmk_buf *out, const char *keyword,
			const char *args)
{
	char safe[TMK_GPG_STATUS_MAX / 2];
	struct tmk_buf line = TMK_BUF_INIT(TMK_GPG_STATUS_MAX);
	int rc = -1;

	/* Arguments are escaped already; this is the second door. */
	if (args)
		tmk_enc_line_into(safe, sizeof(safe), args, strlen(args));
	/* Whole lines or none: half of one could say something else. */
	if (!tmk_buf_printf(&line, "[GNUPG:] %s%s%s\n", keyword,
			    args ? " " : "", args ? safe : ""))
		rc = tmk_buf_add(out, line.data, line.len);
	tmk_buf_release(&line);
	return rc;
}

/* A name in a status line: bytes that are no printable ASCII as gpgsm writes
 * them. `out` has room for three times the name. */
static void percent(char *out, const char *name)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (c >= ' ' && c < 0x7f) {
			*out++ = (char)c;
			continue;
		}
		*out++ = '%';
		tmk_enc_hex_upper(out, &c, 1);
		out += 2;
	}
	*out = '\0';
}

/* "FINGERPRINT SUBJECT" behind GOODSIG and its siblings. */
static int key_line(struct tmk_buf *out, const char *keyword,
		    const struct tmk_gpg_report *r)
{
	char name[3 * sizeof(r->subject)];
	char args[sizeof(r->fingerprint) + sizeof(name) + 2];

	percent(name, r->subject[0] ? r->subject : "[no subject]");
	snprintf(args, sizeof(args), "%s %s",
		 r->fingerprint[0] ? r->fingerprint : NO_KEY, name);
	return tmk_gpg_status_line(out, keyword, args);
}

static int valid_line(struct tmk_buf *out, const struct tmk_gpg_report *r)
{
	char date[TMK_CLOCK_TEXT] = "0", made[TMK_CLOCK_TEXT] = "0";
	char expires[TMK_CLOCK_TEXT] = "0", args[256];

	if (r->made != TMK_TIME_NONE) {
		tmk_clock_format(date, r->made);
		date[strcspn(date, "T")] = '\0';
		tmk_clock_format_compact(made, r->made);
	}
	if (r->expires != TMK_TIME_NONE)
		tmk_clock_format_compact(expires, r->expires);
	snprintf(args, sizeof(args), "%s %s %s %s 0 0 %d %d 00",
		 r->fingerprint, date, made, expires, r->algorithm, r->hash);
	return tmk_gpg_status_line(out, "VALIDSIG", args);
}

static int error_line(struct tmk_buf *out, const struct tmk_gpg_report *r)
{
	char args[256];
	/* 9 is "no public key" (doc/DETAILS), 1 a general error. */
	int rc = r->reason == TMK_CERT_MISSING ? 9 : 1;
	const char *key = r->fingerprint[0] ? r->fingerprint : NO_KEY;

	snprintf(args, sizeof(args), "%s %d %d 00 %lld %d %s", key,
		 r->algorithm, r->hash,
		 r->made == TMK_TIME_NONE ? 0LL : (long long)r->made, rc,
		 r->fingerprint[0] ? r->fingerprint : "-");
	return tmk_gpg_status_line(out, "ERRSIG", args);
}

int tmk_gpg_status_report(struct tmk_buf *out,
			  const struct tmk_gpg_report *report)
{
	const char *trust = "TRUST_UNDEFINED";
	int rc = tmk_gpg_status_line(out, "NEWSIG", NULL);

	if (rc)
		return rc;
	switch (report->reason) {
	case TMK_GOOD:
		rc = key_line(out, "GOODSIG", report);
		if (!rc)
			rc = valid_line(out, report);
		trust = "TRUST_FULLY";
		break;
	case TMK_SIGNATURE_BAD:
		rc = key_line(out, "BADSIG", report);
		break;
	case TMK_CERT_EXPIRED:
		rc = key_line(out, "EXPKEYSIG", report);
		break;
	case TMK_CERT_REVOKED:
		rc = key_line(out, "REVKEYSIG", report);
		trust = "TRUST_NEVER";
		break;
	default:
		rc = error_line(out, report);
		break;
	}
	return rc ? rc : tmk_gpg_status_line(out, trust, "0 shell");
}

/* The words of SIG_CREATED. */
enum { TYPE, ALGORITHM, HASH, CLASS, TIME, FINGERPRINT, WORDS };

#define DIGITS "0123456789"

/* Cut `text` at its spaces; every word is there and holds nothing else than
 * it may. */
static bool cut_created(char *word[WORDS], char *text)
{
	static const char *const allowed[WORDS] = {
		"DCS", DIGITS, DIGITS, DIGITS "ABCDEF", DIGITS "T",
		DIGITS "ABCDEF"
	};
	char *rest = text;
	int i;

	for (i = 0; i < WORDS; i++) {
		word[i] = strsep(&rest, " ");
		if (!word[i] || !*word[i] ||
		    word[i][strspn(word[i], allowed[i])])
			return false;
	}
	return !rest;
}

int tmk_gpg_status_signed(struct tmk_buf *out, const char *created)
{
	struct tmk_buf lines = TMK_BUF_INIT(TMK_GPG_STATUS_MAX);
	char copy[256], args[256], *word[WORDS];
	int rc = -1;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", created) >=
	    sizeof(copy) || !cut_created(word, copy))
		return -1;
	if (!strchr(word[TIME], 'T')) {
		/* 2: the signing key was named or chosen; the same key again
		 * is what signs (doc/DETAILS). */
		snprintf(args, sizeof(args), "%s 2", word[FINGERPRINT]);
		if (tmk_gpg_status_line(&lines, "KEY_CONSIDERED", args))
			goto out;
		snprintf(args, sizeof(args), "H%s", word[HASH]);
		if (tmk_gpg_status_line(&lines, "BEGIN_SIGNING", args))
			goto out;
	}
	if (tmk_gpg_status_line(&lines, "SIG_CREATED", created))
		goto out;
	rc = tmk_buf_add(out, lines.data, lines.len);
out:
	tmk_buf_release(&lines);
	return rc;
}

int tmk_gpg_status_check(int fd, struct tmk_err *err)
{
	int flags;

	if (fd < 0)
		return 0;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return tmk_err_set(err, TMK_USAGE,
				   "--status-fd %d: %s", fd, strerror(errno));
	if ((flags & O_ACCMODE) == O_RDONLY)
		return tmk_err_set(err, TMK_USAGE,
				   "--status-fd %d: not open for writing", fd);
	return 0;
}

int tmk_gpg_status_send(int fd, const struct tmk_buf *lines,
			struct tmk_err *err)
{
	if (fd < 0)
		return 0;
	return tmk_file_write_fd(fd, lines->data, lines->len,
				 "the status descriptor", err);
}
