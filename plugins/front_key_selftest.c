#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/opt.h"
#include "core/config.h"
#include "plugins/front_certs.h"
#include "plugins/front_file.h"
#include "plugins/front_selftest.h"

#define LINE_MAX_BYTES 16384
#define SPKI_MAX 8192

struct options {
	const char *pin_file;
	bool help, json;
};

/* Every place must hold the key of the certificate, where there is one. */
static int expect_cert(struct tmk_selftest_key *key, struct tmk_err *err)
{
	STACK_OF(X509) *certs = NULL;
	unsigned char *der = NULL;
	X509 *leaf = NULL;
	int i, len = 0, rc = 0;

	if (!key->pick->cert)
		return 0;
	if (tmk_front_certs_load(&certs, key->pick->cert, err))
		return -1;
	for (i = 0; !leaf && i < sk_X509_num(certs); i++)
		if (!X509_check_ca(sk_X509_value(certs, i)))
			leaf = sk_X509_value(certs, i);
	if (leaf)
		len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
	if (len > 0) {
		snprintf(key->from, sizeof(key->from), "its certificate");
		rc = tmk_buf_add(&key->spki, der, (size_t)len) ?
			tmk_err_set(err, TMK_KEY, "the public key of its "
				    "certificate is too long") : 0;
	}
	OPENSSL_free(der);
	sk_X509_pop_free(certs, X509_free);
	return rc;
}

static int tell_json(const char *name, const char *place,
		     const struct tmk_selftest_answer *a, struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(LINE_MAX_BYTES);
	char spki[TMK_FRONT_SPKI_HEX + 8];
	struct tmk_json j;
	int rc;

	tmk_json_init(&j, &out);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", name);
	if (place)
		tmk_json_string(&j, "place", place);
	else
		tmk_json_null(&j, "place");
	tmk_json_string(&j, "status", tmk_front_selftest_word(a->status));
	tmk_json_bool(&j, "signed", a->status == TMK_SELFTEST_OK &&
		      !a->opened_only);
	tmk_json_int(&j, "ms", a->ms);
	snprintf(spki, sizeof(spki), "sha256:%s", a->spki);
	tmk_json_string(&j, "spki", *a->spki ? spki : NULL);
	if (a->status != TMK_SELFTEST_OK) {
		tmk_json_string(&j, "text", a->why.text);
		tmk_json_string(&j, "hint", a->why.hint);
	}
	tmk_json_close_object(&j);
	rc = tmk_front_key_print(&j, err);
	tmk_buf_release(&out);
	return rc;
}

static int tell(const char *name, const char *place,
		const struct tmk_selftest_answer *a, const struct options *o,
		struct tmk_err *err)
{
	if (o->json)
		return tell_json(name, place, a, err);
	printf("%-16s %-8s %6lld ms  %s\n", name,
	       tmk_front_selftest_word(a->status), (long long)a->ms,
	       place ? place : "-");
	if (a->opened_only && a->status == TMK_SELFTEST_OK)
		printf("  opened, but nothing was signed: each signature "
		       "needs approvals\n");
	if (a->status != TMK_SELFTEST_OK)
		printf("  %s%s%s\n", a->why.text, *a->why.hint ? "; " : "",
		       a->why.hint);
	return 0;
}

/* What a place is worth: one that is away is none that failed, but it is no
 * place that signs either. */
static int code_of(const struct tmk_selftest_answer *a)
{
	switch (a->status) {
	case TMK_SELFTEST_OK:
		return TMK_OK;
	case TMK_SELFTEST_REFUSED:
		return a->why.code == TMK_REFUSED ? TMK_REFUSED : TMK_KEY;
	case TMK_SELFTEST_FAILED:
	case TMK_SELFTEST_AWAY:
		return a->why.code == TMK_INTERNAL ? TMK_INTERNAL : TMK_KEY;
	}
	return TMK_INTERNAL;
}

static int test_key(const struct tmk_config *config, const char *name,
		    const struct options *o, int *code, struct tmk_err *err)
{
	struct tmk_front_pick pick;
	struct tmk_selftest_key key = {
		.config = config,
		.pick = &pick,
		.pin_file = o->pin_file,
		.spki = TMK_BUF_INIT(SPKI_MAX),
	};
	struct tmk_selftest_answer a = { .status = TMK_SELFTEST_FAILED };
	int i, rc = 0, unseen = 0;

	if (tmk_front_pick_must(&pick, config, name, err))
		return -1;
	if (expect_cert(&key, &a.why)) {
		*code = tmk_front_file_worst(*code, TMK_KEY);
		rc = tell(pick.name, NULL, &a, o, err);
		goto out;
	}
	for (i = 0; !rc && i < pick.uris; i++) {
		tmk_front_selftest(&a, &key, i);
		if (a.why.code == TMK_INTERNAL) {
			*err = a.why;
			rc = -1;
			break;
		}
		*code = tmk_front_file_worst(*code, code_of(&a));
		rc = tell(pick.name, a.place, &a, o, err);
		unseen += !*a.spki;
	}
	if (!rc && unseen && pick.uris > 1 && !o->json)
		printf("  whether %d of its %d places hold%s the same key "
		       "could not be seen\n", unseen, pick.uris, unseen > 1 ?
		       "" : "s");
out:
	tmk_buf_release(&key.spki);
	return rc;
}

static int test_all(int names, char **name, const struct options *o,
		    int *code, struct tmk_err *err)
{
	struct tmk_config *config = NULL;
	int i, rc = tmk_config_load(&config, ".", err);

	for (i = 0; !rc && i < names; i++)
		rc = test_key(config, name[i], o, code, err);
	for (i = 0; !rc && !names && i < config->n_keys; i++)
		rc = test_key(config, config->keys[i].name, o, code, err);
	if (!rc && !names && !config->n_keys) {
		tmk_err_set(err, TMK_USAGE, "no key is configured");
		rc = tmk_err_hint(err, "touchmark init makes one for "
				  "development, touchmark key generate one in "
				  "a token");
	}
	tmk_config_free(config);
	return rc;
}

int tmk_front_key_selftest(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL,
		  "one JSON object per place" },
		{ 0, "pin-file", TMK_OPT_TEXT, &o.pin_file, "FILE",
		  "read the PIN from here" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, code = TMK_OK;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (o.help) {
		tmk_opt_help(stdout, "touchmark key selftest [OPTION...] "
			     "[NAME...]", table);
		return TMK_OK;
	}
	if (test_all(operands, argv + 1, &o, &code, err))
		return err->code;
	return code;
}
