#include "plugins/archive_ring.h"

#include <stdlib.h>
#include <string.h>

int tmk_archive_ring_init(struct tmk_archive_ring *ring, struct tmk_err *err)
{
	int i;

	memset(ring, 0, sizeof(*ring));
	for (i = 0; i < TMK_ARCHIVE_SLOTS; i++) {
		ring->slot[i] = malloc(TMK_ARCHIVE_SLOT);
		if (!ring->slot[i])
			return tmk_err_nomem(err);
	}
	if (pthread_mutex_init(&ring->lock, NULL) ||
	    pthread_cond_init(&ring->turn, NULL))
		return tmk_err_nomem(err);
	return 0;
}

void tmk_archive_ring_put(struct tmk_archive_ring *ring, const uint8_t *data,
			  size_t len)
{
	while (len) {
		size_t n = len < TMK_ARCHIVE_SLOT ? len : TMK_ARCHIVE_SLOT;
		unsigned int i = ring->put % TMK_ARCHIVE_SLOTS;

		pthread_mutex_lock(&ring->lock);
		while (ring->put - ring->got == TMK_ARCHIVE_SLOTS)
			pthread_cond_wait(&ring->turn, &ring->lock);
		pthread_mutex_unlock(&ring->lock);
		/* the slot is nobody else's until it is counted */
		memcpy(ring->slot[i], data, n);
		ring->len[i] = n;
		pthread_mutex_lock(&ring->lock);
		ring->put++;
		pthread_cond_signal(&ring->turn);
		pthread_mutex_unlock(&ring->lock);
		data += n;
		len -= n;
	}
}

void tmk_archive_ring_end(struct tmk_archive_ring *ring,
			  const struct tmk_err *err)
{
	pthread_mutex_lock(&ring->lock);
	ring->err = *err;
	ring->ended = true;
	pthread_cond_signal(&ring->turn);
	pthread_mutex_unlock(&ring->lock);
}

int tmk_archive_ring_next(struct tmk_archive_ring *ring,
			  const uint8_t **data, size_t *len,
			  struct tmk_err *err)
{
	int rc = 0;

	*len = 0;
	pthread_mutex_lock(&ring->lock);
	if (ring->lent) {
		ring->got++;
		ring->lent = false;
		pthread_cond_signal(&ring->turn);
	}
	while (ring->put == ring->got && !ring->ended)
		pthread_cond_wait(&ring->turn, &ring->lock);
	if (ring->put != ring->got) {
		*data = ring->slot[ring->got % TMK_ARCHIVE_SLOTS];
		*len = ring->len[ring->got % TMK_ARCHIVE_SLOTS];
		ring->lent = true;
	} else if (ring->err.code) {
		*err = ring->err;
		rc = -1;
	}
	pthread_mutex_unlock(&ring->lock);
	return rc;
}
