#include "plugins/front_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "x509/digest.h"

#define CHUNK (128 * 1024)	/* bytes read at once */
#define FIRST_MS 700		/* before a progress line is worth it */
#define EVERY_MS 200		/* between two of them */

const char *tmk_front_file_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

int tmk_front_file_open(int *fd, const char *path, struct tmk_err *err)
{
	struct stat st;
	int got;

	if (!strcmp(path, "-"))
		got = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		got = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (got < 0 || fstat(got, &st)) {
		tmk_err_set(err, TMK_INPUT, "%s: %s",
			    tmk_front_file_name(path), strerror(errno));
		if (got >= 0)
			close(got);
		return -1;
	}
	if (S_ISDIR(st.st_mode)) {
		close(got);
		return tmk_err_set(err, TMK_INPUT, "%s: is a directory", path);
	}
	*fd = got;
	return 0;
}

struct progress {
	const char *name;
	int64_t start, last;	/* ms of the monotonic clock */
	uint64_t done, total;	/* bytes; total 0: unknown */
	bool wanted, shown;
};

static void progress_init(struct progress *p, const char *name,
			  const struct stat *st)
{
	memset(p, 0, sizeof(*p));
	p->name = name;
	p->wanted = isatty(STDERR_FILENO);
	p->start = tmk_clock_ms();
	p->last = p->start + FIRST_MS - EVERY_MS;
	if (S_ISREG(st->st_mode) && st->st_size > 0)
		p->total = (uint64_t)st->st_size;
}

static void progress_show(struct progress *p)
{
	int64_t now = tmk_clock_ms();
	double seconds, rate;
	char name[48], left[40] = "";

	if (!p->wanted || now - p->last < EVERY_MS)
		return;
	p->last = now;
	p->shown = true;
	seconds = (double)(now - p->start) / 1000;
	rate = seconds > 0 ? (double)p->done / seconds : 0;
	if (p->total > p->done && rate > 0)
		snprintf(left, sizeof(left), ", %u %%, %.0f s left",
			 (unsigned int)(p->done * 100 / p->total),
			 (double)(p->total - p->done) / rate);
	tmk_enc_show_into(name, sizeof(name), p->name, strlen(p->name));
	fprintf(stderr, "\r%s: %.0f MiB, %.0f MiB/s%s\033[K", name,
		(double)p->done / (1 << 20), rate / (1 << 20), left);
	fflush(stderr);
}

static void progress_end(const struct progress *p)
{
	if (p->shown) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
}

static int feed_all(tmk_front_file_sink *sink, void *to, int fd,
		    struct progress *p, struct tmk_err *err)
{
	uint8_t *chunk = malloc(CHUNK);
	int rc = 0;

