/* touchmark key adopt: a key that came on a token, with its certificate. */
#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/opt.h"
#include "core/config.h"
#include "core/sign.h"
#include "plugins/front_audit.h"
#include "plugins/front_birth.h"
#include "plugins/front_guarded.h"
#include "plugins/front_key.h"
#include "plugins/front_key_chain.h"
#include "plugins/front_key_life.h"
#include "x509/cert.h"
#include "x509/spki.h"

#define MIN_RSA 3072		/* bits: the Code Signing Baseline
				   Requirements, section 6.1.5 */
#define URIS_MAX 4		/* shown when several keys are there */
#define USER_MAX 512
#define VALUES_MAX 6

struct options {
	struct tmk_opt_list certs, untrusted;
	const char *token, *module, *pin_file, *user, *env;
	bool json, help;
};

/* What an adoption works on. */
struct adoption {
	const struct options *o;
	const char *name;
	struct tmk_config *config;
	char *token_uri;	/* of the token, or the URI that was given */
	char *uri;		/* of the key, with the way to it */
	struct tmk_place place;
	const struct tmk_store_ops *store;
	struct tmk_key_info info;
	int keys;		/* private ones that were found */
	struct tmk_buf several;	/* their URIs */
	struct tmk_signer *signer;
	STACK_OF(X509) *given, *more, *chain;
	char missing[512], url[512];
	int64_t created;
	char *user_id;
	char warning[256];	/* the certificate's: it ends soon */
};

/* ---- the one key --------------------------------------------------------- */

static bool is_private(const struct tmk_key_info *i)
{
	return i->sign != TMK_ABSENT || i->sensitive != TMK_ABSENT ||
		i->extractable != TMK_ABSENT;
}

static int on_key(void *ctx, const struct tmk_key_info *info,
		  struct tmk_err *err)
{
	struct adoption *a = ctx;

	if (!is_private(info))
		return 0;
	if (a->keys++ < URIS_MAX &&
	    tmk_buf_printf(&a->several, "%s %s", a->keys > 1 ? "," : "",
			   info->uri))
		return 0;	/* a list that is cut tells enough */
	if (a->keys > 1)
		return 0;
	tmk_key_info_release(&a->info);
	a->info = *info;
	tmk_buf_init(&a->info.spki, info->spki.max);
	return tmk_buf_add(&a->info.spki, info->spki.data, info->spki.len) ?
		tmk_err_nomem(err) : 0;
}

static int find_key(struct adoption *a, struct tmk_err *err)
{
	if (a->store->list(&a->place, true, on_key, a, err) < 0)
		return -1;
	if (a->keys == 1)
		return 0;
	if (!a->keys) {
		tmk_err_set(err, TMK_KEY, "there is no private key on the "
			    "token");
		return tmk_err_hint(err, "touchmark key generate makes one");
	}
	tmk_err_set(err, TMK_KEY, "%d private keys are on the token:%s%s",
		    a->keys, tmk_buf_str(&a->several),
		    a->keys > URIS_MAX ? ", ..." : "");
	return tmk_err_hint(err, "say which one: touchmark key adopt NAME "
			    "URI");
}

/* ---- whether it is good for us ------------------------------------------- */

static int on_section(void *ctx, const struct tmk_key_config *section,
		      struct tmk_err *err)
{
	(void)ctx;
	tmk_err_set(err, TMK_USAGE, "this key is configured already, as '%s'",
		    section->name);
	return tmk_err_hint(err, "one key has one name, so that its rules "
			    "and its record are one: touchmark key show %s",
			    section->name);
}

static int check_key(const struct adoption *a, struct tmk_err *err)
{
	const struct tmk_key_info *i = &a->info;
	char why[256];
	EVP_PKEY *key;
	bool good;

	if (i->sign == TMK_NO) {
		tmk_err_set(err, TMK_KEY, "the key may not be used for "
			    "signing (CKA_SIGN is false)");
		return tmk_err_hint(err, "ask your CA which of its keys is "
				    "the one for signing");
	}
	if (!i->uri[0])
		return tmk_err_set(err, TMK_KEY, "the key's names are too "
				   "long for a URI");
	if (tmk_front_key_cms_ok(i->algorithm, err) < 0)
		return -1;
	if (!i->spki.len)
		return 0;	/* the certificate will tell */
	key = tmk_spki_key(i->spki.data, i->spki.len);
	good = key && tmk_cert_pkey_ok(key, MIN_RSA, why, sizeof(why));
	if (!good)
		tmk_err_set(err, TMK_KEY, "the key is of no use: %s",
			    key ? why : "its public part cannot be read");
	EVP_PKEY_free(key);
	if (!good)
		return tmk_err_hint(err, "code signing needs RSA of %d bits "
				    "or more, P-256 or P-384", MIN_RSA);
	return tmk_front_life_sections(a->config, i->spki.data, i->spki.len,
				       on_section, NULL, err);
}

