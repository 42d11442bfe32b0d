#include "core/config_keys.h"

#include <string.h>

#include "base/enc.h"
#include "core/config_value.h"

#define CREATED_MAX 0xffffffffLL	/* four octets: RFC 4880 section 3.5 */

static int set_uri(struct tmk_config_load *load, int key, const char *value,
		   const struct tmk_config_entry *e, struct tmk_err *err)
{
	struct tmk_key_config *k = &load->config->keys[key];

	return tmk_config_keys_append(k->uri, &k->uris, TMK_CONFIG_URI_MAX,
		      &load->uri_from[key], value, e, err);
}

static int set_cert(struct tmk_config_load *load, int key, const char *value,
		    const struct tmk_config_entry *e, struct tmk_err *err)
{
	return tmk_config_value_path(&load->config->keys[key].cert, value, e,
				     err);
}

static int set_user_id(struct tmk_config_load *load, int key,
		       const char *value, const struct tmk_config_entry *e,
		       struct tmk_err *err)
{
	(void)e;
	return tmk_config_value_text(&load->config->keys[key].user_id, value,
				     err);
}

static int set_created(struct tmk_config_load *load, int key,
		       const char *value, const struct tmk_config_entry *e,
		       struct tmk_err *err)
{
	(void)e;
	return tmk_config_value_number(&load->config->keys[key].created,
				       value, 0, CREATED_MAX, err);
}

static int set_touch(struct tmk_config_load *load, int key, const char *value,
		     const struct tmk_config_entry *e, struct tmk_err *err)
{
	(void)e;
	return tmk_config_keys_bool(&load->config->keys[key].touch, value,
				    err);
}

static int set_confirm(struct tmk_config_load *load, int key,
		       const char *value, const struct tmk_config_entry *e,
		       struct tmk_err *err)
{
	(void)e;
	return tmk_config_keys_bool(&load->config->keys[key].confirm, value,
				    err);
}

static int set_env(struct tmk_config_load *load, int key, const char *value,
		   const struct tmk_config_entry *e, struct tmk_err *err)
{
	enum tmk_env env = tmk_config_env_find(value);

	(void)e;
	if (!env)
		return tmk_err_set(err, TMK_USAGE, "'%s' is none of dev, "
				   "test, prod", value);
	load->config->keys[key].env = env;
	return 0;
}

static int set_spki(struct tmk_config_load *load, int key, const char *value,
		    const struct tmk_config_entry *e, struct tmk_err *err)
{
	static const char word[] = "sha256:";
	const char *hex = value;
	uint8_t digest[32];

	(void)e;
	if (!strncmp(hex, word, sizeof(word) - 1))
		hex += sizeof(word) - 1;
	if (tmk_dec_hex(digest, sizeof(digest), hex, strlen(hex)))
		return tmk_err_set(err, TMK_USAGE, "'%s' is no SHA-256: "
				   "sha256: and 64 hex digits", value);
	tmk_enc_hex(load->config->keys[key].spki, digest, sizeof(digest));
	return 0;
}

static int set_pre_sign(struct tmk_config_load *load, int key,
			const char *value, const struct tmk_config_entry *e,
			struct tmk_err *err)
{
	(void)e;
	return tmk_config_value_text(&load->config->keys[key].pre_sign, value,
				     err);
}

static int set_approvals(struct tmk_config_load *load, int key,
			 const char *value, const struct tmk_config_entry *e,
			 struct tmk_err *err)
{
	int64_t n = 0;

	(void)e;
	if (tmk_config_value_number(&n, value, 1, TMK_CONFIG_APPROVERS_MAX,
				    err) < 0)
		return -1;
	load->config->keys[key].approvals = (int)n;
	return 0;
}

static int set_approver(struct tmk_config_load *load, int key,
			const char *value, const struct tmk_config_entry *e,
			struct tmk_err *err)
{
	struct tmk_key_config *k = &load->config->keys[key];

	if (!strchr(value, '@'))
		return tmk_err_set(err, TMK_USAGE, "'%s' is no e-mail "
				   "address", value);
	return tmk_config_keys_append(k->approver, &k->approvers,
				      TMK_CONFIG_APPROVERS_MAX,
				      &load->approver_from[key], value, e,
				      err);
}

static int set_roots(struct tmk_config_load *load, int key, const char *value,
		     const struct tmk_config_entry *e, struct tmk_err *err)
{
	return tmk_config_value_path(&load->config->keys[key].roots, value, e,
				     err);
}

#define EXPIRY_MAX (30 * 86400)	/* seconds */

static int set_approval_expiry(struct tmk_config_load *load, int key,
			       const char *value,
			       const struct tmk_config_entry *e,
			       struct tmk_err *err)
{
	(void)e;
	return tmk_config_keys_seconds(&load->config->keys[key]
				       .approval_expiry, value, EXPIRY_MAX,
				       err);
}

const struct tmk_config_def tmk_config_named_keys[] = {
	{ "uri", set_uri, false },
	{ "cert", set_cert, false },
	{ "userid", set_user_id, false },
	{ "created", set_created, false },
	{ "touch", set_touch, false },
	{ "confirm", set_confirm, false },
	{ "env", set_env, false },
	{ "spki", set_spki, false },
	{ "presign", set_pre_sign, false },
	{ "approvals", set_approvals, false },
	{ "approver", set_approver, false },
	{ "approvalexpiry", set_approval_expiry, false },
	{ "roots", set_roots, false },
	{ NULL, NULL, false }
};
