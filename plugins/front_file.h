/*
 * front_file.h - files as the commands meet them: hashed once with a progress
 * line, and written so that a failure leaves nothing half-made.
 *
 * Refuses to know what the bytes mean. Fails with TMK_INPUT naming the file.
 * Prints nothing but the progress line, on a terminal's stderr alone, and
 * wipes it before it returns.
 */
#ifndef TMK_PLUGINS_FRONT_FILE_H
#define TMK_PLUGINS_FRONT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/signer.h"

/* Open a file of any kind but a directory for reading; "-" is standard input.
 * *fd belongs to the caller. */
int tmk_front_file_open(int *fd, const char *path, struct tmk_err *err)
	TMK_MUST_CHECK;

/* How `path` is called in messages: "-" is "standard input". */
const char *tmk_front_file_name(const char *path);

/*
 * Hash all that `fd` gives, in constant memory. `digest` has TMK_HASH_MAX
 * bytes, *len gets how many were written. A regular file whose size, change
 * or modification time differs afterwards was changed while it was read:
 * TMK_INPUT, for nobody knows what would have been signed.
 */
int tmk_front_file_digest(uint8_t *digest, size_t *len, int fd,
			  const char *name, enum tmk_hash hash,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* The same over the content and `suffix_len` bytes after it (the trailer of
 * an OpenPGP signature). */
int tmk_front_file_digest_with(uint8_t *digest, size_t *len, int fd,
			       const char *name, enum tmk_hash hash,
			       const uint8_t *suffix, size_t suffix_len,
			       struct tmk_err *err) TMK_MUST_CHECK;

#define TMK_FRONT_FILE_HASHES 16

/* One digest of a file, and what is hashed after its content. */
struct tmk_front_file_hash {
	enum tmk_hash hash;
	const uint8_t *suffix;	/* borrowed; may be NULL when its length is 0 */
	size_t suffix_len;
	uint8_t digest[TMK_HASH_MAX];	/* set by the call */
	size_t digest_len;
};

/* Takes what a file holds, piece after piece. */
typedef int tmk_front_file_sink(void *to, const uint8_t *data, size_t len,
				struct tmk_err *err);

/* Give all that `fd` gives to `sink`, once and in constant memory, otherwise
 * as tmk_front_file_digest; `quiet`: without a progress line. */
int tmk_front_file_feed(int fd, const char *name, bool quiet,
			tmk_front_file_sink *sink, void *to,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Several digests (at most TMK_FRONT_FILE_HASHES) with one reading, since a
 * pipe can be read but once. Otherwise as tmk_front_file_digest. */
int tmk_front_file_digests(struct tmk_front_file_hash *hash, int count, int fd,
			   const char *name, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The same without a progress line, for one file of many. */
int tmk_front_file_digests_quiet(struct tmk_front_file_hash *hash, int count,
				 int fd, const char *name, struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * Put bytes where the user said. A regular file, or a name that is free, is
 * written beside and renamed; a link is followed first; a device or a pipe is
 * written to as it is; "-" is standard output. Success means that every byte
 * was taken and, for a file, is on the disk.
 */
int tmk_front_file_put(const char *path, const void *data, size_t len,
		       struct tmk_err *err) TMK_MUST_CHECK;

/*
 * The name beside a file, which nobody chose, must be free or a regular file:
 * whoever packed the directory may have put a link or a pipe there. TMK_INPUT
 * with a hint.
 */
int tmk_front_file_beside_ok(const char *path, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether both names lead to the same existing file. */
bool tmk_front_file_same(const char *a, const char *b);

/* Whether this is a pipe, device or socket, which is read only once. */
bool tmk_front_file_is_stream(const char *path);

/* Whether this is a directory. */
bool tmk_front_file_is_directory(const char *path);

/* Which of two exit codes tells more: 70 > 5 > 4 > 3 > 2 > 1 > 0. */
int tmk_front_file_worst(int a, int b);

#endif