/* ---- its certificate ----------------------------------------------------- */

/* Where none is given it lies on the token. */
static int load_certs(struct adoption *a, struct tmk_err *err)
{
	a->given = sk_X509_new_null();
	a->more = sk_X509_new_null();
	if (!a->given || !a->more)
		return tmk_err_nomem(err);
	if (tmk_front_chain_add_files(a->given, &a->o->certs, err) ||
	    tmk_front_chain_add_files(a->more, &a->o->untrusted, err))
		return -1;
	if (a->o->certs.count)
		return tmk_front_chain_add_token(a->more, a->store, &a->place,
						 err);
	if (tmk_front_chain_add_token(a->given, a->store, &a->place, err))
		return -1;
	if (sk_X509_num(a->given))
		return 0;
	tmk_err_set(err, TMK_KEY, "there is no certificate on the token");
	return tmk_err_hint(err, "give it: --cert FILE, as your CA sent it");
}

/* The key itself proves that it is the certificate's: that the token shows
 * the same public key proves nothing. */
static int prove(struct adoption *a, struct tmk_err *err)
{
	const struct tmk_front_use use = {
		.what = "prove",
		.key = a->name,
		.place = a->info.token,
		.content = "adoption",
	};
	int64_t now = tmk_clock_now();
	const struct tmk_buf *spki;
	X509 *leaf;

	if (a->store->open(&a->signer, &a->place, err) < 0 ||
	    tmk_front_guarded_wrap(&a->signer, a->config, &use, err) < 0)
		return -1;
	spki = &a->signer->spki;
	if (tmk_front_chain_complete(&a->chain, a->given, a->more, spki->data,
				     spki->len, now, err) < 0) {
		if (!a->o->certs.count)
			tmk_err_hint(err, "give the key's certificate: --cert "
				     "FILE, as your CA sent it");
		return -1;
	}
	leaf = sk_X509_value(a->chain, 0);
	if (tmk_sign_cert_ok(leaf, now, a->warning, sizeof(a->warning),
			     err) < 0)
		return -1;
	(void)tmk_front_chain_missing(a->missing, sizeof(a->missing), a->url,
				      sizeof(a->url), a->chain, a->given,
				      a->more);
	return tmk_front_life_prove(leaf, a->signer, NULL, err);
}

/* ---- its section --------------------------------------------------------- */

/* The creation time that OpenPGP wants may be on the token; else it is now:
 * when the key was made is not known. */
static int find_birth(struct adoption *a, struct tmk_err *err)
{
	const struct tmk_buf *spki = &a->signer->spki;
	char user[USER_MAX] = "";
	int64_t created = 0;

	a->created = tmk_clock_now();
	if (!a->store->get_data ||
	    tmk_front_birth_get(&created, user, sizeof(user), a->store,
				&a->place, spki->data, spki->len, NULL))
		return tmk_front_key_user(&a->user_id, a->o->user, err);
	a->created = created;
	return tmk_front_key_user(&a->user_id, a->o->user ? a->o->user :
				  *user ? user : NULL, err);
}

static int write_section(const struct adoption *a, const char *cert,
			 struct tmk_err *err)
{
	static const char *const keys[] = { "uri", "cert", "created",
					    "userId", "env" };
	const char *contents[] = { a->uri, cert, NULL, a->user_id,
				   a->o->env };
	struct tmk_config_value values[VALUES_MAX];
	char *names[5] = { NULL, NULL, NULL, NULL, NULL }, created[32];
	int i, n = 0, ret = -1;

	snprintf(created, sizeof(created), "%lld", (long long)a->created);
	contents[2] = created;
	for (i = 0; i < 5; i++) {
		if (!contents[i])
			continue;
		if (asprintf(&names[i], "touchmark.%s.%s", a->name,
			     keys[i]) < 0) {
			names[i] = NULL;
			tmk_err_nomem(err);
			goto out;
		}
		values[n++] = (struct tmk_config_value){ names[i],
							 contents[i] };
	}
	if (!a->config->n_keys && !a->config->key)
		values[n++] = (struct tmk_config_value){ "touchmark.key",
							 a->name };
	ret = tmk_config_set_all(values, n, err);
out:
	for (i = 0; i < 5; i++)
		free(names[i]);
	return ret;
}

