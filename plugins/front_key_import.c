#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/opt.h"
#include "core/config.h"
#include "core/sign.h"
#include "plugins/front_guarded.h"
#include "plugins/front_key.h"
#include "plugins/front_key_chain.h"
#include "plugins/front_key_life.h"
#include "plugins/front_pick.h"
#include "plugins/front_report.h"
#include "x509/cert.h"

struct options {
	struct tmk_opt_list untrusted, chain;
	const char *pin_file;
	bool json, help;
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
	STACK_OF(X509) *given;	/* the CA's answer */
	STACK_OF(X509) *more;	/* what may stand above it */
	STACK_OF(X509) *chain;	/* leaf first */
	uint8_t id[64];
	size_t id_len;
	char label[256];
	char *kept;		/* beside the configuration; NULL: it is not */
	int older;		/* certificates of the key behind it there */
};

/* What the CA answered, and all that may stand between it and a root: given
 * beside it, on the token, kept before. Nothing comes from the network. */
static int load(struct import *im, const char *file, struct tmk_err *err)
{
	struct tmk_err ignored = TMK_ERR_INIT;

	if (tmk_cert_load_file(&im->given, file, err) < 0)
		return -1;
	im->more = sk_X509_new_null();
	if (!im->more)
		return tmk_err_nomem(err);
	if (tmk_front_chain_add_files(im->more, &im->o->untrusted, err) ||
	    tmk_front_chain_add_files(im->more, &im->o->chain, err))
		return -1;
	/* What was kept before may be gone, or no certificate: it was no part
	 * of the answer. */
	if (im->pick.cert)
		(void)!tmk_front_chain_add_file(im->more, im->pick.cert,
						&ignored);
	return tmk_front_chain_add_token(im->more, im->store, &im->place,
					 err);
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

/* Find the certificate of this key, and have the key prove that it is, as a
 * use of it like any other. */
static int choose(struct import *im, struct tmk_err *err)
{
	const struct tmk_front_use use = {
		.what = "prove",
		.key = im->pick.name,
		.section = im->pick.key,
		.content = "certificate",
	};
	int64_t now = tmk_clock_now();
	const struct tmk_buf *spki;
	char warning[256];
	X509 *leaf;

	if (im->store->open(&im->signer, &im->place, err) < 0 ||
	    tmk_front_guarded_wrap(&im->signer, im->config, &use, err) < 0)
		return -1;
	spki = &im->signer->spki;
	if (tmk_front_chain_complete(&im->chain, im->given, im->more,
				     spki->data, spki->len, now, err) < 0)
		return -1;
	leaf = sk_X509_value(im->chain, 0);
	if (tmk_sign_cert_ok(leaf, now, warning, sizeof(warning), err) < 0 ||
	    tmk_front_life_prove(leaf, im->signer, im->pick.key, err) < 0)
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

/* A service keeps no certificates: the file beside the configuration does. */
static int keep_on_token(struct import *im, struct tmk_err *err)
{
	if (im->store->service || !im->store->put_cert || !im->store->list)
		return 0;
	if (im->store->list(&im->place, true, on_key, im, err) < 0)
		return -1;
	return put_on_token(im, err);
}

/* Beside the configuration, so that the bare name finds it. Certificates of
 * the same key that are still good stay behind the new one: of several the
 * newest valid one signs. */
static int put_in_config(struct import *im, struct tmk_err *err)
{
	const struct tmk_buf *spki = &im->signer->spki;
	const char *name = im->pick.key->name;
	char *path = NULL, *key = NULL;
	int n, ret = -1;

	n = tmk_front_chain_overlap(im->chain, im->pick.cert, spki->data,
				    spki->len, tmk_clock_now(), err);
	if (n < 0 || tmk_front_life_keep_chain(&path, name, im->chain,
					       err) < 0)
		goto out;
	if (asprintf(&key, "touchmark.%s.cert", name) < 0) {
		key = NULL;
		tmk_err_nomem(err);
		goto out;
	}
	ret = tmk_config_set(key, strrchr(path, '/') + 1, err);
	if (ret)
		goto out;
	im->kept = path;
	im->older = n > 1 ? n - 1 : 0;
	path = NULL;
	if (im->o->json)
		goto out;
	printf("%s: certificate kept in %s\n", name, im->kept);
	if (n > 1)
		printf("  with %d older one%s of this key that %s still "
		       "valid\n", n - 1, n == 2 ? "" : "s",
		       n == 2 ? "is" : "are");
out:
	free(key);
	free(path);
	return ret;
}

static void report(const struct import *im)
{
	X509 *leaf = sk_X509_value(im->chain, 0);
	char subject[512], issuer[512], sha[TMK_FINGERPRINT_TEXT];
	char url[512];

	printf("%s: certificate of %s\n  sha256:%s\n  %d intermediate%s\n",
	       im->pick.name, tmk_cert_subject(subject, sizeof(subject), leaf),
	       tmk_cert_sha256(sha, leaf), sk_X509_num(im->chain) - 1,
	       sk_X509_num(im->chain) == 2 ? "" : "s");
	if (!tmk_front_chain_missing(issuer, sizeof(issuer), url, sizeof(url),
				     im->chain, im->given, im->more))
		return;
	printf("  if %s is no root that is trusted, name its certificate "
	       "with --untrusted\n", issuer);
	if (*url)
		printf("  its CA offers it at %s (nothing was fetched)\n",
		       url);
}

static int report_json(const struct import *im, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(32768);
	X509 *leaf = sk_X509_value(im->chain, 0);
	char subject[512], issuer[512], sha[TMK_FINGERPRINT_TEXT], url[512];
	bool lacks = tmk_front_chain_missing(issuer, sizeof(issuer), url,
					     sizeof(url), im->chain,
					     im->given, im->more);
	struct tmk_json j;
	int ret;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", im->pick.name);
	tmk_json_string(&j, "status", "imported");
	tmk_json_string(&j, "subject", tmk_cert_subject(subject,
							sizeof(subject), leaf));
	tmk_front_report_fingerprint(&j, tmk_cert_sha256(sha, leaf));
	tmk_json_int(&j, "intermediates", sk_X509_num(im->chain) - 1);
	tmk_json_string(&j, "notSeen", lacks ? issuer : NULL);
	tmk_json_string(&j, "offeredAt", lacks && *url ? url : NULL);
	tmk_json_string(&j, "file", im->kept);
	tmk_json_int(&j, "older", im->older);
	tmk_json_close_object(&j);
	ret = tmk_front_key_print(&j, err);
	tmk_buf_release(&line);
	return ret;
}

static int import(const char *key, const char *file, const struct options *o,
		  struct tmk_err *err)
{
	struct import im = { .o = o };
	const char *uri = NULL;
	int ret = -1;

	if (tmk_config_load(&im.config, ".", err) < 0 ||
	    tmk_front_pick_must(&im.pick, im.config, key, err) < 0 ||
	    tmk_front_key_uri(&uri, &im.pick, im.config, err) < 0)
		goto out;
	im.place = tmk_front_place(im.config, uri, o->pin_file);
	im.store = tmk_front_store(uri, err);
	if (!im.store || load(&im, file, err) < 0)
		goto out;
	if (choose(&im, err) < 0 || keep_on_token(&im, err) < 0) {
		tmk_front_pick_prefix(&im.pick, err);
		goto out;
	}
	if (!o->json)
		report(&im);
	ret = im.pick.key ? put_in_config(&im, err) : 0;
	if (!ret && o->json)
		ret = report_json(&im, err);
out:
	free(im.kept);
	tmk_signer_free(im.signer);
	sk_X509_pop_free(im.chain, X509_free);
	sk_X509_pop_free(im.given, X509_free);
	sk_X509_pop_free(im.more, X509_free);
	tmk_config_free(im.config);
	return ret;
}

int tmk_front_key_import(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "untrusted", TMK_OPT_LIST, &o.untrusted, "PEM",
		  "intermediates that FILE lacks; may repeat" },
		{ 0, "chain", TMK_OPT_LIST, &o.chain, "PEM",
		  "the same as --untrusted" },
		{ 0, "pin-file", TMK_OPT_TEXT, &o.pin_file, "FILE",
		  "read the PIN from here" },
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL, "answer in JSON" },
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
