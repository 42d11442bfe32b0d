#include "plugins/front_approval_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "core/config_files.h"

#define STORE_MAX 4096		/* requests, with those that are over */
#define CROWD 1024		/* from here on none is kept that expired */
#define KEEP_S 86400		/* s that one is kept after it expired */
#define LOCK_MS 10000
#define FINGERPRINT_HEX 64

#define REQUEST "request"
#define CONTENT "content"
#define SPENT "spent"
#define APPROVAL "approval-"

/* "DIR/NAME"; NULL when memory ends. */
static char *join(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* ---- the folder of all ------------------------------------------------------ */

static char *store_path(void)
{
	static const char tail[] = "touchmark/requests";
	const char *state = tmk_config_env_get("XDG_STATE_HOME");
	const char *home = tmk_config_env_get("HOME");
	char *path = NULL;

	/* One that is not absolute is to be ignored (XDG base directories). */
	if (state && *state == '/')
		return join(state, tail);
	if (home && *home == '/' &&
	    asprintf(&path, "%s/.local/state/%s", home, tail) < 0)
		path = NULL;
	return path;
}

static int wait_lock(int fd, const char *path, int code, struct tmk_err *err)
{
	int rc = tmk_file_lock(fd, false, LOCK_MS, path, err);

	if (rc <= 0)
		return rc;
	tmk_err_set(err, code, "%s: another process uses it", path);
	return tmk_err_hint(err, "try again when that has ended");
}

/* A folder that is the user's own and nobody else's. */
static int open_own(const char *path, struct tmk_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				   strerror(errno));
	if (fstat(fd, &st) || st.st_uid != geteuid() || st.st_mode & 077) {
		close(fd);
		tmk_err_set(err, TMK_USAGE, "%s: others may enter it, or it "
			    "belongs to somebody else", path);
		return tmk_err_hint(err, "chmod 0700 %s", path);
	}
	return fd;
}

int tmk_approval_store_open(int *fd, char **path, struct tmk_err *err)
{
	char *dir = store_path();
	int got = -1;

	if (!dir) {
		tmk_err_set(err, TMK_USAGE, "there is no home directory to "
			    "keep requests in");
		return tmk_err_hint(err, "set HOME or XDG_STATE_HOME");
	}
	if (!tmk_file_mkdirs(dir, err))
		got = open_own(dir, err);
	if (got < 0 || wait_lock(got, dir, TMK_INPUT, err)) {
		if (got >= 0)
			close(got);
		free(dir);
		return -1;
	}
	*fd = got;
	*path = dir;
	return 0;
}

/* ---- one of them ------------------------------------------------------------ */

static bool has(const char *dir, const char *name)
{
	char *path = join(dir, name);
	struct stat st;
	/* What cannot be looked at may be there. */
	bool there = !path || !lstat(path, &st) || errno != ENOENT;

	free(path);
	return there;
}

static int read_named(struct tmk_buf *out, const char *dir, const char *name,
		      struct tmk_err *err)
{
	char *path = join(dir, name);
	int rc;

	if (!path)
		return tmk_err_nomem(err);
	rc = tmk_file_read(out, path, err);
	free(path);
	return rc;
}

static int read_request(struct tmk_approval_request *r, struct tmk_err *err)
{
	struct tmk_buf content = TMK_BUF_INIT(sizeof(r->content));
	char id[TMK_APPROVAL_ID];

	if (read_named(&r->bytes, r->path, REQUEST, err) ||
	    tmk_approval_text_id(id, r->bytes.data, r->bytes.len, err))
		return -1;
	if (strcmp(id, r->id) ||
	    tmk_approval_text_read(&r->text, r->bytes.data, r->bytes.len,
				   NULL)) {
		tmk_err_set(err, TMK_INPUT, "request %s was changed: it is "
			    "not what its name says", r->id);
		return tmk_err_hint(err, "ask for the signature again, which "
				    "makes a new request");
	}
	r->has_content = !read_named(&content, r->path, CONTENT, NULL) &&
		content.len == sizeof(r->content);
	if (r->has_content)
		memcpy(r->content, content.data, sizeof(r->content));
	tmk_buf_release(&content);
	r->spent = has(r->path, SPENT);
	return 0;
}

