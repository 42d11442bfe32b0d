/* The HTTP exchange against a server that answers what it is told to. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/http.h"
#include "t/unit/tap.h"

/* One server for one exchange: what it got goes to `request`. */
struct server {
	pid_t pid;
	int port;
	int got[2];
};

static void bail(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(99);
}

static void serve_one(int fd, const char *answer, int got)
{
	char in[4096] = "";
	size_t len = 0;
	ssize_t n;
	int c = accept(fd, NULL, NULL);

	/* Every request of ours ends with these bytes, or has no body. */
	while (!strstr(in, "\r\n\r\nquery") &&
	       !(!strncmp(in, "GET", 3) && strstr(in, "\r\n\r\n")) &&
	       len < sizeof(in) - 1 &&
	       (n = read(c, in + len, sizeof(in) - 1 - len)) > 0)
		len += (size_t)n;
	if (write(got, in, len) != (ssize_t)len)
		_exit(1);
	if (write(c, answer, strlen(answer)) < 0)
		_exit(1);
	_exit(0);
}

static void start(struct server *s, const char *answer)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) ||
	    listen(fd, 1) || getsockname(fd, (struct sockaddr *)&sa, &len) ||
	    pipe(s->got))
		bail("no server");
	s->port = ntohs(sa.sin_port);
	s->pid = fork();
	if (s->pid < 0)
		bail("no server");
	if (!s->pid) {
		alarm(120);
		serve_one(fd, answer, s->got[1]);
	}
	close(fd);
	close(s->got[1]);
}

static void stop(struct server *s, char *request, size_t size)
{
	size_t len = 0;
	ssize_t n;

	kill(s->pid, SIGTERM);
	while (len < size - 1 &&
	       (n = read(s->got[0], request + len, size - 1 - len)) > 0)
		len += (size_t)n;
	request[len] = 0;
	close(s->got[0]);
	waitpid(s->pid, NULL, 0);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n"
#define REPLY "Content-Type: application/timestamp-reply\r\n"

/* One POST against `answer`; the text of the failure, "" for success. */
static const char *post(const char *answer, const char *body, char *request,
			size_t size)
{
	static struct tmk_err err;
	struct tmk_buf out = TMK_BUF_INIT(16);
	struct tmk_http_request r = {
		.type = "application/timestamp-query",
		.expect = "application/timestamp-reply",
		.body = (const uint8_t *)"query",
		.body_len = 5,
		.deadline = 5000,
	};
	struct server s;
	char url[64];
	int rc;

	start(&s, answer);
	snprintf(url, sizeof(url), "http://user:word@127.0.0.1:%d/tsr",
		 s.port);
	r.url = url;
	memset(&err, 0, sizeof(err));
	rc = tmk_http_exchange(&out, &r, &err);
	stop(&s, request, size);
	ok(rc ? !out.len && err.code == TMK_NET : !err.code,
	   "success or a clean failure: %s", err.text);
	ok(!strstr(err.text, "word"), "no password in the text");
	is_str(tmk_buf_str(&out), body, "the body");
	tmk_buf_release(&out);
	return err.text;
}

static void test_post(void)
{
	char req[4096];

	is_str(post(OK_HEAD REPLY "Content-Length: 5\r\n\r\nreply", "reply",
		    req, sizeof(req)), "", "a plain answer");
	ok(!strncmp(req, "POST /tsr HTTP/1.1\r\n", 20), "the request line");
	ok(strstr(req, "\r\nContent-Type: application/timestamp-query\r\n") &&
	   strstr(req, "\r\nAccept: application/timestamp-reply\r\n"),
	   "media types");
	ok(strstr(req, "\r\nUser-Agent: touchmark/" TMK_VERSION "\r\n") != NULL,
	   "user agent");
	is_str(post(OK_HEAD "Content-Type: application/timestamp-reply; x=y"
		    "\r\n\r\nreply", "reply", req, sizeof(req)), "",
	       "parameters of the type, end by closing");
	ok(strstr(post(OK_HEAD REPLY "\r\n12345678901234567", "", req,
		       sizeof(req)), "more than 16 bytes"), "too large");
	ok(strstr(post(OK_HEAD REPLY "Content-Length: 9\r\n\r\nreply", "",
		       req, sizeof(req)), "127.0.0.1"), "cut short");
	ok(strstr(post(OK_HEAD "Content-Type: text/html\r\n\r\nreply", "",
		       req, sizeof(req)), "text/html"), "another type");
	ok(strstr(post(OK_HEAD "\r\nreply", "", req, sizeof(req)), "no type"),
	   "no type");
	ok(strstr(post("HTTP/1.1 503 Busy\r\n" REPLY "\r\nreply", "", req,
		       sizeof(req)), "status 503"), "another status");
	ok(strstr(post("HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:9/\r\n"
		       "Content-Length: 0\r\n\r\n", "", req, sizeof(req)),
		  "not followed"), "a redirect of a POST");
	ok(*post("nonsense\r\n\r\n", "", req, sizeof(req)), "no HTTP");
}

static int get(const char *url, long deadline, struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(64);
	struct tmk_http_request r = { .url = url, .deadline = deadline };
	int rc = tmk_http_exchange(&out, &r, err);

	tmk_buf_release(&out);
	return rc;
}

static void test_get(void)
{
	static const char *const wrong[] = { "", "127.0.0.1/x", "file:///etc/x",
		"ftp://127.0.0.1/x", "http://", "gopher://127.0.0.1/" };
	struct tmk_err err = TMK_ERR_INIT;
	struct server s;
	char url[64], req[4096];
	size_t i;

	start(&s, OK_HEAD "Content-Length: 4\r\n\r\nbody");
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/crl", s.port);
	ok(!get(url, 5000, &err), "a GET: %s", err.text);
	stop(&s, req, sizeof(req));
	ok(!strncmp(req, "GET /crl ", 9), "its request line");
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memset(&err, 0, sizeof(err));
		ok(get(wrong[i], 1000, &err) < 0 && err.code == TMK_USAGE,
		   "'%s' is no URL of ours", wrong[i]);
	}
	start(&s, "HTTP/1.1 302 Go\r\nLocation: file:///etc/passwd\r\n\r\n");
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", s.port);
	ok(get(url, 5000, &err) < 0, "no redirect to a file: %s", err.text);
	stop(&s, req, sizeof(req));
}

static void test_nobody(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct server s;
	char url[64], req[4096];

	start(&s, "");
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", s.port);
	ok(get(url, 5000, &err) < 0 && err.code == TMK_NET,
	   "an empty answer: %s", err.text);
	stop(&s, req, sizeof(req));
	memset(&err, 0, sizeof(err));
	ok(get("http://127.0.0.1:1/", 5000, &err) < 0 && err.code == TMK_NET,
	   "nobody there: %s", err.text);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	test_post();
	test_get();
	test_nobody();
	return tap_done();
}
