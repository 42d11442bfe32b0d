#include "formats/rpm_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/file_range.h"

int tmk_rpm_file_init(struct tmk_rpm_file *file, int fd, struct tmk_err *err)
{
	uint8_t *window;
	uint64_t size;

	if (tmk_file_range_size(&size, fd, "the package", err))
		return -1;
	window = malloc(TMK_RPM_WINDOW);
	if (!window)
		return tmk_err_nomem(err);
	*file = (struct tmk_rpm_file){ fd, size, window, 0, 0 };
	return 0;
}

void tmk_rpm_file_release(struct tmk_rpm_file *file)
{
	free(file->window);
	file->window = NULL;
}

static int shorter(struct tmk_err *err)
{
	return tmk_err_set(err, TMK_INPUT,
			   "the package became shorter while it was read");
}

int tmk_rpm_file_look(const uint8_t **data, size_t *have,
		      struct tmk_rpm_file *file, uint64_t at,
		      struct tmk_err *err)
{
	size_t want = TMK_RPM_WINDOW;
	ssize_t n;

	if (at < file->at || at - file->at >= file->len) {
		if (at >= file->size)
			return shorter(err);
		if (want > file->size - at)
			want = (size_t)(file->size - at);
		do {
			n = pread(file->fd, file->window, want, (off_t)at);
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			return tmk_err_set(err, TMK_INPUT, "%s",
					   strerror(errno));
		if (!n)
			return shorter(err);
		file->at = at;
		file->len = (size_t)n;
	}
	*data = file->window + (at - file->at);
	*have = file->len - (size_t)(at - file->at);
	return 0;
}

int tmk_rpm_file_get(uint8_t *out, size_t len, struct tmk_rpm_file *file,
		     uint64_t at, struct tmk_err *err)
{
	const uint8_t *data;
	size_t have;

	while (len) {
		if (tmk_rpm_file_look(&data, &have, file, at, err))
			return -1;
		if (have > len)
			have = len;
		memcpy(out, data, have);
		out += have;
		at += have;
		len -= have;
	}
	return 0;
}
