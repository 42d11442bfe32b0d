#include "seal/ssh_key.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/enc.h"
#include "seal/ssh_key_make.h"
#include "x509/digest.h"
#include "x509/spki.h"

#define RSA_MIN_BITS 1024	/* below, ssh-keygen reads no key either */
#define RSA_MAX_BITS 16384
#define RSA_MAX_EXPONENT 8	/* bytes */
#define ED25519_BYTES 32

static const struct tmk_ssh_type types[] = {
	{ "ssh-ed25519", TMK_SSH_ED25519, NULL, NULL, 0, 0 },
	{ "ssh-rsa", TMK_SSH_RSA, NULL, NULL, 0, 0 },
	{ "ecdsa-sha2-nistp256", TMK_SSH_ECDSA, "nistp256", "prime256v1", 32,
	  TMK_SHA256 },
	{ "ecdsa-sha2-nistp384", TMK_SSH_ECDSA, "nistp384", "secp384r1", 48,
	  TMK_SHA384 },
	{ "ecdsa-sha2-nistp521", TMK_SSH_ECDSA, "nistp521", "secp521r1", 66,
	  TMK_SHA512 },
};

#define TYPES (sizeof(types) / sizeof(*types))

static const struct tmk_ssh_type *type_named(const struct tmk_ssh_bytes *name)
{
	size_t i;

	for (i = 0; i < TYPES; i++)
		if (tmk_ssh_wire_is(name, types[i].name))
			return &types[i];
	return NULL;
}

static const struct tmk_ssh_type *type_of_group(const char *group)
{
	size_t i;

	for (i = 0; i < TYPES; i++)
		if (types[i].group && !strcmp(types[i].group, group))
			return &types[i];
	return NULL;
}

/* ---- reading ------------------------------------------------------------ */

static size_t bits_of(const struct tmk_ssh_bytes *n)
{
	size_t bits = n->len * 8;
	uint8_t top = n->len ? n->data[0] : 0;

	while (bits && !(top & 0x80)) {
		top = (uint8_t)(top << 1);
		bits--;
	}
	return bits;
}

static bool read_rsa(struct tmk_ssh_key *key, struct tmk_ssh_wire *c,
		     const char **why)
{
	size_t bits;

	*why = "is no well-formed RSA key";
	if (!tmk_ssh_wire_mpint(&key->e, c) || !tmk_ssh_wire_mpint(&key->n, c))
		return false;
	bits = bits_of(&key->n);
	*why = "is an RSA key of an absurd size";
	if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
		return false;
	*why = "has an RSA modulus that is not odd or not a whole number of "
		"bytes";
	if (bits % 8 || !(key->n.data[key->n.len - 1] & 1))
		return false;
	*why = "has an RSA exponent that is even, 1 or longer than 64 bits";
	return key->e.len <= RSA_MAX_EXPONENT &&
		key->e.data[key->e.len - 1] & 1 &&
		(key->e.len > 1 || key->e.data[0] > 1);
}

static bool read_ecdsa(struct tmk_ssh_key *key, struct tmk_ssh_wire *c,
		       const char **why)
{
	struct tmk_ssh_bytes curve;

	*why = "names another curve than its type";
	if (!tmk_ssh_wire_string(&curve, c) ||
	    !tmk_ssh_wire_is(&curve, key->type->curve))
		return false;
	*why = "holds no uncompressed point";
	return tmk_ssh_wire_string(&key->point, c) &&
		key->point.len == 1 + 2 * key->type->field &&
		key->point.data[0] == 4;
}

bool tmk_ssh_key_read(struct tmk_ssh_key *out, const uint8_t *blob, size_t len,
		      const char **why)
{
	struct tmk_ssh_wire c = { blob, len };
	struct tmk_ssh_key key = { NULL };
	struct tmk_ssh_bytes name;
	bool good;

	*why = "is no well-formed SSH key";
	if (len > TMK_SSH_KEY_MAX || !tmk_ssh_wire_string(&name, &c))
		return false;
	*why = "is of a type that is not accepted here: neither RSA, ECDSA "
		"nor Ed25519";
	key.type = type_named(&name);
	if (!key.type)
		return false;
	if (key.type->kind == TMK_SSH_RSA) {
		good = read_rsa(&key, &c, why);
	} else if (key.type->kind == TMK_SSH_ECDSA) {
		good = read_ecdsa(&key, &c, why);
	} else {
		*why = "is an Ed25519 key that is not of 32 bytes";
		good = tmk_ssh_wire_string(&key.point, &c) &&
			key.point.len == ED25519_BYTES;
	}
	if (!good)
		return false;
	*why = "is followed by more bytes";
	if (c.left)
		return false;
	*out = key;
	return true;
}

EVP_PKEY *tmk_ssh_key_decode(const struct tmk_ssh_key *key)
{
	EVP_PKEY *made;

	ERR_set_mark();
	if (key->type->kind == TMK_SSH_RSA)
		made = tmk_ssh_key_make_rsa(key);
	else if (key->type->kind == TMK_SSH_ECDSA)
		made = tmk_ssh_key_make_ecdsa(key);
	else
		made = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
						   key->point.data,
						   key->point.len);
	ERR_pop_to_mark();
	return made;
}

