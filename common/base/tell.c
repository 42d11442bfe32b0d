#include "base/tell.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/enc.h"

char *tmk_tell_waiting(char *out, size_t size, const char *program,
		       const char *text)
{
	char shown[TMK_TELL_LINE];
	int fd;

	tmk_enc_line_into(shown, sizeof(shown), text, strlen(text));
	snprintf(out, size, "%s: %.512s\n", program, shown);
	if (isatty(STDERR_FILENO))
		return out;
	/* One that does not take it at once is not waited for. */
	fd = open("/dev/tty", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return out;
	(void)!write(fd, out, strlen(out));
	close(fd);
	return out;
}
