#include "plugins/front_key_verbs.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/opt.h"
#include "core/config.h"
#include "plugins/front_birth.h"
#include "plugins/front_key.h"
#include "plugins/front_pick.h"
#include "plugins/front_spki.h"
#include "seal/openpgp_key.h"
#include "seal/ssh_key.h"
#include "x509/cert.h"

#define OUT_MAX (1024 * 1024)

struct options {
	const char *pin_file;
	bool help, json, no_login;
};

/* The attributes under their names in PKCS#11 2.40, section 4.9. */
static const struct {
	const char *name;
	size_t at;
} attributes[] = {
#define ATTRIBUTE(name, field) { name, offsetof(struct tmk_key_info, field) }
	ATTRIBUTE("CKA_SENSITIVE", sensitive),
	ATTRIBUTE("CKA_ALWAYS_SENSITIVE", always_sensitive),
	ATTRIBUTE("CKA_EXTRACTABLE", extractable),
	ATTRIBUTE("CKA_NEVER_EXTRACTABLE", never_extractable),
	ATTRIBUTE("CKA_LOCAL", local),
	ATTRIBUTE("CKA_SIGN", sign),
	ATTRIBUTE("CKA_DECRYPT", decrypt),
	ATTRIBUTE("CKA_UNWRAP", unwrap),
	ATTRIBUTE("CKA_ALWAYS_AUTHENTICATE", always_authenticate),
	ATTRIBUTE("CKA_MODIFIABLE", modifiable),
#undef ATTRIBUTE
};

#define ATTRIBUTES (sizeof(attributes) / sizeof(*attributes))

static enum tmk_tristate attribute(const struct tmk_key_info *info, size_t i)
{
	enum tmk_tristate value;

	memcpy(&value, (const char *)info + attributes[i].at, sizeof(value));
	return value;
}

/* What is said of one certificate. */
struct facts {
	char subject[512], issuer[512], sha256[TMK_FINGERPRINT_TEXT];
	char from[TMK_CLOCK_TEXT], to[TMK_CLOCK_TEXT];
};

static int learn(struct facts *f, X509 *cert, struct tmk_err *err)
{
	int64_t from = 0, to = 0;

	if (tmk_cert_validity(&from, &to, cert, err) < 0)
		return -1;
	tmk_cert_subject(f->subject, sizeof(f->subject), cert);
	tmk_cert_issuer(f->issuer, sizeof(f->issuer), cert);
	tmk_cert_sha256(f->sha256, cert);
	tmk_clock_format(f->from, from);
	tmk_clock_format(f->to, to);
	return 0;
}

/* A key and the certificates of it that are to be seen. */
struct shown {
	const struct tmk_front_pick *pick;
	char openpgp[TMK_KEY_ID];	/* fingerprints; "": not known */
	char spki[TMK_FRONT_SPKI_HEX];	/* "" when it is not known */
	char ssh[TMK_KEY_ID];
	int64_t created;	/* of the OpenPGP key; TMK_TIME_NONE */
	struct tmk_front_look look;
	STACK_OF(X509) *file;	/* of the configured cert file; or NULL */
};

static bool is_ours(const struct tmk_key_info *info, X509 *cert)
{
	return info->spki.len &&
		tmk_cert_has_key(cert, info->spki.data, info->spki.len);
}

/* The creation time is the configuration's, else what the token keeps. */
static int find_created(struct shown *s, const struct tmk_place *place,
			struct tmk_err *err)
{
	const struct tmk_store_ops *store = tmk_front_store(place->uri, err);
	const struct tmk_buf *spki = &s->look.info.spki;
	char user[TMK_OPENPGP_USER_MAX];

	if (!store)
		return -1;
	if (s->pick->key && s->pick->key->created != TMK_TIME_NONE) {
		s->created = s->pick->key->created;
		return 0;
	}
	if (tmk_front_birth_get(&s->created, user, sizeof(user), store, place,
				spki->data, spki->len, err) < 0)
		return -1;
	return 0;
}

/* How the key is called where no certificate is. A kind of key that a format
 * does not know has no name there, which is no failure. */
static int find_fingerprints(struct shown *s, const struct tmk_place *place,
			     struct tmk_err *err)
{
	const struct tmk_buf *spki = &s->look.info.spki;
	struct tmk_err ignored = TMK_ERR_INIT;

