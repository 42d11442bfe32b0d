/*
 * touchmark-pinentry: ask a person for a PIN, or yes or no, through gpg-agent's
 * pinentry.
 *
 *   touchmark-pinentry TOKEN SERIAL first|retry|new|again few|many
 *   touchmark-pinentry --confirm        the question on standard input
 *
 * A program of its own, started by whoever holds the token, so that no other
 * one links gpgme. gpg-agent is used to ask and never to keep: cache id X. The
 * PIN and a newline go to standard output, which must be a pipe, and nowhere
 * else. Ends with 0 when it has one or the person agreed, 3 when the person
 * cancelled, 4 when nobody answered, 1 when there is no pinentry to ask with, 2
 * when it was called wrongly.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gpgme.h>

#include "base/buf.h"
#include "base/proc.h"
#include "base/secret.h"

#define LINE_BYTES 990		/* what assuan takes, less its own */
#define VALUE_MAX 256		/* of a variable handed on */
#define LAUNCH_MS 10000
#define QUESTION_MAX 900	/* bytes */

enum { GOT = 0, NONE = 1, WRONG = 2, CANCELLED = 3, TIMED_OUT = 4 };

/* What gpg-agent tells its pinentry beside what gpgme says by itself
 * (gpg-agent's OPTION putenv). */
static const char *const handed_on[] = {
	"WAYLAND_DISPLAY", "XAUTHORITY", "XDG_SESSION_TYPE",
	"DBUS_SESSION_BUS_ADDRESS", "PINENTRY_USER_DATA", "INSIDE_EMACS"
};

/* Append text as gpg-agent reads it: everything but letters, digits and what
 * is common in sentences and paths in percent form. */
static int add_escaped(struct tmk_buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || strchr(".,:;/_@()?", c);

		if (plain ? tmk_buf_addch(out, c) :
		    tmk_buf_printf(out, "%%%02X", c))
			return -1;
	}
	return 0;
}

/* "new" and "again" are for a PIN that the token is to have. */
static int make_command(struct tmk_buf *out, const char *token,
			const char *serial, const char *how, bool few)
{
	bool again = !strcmp(how, "again"), new = !strcmp(how, "new") || again;
	struct tmk_buf text = TMK_BUF_INIT(LINE_BYTES);
	int rc;

	rc = tmk_buf_printf(&text, "touchmark wants to %s.\n\n"
			    "Please enter the %sPIN %sfor token %s%s%s%s.%s",
			    new ? "change a PIN" : "sign", new ? "new " : "",
			    again ? "again " : "",
			    *token ? token : "(no label)",
			    *serial ? " (serial " : "", serial,
			    *serial ? ")" : "",
			    few ? "\nFew tries are left before it locks "
			    "itself." : "");
	if (!rc)
		rc = tmk_buf_addstr(out, "GET_PASSPHRASE --data -- X ");
	if (!rc)
		rc = tmk_buf_addstr(out, strcmp(how, "retry") ? "X" :
				    "Wrong%20PIN");
	if (!rc)
		rc = tmk_buf_addstr(out, " PIN%3A ");
	if (!rc)
		rc = add_escaped(out, tmk_buf_str(&text));
	tmk_buf_release(&text);
	return rc;
}

/* ---- gpg-agent ------------------------------------------------------------ */

static gpgme_error_t take(void *ctx, const void *data, size_t len)
{
	return tmk_secret_add(ctx, data, len, NULL) ?
		gpgme_error(GPG_ERR_TOO_LARGE) : 0;
}

static gpgme_error_t transact(gpgme_ctx_t ctx, const char *line,
			      struct tmk_secret *pin)
{
	gpgme_error_t answer = 0;
	gpgme_error_t rc = gpgme_op_assuan_transact_ext(ctx, line,
							pin ? take : NULL, pin,
							NULL, NULL, NULL, NULL,
							&answer);

	return rc ? rc : answer;
}

static void hand_on(gpgme_ctx_t ctx)
{
	size_t i;

	for (i = 0; i < sizeof(handed_on) / sizeof(handed_on[0]); i++) {
		const char *value = getenv(handed_on[i]), *c;
		struct tmk_buf line = TMK_BUF_INIT(LINE_BYTES);

		if (!value || strlen(value) > VALUE_MAX)
			continue;
		for (c = value; *c && (unsigned char)*c >= ' '; c++)
			;
		/* An agent that does not know the name asks all the same. */
		if (!*c && !tmk_buf_printf(&line, "OPTION putenv=%s=%s",
					   handed_on[i], value))
			(void)transact(ctx, tmk_buf_str(&line), NULL);
		tmk_buf_release(&line);
	}
}

