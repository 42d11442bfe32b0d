/*
 * http-proxy - a small HTTP proxy on loopback: CONNECT alone (RFC 9110 9.3.6),
 * to ports of loopback whatever host is asked for.
 *
 *   http-proxy --port-file FILE
 *
 * FILE gets the port once it listens. Each request is told on standard error:
 * the request line, and "authorization: VALUE" if it brought one. It ends with
 * SIGTERM or with its parent.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 8192
#define CHUNK 16384

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* Everything up to the empty line. */
static bool get_head(int fd, char *head)
{
	size_t len = 0;

	while (len < HEAD_MAX - 1 && read(fd, head + len, 1) == 1) {
		head[++len] = '\0';
		if (len > 4 && !strcmp(head + len - 4, "\r\n\r\n"))
			return true;
	}
	return false;
}

static void tell(const char *head)
{
	static const char name[] = "\r\nProxy-Authorization: ";
	const char *value = strcasestr(head, name);

	fprintf(stderr, "%.*s\n", (int)strcspn(head, "\r"), head);
	if (value) {
		value += sizeof(name) - 1;
		fprintf(stderr, "authorization: %.*s\n",
			(int)strcspn(value, "\r"), value);
	}
}

static int connect_to(long port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons((uint16_t)port);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return -1;
	return fd;
}

/* Both ways until one side ends. */
static void relay(int a, int b)
{
	struct pollfd p[2] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };
	char chunk[CHUNK];
	ssize_t n;
	int i;

	while (poll(p, 2, -1) > 0) {
		for (i = 0; i < 2; i++) {
			if (!p[i].revents)
				continue;
			n = read(p[i].fd, chunk, sizeof(chunk));
			if (n <= 0 ||
			    write(p[!i].fd, chunk, (size_t)n) != n)
				return;
		}
	}
}

static void serve(int client)
{
	static const char good[] = "HTTP/1.1 200 Connected\r\n\r\n";
	static const char bad[] = "HTTP/1.1 502 No\r\nContent-Length: 0\r\n"
		"\r\n";
	char head[HEAD_MAX];
	const char *colon;
	int server = -1;

	if (!get_head(client, head))
		return;
	tell(head);
	colon = strchr(head, ':');
	if (!strncmp(head, "CONNECT ", 8) && colon)
		server = connect_to(strtol(colon + 1, NULL, 10));
	if (server < 0) {
		if (write(client, bad, sizeof(bad) - 1) < 0)
			_exit(1);
		return;
	}
	if (write(client, good, sizeof(good) - 1) > 0)
		relay(client, server);
}

/* The port, whole or not at all. */
static void write_port(const char *file, int port)
{
	char temp[4096];
	FILE *f;

	snprintf(temp, sizeof(temp), "%s.new", file);
	f = fopen(temp, "w");
	if (!f || fprintf(f, "%d\n", port) < 0 || fclose(f) ||
	    rename(temp, file))
		die(file);
}

int main(int argc, char **argv)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client;

	if (argc != 3 || strcmp(argv[1], "--port-file")) {
		fputs("usage: http-proxy --port-file FILE\n", stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) ||
	    listen(fd, 64) || getsockname(fd, (struct sockaddr *)&sa, &len))
		die("cannot listen");
	write_port(argv[2], ntohs(sa.sin_port));
	for (;;) {
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			serve(client);
			_exit(0);
		}
		close(client);
	}
}
