#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/json.h"
#include "base/opt.h"
#include "core/config.h"
#include "core/issue.h"
#include "plugins/front_certs.h"
#include "plugins/front_guarded.h"
#include "plugins/front_key.h"
#include "plugins/front_key_chain.h"
#include "plugins/front_pick.h"
#include "x509/attest.h"
#include "x509/cert.h"

#define MAIL_MAX 512
#define CSR_MAX (64 * 1024)

#define DAYS_MAX 460		/* from 2026-03-01 on, for code signing: the
				   Baseline Requirements, section 6.3.2 */

struct options {
	const char *subject, *email, *out, *pin_file, *attestation;
	struct tmk_opt_list eku, san;
	uint64_t days;		/* 0: nothing is said */
	bool renew, json, help;
};

/* What a request is made of. */
struct making {
	struct tmk_issue_subject who;
	char mail[MAIL_MAX];
	STACK_OF(X509) *certs;	/* for --renew: all that may be the key's */
	struct tmk_buf bundle;
};

/* A renewal: subject, address and usages as the certificate has them that is
 * in the configured file. 1 when there is none to be read. */
static int fill_from_cert(struct tmk_issue_subject *who, char *mail,
			  const struct options *o,
			  const struct tmk_front_pick *pick,
			  struct tmk_err *err)
{
	struct tmk_err ignored = TMK_ERR_INIT;
	STACK_OF(X509) *certs = NULL;
	X509 *leaf = NULL;
	int i;

	if (!pick->cert || tmk_front_certs_load(&certs, pick->cert, &ignored))
		return 1;
	for (i = 0; !leaf && i < sk_X509_num(certs); i++)
		if (!X509_check_ca(sk_X509_value(certs, i)))
			leaf = sk_X509_value(certs, i);
	if (!leaf) {
		sk_X509_pop_free(certs, X509_free);
		return 1;
	}
	who->name = X509_NAME_dup(X509_get_subject_name(leaf));
	if (!who->email && tmk_cert_email(mail, MAIL_MAX, leaf, 0))
		who->email = mail;
	if (!o->eku.count && who->ekus < TMK_ISSUE_EKU_MAX &&
	    X509_get_extended_key_usage(leaf) & XKU_SMIME &&
	    X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE)
		who->eku[who->ekus++] = "emailProtection";
	sk_X509_pop_free(certs, X509_free);
	return who->name ? 0 : tmk_err_nomem(err);
}

/* Subject and e-mail from the options, else from the key's userId, else from
 * its certificate. `mail` (MAIL_MAX bytes) must live as long as `who`. */
static int fill(struct tmk_issue_subject *who, char *mail,
		const struct options *o, const struct tmk_front_pick *pick,
		struct tmk_err *err)
{
	const char *user = pick->key ? pick->key->user_id : NULL;
	const char *from = o->email ? o->email : user;
	char name[MAIL_MAX];
	int i, rc;

	if (o->eku.count > TMK_ISSUE_EKU_MAX)
		return tmk_err_set(err, TMK_USAGE, "more than %d --eku",
				   TMK_ISSUE_EKU_MAX);
	for (i = 0; i < o->eku.count; i++)
		who->eku[who->ekus++] = o->eku.item[i];
	if (!who->ekus)
		who->eku[who->ekus++] = "codeSigning";
	if (from) {
		if (tmk_issue_user_split(name, mail, MAIL_MAX, from, err) < 0)
			return -1;
		who->email = mail;
	}
	if (o->subject)
		return tmk_issue_name_parse(&who->name, o->subject, err);
	if (user)
		return tmk_issue_name_from_user(&who->name, user, err);
	rc = fill_from_cert(who, mail, o, pick, err);
	if (rc <= 0)
		return rc;
	tmk_err_set(err, TMK_USAGE, "there is no subject for the request");
	return tmk_err_hint(err, "give --subject '/CN=Release Team/O=Example' "
			    "and --email MAIL, or configure userId");
}

/* ---- a renewal ----------------------------------------------------------- */

/* The certificate that is renewed: the one that signs now, or, when all have
 * ended, the one that ended last. */
static X509 *newest(STACK_OF(X509) *certs)
{
	int64_t from, to, latest = INT64_MIN;
	X509 *found = NULL;
	int i;

	for (i = 0; i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		/* What a device says of its key is nobody's to renew. */
		if (X509_check_ca(cert) || tmk_attest_is(cert) ||
		    tmk_cert_validity(&from, &to, cert, NULL) || to < latest)
			continue;
		latest = to;
		found = cert;
	}
	return found;
}

/* Those of this key alone: a token holds more. */
static int of_key(STACK_OF(X509) *certs, const struct tmk_buf *spki)
{
	int i;

	for (i = sk_X509_num(certs) - 1; i >= 0; i--)
		if (!tmk_cert_has_key(sk_X509_value(certs, i), spki->data,
				      spki->len))
			X509_free(sk_X509_delete(certs, i));
	return sk_X509_num(certs);
}

