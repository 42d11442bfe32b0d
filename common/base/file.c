#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define READ_CHUNK 65536	/* bytes */
#define READ_FIRST 2048
#define LOCK_FIRST 500000L	/* ns between the first two looks at a lock */
#define LOCK_LAST 16000000L	/* and, doubled each time, at most */

/* How much to make room for: a small file is not worth fresh pages, which cost
 * more than its bytes. Its size is a guess; only reading tells. */
static size_t chunk_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < 0 ||
	    st.st_size >= READ_CHUNK)
		return READ_CHUNK;
	return st.st_size < READ_FIRST ? READ_FIRST : (size_t)st.st_size + 1;
}

int tmk_file_read_fd(struct tmk_buf *out, int fd, const char *name,
		     struct tmk_err *err)
{
	size_t chunk = chunk_of(fd);

	for (;;) {
		size_t room = out->max - out->len;
		size_t spare = out->cap ? out->cap - out->len - 1 : 0;
		size_t want = spare ? spare : chunk;
		uint8_t past, *to = &past;
		ssize_t n;

		if (want > room)
			want = room;
		/* At the limit one byte more tells "full" from "too large". */
		if (want) {
			to = tmk_buf_reserve(out, want);
			if (!to)
				return tmk_err_nomem(err);
		}
		n = read(fd, to, want ? want : 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tmk_err_set(err, TMK_INPUT, "%s: %s", name,
					   strerror(errno));
		if (!n)
			return 0;
		if (!want)
			return tmk_err_set(err, TMK_INPUT,
					   "%s: larger than %zu bytes", name,
					   out->max);
		tmk_buf_commit(out, (size_t)n);
	}
}

int tmk_file_read(struct tmk_buf *out, const char *path, struct tmk_err *err)
{
	/* O_NONBLOCK: a FIFO in a file's place must not hang us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int rc;

	if (fd < 0)
		return tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				   strerror(errno));
	if (fstat(fd, &st))
		rc = tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				 strerror(errno));
	else if (!S_ISREG(st.st_mode))
		rc = tmk_err_set(err, TMK_INPUT, "%s: not a regular file",
				 path);
	else
		rc = tmk_file_read_fd(out, fd, path, err);
	close(fd);
	return rc;
}

int tmk_file_read_at(void *to, size_t len, int fd, uint64_t at,
		     const char *name, struct tmk_err *err)
{
	uint8_t *next = to;
	ssize_t n;

	if (at > INT64_MAX || len > INT64_MAX - at)
		return tmk_err_set(err, TMK_INPUT, "%s: no such place", name);
	while (len) {
		n = pread(fd, next, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tmk_err_set(err, TMK_INPUT, "%s: %s", name,
					   strerror(errno));
		if (!n)
			return tmk_err_set(err, TMK_INPUT,
					   "%s: ends too early", name);
		next += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

int tmk_file_write_fd(int fd, const void *data, size_t len, const char *name,
		      struct tmk_err *err)
{
	const uint8_t *from = data;

	while (len) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tmk_err_set(err, TMK_INPUT,
					   "cannot write %s: %s", name,
					   strerror(errno));
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

int tmk_file_lock(int fd, bool shared, int ms, const char *name,
		  struct tmk_err *err)
{
	struct timespec pause = { 0, LOCK_FIRST };
	int64_t until = tmk_clock_ms() + ms;

	while (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return tmk_err_set(err, TMK_INPUT, "cannot lock %s: %s",
					   name, strerror(errno));
		if (tmk_clock_ms() >= until)
			return 1;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < LOCK_LAST)
			pause.tv_nsec *= 2;
	}
	return 0;
}

/* Not a secret: no two of them are to be the same. */
#define MARKS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define MARK_LEN 6
#define TEMP_TRIES 100
#define TEMP_NAME 240		/* bytes that a file's name keeps: with the mark
				   it fits into any file system */

static char *temp_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t dir = slash ? (size_t)(slash + 1 - path) : 0;
	size_t name = strnlen(path + dir, TEMP_NAME);
	char *temp;

	if (asprintf(&temp, "%.*s" TMK_NEWFILE_MARK "%0*d", (int)(dir + name),
		     path, MARK_LEN, 0) < 0)
		return NULL;
	return temp;
}

static int create(char *temp, mode_t mode)
{
	size_t end = strlen(temp), i;
	uint8_t chance[MARK_LEN];
	int fd, tries;

	for (tries = 0; tries < TEMP_TRIES; tries++) {
		if (getrandom(chance, sizeof(chance), 0) !=
		    (ssize_t)sizeof(chance))
			return -1;
		for (i = 0; i < sizeof(chance); i++)
			temp[end - MARK_LEN + i] =
				MARKS[chance[i] % (sizeof(MARKS) - 1)];
		fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC |
			  O_NOFOLLOW, mode);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

int tmk_newfile_open(struct tmk_newfile *f, const char *path, mode_t mode,
		     struct tmk_err *err)
{
	struct tmk_newfile n = TMK_NEWFILE_INIT;

	n.path = strdup(path);
	n.temp = temp_name(path);
	if (!n.path || !n.temp) {
		free(n.path);
		free(n.temp);
		return tmk_err_nomem(err);
	}
	n.fd = create(n.temp, mode);
	if (n.fd < 0) {
		tmk_err_set(err, TMK_INPUT, "cannot create %s: %s", n.temp,
			    strerror(errno));
		free(n.temp);
		free(n.path);
		return -1;
	}
	*f = n;
	return 0;
}

bool tmk_newfile_is_temp(const char *path)
{
	size_t len = strlen(path), mark = strlen(TMK_NEWFILE_MARK);
	const char *p;

	if (len <= mark + MARK_LEN)
		return false;
	p = path + len - mark - MARK_LEN;
	return !strncmp(p, TMK_NEWFILE_MARK, mark) &&
		strspn(p + mark, MARKS) == MARK_LEN;
}

/* Make the rename itself survive a power cut. */
static int sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int fd, rc;

	dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!dir)
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	/* Some file systems cannot sync a directory and say EINVAL. */
	if (rc && errno == EINVAL)
		rc = 0;
	close(fd);
	return rc;
}