	s->created = TMK_TIME_NONE;
	if (!spki->len)
		return 0;
	if (tmk_front_spki_same(s->spki, spki->data, spki->len, err))
		return -1;
	if (tmk_ssh_key_fingerprint(s->ssh, spki->data, spki->len,
				    &ignored) < 0)
		s->ssh[0] = '\0';
	if (find_created(s, place, err) < 0)
		return -1;
	if (s->created == TMK_TIME_NONE ||
	    tmk_openpgp_key_fingerprint(s->openpgp, spki->data, spki->len,
					s->created, &ignored) < 0)
		s->openpgp[0] = '\0';
	return 0;
}

static void text_or_null(struct tmk_json *j, const char *name,
			 const char *value)
{
	if (*value)
		tmk_json_string(j, name, value);
	else
		tmk_json_null(j, name);
}

static void fingerprints_json(struct tmk_json *j, const struct shown *s)
{
	char text[TMK_FRONT_SPKI_HEX + 8];

	if (s->created == TMK_TIME_NONE)
		tmk_json_null(j, "created");
	else
		tmk_json_int(j, "created", s->created);
	snprintf(text, sizeof(text), "sha256:%s", s->spki);
	text_or_null(j, "spki", *s->spki ? text : "");
	text_or_null(j, "openpgp", s->openpgp);
	text_or_null(j, "ssh", s->ssh);
}

static void fingerprints_text(const struct shown *s)
{
	char when[TMK_CLOCK_TEXT];

	if (*s->spki)
		printf("public key: sha256:%s\n", s->spki);
	if (*s->openpgp)
		printf("OpenPGP: %s (created %s)\n", s->openpgp,
		       tmk_clock_format(when, s->created));
	else
		printf("OpenPGP: no fingerprint, since %s\n",
		       s->created == TMK_TIME_NONE ?
		       "no creation time is known" :
		       "OpenPGP does not know such a key");
	if (*s->ssh)
		printf("SSH: %s\n", s->ssh);
}

typedef int (*cert_visit)(void *ctx, const char *where, const struct facts *f,
			  struct tmk_err *err);

/* Every certificate of this key: on the token, then in the file. */
static int each_cert(const struct shown *s, cert_visit visit, void *ctx,
		     struct tmk_err *err)
{
	STACK_OF(X509) *from[] = { s->look.certs, s->file };
	const char *where[] = { "token", "file" };
	struct facts f;
	int i, j;

	for (i = 0; i < 2; i++)
		for (j = 0; from[i] && j < sk_X509_num(from[i]); j++) {
			X509 *cert = sk_X509_value(from[i], j);

			if (!is_ours(&s->look.info, cert))
				continue;
			if (learn(&f, cert, err) < 0 ||
			    visit(ctx, where[i], &f, err) < 0)
				return -1;
		}
	return 0;
}

static int cert_json(void *ctx, const char *where, const struct facts *f,
		     struct tmk_err *err)
{
	struct tmk_json *j = ctx;

	(void)err;
	tmk_json_open_object(j, NULL);
	tmk_json_string(j, "where", where);
	tmk_json_string(j, "subject", f->subject);
	tmk_json_string(j, "issuer", f->issuer);
	tmk_json_string(j, "notBefore", f->from);
	tmk_json_string(j, "notAfter", f->to);
	tmk_json_string(j, "sha256", f->sha256);
	tmk_json_close_object(j);
	return 0;
}

static int cert_text(void *ctx, const char *where, const struct facts *f,
		     struct tmk_err *err)
{
	(void)ctx;
	(void)err;
	printf("certificate (%s): %s\n  issued by %s\n  valid %s to %s\n"
	       "  sha256:%s\n", where, f->subject, f->issuer, f->from, f->to,
	       f->sha256);
	return 0;
}

static int show_json(const struct shown *s, struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(OUT_MAX);
	const struct tmk_key_info *info = &s->look.info;
	char text[2 * sizeof(info->id) + 1];
	struct tmk_json j;
	size_t i;
	int ret = -1;

	tmk_json_init(&j, &out);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", s->pick->name);
	tmk_json_string(&j, "status", "ok");
	tmk_json_string(&j, "uri", info->uri);
	tmk_json_string(&j, "token", info->token);
	tmk_json_string(&j, "serial", info->serial);
	tmk_json_string(&j, "manufacturer", info->manufacturer);
	tmk_json_string(&j, "model", info->model);
	tmk_json_string(&j, "module", info->module);
	tmk_json_string(&j, "label", info->label);
	tmk_enc_hex(text, info->id, info->id_len);
	tmk_json_string(&j, "id", text);
	tmk_json_string(&j, "algorithm",
			tmk_front_key_algorithm_name(text, sizeof(text),
						     info->algorithm,
						     info->bits));
	fingerprints_json(&j, s);
	tmk_json_open_object(&j, "attributes");
	for (i = 0; i < ATTRIBUTES; i++) {
		enum tmk_tristate value = attribute(info, i);

		if (value == TMK_ABSENT)
			tmk_json_null(&j, attributes[i].name);
		else
			tmk_json_bool(&j, attributes[i].name,
				      value == TMK_YES);
	}
	tmk_json_close_object(&j);
	tmk_json_open_array(&j, "certificates");
	if (each_cert(s, cert_json, &j, err) < 0)
		goto out;
	tmk_json_close_array(&j);
	tmk_json_close_object(&j);
	ret = tmk_front_key_print(&j, err);
out:
	tmk_buf_release(&out);
	return ret;
}

