#include "plugins/front_birth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "plugins/front_key.h"
#include "x509/digest.h"

#define HEAD "touchmark openpgp 1\ncreated "
#define USER "\nuserid "
#define OBJECT_MAX 1024		/* bytes of the data object */

int tmk_front_birth_label(char *out, const char *what, const uint8_t *spki,
			  size_t len, struct tmk_err *err)
{
	char hex[2 * TMK_DIGEST_MAX + 1];
	uint8_t digest[TMK_DIGEST_MAX];
	size_t n = 0;

	if (tmk_digest_bytes(TMK_SHA256, spki, len, digest, &n, err))
		return -1;
	tmk_enc_hex(hex, digest, n);
	snprintf(out, TMK_BIRTH_LABEL, "%s-%.40s", what, hex);
	return 0;
}

int tmk_front_birth_put(const struct tmk_store_ops *store,
			const struct tmk_place *place, int64_t created,
			const char *user_id, const uint8_t *spki, size_t len,
			struct tmk_err *err)
{
	struct tmk_buf b = TMK_BUF_INIT(OBJECT_MAX);
	char label[TMK_BIRTH_LABEL];
	int rc = -1;

	if (tmk_front_birth_label(label, "openpgp", spki, len, err))
		return -1;
	if (tmk_buf_printf(&b, HEAD "%lld" USER "%s\n", (long long)created,
			   user_id ? user_id : ""))
		tmk_err_set(err, TMK_USAGE, "the user id is too long");
	else
		rc = store->put_data(place, label, b.data, b.len, err);
	tmk_buf_release(&b);
	return rc;
}

/* Digits, without sign or leading zero, up to four octets. */
static const char *read_time(int64_t *out, const char *p)
{
	int64_t n = 0;
	int digits;

	for (digits = 0; *p >= '0' && *p <= '9' && digits < 11; digits++)
		n = n * 10 + (*p++ - '0');
	if (!digits || n > 0xffffffffLL)
		return NULL;
	*out = n;
	return p;
}

static int parse(int64_t *created, char *user_id, size_t size, const char *text,
		 size_t len)
{
	const char *p = text, *end;
	int64_t when;

	if (strlen(text) != len || strncmp(p, HEAD, strlen(HEAD)))
		return 1;
	p = read_time(&when, p + strlen(HEAD));
	if (!p || strncmp(p, USER, strlen(USER)))
		return 1;
	p += strlen(USER);
	end = strchr(p, '\n');
	if (!end || end[1] || (size_t)(end - p) >= size ||
	    !tmk_enc_is_utf8(p, (size_t)(end - p)))
		return 1;
	memcpy(user_id, p, (size_t)(end - p));
	user_id[end - p] = '\0';
	*created = when;
	return 0;
}

int tmk_front_birth_get(int64_t *created, char *user_id, size_t size,
			const struct tmk_store_ops *store,
			const struct tmk_place *place, const uint8_t *spki,
			size_t len, struct tmk_err *err)
{
	struct tmk_buf b = TMK_BUF_INIT(OBJECT_MAX);
	char label[TMK_BIRTH_LABEL];
	int rc;

	if (tmk_front_birth_label(label, "openpgp", spki, len, err))
		return -1;
	rc = store->get_data(place, label, &b, err);
	if (!rc)
		rc = parse(created, user_id, size, tmk_buf_str(&b), b.len);
	tmk_buf_release(&b);
	return rc;
}

static int unknown(const struct tmk_front_pick *pick, struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "its OpenPGP creation time is not known, "
		    "and without it there is no fingerprint");
	return tmk_err_hint(err, "choose it once: git config --file "
			    "~/.config/touchmark/config touchmark.%s.created "
			    "SECONDS (seconds since 1970, as date +%%s gives)",
			    pick->key ? pick->key->name : "NAME");
}

int tmk_front_birth(int64_t *created, char *user_id, size_t size,
		    const struct tmk_front_pick *pick,
		    const struct tmk_config *config, int at,
		    const struct tmk_signer *signer, struct tmk_err *err)
{
	const struct tmk_key_config *k = pick->key;
	const struct tmk_store_ops *store;
	struct tmk_place place;
	int rc;

	if (k && k->created != TMK_TIME_NONE) {
		*created = k->created;
		snprintf(user_id, size, "%s", k->user_id ? k->user_id : "");
		return 0;
	}
	store = tmk_front_store(pick->uri[at], err);
	if (!store)
		return -1;
	place = tmk_front_place(config, pick->uri[at], NULL);
	rc = tmk_front_birth_get(created, user_id, size, store, &place,
				 signer->spki.data, signer->spki.len, err);
	if (rc > 0)
		return unknown(pick, err);
	if (!rc && k && k->user_id)
		snprintf(user_id, size, "%s", k->user_id);
	return rc;
}
