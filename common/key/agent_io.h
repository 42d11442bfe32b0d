/*
 * agent_io.h - messages through a unix socket, bounded in time and size.
 *
 * The socket must not block. Knows frames, not what they mean. A peer that
 * goes away is a failure of the call and never a signal. Needs libc alone.
 */
#ifndef TMK_KEY_AGENT_IO_H
#define TMK_KEY_AGENT_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* A socket of ours: does not block, closed on exec. Negative on failure. */
int tmk_agent_io_socket(void);

/* The address of `path`, which fits (agent_path.h). 0 or -1. */
struct sockaddr_un;
int tmk_agent_io_address(struct sockaddr_un *out, const char *path)
	TMK_MUST_CHECK;

/* Connect a socket of ours before `until` (tmk_clock_ms); more callers than the
 * other end lets wait come again meanwhile. 0, or errno. */
int tmk_agent_io_connect(int fd, const struct sockaddr_un *to, int64_t until)
	TMK_MUST_CHECK;

/* Whose process the other end is: the one that connected, or that made the
 * socket listen (SO_PEERCRED, unix(7)). False when that is not known. */
struct ucred;
bool tmk_agent_io_peer(struct ucred *out, int fd) TMK_MUST_CHECK;

/* Whether it is one of ours. */
bool tmk_agent_io_peer_is_us(int fd);

/* Whether the other end is gone: nothing that is sent would be read. */
bool tmk_agent_io_gone(int fd);

/* Send all of it before `until` (tmk_clock_ms). `pass` is a descriptor that
 * goes along with the first byte (SCM_RIGHTS), or -1. Fails with TMK_KEY. */
int tmk_agent_io_send(int fd, const void *data, size_t len, int pass,
		      int64_t until, struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Receive one frame's body, at most `max` bytes, into `body` (emptied first)
 * before `until`. `passed` gets a descriptor that came along, or -1; it
 * belongs to the caller. Descriptors that nobody expects (`passed` NULL, or a
 * second one) are closed, and the message is refused. 0; 1 when the peer had
 * closed before the first byte; 2 when it had closed without having read all
 * that we sent; negative (TMK_KEY: late or cut; TMK_INPUT: no message of
 * ours).
 */
int tmk_agent_io_receive(struct tmk_buf *body, int fd, size_t max,
			 int *passed, int64_t until, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