static int show_text(const struct shown *s, struct tmk_err *err)
{
	const struct tmk_key_info *info = &s->look.info;
	char text[2 * sizeof(info->id) + 1];
	size_t i;

	printf("name: %s\n", s->pick->name);
	printf("uri: %s\n", info->uri);
	printf("token: %s (serial %s, %s, %s)\n", info->token, info->serial,
	       info->manufacturer, info->model);
	if (*info->module)
		printf("module: %s\n", info->module);
	tmk_enc_hex(text, info->id, info->id_len);
	printf("label: %s\nid: %s\n", info->label, text);
	printf("algorithm: %s\n",
	       tmk_front_key_algorithm_name(text, sizeof(text),
					    info->algorithm, info->bits));
	fingerprints_text(s);
	/* The module's word: only an attestation would be a proof. */
	printf("asserted by the module:\n");
	for (i = 0; i < ATTRIBUTES; i++) {
		enum tmk_tristate value = attribute(info, i);

		printf("  %-25s%s\n", attributes[i].name,
		       value == TMK_ABSENT ? "not given" :
		       value == TMK_YES ? "true" : "false");
	}
	return each_cert(s, cert_text, NULL, err);
}

static int one_key(const struct shown *s, struct tmk_err *err)
{
	if (s->look.keys == 1)
		return 0;
	if (!s->look.keys)
		tmk_err_set(err, TMK_KEY, "key '%s' is not in its token",
			    s->pick->name);
	else
		tmk_err_set(err, TMK_KEY, "'%s' fits %d keys", s->pick->name,
			    s->look.keys);
	return tmk_err_hint(err, "touchmark key list shows what is there");
}

static int show(const char *key, const struct options *o, struct tmk_err *err)
{
	struct tmk_config *config = NULL;
	struct tmk_front_pick pick;
	struct shown s = { .pick = &pick };
	const char *uri = NULL;
	struct tmk_place place;
	int ret = -1;

	tmk_key_info_init(&s.look.info);
	if (tmk_config_load(&config, ".", err) < 0 ||
	    tmk_front_pick_must(&pick, config, key, err) < 0 ||
	    tmk_front_key_uri(&uri, &pick, config, err) < 0)
		goto out;
	place = tmk_front_place(config, uri, o->pin_file);
	if (tmk_front_look(&s.look, &place, !o->no_login, err) < 0) {
		tmk_front_pick_prefix(&pick, err);
		goto out;
	}
	if (one_key(&s, err) < 0 || find_fingerprints(&s, &place, err) < 0)
		goto out;
	if (pick.cert && tmk_cert_load_file(&s.file, pick.cert, err) < 0)
		goto out;
	ret = o->json ? show_json(&s, err) : show_text(&s, err);
out:
	tmk_front_look_release(&s.look);
	sk_X509_pop_free(s.file, X509_free);
	tmk_config_free(config);
	return ret;
}

int tmk_front_key_show(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL, "answer in JSON" },
		{ 0, "no-login", TMK_OPT_FLAG, &o.no_login, NULL,
		  "show only what the token tells without a PIN" },
		{ 0, "pin-file", TMK_OPT_TEXT, &o.pin_file, "FILE",
		  "read the PIN from here" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (o.help) {
		tmk_opt_help(stdout, "touchmark key show [OPTION...] NAME|URI",
			     table);
		return TMK_OK;
	}
	if (operands > 1) {
		tmk_err_set(err, TMK_USAGE, "key show takes one NAME or URI");
		return TMK_USAGE;
	}
	return show(operands ? argv[1] : NULL, &o, err) < 0 ?
		err->code : TMK_OK;
}
