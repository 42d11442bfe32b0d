/*
 * store_ssh.c - keys of a signing host: ssh://USER@HOST[:PORT]/KEY-NAME, or on
 * this machine unix:SOCKET/KEY-NAME.
 *
 * Whole requests are answered there (remote.h, plugins/front_remote.h), so
 * that the host knows what it signs; here only the public part is to be had,
 * by a PREPARE. What belongs to the token - certificates, data objects, new
 * keys - is seen to on that host.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "iface/store.h"
#include "key/remote.h"
#include "x509/spki.h"

#define SPKI_MAX 8192

static int there(struct tmk_err *err, const struct tmk_remote_uri *u,
		 const char *what)
{
	char shown[TMK_REMOTE_SHOWN];

	tmk_err_set(err, TMK_USAGE, "the key '%s' is on the signing host %s: "
		    "%s", u->key, tmk_remote_shown(shown, sizeof(shown), u),
		    what);
	return tmk_err_hint(err, "run the same command on that host, with "
			    "the key's name there");
}

static int refuse(const struct tmk_place *place, const char *what,
		  struct tmk_err *err)
{
	struct tmk_remote_uri u;

	if (tmk_remote_uri_parse(&u, place->uri, err))
		return -1;
	return there(err, &u, what);
}

/* ---- what is not done here --------------------------------------------------- */

static int ssh_open(struct tmk_signer **out, const struct tmk_place *place,
		    struct tmk_err *err)
{
	(void)out;
	if (place->why)
		*place->why = TMK_OPEN_KEY;
	return refuse(place, "it signs whole requests there, and nothing else "
		      "from here", err);
}

static int ssh_generate(const struct tmk_place *place,
			const struct tmk_keygen *what,
			struct tmk_key_info *info, struct tmk_err *err)
{
	(void)what;
	(void)info;
	return refuse(place, "keys are made there", err);
}

static int ssh_certs(const struct tmk_place *place, const uint8_t *id,
		     size_t id_len,
		     int (*visit)(void *ctx, const uint8_t *der, size_t len,
				  struct tmk_err *err),
		     void *ctx, struct tmk_err *err)
{
	(void)place;
	(void)id;
	(void)id_len;
	(void)visit;
	(void)ctx;
	(void)err;
	return 0;	/* they come with each signature */
}

static int ssh_put_cert(const struct tmk_place *place, const uint8_t *id,
			size_t id_len, const char *label, const uint8_t *der,
			size_t len, struct tmk_err *err)
{
	(void)id;
	(void)id_len;
	(void)label;
	(void)der;
	(void)len;
	return refuse(place, "its certificate is imported there", err);
}

static int ssh_get_data(const struct tmk_place *place, const char *label,
			struct tmk_buf *out, struct tmk_err *err)
{
	(void)place;
	(void)label;
	(void)out;
	(void)err;
	return 1;
}

static int ssh_put_data(const struct tmk_place *place, const char *label,
			const void *data, size_t len, struct tmk_err *err)
{
	(void)label;
	(void)data;
	(void)len;
	return refuse(place, "what is kept beside it is kept there", err);
}

/* ---- the public part --------------------------------------------------------- */

/* Which kind of key it is. */
static int read_spki(struct tmk_key_info *info, struct tmk_err *err)
{
	EVP_PKEY *key = tmk_spki_key(info->spki.data, info->spki.len);
	int rc = 0;

	switch (key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
	case EVP_PKEY_RSA:
		info->algorithm = TMK_KEY_RSA;
		break;
	case EVP_PKEY_EC:
		info->algorithm = TMK_KEY_EC;
		break;
	case EVP_PKEY_ED25519:
		info->algorithm = TMK_KEY_ED25519;
		break;
	default:
		rc = tmk_err_set(err, TMK_KEY, "the key that %s shows is "
				 "none that signs here", info->token);
	}
	if (!rc)
		info->bits = info->algorithm == TMK_KEY_ED25519 ? 256 :
			(unsigned int)EVP_PKEY_get_bits(key);
	EVP_PKEY_free(key);
	return rc;
}

