#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/opt.h"
#include "core/config.h"
#include "core/issue.h"
#include "core/sign.h"
#include "plugins/front_key.h"
#include "plugins/front_pick.h"
#include "x509/cert.h"

#define CHAIN_MAX (TMK_CERTS_MAX * 1024)

struct options {
	struct tmk_opt_list untrusted;
	const char *pin_file;
	bool help;
};

/* What an import works on. */
struct import {
	const struct options *o;
	struct tmk_config *config;
	struct tmk_front_pick pick;
	struct tmk_place place;
	const struct tmk_store_ops *store;
	/* Open to the end: a login is the program's, not the session's
	 * (PKCS#11 2.40, C_Login), so the PIN is asked for once. */
	struct tmk_signer *signer;
	STACK_OF(X509) *chain;	/* leaf first */
	uint8_t id[64];
	size_t id_len;
	char label[256];
};

/* Everything of the file and of --untrusted, in one heap. */
static int load(STACK_OF(X509) **out, const char *file,
		const struct options *o, struct tmk_err *err)
{
	STACK_OF(X509) *all = NULL, *more = NULL;
	int i, ret = -1;

	if (tmk_cert_load_file(&all, file, err) < 0)
		return -1;
	for (i = 0; i < o->untrusted.count; i++) {
		if (tmk_cert_load_file(&more, o->untrusted.item[i], err) < 0)
			goto out;
		while (sk_X509_num(more)) {
			X509 *cert = sk_X509_shift(more);

			if (!sk_X509_push(all, cert)) {
				X509_free(cert);
				tmk_err_nomem(err);
				goto out;
			}
		}
		sk_X509_free(more);
		more = NULL;
	}
	*out = all;
	all = NULL;
	ret = 0;
out:
	sk_X509_pop_free(more, X509_free);
	sk_X509_pop_free(all, X509_free);
	return ret;
}

/* Keep the id and label of the key, for the certificate beside it. */
static int on_key(void *ctx, const struct tmk_key_info *info,
		  struct tmk_err *err)
{
	struct import *im = ctx;

	(void)err;
	im->id_len = info->id_len;
	memcpy(im->id, info->id, info->id_len);
	snprintf(im->label, sizeof(im->label), "%s", info->label);
	return 0;
}

/* Find the certificate of this key, and have the key prove that it is. */
static int choose(struct import *im, STACK_OF(X509) *certs,
		  struct tmk_err *err)
{
	int64_t now = tmk_clock_now();
	const struct tmk_buf *spki;
	char warning[256];
	X509 *leaf;

	if (im->store->open(&im->signer, &im->place, err) < 0)
		return -1;
	spki = &im->signer->spki;
	if (tmk_sign_order_chain(&im->chain, certs, spki->data, spki->len,
				 now, err) < 0)
		return -1;
	leaf = sk_X509_value(im->chain, 0);
	if (tmk_sign_cert_ok(leaf, now, warning, sizeof(warning), err) < 0 ||
	    tmk_issue_prove(leaf, im->signer, err) < 0)
		return -1;
	if (*warning)
		fprintf(stderr, "touchmark: warning: %s\n", warning);
	return 0;
}

/* Leaf beside the key; intermediates under the id of their own keys. */
static int put_on_token(struct import *im, struct tmk_err *err)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_CERT_MAX);
	uint8_t id[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	char name[64];
	int i, ret = 0;

	for (i = 0; !ret && i < sk_X509_num(im->chain); i++) {
		X509 *cert = sk_X509_value(im->chain, i);

		tmk_buf_clear(&der);
		if (tmk_cert_to_der(&der, cert) < 0 ||
		    !X509_pubkey_digest(cert, EVP_sha1(), id, &len)) {
			ret = tmk_err_nomem(err);
			break;
		}
		snprintf(name, sizeof(name), "intermediate %d", i);
		if (!i)
			ret = im->store->put_cert(&im->place, im->id,
						  im->id_len, im->label,
						  der.data, der.len, err);
		else
			ret = im->store->put_cert(&im->place, id, len, name,
						  der.data, der.len, err);
	}
	tmk_buf_release(&der);
	return ret;
}

