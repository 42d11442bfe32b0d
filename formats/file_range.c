#include "formats/file_range.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define PIECE 65536	/* bytes read at a time */

int tmk_file_range_size(uint64_t *size, int fd, const char *name,
			struct tmk_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return tmk_err_set(err, TMK_INPUT, "%s: %s", name,
				   strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size < 0)
		return tmk_err_set(err, TMK_INPUT, "%s: not a regular file",
				   name);
	*size = (uint64_t)st.st_size;
	return 0;
}

int tmk_file_range_feed(int fd, uint64_t at, uint64_t len,
			tmk_package_sink *sink, void *to, struct tmk_err *err)
{
	uint8_t piece[PIECE];
	size_t n;

	while (len) {
		n = len < PIECE ? (size_t)len : PIECE;
		if (tmk_file_read_at(piece, n, fd, at, "the package", err) ||
		    sink(to, piece, n, err))
			return -1;
		at += n;
		len -= n;
	}
	return 0;
}

static int write_piece(void *to, const uint8_t *data, size_t len,
		       struct tmk_err *err)
{
	return tmk_file_write_fd(*(int *)to, data, len, "the new package",
				 err);
}

int tmk_file_range_copy(int out, int fd, uint64_t at, uint64_t len,
			struct tmk_err *err)
{
	return tmk_file_range_feed(fd, at, len, write_piece, &out, err);
}