int tmk_file_sync_directory(const char *path, struct tmk_err *err)
{
	if (!sync_directory(path))
		return 0;
	return tmk_err_set(err, TMK_INPUT, "cannot sync the directory of %s: "
			   "%s", path, strerror(errno));
}

static int not_written(struct tmk_newfile *f, int why, struct tmk_err *err)
{
	tmk_err_set(err, TMK_INPUT, "cannot write %s: %s", f->path,
		    strerror(why));
	tmk_newfile_release(f);
	return -1;
}

int tmk_newfile_sync(struct tmk_newfile *f, struct tmk_err *err)
{
	int rc = fsync(f->fd), why = errno;

	if (close(f->fd) && !rc) {
		rc = -1;
		why = errno;
	}
	f->fd = -1;
	return rc ? not_written(f, why, err) : 0;
}

int tmk_newfile_rename(struct tmk_newfile *f, struct tmk_err *err)
{
	if (rename(f->temp, f->path))
		return not_written(f, errno, err);
	free(f->temp);
	f->temp = NULL;
	return 0;
}

int tmk_newfile_commit(struct tmk_newfile *f, struct tmk_err *err)
{
	int rc;

	if (tmk_newfile_sync(f, err) || tmk_newfile_rename(f, err))
		return -1;
	rc = tmk_file_sync_directory(f->path, err);
	tmk_newfile_release(f);
	return rc;
}

void tmk_newfile_release(struct tmk_newfile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->temp)
		unlink(f->temp);
	free(f->temp);
	free(f->path);
	*f = (struct tmk_newfile)TMK_NEWFILE_INIT;
}

int tmk_file_write(const char *path, mode_t mode, const void *data, size_t len,
		   struct tmk_err *err)
{
	struct tmk_newfile f = TMK_NEWFILE_INIT;

	if (tmk_newfile_open(&f, path, mode, err))
		return -1;
	if (tmk_file_write_fd(f.fd, data, len, path, err)) {
		tmk_newfile_release(&f);
		return -1;
	}
	return tmk_newfile_commit(&f, err);
}

int tmk_file_mkdirs(const char *path, struct tmk_err *err)
{
	char *copy = strdup(path), *p;
	int rc = 0;

	if (!copy)
		return tmk_err_nomem(err);
	for (p = copy + 1; !rc; p++) {
		char end = *p;

		if (end && end != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0700) && errno != EEXIST)
			rc = tmk_err_set(err, TMK_INPUT,
					 "cannot make the directory %s: %s",
					 copy, strerror(errno));
		*p = end;
		if (!end)
			break;
	}
	free(copy);
	return rc;
}

bool tmk_file_exists(const char *path)
{
	struct stat st;

	return !stat(path, &st);
}

char *tmk_file_resolve(const char *base, const char *home, const char *rel)
{
	const char *slash = base ? strrchr(base, '/') : NULL;
	char *out = NULL;
	int n;

	if (home && !strncmp(rel, "~/", 2))
		n = asprintf(&out, "%s/%s", home, rel + 2);
	else if (rel[0] == '/' || !slash)
		return strdup(rel);
	else
		n = asprintf(&out, "%.*s/%s", (int)(slash - base), base, rel);
	return n < 0 ? NULL : out;
}
