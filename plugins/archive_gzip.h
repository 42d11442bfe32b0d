/*
 * archive_gzip.h - gzip by zlib itself: libarchive reads it too, but compares
 * neither the checksum nor the length at the end of a member (RFC 1952).
 */
#ifndef TMK_PLUGINS_ARCHIVE_GZIP_H
#define TMK_PLUGINS_ARCHIVE_GZIP_H

#include "plugins/archive_unpack.h"

/* As tmk_archive_unpack_run, of what begins as gzip: every member, checked,
 * to the end of the file. */
int tmk_archive_gzip_run(struct tmk_archive_unpack *unpack,
			 tmk_archive_sink *sink, void *to,
			 struct tmk_err *err) TMK_MUST_CHECK;

#endif