static int put_in_config(struct import *im, struct tmk_err *err)
{
	const char *name = im->pick.key->name;
	struct tmk_buf pem = TMK_BUF_INIT(CHAIN_MAX);
	char *path = NULL, *key = NULL;
	int i, ret = -1;

	for (i = 0; i < sk_X509_num(im->chain); i++)
		if (tmk_cert_to_pem(&pem, sk_X509_value(im->chain, i)) < 0)
			goto nomem;
	if (tmk_front_key_file(&path, name, "-chain.pem", err) < 0)
		goto out;
	if (asprintf(&key, "touchmark.%s.cert", name) < 0) {
		key = NULL;
		goto nomem;
	}
	if (tmk_front_key_make_dir(path, err) < 0 ||
	    tmk_file_write(path, 0644, pem.data, pem.len, err) < 0)
		goto out;
	/* Beside the configuration, so the bare name finds it. */
	ret = tmk_config_set(key, strrchr(path, '/') + 1, err);
	if (!ret)
		printf("%s: certificate kept in %s\n", name, path);
	goto out;
nomem:
	tmk_err_nomem(err);
out:
	free(key);
	free(path);
	tmk_buf_release(&pem);
	return ret;
}

static void report(const struct import *im)
{
	X509 *leaf = sk_X509_value(im->chain, 0);
	char subject[512], issuer[512], sha[TMK_FINGERPRINT_TEXT];

	printf("%s: certificate of %s\n  sha256:%s\n  %d intermediate%s\n",
	       im->pick.name, tmk_cert_subject(subject, sizeof(subject), leaf),
	       tmk_cert_sha256(sha, leaf), sk_X509_num(im->chain) - 1,
	       sk_X509_num(im->chain) == 2 ? "" : "s");
	if (sk_X509_num(im->chain) == 1 &&
	    tmk_cert_issuer(issuer, sizeof(issuer), leaf)[0])
		printf("  if %s is no root that is trusted, name its "
		       "certificate with --untrusted\n", issuer);
}

static int import(const char *key, const char *file, const struct options *o,
		  struct tmk_err *err)
{
	struct import im = { .o = o };
	STACK_OF(X509) *certs = NULL;
	const char *uri = NULL;
	int ret = -1;

	if (load(&certs, file, o, err) < 0 ||
	    tmk_config_load(&im.config, ".", err) < 0 ||
	    tmk_front_pick_must(&im.pick, im.config, key, err) < 0 ||
	    tmk_front_key_uri(&uri, &im.pick, im.config, err) < 0)
		goto out;
	im.place = tmk_front_place(im.config, uri, o->pin_file);
	im.store = tmk_front_store(uri, err);
	if (!im.store)
		goto out;
	if (choose(&im, certs, err) < 0 ||
	    im.store->list(&im.place, true, on_key, &im, err) < 0 ||
	    put_on_token(&im, err) < 0) {
		tmk_front_pick_prefix(&im.pick, err);
		goto out;
	}
	report(&im);
	ret = im.pick.key ? put_in_config(&im, err) : 0;
out:
	tmk_signer_free(im.signer);
	sk_X509_pop_free(im.chain, X509_free);
	sk_X509_pop_free(certs, X509_free);
	tmk_config_free(im.config);
	return ret;
}

int tmk_front_key_import(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "untrusted", TMK_OPT_LIST, &o.untrusted, "PEM",
		  "intermediates that FILE lacks; may repeat" },
		{ 0, "pin-file", TMK_OPT_TEXT, &o.pin_file, "FILE",
		  "read the PIN from here" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (o.help) {
		tmk_opt_help(stdout, "touchmark key import-cert NAME|URI FILE "
			     "[OPTION...]", table);
		return TMK_OK;
	}
	if (operands != 2) {
		tmk_err_set(err, TMK_USAGE, "key import-cert needs a NAME (or "
			    "URI) and a FILE");
		tmk_err_hint(err, "FILE is what your CA answered, PEM or DER");
		return TMK_USAGE;
	}
	return import(argv[1], argv[2], &o, err) < 0 ? err->code : TMK_OK;
}
