/*
 * What services say of their keys, and what that means. One word that tells of
 * software, of an import or of a way out outweighs every other one.
 */
#include "plugins/report.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum means {
	HARDWARE,		/* made and kept in hardware */
	SOFTWARE,		/* kept by a program */
	BROUGHT,		/* made elsewhere */
	LEAVES,			/* can be given out */
	ELSEWHERE		/* a module of somebody else's holds it */
};

/* value NULL: whatever it is; the names are those of the services. */
static const struct {
	const char *store, *name, *value;
	enum means means;
} known[] = {
	{ "awskms", "Origin", "AWS_KMS", HARDWARE },
	{ "awskms", "Origin", "AWS_CLOUDHSM", HARDWARE },
	{ "awskms", "Origin", "EXTERNAL", BROUGHT },
	{ "awskms", "Origin", "EXTERNAL_KEY_STORE", ELSEWHERE },
	{ "azurekv", "kty", "RSA-HSM", HARDWARE },
	{ "azurekv", "kty", "EC-HSM", HARDWARE },
	{ "azurekv", "kty", "RSA", SOFTWARE },
	{ "azurekv", "kty", "EC", SOFTWARE },
	{ "azurekv", "exportable", "true", LEAVES },
	{ "gcpkms", "protectionLevel", "HSM", HARDWARE },
	{ "gcpkms", "protectionLevel", "HSM_SINGLE_TENANT", HARDWARE },
	{ "gcpkms", "protectionLevel", "SOFTWARE", SOFTWARE },
	{ "gcpkms", "protectionLevel", "EXTERNAL", ELSEWHERE },
	{ "gcpkms", "protectionLevel", "EXTERNAL_VPC", ELSEWHERE },
	{ "gcpkms", "importJob", NULL, BROUGHT },
	{ "vault", "type", "managed_key", ELSEWHERE },
	{ "vault", "type", NULL, SOFTWARE },
	{ "vault", "imported_key", "true", BROUGHT },
	{ "vault", "exportable", "true", LEAVES },
	{ "vault", "allow_plaintext_backup", "true", LEAVES },
};

/* What decides: the weightiest meaning among the facts, HARDWARE last. */
static const struct tmk_report_fact *find(enum means *means,
					  const struct tmk_report *r)
{
	static const int weight[] = {
		[HARDWARE] = 1, [ELSEWHERE] = 2, [LEAVES] = 3, [BROUGHT] = 4,
		[SOFTWARE] = 5,
	};
	const struct tmk_report_fact *best = NULL;
	size_t i;
	int j;

	for (j = 0; j < r->n_facts; j++)
		for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
			const struct tmk_report_fact *f = &r->fact[j];

			if (strcmp(known[i].store, r->store->name) ||
			    strcasecmp(known[i].name, f->name) ||
			    (known[i].value ? strcmp(known[i].value, f->value) :
			     !*f->value))
				continue;
			if (!best || weight[known[i].means] > weight[*means]) {
				best = f;
				*means = known[i].means;
			}
			break;
		}
	return best;
}

static enum tmk_report_verdict judge(const struct tmk_report *r, bool stays,
				     char *why, size_t size)
{
	static const char *const says[] = {
		[HARDWARE] = "made and kept in hardware, without a proof",
		[SOFTWARE] = "kept by a program",
		[BROUGHT] = "made elsewhere and brought there",
		[LEAVES] = "can be given out",
		[ELSEWHERE] = "held by a module that another one owns",
	};
	enum means means = HARDWARE;
	const struct tmk_report_fact *f = find(&means, r);

	if (!f) {
		snprintf(why, size, "the service does not say what holds the "
			 "key");
		return TMK_REPORT_UNKNOWN;
	}
	snprintf(why, size, "the service says %s = %s: %s", f->name, f->value,
		 says[means]);
	if (means == HARDWARE)
		return TMK_REPORT_ASSERTED;
	if (means == ELSEWHERE)
		return TMK_REPORT_UNKNOWN;
	/* That it can leave says nothing of where it was made. */
	if (means == LEAVES && !stays)
		return TMK_REPORT_UNKNOWN;
	return TMK_REPORT_FAIL;
}

enum tmk_report_verdict
tmk_report_service_made(const struct tmk_report *r, char *why, size_t size)
{
	return judge(r, false, why, size);
}

enum tmk_report_verdict
tmk_report_service_stays(const struct tmk_report *r, char *why, size_t size)
{
	return judge(r, true, why, size);
}
