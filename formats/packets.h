/*
 * packets.h - where one OpenPGP signature ends and the next one begins (RFC
 * 9580 section 4.2).
 *
 * Artefacts keep several signatures in one place; to leave one out or to judge
 * each alone they are cut apart here. Only the frames are read, and the number
 * of the digest: what a signature says is for the seal. Everything is borrowed.
 */
#ifndef TMK_FORMATS_PACKETS_H
#define TMK_FORMATS_PACKETS_H

#include <stddef.h>
#include <stdint.h>

/* One signature packet. */
struct tmk_packet {
	const uint8_t *data;	/* with its header, borrowed */
	size_t len;
	int version;		/* its first byte */
	int hash;		/* RFC 9580 section 9.5; 0: cannot be told */
	int algorithm;		/* section 9.1, of the key; the same */
};

/*
 * Cut `data` into at most `max` signature packets. Returns how many; 0 with
 * the end of a sentence in *why ("the signature ...", static) when something
 * else is among them, when a length is not definite or goes past the end, when
 * there is none, or more than `max`.
 */
int tmk_packets_split(struct tmk_packet *packet, int max, const uint8_t *data,
		      size_t len, const char **why);

/* The digest's name as "Hash:" has it ("SHA256"); NULL for a number that is
 * not known. */
const char *tmk_packets_hash_name(int hash);

/* Whether a name in "Hash:" is one that is known. */
int tmk_packets_hash_known(const uint8_t *name, size_t len);

#endif
