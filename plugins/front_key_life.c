#include "plugins/front_key_life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/file.h"
#include "core/issue.h"
#include "plugins/front_certs.h"
#include "plugins/front_key.h"
#include "plugins/front_key_verbs.h"
#include "plugins/front_pick.h"
#include "plugins/front_softhsm.h"
#include "x509/cert.h"
#include "x509/digest.h"

#define LINE_MAX_BYTES 256	/* what a person types */
#define CHAIN_MAX (TMK_CERTS_MAX * 1024)

int tmk_front_life_hash(char out[TMK_LIFE_HEX], const uint8_t *spki,
			size_t len, struct tmk_err *err)
{
	uint8_t digest[TMK_DIGEST_MAX];
	size_t n = 0;

	if (tmk_digest_bytes(TMK_SHA256, spki, len, digest, &n, err))
		return -1;
	tmk_enc_hex(out, digest, n);
	return 0;
}

/* ---- which sections ------------------------------------------------------ */

static bool cert_has(const char *path, const uint8_t *spki, size_t len)
{
	STACK_OF(X509) *certs = NULL;
	bool has = false;
	int i;

	if (tmk_front_certs_load(&certs, path, NULL))
		return false;
	for (i = 0; !has && i < sk_X509_num(certs); i++)
		has = tmk_cert_has_key(sk_X509_value(certs, i), spki, len);
	sk_X509_pop_free(certs, X509_free);
	return has;
}

static bool token_has(const struct tmk_config *config, const char *uri,
		      const uint8_t *spki, size_t len)
{
	struct tmk_place place = tmk_front_place(config, uri, NULL);
	struct tmk_front_look look;
	bool has;

	/* Others than tokens are asked for nothing here: it would need their
	 * credentials. */
	if (strncmp(uri, "pkcs11:", 7) ||
	    tmk_front_look(&look, &place, false, NULL))
		return false;
	has = look.keys == 1 && look.info.spki.len == len &&
		!memcmp(look.info.spki.data, spki, len);
	tmk_front_look_release(&look);
	return has;
}

static bool is_same_key(const struct tmk_config *config,
			const struct tmk_key_config *k, const uint8_t *spki,
			size_t len)
{
	int i;

	if (k->cert && cert_has(k->cert, spki, len))
		return true;
	for (i = 0; i < k->uris; i++)
		if (token_has(config, k->uri[i], spki, len))
			return true;
	return false;
}

int tmk_front_life_sections(const struct tmk_config *config,
			    const uint8_t *spki, size_t len,
			    int (*visit)(void *ctx,
					 const struct tmk_key_config *section,
					 struct tmk_err *err),
			    void *ctx, struct tmk_err *err)
{
	int i, rc = 0;

	for (i = 0; i < config->n_keys && rc >= 0; i++)
		if (is_same_key(config, &config->keys[i], spki, len))
			rc = visit(ctx, &config->keys[i], err);
	return rc < 0 ? rc : 0;
}

/* ---- a person ------------------------------------------------------------ */

int tmk_front_life_typed(const char *name, const char *what,
			 struct tmk_err *err)
{
	char line[LINE_MAX_BYTES];

	if (!isatty(STDIN_FILENO)) {
		tmk_err_set(err, TMK_USAGE, "%s, and there is nobody to ask",
			    what);
		return tmk_err_hint(err, "at a terminal the name is typed; "
				    "--yes says that it is meant");
	}
	fflush(stdout);
	fprintf(stderr, "touchmark: %s\nType %s to go on: ", what, name);
	fflush(stderr);
	if (!fgets(line, sizeof(line), stdin))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (!strcmp(line, name))
		return 0;
	tmk_err_set(err, TMK_USAGE, "the name was not typed: nothing was "
		    "done");
	return tmk_err_hint(err, "type %s", name);
}

/* ---- tokens and files ---------------------------------------------------- */

int tmk_front_life_token(char **out, const char *label, const char *module,
			 const char *pin_file, struct tmk_err *err)
{
	char *token = tmk_front_uri_token(label), *uri = NULL;
	char *own_pin = NULL, *own_module = NULL;
	int ret = -1;

	if (!token) {
		tmk_err_nomem(err);
		goto out;
	}
	if (!pin_file && tmk_front_softhsm_pin_file(&own_pin, label, err) < 0)
		goto out;
	/* The PIN goes to SoftHSM, and not to whatever token of another
	 * module has the same label. */
	if (own_pin && !module &&
	    tmk_front_softhsm_module(&own_module, err) < 0)
		goto out;
	uri = tmk_front_uri_with(token, module ? module : own_module,
				 own_pin);
	if (!uri) {
		tmk_err_nomem(err);
		goto out;
	}
	*out = uri;
	ret = 0;
out:
	free(own_module);
	free(own_pin);
	free(token);
	return ret;
}

int tmk_front_life_keep_chain(char **path, const char *name,
			      STACK_OF(X509) *chain, struct tmk_err *err)
{
	struct tmk_buf pem = TMK_BUF_INIT(CHAIN_MAX);
	char *file = NULL;
	int i, ret = -1;

	for (i = 0; i < sk_X509_num(chain); i++)
		if (tmk_cert_to_pem(&pem, sk_X509_value(chain, i)) < 0) {
			tmk_err_nomem(err);
			goto out;
		}
	if (tmk_front_key_file(&file, name, "-chain.pem", err) < 0 ||
	    tmk_front_key_make_dir(file, err) < 0 ||
	    tmk_file_write(file, 0644, pem.data, pem.len, err) < 0)
		goto out;
	*path = file;
	file = NULL;
	ret = 0;
out:
	free(file);
	tmk_buf_release(&pem);
	return ret;
}

int tmk_front_life_prove(X509 *leaf, struct tmk_signer *signer,
			 const struct tmk_key_config *section,
			 struct tmk_err *err)
{
	return section && section->approvals ?
		tmk_issue_prove_again(leaf, signer, err) :
		tmk_issue_prove(leaf, signer, err);
}
