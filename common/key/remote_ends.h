/*
 * remote_ends.h - what the frames of a remote key go through: an ssh process,
 * or a socket of this machine. Private to key/remote*.c.
 */
#ifndef TMK_KEY_REMOTE_ENDS_H
#define TMK_KEY_REMOTE_ENDS_H

#include <sys/types.h>

#include "base/err.h"
#include "key/remote.h"

struct tmk_remote_ends {
	pid_t pid;		/* ssh; -1: there is none, or it has ended */
	int in, out;		/* ssh's standard input and output; of a socket
				   one descriptor, the same twice */
	int said;		/* its standard error, which the shared
				   connection may hold open: nobody waits for
				   its end; -1 for a socket */
};

/* Start ssh(1); `ms` is its time to connect, `auth_sock` as tmk_remote_open.
 * Only that there is no ssh fails here, with TMK_KEY. */
int tmk_remote_ssh_start(struct tmk_remote_ends *out,
			 const struct tmk_remote_uri *uri, int ms,
			 const char *auth_sock, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Connect to the socket (unix(7)) within `ms`. 1 (TMK_KEY) when nobody listens
 * there, or somebody who is neither root nor this user: nothing was said to
 * him. Negative when the system gives no socket. */
int tmk_remote_socket_connect(struct tmk_remote_ends *out,
			      const struct tmk_remote_uri *uri, int ms,
			      struct tmk_err *err) TMK_MUST_CHECK;

#endif