static int renew(struct making *m, const struct tmk_front_pick *pick,
		 const struct tmk_store_ops *store,
		 const struct tmk_place *place,
		 const struct tmk_signer *signer, struct tmk_err *err)
{
	m->certs = sk_X509_new_null();
	if (!m->certs)
		return tmk_err_nomem(err);
	if (pick->cert && tmk_front_chain_add_file(m->certs, pick->cert, err))
		return -1;
	if (!pick->cert &&
	    tmk_front_chain_add_token(m->certs, store, place, err))
		return -1;
	if (of_key(m->certs, &signer->spki))
		m->who.like = newest(m->certs);
	if (!m->who.like) {
		tmk_err_set(err, TMK_KEY, "it has no certificate that could "
			    "be renewed");
		return tmk_err_hint(err, "give --subject '/CN=Release Team/"
				    "O=Example' and --email MAIL");
	}
	m->who.name = X509_NAME_dup(X509_get_subject_name(m->who.like));
	return m->who.name ? 0 : tmk_err_nomem(err);
}

/* ---- what is asked for --------------------------------------------------- */

static int check_options(const struct options *o, struct tmk_err *err)
{
	if (o->renew && (o->subject || o->email || o->eku.count ||
			 o->san.count)) {
		tmk_err_set(err, TMK_USAGE, "--renew asks for what the "
			    "certificate has: --subject, --email, --san and "
			    "--eku do not go with it");
		return tmk_err_hint(err, "leave --renew out to ask for "
				    "something else");
	}
	if (o->san.count > TMK_ISSUE_SAN_MAX)
		return tmk_err_set(err, TMK_USAGE, "more than %d --san",
				   TMK_ISSUE_SAN_MAX);
	return 0;
}

static int load_bundle(struct making *m, const struct options *o,
		       struct tmk_err *err)
{
	if (!o->attestation)
		return 0;
	if (tmk_file_read(&m->bundle, o->attestation, err) < 0)
		return -1;
	if (tmk_issue_bundle_check(m->bundle.data, m->bundle.len, err))
		return tmk_err_prefix(err, "%s", o->attestation);
	m->who.bundle = m->bundle.data;
	m->who.bundle_len = m->bundle.len;
	return 0;
}

/* What CAs send requests back for, and what a request cannot say. */
static void advise(const struct making *m, const struct options *o)
{
	static const struct {
		int nid;
		const char *what;
	} wanted[] = {
		{ NID_commonName, "CN (the name that users see)" },
		{ NID_organizationName, "O (the organisation)" }
	};
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (X509_NAME_get_index_by_NID(m->who.name, wanted[i].nid,
					       -1) < 0)
			fprintf(stderr, "touchmark: note: the subject has no "
				"%s: public CAs want one\n", wanted[i].what);
	if (o->days)
		fprintf(stderr, "touchmark: note: a request says nothing of "
			"its lifetime: ask your CA for %llu days\n",
			(unsigned long long)o->days);
	if (o->days > DAYS_MAX)
		fprintf(stderr, "touchmark: warning: public CAs give at most "
			"%d days for code signing\n", DAYS_MAX);
}

/* Said before a PIN is asked for, where the token shows the key without one;
 * else the opened key is looked at. */
static int check_algorithm(const struct tmk_store_ops *store,
			   const struct tmk_place *place, struct tmk_err *err)
{
	struct tmk_front_look look;
	int ret;

	/* A service shows it as it opens it. */
	if (store->service || !store->list || !store->certs)
		return 0;
	if (tmk_front_look(&look, place, false, err) < 0)
		return -1;
	ret = look.keys == 1 ?
		tmk_front_key_cms_ok(look.info.algorithm, err) : 0;
	tmk_front_look_release(&look);
	return ret;
}

/* The request goes to standard output, or whole into a file. */
static int put(const struct tmk_buf *pem, const char *out,
	       struct tmk_err *err)
{
	if (out && strcmp(out, "-"))
		return tmk_file_write(out, 0644, pem->data, pem->len, err);
	fwrite(pem->data, 1, pem->len, stdout);
	return 0;	/* main looks at what became of standard output */
}

/* The request in a file, or in the object itself. */
static int put_json(const struct tmk_buf *pem, const char *name,
		    const char *out, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(4 * CSR_MAX);
	const char *file = out && strcmp(out, "-") ? out : NULL;
	struct tmk_json j;
	int ret;

	if (file && put(pem, file, err))
		return -1;
	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", name);
	tmk_json_string(&j, "status", "ok");
	tmk_json_string(&j, "file", file);
	if (!file)
		tmk_json_string_n(&j, "request", (const char *)pem->data,
				  pem->len);
	tmk_json_close_object(&j);
	ret = tmk_front_key_print(&j, err);
	tmk_buf_release(&line);
	return ret;
}

