/*
 * openpgp_packet.h - cutting OpenPGP into packets, subpackets and numbers, and
 * writing them (RFC 9580 sections 3, 4 and 5.2.3.7).
 *
 * Cursors over bytes that somebody else owns: nothing is copied, believed or
 * allocated, and every length fits into what holds it. No partial and no
 * indeterminate lengths. Knows the encoding and no meaning. Readers answer
 * false for anything that is not well-formed; writers return -1 when the
 * buffer is full.
 */
#ifndef TMK_SEAL_OPENPGP_PACKET_H
#define TMK_SEAL_OPENPGP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Packet types (RFC 9580 section 5). */
enum {
	TMK_OPENPGP_SIGNATURE = 2,
	TMK_OPENPGP_SECRET_KEY = 5,
	TMK_OPENPGP_PUBLIC_KEY = 6,
	TMK_OPENPGP_SECRET_SUBKEY = 7,
	TMK_OPENPGP_MARKER = 10,
	TMK_OPENPGP_TRUST = 12,
	TMK_OPENPGP_USER_ID = 13,
	TMK_OPENPGP_PUBLIC_SUBKEY = 14,
	TMK_OPENPGP_USER_ATTRIBUTE = 17
};

struct tmk_openpgp_cursor {
	const uint8_t *at;
	size_t left;
};

struct tmk_openpgp_packet {
	int tag;
	const uint8_t *body;
	size_t len;
};

struct tmk_openpgp_sub {
	int type;		/* without the critical bit */
	bool critical;
	const uint8_t *body;	/* behind the type octet */
	size_t len;
};

/* A number: big-endian, without leading zero octets. */
struct tmk_openpgp_mpi {
	const uint8_t *data;
	size_t len;
};

/* Take `len` octets; NULL when there are fewer. */
const uint8_t *tmk_openpgp_take(struct tmk_openpgp_cursor *c, size_t len);

/* Take a big-endian number of `size` octets, at most 4. */
bool tmk_openpgp_number(uint32_t *out, struct tmk_openpgp_cursor *c,
			size_t size);

/* Take one packet of either header form (section 4.2). */
bool tmk_openpgp_packet_next(struct tmk_openpgp_packet *out,
			     struct tmk_openpgp_cursor *c);

/* Take one subpacket (section 5.2.3.7). */
bool tmk_openpgp_sub_next(struct tmk_openpgp_sub *out,
			  struct tmk_openpgp_cursor *c);

/* Take one MPI (section 3.2): not zero, with the exact count of bits. */
bool tmk_openpgp_mpi_next(struct tmk_openpgp_mpi *out,
			  struct tmk_openpgp_cursor *c);

/* Append a big-endian number of `size` octets. */
int tmk_openpgp_put_number(struct tmk_buf *out, uint32_t value, size_t size)
	TMK_MUST_CHECK;

/* Append a packet with the header that old readers know too. */
int tmk_openpgp_put_packet(struct tmk_buf *out, int tag, const void *body,
			   size_t len) TMK_MUST_CHECK;

/* Append a subpacket, not critical. */
int tmk_openpgp_put_sub(struct tmk_buf *out, int type, const void *body,
			size_t len) TMK_MUST_CHECK;

/* Append the MPI of a big-endian number; leading zero octets are dropped. */
int tmk_openpgp_put_mpi(struct tmk_buf *out, const uint8_t *data, size_t len)
	TMK_MUST_CHECK;

#endif