/* On record before it can be used under its name. */
static int configure(struct adoption *a, struct tmk_err *err)
{
	const struct tmk_buf *spki = &a->signer->spki;
	char *path = NULL;
	int ret = -1;

	if (find_birth(a, err))
		return -1;
	if (tmk_front_audit_event(a->config, "adopted", a->name, spki->data,
				  spki->len, a->info.token, err) ||
	    tmk_front_life_keep_chain(&path, a->name, a->chain, err))
		goto out;
	ret = write_section(a, strrchr(path, '/') + 1, err);
out:
	free(path);
	return ret;
}

/* ---- telling ------------------------------------------------------------- */

/* What the token says that a key born in it would not have, and what it does
 * not say at all. */
static const char *doubt(const struct tmk_key_info *i, int n)
{
	static const char *const texts[] = {
		"it was not made in the token: CKA_LOCAL is false",
		"the token does not say whether it was made there (CKA_LOCAL)",
		"it can be taken out: CKA_EXTRACTABLE is true",
		"it could be taken out once: CKA_NEVER_EXTRACTABLE is false",
		"it is not SENSITIVE",
		"it was not always SENSITIVE: others may have seen it",
		"it may decrypt or unwrap as well",
		"that it never left the token is the module's word alone"
	};
	const bool holds[] = {
		i->local == TMK_NO, i->local == TMK_ABSENT,
		i->extractable == TMK_YES, i->never_extractable == TMK_NO,
		i->sensitive == TMK_NO, i->always_sensitive == TMK_NO,
		i->decrypt == TMK_YES || i->unwrap == TMK_YES, true
	};
	size_t at;

	for (at = 0; at < sizeof(texts) / sizeof(texts[0]); at++)
		if (holds[at] && !n--)
			return texts[at];
	return NULL;
}

static int report_json(const struct adoption *a, struct tmk_err *err)
{
	X509 *leaf = sk_X509_value(a->chain, 0);
	struct tmk_buf line = TMK_BUF_INIT(32768);
	char sha[TMK_FINGERPRINT_TEXT], algorithm[32];
	const char *text;
	struct tmk_json j;
	int n, ret;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", a->name);
	tmk_json_string(&j, "status", "adopted");
	tmk_json_string(&j, "uri", a->uri);
	tmk_json_string(&j, "algorithm",
			tmk_front_key_algorithm_name(algorithm,
				sizeof(algorithm), a->signer->algorithm,
				a->signer->bits));
	tmk_json_string(&j, "certificate", tmk_cert_sha256(sha, leaf));
	tmk_json_int(&j, "intermediates", sk_X509_num(a->chain) - 1);
	tmk_json_string(&j, "missing", a->missing[0] ? a->missing : NULL);
	tmk_json_string(&j, "env", a->o->env);
	tmk_json_open_array(&j, "unproved");
	for (n = 0; (text = doubt(&a->info, n)); n++)
		tmk_json_string(&j, NULL, text);
	tmk_json_close_array(&j);
	tmk_json_close_object(&j);
	ret = tmk_front_key_print(&j, err);
	tmk_buf_release(&line);
	return ret;
}

static void report_text(const struct adoption *a)
{
	X509 *leaf = sk_X509_value(a->chain, 0);
	char subject[512], algorithm[32];
	const char *text;
	int n;

	printf("%s: %s key adopted from token '%s'\n  %s\n", a->name,
	       tmk_front_key_algorithm_name(algorithm, sizeof(algorithm),
					    a->signer->algorithm,
					    a->signer->bits),
	       a->info.token, a->uri);
	printf("  certificate of %s, proved by a signature; %d "
	       "intermediate%s\n",
	       tmk_cert_subject(subject, sizeof(subject), leaf),
	       sk_X509_num(a->chain) - 1,
	       sk_X509_num(a->chain) == 2 ? "" : "s");
	if (a->missing[0])
		printf("  if %s is no root that is trusted, import its "
		       "certificate: touchmark key import-cert %s FILE "
		       "--chain PEM\n", a->missing, a->name);
	if (a->url[0])
		printf("  its CA offers it at %s (nothing was fetched)\n",
		       a->url);
	printf("not proved:\n");
	for (n = 0; (text = doubt(&a->info, n)); n++)
		printf("  %s\n", text);
}

