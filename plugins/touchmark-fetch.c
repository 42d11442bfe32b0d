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
 */
#include <stdint.h>
#include <stdio.h>
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
#define MESSAGE_MAX 4096
#define DEADLINE_MAX (10 * 60 * 1000)
#define MEMORY_MAX (512UL * 1024 * 1024)

struct options {
	uint64_t deadline, max;
	const char *type, *expect;
	bool tell, help;
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

/* What stands before the body: borrowed from it. */
static int take_lines(struct tmk_http_request *r, struct tmk_err *err)
{
	const char *line = take_line(r);

	r->url = line;
	while (line) {
		line = take_line(r);
		if (line && !*line)
			return 0;
		if (line && !r->proxy && !strncmp(line, "proxy ", 6))
			r->proxy = line + 6;
		else if (line && !r->roots && !strncmp(line, "roots ", 6))
			r->roots = line + 6;
		else
			break;
	}
	return tmk_err_set(err, TMK_USAGE, "standard input does not begin "
			   "with a URL, settings and an empty line");
}

static int fetch(const struct options *o, const char *url, bool *down,
		 struct tmk_err *err)
{
	struct tmk_buf body = TMK_BUF_INIT(BODY_MAX);
	struct tmk_buf answer = TMK_BUF_INIT(0);
	struct tmk_http_request r = {
		.url = url,
		.type = o->type,
		.expect = o->expect,
		.deadline = (long)o->deadline,
		.down = down,
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
	if (!rc)
		rc = tmk_http_exchange(&answer, &r, err);
	if (!rc)
		rc = tmk_file_write_fd(1, answer.data, answer.len,
				       "standard output", err);
	tmk_buf_release(&body);
	tmk_buf_release(&answer);
	return rc;
}

/* One line of why not, for whoever asked. */
static int fail(const struct options *o, bool down, const struct tmk_err *err)
{
	if (!o->tell)
		fprintf(stderr, "touchmark-fetch: %s\n", err->text);
	else if (printf("%s: %s\n", down ? "down" : "wrong", err->text) < 0 ||
		 fflush(stdout))
		return TMK_NET;
	return err->code == TMK_USAGE ? TMK_USAGE : TMK_NET;
}

int main(int argc, char **argv)
{
	struct options o = { .deadline = 10000, .max = 64 * 1024 };
	struct tmk_err err = TMK_ERR_INIT;
	int operands = 0, rc;
	bool down = false;

	rc = parse(&o, argc, argv, &operands, &err);
	if (!rc && o.help)
		return fflush(stdout) ? TMK_NET : TMK_OK;
	if (!rc) {
		confine(&o);
		rc = fetch(&o, argv[1], &down, &err);
	}
	return rc ? fail(&o, down, &err) : TMK_OK;
}
