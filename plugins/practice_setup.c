/* Rows about what is configured. */
#include "plugins/practice.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "plugins/front_key.h"
#include "plugins/front_requesters.h"

#define SAY(...) snprintf(why, size, __VA_ARGS__)
#define CHECK TMK_PRACTICE_CHECK
#define FOR_EACH(k, p) \
	for (k = (p)->key; k < (p)->key + (p)->keys; k++)
#define LIFETIME_MAX (12 * 3600)	/* s that a login may last */
#define IDLE_MAX 3600

typedef const struct tmk_practice_key *key_ptr;

#define NO_KEYS "no key is configured"

CHECK(stamps)
{
	if (!p->config->tsas || p->config->timestamp == TMK_STAMP_NEVER) {
		SAY("no timestamp authority is configured: signatures end "
		    "with their certificate");
		return TMK_PRACTICE_FAIL;
	}
	SAY("%d authorit%s asked; without a timestamp a signature is %s",
	    p->config->tsas, p->config->tsas == 1 ? "y is" : "ies are",
	    p->config->timestamp == TMK_STAMP_REQUIRE ? "not made" :
	    "made with a warning");
	return TMK_PRACTICE_PASS;
}

CHECK(uris)
{
	key_ptr k;
	int i;

	if (!p->keys) {
		SAY(NO_KEYS);
		return TMK_PRACTICE_UNKNOWN;
	}
	FOR_EACH(k, p) {
		if (!k->key->uris) {
			SAY("key '%s' has no uri", k->key->name);
			return TMK_PRACTICE_FAIL;
		}
		for (i = 0; i < k->key->uris; i++)
			if (!tmk_front_store(k->key->uri[i], NULL)) {
				SAY("a uri of key '%s' is none that is "
				    "understood", k->key->name);
				return TMK_PRACTICE_FAIL;
			}
	}
	SAY("each key has a URI that is understood");
	return TMK_PRACTICE_PASS;
}

CHECK(agent)
{
	if (!p->config->agent && !p->remote) {
		SAY("touchmark.agent is never: each program logs in for "
		    "itself");
		return TMK_PRACTICE_FAIL;
	}
	SAY("%s; no program that signs holds a PIN or a key", p->remote ?
	    "another host signs" : "an agent logs in once for all of them");
	return TMK_PRACTICE_PASS;
}

/* A PIN in the configuration is one that every backup has. */
CHECK(pins)
{
	key_ptr k;
	int i;

	if (!p->keys) {
		SAY(NO_KEYS);
		return TMK_PRACTICE_UNKNOWN;
	}
	FOR_EACH(k, p)
		for (i = 0; i < k->key->uris; i++)
			if (strstr(k->key->uri[i], "pin-value=")) {
				SAY("the uri of key '%s' has the PIN in it",
				    k->key->name);
				return TMK_PRACTICE_FAIL;
			}
	SAY("no PIN is in the configuration, and the security officer's is "
	    "never asked for to sign; ask when PINs were changed last");
	return TMK_PRACTICE_UNKNOWN;
}

CHECK(own_pin)
{
	key_ptr k, l;

	if (!p->keys) {
		SAY(NO_KEYS);
		return TMK_PRACTICE_UNKNOWN;
	}
	FOR_EACH(k, p) {
		if (!k->seen) {
			SAY("not every token was looked at");
			return TMK_PRACTICE_UNKNOWN;
		}
		FOR_EACH(l, p)
			if (l != k && l->seen &&
			    !strcmp(k->info.token, l->info.token) &&
			    !strcmp(k->info.serial, l->info.serial)) {
				SAY("keys '%s' and '%s' are on one token, "
				    "which has one PIN for both",
				    k->key->name, l->key->name);
				return TMK_PRACTICE_UNKNOWN;
			}
	}
	SAY("each key is on a token of its own");
	return TMK_PRACTICE_PASS;
}

/* ---- the policy ---------------------------------------------------------------- */