int tmk_approval_store_load(struct tmk_approval_request *out,
			    const char *store, const char *id,
			    struct tmk_err *err)
{
	memset(out, 0, sizeof(*out));
	out->lock = -1;
	tmk_buf_init(&out->bytes, TMK_APPROVAL_TEXT_MAX);
	if (!tmk_approval_text_id_ok(id))
		return tmk_err_set(err, TMK_USAGE, "a request is named by 32 "
				   "hex digits");
	memcpy(out->id, id, sizeof(out->id));
	out->path = join(store, id);
	if (!out->path)
		return tmk_err_nomem(err);
	if (!has(out->path, REQUEST)) {
		tmk_err_set(err, TMK_INPUT, "there is no request %s", id);
		return tmk_err_hint(err, "touchmark approve --list shows those "
				    "that wait");
	}
	return read_request(out, err);
}

void tmk_approval_store_release(struct tmk_approval_request *request)
{
	if (request->lock >= 0)
		close(request->lock);
	request->lock = -1;
	free(request->path);
	request->path = NULL;
	tmk_buf_release(&request->bytes);
}

int tmk_approval_store_lock(struct tmk_approval_request *request,
			    struct tmk_err *err)
{
	int fd = open_own(request->path, err);

	if (fd < 0)
		return -1;
	if (wait_lock(fd, request->path, TMK_REFUSED, err)) {
		close(fd);
		return -1;
	}
	request->lock = fd;
	request->spent = has(request->path, SPENT);
	return 0;
}

int tmk_approval_store_each(const char *store, tmk_approval_visit visit,
			    void *ctx, struct tmk_err *err)
{
	DIR *dir = opendir(store);
	struct dirent *e;
	int rc = 0;

	if (!dir)
		return tmk_err_set(err, TMK_INPUT, "%s: %s", store,
				   strerror(errno));
	while (!rc && (e = readdir(dir))) {
		struct tmk_approval_request r;

		if (!tmk_approval_text_id_ok(e->d_name))
			continue;
		/* One that was changed is none. */
		if (!tmk_approval_store_load(&r, store, e->d_name, NULL))
			rc = visit(ctx, &r, err);
		tmk_approval_store_release(&r);
	}
	closedir(dir);
	return rc < 0 ? -1 : 0;
}

/* ---- making and removing ---------------------------------------------------- */

static bool is_approval(const char *name)
{
	const size_t n = sizeof(APPROVAL) - 1;

	return !strncmp(name, APPROVAL, n) &&
		strlen(name) == n + FINGERPRINT_HEX &&
		strspn(name + n, "0123456789abcdef") == FINGERPRINT_HEX;
}

/* Remove the files that are ours, and the folder if nothing else is in it.
 * The text goes last: without it there is no request. */
static void remove_one(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	if (!dir)
		return;
	while ((e = readdir(dir)))
		if (is_approval(e->d_name) || !strcmp(e->d_name, CONTENT) ||
		    tmk_newfile_is_temp(e->d_name))
			(void)unlinkat(dirfd(dir), e->d_name, 0);
	(void)unlinkat(dirfd(dir), REQUEST, 0);
	(void)unlinkat(dirfd(dir), SPENT, 0);
	closedir(dir);
	(void)rmdir(path);
}

/* One that expired `keep` seconds ago, or is no request (any more). */
static bool is_over(const char *store, const char *id, int64_t keep,
		    int64_t now)
{
	struct tmk_approval_request r;
	struct stat st;
	bool over;

	if (!tmk_approval_store_load(&r, store, id, NULL))
		over = r.text.expires + keep < now;
	else
		over = r.path && !stat(r.path, &st) &&
			st.st_mtime + KEEP_S < now;
	tmk_approval_store_release(&r);
	return over;
}

/* *count gets how many are left. */
static int tidy(const char *store, int64_t keep, int64_t now, int *count,
		struct tmk_err *err)
{
	DIR *dir = opendir(store);
	struct dirent *e;

