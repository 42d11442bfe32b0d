/*
 * practice.h - how this installation stands to what is good practice for keys
 * that sign code: 69 rows, each pass, fail or unknown.
 *
 * practice_rows.c has the rows, in the numbers and words of docs/PRACTICE.md;
 * practice_facts.c collects what they ask, without a login and without the
 * network; practice_keys.c, practice_setup.c and practice_cloud.c answer. What
 * only the organisation can tell is unknown, with what to ask for. Nothing
 * here prints or changes anything.
 */
#ifndef TMK_PLUGINS_PRACTICE_H
#define TMK_PLUGINS_PRACTICE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/err.h"
#include "core/config.h"
#include "core/policy.h"
#include "iface/store.h"
#include "x509/attest.h"

#define TMK_PRACTICE_ROWS 69
#define TMK_PRACTICE_LOOK_MAX 64	/* keys whose tokens are looked at */
#define TMK_PRACTICE_WHY 512

enum tmk_practice_verdict {
	TMK_PRACTICE_PASS = 0,
	TMK_PRACTICE_FAIL,
	TMK_PRACTICE_UNKNOWN
};

/* What is in force of a service that holds keys. */
enum tmk_practice_service {
	TMK_PRACTICE_AWS = 1, TMK_PRACTICE_AZURE = 2, TMK_PRACTICE_GOOGLE = 4,
	TMK_PRACTICE_VAULT = 8
};

/* One configured key, as far as it shows itself. */
struct tmk_practice_key {
	const struct tmk_key_config *key;
	bool looked;		/* its token was asked */
	bool seen;		/* and showed one key */
	int keys;		/* that matched the URI */
	char why[256];		/* why it was not seen */
	bool software;		/* the token is a program */
	struct tmk_key_info info;	/* when seen */
	enum tmk_algorithm algorithm;	/* of token or certificate; 0 */
	unsigned int bits;
	X509 *leaf;		/* valid now, begun last; NULL */
	X509 *next;		/* of the key, ends later than leaf; NULL */
	int certs;		/* in the file */
	bool cert_broken;	/* the file cannot be read */
	bool denied;
	enum tmk_attest_result attest;
};

struct tmk_practice {
	bool offline;		/* look at files alone */
	int64_t now;
	int64_t until;		/* tmk_clock_ms: tokens are looked at till then */
	struct tmk_config *config;
	struct tmk_policy *policy;	/* NULL: none, or not to be read */
	char policy_why[256];	/* why not; "" */
	struct tmk_practice_key *key;
	int keys;
	bool denied_broken;	/* the lists of denied keys cannot be read */
	enum { TMK_PRACTICE_NO_RECORD = 0, TMK_PRACTICE_RECORD_EMPTY,
	       TMK_PRACTICE_RECORD_WHOLE, TMK_PRACTICE_RECORD_BROKEN,
	       TMK_PRACTICE_RECORD_LARGE } record;
	char record_why[TMK_PRACTICE_WHY];
	unsigned int services;	/* of all URIs */
	bool remote;		/* one of them is another host */
};

typedef enum tmk_practice_verdict
(*tmk_practice_check)(const struct tmk_practice *p, char *why, size_t size);

struct tmk_practice_row {
	int number;
	const char *title;	/* as in docs/PRACTICE.md */
	tmk_practice_check check;	/* NULL: the organisation's alone */
	const char *mend;	/* the command that mends or shows it */
	const char *ask;	/* check NULL: what to ask for */
};

extern const struct tmk_practice_row tmk_practice_rows[TMK_PRACTICE_ROWS];

/* Collect. What cannot be found out is a fact too; fails with TMK_INTERNAL,
 * and as tmk_config_load does. *p is released whatever happens. */
int tmk_practice_gather(struct tmk_practice *p, bool offline,
			struct tmk_err *err) TMK_MUST_CHECK;
void tmk_practice_release(struct tmk_practice *p);

/* ---- the checks ----------------------------------------------------------- */

#define TMK_PRACTICE_CHECK(name) \
	enum tmk_practice_verdict tmk_practice_##name( \
		const struct tmk_practice *p, char *why, size_t size)

/* practice_keys.c: what tokens and certificates show. */
TMK_PRACTICE_CHECK(rsa);
TMK_PRACTICE_CHECK(curves);
TMK_PRACTICE_CHECK(algorithm);
TMK_PRACTICE_CHECK(request);
TMK_PRACTICE_CHECK(chain);
TMK_PRACTICE_CHECK(born_inside);
TMK_PRACTICE_CHECK(imported);
TMK_PRACTICE_CHECK(not_extractable);
TMK_PRACTICE_CHECK(software);
TMK_PRACTICE_CHECK(hardware);
TMK_PRACTICE_CHECK(expiry);
TMK_PRACTICE_CHECK(overlap);
TMK_PRACTICE_CHECK(ends);
TMK_PRACTICE_CHECK(unique);
TMK_PRACTICE_CHECK(modules);
TMK_PRACTICE_CHECK(attested);
TMK_PRACTICE_CHECK(retired);
TMK_PRACTICE_CHECK(blocked);

/* practice_setup.c: what is configured. */
TMK_PRACTICE_CHECK(stamps);
TMK_PRACTICE_CHECK(uris);
TMK_PRACTICE_CHECK(agent);
TMK_PRACTICE_CHECK(pins);
TMK_PRACTICE_CHECK(own_pin);
TMK_PRACTICE_CHECK(revocation);
TMK_PRACTICE_CHECK(self_verify);
TMK_PRACTICE_CHECK(digests);
TMK_PRACTICE_CHECK(requesters);
TMK_PRACTICE_CHECK(central_log);
TMK_PRACTICE_CHECK(record);
TMK_PRACTICE_CHECK(second_factor);
TMK_PRACTICE_CHECK(environments);
TMK_PRACTICE_CHECK(replicas);
TMK_PRACTICE_CHECK(approvals);
TMK_PRACTICE_CHECK(gate);
TMK_PRACTICE_CHECK(central);
TMK_PRACTICE_CHECK(sessions);
TMK_PRACTICE_CHECK(who_asked);
TMK_PRACTICE_CHECK(scan);
TMK_PRACTICE_CHECK(remote_way);

/* practice_cloud.c: keys in services. */
TMK_PRACTICE_CHECK(cloud_rights);
TMK_PRACTICE_CHECK(cloud_report);
TMK_PRACTICE_CHECK(azure_kind);
TMK_PRACTICE_CHECK(azure_policies);
TMK_PRACTICE_CHECK(azure_managed);
TMK_PRACTICE_CHECK(aws_key);
TMK_PRACTICE_CHECK(aws_trail);
TMK_PRACTICE_CHECK(aws_cluster);

#endif