/* 0 when there is one; else the verdict is set. */
static int no_policy(enum tmk_practice_verdict *v, const struct tmk_practice *p,
		     char *why, size_t size)
{
	if (p->policy)
		return 0;
	*v = *p->policy_why ? TMK_PRACTICE_FAIL : TMK_PRACTICE_UNKNOWN;
	SAY("%s", *p->policy_why ? p->policy_why :
	    "no policy is configured here (touchmark.policy)");
	return 1;
}

CHECK(revocation)
{
	enum tmk_practice_verdict v;

	if (no_policy(&v, p, why, size))
		return v;
	if (p->policy->judge.revocation == TMK_REVOCATION_OFF) {
		SAY("the policy turns it off");
		return TMK_PRACTICE_FAIL;
	}
	SAY("the policy asks for it, with %d files or folders of CRLs",
	    p->policy->crls);
	return TMK_PRACTICE_PASS;
}

CHECK(self_verify)
{
	(void)p;
	SAY("every signature is verified before it is given out");
	return TMK_PRACTICE_PASS;
}

CHECK(digests)
{
	if (p->policy && p->policy->judge.min_rsa &&
	    p->policy->judge.min_rsa < 3072) {
		SAY("the policy lets in RSA keys of %u bits",
		    p->policy->judge.min_rsa);
		return TMK_PRACTICE_FAIL;
	}
	SAY("nothing weaker is made, and none is accepted");
	return TMK_PRACTICE_PASS;
}

CHECK(gate)
{
	enum tmk_practice_verdict v;

	if (no_policy(&v, p, why, size))
		return v;
	if (!p->policy->enforce) {
		SAY("the policy judges but lets everything in "
		    "(enforce = false)");
		return TMK_PRACTICE_FAIL;
	}
	SAY("a policy is enforced; ask that each repository has the gate");
	return TMK_PRACTICE_PASS;
}

/* ---- who, when, what ------------------------------------------------------------ */

CHECK(requesters)
{
	struct tmk_err e = TMK_ERR_INIT;

	if (!p->config->requesters) {
		SAY("there are no requesters: whoever runs as this user signs "
		    "with every key of it");
		return TMK_PRACTICE_UNKNOWN;
	}
	/* Nobody has this name: "no" is the right answer. */
	if (tmk_front_requesters_approve(p->config, "nobody.at.all", &e) < 0 &&
	    e.code != TMK_REFUSED) {
		SAY("%s", e.text);
		return TMK_PRACTICE_FAIL;
	}
	SAY("the file of requesters can be believed; what it does not list is "
	    "refused");
	return TMK_PRACTICE_PASS;
}

CHECK(record)
{
	switch (p->record) {
	case TMK_PRACTICE_NO_RECORD:
		SAY("no record is configured (touchmark.auditLog)");
		return TMK_PRACTICE_FAIL;
	case TMK_PRACTICE_RECORD_EMPTY:
		SAY("the record has not begun yet");
		return TMK_PRACTICE_UNKNOWN;
	case TMK_PRACTICE_RECORD_BROKEN:
		SAY("the record does not hold: %.400s", p->record_why);
		return TMK_PRACTICE_FAIL;
	case TMK_PRACTICE_RECORD_LARGE:
		SAY("the record is too long to be read here; touchmark log "
		    "verify does");
		return TMK_PRACTICE_UNKNOWN;
	case TMK_PRACTICE_RECORD_WHOLE:
		break;
	}
	SAY("every use is written down before the signature is given out; "
	    "the chain holds");
	return TMK_PRACTICE_PASS;
}

CHECK(central_log)
{
	if (!p->config->audit_log || !p->config->audit_syslog) {
		SAY("%s", p->config->audit_log ? "the record stays on this "
		    "host (touchmark.auditSyslog)" : "no record is "
		    "configured (touchmark.auditLog)");
		return TMK_PRACTICE_FAIL;
	}
	SAY("each entry goes to syslog; ask where that is sent, and how long "
	    "it is kept");
	return TMK_PRACTICE_PASS;
}

