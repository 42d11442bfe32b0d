/* The other end of a connection on this machine: a socket that systemd, or the
 * user himself, made. */
#include "key/remote_ends.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "key/agent_io.h"

/* Who made it listen: a key is asked for nowhere else. */
static bool is_trusted(int fd)
{
	struct ucred peer;

	return tmk_agent_io_peer(&peer, fd) && peer.pid > 0 &&
		(peer.uid == 0 || peer.uid == geteuid());
}

static int away(int why, const char *path, struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "unix:%s: %s", path, strerror(why));
	if (why == EACCES)
		(void)tmk_err_hint(err, "who may connect is in the socket's "
				   "group: touchmark-serve(8)");
	else
		(void)tmk_err_hint(err, "systemctl status "
				   "touchmark-serve.socket tells whether it "
				   "was started");
	return 1;
}

int tmk_remote_socket_connect(struct tmk_remote_ends *out,
			      const struct tmk_remote_uri *uri, int ms,
			      struct tmk_err *err)
{
	struct sockaddr_un to;
	int fd, why;

	if (tmk_agent_io_address(&to, uri->socket))
		return away(ENAMETOOLONG, uri->socket, err);
	fd = tmk_agent_io_socket();
	if (fd < 0)
		return tmk_err_set(err, TMK_INTERNAL, "cannot make a socket: "
				   "%s", strerror(errno));
	why = tmk_agent_io_connect(fd, &to, tmk_clock_ms() + ms);
	if (why) {
		close(fd);
		return away(why, uri->socket, err);
	}
	if (!is_trusted(fd)) {
		close(fd);
		tmk_err_set(err, TMK_KEY, "unix:%s: who listens there is "
			    "neither root nor you", uri->socket);
		(void)tmk_err_hint(err, "nothing was asked of him; let systemd "
				   "make the socket: touchmark-serve(8)");
		return 1;
	}
	*out = (struct tmk_remote_ends){
		.pid = -1, .in = fd, .out = fd, .said = -1,
	};
	return 0;
}
