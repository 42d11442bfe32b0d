#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/opt.h"
#include "core/config.h"
#include "core/issue.h"
#include "core/sign.h"
#include "formats/armour.h"
#include "plugins/front_birth.h"
#include "plugins/front_guarded.h"
#include "plugins/front_key.h"
#include "plugins/front_pick.h"
#include "seal/minisign_key.h"
#include "seal/openpgp_key.h"
#include "seal/ssh_key.h"
#include "x509/cert.h"

#define OUT_MAX (4 * 1024 * 1024)
#define SELFSIG_MAX 4096	/* bytes of a kept self-signature */
#define USER_MAX 1024

struct options {
	const char *type, *pin_file;
	bool help, json, allowed, armour, no_armour;
};

/* What an export works on. */
struct export {
	const struct options *o;
	struct tmk_config *config;
	struct tmk_front_pick pick;
	int at;			/* which of the key's URIs is used */
	struct tmk_place place;
	const struct tmk_store_ops *store;
	struct tmk_front_look look;
	struct tmk_signer *signer;	/* opened when there is need */
	const struct tmk_buf *spki;	/* borrowed from one of both */
	int64_t created;	/* what the OpenPGP key is made of */
	char user_id[USER_MAX];
	struct tmk_buf out;
	char fingerprint[TMK_KEY_ID + 8];
	char shown[512];	/* the place, without what may be a PIN */
};

/* ---- the key ------------------------------------------------------------- */

static const char *shown_place(struct export *x)
{
	const char *uri = x->pick.uri[x->at];

	snprintf(x->shown, sizeof(x->shown), "%.*s", (int)strcspn(uri, "?"),
		 uri);
	return x->shown;
}

/* What an export signs is a use of the key like any other. */
static int guard_signer(struct export *x, struct tmk_err *err)
{
	const struct tmk_front_use use = {
		.what = "certify",
		.key = x->pick.name,
		.section = x->pick.key,
		.place = shown_place(x),
		.format = "openpgp",
		.content = "openpgp-key",
		.artefact = x->pick.name,
	};

	if (tmk_front_guarded_wrap(&x->signer, x->config, &use, err))
		return -1;
	x->spki = &x->signer->spki;
	return 0;
}

static int open_signer(struct export *x, struct tmk_err *err)
{
	if (x->signer)
		return 0;
	if (x->store->open(&x->signer, &x->place, err) < 0)
		return -1;
	x->spki = &x->signer->spki;
	return guard_signer(x, err);
}

/* The public part: without a login when the token shows it. */
static int find_key(struct export *x, const char *key, struct tmk_err *err)
{
	const char *uri = NULL;

	if (tmk_config_load(&x->config, ".", err) < 0 ||
	    tmk_front_pick_must(&x->pick, x->config, key, err) < 0 ||
	    tmk_front_key_uri(&uri, &x->pick, x->config, err) < 0)
		return -1;
	while (x->pick.uri[x->at] != uri)
		x->at++;
	x->store = tmk_front_store(uri, err);
	if (!x->store)
		return -1;
	x->place = tmk_front_place(x->config, uri, x->o->pin_file);
	if (tmk_front_look(&x->look, &x->place, false, err) < 0)
		return -1;
	if (x->look.keys != 1 || !x->look.info.spki.len)
		return open_signer(x, err);
	x->spki = &x->look.info.spki;
	return 0;
}

/* ---- certificates -------------------------------------------------------- */

static int export_x509(struct export *x, struct tmk_err *err)
{
	STACK_OF(X509) *file = NULL, *chain = NULL;
	char sha[TMK_FINGERPRINT_TEXT];
	int i, ret = -1;

	if (tmk_front_key_cms_ok(x->signer ? x->signer->algorithm :
				 x->look.info.algorithm, err) < 0)
		return -1;
	if (x->pick.cert && tmk_cert_load_file(&file, x->pick.cert, err) < 0)
		return -1;
	if (tmk_sign_order_chain(&chain, file ? file : x->look.certs,
				 x->spki->data, x->spki->len, tmk_clock_now(),
				 err) < 0)
		goto out;
	for (i = 0; i < sk_X509_num(chain); i++)
		if (tmk_cert_to_pem(&x->out, sk_X509_value(chain, i)) < 0) {
			tmk_err_nomem(err);
			goto out;
		}
	snprintf(x->fingerprint, sizeof(x->fingerprint), "sha256:%s",
		 tmk_cert_sha256(sha, sk_X509_value(chain, 0)));
	ret = 0;
out:
	sk_X509_pop_free(chain, X509_free);
	sk_X509_pop_free(file, X509_free);
	return ret;
}

