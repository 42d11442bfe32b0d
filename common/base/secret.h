/*
 * secret.h - the only form a PIN has in memory.
 *
 * A secret lives in pages of its own that are locked against swapping, left
 * out of core dumps and wiped on release. It has a fixed size, so it is never
 * moved and leaves no copy behind. It cannot be printed: nothing here turns
 * it into text, and code that must hand it to a module borrows the bytes.
 */
#ifndef TMK_BASE_SECRET_H
#define TMK_BASE_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TMK_SECRET_MAX 1024	/* bytes: PINs and pass phrases */

struct tmk_secret;		/* opaque: no field can be printed by chance */

/* A new, empty secret that belongs to the caller. Fails (TMK_INTERNAL) when
 * no locked memory is to be had: a secret is never kept in pageable memory. */
int tmk_secret_new(struct tmk_secret **out, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Wipe, unlock, free. NULL is fine. */
void tmk_secret_free(struct tmk_secret *secret);

/* Replace the content by `len` bytes; the caller wipes its own copy. Fails
 * (TMK_INPUT) over TMK_SECRET_MAX. */
int tmk_secret_set(struct tmk_secret *secret, const void *data, size_t len,
		   struct tmk_err *err) TMK_MUST_CHECK;

/* Append `len` bytes; the caller wipes its own copy. Fails (TMK_INPUT) over
 * TMK_SECRET_MAX; what was there then stays. */
int tmk_secret_add(struct tmk_secret *secret, const void *data, size_t len,
		   struct tmk_err *err) TMK_MUST_CHECK;

/* Read from `fd` straight into locked memory until end of file or the first
 * newline (which is dropped; a CR before it too). Fails (TMK_INPUT) over
 * TMK_SECRET_MAX or when a read fails; an empty answer is no failure. */
int tmk_secret_read(struct tmk_secret *secret, int fd, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The bytes, borrowed until the secret changes; not closed by a NUL. */
const uint8_t *tmk_secret_bytes(const struct tmk_secret *secret);

/* How many bytes. */
size_t tmk_secret_len(const struct tmk_secret *secret);

/* Make this process unreadable to debuggers and leave no core file
 * (prctl PR_SET_DUMPABLE, RLIMIT_CORE). Called by every program that may see
 * a PIN, before it reads anything. */
void tmk_secret_harden_process(void);

#endif