CHECK(who_asked)
{
	if (!p->config->audit_log) {
		SAY("no record is configured, so that nobody knows later");
		return TMK_PRACTICE_FAIL;
	}
	SAY("the record has the requester or user of each use");
	return TMK_PRACTICE_PASS;
}

CHECK(second_factor)
{
	key_ptr k;

	FOR_EACH(k, p)
		if (!k->key->touch) {
			SAY("ask what is needed beside the PIN: key '%s' "
			    "needs no touch, as configured", k->key->name);
			return TMK_PRACTICE_UNKNOWN;
		}
	SAY("%s", p->keys ? "each key waits for a touch at each use" :
	    NO_KEYS);
	return p->keys ? TMK_PRACTICE_PASS : TMK_PRACTICE_UNKNOWN;
}

CHECK(environments)
{
	key_ptr k;

	FOR_EACH(k, p)
		if (k->key->env == TMK_ENV_NONE) {
			SAY("key '%s' does not say what it is for (env)",
			    k->key->name);
			return TMK_PRACTICE_FAIL;
		}
	SAY("%s", p->keys ? "each key says whether it is for dev, test or "
	    "prod" : NO_KEYS);
	return p->keys ? TMK_PRACTICE_PASS : TMK_PRACTICE_UNKNOWN;
}

CHECK(replicas)
{
	key_ptr k;

	FOR_EACH(k, p)
		if (k->key->uris < 2) {
			SAY("key '%s' is in one place, as configured; ask for "
			    "the backup of its module", k->key->name);
			return TMK_PRACTICE_UNKNOWN;
		}
	SAY("%s", p->keys ? "each key is configured in two places or more" :
	    NO_KEYS);
	return p->keys ? TMK_PRACTICE_PASS : TMK_PRACTICE_UNKNOWN;
}

/* What is right for releases would be a burden on a developer's own key. */
CHECK(approvals)
{
	int prod = 0;
	key_ptr k;

	FOR_EACH(k, p) {
		if (k->key->env != TMK_ENV_PROD)
			continue;
		prod++;
		if (k->key->approvals < 1) {
			SAY("key '%s' is for production and signs without "
			    "approvals", k->key->name);
			return TMK_PRACTICE_FAIL;
		}
	}
	SAY("%s", prod ? "keys of production need approvals" :
	    "no key says that it is for production (env = prod)");
	return prod ? TMK_PRACTICE_PASS : TMK_PRACTICE_UNKNOWN;
}

CHECK(scan)
{
	key_ptr k;
	int own = 0;

	FOR_EACH(k, p)
		own += k->key->pre_sign != NULL;
	if (!p->config->pre_sign && (!p->keys || own < p->keys)) {
		SAY("no command is asked before a signature "
		    "(touchmark.preSign)");
		return TMK_PRACTICE_FAIL;
	}
	SAY("a command must agree before a key is used");
	return TMK_PRACTICE_PASS;
}

CHECK(central)
{
	if (p->remote || p->config->requesters) {
		SAY("%s", p->remote ? "a host that signs is configured" :
		    "this host signs for its requesters");
		return TMK_PRACTICE_PASS;
	}
	SAY("keys are used on this host alone; a host that signs for all of "
	    "them serves by ssh");
	return TMK_PRACTICE_UNKNOWN;
}

CHECK(sessions)
{
	if (p->config->agent_lifetime > LIFETIME_MAX ||
	    p->config->agent_idle > IDLE_MAX) {
		SAY("a login may lie unused for %d s and last %d s",
		    p->config->agent_idle, p->config->agent_lifetime);
		return TMK_PRACTICE_FAIL;
	}
	SAY("a login ends after %d s without use, and after %d s at all",
	    p->config->agent_idle, p->config->agent_lifetime);
	return TMK_PRACTICE_PASS;
}

CHECK(remote_way)
{
	if (p->remote || p->services) {
		SAY("other hosts are reached by ssh, services by TLS alone");
		return TMK_PRACTICE_PASS;
	}
	SAY("no key is behind a network here; ask how the module is "
	    "administered");
	return TMK_PRACTICE_UNKNOWN;
}
