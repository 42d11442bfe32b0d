/*
 * chain_log.h - a log whose lines hold each other fast.
 *
 * Every line is one entry: a JSON object that begins with its number, the
 * SHA-256 of the line before it, a time and a kind (docs/PROTOCOL.log). The
 * number and hash of the last entry stand in FILE.head as well, so that a cut
 * end is seen. Whoever appends holds FILE.lock.
 *
 * Knows no kind of entry but its own two: `rotate` begins a log that goes on
 * from another one, `recovered` says that an append was interrupted and what
 * was left of it was cut away. Fails with TMK_INPUT when a file cannot be
 * read or written, and with TMK_REFUSED when the log is not what was written:
 * then nothing is appended until it was rotated. Nothing is printed.
 */
#ifndef TMK_CORE_CHAIN_LOG_H
#define TMK_CORE_CHAIN_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json_scan.h"
#include "core/chain_spool.h"

#define TMK_CHAIN_HEX 65	/* a SHA-256 in hex, and NUL */
#define TMK_CHAIN_KIND 24	/* bytes of a kind, with its NUL */
#define TMK_CHAIN_FIELDS 4	/* seq, prev, time, kind */

/* The last entry of a log. */
struct tmk_chain_head {
	uint64_t seq;		/* its number; 0: there was none yet */
	char hash[TMK_CHAIN_HEX];	/* of its line, newline included */
	uint64_t start, size;	/* where its line begins and ends */
	/* A recovery that is to be written with the next entry. */
	uint64_t cut;		/* bytes that were cut away; 0: none */
	char cut_hash[TMK_CHAIN_HEX];
	uint64_t sealed;	/* the last entry that a timestamp covers; 0:
				   none was said to */
};

/*
 * Whether an entry could be appended now: make the log (mode 0600, folders
 * 0700) when it was never there, and look at its end.
 */
int tmk_chain_log_check(const char *path, struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Append one entry and return when it is on the disk: the four fields with
 * `time` and `kind`, then the bytes of `part` one after the other, which are
 * further fields of a JSON object ("\"a\":1,\"b\":2", never empty together).
 * `head` (may be NULL) gets what stands there now. After a failure the log
 * goes on as before; the entry may stand in it nevertheless, when only its
 * head could not be written.
 */
int tmk_chain_log_append(struct tmk_chain_head *head, const char *path,
			 int64_t time, const char *kind,
			 const struct tmk_chain_spool *const *part, int parts,
			 struct tmk_err *err) TMK_MUST_CHECK;

#define TMK_CHAIN_BATCH 256	/* entries that are appended at once */
#define TMK_CHAIN_FIELDS_MAX (128 * 1024)	/* bytes of one of them */
#define TMK_CHAIN_BATCH_BYTES \
	(TMK_CHAIN_BATCH * (TMK_CHAIN_FIELDS_MAX + 512))

/* One of several entries. */
struct tmk_chain_entry {
	int64_t time;
	const char *kind;
	const void *fields;	/* as `part` above, in one piece; borrowed */
	size_t len;		/* at most TMK_CHAIN_FIELDS_MAX */
	uint64_t covers;	/* the entry up to which this one seals the
				   log; 0: it does not */
	struct tmk_chain_head head;	/* out: the log's end behind it */
};

/*
 * The same for 1 to TMK_CHAIN_BATCH small entries, in this order, with one
 * write and one sync for all of them. All are on the disk, or none counts.
 */
int tmk_chain_log_append_all(const char *path,
			     struct tmk_chain_entry *const *entry, int n,
			     struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Rename the log to FILE.N (N above every one there is), its head likewise,
 * and begin a new one, whose first entry carries the hash of the last one and
 * says what was wrong with it, if anything was. *moved is the new name of the
 * old log, NULL when it was gone; it belongs to the caller. `broken` (may be
 * NULL) gets what was wrong, or "". TMK_INPUT when there never was a log.
 */
int tmk_chain_log_rotate(char **moved, char *broken, size_t size,
			 const char *path, int64_t time, struct tmk_err *err)
	TMK_MUST_CHECK;

/* ---- reading (chain_log_read.c) ------------------------------------------- */

/* One line. Borrowed for the call. */
struct tmk_chain_line {
	uint64_t number;	/* in this file, from 1 */
	uint64_t seq;
	char prev[TMK_CHAIN_HEX];
	char hash[TMK_CHAIN_HEX];	/* once it is whole */
	int64_t time;
	char kind[TMK_CHAIN_KIND];
	uint64_t start;		/* where it stands in the file */
	uint64_t len;		/* with its newline, once it is whole */
	int fields;		/* of the four that were read */
	int fd;			/* the open log, to read it once more */
};

/* Both may be NULL; negative ends the reading with `err`. */
struct tmk_chain_visit {
	void *ctx;
	/* A value behind the four fields, in lines that may turn out to be
	 * broken: what is learnt counts only when tmk_chain_log_read returns
	 * 0. */
	int (*value)(void *ctx, const struct tmk_chain_line *line,
		     const struct tmk_json_event *e, struct tmk_err *err);
	/* The line is whole, and follows the one before. */
	int (*line)(void *ctx, const struct tmk_chain_line *line,
		    struct tmk_err *err);
};

/* What was read. */
struct tmk_chain_report {
	uint64_t lines;		/* whole and in order */
	struct tmk_chain_line first, last;	/* of them */
	char from[256];		/* first is a rotation: of which file */
	char was_broken[256];	/* which was broken, and how; or "" */
	uint64_t broken;	/* line at which the chain breaks, 0: none */
	char text[400];		/* and why, escaped */
	bool nothing;		/* neither log nor head: it was never begun,
				   or somebody took both away */
};

/*
 * Read a log from its first line to its last and hold every line against the
 * one before, and the end against FILE.head. Constant memory. 0 when it is
 * whole, 1 when it breaks (`report` says where; an absent or empty log breaks
 * at line 1), negative when it cannot be read. `visit` may be NULL.
 */
int tmk_chain_log_read(struct tmk_chain_report *report, const char *path,
		       const struct tmk_chain_visit *visit,
		       struct tmk_err *err) TMK_MUST_CHECK;

#endif