/* ---- writing ------------------------------------------------------------ */

static int write_rsa(struct tmk_buf *blob, EVP_PKEY *key)
{
	BIGNUM *n = NULL, *e = NULL;
	uint8_t bytes[RSA_MAX_BITS / 8];
	int rc = -1;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1 ||
	    BN_num_bytes(n) > (int)sizeof(bytes) ||
	    BN_num_bytes(e) > RSA_MAX_EXPONENT)
		goto out;
	if (tmk_ssh_wire_put_text(blob, "ssh-rsa") ||
	    tmk_ssh_wire_put_mpint(blob, bytes,
				   (size_t)BN_bn2bin(e, bytes)) ||
	    tmk_ssh_wire_put_mpint(blob, bytes,
				   (size_t)BN_bn2bin(n, bytes)))
		goto out;
	rc = 0;
out:
	BN_free(n);
	BN_free(e);
	return rc;
}

static int write_ecdsa(struct tmk_buf *blob, EVP_PKEY *key)
{
	BIGNUM *x = NULL, *y = NULL;
	const struct tmk_ssh_type *type;
	uint8_t point[1 + 2 * 66] = { 4 };
	char group[64];
	int rc = -1, field;

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
		return -1;
	type = type_of_group(group);
	if (!type)
		return -1;
	field = (int)type->field;
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
	    BN_bn2binpad(x, point + 1, field) == field &&
	    BN_bn2binpad(y, point + 1 + field, field) == field &&
	    !tmk_ssh_wire_put_text(blob, type->name) &&
	    !tmk_ssh_wire_put_text(blob, type->curve) &&
	    !tmk_ssh_wire_put(blob, point, 1 + 2 * type->field))
		rc = 0;
	BN_free(x);
	BN_free(y);
	return rc;
}

static int write_ed25519(struct tmk_buf *blob, EVP_PKEY *key)
{
	uint8_t point[ED25519_BYTES];
	size_t len = sizeof(point);

	if (EVP_PKEY_get_raw_public_key(key, point, &len) != 1 ||
	    tmk_ssh_wire_put_text(blob, "ssh-ed25519"))
		return -1;
	return tmk_ssh_wire_put(blob, point, len);
}

static int write_blob(struct tmk_buf *blob, EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return write_rsa(blob, key);
	case EVP_PKEY_EC:
		return write_ecdsa(blob, key);
	case EVP_PKEY_ED25519:
		return write_ed25519(blob, key);
	default:
		return -1;
	}
}

int tmk_ssh_key_blob(struct tmk_buf *out, const uint8_t *spki, size_t len,
		     struct tmk_err *err)
{
	struct tmk_buf blob = TMK_BUF_INIT(TMK_SSH_KEY_MAX);
	struct tmk_ssh_key read;
	EVP_PKEY *key = NULL;
	const char *why;
	int rc = -1;

	ERR_set_mark();
	if (len <= TMK_SSH_KEY_MAX)
		key = tmk_spki_key(spki, len);
	/* Nothing is written that would not be read. */
	if (!key || write_blob(&blob, key) ||
	    !tmk_ssh_key_read(&read, blob.data, blob.len, &why))
		tmk_err_set(err, TMK_INPUT, "SSH has no form for a key of "
			    "this kind: it takes RSA of 1024 to 16384 bits, "
			    "P-256, P-384, P-521 and Ed25519");
	else
		rc = tmk_buf_add(out, blob.data, blob.len) ?
			tmk_err_nomem(err) : 0;
	ERR_pop_to_mark();
	EVP_PKEY_free(key);
	tmk_buf_release(&blob);
	return rc;
}

/* ---- as text ------------------------------------------------------------ */

int tmk_ssh_key_blob_fingerprint(char out[TMK_KEY_ID], const uint8_t *blob,
				 size_t len, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_KEY_ID - 1);
	uint8_t digest[TMK_DIGEST_MAX];
	size_t n = 0;
	int rc = -1;

	if (tmk_digest_bytes(TMK_SHA256, blob, len, digest, &n, err))
		goto out;
	if (tmk_buf_addstr(&text, "SHA256:") ||
	    tmk_enc_base64(&text, digest, n, 0)) {
		tmk_err_nomem(err);
		goto out;
	}
	while (text.data[text.len - 1] == '=')
		text.len--;
	memcpy(out, text.data, text.len);
	out[text.len] = '\0';
	rc = 0;
out:
	tmk_buf_release(&text);
	return rc;
}

int tmk_ssh_key_fingerprint(char out[TMK_KEY_ID], const uint8_t *spki,
			    size_t len, struct tmk_err *err)
{
	struct tmk_buf blob = TMK_BUF_INIT(TMK_SSH_KEY_MAX);
	int rc = tmk_ssh_key_blob(&blob, spki, len, err);

	if (!rc)
		rc = tmk_ssh_key_blob_fingerprint(out, blob.data, blob.len,
						  err);
	tmk_buf_release(&blob);
	return rc;
}

