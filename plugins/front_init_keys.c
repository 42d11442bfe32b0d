#include "plugins/front_init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "core/issue.h"
#include "plugins/front_key.h"
#include "plugins/front_key_verbs.h"
#include "plugins/front_pick.h"
#include "x509/cert.h"

#define PEM_MAX (256 * 1024)

/* One key pair with what was read back of it. */
struct pair {
	struct tmk_key_info info;
	char *uri;		/* with the way to it: module, PIN source */
	struct tmk_signer *signer;
};

static void pair_init(struct pair *p)
{
	memset(p, 0, sizeof(*p));
	tmk_key_info_init(&p->info);
}

static void pair_release(struct pair *p)
{
	tmk_signer_free(p->signer);
	tmk_key_info_release(&p->info);
	free(p->uri);
}

static int make_pair(struct pair *p, struct tmk_init *init,
		     const char *token, const char *label,
		     struct tmk_err *err)
{
	struct tmk_place place = tmk_front_place(init->config, token,
						 init->pin_path);
	const struct tmk_store_ops *store = tmk_front_store(token, err);
	struct tmk_keygen what = init->keygen;

	what.label = label;
	if (!store || store->generate(&place, &what, &p->info, err) < 0)
		return -1;
	init->keys_made++;
	p->uri = tmk_front_uri_with(p->info.uri, init->module_path,
				    init->pin_path);
	if (!p->uri)
		return tmk_err_nomem(err);
	place = tmk_front_place(init->config, p->uri, init->pin_path);
	return store->open(&p->signer, &place, err);
}

static int certificates(struct tmk_init *init, struct pair *ca,
			struct pair *leaf, struct tmk_buf *crl,
			struct tmk_err *err)
{
	struct tmk_issue_subject who = {
		.name = init->subject,
		.email = init->mail,
		.eku = { "codeSigning", "emailProtection" },
		.ekus = 2,
	};
	char stamp[TMK_CLOCK_TEXT], unit[64];
	int64_t now = init->created;

	/* The time of birth tells CAs of the same name apart. */
	snprintf(unit, sizeof(unit), "%.40s %.20s", init->name,
		 tmk_clock_format(stamp, now));
	if (tmk_issue_ca(&init->ca_cert, unit, ca->signer, now, err) < 0 ||
	    tmk_issue_leaf(&init->leaf, &who, &leaf->signer->spki,
			   init->ca_cert, ca->signer, now, err) < 0 ||
	    tmk_issue_prove(init->leaf, leaf->signer, err) < 0)
		return -1;
	return tmk_issue_crl(crl, init->ca_cert, ca->signer, now, err);
}

static int put_cert(const struct tmk_init *init, const struct pair *p,
		    X509 *cert, struct tmk_err *err)
{
	struct tmk_place place = tmk_front_place(init->config, p->uri,
						 init->pin_path);
	const struct tmk_store_ops *store = tmk_front_store(p->uri, err);
	struct tmk_buf der = TMK_BUF_INIT(TMK_CERT_MAX);
	int ret = -1;

	if (!store)
		return -1;
	if (tmk_cert_to_der(&der, cert) < 0)
		tmk_err_nomem(err);
	else
		ret = store->put_cert(&place, p->info.id, p->info.id_len,
				      p->info.label, der.data, der.len, err);
	tmk_buf_release(&der);
	return ret;
}

/* Also for whoever has the token and not this configuration. */
static void keep_birth(const struct tmk_init *init, const struct pair *p)
{
	struct tmk_place place = tmk_front_place(init->config, p->uri,
						 init->pin_path);

	tmk_front_key_keep_birth(&place, &p->info.spki, init->created,
				 init->user_id);
}

static int write_cert(struct tmk_init *init, const char *path, X509 *cert,
		      struct tmk_err *err)
{
	struct tmk_buf pem = TMK_BUF_INIT(PEM_MAX);
	int ret = -1;

	if (tmk_cert_to_pem(&pem, cert) < 0)
		tmk_err_nomem(err);
	else
		ret = tmk_init_write(init, path, 0644, pem.data, pem.len,
				     err);
	tmk_buf_release(&pem);
	return ret;
}

