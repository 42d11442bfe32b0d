#include "hooks/gate_nonce.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/buf.h"
#include "base/enc.h"

#define PATH_BYTES 8192

/* "SECONDS-HEX", in shortest form and of the right length. */
static bool read_form(int64_t *stamp, struct tmk_span nonce, size_t hex)
{
	int64_t t = 0;
	size_t i, n = 0;

	while (n < nonce.len && nonce.data[n] >= '0' && nonce.data[n] <= '9')
		n++;
	if (!n || n > 15 || (n > 1 && nonce.data[0] == '0') ||
	    nonce.len != n + 1 + hex || nonce.data[n] != '-')
		return false;
	for (i = 0; i < n; i++)
		t = t * 10 + (nonce.data[i] - '0');
	for (i = n + 1; i < nonce.len; i++)
		if (!(nonce.data[i] >= '0' && nonce.data[i] <= '9') &&
		    !(nonce.data[i] >= 'a' && nonce.data[i] <= 'f'))
			return false;
	*stamp = t;
	return true;
}

/* Whether the server would have made this HMAC for the path. 1, 0, or
 * negative. */
static int made_for(const struct tmk_gate_nonce *server, const char *path,
		    int64_t stamp, const uint8_t *hex, struct tmk_err *err)
{
	const EVP_MD *md = server->hex == 40 ? EVP_sha1() : EVP_sha256();
	struct tmk_buf text = TMK_BUF_INIT(PATH_BYTES);
	unsigned char mac[EVP_MAX_MD_SIZE];
	char want[2 * EVP_MAX_MD_SIZE + 1];
	unsigned int len = 0;
	int ret = 0;

	/* what is longer than that no server was called with */
	if (tmk_buf_printf(&text, "%s:%" PRId64, path, stamp))
		goto out;
	/* the path is the key and the seed the message: so git has it */
	if (!HMAC(md, text.data, (int)text.len,
		  (const unsigned char *)server->seed, strlen(server->seed),
		  mac, &len) || 2 * len != server->hex) {
		ret = tmk_err_set(err, TMK_INTERNAL, "a nonce cannot be "
				  "computed");
		goto out;
	}
	tmk_enc_hex(want, mac, len);
	ret = !CRYPTO_memcmp(want, hex, server->hex);
out:
	OPENSSL_cleanse(mac, sizeof(mac));
	OPENSSL_cleanse(want, sizeof(want));
	tmk_buf_release(&text);
	return ret;
}

/* The place it was issued for; NULL when there is none. */
static int find_place(const struct tmk_gate_nonce_place **out,
		      const struct tmk_gate_nonce *server, int64_t stamp,
		      const uint8_t *hex, struct tmk_err *err)
{
	int i, rc;

	*out = NULL;
	for (i = 0; i < server->places; i++) {
		const struct tmk_gate_nonce_place *p = &server->place[i];

		rc = made_for(server, p->path, stamp, hex, err);
		if (rc < 0)
			return -1;
		/* one that binds says more than one that does not */
		if (rc && (!*out || p->binds))
			*out = p;
	}
	return 0;
}

static int judge_age(struct tmk_verdict *v,
		     const struct tmk_gate_nonce *server, int64_t stamp)
{
	int64_t age = server->now - stamp;

	if (age <= server->age && age >= -server->age)
		return 0;
	tmk_verdict_refuse(v, TMK_PUSH_CERT, "its nonce is %" PRId64 " seconds "
			   "%s, more than %" PRId64,
			   age < 0 ? -age : age, age < 0 ? "ahead" : "old",
			   server->age);
	return tmk_verdict_hint(v, "push again; the administrator can raise "
				"receive.certNonceSlop");
}

int tmk_gate_nonce_judge(struct tmk_verdict *v,
			 const struct tmk_gate_nonce *server,
			 struct tmk_span nonce, const char *issued,
			 struct tmk_err *err)
{
	const struct tmk_gate_nonce_place *place;
	int64_t stamp = 0;

	if (!nonce.len)
		return tmk_verdict_refuse(v, TMK_PUSH_CERT, "it has no nonce");
	if (!issued || strlen(issued) != nonce.len ||
	    memcmp(issued, nonce.data, nonce.len)) {
		tmk_verdict_refuse(v, TMK_PUSH_CERT, "its nonce is not the one "
				   "that this push was given");
		return tmk_verdict_hint(v, "push again: a certificate is good "
			"for one push; over http the administrator sets "
			"receive.certNonceSlop");
	}
	if (!read_form(&stamp, nonce, server->hex))
		return tmk_verdict_refuse(v, TMK_PUSH_CERT, "its nonce is "
					  "none of this server's");
	if (find_place(&place, server, stamp,
		       nonce.data + nonce.len - server->hex, err) < 0)
		return -1;
	if (!place) {
		tmk_verdict_refuse(v, TMK_PUSH_CERT, "its nonce was not "
				   "issued by this server for this "
				   "repository");
		return tmk_verdict_hint(v, "push again with git push "
					"--signed");
	}
	if (!place->binds && !server->bound) {
		tmk_verdict_refuse(v, TMK_PUSH_CERT, "its nonce was issued for "
			"'%s', which may be any repository", place->path);
		return tmk_verdict_hint(v, "the administrator must name this "
			"repository: url under [push] in the policy");
	}
	return judge_age(v, server, stamp);
}
