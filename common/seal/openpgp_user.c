/*
 * The e-mail address in an OpenPGP user id. A user id is free text; only what
 * every reader reads alike counts.
 */
#include <string.h>

#include "seal/openpgp_ring.h"

/* No address holds these unquoted (RFC 5322 section 3.2.3), and a quoted one
 * is read in more than one way. */
static bool is_plain(uint8_t c)
{
	return c > 0x20 && c != 0x7f && !strchr("<>()[]\\,;:\"", c);
}

/* A name that looks like an address is one to some readers: it must be the
 * same. */
static bool misleads(const uint8_t *name, size_t len, const uint8_t *mail,
		     size_t n)
{
	while (len && name[len - 1] == ' ')
		len--;
	return len && memchr(name, '@', len) &&
		(len != n || memcmp(name, mail, n));
}

bool tmk_openpgp_user_email(const uint8_t **out, size_t *out_len,
			    const uint8_t *id, size_t len)
{
	const uint8_t *open = len ? memchr(id, '<', len) : NULL, *at;
	const uint8_t *mail = open ? open + 1 : id;
	size_t n = len - (size_t)(mail - id), i;

	for (i = 0; i < len; i++)
		if (id[i] < 0x20 || id[i] == 0x7f)
			return false;
	if (open && (!n || id[len - 1] != '>'))
		return false;
	n -= open != NULL;
	at = n ? memchr(mail, '@', n) : NULL;
	if (!at || at == mail || at == mail + n - 1 ||
	    memchr(at + 1, '@', n - 1 - (size_t)(at - mail)))
		return false;
	for (i = 0; i < n; i++)
		if (!is_plain(mail[i]))
			return false;
	if (open && misleads(id, (size_t)(open - id), mail, n))
		return false;
	*out = mail;
	*out_len = n;
	return true;
}
