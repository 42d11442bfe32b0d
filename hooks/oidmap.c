#include "hooks/oidmap.h"

#include <stdlib.h>
#include <string.h>

#include <sys/random.h>

#define COUNT_MAX 200000000u

int tmk_oidmap_init(struct tmk_oidmap *map)
{
	int i;

	memset(map, 0, sizeof(*map));
	if (getrandom(map->secret, sizeof(map->secret), 0) !=
	    (ssize_t)sizeof(map->secret))
		return -1;
	for (i = 0; i < 4; i++)
		map->secret[i] |= 1;
	return 0;
}

void tmk_oidmap_release(struct tmk_oidmap *map)
{
	free(map->key);
	free(map->slot);
	map->key = NULL;
	map->slot = NULL;
	map->count = map->room = 0;
	map->slots = 0;
}

/* A sum of products with secret odd factors; the high bits are the good
 * ones. */
static size_t place(const struct tmk_oidmap *map, const struct tmk_oid *oid)
{
	uint64_t word[4], sum = 0;
	int i;

	memcpy(word, oid->id, sizeof(word));
	for (i = 0; i < 4; i++)
		sum += map->secret[i] * word[i];
	return (size_t)(sum >> 32);
}

int64_t tmk_oidmap_find(const struct tmk_oidmap *map, const struct tmk_oid *oid)
{
	size_t at;

	if (!map->slots)
		return -1;
	for (at = place(map, oid) & (map->slots - 1); map->slot[at];
	     at = (at + 1) & (map->slots - 1))
		if (tmk_oid_equal(&map->key[map->slot[at] - 1], oid))
			return map->slot[at] - 1;
	return -1;
}

static void put(struct tmk_oidmap *map, uint32_t number)
{
	size_t at = place(map, &map->key[number]) & (map->slots - 1);

	while (map->slot[at])
		at = (at + 1) & (map->slots - 1);
	map->slot[at] = number + 1;
}

/* At most half of the slots are in use. */
static int grow(struct tmk_oidmap *map)
{
	size_t slots = map->slots ? map->slots * 2 : 1024;
	uint32_t *slot = calloc(slots, sizeof(*slot));
	struct tmk_oid *key;
	uint32_t i;

	if (!slot)
		return -1;
	key = realloc(map->key, slots / 2 * sizeof(*key));
	if (!key) {
		free(slot);
		return -1;
	}
	free(map->slot);
	map->slot = slot;
	map->slots = slots;
	map->key = key;
	map->room = (uint32_t)(slots / 2);
	for (i = 0; i < map->count; i++)
		put(map, i);
	return 0;
}

int64_t tmk_oidmap_add(struct tmk_oidmap *map, const struct tmk_oid *oid)
{
	int64_t found = tmk_oidmap_find(map, oid);

	if (found >= 0)
		return found;
	if (map->count >= COUNT_MAX)
		return -1;
	if (map->count == map->room && grow(map) < 0)
		return -1;
	map->key[map->count] = *oid;
	put(map, map->count);
	return map->count++;
}
