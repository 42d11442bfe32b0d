#include "core/chain_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/enc.h"
#include "base/file.h"
#include "base/json.h"
#include "x509/digest.h"

#define SHA256 1		/* enum tmk_hash */
#define LOCK_MS 10000		/* that a lock is waited for */
#define HEAD_MAX 1024		/* bytes of FILE.head */
#define HEAD_SIZE 512		/* that we write: one sector, so that it is
				   written over whole or not at all */
#define PIECE 65536
#define NUMBER_MAX 999999999u	/* of FILE.N */

static int failed(struct tmk_err *err, const char *path)
{
	return tmk_err_set(err, TMK_INPUT, "%s: %s", path, strerror(errno));
}

/* Wait for the lock, not for ever. */
static int wait_lock(int fd, bool shared, const char *name, struct tmk_err *err)
{
	int rc = tmk_file_lock(fd, shared, LOCK_MS, name, err);

	if (rc <= 0)
		return rc;
	tmk_err_set(err, TMK_INPUT, "%s: held by another process", name);
	return tmk_err_hint(err, "try again; fuser %s tells which one", name);
}

int tmk_chain_file_lock(int *fd, const char *path, bool shared,
			struct tmk_err *err)
{
	int flags = O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, lock, rc;
	char *name = NULL;

	if (asprintf(&name, "%s.lock", path) < 0)
		return tmk_err_nomem(err);
	lock = open(name, flags | (shared ? O_RDONLY : O_RDWR | O_CREAT),
		    0600);
	if (lock < 0 && shared) {
		*fd = -1;
		rc = 0;
	} else if (lock < 0) {
		rc = failed(err, name);
	} else {
		rc = wait_lock(lock, shared, name, err);
		if (rc)
			close(lock);
		else
			*fd = lock;
	}
	free(name);
	return rc;
}

int tmk_chain_file_open(int *fd, uint64_t *size, const char *path, bool append,
			bool make, struct tmk_err *err)
{
	int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK, log;
	struct stat st;

	flags |= append ? O_RDWR | O_APPEND : O_RDONLY;
	log = open(path, flags | (make ? O_CREAT : 0), 0600);
	if (log < 0)
		return errno == ENOENT && !make ? 1 : failed(err, path);
	if (fstat(log, &st) < 0) {
		failed(err, path);
	} else if (!S_ISREG(st.st_mode)) {
		tmk_err_set(err, TMK_INPUT, "%s: not a regular file", path);
	} else if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		tmk_err_set(err, TMK_INPUT, "%s: others than its owner may "
			    "write it", path);
		tmk_err_hint(err, "chmod go-w %s", path);
	} else {
		*fd = log;
		*size = (uint64_t)st.st_size;
		return 0;
	}
	close(log);
	return -1;
}

/* ---- FILE.head ------------------------------------------------------------- */

struct head_reader {
	struct tmk_chain_head *head;
	unsigned int seen;	/* fields, a bit each */
};

static bool take_hash(char out[TMK_CHAIN_HEX], const struct tmk_json_event *e)
{
	if (e->kind != TMK_JSON_STRING || e->len != TMK_CHAIN_HEX - 1 ||
	    strspn(e->text, "0123456789abcdef") != e->len)
		return false;
	memcpy(out, e->text, TMK_CHAIN_HEX);
	return true;
}

static int head_value(void *ctx, const struct tmk_json_event *e)
{
	static const char *const names[] = {
		"seq", "hash", "start", "size", "cut", "cutHash", "sealed"
	};
	struct head_reader *r = ctx;
	struct tmk_chain_head *h = r->head;
	uint64_t *number[] = {
		&h->seq, NULL, &h->start, &h->size, &h->cut, NULL, &h->sealed
	};
	unsigned int i;

	if (e->depth == 0)
		return 0;
	for (i = 0; i < 7 && strcmp(names[i], e->key); i++)
		;
	if (i == 7 || r->seen & 1u << i)
		return -1;
	r->seen |= 1u << i;
	if (i == 1 || i == 5)
		return take_hash(i == 1 ? h->hash : h->cut_hash, e) ? 0 : -1;
	if (e->kind != TMK_JSON_NUMBER || e->number < 0)
		return -1;
	*number[i] = (uint64_t)e->number;
	return 0;
}

static int head_parse(struct tmk_chain_head *head, const struct tmk_buf *text)
{
	struct tmk_chain_head h = { 0 };
	struct head_reader r = { &h, 0 };
	struct tmk_json_scan scan;
	size_t len = text->len;

	if (!len || text->data[--len] != '\n')
		return -1;
	while (len && text->data[len - 1] == ' ')
		len--;
	tmk_json_scan_init(&scan, head_value, &r);
	if (tmk_json_scan_feed(&scan, text->data, len) < 0 ||
	    tmk_json_scan_end(&scan) < 0)
		return -1;
	if ((r.seen & 15) != 15 ||
	    ((r.seen >> 4 & 3) != 0 && (r.seen >> 4 & 3) != 3) ||
	    h.sealed > h.seq || h.start > h.size ||
	    (h.size == h.start) != (h.seq == 0))
		return -1;
	*head = h;
	return 0;
}

