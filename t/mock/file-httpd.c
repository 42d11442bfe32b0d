/*
 * file-httpd - a small HTTP server on loopback that gives out the files of a
 * folder, honestly or not: where a test's CRLs come from.
 *
 *   file-httpd --port-file FILE DIR
 *
 * FILE gets the port once the server listens. It ends with SIGTERM or with its
 * parent. GET /NAME is the file of that name. Before a NAME may stand: huge/
 * (never ends), slow/ (a byte each 50 ms), cut/ (promises the file, gives half
 * of it), late/ (waits two seconds), close/ (no answer at all), moved/ (sends
 * on to /NAME). Each request is told on standard error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 8192
#define HUGE_MAX (256L << 20)

static void die(const char *what)
{
	fprintf(stderr, "file-httpd: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static bool put(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static void head(int fd, const char *status, const char *more, long len)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n"
			 "Content-Type: application/pkix-crl\r\n"
			 "Connection: close\r\n%s", status, more);

	if (len >= 0)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      "Content-Length: %ld\r\n", len);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "\r\n");
	put(fd, text, (size_t)n);
}

static void send_huge(int fd)
{
	static const char zeros[65536];
	long sent;

	head(fd, "200 OK", "", -1);
	for (sent = 0; sent < HUGE_MAX; sent += (long)sizeof(zeros))
		if (!put(fd, zeros, sizeof(zeros)))
			return;
}

static void send_file(int fd, const char *name, bool slow, bool cut)
{
	char byte[4096];
	struct stat st;
	FILE *f = strchr(name, '/') || *name == '.' ? NULL :
		fopen(name, "rb");
	size_t n;
	long left;

	if (!f || fstat(fileno(f), &st)) {
		head(fd, "404 Not Found", "", 0);
		return;
	}
	left = cut ? st.st_size / 2 : st.st_size;
	head(fd, "200 OK", "", st.st_size);
	while (left > 0 && (n = fread(byte, 1, slow ? 1 : sizeof(byte), f))) {
		if ((long)n > left)
			n = (size_t)left;
		if (!put(fd, byte, n))
			break;
		left -= (long)n;
		if (slow)
			sleep_ms(50);
	}
	fclose(f);
}

/* Whether `path` begins with "word/"; then it is moved behind it. */
static bool take(char **path, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*path, word, n) || (*path)[n] != '/')
		return false;
	*path += n + 1;
	return true;
}

static void answer(int fd, char *path)
{
	char where[1100];

	if (take(&path, "close"))
		return;
	if (take(&path, "late"))
		sleep_ms(2000);
	if (take(&path, "huge")) {
		send_huge(fd);
	} else if (take(&path, "moved")) {
		snprintf(where, sizeof(where), "Location: /%.1000s\r\n",
			 path);
		head(fd, "302 Found", where, 0);
	} else if (take(&path, "slow")) {
		send_file(fd, path, true, false);
	} else if (take(&path, "cut")) {
		send_file(fd, path, false, true);
	} else {
		send_file(fd, path, false, false);
	}
}

static void serve(int fd)
{
	static char in[REQUEST_MAX + 1];
	size_t len = 0;
	ssize_t n;
	char *end;

	while (!strstr(in, "\r\n\r\n") && len < REQUEST_MAX &&
	       (n = read(fd, in + len, REQUEST_MAX - len)) > 0)
		len += (size_t)n;
	if (strncmp(in, "GET /", 5) || !(end = strchr(in + 5, ' '))) {
		head(fd, "405 No", "", 0);
		return;
	}
	*end = '\0';
	fprintf(stderr, "file-httpd: asked for /%s\n", in + 5);
	answer(fd, in + 5);
}

static int listen_at(const char *port_file)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *f;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		die("listen");
	f = fopen(port_file, "w");
	if (!f || fprintf(f, "%d\n", ntohs(at.sin_port)) < 0 || fclose(f))
		die(port_file);
	return fd;
}

int main(int argc, char **argv)
{
	int listener, fd;

	if (argc != 4 || strcmp(argv[1], "--port-file")) {
		fprintf(stderr, "usage: file-httpd --port-file FILE DIR\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	listener = listen_at(argv[2]);
	if (chdir(argv[3]))
		die(argv[3]);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (!fork()) {
			serve(fd);
			_exit(0);
		}
		close(fd);
	}
	die("accept");
}