/* gpg-agent is started by its own tool, which knows where; one that cannot be
 * is noticed when it is asked. */
static void launch(void)
{
	char gpgconf[] = "gpgconf", how[] = "--launch", what[] = "gpg-agent";
	char *const argv[] = { gpgconf, how, what, NULL };
	struct tmk_buf out = TMK_BUF_INIT(4096);
	int status = 0;

	if (tmk_proc_run(argv, NULL, 0, &out, LAUNCH_MS, &status, TMK_KEY,
			 NULL))
		status = -1;
	tmk_buf_release(&out);
}

static int ask(struct tmk_secret *pin, const char *line)
{
	gpgme_ctx_t ctx = NULL;
	gpgme_error_t rc;

	launch();
	gpgme_check_version(NULL);
	if (gpgme_new(&ctx))
		return NONE;
	rc = gpgme_set_protocol(ctx, GPGME_PROTOCOL_ASSUAN);
	if (!rc) {
		hand_on(ctx);
		rc = transact(ctx, line, pin);
	}
	gpgme_release(ctx);
	switch (gpgme_err_code(rc)) {
	case GPG_ERR_NO_ERROR:
		return GOT;
	case GPG_ERR_CANCELED:
	case GPG_ERR_FULLY_CANCELED:
	case GPG_ERR_NOT_CONFIRMED:
		return CANCELLED;
	case GPG_ERR_TIMEOUT:
		return TIMED_OUT;
	default:
		return NONE;
	}
}

/* All at once: the reader never sees half a PIN. */
static int give(struct tmk_secret *pin)
{
	const uint8_t *bytes;
	size_t len;

	if (memchr(tmk_secret_bytes(pin), '\n', tmk_secret_len(pin)) ||
	    tmk_secret_add(pin, "\n", 1, NULL))
		return NONE;
	bytes = tmk_secret_bytes(pin);
	len = tmk_secret_len(pin);
	return write(1, bytes, len) == (ssize_t)len ? GOT : NONE;
}

/* ---- the two ways of being called ------------------------------------------ */

static int ask_pin(char *const *argv)
{
	struct tmk_buf line = TMK_BUF_INIT(LINE_BYTES);
	struct tmk_secret *pin = NULL;
	struct stat st;
	int rc = NONE;

	/* A PIN is for a program that waits for it, not for a file. */
	if (fstat(1, &st) || !S_ISFIFO(st.st_mode))
		return WRONG;
	if (make_command(&line, argv[1], argv[2], argv[3],
			 !strcmp(argv[4], "few")) ||
	    tmk_secret_new(&pin, NULL))
		goto out;
	rc = ask(pin, tmk_buf_str(&line));
	if (rc == GOT)
		rc = give(pin);
out:
	tmk_secret_free(pin);
	tmk_buf_release(&line);
	return rc;
}

/* Everything up to the end of standard input, with no byte that could mean
 * something else than text. */
static int read_question(struct tmk_buf *out)
{
	char chunk[QUESTION_MAX];
	ssize_t n;
	size_t i;

	while ((n = read(0, chunk, sizeof(chunk))) > 0)
		if (tmk_buf_add(out, chunk, (size_t)n))
			return -1;
	for (i = 0; i < out->len; i++)
		if (out->data[i] < ' ' && out->data[i] != '\n')
			return -1;
	return n < 0 || !out->len ? -1 : 0;
}

static int ask_confirmation(void)
{
	struct tmk_buf question = TMK_BUF_INIT(QUESTION_MAX);
	struct tmk_buf line = TMK_BUF_INIT(LINE_BYTES);
	int rc = WRONG;

	if (!read_question(&question) &&
	    !tmk_buf_addstr(&line, "GET_CONFIRMATION ") &&
	    !add_escaped(&line, tmk_buf_str(&question)))
		rc = ask(NULL, tmk_buf_str(&line));
	tmk_buf_release(&question);
	tmk_buf_release(&line);
	return rc;
}

int main(int argc, char **argv)
{
	int rc = WRONG;

	tmk_secret_harden_process();
	/* Nobody waits for an answer once our caller is gone. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	if (argc == 5)
		rc = ask_pin(argv);
	else if (argc == 2 && !strcmp(argv[1], "--confirm"))
		rc = ask_confirmation();
	if (rc == WRONG)
		fprintf(stderr, "touchmark-pinentry: started by other "
			"programs of touchmark, with a pipe\n");
	return rc;
}
