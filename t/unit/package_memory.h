/*
 * package_memory.h - packages in memory, for the tests of their readers.
 */
#ifndef TMK_T_PACKAGE_MEMORY_H
#define TMK_T_PACKAGE_MEMORY_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "formats/cleartext.h"
#include "iface/package.h"

#define PACKAGE_UNUSED __attribute__((unused))

/* A file without a name that holds `data`. The machinery's own failure ends
 * the program. */
static PACKAGE_UNUSED int package_memory(const void *data, size_t len)
{
	int fd = memfd_create("package", MFD_CLOEXEC);

	if (fd < 0 || (len && write(fd, data, len) != (ssize_t)len)) {
		perror("memfd");
		exit(99);
	}
	return fd;
}

/* Everything in such a file. */
static PACKAGE_UNUSED void package_bytes(struct tmk_buf *out, int fd)
{
	uint8_t piece[4096];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, piece, sizeof(piece), at)) > 0) {
		if (tmk_buf_add(out, piece, (size_t)n))
			abort();
		at += n;
	}
}

/* Whether signatures of both are over the same bytes. */
static PACKAGE_UNUSED bool package_same_content(const struct tmk_package *a,
						const struct tmk_package *b)
{
	struct tmk_buf x = TMK_BUF_INIT(1 << 20), y = TMK_BUF_INIT(1 << 20);
	struct tmk_err err = TMK_ERR_INIT;
	bool same;

	same = a && b &&
		!a->ops->content(a, -1, tmk_cleartext_to_buf, &x, &err) &&
		!b->ops->content(b, -1, tmk_cleartext_to_buf, &y, &err) &&
		x.len == y.len && !memcmp(tmk_buf_str(&x), tmk_buf_str(&y),
					  x.len);
	tmk_buf_release(&x);
	tmk_buf_release(&y);
	return same;
}

#endif
