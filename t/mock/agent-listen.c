/*
 * agent-listen.c - what a service manager does: listen, and start a program
 * with the socket as descriptor 3 (sd_listen_fds(3)).
 *
 *   agent-listen SOCKET PROGRAM [ARG...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char pid[24];
	int fd;

	if (argc < 3 || strlen(argv[1]) >= sizeof(at.sun_path))
		return 2;
	memcpy(at.sun_path, argv[1], strlen(argv[1]));
	umask(077);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(fd, 16)) {
		perror(argv[1]);
		return 4;
	}
	if (fd != 3) {
		if (dup2(fd, 3) < 0)
			return 4;
		close(fd);
	}
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	execvp(argv[2], argv + 2);
	return 127;
}