/* ---- SSH ----------------------------------------------------------------- */

/* The address that stands for the signer in an allowed_signers file: of the
 * user id, else of a certificate of this key. */
static int find_mail(char *mail, size_t size, const struct export *x,
		     struct tmk_err *err)
{
	const char *user = x->pick.key ? x->pick.key->user_id : NULL;
	STACK_OF(X509) *file = NULL, *certs = x->look.certs;
	char name[USER_MAX];
	int i, ret = -1;

	if (user)
		return tmk_issue_user_split(name, mail, size, user, err);
	if (x->pick.cert &&
	    tmk_cert_load_file(&file, x->pick.cert, err) < 0)
		return -1;
	if (file)
		certs = file;
	for (i = 0; ret && i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		if (tmk_cert_has_key(cert, x->spki->data, x->spki->len) &&
		    tmk_cert_email(mail, size, cert, 0))
			ret = 0;
	}
	sk_X509_pop_free(file, X509_free);
	if (!ret)
		return 0;
	tmk_err_set(err, TMK_USAGE, "no e-mail address is known that could "
		    "stand in an allowed_signers file");
	return tmk_err_hint(err, "git config --file ~/.config/touchmark/config "
			    "touchmark.%s.userId 'Name <mail>'",
			    x->pick.key ? x->pick.key->name : "NAME");
}

/* A principal is a pattern, and ends at a blank or comma (ssh-keygen(1),
 * ALLOWED SIGNERS): an address that would mean more than itself is refused. */
static int add_principal(struct export *x, struct tmk_err *err)
{
	char mail[USER_MAX];
	const char *p;

	if (find_mail(mail, sizeof(mail), x, err) < 0)
		return -1;
	for (p = mail; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr(",*?!\"'#\\", *p))
			return tmk_err_set(err, TMK_USAGE, "'%s' cannot stand "
					   "in an allowed_signers file", mail);
	if (!*mail)
		return tmk_err_set(err, TMK_USAGE, "the user id has no "
				   "address");
	if (tmk_buf_printf(&x->out, "%s namespaces=\"git,file\" ", mail) < 0)
		return tmk_err_nomem(err);
	return 0;
}

static int export_ssh(struct export *x, struct tmk_err *err)
{
	const char *user = x->pick.key ? x->pick.key->user_id : NULL;
	const char *name = user ? user : x->pick.key ? x->pick.key->name :
		x->look.info.label;
	char comment[USER_MAX];

	if (x->o->allowed && add_principal(x, err) < 0)
		return -1;
	tmk_enc_show_into(comment, sizeof(comment), name, strlen(name));
	if (tmk_ssh_key_line(&x->out, x->spki->data, x->spki->len,
			     x->o->allowed ? NULL : comment, err) < 0 ||
	    tmk_ssh_key_fingerprint(x->fingerprint, x->spki->data,
				    x->spki->len, err) < 0)
		return -1;
	if (x->out.len && x->out.data[x->out.len - 1] != '\n' &&
	    tmk_buf_addch(&x->out, '\n') < 0)
		return tmk_err_nomem(err);
	return 0;
}

/* ---- minisign and signify ------------------------------------------------ */

static int export_commented(struct export *x, enum tmk_seal_format format,
			    struct tmk_err *err)
{
	const char *name = x->pick.key ? x->pick.key->name : NULL;

	if (tmk_minisign_key_id(x->fingerprint, x->spki->data, x->spki->len,
				err))
		return -1;
	return tmk_minisign_key_export(&x->out, format, x->spki->data,
				       x->spki->len, name, err);
}

static int export_minisign(struct export *x, struct tmk_err *err)
{
	return export_commented(x, TMK_FORMAT_MINISIGN, err);
}

static int export_signify(struct export *x, struct tmk_err *err)
{
	return export_commented(x, TMK_FORMAT_SIGNIFY, err);
}

/* ---- OpenPGP ------------------------------------------------------------- */

/* Creation time and user id; both are part of what everybody else has. */
static int find_birth(struct export *x, struct tmk_err *err)
{
	char *path = NULL;

	if (tmk_front_birth(&x->created, x->user_id, sizeof(x->user_id),
			    &x->pick, x->config, x->at, x->signer, err) < 0)
		return -1;
	if (x->created > tmk_clock_now())
		fprintf(stderr, "touchmark: warning: the creation time is "
			"still to come: until then nobody takes the key\n");
	if (x->user_id[0])
		return 0;
	if (tmk_config_user_path(&path, err) < 0)
		return -1;
	tmk_err_set(err, TMK_USAGE, "an OpenPGP key needs a user id, and none "
		    "is known");
	tmk_err_hint(err, "git config --file %s touchmark.%s.userId 'Name "
		     "<mail>'", path,
		     x->pick.key ? x->pick.key->name : "NAME");
	free(path);
	return -1;
}

