#include "plugins/serve_wire.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "key/request.h"

#define REQUEST_MS 10000	/* for all of a request, after its first byte */
#define ANSWER_MS 10000		/* for an answer to be taken */
#define NOTICE_MS 1000
#define PULSE_MS 5000
#define CHUNK 65536		/* bytes received at once */
#define PIECE 4096		/* bytes that a pipe that has room takes */

struct tmk_serve_wire {
	int in, out;
	pthread_t clock;
	pthread_mutex_t lock;	/* of everything below, and of `out` */
	pthread_cond_t change;
	bool working;		/* the client waits for an answer */
	bool ended;
	bool broken;		/* half a frame went out */
};

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

/* ---- out -------------------------------------------------------------------- */

/* What there is room for, without waiting for more. The descriptors are shared
 * with whoever started us, so they are left as they are: a pipe that polls
 * writable takes a piece (pipe(7)), a socket is asked not to wait. */
static ssize_t write_some(int fd, const uint8_t *data, size_t len)
{
	ssize_t n;

	if (len > PIECE)
		len = PIECE;
	n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno == ENOTSOCK)
		n = write(fd, data, len);
	return n;
}

/* The lock is held. */
static int put(struct tmk_serve_wire *w, const uint8_t *data, size_t len,
	       int ms, struct tmk_err *err)
{
	int64_t until = tmk_clock_ms() + ms;

	if (w->broken)
		return tmk_err_set(err, TMK_KEY, "the connection is broken");
	while (len) {
		ssize_t n;

		if (wait_for(w->out, POLLOUT, until)) {
			w->broken = true;
			return tmk_err_set(err, TMK_KEY, "nobody read in "
					   "time");
		}
		n = write_some(w->out, data, len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0) {
			w->broken = true;
			return tmk_err_set(err, TMK_KEY, "the connection was "
					   "cut: %s", strerror(errno));
		}
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The lock is held. A notice that cannot be told is no reason to fail. */
static void tell(struct tmk_serve_wire *w, const char *text)
{
	struct tmk_buf b = TMK_BUF_INIT(1024);

	if (!tmk_notice_encode(&b, text, NULL))
		(void)!put(w, b.data, b.len, NOTICE_MS, NULL);
	tmk_buf_release(&b);
}

static void *run_clock(void *arg)
{
	struct tmk_serve_wire *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->ended) {
		struct timespec at;
		int rc;

		clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_sec += PULSE_MS / 1000;
		rc = pthread_cond_timedwait(&w->change, &w->lock, &at);
		if (rc == ETIMEDOUT && w->working && !w->ended)
			tell(w, "");
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

void tmk_serve_wire_working(struct tmk_serve_wire *wire)
{
	pthread_mutex_lock(&wire->lock);
	wire->working = true;
	/* Five seconds from now, not from the one before. */
	pthread_cond_signal(&wire->change);
	pthread_mutex_unlock(&wire->lock);
}

void tmk_serve_wire_notice(struct tmk_serve_wire *wire, const char *text)
{
	pthread_mutex_lock(&wire->lock);
	if (wire->working && *text)
		tell(wire, text);
	pthread_mutex_unlock(&wire->lock);
}

bool tmk_serve_wire_gone(struct tmk_serve_wire *wire)
{
	struct pollfd p = { .fd = wire->out };

	return poll(&p, 1, 0) > 0 &&
		p.revents & (POLLERR | POLLHUP | POLLNVAL);
}

int tmk_serve_wire_send(struct tmk_serve_wire *wire, const void *frame,
			size_t len, struct tmk_err *err)
{
	int rc;

	pthread_mutex_lock(&wire->lock);
	wire->working = false;
	rc = put(wire, frame, len, ANSWER_MS, err);
	pthread_mutex_unlock(&wire->lock);
	return rc;
}

/* ---- in --------------------------------------------------------------------- */

/* Exactly `len` bytes before `until`. 1 at an end before the first one. A
 * descriptor that comes along is dropped by the kernel, since nobody asks for
 * it (unix(7)). */
static int get(const struct tmk_serve_wire *w, uint8_t *to, size_t len,
	       int64_t until, struct tmk_err *err)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n;

		if (wait_for(w->in, POLLIN, until))
			return tmk_err_set(err, TMK_KEY, "no whole request "
					   "came in time");
		n = read(w->in, to + got, len - got);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (!n && !got)
			return 1;
		if (n <= 0)
			return tmk_err_set(err, TMK_KEY, "the connection was "
					   "cut in the middle of a request");
		got += (size_t)n;
	}
	return 0;
}

/* The rest of the head, and the body. */
static int get_frame(struct tmk_buf *body, const struct tmk_serve_wire *w,
		     uint8_t head[TMK_FRAME_HEAD], struct tmk_err *err)
{
	int64_t until = tmk_clock_ms() + REQUEST_MS, left = 0;
	int rc = get(w, head + 1, TMK_FRAME_HEAD - 1, until, err);

	if (!rc) {
		left = tmk_frame_length(head, TMK_REQUEST_MAX, err);
		if (left < 0)
			return -1;
	}
	/* Memory grows with what has come, not with what was promised. */
	for (; !rc && left; left -= left < CHUNK ? left : CHUNK) {
		size_t n = left < CHUNK ? (size_t)left : CHUNK;
		uint8_t *to = tmk_buf_reserve(body, n);

		if (!to)
			return tmk_err_nomem(err);
		rc = get(w, to, n, until, err);
		if (!rc)
			tmk_buf_commit(body, n);
	}
	return rc > 0 ? tmk_err_set(err, TMK_KEY, "the connection was cut in "
				    "the middle of a request") : rc;
}

int tmk_serve_wire_receive(struct tmk_buf *body, struct tmk_serve_wire *wire,
			   int idle_ms, struct tmk_err *err)
{
	uint8_t head[TMK_FRAME_HEAD];
	int rc;

	tmk_buf_clear(body);
	rc = get(wire, head, 1, tmk_clock_ms() + idle_ms, err);
	return rc ? rc : get_frame(body, wire, head, err);
}

/* ---- life ------------------------------------------------------------------- */

int tmk_serve_wire_new(struct tmk_serve_wire **out, int in, int out_fd,
		       struct tmk_err *err)
{
	struct tmk_serve_wire *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (!w || pthread_condattr_init(&attr)) {
		free(w);
		close(in);
		close(out_fd);
		return tmk_err_nomem(err);
	}
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->change, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&w->lock, NULL);
	w->in = in;
	w->out = out_fd;
	if (pthread_create(&w->clock, NULL, run_clock, w)) {
		w->ended = true;
		tmk_err_set(err, TMK_INTERNAL, "cannot start a thread");
		tmk_serve_wire_free(w);
		return -1;
	}
	*out = w;
	return 0;
}

void tmk_serve_wire_free(struct tmk_serve_wire *wire)
{
	bool runs;

	if (!wire)
		return;
	pthread_mutex_lock(&wire->lock);
	runs = !wire->ended;
	wire->ended = true;
	pthread_cond_signal(&wire->change);
	pthread_mutex_unlock(&wire->lock);
	if (runs)
		pthread_join(wire->clock, NULL);
	pthread_cond_destroy(&wire->change);
	pthread_mutex_destroy(&wire->lock);
	close(wire->in);
	close(wire->out);
	free(wire);
}
