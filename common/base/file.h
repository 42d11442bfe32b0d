/*
 * file.h - reading with a bound, and writing so that a file is whole or not
 * there.
 *
 * Every failure names the file and the system's reason. Nothing here follows
 * a policy about content.
 */
#ifndef TMK_BASE_FILE_H
#define TMK_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Append the whole file to `out`, whose maximum is the limit. Fails with
 * TMK_INPUT when it cannot be opened or read, is no regular file, or is
 * larger. */
int tmk_file_read(struct tmk_buf *out, const char *path, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Append all that `fd` gives until end of file; `name` is for messages. Fails
 * with TMK_INPUT on a read error or past out->max. */
int tmk_file_read_fd(struct tmk_buf *out, int fd, const char *name,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* Read exactly `len` bytes that stand at offset `at`, without moving the file's
 * own position. Fails with TMK_INPUT naming `name`, also when the file ends
 * before. */
int tmk_file_read_at(void *to, size_t len, int fd, uint64_t at,
		     const char *name, struct tmk_err *err) TMK_MUST_CHECK;

/* Write all bytes to `fd`, over EINTR and short writes. Fails with
 * TMK_INPUT naming `name`. */
int tmk_file_write_fd(int fd, const void *data, size_t len, const char *name,
		      struct tmk_err *err) TMK_MUST_CHECK;

/* Wait for the flock(2) of `fd`, at most `ms` milliseconds: alone, or together
 * with other readers when `shared`. Closing the file gives it back. 0 when it is
 * held; 1 when another process kept it all the time, which the caller words;
 * else TMK_INPUT naming `name`. */
int tmk_file_lock(int fd, bool shared, int ms, const char *name,
		  struct tmk_err *err) TMK_MUST_CHECK;

/* A file that is being written beside its final name. */
struct tmk_newfile {
	int fd;			/* -1 when not open */
	char *path;		/* final name */
	char *temp;		/* name it has now, in the same directory */
};

#define TMK_NEWFILE_INIT { -1, NULL, NULL }

/* What stands between a file's name and six characters by chance in the name
 * of a temporary file. */
#define TMK_NEWFILE_MARK ".tmk-"

/* Create the temporary file, mode `mode` (umask applies), open for reading and
 * writing, in the directory of `path`: its name, the mark and six letters or
 * digits. Safe in any thread. Fails with TMK_INPUT. */
int tmk_newfile_open(struct tmk_newfile *f, const char *path, mode_t mode,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* fsync, close, rename over `path`, fsync the directory. On failure the
 * temporary file is removed and `path` is as it was. */
int tmk_newfile_commit(struct tmk_newfile *f, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The steps of that, for whoever writes many files: make the content safe and
 * close; rename; make the directory of `path` safe. After a failure of the
 * first two the temporary file is removed and `path` is as it was. */
int tmk_newfile_sync(struct tmk_newfile *f, struct tmk_err *err)
	TMK_MUST_CHECK;
int tmk_newfile_rename(struct tmk_newfile *f, struct tmk_err *err)
	TMK_MUST_CHECK;
int tmk_file_sync_directory(const char *path, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether this is the name of a temporary file, which a run that was cut off
 * left behind. */
bool tmk_newfile_is_temp(const char *path);

/* Remove the temporary file if it is still there; nothing after a commit. */
void tmk_newfile_release(struct tmk_newfile *f);

/* All of the above for bytes in memory. */
int tmk_file_write(const char *path, mode_t mode, const void *data, size_t len,
		   struct tmk_err *err) TMK_MUST_CHECK;

/* Make a directory and its missing parents, mode 0700 for what is made. */
int tmk_file_mkdirs(const char *path, struct tmk_err *err) TMK_MUST_CHECK;

/* Whether something exists under this name (a dangling link does not). */
bool tmk_file_exists(const char *path);

/* `rel` seen from the directory that holds `base` (absolute stays as it is),
 * and a leading "~/" as $HOME given by `home` (may be NULL). The string
 * belongs to the caller; NULL when memory ends. */
char *tmk_file_resolve(const char *base, const char *home, const char *rel);

#endif