/* What the token keeps beside the configuration: written when it has nothing,
 * told when it says something else, since one of both must be wrong. */
static void compare_birth(struct export *x)
{
	struct tmk_err why = TMK_ERR_INIT;
	char user[USER_MAX];
	int64_t created = 0;
	int rc;

	rc = tmk_front_birth_get(&created, user, sizeof(user), x->store,
				 &x->place, x->spki->data, x->spki->len,
				 &why);
	if (rc > 0)
		tmk_front_key_keep_birth(&x->place, x->spki, x->created,
					 x->user_id);
	else if (!rc && created != x->created)
		fprintf(stderr, "touchmark: warning: the configuration says "
			"that the key was created at %lld, the token %lld: "
			"the configuration counts, and each gives another "
			"fingerprint\n", (long long)x->created,
			(long long)created);
}

/* An ECDSA signature is another one each time: the first is kept in the
 * token, so that whoever derives the key again gets the same bytes. */
static int make_kept(struct export *x, struct tmk_buf *key,
		     const struct tmk_seal_request *request,
		     struct tmk_err *err)
{
	struct tmk_buf kept = TMK_BUF_INIT(SELFSIG_MAX);
	struct tmk_buf fresh = TMK_BUF_INIT(SELFSIG_MAX);
	struct tmk_err why = TMK_ERR_INIT;
	char label[TMK_BIRTH_LABEL];
	int rc = -1;

	if (tmk_front_birth_label(label, "openpgp-sig", x->spki->data,
				  x->spki->len, err) < 0)
		return -1;
	if (!x->store->get_data(&x->place, label, &kept, &why) && kept.len &&
	    !tmk_openpgp_key_make(key, NULL, request, kept.data, kept.len,
				  &why)) {
		rc = 0;
		goto out;
	}
	tmk_buf_clear(key);
	if (kept.len)
		fprintf(stderr, "touchmark: note: the token keeps a "
			"self-signature of another user id or creation time; "
			"a new one takes its place\n");
	rc = tmk_openpgp_key_make(key, &fresh, request, NULL, 0, err);
	if (!rc && x->store->put_data(&x->place, label, fresh.data, fresh.len,
				      &why) < 0)
		fprintf(stderr, "touchmark: warning: the token does not keep "
			"the self-signature (%s): another export will differ "
			"in it, with the same fingerprint\n", why.text);
out:
	tmk_buf_release(&kept);
	tmk_buf_release(&fresh);
	return rc;
}

static const struct tmk_seal_ops *openpgp(void)
{
	int i;

	for (i = 0; tmk_seals[i]; i++)
		if (tmk_seals[i]->format == TMK_FORMAT_OPENPGP)
			return tmk_seals[i];
	return NULL;
}

/* What was made must be a key to those who will judge by it. */
static int read_back(const struct tmk_buf *key,
		     const struct tmk_seal_ops *seal, struct tmk_err *err)
{
	struct tmk_keyring *ring = NULL;

	if (seal->keyring_read(&ring, key->data, key->len, "the exported key",
			       err) < 0)
		return -1;
	tmk_keyring_free(ring);
	return 0;
}

static int export_openpgp(struct export *x, struct tmk_err *err)
{
	struct tmk_buf key = TMK_BUF_INIT(OUT_MAX / 2);
	struct tmk_seal_request request = { .user_id = x->user_id };
	const struct tmk_seal_ops *seal = openpgp();
	int rc = -1;

	if (!seal)
		return tmk_err_set(err, TMK_INTERNAL, "OpenPGP cannot be made "
				   "here");
	if (open_signer(x, err) < 0 || find_birth(x, err) < 0)
		return -1;
	request.signer = x->signer;
	request.created = x->created;
	request.hash = seal->hash(x->signer);
	compare_birth(x);
	rc = x->signer->algorithm == TMK_KEY_EC ?
		make_kept(x, &key, &request, err) :
		tmk_openpgp_key_make(&key, NULL, &request, NULL, 0, err);
	if (!rc)
		rc = read_back(&key, seal, err);
	if (!rc)
		rc = tmk_openpgp_key_fingerprint(x->fingerprint, x->spki->data,
						 x->spki->len, x->created,
						 err);
	if (!rc && !x->o->no_armour)
		rc = tmk_armour_write(&x->out, "PGP PUBLIC KEY BLOCK",
				      key.data, key.len, err);
	else if (!rc)
		rc = tmk_buf_add(&x->out, key.data, key.len) < 0 ?
			tmk_err_nomem(err) : 0;
	tmk_buf_release(&key);
	return rc;
}