/* What would end the line, or begin something else behind its end. */
static bool is_one_line(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

int tmk_ssh_key_line(struct tmk_buf *out, const uint8_t *spki, size_t len,
		     const char *comment, struct tmk_err *err)
{
	struct tmk_buf blob = TMK_BUF_INIT(TMK_SSH_KEY_MAX);
	struct tmk_buf line = TMK_BUF_INIT(TMK_SSH_KEY_LINE_MAX);
	struct tmk_ssh_key key;
	const char *why;
	int rc = -1;

	if (comment && !is_one_line(comment))
		return tmk_err_set(err, TMK_INPUT, "a comment of a public key "
				   "must be one line without control "
				   "characters");
	if (tmk_ssh_key_blob(&blob, spki, len, err) ||
	    !tmk_ssh_key_read(&key, blob.data, blob.len, &why))
		goto out;
	if (tmk_buf_printf(&line, "%s ", key.type->name) ||
	    tmk_enc_base64(&line, blob.data, blob.len, 0) ||
	    (comment && *comment && tmk_buf_printf(&line, " %s", comment)) ||
	    tmk_buf_add(out, line.data, line.len))
		tmk_err_set(err, TMK_INPUT, "the public key line is too long");
	else
		rc = 0;
out:
	tmk_buf_release(&blob);
	tmk_buf_release(&line);
	return rc;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool tmk_ssh_key_begins(const struct tmk_ssh_type **type, const char *text,
			size_t len)
{
	size_t i, n;

	for (i = 0; i < TYPES; i++) {
		n = strlen(types[i].name);
		if (len <= n || memcmp(text, types[i].name, n) ||
		    !is_blank(text[n]))
			continue;
		if (type)
			*type = &types[i];
		return true;
	}
	return false;
}

int tmk_ssh_key_text_blob(struct tmk_buf *out, const char *text, size_t len,
			  struct tmk_err *err)
{
	struct tmk_buf blob = TMK_BUF_INIT(TMK_SSH_KEY_MAX);
	const struct tmk_ssh_type *type = NULL;
	struct tmk_ssh_key key;
	const char *why = NULL;
	size_t at;
	int rc = -1;

	if (!tmk_ssh_key_begins(&type, text, len)) {
		tmk_err_set(err, TMK_INPUT, "not a public key of SSH: it must "
			    "begin with ssh-ed25519, ssh-rsa or "
			    "ecdsa-sha2-nistp256, -nistp384 or -nistp521");
		goto out;
	}
	for (at = strlen(type->name); at < len && is_blank(text[at]); at++)
		;
	if (memchr(text + at, '\n', len - at) ||
	    tmk_dec_base64(&blob, text + at, len - at) || !blob.len)
		tmk_err_set(err, TMK_INPUT, "the key is not written in "
			    "canonical base64, or is too long");
	else if (!tmk_ssh_key_read(&key, blob.data, blob.len, &why))
		tmk_err_set(err, TMK_INPUT, "the key %s", why);
	else if (key.type != type)
		tmk_err_set(err, TMK_INPUT, "the key is of type %s and not "
			    "%s", key.type->name, type->name);
	else
		rc = tmk_buf_add(out, blob.data, blob.len) ?
			tmk_err_nomem(err) : 0;
out:
	tmk_buf_release(&blob);
	return rc;
}

/* "TYPE BASE64" at the beginning of a line; how long it is. */
static size_t key_length(const char *line)
{
	size_t n = strcspn(line, " \t");

	n += strspn(line + n, " \t");
	return n + strcspn(line + n, " \t");
}

static int spki_of(struct tmk_buf *out, const struct tmk_buf *blob,
		   struct tmk_err *err)
{
	unsigned char *der = NULL;
	struct tmk_ssh_key key;
	EVP_PKEY *pkey = NULL;
	const char *why = NULL;
	int len = 0, rc;

	if (!tmk_ssh_key_read(&key, blob->data, blob->len, &why))
		return tmk_err_set(err, TMK_INPUT, "the key %s", why);
	pkey = tmk_ssh_key_decode(&key);
	if (!pkey)
		return tmk_err_set(err, TMK_INPUT, "the key holds numbers "
				   "that are no key");
	len = i2d_PUBKEY(pkey, &der);
	rc = len <= 0 || tmk_buf_add(out, der, (size_t)len) ?
		tmk_err_nomem(err) : 0;
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	return rc;
}

int tmk_ssh_key_spki(struct tmk_buf *out, const char *line,
		     struct tmk_err *err)
{
	struct tmk_buf blob = TMK_BUF_INIT(TMK_SSH_KEY_MAX);
	int rc;

	if (!strncmp(line, "key::", 5))
		line += 5;
	if (!is_one_line(line) || strlen(line) > TMK_SSH_KEY_LINE_MAX)
		return tmk_err_set(err, TMK_INPUT, "a public key must be one "
				   "line of at most %d characters",
				   TMK_SSH_KEY_LINE_MAX);
	rc = tmk_ssh_key_text_blob(&blob, line, key_length(line), err);
	if (!rc)
		rc = spki_of(out, &blob, err);
	tmk_buf_release(&blob);
	return rc;
}