/* Open the key, and let it sign what is asked for. */
static int make(struct tmk_buf *pem, struct making *m,
		const struct tmk_config *config,
		const struct tmk_front_pick *pick, const struct options *o,
		struct tmk_err *err)
{
	const struct tmk_front_use use = {
		.what = "csr",
		.key = pick->name,
		.section = pick->key,
		.artefact = o->out,
		.content = "certificate-request",
	};
	const struct tmk_store_ops *store;
	struct tmk_signer *signer = NULL;
	const char *uri = NULL;
	struct tmk_place place;
	int ret = -1;

	if (tmk_front_key_uri(&uri, pick, config, err) < 0)
		return -1;
	store = tmk_front_store(uri, err);
	if (!store)
		return -1;
	place = tmk_front_place(config, uri, o->pin_file);
	if (check_algorithm(store, &place, err) < 0 ||
	    store->open(&signer, &place, err) < 0 ||
	    tmk_front_key_cms_ok(signer->algorithm, err) < 0 ||
	    (o->renew && renew(m, pick, store, &place, signer, err) < 0) ||
	    tmk_front_guarded_wrap(&signer, config, &use, err) < 0 ||
	    tmk_issue_csr(pem, &m->who, signer, err) < 0) {
		tmk_front_pick_prefix(pick, err);
		goto out;
	}
	ret = 0;
out:
	tmk_signer_free(signer);
	return ret;
}

static int csr(const char *key, const struct options *o, struct tmk_err *err)
{
	struct making m = { .bundle = TMK_BUF_INIT(TMK_ISSUE_BUNDLE_MAX) };
	struct tmk_buf pem = TMK_BUF_INIT(CSR_MAX);
	struct tmk_config *config = NULL;
	struct tmk_front_pick pick;
	int i, ret = -1;

	if (check_options(o, err) < 0 ||
	    tmk_config_load(&config, ".", err) < 0 ||
	    tmk_front_pick_must(&pick, config, key, err) < 0 ||
	    (!o->renew && fill(&m.who, m.mail, o, &pick, err) < 0) ||
	    load_bundle(&m, o, err) < 0)
		goto out;
	for (i = 0; i < o->san.count; i++)
		m.who.san[m.who.sans++] = o->san.item[i];
	if (make(&pem, &m, config, &pick, o, err) < 0)
		goto out;
	advise(&m, o);
	ret = o->json ? put_json(&pem, pick.name, o->out, err) :
		put(&pem, o->out, err);
out:
	X509_NAME_free(m.who.name);
	sk_X509_pop_free(m.certs, X509_free);
	tmk_buf_release(&m.bundle);
	tmk_buf_release(&pem);
	tmk_config_free(config);
	return ret;
}

int tmk_front_key_csr_write(const char *key, const char *subject,
			    const char *email, const char *out,
			    const char *pin_file, struct tmk_err *err)
{
	const struct options o = { .subject = subject, .email = email,
				   .out = out, .pin_file = pin_file };

	return csr(key, &o, err);
}

int tmk_front_key_csr(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "subject", TMK_OPT_TEXT, &o.subject, "/CN=..",
		  "the subject, as openssl req -subj takes it" },
		{ 0, "email", TMK_OPT_TEXT, &o.email, "MAIL",
		  "for the subject alternative name" },
		{ 0, "san", TMK_OPT_LIST, &o.san, "NAME",
		  "a further name: email:MAIL, DNS:HOST, URI:ADDRESS" },
		{ 0, "eku", TMK_OPT_LIST, &o.eku, "USAGE",
		  "codeSigning (default) or emailProtection; OIDs too" },
		{ 0, "renew", TMK_OPT_FLAG, &o.renew, NULL,
		  "subject, names and usages as the certificate has them" },
		{ 0, "days", TMK_OPT_SIZE, &o.days, "N",
		  "the lifetime that you will ask your CA for" },
		{ 0, "attestation", TMK_OPT_TEXT, &o.attestation, "FILE",
		  "add this AttestationBundle (DER)" },
		{ 'o', "output", TMK_OPT_TEXT, &o.out, "FILE",
		  "write the request here" },
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
		tmk_opt_help(stdout, "touchmark key csr NAME|URI [OPTION...]",
			     table);
		return TMK_OK;
	}
	if (operands != 1) {
		tmk_err_set(err, TMK_USAGE, "key csr needs one NAME or URI");
		tmk_err_hint(err, "touchmark key list shows the keys");
		return TMK_USAGE;
	}
	return csr(argv[1], &o, err) < 0 ? err->code : TMK_OK;
}
