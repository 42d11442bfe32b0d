#include "key/agent_io.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "key/request.h"

#define FDS_MAX 8	/* descriptors looked at, to close them */
#define CHUNK 65536	/* bytes received at once */
#define RETRY_MS 10	/* between two tries to connect */

int tmk_agent_io_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int tmk_agent_io_address(struct sockaddr_un *out, const char *path)
{
	size_t n = strlen(path);

	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (!n || n >= sizeof(out->sun_path))
		return -1;
	memcpy(out->sun_path, path, n);
	return 0;
}

int tmk_agent_io_connect(int fd, const struct sockaddr_un *to, int64_t until)
{
	while (connect(fd, (const struct sockaddr *)to, sizeof(*to))) {
		if ((errno != EAGAIN && errno != EINTR) ||
		    tmk_clock_ms() >= until)
			return errno;
		poll(NULL, 0, RETRY_MS);
	}
	return 0;
}

bool tmk_agent_io_peer(struct ucred *out, int fd)
{
	socklen_t len = sizeof(*out);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, out, &len) &&
		len == sizeof(*out);
}

bool tmk_agent_io_peer_is_us(int fd)
{
	struct ucred peer;

	return tmk_agent_io_peer(&peer, fd) && peer.uid == geteuid();
}

bool tmk_agent_io_gone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0 &&
		p.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL);
}

/* 0 when `events` came, -1 when it is too late. */
static int wait_for(int fd, short events, int64_t until)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		int64_t left = until - tmk_clock_ms();

		if (left <= 0)
			return -1;
		if (poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left) > 0)
			return 0;
	}
}

/* ---- sending -------------------------------------------------------------- */

static ssize_t send_some(int fd, const void *data, size_t len, int pass)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	/* sendmsg(2) does not write there. */
	struct iovec iov = { .iov_len = len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (pass < 0)
		return send(fd, data, len, MSG_NOSIGNAL);
	memcpy(&iov.iov_base, &data, sizeof(data));
	memset(&control, 0, sizeof(control));
	m.msg_control = control.bytes;
	m.msg_controllen = sizeof(control.bytes);
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &pass, sizeof(int));
	return sendmsg(fd, &m, MSG_NOSIGNAL);
}

int tmk_agent_io_send(int fd, const void *data, size_t len, int pass,
		      int64_t until, struct tmk_err *err)
{
	const uint8_t *from = data;

	while (len) {
		ssize_t n = send_some(fd, from, len, pass);

		if (n > 0) {
			pass = -1;
			from += n;
			len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return tmk_err_set(err, TMK_KEY, "the connection was "
					   "cut: %s", strerror(errno));
		if (wait_for(fd, POLLOUT, until))
			return tmk_err_set(err, TMK_KEY, "nobody read in "
					   "time");
	}
	return 0;
}

/* ---- receiving ------------------------------------------------------------ */

struct receive {
	int fd;
	int *passed;	/* where one descriptor may go; NULL: none may come */
	bool surplus;	/* more of them came */
	int64_t until;
};

static void take_descriptors(struct receive *r, struct msghdr *m)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t i, n;

		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int),
			       sizeof(int));
			if (r->passed && *r->passed < 0) {
				*r->passed = fd;
				continue;
			}
			close(fd);
			r->surplus = true;
		}
	}
	if (m->msg_flags & MSG_CTRUNC)
		r->surplus = true;
}

/* Bytes that are there, waiting for them until `until`. 0 at the end, -1 with
 * errno, ETIMEDOUT when it is too late. */
static ssize_t receive_some(struct receive *r, void *to, size_t len)
{
	for (;;) {
		union {
			struct cmsghdr align;
			char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
		} control;
		struct iovec iov = { .iov_base = to, .iov_len = len };
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
				    .msg_control = control.bytes,
				    .msg_controllen = sizeof(control.bytes) };
		ssize_t n = recvmsg(r->fd, &m, MSG_CMSG_CLOEXEC);

		if (n >= 0) {
			take_descriptors(r, &m);
			return n;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -1;
		if (wait_for(r->fd, POLLIN, r->until)) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
}

/* Exactly `len` bytes. With `may_end`: 1 or 2 when the peer closed before the
 * first one. */
static int receive_all(struct receive *r, uint8_t *to, size_t len,
		       bool may_end, struct tmk_err *err)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = receive_some(r, to + got, len - got);

		if (!n && !got && may_end)
			return 1;
		/* unix(7): the peer closed with bytes that it had not read. */
		if (n < 0 && errno == ECONNRESET && !got && may_end)
			return 2;
		if (!n)
			return tmk_err_set(err, TMK_KEY, "the connection was "
					   "cut in the middle of a message");
		if (n < 0 && errno == ETIMEDOUT)
			return tmk_err_set(err, TMK_KEY, "no whole message "
					   "came in time");
		if (n < 0)
			return tmk_err_set(err, TMK_KEY, "the connection was "
					   "cut: %s", strerror(errno));
		got += (size_t)n;
	}
	return 0;
}

int tmk_agent_io_receive(struct tmk_buf *body, int fd, size_t max,
			 int *passed, int64_t until, struct tmk_err *err)
{
	struct receive r = { .fd = fd, .passed = passed, .until = until };
	uint8_t head[TMK_FRAME_HEAD];
	int64_t left;
	int rc;

	if (passed)
		*passed = -1;
	tmk_buf_clear(body);
	rc = receive_all(&r, head, sizeof(head), true, err);
	if (rc)
		goto out;
	rc = -1;
	left = tmk_frame_length(head, max, err);
	if (left < 0)
		goto out;
	/* Memory grows with what has come, not with what was promised. */
	while (left) {
		size_t n = left < CHUNK ? (size_t)left : CHUNK;
		uint8_t *to = tmk_buf_reserve(body, n);

		if (!to) {
			tmk_err_nomem(err);
			goto out;
		}
		if (receive_all(&r, to, n, false, err))
			goto out;
		tmk_buf_commit(body, n);
		left -= (int64_t)n;
	}
	if (r.surplus) {
		tmk_err_set(err, TMK_INPUT, "a message brought descriptors "
			    "that nobody asked for");
		goto out;
	}
	rc = 0;
out:
	if (rc && passed && *passed >= 0) {
		close(*passed);
		*passed = -1;
	}
	return rc;
}
