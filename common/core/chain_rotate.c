/*
 * chain_rotate.c - putting a hash-chained log aside and going on in a new one.
 */
#include "core/chain_job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "base/json.h"
#include "x509/digest.h"

#define SHA256 1		/* enum tmk_hash */
#define ROTATE_MAX 4096		/* bytes of a first entry */

/* The first entry of the new log. */
static int first_entry(struct tmk_buf *out, const struct tmk_chain_job *job,
		       const char *from, int64_t time)
{
	const char *slash = from ? strrchr(from, '/') : NULL;
	char when[TMK_CLOCK_TEXT];
	struct tmk_json j;

	tmk_json_init(&j, out);
	tmk_json_open_object(&j, NULL);
	tmk_json_int(&j, "seq", (int64_t)job->head.seq + 1);
	tmk_json_string(&j, "prev", job->head.hash);
	tmk_json_string(&j, "time", tmk_clock_format(when, time));
	tmk_json_string(&j, "kind", "rotate");
	tmk_json_string(&j, "from", slash ? slash + 1 : from);
	tmk_json_string(&j, "broken", job->broken[0] ? job->broken : NULL);
	tmk_json_close_object(&j);
	return tmk_json_finish(&j);
}

/* Without a head the last whole line tells where the chain goes on. */
static int find_head(struct tmk_chain_job *job, struct tmk_err *err)
{
	struct tmk_chain_report report;

	if (job->known)
		return 0;
	memcpy(job->head.hash, TMK_CHAIN_ZERO, TMK_CHAIN_HEX);
	if (job->fd < 0)
		return 0;
	if (tmk_chain_file_read(&report, job->fd, job->size, NULL, job->path,
				NULL, err) < 0)
		return -1;
	if (report.lines) {
		job->head.seq = report.last.seq;
		memcpy(job->head.hash, report.last.hash, TMK_CHAIN_HEX);
	}
	return 0;
}

/* The log is gone, but FILE.N is what its head describes: a rotation was
 * interrupted between two renames. */
static int find_moved(struct tmk_chain_job *job, char **from,
		      unsigned int highest, struct tmk_err *err)
{
	struct tmk_chain_head head = { 0 };
	struct tmk_err ignored = TMK_ERR_INIT;
	uint64_t size = 0;
	char *name = NULL;
	int fd = -1;

	if (!highest || !job->known)
		return 0;
	if (asprintf(&name, "%s.%u", job->path, highest) < 0)
		return tmk_err_nomem(err);
	if (tmk_chain_file_head(&head, name, &ignored) == 0 &&
	    head.seq == job->head.seq && !strcmp(head.hash, job->head.hash) &&
	    tmk_chain_file_open(&fd, &size, name, false, false,
				&ignored) == 0 && size == head.size) {
		job->broken[0] = '\0';
		*from = name;
		name = NULL;
	}
	if (fd >= 0)
		close(fd);
	free(name);
	return 0;
}

/* Give the old log and its head their new names. */
static int move_old(char **moved, struct tmk_chain_job *job,
		    unsigned int highest, struct tmk_err *err)
{
	char *name = NULL;

	if (asprintf(&name, "%s.%u", job->path, highest + 1) < 0)
		return tmk_err_nomem(err);
	if (job->known &&
	    tmk_chain_file_put_head(&job->head, name, err) < 0)
		goto fail;
	if (rename(job->path, name) < 0) {
		tmk_err_set(err, TMK_INPUT, "cannot rename %s: %s", job->path,
			    strerror(errno));
		goto fail;
	}
	*moved = name;
	return 0;
fail:
	free(name);
	return -1;
}

static int write_new(struct tmk_chain_job *job, const char *from, int64_t time,
		     struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(ROTATE_MAX);
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len = 0;
	int rc = -1;

	if (first_entry(&line, job, from, time) < 0)
		tmk_err_nomem(err);
	else if (!tmk_digest_bytes(SHA256, line.data, line.len, digest, &len,
				   err))
		rc = tmk_file_write(job->path, 0600, line.data, line.len,
				    err);
	if (!rc) {
		job->head = (struct tmk_chain_head){
			.seq = job->head.seq + 1, .size = line.len,
			.sealed = job->head.sealed
		};
		tmk_enc_hex(job->head.hash, digest, len);
		rc = tmk_chain_file_put_head(&job->head, job->path, err);
	}
	tmk_buf_release(&line);
	return rc;
}

int tmk_chain_job_rotated(struct tmk_chain_job *job, int64_t time,
			  struct tmk_err *err)
{
	unsigned int highest = 0;
	char *from = NULL;
	int rc;

	if (job->fd >= 0 || !job->known)
		return 0;
	rc = tmk_chain_file_number(&highest, job->path, err);
	if (!rc)
		rc = find_moved(job, &from, highest, err);
	if (!rc && from) {
		rc = write_new(job, from, time, err);
		if (!rc)
			rc = tmk_chain_file_open(&job->fd, &job->size,
						 job->path, true, false, err);
		if (rc > 0)
			rc = tmk_err_set(err, TMK_INPUT, "%s: it is gone "
					 "again", job->path);
		job->dirty = false;
	}
	free(from);
	return rc ? -1 : 0;
}

int tmk_chain_log_rotate(char **moved, char *why, size_t size,
			 const char *path, int64_t time, struct tmk_err *err)
{
	unsigned int highest = 0;
	char *name = NULL, *from = NULL;
	struct tmk_chain_job job;
	int rc = tmk_chain_job_begin(&job, path, false, err);

	if (!rc && job.fd < 0 && !job.known && !job.headed) {
		tmk_err_set(err, TMK_INPUT, "%s: there is no log", path);
		rc = tmk_err_hint(err, "its first entry begins it");
	}
	if (!rc && !job.broken[0] && job.dirty && !job.head.cut)
		rc = tmk_chain_file_put_head(&job.head, path, err);
	if (!rc && !job.broken[0])
		rc = tmk_chain_job_recover(&job, time, err);
	if (!rc)
		rc = find_head(&job, err);
	if (!rc)
		rc = tmk_chain_file_number(&highest, path, err);
	if (!rc)
		rc = job.fd >= 0 ? move_old(&name, &job, highest, err) :
			find_moved(&job, &from, highest, err);
	if (!rc)
		rc = write_new(&job, name ? name : from, time, err);
	if (!rc) {
		*moved = name;
		name = NULL;
		if (why)
			snprintf(why, size, "%s", job.broken);
	}
	free(name);
	free(from);
	tmk_chain_job_release(&job);
	return rc;
}
