#include "formats/packets.h"

#include <stdbool.h>
#include <string.h>

/* RFC 9580 section 4.2 */
#define HEADER 0x80		/* set in every packet's first byte */
#define HEADER_NEW 0x40		/* the OpenPGP format, else the legacy one */
#define TAG_SIGNATURE 2

static const struct digest {
	const char *name;	/* RFC 9580 section 9.5 */
	int hash;
} digests[] = {
	{ "MD5", 1 }, { "SHA1", 2 }, { "RIPEMD160", 3 }, { "SHA256", 8 },
	{ "SHA384", 9 }, { "SHA512", 10 }, { "SHA224", 11 },
	{ "SHA3-256", 12 }, { "SHA3-512", 14 },
};

#define DIGESTS (sizeof(digests) / sizeof(digests[0]))

const char *tmk_packets_hash_name(int hash)
{
	size_t i;

	for (i = 0; i < DIGESTS; i++)
		if (digests[i].hash == hash)
			return digests[i].name;
	return NULL;
}

int tmk_packets_hash_known(const uint8_t *name, size_t len)
{
	size_t i;

	for (i = 0; i < DIGESTS; i++)
		if (strlen(digests[i].name) == len &&
		    !memcmp(digests[i].name, name, len))
			return 1;
	return 0;
}

/* `n` bytes, the highest first. */
static size_t number(const uint8_t *at, int n)
{
	size_t value = 0;

	while (n--)
		value = value << 8 | *at++;
	return value;
}

/*
 * The packet header at the front: its tag, how many bytes it has itself, how
 * many follow. False when it is cut off, or its length is left open: then where
 * it ends is for its reader to guess.
 */
static bool read_header(int *tag, size_t *header, size_t *body,
			const uint8_t *data, size_t len)
{
	int bytes;	/* of the length */

	if (len < 2 || !(data[0] & HEADER))
		return false;
	if (data[0] & HEADER_NEW) {
		*tag = data[0] & 0x3f;
		bytes = data[1] < 192 ? 1 : data[1] < 224 ? 2 :
			data[1] == 255 ? 5 : 0;
	} else {
		*tag = data[0] >> 2 & 0x0f;
		bytes = (data[0] & 3) == 3 ? 0 : 1 << (data[0] & 3);
	}
	if (!bytes || len < 1 + (size_t)bytes)
		return false;
	if (!(data[0] & HEADER_NEW))
		*body = number(data + 1, bytes);
	else if (bytes == 2)
		*body = ((size_t)(data[1] - 192) << 8) + data[2] + 192;
	else
		*body = bytes == 5 ? number(data + 2, 4) : data[1];
	*header = 1 + (size_t)bytes;
	return *body <= len - *header;
}

/* A signature of that version has the number of its digest, and before it that
 * of the key's algorithm, in a fixed place (RFC 9580 section 5.2.2 and 5.2.3). */
static void read_numbers(struct tmk_packet *packet, const uint8_t *body,
			 size_t len)
{
	size_t at = body[0] == 3 ? 16 : body[0] >= 4 && body[0] <= 6 ? 3 : 0;
	bool there = at && at < len;

	packet->version = body[0];
	packet->hash = there ? body[at] : 0;
	packet->algorithm = there ? body[at - 1] : 0;
}

int tmk_packets_split(struct tmk_packet *packet, int max, const uint8_t *data,
		      size_t len, const char **why)
{
	size_t header, body;
	int n = 0, tag;

	if (!len)
		*why = "is empty";
	while (len) {
		if (n == max) {
			*why = "is one of too many";
			return 0;
		}
		if (!read_header(&tag, &header, &body, data, len) || !body) {
			*why = "is cut off, or no packet";
			return 0;
		}
		if (tag != TAG_SIGNATURE) {
			*why = "has another packet beside it";
			return 0;
		}
		packet[n].data = data;
		packet[n].len = header + body;
		read_numbers(&packet[n], data + header, body);
		data += header + body;
		len -= header + body;
		n++;
	}
	return n;
}
