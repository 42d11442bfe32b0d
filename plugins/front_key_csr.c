#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/file.h"
#include "base/opt.h"
#include "core/config.h"
#include "core/issue.h"
#include "plugins/front_key.h"
#include "plugins/front_pick.h"

#define MAIL_MAX 512
#define CSR_MAX (64 * 1024)

struct options {
	const char *subject, *email, *out, *pin_file;
	struct tmk_opt_list eku;
	bool help;
};

/* Subject and e-mail from the options, else from the key's userId. `mail`
 * (MAIL_MAX bytes) must live as long as `who`. */
static int fill(struct tmk_issue_subject *who, char *mail,
		const struct options *o, const struct tmk_front_pick *pick,
		struct tmk_err *err)
{
	const char *user = pick->key ? pick->key->user_id : NULL;
	const char *from = o->email ? o->email : user;
	char name[MAIL_MAX];
	int i;

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
	tmk_err_set(err, TMK_USAGE, "there is no subject for the request");
	return tmk_err_hint(err, "give --subject '/CN=Release Team/O=Example' "
			    "and --email MAIL, or configure userId");
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
	if (store->open(&signer, &place, err) < 0 ||
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
		  "extended key usage (default codeSigning); may repeat" },
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
