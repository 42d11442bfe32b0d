/*
 * touchmark-fetch - one HTTP exchange in a process of its own.
 *
 * The signing programs start it to ask a timestamp authority: what reads
 * answers from the network holds no PIN, no key module and no open file but
 * its three standard streams. The request's body is standard input, the
 * answer's body standard output. The URL may hold a password, which every user
 * of the machine can read in an argument: as "-" it is taken from standard
 * input, whose first line it is; "proxy URL" and "roots FILE" may follow it
 * each on a line, and an empty line ends them. Exit 0, or 5 (2 for bad usage)
 * with one line on standard error, or with --tell on standard output, where
 * nothing else is then: "down: " before it says that the server is not there,
 * "wrong: " that its answer was. Not meant to be called by hand, but harmless
 * there.
 *
 * With --exact the lines behind the URL describe the whole request, for the
 * services that keep keys: "method POST", "header NAME: VALUE" (several),
 * "sigv4 aws:amz:REGION:SERVICE" and "user ID:SECRET", which sign it. Whatever
 * the status, standard output is then "status CODE", perhaps "authenticate
 * TEXT", "retry-after TEXT" and "date TEXT", each on a line, an empty line, and
 * the body. Where there is no answer, a word of net/http.h may stand on a line
 * behind the one of why.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/opt.h"
#include "base/proc.h"
#include "net/http.h"

#define BODY_MAX (1024 * 1024)
#define ANSWER_MAX (64 * 1024 * 1024)
#define MESSAGE_MAX (16 * 1024)	/* of why not, or before a body */
#define DEADLINE_MAX (10 * 60 * 1000)
#define MEMORY_MAX (512UL * 1024 * 1024)

struct options {
	uint64_t deadline, max;
	const char *type, *expect;
	bool tell, exact, help;
};

/* What this process can still do after a bug in what parses the network:
 * start nothing with more rights, fill no disk, dump no core. */
static void confine(const struct options *o)
{
	struct rlimit none = { 0, 0 };
	/* The answer, or the line of why, where that is a file. */
	struct rlimit size = { o->max + MESSAGE_MAX, o->max + MESSAGE_MAX };
	struct rlimit cpu = { o->deadline / 1000 + 2, o->deadline / 1000 + 2 };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	tmk_proc_close_others();
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_FSIZE, &size);
	setrlimit(RLIMIT_CPU, &cpu);
#ifndef __SANITIZE_ADDRESS__	/* which reserves the address space itself */
	{
		struct rlimit memory = { MEMORY_MAX, MEMORY_MAX };

		setrlimit(RLIMIT_AS, &memory);
	}
#endif
}

static int parse(struct options *o, int argc, char **argv, int *operands,
		 struct tmk_err *err)
{
	const struct tmk_opt table[] = {
		{ 0, "deadline", TMK_OPT_SIZE, &o->deadline, "MS",
		  "milliseconds for everything (default 10000)" },
		{ 0, "max", TMK_OPT_SIZE, &o->max, "BYTES",
		  "of the answer at most (default 64k)" },
		{ 0, "type", TMK_OPT_TEXT, &o->type, "TYPE",
		  "POST standard input as this media type" },
		{ 0, "expect", TMK_OPT_TEXT, &o->expect, "TYPE",
		  "media type that the answer must have" },
		{ 0, "tell", TMK_OPT_FLAG, &o->tell, NULL,
		  "say on standard output why there is no answer" },
		{ 0, "exact", TMK_OPT_FLAG, &o->exact, NULL,
		  "make the request that standard input describes, and "
		  "tell the status" },
		{ 'h', "help", TMK_OPT_FLAG, &o->help, NULL, "show this" },
		{ 0, NULL, 0, NULL, NULL, NULL }
	};

	if (tmk_opt_parse(table, argc, argv, operands, err))
		return -1;
	if (o->help) {
		tmk_opt_help(stdout, "touchmark-fetch [options] URL|-", table);
		return 0;
	}
	if (*operands != 1)
		return tmk_err_set(err, TMK_USAGE, "exactly one URL is "
				   "needed; see touchmark-fetch --help");
	if (!o->deadline || o->deadline > DEADLINE_MAX || !o->max ||
	    o->max > ANSWER_MAX)
		return tmk_err_set(err, TMK_USAGE, "--deadline is 1 to %d, "
				   "--max 1 to %d", DEADLINE_MAX, ANSWER_MAX);
	if (o->exact && (strcmp(argv[1], "-") || o->type || o->expect))
		return tmk_err_set(err, TMK_USAGE, "--exact takes all from "
				   "standard input");
	return 0;
}

/* Cut the next line off the body: closed by a NUL instead of its newline. */
static const char *take_line(struct tmk_http_request *r)
{
	uint8_t *line = (uint8_t *)(uintptr_t)r->body;
	uint8_t *end = r->body_len ? memchr(line, '\n', r->body_len) : NULL;

	if (!end || memchr(line, '\0', (size_t)(end - line)))
		return NULL;
	*end++ = '\0';
	r->body = end;
	r->body_len -= (size_t)(end - line);
	return (const char *)line;
}

/* "NAME VALUE": the value, or NULL when it is another line. */
static const char *value_of(const char *line, const char *name)
{
	size_t n = strlen(name);

	return strncmp(line, name, n) || line[n] != ' ' ? NULL : line + n + 1;
}

