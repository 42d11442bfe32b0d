#include "core/config_keys.h"

#include <string.h>

#include "core/config_value.h"

static int set_key(struct tmk_config_load *load, int key, const char *value,
		   const struct tmk_config_entry *e, struct tmk_err *err)
{
	(void)key;
	/* A URI can name a module: a repository may only choose among what
	 * the user has configured. */
	if (e->origin == TMK_ORIGIN_GIT_REPO && strchr(value, ':') &&
	    strncmp(value, "sha256:", 7)) {
		tmk_err_set(err, TMK_USAGE,
			    "a repository may name a configured key only");
		return tmk_err_hint(err, "put the URI into the user's "
				    "configuration under a name");
	}
	return tmk_config_value_text(&load->config->key, value, err);
}

static int set_policy(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	/* In a repository it is the gate's, and the gate reads it itself. */
	if (e->origin == TMK_ORIGIN_GIT_REPO)
		return 0;
	return tmk_config_value_path(&load->config->policy, value, e, err);
}

static int set_of_gate(struct tmk_config_load *load, int key, const char *value,
		       const struct tmk_config_entry *e, struct tmk_err *err)
{
	(void)load;
	(void)key;
	(void)value;
	(void)e;
	(void)err;
	return 0;	/* the gate's, in a server's repository */
}

static int set_tsa(struct tmk_config_load *load, int key, const char *value,
		   const struct tmk_config_entry *e, struct tmk_err *err)
{
	const char *p;

	(void)key;
	if (strncmp(value, "http://", 7) && strncmp(value, "https://", 8))
		return tmk_err_set(err, TMK_USAGE, "'%s' is not an http or "
				   "https address", value);
	for (p = value; *p; p++)
		if (*p <= ' ' || *p > '~')
			return tmk_err_set(err, TMK_USAGE, "'%s' holds a "
					   "character that no URL has",
					   value);
	return tmk_config_keys_append(load->config->tsa, &load->config->tsas,
		      TMK_CONFIG_TSA_MAX, &load->tsa_from, value, e, err);
}

static int set_tsa_roots(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	return tmk_config_value_path(&load->config->tsa_roots, value, e, err);
}

static int set_timestamp(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	(void)e;
	if (!strcmp(value, "prefer"))
		load->config->timestamp = TMK_STAMP_PREFER;
	else if (!strcmp(value, "require"))
		load->config->timestamp = TMK_STAMP_REQUIRE;
	else if (!strcmp(value, "never"))
		load->config->timestamp = TMK_STAMP_NEVER;
	else
		return tmk_err_set(err, TMK_USAGE, "'%s' is none of require, "
				   "prefer, never", value);
	return 0;
}

#define DEADLINE_MAX 600	/* seconds */

static int set_tsa_deadline(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	(void)e;
	return tmk_config_keys_seconds(&load->config->tsa_deadline, value, DEADLINE_MAX,
			   err);
}

static int set_module_deadline(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	(void)e;
	return tmk_config_keys_seconds(&load->config->module_deadline, value,
			   DEADLINE_MAX, err);
}

static int set_agent(struct tmk_config_load *load, int key, const char *value,
		     const struct tmk_config_entry *e, struct tmk_err *err)
{
	(void)key;
	(void)e;
	if (strcmp(value, "never") && strcmp(value, "auto"))
		return tmk_err_set(err, TMK_USAGE, "'%s' is neither auto nor "
				   "never", value);
	load->config->agent = !strcmp(value, "auto");
	return 0;
}

#define AGENT_MAX (30 * 86400)	/* seconds */

static int set_agent_idle(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	(void)e;
	return tmk_config_keys_seconds(&load->config->agent_idle, value, AGENT_MAX, err);
}

static int set_agent_lifetime(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	(void)e;
	return tmk_config_keys_seconds(&load->config->agent_lifetime, value, AGENT_MAX,
			   err);
}

static int set_tsa_proxy(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	(void)e;
	return tmk_config_value_text(&load->config->tsa_proxy, value, err);
}

static int set_tsa_tls_roots(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	return tmk_config_value_path(&load->config->tsa_tls_roots, value, e,
				     err);
}

/* ---- the record of uses, central signing ----------------------------------- */

static int set_audit_log(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	return tmk_config_value_path(&load->config->audit_log, value, e, err);
}

#define SEAL_MAX 1000000	/* entries */

static int set_audit_seal(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	(void)e;
	return tmk_config_keys_seconds(&load->config->audit_seal, value,
				       SEAL_MAX, err);
}

static int set_audit_syslog(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	(void)e;
	return tmk_config_keys_bool(&load->config->audit_syslog, value, err);
}

static int set_requesters(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	return tmk_config_value_path(&load->config->requesters, value, e, err);
}

static int set_pre_sign(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	(void)e;
	return tmk_config_value_text(&load->config->pre_sign, value, err);
}

#define PRE_SIGN_MAX 3600	/* seconds */

static int set_pre_sign_deadline(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	(void)e;
	return tmk_config_keys_seconds(&load->config->pre_sign_deadline,
				       value, PRE_SIGN_MAX, err);
}

static int set_service_deadline(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	(void)e;
	return tmk_config_keys_seconds(&load->config->service_deadline, value,
				       DEADLINE_MAX, err);
}

static int set_attestation_roots(struct tmk_config_load *load, int key,
		     const char *value, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	(void)key;
	return tmk_config_value_path(&load->config->attestation_roots, value,
				     e, err);
}

const struct tmk_config_def tmk_config_main_keys[] = {
	{ "key", set_key, true },
	{ "policy", set_policy, true },
	{ "gatelog", set_of_gate, true },
	{ "gatereader", set_of_gate, true },
	{ "gatesyslog", set_of_gate, true },
	{ "policyroots", set_of_gate, true },
	{ "policytsaroots", set_of_gate, true },
	{ "policycrl", set_of_gate, true },
	{ "tsa", set_tsa, false },
	{ "tsaroots", set_tsa_roots, false },
	{ "timestamp", set_timestamp, false },
	{ "tsadeadline", set_tsa_deadline, false },
	{ "moduledeadline", set_module_deadline, false },
	{ "tsaproxy", set_tsa_proxy, false },
	{ "tsatlsroots", set_tsa_tls_roots, false },
	{ "agent", set_agent, false },
	{ "agentidle", set_agent_idle, false },
	{ "agentlifetime", set_agent_lifetime, false },
	{ "auditlog", set_audit_log, false },
	{ "auditseal", set_audit_seal, false },
	{ "auditsyslog", set_audit_syslog, false },
	{ "requesters", set_requesters, false },
	{ "presign", set_pre_sign, false },
	{ "presigndeadline", set_pre_sign_deadline, false },
	{ "servicedeadline", set_service_deadline, false },
	{ "attestationroots", set_attestation_roots, false },
	{ NULL, NULL, false }
};
