#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/opt.h"
#include "core/config.h"
#include "core/issue.h"
#include "plugins/front_certs.h"
#include "plugins/front_key.h"
#include "plugins/front_pick.h"
#include "x509/cert.h"

#define MAIL_MAX 512
#define CSR_MAX (64 * 1024)

struct options {
	const char *subject, *email, *out, *pin_file;
	struct tmk_opt_list eku;
	bool help;
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

/* Said before a PIN is asked for, where the token shows the key without one;
 * else the opened key is looked at. */
static int check_algorithm(const struct tmk_place *place, struct tmk_err *err)
{
	struct tmk_front_look look;
	int ret;

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

static int csr(const char *key, const struct options *o, struct tmk_err *err)
{
	struct tmk_issue_subject who = { .name = NULL };
	struct tmk_buf pem = TMK_BUF_INIT(CSR_MAX);
	const struct tmk_store_ops *store;
	struct tmk_signer *signer = NULL;
	struct tmk_config *config = NULL;
	struct tmk_front_pick pick;
	const char *uri = NULL;
	struct tmk_place place;
	char mail[MAIL_MAX];
	int ret = -1;

	if (tmk_config_load(&config, ".", err) < 0 ||
	    tmk_front_pick_must(&pick, config, key, err) < 0 ||
	    fill(&who, mail, o, &pick, err) < 0 ||
	    tmk_front_key_uri(&uri, &pick, config, err) < 0)
		goto out;
	store = tmk_front_store(uri, err);
	if (!store)
		goto out;
	place = tmk_front_place(config, uri, o->pin_file);
	if (check_algorithm(&place, err) < 0 ||
	    store->open(&signer, &place, err) < 0 ||
	    tmk_front_key_cms_ok(signer->algorithm, err) < 0 ||
	    tmk_issue_csr(&pem, &who, signer, err) < 0) {
		tmk_front_pick_prefix(&pick, err);
		goto out;
	}
	ret = put(&pem, o->out, err);
out:
	tmk_signer_free(signer);
	X509_NAME_free(who.name);
	tmk_buf_release(&pem);
	tmk_config_free(config);
	return ret;
}

int tmk_front_key_csr(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "subject", TMK_OPT_TEXT, &o.subject, "/CN=..",
		  "the subject, as openssl req -subj takes it" },
		{ 0, "email", TMK_OPT_TEXT, &o.email, "MAIL",
		  "for the subject alternative name" },
		{ 0, "eku", TMK_OPT_LIST, &o.eku, "USAGE",
		  "codeSigning (default) or emailProtection; OIDs too" },
		{ 'o', "output", TMK_OPT_TEXT, &o.out, "FILE",
		  "write the request here" },
		{ 0, "pin-file", TMK_OPT_TEXT, &o.pin_file, "FILE",
		  "read the PIN from here" },
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
