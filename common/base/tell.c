#include "base/tell.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/enc.h"

void tmk_tell_waiting(const char *program, const char *text)
{
	char shown[512], line[640];
	int n, fd;

	tmk_enc_line_into(shown, sizeof(shown), text, strlen(text));
	fprintf(stderr, "%s: %s\n", program, shown);
	if (isatty(STDERR_FILENO))
		return;
	/* One that does not take it at once is not waited for. */
	fd = open("/dev/tty", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return;
	n = snprintf(line, sizeof(line), "%s: %s\n", program, shown);
	if (n > 0 && (size_t)n < sizeof(line) && write(fd, line, n) < 0)
		n = 0;
	close(fd);
}