/* ---- the verb ------------------------------------------------------------ */

static const struct {
	const char *name;
	int (*run)(struct export *x, struct tmk_err *err);
} types[] = {
	{ "x509", export_x509 },
	{ "openpgp", export_openpgp },
	{ "ssh", export_ssh },
	{ "minisign", export_minisign },
	{ "signify", export_signify },
};

#define TYPES (sizeof(types) / sizeof(*types))

static int put(struct export *x, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(2 * OUT_MAX);
	struct tmk_json j;
	int ret;

	if (!x->o->json) {
		fwrite(x->out.data, 1, x->out.len, stdout);
		return 0;	/* main looks at what became of it */
	}
	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", x->pick.name);
	tmk_json_string(&j, "status", "ok");
	tmk_json_string(&j, "type", x->o->type);
	tmk_json_string(&j, "fingerprint", x->fingerprint);
	tmk_json_string(&j, "key", tmk_buf_str(&x->out));
	tmk_json_close_object(&j);
	ret = tmk_front_key_print(&j, err);
	tmk_buf_release(&line);
	return ret;
}

static int check_options(size_t *type, const struct options *o,
			 struct tmk_err *err)
{
	size_t i;

	for (i = 0; o->type && i < TYPES; i++)
		if (!strcmp(o->type, types[i].name))
			break;
	if (!o->type || i == TYPES) {
		if (o->type)
			tmk_err_set(err, TMK_USAGE, "--type %s is unknown",
				    o->type);
		else
			tmk_err_set(err, TMK_USAGE, "key export needs --type");
		return tmk_err_hint(err, "write --type x509, openpgp, ssh, "
				    "minisign or signify");
	}
	if (o->allowed && types[i].run != export_ssh)
		return tmk_err_set(err, TMK_USAGE, "--allowed-signers goes "
				   "with --type ssh");
	if (o->no_armour && types[i].run != export_openpgp)
		return tmk_err_set(err, TMK_USAGE, "--no-armor goes with "
				   "--type openpgp");
	if (o->no_armour && (o->armour || o->json))
		return tmk_err_set(err, TMK_USAGE, "--no-armor and --%s "
				   "exclude each other",
				   o->armour ? "armor" : "json");
	*type = i;
	return 0;
}

static int export(const char *key, const struct options *o,
		  struct tmk_err *err)
{
	struct export x = { .o = o, .out = TMK_BUF_INIT(OUT_MAX) };
	size_t type = 0;
	int ret = -1;

	tmk_key_info_init(&x.look.info);
	if (check_options(&type, o, err) < 0)
		return -1;
	if (find_key(&x, key, err) < 0)
		goto out;
	if (types[type].run(&x, err) < 0) {
		tmk_front_pick_prefix(&x.pick, err);
		goto out;
	}
	ret = put(&x, err);
out:
	tmk_signer_free(x.signer);
	tmk_front_look_release(&x.look);
	tmk_buf_release(&x.out);
	tmk_config_free(x.config);
	return ret;
}

int tmk_front_key_export(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .type = NULL };
	const struct tmk_opt table[] = {
		{ 't', "type", TMK_OPT_TEXT, &o.type, "TYPE",
		  "x509, openpgp, ssh, minisign or signify" },
		{ 0, "allowed-signers", TMK_OPT_FLAG, &o.allowed, NULL,
		  "with ssh: a line for an allowed_signers file" },
		{ 'a', "armor", TMK_OPT_FLAG, &o.armour, NULL,
		  "with openpgp: text, which is the default" },
		{ 0, "no-armor", TMK_OPT_FLAG, &o.no_armour, NULL,
		  "with openpgp: binary" },
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
		tmk_opt_help(stdout, "touchmark key export [NAME|URI] --type "
			     "TYPE [OPTION...]", table);
		return TMK_OK;
	}
	if (operands > 1) {
		tmk_err_set(err, TMK_USAGE, "key export takes one NAME or "
			    "URI");
		return TMK_USAGE;
	}
	return export(operands ? argv[1] : NULL, &o, err) < 0 ?
		err->code : TMK_OK;
}