/* One setting, each at most once. False for what is none. */
static bool take_setting(struct tmk_http_request *r, const char *line)
{
	const struct {
		const char *name;
		const char **to;
		bool exact;	/* of a whole request alone */
	} known[] = {
		{ "proxy", &r->proxy, false }, { "roots", &r->roots, false },
		{ "method", &r->method, true }, { "sigv4", &r->sigv4, true },
		{ "user", &r->user, true },
	};
	const char *value = value_of(line, "header");
	size_t i;

	if (value && r->told && r->headers < TMK_HTTP_HEADERS_MAX) {
		r->header[r->headers++] = value;
		return strchr(value, ':') != NULL;
	}
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		value = value_of(line, known[i].name);
		if (!value || *known[i].to || (known[i].exact && !r->told))
			continue;
		*known[i].to = value;
		return true;
	}
	return false;
}

/* Whether what was described can be asked. */
static bool is_whole(const struct tmk_http_request *r)
{
	static const char *const methods[] = { "GET", "POST", "PUT" };
	size_t i;

	if (!r->told)
		return true;
	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (r->method && !strcmp(r->method, methods[i]))
			return !r->sigv4 == !r->user;
	return false;
}

/* What stands before the body: borrowed from it. */
static int take_lines(struct tmk_http_request *r, struct tmk_err *err)
{
	const char *line = take_line(r);

	r->url = line;
	while (line) {
		line = take_line(r);
		if (line && !*line && is_whole(r))
			return 0;
		if (!line || !take_setting(r, line))
			break;
	}
	return tmk_err_set(err, TMK_USAGE, "standard input does not begin "
			   "with a URL, settings and an empty line");
}

static int write_field(struct tmk_buf *out, const char *name,
		       const char *value)
{
	return *value ? tmk_buf_printf(out, "%s %s\n", name, value) : 0;
}

/* What an exact answer told, before its body. */
static int write_told(const struct tmk_http_told *told, struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(MESSAGE_MAX);
	int rc;

	if (tmk_buf_printf(&out, "status %d\n", told->status) ||
	    write_field(&out, "authenticate", told->authenticate) ||
	    write_field(&out, "retry-after", told->retry_after) ||
	    write_field(&out, "date", told->date) ||
	    tmk_buf_addch(&out, '\n'))
		rc = tmk_err_nomem(err);
	else
		rc = tmk_file_write_fd(1, out.data, out.len,
				       "standard output", err);
	tmk_buf_release(&out);
	return rc;
}

/* Other than the system's roots for a service, as curl's and OpenSSL's own
 * tools take them. */
static const char *named_roots(void)
{
	const char *file = secure_getenv("SSL_CERT_FILE");

	if (!file || !*file)
		file = secure_getenv("CURL_CA_BUNDLE");
	return file && *file ? file : NULL;
}

/* Why there is no answer, besides the text. */
struct reasons {
	bool down;
	const char *trouble;
};

static int fetch(const struct options *o, const char *url,
		 struct reasons *why, struct tmk_err *err)
{
	struct tmk_buf body = TMK_BUF_INIT(BODY_MAX);
	struct tmk_buf answer = TMK_BUF_INIT(0);
	struct tmk_http_told told = { 0 };
	struct tmk_http_request r = {
		.url = url,
		.type = o->type,
		.expect = o->expect,
		.deadline = (long)o->deadline,
		.down = &why->down,
		.trouble = &why->trouble,
		.told = o->exact ? &told : NULL,
	};
	bool from_stdin = !strcmp(url, "-");
	int rc = 0;

	answer.max = (size_t)o->max;
	if (o->type || from_stdin)
		rc = tmk_file_read_fd(&body, 0, "standard input", err);
	r.body = body.data;
	r.body_len = body.len;
	if (!rc && from_stdin)
		rc = take_lines(&r, err);
	if (!rc && o->exact && !r.roots && !strncmp(r.url, "https:", 6))
		r.roots = named_roots();
	if (!rc)
		rc = tmk_http_exchange(&answer, &r, err);
	if (!rc && o->exact)
		rc = write_told(&told, err);
	if (!rc)
		rc = tmk_file_write_fd(1, answer.data, answer.len,
				       "standard output", err);
	tmk_buf_release(&body);
	tmk_buf_release(&answer);
	return rc;
}

/* One line of why not, for whoever asked, or two. */
static int fail(const struct options *o, const struct reasons *why,
		const struct tmk_err *err)
{
	bool word = o->exact && *why->trouble;

	if (!o->tell)
		fprintf(stderr, "touchmark-fetch: %s\n", err->text);
	else if (printf("%s: %s\n%s%s", why->down ? "down" : "wrong",
			err->text, word ? why->trouble : "",
			word ? "\n" : "") < 0 || fflush(stdout))
		return TMK_NET;
	return err->code == TMK_USAGE ? TMK_USAGE : TMK_NET;
}

int main(int argc, char **argv)
{
	struct options o = { .deadline = 10000, .max = 64 * 1024 };
	struct tmk_err err = TMK_ERR_INIT;
	const struct rlimit none = { 0, 0 };
	struct reasons why = { false, "" };
	int operands = 0, rc;

	/* It may be handed what opens an account: nobody looks into it. By
	 * hand, since what keeps PINs is not linked here. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	rc = parse(&o, argc, argv, &operands, &err);
	if (!rc && o.help)
		return fflush(stdout) ? TMK_NET : TMK_OK;
	if (!rc) {
		confine(&o);
		rc = fetch(&o, argv[1], &why, &err);
	}
	return rc ? fail(&o, &why, &err) : TMK_OK;
}
