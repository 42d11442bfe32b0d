/*
 * aws_wire.h - what the mock of AWS is told, reads and answers: its state, one
 * HTTP request, refusals.
 *
 * For t/mock/aws-httpd.c alone. An answer ends the process, which serves one
 * connection.
 */
#ifndef TMK_T_AWS_WIRE_H
#define TMK_T_AWS_WIRE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "t/mock/aws_sigv4.h"

#define HEAD_MAX 65536
#define BODY_MAX 65536

static const char *state;
static struct aws_account account = { "", "", "", "", 0 };
static char mode[64];
static int client;

static void die(const char *what)
{
	fprintf(stderr, "aws-httpd: %s: %s\n", what, strerror(errno));
	exit(2);
}

static FILE *open_state(const char *name, const char *how)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", state, name);
	return fopen(path, how);
}

static bool mode_is(const char *name)
{
	return !strcmp(mode, name);
}

static void read_mode(void)
{
	FILE *f = open_state("mode", "r");

	snprintf(mode, sizeof(mode), "ok");
	if (f) {
		if (fgets(mode, sizeof(mode), f))
			mode[strcspn(mode, "\n")] = '\0';
		fclose(f);
	}
}

/* Whether this is one of the first N requests since the mode "name:N" was
 * set, which whoever sets it shows by removing DIR/count. */
static bool first_times(const char *name)
{
	size_t n = strlen(name);
	FILE *f;
	long at;

	if (strncmp(mode, name, n) || mode[n] != ':')
		return false;
	f = open_state("count", "a");
	if (!f || fputc('.', f) < 0)
		die("count");
	fflush(f);
	at = ftell(f);
	fclose(f);
	return at <= strtol(mode + n + 1, NULL, 10);
}

/* ---- answers --------------------------------------------------------- */

static const char *called = "";	/* for the log */

static void put(const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	for (; len; p += n, len -= (size_t)n) {
		n = write(client, p, len);
		if (n <= 0)
			_exit(0);
	}
}

/* Once, and before the answer: whoever has it may look at the log. */
static void log_call(int status)
{
	static bool done;
	FILE *f = done ? NULL : open_state("log", "a");

	if (!done && (!f || fprintf(f, "%s %d\n", called, status) < 0 ||
		      fclose(f)))
		die("log");
	done = true;
}

static void finish(int status)
{
	log_call(status);
	shutdown(client, SHUT_WR);
	_exit(0);
}

static void reply_with(int status, const char *extra, const char *body,
		       size_t len)
{
	char head[1024], date[64];
	time_t now = time(NULL) + account.skew;
	struct tm tm;
	int n;

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT",
		 gmtime_r(&now, &tm));
	n = snprintf(head, sizeof(head), "HTTP/1.1 %d Answer\r\n"
		     "Content-Type: application/x-amz-json-1.1\r\n"
		     "Date: %s\r\nContent-Length: %zu\r\n"
		     "Connection: close\r\n%s\r\n", status, date, len, extra);
	log_call(status);
	put(head, (size_t)n);
	put(body, len);
	finish(status);
}

static void reply(int status, const char *body)
{
	reply_with(status, "", body, strlen(body));
}

static void refuse_with(int status, const char *extra, const char *type,
			const char *text)
{
	struct tmk_buf out = TMK_BUF_INIT(1 << 16);
	struct tmk_json j;

	tmk_json_init(&j, &out);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "__type", type);
	tmk_json_string(&j, "message", text);
	tmk_json_close_object(&j);
	if (tmk_json_finish(&j))
		die("answer");
	reply_with(status, extra, tmk_buf_str(&out), out.len);
}

static void refuse(const char *type, const char *text)
{
	refuse_with(400, "", type, text);
}

/* ---- the request ----------------------------------------------------- */

/* The header lines, cut apart in place. */
static bool read_lines(struct aws_request *r, char *at)
{
	char *end, *colon;

	for (; at && *at; at = end) {
		end = strstr(at, "\r\n");
		if (end) {
			*end = '\0';
			end += 2;
		}
		colon = strchr(at, ':');
		if (!colon || r->headers == AWS_HEADERS)
			return false;
		*colon++ = '\0';
		r->header[r->headers].name = at;
		r->header[r->headers++].value = colon + strspn(colon, " ");
	}
	return true;
}

/* Read one request; false when it is none. */
static bool receive(struct aws_request *r)
{
	static char in[HEAD_MAX + BODY_MAX + 1];
	const char *length;
	char *end = NULL, *line;
	size_t len = 0, want, at;
	ssize_t n;

	while (!end && len < HEAD_MAX &&
	       (n = read(client, in + len, HEAD_MAX - len)) > 0) {
		len += (size_t)n;
		in[len] = '\0';
		end = strstr(in, "\r\n\r\n");
	}
	line = end ? strstr(in, "\r\n") : NULL;
	if (!line || sscanf(in, "%7s %511s HTTP/1.1", r->method,
			    r->path) != 2)
		return false;
	at = (size_t)(end + 4 - in);
	*end = '\0';
	if (line < end && !read_lines(r, line + 2))
		return false;
	length = aws_header(r, "content-length");
	want = length ? strtoul(length, NULL, 10) : 0;
	if (want > BODY_MAX)
		return false;
	while (len < at + want &&
	       (n = read(client, in + len, at + want - len)) > 0)
		len += (size_t)n;
	r->body = (uint8_t *)in + at;
	r->body_len = want;
	return len == at + want;
}

#endif
