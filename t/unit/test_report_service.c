/*
 * What services say of a key, and what a report makes of it: never more than
 * asserted, and one bad word outweighs a good one. The requirements that do
 * not need a token are judged here, with facts as no mock gives them.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/report.h"
#include "tap.h"

#define FACTS 4

struct said {
	const char *store;
	const char *name[FACTS], *value[FACTS];
	enum tmk_report_verdict made, stays;
};

#define PASS TMK_REPORT_PASS
#define FAIL TMK_REPORT_FAIL
#define ASSERTED TMK_REPORT_ASSERTED
#define UNKNOWN TMK_REPORT_UNKNOWN

static const struct said table[] = {
	{ "awskms", { "Origin" }, { "AWS_KMS" }, ASSERTED, ASSERTED },
	{ "awskms", { "Origin" }, { "AWS_CLOUDHSM" }, ASSERTED, ASSERTED },
	{ "awskms", { "Origin" }, { "EXTERNAL" }, FAIL, FAIL },
	{ "awskms", { "Origin" }, { "EXTERNAL_KEY_STORE" }, UNKNOWN, UNKNOWN },
	{ "awskms", { "KeyState" }, { "Enabled" }, UNKNOWN, UNKNOWN },
	{ "azurekv", { "kty" }, { "RSA-HSM" }, ASSERTED, ASSERTED },
	{ "azurekv", { "kty" }, { "EC-HSM" }, ASSERTED, ASSERTED },
	{ "azurekv", { "kty" }, { "RSA" }, FAIL, FAIL },
	{ "azurekv", { "kty" }, { "EC" }, FAIL, FAIL },
	{ "azurekv", { "kty" }, { "ec-hsm" }, UNKNOWN, UNKNOWN },
	{ "azurekv", { "kty", "exportable" }, { "EC-HSM", "true" }, UNKNOWN,
	  FAIL },
	{ "azurekv", { "kty", "exportable" }, { "EC-HSM", "false" }, ASSERTED,
	  ASSERTED },
	{ "gcpkms", { "protectionLevel" }, { "HSM" }, ASSERTED, ASSERTED },
	{ "gcpkms", { "protectionLevel" }, { "SOFTWARE" }, FAIL, FAIL },
	{ "gcpkms", { "protectionLevel" }, { "EXTERNAL" }, UNKNOWN, UNKNOWN },
	{ "gcpkms", { "importJob", "protectionLevel" },
	  { "projects/p/importJobs/j", "HSM" }, FAIL, FAIL },
	{ "gcpkms", { "protectionLevel", "importJob" }, { "HSM", "" },
	  ASSERTED, ASSERTED },
	{ "vault", { "type" }, { "ecdsa-p256" }, FAIL, FAIL },
	{ "vault", { "type" }, { "managed_key" }, UNKNOWN, UNKNOWN },
	{ "vault", { "type", "exportable" }, { "managed_key", "true" },
	  UNKNOWN, FAIL },
	/* The words of one service mean nothing at another. */
	{ "vault", { "Origin" }, { "AWS_KMS" }, UNKNOWN, UNKNOWN },
	{ "gcpkms", { "kty" }, { "RSA-HSM" }, UNKNOWN, UNKNOWN },
	{ "awskms", { NULL }, { NULL }, UNKNOWN, UNKNOWN },
};

static void fill(struct tmk_report *r, struct tmk_store_ops *store,
		 const struct said *s)
{
	int i;

	memset(r, 0, sizeof(*r));
	memset(store, 0, sizeof(*store));
	store->name = s->store;
	store->service = true;
	r->store = store;
	for (i = 0; i < FACTS && s->name[i]; i++) {
		r->fact[i].name = strdup(s->name[i]);
		r->fact[i].value = strdup(s->value[i]);
		r->n_facts++;
	}
}

static void empty(struct tmk_report *r)
{
	while (r->n_facts-- > 0) {
		free(r->fact[r->n_facts].name);
		free(r->fact[r->n_facts].value);
	}
}

int main(void)
{
	static struct tmk_report r;
	struct tmk_store_ops store;
	char why[512];
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct said *s = &table[i];

		fill(&r, &store, s);
		*why = '\0';
		is_int(tmk_report_service_made(&r, why, sizeof(why)), s->made,
		       "%s %s=%s: made there", s->store,
		       s->name[0] ? s->name[0] : "nothing",
		       s->value[0] ? s->value[0] : "");
		ok(*why, "and why: %s", why);
		is_int(tmk_report_service_stays(&r, why, sizeof(why)),
		       s->stays, "and stays there");
		empty(&r);
	}
	return tap_done();
}