/* ---- all of it ----------------------------------------------------------- */

static int start(struct adoption *a, const char *uri, struct tmk_err *err)
{
	if (a->o->env && !tmk_config_env_find(a->o->env)) {
		tmk_err_set(err, TMK_USAGE, "'%s' is no environment",
			    a->o->env);
		return tmk_err_hint(err, "use dev, test or prod");
	}
	if (tmk_config_load(&a->config, ".", err) < 0 ||
	    tmk_front_key_name_free(a->config, a->name, err) < 0)
		return -1;
	if (!uri) {
		if (tmk_front_life_token(&a->token_uri, a->o->token,
					 a->o->module, a->o->pin_file, err))
			return -1;
	} else {
		a->token_uri = tmk_front_uri_with(uri, a->o->module, NULL);
		if (!a->token_uri)
			return tmk_err_nomem(err);
	}
	a->store = tmk_front_store(a->token_uri, err);
	if (!a->store)
		return -1;
	if (!a->store->list || !a->store->certs) {
		tmk_err_set(err, TMK_USAGE, "keys of %s are not adopted from "
			    "a token", a->store->name);
		return tmk_err_hint(err, "write its section: git config "
				    "--file ~/.config/touchmark/config "
				    "touchmark.%s.uri URI", a->name);
	}
	a->place = tmk_front_place(a->config, a->token_uri, a->o->pin_file);
	return 0;
}

static int adopt(struct adoption *a, const char *uri, struct tmk_err *err)
{
	if (start(a, uri, err) || find_key(a, err) || check_key(a, err))
		return -1;
	/* The key's own URI fits no other one from now on, or `open` says
	 * so. */
	a->uri = strdup(a->info.uri);
	if (!a->uri)
		return tmk_err_nomem(err);
	a->place = tmk_front_place(a->config, a->uri, a->o->pin_file);
	if (load_certs(a, err) || prove(a, err) || configure(a, err))
		return -1;
	if (a->warning[0])
		fprintf(stderr, "touchmark: warning: %s\n", a->warning);
	if (a->o->json)
		return report_json(a, err);
	report_text(a);
	return 0;
}

static int run(const char *name, const char *uri, const struct options *o,
	       struct tmk_err *err)
{
	struct adoption a = { .o = o, .name = name,
			      .several = TMK_BUF_INIT(600) };
	int ret;

	tmk_key_info_init(&a.info);
	ret = adopt(&a, uri, err);
	tmk_signer_free(a.signer);
	sk_X509_pop_free(a.given, X509_free);
	sk_X509_pop_free(a.more, X509_free);
	sk_X509_pop_free(a.chain, X509_free);
	tmk_key_info_release(&a.info);
	tmk_buf_release(&a.several);
	tmk_config_free(a.config);
	free(a.token_uri);
	free(a.user_id);
	free(a.uri);
	return ret;
}

int tmk_front_key_adopt(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "token", TMK_OPT_TEXT, &o.token, "LABEL",
		  "the token that holds it" },
		{ 0, "cert", TMK_OPT_LIST, &o.certs, "FILE",
		  "its certificate, if the token has none; may repeat" },
		{ 0, "untrusted", TMK_OPT_LIST, &o.untrusted, "PEM",
		  "intermediates; may repeat" },
		{ 0, "env", TMK_OPT_TEXT, &o.env, "dev|test|prod",
		  "what it is for" },
		{ 0, "user", TMK_OPT_TEXT, &o.user, "'Name <mail>'",
		  "whose it is (default: git's user.name and user.email)" },
		{ 0, "module", TMK_OPT_TEXT, &o.module, "PATH",
		  "the token's PKCS#11 module (default: all registered)" },
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
		tmk_opt_help(stdout, "touchmark key adopt NAME --token LABEL "
			     "[OPTION...]\n       touchmark key adopt NAME "
			     "URI [OPTION...]", table);
		return TMK_OK;
	}
	if (operands < 1 || operands > 2 || (operands == 2) == !!o.token) {
		tmk_err_set(err, TMK_USAGE, "key adopt needs one NAME, and "
			    "--token LABEL or a URI");
		tmk_err_hint(err, "touchmark key adopt --help");
		return TMK_USAGE;
	}
	return run(argv[1], operands == 2 ? argv[2] : NULL, &o, err) < 0 ?
		err->code : TMK_OK;
}