static int make_files(struct tmk_init *init, const struct tmk_buf *crl,
		      struct tmk_err *err)
{
	if (tmk_front_key_make_dir(init->chain, err) < 0 ||
	    write_cert(init, init->chain, init->leaf, err) < 0 ||
	    write_cert(init, init->ca, init->ca_cert, err) < 0)
		return -1;
	return tmk_init_write(init, init->crl, 0644, crl->data, crl->len,
			      err);
}

int tmk_init_keys(struct tmk_init *init, struct tmk_err *err)
{
	struct tmk_buf crl = TMK_BUF_INIT(PEM_MAX);
	char *label = NULL, *bare = NULL, *token = NULL;
	struct pair ca, leaf;
	int ret = -1;

	init->created = tmk_clock_now();
	pair_init(&ca);
	pair_init(&leaf);
	bare = tmk_front_uri_token(init->label);
	if (bare)
		token = tmk_front_uri_with(bare, init->module_path,
					   init->pin_path);
	if (!token || asprintf(&label, "%s-ca", init->name) < 0) {
		label = NULL;
		tmk_err_nomem(err);
		goto out;
	}
	if (make_pair(&ca, init, token, label, err) < 0 ||
	    make_pair(&leaf, init, token, init->name, err) < 0 ||
	    certificates(init, &ca, &leaf, &crl, err) < 0 ||
	    put_cert(init, &ca, init->ca_cert, err) < 0 ||
	    put_cert(init, &leaf, init->leaf, err) < 0 ||
	    make_files(init, &crl, err) < 0)
		goto out;
	keep_birth(init, &leaf);
	init->uri = leaf.uri;
	leaf.uri = NULL;
	ret = 0;
out:
	free(label);
	free(bare);
	free(token);
	pair_release(&ca);
	pair_release(&leaf);
	tmk_buf_release(&crl);
	return ret;
}

/* ---- policy and configuration ------------------------------------------- */

static const char policy_text[] =
"# Judges what touchmark signs with the development key '%s': trusts its\n"
"# development CA, which is not for production, and nothing else.\n"
"[policy]\n"
"\tversion = 1\n"
"[trust]\n"
"\troots = %s-ca.pem\n"
"\tcrl = %s-ca.crl\n"
"\trevocation = require\n"
"\teku = codeSigning\n"
"[ref \"refs/heads/*\"]\n"
"\trequire = commits\n"
"[ref \"refs/tags/*\"]\n"
"\trequire = tag\n";

static int write_policy(struct tmk_init *init, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(8192);
	int ret = -1;

	/* The first %s and its two kin are the key's name. */
	if (tmk_buf_printf(&text, policy_text, init->name, init->name,
			   init->name) < 0)
		tmk_err_nomem(err);
	else
		ret = tmk_init_write(init, init->policy, 0644, text.data,
				     text.len, err);
	tmk_buf_release(&text);
	return ret;
}

#define VALUES_MAX 6

int tmk_init_configure(struct tmk_init *init, struct tmk_err *err)
{
	struct tmk_config_value values[VALUES_MAX];
	char *names[4] = { NULL }, created[32];
	static const char *const keys[] = { "uri", "cert", "userId",
					    "created" };
	const char *contents[4];
	int i, n = 0, ret = -1;

	if (write_policy(init, err) < 0)
		return -1;
	snprintf(created, sizeof(created), "%lld",
		 (long long)init->created);
	contents[0] = init->uri;
	contents[1] = strrchr(init->chain, '/') + 1;
	contents[2] = init->user_id;
	contents[3] = created;
	for (i = 0; i < 4; i++) {
		if (asprintf(&names[i], "touchmark.%s.%s", init->name,
			     keys[i]) < 0) {
			names[i] = NULL;
			tmk_err_nomem(err);
			goto out;
		}
		values[n].name = names[i];
		values[n++].value = contents[i];
	}
	init->key_set = !init->config->key && !init->config->n_keys;
	init->policy_set = !init->config->policy;
	if (init->key_set)
		values[n++] = (struct tmk_config_value){ "touchmark.key",
							 init->name };
	if (init->policy_set)
		values[n++] = (struct tmk_config_value){
			"touchmark.policy", strrchr(init->policy, '/') + 1 };
	ret = tmk_config_set_all(values, n, err);
out:
	for (i = 0; i < 4; i++)
		free(names[i]);
	return ret;
}