	if (!dir)
		return tmk_err_set(err, TMK_INPUT, "%s: %s", store,
				   strerror(errno));
	*count = 0;
	while ((e = readdir(dir))) {
		char *path;

		if (!tmk_approval_text_id_ok(e->d_name))
			continue;
		if (!is_over(store, e->d_name, keep, now)) {
			++*count;
			continue;
		}
		path = join(store, e->d_name);
		if (path)
			remove_one(path);
		free(path);
	}
	closedir(dir);
	return 0;
}

static int write_named(const char *dir, const char *name, const void *data,
		       size_t len, struct tmk_err *err)
{
	char *path = join(dir, name);
	int rc;

	if (!path)
		return tmk_err_nomem(err);
	rc = tmk_file_write(path, 0600, data, len, err);
	free(path);
	return rc;
}

static int write_request(const char *path, const struct tmk_buf *bytes,
			 const uint8_t *content, struct tmk_err *err)
{
	if (mkdir(path, 0700))
		return tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				   strerror(errno));
	if ((content && write_named(path, CONTENT, content, 32, err)) ||
	    write_named(path, REQUEST, bytes->data, bytes->len, err) ||
	    tmk_file_sync_directory(path, err)) {
		remove_one(path);
		return -1;
	}
	return 0;
}

int tmk_approval_store_make(char id[TMK_APPROVAL_ID], const char *store,
			    const struct tmk_approval_text *text,
			    const uint8_t *content, struct tmk_err *err)
{
	struct tmk_buf bytes = TMK_BUF_INIT(TMK_APPROVAL_TEXT_MAX);
	char *path = NULL;
	int count = 0, rc;

	rc = tidy(store, KEEP_S, text->created, &count, err);
	/* Nobody keeps others out for a day. */
	if (!rc && count >= CROWD)
		rc = tidy(store, 0, text->created, &count, err);
	if (!rc && count >= STORE_MAX) {
		tmk_err_set(err, TMK_INPUT, "%d requests are kept already",
			    count);
		rc = tmk_err_hint(err, "they go when they expire");
	}
	if (!rc)
		rc = tmk_approval_text_write(&bytes, text, err);
	if (!rc)
		rc = tmk_approval_text_id(id, bytes.data, bytes.len, err);
	if (!rc) {
		path = join(store, id);
		rc = path ? write_request(path, &bytes, content, err) :
			tmk_err_nomem(err);
	}
	free(path);
	tmk_buf_release(&bytes);
	return rc;
}

/* ---- approvals -------------------------------------------------------------- */

int tmk_approval_store_keep(const struct tmk_approval_request *request,
			    const char *sha256, const uint8_t *der, size_t len,
			    struct tmk_err *err)
{
	char name[sizeof(APPROVAL) + FINGERPRINT_HEX];

	snprintf(name, sizeof(name), APPROVAL "%s", sha256);
	if (!is_approval(name))
		return tmk_err_set(err, TMK_INTERNAL, "no fingerprint");
	return write_named(request->path, name, der, len, err);
}

int tmk_approval_store_approvals(struct tmk_buf *der, int *count,
				 const struct tmk_approval_request *request,
				 struct tmk_err *err)
{
	DIR *dir = opendir(request->path);
	struct dirent *e;
	int n = 0, rc = 0;

	if (!dir)
		return tmk_err_set(err, TMK_INPUT, "%s: %s", request->path,
				   strerror(errno));
	while (!rc && n < TMK_APPROVALS_MAX && (e = readdir(dir))) {
		if (!is_approval(e->d_name))
			continue;
		rc = read_named(&der[n++], request->path, e->d_name, err);
	}
	closedir(dir);
	*count = n;
	return rc;
}

int tmk_approval_store_spend(const char *path, struct tmk_err *err)
{
	char *spent = join(path, SPENT);
	int fd, rc = -1;

	if (!spent)
		return tmk_err_nomem(err);
	/* Whoever is not the first has nothing to spend. */
	fd = open(spent, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		tmk_err_set(err, TMK_REFUSED, "%s: %s", spent,
			    errno == EEXIST ? "these approvals were used "
			    "already" : strerror(errno));
	else if (fsync(fd))
		tmk_err_set(err, TMK_INPUT, "%s: %s", spent, strerror(errno));
	else
		rc = tmk_file_sync_directory(spent, err);
	if (fd >= 0)
		close(fd);
	free(spent);
	return rc;
}