	if (!chunk)
		return tmk_err_nomem(err);
	for (;;) {
		ssize_t n = read(fd, chunk, CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = tmk_err_set(err, TMK_INPUT, "%s: %s", p->name,
					 strerror(errno));
		if (n <= 0)
			break;
		rc = sink(to, chunk, (size_t)n, err);
		if (rc)
			break;
		p->done += (uint64_t)n;
		progress_show(p);
	}
	free(chunk);
	return rc;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* The bytes that were hashed must be one state of the file. */
static int check_unchanged(const struct stat *before, int fd,
			   const struct progress *p, struct tmk_err *err)
{
	struct stat after;

	if (!S_ISREG(before->st_mode))
		return 0;
	if (fstat(fd, &after))
		return tmk_err_set(err, TMK_INPUT, "%s: %s", p->name,
				   strerror(errno));
	if (after.st_size == before->st_size &&
	    same_time(&after.st_mtim, &before->st_mtim) &&
	    same_time(&after.st_ctim, &before->st_ctim))
		return 0;
	tmk_err_set(err, TMK_INPUT, "%s: changed while it was read", p->name);
	return tmk_err_hint(err, "wait until nothing writes to it, then try "
			    "again");
}

int tmk_front_file_feed(int fd, const char *name, bool quiet,
			tmk_front_file_sink *sink, void *to,
			struct tmk_err *err)
{
	struct progress p;
	struct stat before;
	int rc;

	if (fstat(fd, &before))
		return tmk_err_set(err, TMK_INPUT, "%s: %s", name,
				   strerror(errno));
	if (S_ISREG(before.st_mode))
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	progress_init(&p, name, &before);
	p.wanted = p.wanted && !quiet;
	rc = feed_all(sink, to, fd, &p, err);
	progress_end(&p);
	return rc ? rc : check_unchanged(&before, fd, &p, err);
}

/* Contexts that hash the same bytes. */
struct contexts {
	struct tmk_digest *d;
	int count;
};

static int hash_piece(void *to, const uint8_t *data, size_t len,
		      struct tmk_err *err)
{
	const struct contexts *c = to;
	int i, rc = 0;

	for (i = 0; !rc && i < c->count; i++)
		rc = tmk_digest_update(&c->d[i], data, len, err);
	return rc;
}

/* The content is in `d`, which others may still need: go on with a copy. */
static int finish(struct tmk_front_file_hash *hash, const struct tmk_digest *d,
		  struct tmk_err *err)
{
	struct tmk_digest own = { EVP_MD_CTX_new() };
	int rc = 0;

	if (!own.ctx || EVP_MD_CTX_copy_ex(own.ctx, d->ctx) != 1)
		rc = tmk_err_nomem(err);
	if (!rc && hash->suffix_len)
		rc = tmk_digest_update(&own, hash->suffix, hash->suffix_len,
				       err);
	if (!rc)
		rc = tmk_digest_final(&own, hash->digest, &hash->digest_len,
				      err);
	tmk_digest_release(&own);
	return rc;
}

static int digests(struct tmk_front_file_hash *hash, int count, int fd,
		   const char *name, bool quiet, struct tmk_err *err)
{
	struct tmk_digest d[TMK_FRONT_FILE_HASHES] = { { NULL } };
	int of[TMK_FRONT_FILE_HASHES], i, j, n = 0, rc = 0;
	struct contexts c = { d, 0 };

	if (count < 1 || count > TMK_FRONT_FILE_HASHES)
		return tmk_err_set(err, TMK_INTERNAL, "%d digests at once",
				   count);
	for (i = 0; !rc && i < count; i++) {
		for (j = 0; j < i && hash[j].hash != hash[i].hash; j++)
			;
		of[i] = j < i ? of[j] : n;
		if (of[i] == n)
			rc = tmk_digest_init(&d[n++], (int)hash[i].hash, err);
	}
	c.count = n;
	if (!rc)
		rc = tmk_front_file_feed(fd, name, quiet, hash_piece, &c, err);
	for (i = 0; !rc && i < count; i++)
		rc = finish(&hash[i], &d[of[i]], err);
	while (n)
		tmk_digest_release(&d[--n]);
	return rc;
}

int tmk_front_file_digests(struct tmk_front_file_hash *hash, int count, int fd,
			   const char *name, struct tmk_err *err)
{
	return digests(hash, count, fd, name, false, err);
}

int tmk_front_file_digests_quiet(struct tmk_front_file_hash *hash, int count,
				 int fd, const char *name, struct tmk_err *err)
{
	return digests(hash, count, fd, name, true, err);
}

int tmk_front_file_digest_with(uint8_t *digest, size_t *len, int fd,
			       const char *name, enum tmk_hash hash,
			       const uint8_t *suffix, size_t suffix_len,
			       struct tmk_err *err)
{
	struct tmk_front_file_hash one = {
		.hash = hash, .suffix = suffix, .suffix_len = suffix_len,
	};

	if (tmk_front_file_digests(&one, 1, fd, name, err))
		return -1;
	memcpy(digest, one.digest, one.digest_len);
	*len = one.digest_len;
	return 0;
}

int tmk_front_file_digest(uint8_t *digest, size_t *len, int fd,
			  const char *name, enum tmk_hash hash,
			  struct tmk_err *err)
{
	return tmk_front_file_digest_with(digest, len, fd, name, hash, NULL,
					  0, err);
}

/* fsync says EINVAL or EROFS for what has no disk behind it. */
static int sync_if_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	return S_ISREG(st.st_mode) ? fsync(fd) : 0;
}

static int put_fd(int fd, const char *name, const void *data, size_t len,
		  struct tmk_err *err)
{
	if (tmk_file_write_fd(fd, data, len, name, err))
		return -1;
	if (sync_if_file(fd))
		return tmk_err_set(err, TMK_INPUT, "cannot write %s: %s",
				   name, strerror(errno));
	return 0;
}

static int put_device(const char *path, const void *data, size_t len,
		      struct tmk_err *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int rc;

	if (fd < 0)
		return tmk_err_set(err, TMK_INPUT, "cannot write %s: %s",
				   path, strerror(errno));
	rc = put_fd(fd, path, data, len, err);
	if (close(fd) && !rc)
		rc = tmk_err_set(err, TMK_INPUT, "cannot write %s: %s", path,
				 strerror(errno));
	return rc;
}

int tmk_front_file_put(const char *path, const void *data, size_t len,
		       struct tmk_err *err)
{
	struct stat st;
	char *real;
	int rc;

	if (!strcmp(path, "-"))
		return put_fd(STDOUT_FILENO, "standard output", data, len,
			      err);
	if (stat(path, &st))
		return tmk_file_write(path, 0666, data, len, err);
	if (S_ISDIR(st.st_mode))
		return tmk_err_set(err, TMK_INPUT,
				   "cannot write %s: is a directory", path);
	if (!S_ISREG(st.st_mode))
		return put_device(path, data, len, err);
	/* The link stays, what it leads to is replaced. */
	real = realpath(path, NULL);
	if (!real)
		return tmk_err_set(err, TMK_INPUT, "cannot write %s: %s",
				   path, strerror(errno));
	/* What only some could read stays so. */
	rc = tmk_file_write(real, st.st_mode & 0777, data, len, err);
	free(real);
	return rc;
}

int tmk_front_file_beside_ok(const char *path, struct tmk_err *err)
{
	struct stat st;

	if (lstat(path, &st) || S_ISREG(st.st_mode))
		return 0;
	tmk_err_set(err, TMK_INPUT, "cannot write %s: it is a %s", path,
		    S_ISLNK(st.st_mode) ? "link" :
		    S_ISDIR(st.st_mode) ? "directory" :
		    "pipe, device or socket");
	return tmk_err_hint(err, "remove it, or say with -o where the "
			    "signature goes");
}

bool tmk_front_file_same(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev &&
		x.st_ino == y.st_ino;
}

bool tmk_front_file_is_stream(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

bool tmk_front_file_is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

int tmk_front_file_worst(int a, int b)
{
	return a > b ? a : b;
}
