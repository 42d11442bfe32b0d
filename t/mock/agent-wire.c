/*
 * agent-wire.c - somebody who talks to touchmark-agent's socket as he likes.
 *
 *   agent-wire [OPTION...] SOCKET     the bytes come on standard input, what
 *                                     is answered goes to standard output,
 *                                     but for signs of life: they come when
 *                                     the agent's clock says so
 *
 *   --pace MS       wait before each byte but the first
 *   --pass N        send N descriptors of /dev/null with the first byte
 *   --shut          close the sending half after the last byte
 *   --leave MS      go away MS milliseconds after the last byte
 *   --times N       do it all N times, one connection after the other
 *   --hold N        first open N connections that say nothing, and keep them
 *   --limit MS      how long to wait for the end (default 60000)
 *
 * Standard error gets "end after MS ms". Exit 0 when the other side closed,
 * 3 when the limit was reached, 4 when it could not be reached.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#define INPUT_MAX (4 * 1024 * 1024)
#define PASS_MAX 16
#define HOLD_MAX 512

static struct {
	long pace, pass, leave, times, hold, limit;
	bool shut;
} opt = { .pace = 0, .leave = -1, .times = 1, .limit = 60000 };

static void die(const char *what)
{
	perror(what);
	exit(4);
}

static int reach(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(to.sun_path))
		die(path);
	memcpy(to.sun_path, path, strlen(path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die(path);
	return fd;
}

static ssize_t send_with(int fd, const unsigned char *data, size_t len)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(PASS_MAX * sizeof(int))];
	} control = { 0 };
	unsigned char copy[1] = { *data };
	struct iovec iov = { copy, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control.bytes };
	struct cmsghdr *c;
	int fds[PASS_MAX];
	size_t n = (size_t)opt.pass, i;
	ssize_t rc;

	(void)len;
	for (i = 0; i < n; i++)
		fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
	m.msg_controllen = CMSG_SPACE(n * sizeof(int));
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	rc = sendmsg(fd, &m, MSG_NOSIGNAL);
	for (i = 0; i < n; i++)
		close(fds[i]);
	return rc;
}

/* Whether the other side is still there. */
static bool feed(int fd, const unsigned char *data, size_t len)
{
	size_t at = 0;

	while (at < len) {
		ssize_t n;

		if (!at && opt.pass)
			n = send_with(fd, data, len);
		else
			n = send(fd, data + at, opt.pace ? 1 : len - at,
				 MSG_NOSIGNAL);
		if (n < 0)
			return false;
		at += (size_t)n;
		if (opt.pace && at < len)
			poll(NULL, 0, (int)opt.pace);
	}
	return true;
}

/* Bytes of the notices without a text that `data` begins with; an agent sends
 * each of them at once (docs/PROTOCOL.agent). */
static size_t alive(const char *data, size_t len)
{
	static const char sign[] = { 'T', 'M', 'K', '1', 0, 0, 0, 6,
				     3, 1, 0, 0, 0, 0 };
	size_t at = 0;

	while (len - at >= sizeof(sign) &&
	       !memcmp(data + at, sign, sizeof(sign)))
		at += sizeof(sign);
	return at;
}

static int hear(int fd)
{
	int64_t until = tmk_clock_ms() + (opt.leave >= 0 ? opt.leave :
					  opt.limit);
	char chunk[4096];

	for (;;) {
		struct pollfd p = { fd, POLLIN, 0 };
		int64_t left = until - tmk_clock_ms();
		size_t from;
		ssize_t n;

		if (left <= 0)
			return opt.leave >= 0 ? 0 : 3;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n <= 0)
			return 0;
		from = alive(chunk, (size_t)n);
		fwrite(chunk + from, 1, (size_t)n - from, stdout);
	}
}

static const char *options(int argc, char **argv)
{
	static const struct {
		const char *name;
		long *value;
	} known[] = {
		{ "--pace", &opt.pace }, { "--pass", &opt.pass },
		{ "--leave", &opt.leave }, { "--times", &opt.times },
		{ "--hold", &opt.hold }, { "--limit", &opt.limit },
	};
	size_t k;
	int i;

	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--shut")) {
			opt.shut = true;
			continue;
		}
		for (k = 0; k < sizeof(known) / sizeof(*known); k++)
			if (!strcmp(argv[i], known[k].name) && i + 1 < argc)
				break;
		if (k == sizeof(known) / sizeof(*known))
			return NULL;
		*known[k].value = strtol(argv[++i], NULL, 10);
	}
	return i == argc - 1 && opt.pass <= PASS_MAX &&
		opt.hold <= HOLD_MAX ? argv[i] : NULL;
}

int main(int argc, char **argv)
{
	static unsigned char data[INPUT_MAX];
	const char *path = options(argc, argv);
	size_t len;
	int held[HOLD_MAX];
	int64_t start;
	int rc = 0;
	long i;

	if (!path) {
		fprintf(stderr, "usage: agent-wire [OPTION...] SOCKET\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	len = fread(data, 1, sizeof(data), stdin);
	for (i = 0; i < opt.hold; i++)
		held[i] = reach(path);
	start = tmk_clock_ms();
	for (i = 0; i < opt.times && !rc; i++) {
		int fd = reach(path);

		if (feed(fd, data, len) && opt.shut)
			shutdown(fd, SHUT_WR);
		rc = hear(fd);
		close(fd);
	}
	for (i = 0; i < opt.hold; i++)
		close(held[i]);
	fflush(stdout);
	fprintf(stderr, "end after %lld ms\n",
		(long long)(tmk_clock_ms() - start));
	return rc;
}
