#include "core/config_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "core/config_files.h"
#include "core/config_stream.h"

#define ENTRIES 64	/* files of the cache */
#define SETTLED 2	/* s after which times tell every change */
#define HEAD_MAX 8192	/* bytes before the stream */
#define KEPT_MAX (256 * 1024)	/* bytes of a stream; more is asked anew */

/* ---- where --------------------------------------------------------------- */

/* Ours, and nobody else may write there. A link may lead to it. */
static bool is_private(const char *dir)
{
	struct stat st;

	return !stat(dir, &st) && S_ISDIR(st.st_mode) &&
		st.st_uid == geteuid() && !(st.st_mode & 022);
}

/* "DIR/touchmark" below the directory that a variable names, which must be
 * there; made when `make`. NULL when it cannot be had. */
static char *below(const char *dir, const char *tail, bool make)
{
	char *path = NULL;

	if (!dir || *dir != '/' || !is_private(dir) ||
	    asprintf(&path, "%s%s", dir, tail) < 0)
		return NULL;
	if (make && mkdir(path, 0700) && errno != EEXIST) {
		free(path);
		return NULL;
	}
	if (!is_private(path)) {
		free(path);
		return NULL;
	}
	return path;
}

/* The cache of XDG base directories 0.8 is made when it is missing. */
static char *home_cache(bool make)
{
	const char *home = tmk_config_env_get("HOME");
	char *cache = below(home, "/.cache", make), *dir;

	if (!cache)
		return NULL;
	dir = below(cache, "/touchmark", make);
	free(cache);
	return dir;
}

static char *cache_dir(bool make)
{
	const char *cache = tmk_config_env_get("XDG_CACHE_HOME");
	char *dir;

	dir = below(tmk_config_env_get("XDG_RUNTIME_DIR"), "/touchmark", make);
	if (!dir && cache && *cache)
		return below(cache, "/touchmark", make);
	return dir ? dir : home_cache(make);
}

#define ENTRY "config."
#define ENTRY_HEX 16	/* digits behind that */

/* A name for each file and section (FNV-1a). Two of one name would only push
 * each other out: what is inside says whose it is. */
static char *entry_path(const char *dir, const char *path, const char *section)
{
	const char *texts[] = { path, section ? section : "" };
	uint64_t hash = UINT64_C(14695981039346656037);
	char *name = NULL;
	size_t i;

	for (i = 0; i < 2; i++) {
		const char *p = texts[i];

		do
			hash = (hash ^ (unsigned char)*p) *
				UINT64_C(1099511628211);
		while (*p++);
	}
	return asprintf(&name, "%s/" ENTRY "%016" PRIx64, dir, hash) < 0 ?
		NULL : name;
}

static bool is_entry(const char *name)
{
	const char *hex = name + strlen(ENTRY);

	return !strncmp(name, ENTRY, strlen(ENTRY)) &&
		strspn(hex, "0123456789abcdef") == ENTRY_HEX &&
		!hex[ENTRY_HEX];
}

/* Remove the oldest one when there are too many: each new one adds one. */
static void prune(const char *dir)
{
	struct timespec first = { 0, 0 };
	struct dirent *e;
	struct stat st;
	char oldest[sizeof(ENTRY) + ENTRY_HEX] = "";
	int count = 0;
	DIR *d = opendir(dir);

	while (d && (e = readdir(d))) {
		if (!is_entry(e->d_name) ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (count++ && (st.st_mtim.tv_sec > first.tv_sec ||
				(st.st_mtim.tv_sec == first.tv_sec &&
				 st.st_mtim.tv_nsec >= first.tv_nsec)))
			continue;
		first = st.st_mtim;
		memcpy(oldest, e->d_name, sizeof(oldest));
	}
	if (d && count > ENTRIES)
		(void)unlinkat(dirfd(d), oldest, 0);
	if (d)
		closedir(d);
}

/* ---- what ---------------------------------------------------------------- */

/* What an entry begins with: the same bytes, or it is not this file's. */
static int put_head(struct tmk_buf *out, const char *path, const char *section,
		    const struct stat *st)
{
	if (tmk_buf_printf(out, "touchmark config 1 %s\n%jx %jx %jx %jx.%09lx "
			   "%jx.%09lx\n", TMK_VERSION, (uintmax_t)st->st_dev,
			   (uintmax_t)st->st_ino, (uintmax_t)st->st_size,
			   (uintmax_t)st->st_mtim.tv_sec,
			   (unsigned long)st->st_mtim.tv_nsec,
			   (uintmax_t)st->st_ctim.tv_sec,
			   (unsigned long)st->st_ctim.tv_nsec))
		return -1;
	if (tmk_buf_add(out, path, strlen(path) + 1))
		return -1;
	return section ? tmk_buf_add(out, section, strlen(section) + 1) :
		tmk_buf_addch(out, '\0');
}

/* Only a regular file of ours, that nobody else can read or write. */
static int open_entry(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
		      O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || (st.st_mode & 077) ||
	    st.st_nlink != 1) {
		close(fd);
		return -1;
	}
	return fd;
}

bool tmk_config_cache_get(struct tmk_buf *out, const char *path,
			  const char *section, const struct stat *st)
{
	struct tmk_buf head = TMK_BUF_INIT(HEAD_MAX);
	struct tmk_buf all = TMK_BUF_INIT(HEAD_MAX + KEPT_MAX);
	char *dir = cache_dir(false);
	char *name = dir ? entry_path(dir, path, section) : NULL;
	int fd = name ? open_entry(name) : -1;
	bool got = false;

	if (fd < 0 || put_head(&head, path, section, st) ||
	    tmk_file_read_fd(&all, fd, name, NULL))
		goto out;
	if (all.len <= head.len || memcmp(all.data, head.data, head.len) ||
	    tmk_config_stream_check(all.data + head.len,
				    all.len - head.len) !=
	    TMK_CONFIG_STREAM_KEEP)
		goto out;
	got = !tmk_buf_add(out, all.data + head.len, all.len - head.len);
out:
	if (fd >= 0)
		close(fd);
	tmk_buf_release(&all);
	tmk_buf_release(&head);
	free(name);
	free(dir);
	return got;
}

/* Two changes within one tick of the clock leave the same times. */
static bool is_settled(const struct stat *st)
{
	time_t now = time(NULL);

	return st->st_ctim.tv_sec + SETTLED < now &&
		st->st_mtim.tv_sec + SETTLED < now;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_same(const char *path, const struct stat *st)
{
	struct stat now;

	return !stat(path, &now) && now.st_dev == st->st_dev &&
		now.st_ino == st->st_ino && now.st_size == st->st_size &&
		same_time(&now.st_mtim, &st->st_mtim) &&
		same_time(&now.st_ctim, &st->st_ctim);
}

void tmk_config_cache_put(const char *path, const char *section,
			  const struct stat *st, const struct tmk_buf *stream)
{
	struct tmk_buf all = TMK_BUF_INIT(HEAD_MAX + KEPT_MAX);
	char *dir, *name;

	if (stream->len > KEPT_MAX || !is_settled(st) || !is_same(path, st))
		return;
	dir = cache_dir(true);
	name = dir ? entry_path(dir, path, section) : NULL;
	if (name && !put_head(&all, path, section, st) &&
	    !tmk_buf_add(&all, stream->data, stream->len) &&
	    !tmk_file_write(name, 0600, all.data, all.len, NULL))
		prune(dir);
	tmk_buf_release(&all);
	free(name);
	free(dir);
}
