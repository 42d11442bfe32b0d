/*
 * archive_ring.h - a stream between two threads: one uncompresses, one reads
 * what is inside.
 *
 * Bounded: who writes waits for who reads. Knows nothing of the bytes. It
 * lives as long as its process, so that nothing here is freed.
 */
#ifndef TMK_PLUGINS_ARCHIVE_RING_H
#define TMK_PLUGINS_ARCHIVE_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TMK_ARCHIVE_SLOT (128 * 1024)	/* bytes */
#define TMK_ARCHIVE_SLOTS 8

struct tmk_archive_ring {
	pthread_mutex_t lock;
	pthread_cond_t turn;
	uint8_t *slot[TMK_ARCHIVE_SLOTS];
	size_t len[TMK_ARCHIVE_SLOTS];
	unsigned int put, got;	/* slots filled, slots given back; modulo */
	bool lent;		/* slot `got` is being read */
	bool ended;
	struct tmk_err err;	/* why it ended; code 0: it is whole */
};

/* Ready for both threads. Fails with TMK_INTERNAL. */
int tmk_archive_ring_init(struct tmk_archive_ring *ring, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Append; waits for room. */
void tmk_archive_ring_put(struct tmk_archive_ring *ring, const uint8_t *data,
			  size_t len);

/* Nothing follows; `err` (copied) has a code when the stream is not whole. */
void tmk_archive_ring_end(struct tmk_archive_ring *ring,
			  const struct tmk_err *err);

/* The next bytes, borrowed until the next call; waits for them. *len is 0 at
 * the end. Fails as the stream did. */
int tmk_archive_ring_next(struct tmk_archive_ring *ring,
			  const uint8_t **data, size_t *len,
			  struct tmk_err *err) TMK_MUST_CHECK;

#endif