int tmk_chain_file_head(struct tmk_chain_head *head, const char *path,
			struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(HEAD_MAX);
	char *name = NULL;
	int rc = -1;

	if (asprintf(&name, "%s.head", path) < 0)
		return tmk_err_nomem(err);
	if (access(name, F_OK) < 0 && errno == ENOENT) {
		rc = 1;
	} else if (tmk_file_read(&text, name, err) == 0) {
		rc = head_parse(head, &text);
		if (rc < 0)
			tmk_err_set(err, TMK_REFUSED, "%s: not what was "
				    "written", name);
	}
	tmk_buf_release(&text);
	free(name);
	return rc;
}

/* Fill up to HEAD_SIZE with blanks before the newline. */
static int head_write(struct tmk_buf *text, const struct tmk_chain_head *head)
{
	static const char blanks[] = "                                ";
	struct tmk_json j;

	tmk_json_init(&j, text);
	tmk_json_open_object(&j, NULL);
	tmk_json_int(&j, "seq", (int64_t)head->seq);
	tmk_json_string(&j, "hash", head->hash);
	tmk_json_int(&j, "start", (int64_t)head->start);
	tmk_json_int(&j, "size", (int64_t)head->size);
	if (head->cut) {
		tmk_json_int(&j, "cut", (int64_t)head->cut);
		tmk_json_string(&j, "cutHash", head->cut_hash);
	}
	if (head->sealed)
		tmk_json_int(&j, "sealed", (int64_t)head->sealed);
	tmk_json_close_object(&j);
	if (tmk_json_finish(&j) < 0)
		return -1;
	text->len--;		/* its newline */
	while (text->len < HEAD_SIZE - 1) {
		size_t n = HEAD_SIZE - 1 - text->len;

		if (tmk_buf_add(text, blanks, n < sizeof(blanks) - 1 ? n :
				sizeof(blanks) - 1) < 0)
			return -1;
	}
	return tmk_buf_addch(text, '\n');
}

/* Over a head of ours, which has this size already: 0, or 1 when there is none
 * that could be written over. */
static int head_over(const struct tmk_buf *text, const char *name,
		     struct tmk_err *err)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY |
		      O_NONBLOCK), rc = 0;
	struct stat st;

	if (fd < 0)
		return 1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size != HEAD_SIZE || st.st_nlink != 1 ||
	    text->len != HEAD_SIZE)
		rc = 1;
	else if (pwrite(fd, text->data, HEAD_SIZE, 0) != HEAD_SIZE ||
		 fdatasync(fd) < 0)
		rc = tmk_err_set(err, TMK_INPUT, "cannot write %s: %s", name,
				 strerror(errno));
	close(fd);
	return rc;
}

int tmk_chain_file_put_head(const struct tmk_chain_head *head,
			    const char *path, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(HEAD_MAX);
	char *name = NULL;
	int rc = -1;

	if (asprintf(&name, "%s.head", path) < 0)
		return tmk_err_nomem(err);
	if (head_write(&text, head) < 0)
		tmk_err_nomem(err);
	else
		rc = head_over(&text, name, err);
	if (rc > 0)
		rc = tmk_file_write(name, 0600, text.data, text.len, err);
	tmk_buf_release(&text);
	free(name);
	return rc;
}

int tmk_chain_file_hash(char out[TMK_CHAIN_HEX], int fd, uint64_t from,
			uint64_t to, const char *path, struct tmk_err *err)
{
	uint8_t piece[PIECE], digest[TMK_DIGEST_MAX];
	struct tmk_digest d;
	size_t len = 0;

	if (tmk_digest_init(&d, SHA256, err) < 0)
		return -1;
	while (from < to) {
		uint64_t left = to - from;
		ssize_t n = pread(fd, piece, left < PIECE ? (size_t)left :
				  PIECE, (off_t)from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			failed(err, path);
		else if (!n)
			tmk_err_set(err, TMK_INPUT, "%s: it became shorter "
				    "while it was read", path);
		if (n <= 0 || tmk_digest_update(&d, piece, (size_t)n,
						err) < 0) {
			tmk_digest_release(&d);
			return -1;
		}
		from += (uint64_t)n;
	}
	if (tmk_digest_final(&d, digest, &len, err) < 0)
		return -1;
	tmk_enc_hex(out, digest, len);
	return 0;
}

int tmk_chain_file_number(unsigned int *highest, const char *path,
			  struct tmk_err *err)
{
	const char *slash = strrchr(path, '/'), *base;
	char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) :
		strdup(".");
	size_t len;
	DIR *d;

	if (!dir)
		return tmk_err_nomem(err);
	base = slash ? slash + 1 : path;
	len = strlen(base);
	d = opendir(dir);
	free(dir);
	if (!d)
		return failed(err, path);
	*highest = 0;
	for (;;) {
		const struct dirent *e = readdir(d);
		const char *n;
		unsigned long value;
		size_t digits;

		if (!e)
			break;
		n = e->d_name + len + 1;
		if (strncmp(e->d_name, base, len) || e->d_name[len] != '.')
			continue;
		/* a head alone takes its number too */
		digits = strspn(n, "0123456789");
		if (!digits || digits > 9 ||
		    (n[digits] && strcmp(n + digits, ".head")))
			continue;
		value = strtoul(n, NULL, 10);
		if (value > *highest && value < NUMBER_MAX)
			*highest = (unsigned int)value;
	}
	closedir(d);
	return 0;
}