static int fill(struct tmk_key_info *info, const struct tmk_place *place,
		const struct tmk_remote_uri *u, const struct tmk_buf *spki,
		struct tmk_err *err)
{
	tmk_remote_shown(info->token, sizeof(info->token), u);
	snprintf(info->manufacturer, sizeof(info->manufacturer), "touchmark");
	snprintf(info->model, sizeof(info->model), "signing host");
	snprintf(info->label, sizeof(info->label), "%s", u->key);
	snprintf(info->uri, sizeof(info->uri), "%s", place->uri);
	info->sign = TMK_YES;	/* or nobody would have shown it */
	if (!spki->len || tmk_buf_add(&info->spki, spki->data, spki->len))
		return tmk_err_set(err, TMK_KEY, "%s tells no public key of "
				   "'%s'", info->token, u->key);
	return read_spki(info, err);
}

/* Ask for one format after the other: who may use a key for one of them alone
 * may see it too. 0 with the public key; what the last one said otherwise. */
static int ask(struct tmk_buf *spki, struct tmk_remote *remote,
	       const struct tmk_remote_uri *u, const struct tmk_place *place,
	       struct tmk_err *err)
{
	static const enum tmk_request_format formats[] = {
		TMK_REQUEST_SSH, TMK_REQUEST_OPENPGP, TMK_REQUEST_MINISIGN,
		TMK_REQUEST_CMS,
	};
	struct tmk_request request;
	struct tmk_answer answer;
	size_t i;
	int rc = -1;

	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		tmk_request_init(&request);
		request.verb = TMK_REQUEST_PREPARE;
		request.program = "touchmark";
		request.key = u->key;
		request.format = formats[i];
		if (formats[i] == TMK_REQUEST_SSH)
			request.name_space = "file";
		tmk_answer_init(&answer);
		rc = tmk_remote_ask(&answer, remote, &request, place->person,
				    err);
		if (!rc && !answer.code && !answer.declined)
			rc = tmk_buf_add(spki, answer.key.data,
					 answer.key.len) ?
				tmk_err_nomem(err) : 0;
		else if (!rc)
			rc = 2;
		if (rc == 2) {
			tmk_err_set(err, answer.code ? answer.code : TMK_KEY,
				    "%s", *answer.text ? answer.text :
				    "it is not a key of that host");
			(void)tmk_err_hint(err, "%s", answer.hint);
		}
		tmk_answer_release(&answer);
		if (rc != 2)
			break;
	}
	return rc ? -1 : 0;
}

static int ssh_list(const struct tmk_place *place, bool login,
		    tmk_key_visit visit, void *ctx, struct tmk_err *err)
{
	struct tmk_buf spki = TMK_BUF_INIT(SPKI_MAX);
	struct tmk_remote *remote = NULL;
	char shown[TMK_REMOTE_SHOWN];
	struct tmk_key_info info;
	struct tmk_remote_uri u;
	int rc = -1;

	(void)login;	/* that host logs in by itself */
	tmk_key_info_init(&info);
	if (tmk_remote_uri_parse(&u, place->uri, err) ||
	    tmk_remote_open(&remote, &u, place->service_ms, NULL,
			    err))
		goto out;
	if (ask(&spki, remote, &u, place, err)) {
		tmk_remote_shown(shown, sizeof(shown), &u);
		if (err && strncmp(err->text, shown, strlen(shown)))
			(void)tmk_err_prefix(err, "%s", shown);
		goto out;
	}
	rc = fill(&info, place, &u, &spki, err);
	if (!rc)
		rc = visit(ctx, &info, err);
out:
	tmk_remote_free(remote);
	tmk_key_info_release(&info);
	tmk_buf_release(&spki);
	return rc;
}

extern const struct tmk_store_ops tmk_store_ssh;
const struct tmk_store_ops tmk_store_ssh = {
	.name = "ssh",
	.claims = tmk_remote_claims,
	.open = ssh_open,
	.list = ssh_list,
	.generate = ssh_generate,
	.certs = ssh_certs,
	.put_cert = ssh_put_cert,
	.get_data = ssh_get_data,
	.put_data = ssh_put_data,
	.remote = true,
};
