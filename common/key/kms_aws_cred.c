#include "key/kms_aws_cred.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "key/kms_store.h"
#include "key/kms_text.h"

#define EARLY_S 300		/* before they run out new ones are asked for */

void tmk_kms_aws_cred_init(struct tmk_kms_aws_cred *cred)
{
	memset(cred, 0, sizeof(*cred));
	tmk_buf_init(&cred->id, TMK_KMS_AWS_SECRET);
	tmk_buf_init(&cred->secret, TMK_KMS_AWS_SECRET);
	tmk_buf_init(&cred->token, TMK_KMS_AWS_TOKEN);
	cred->expires = TMK_TIME_NONE;
	cred->from = "";
}

void tmk_kms_aws_cred_release(struct tmk_kms_aws_cred *cred)
{
	tmk_buf_release(&cred->id);
	tmk_buf_release(&cred->secret);
	tmk_buf_release(&cred->token);
}

static int copy(struct tmk_kms_aws_cred *to,
		const struct tmk_kms_aws_cred *from, struct tmk_err *err)
{
	tmk_buf_clear(&to->id);
	tmk_buf_clear(&to->secret);
	tmk_buf_clear(&to->token);
	if (tmk_buf_add(&to->id, from->id.data, from->id.len) ||
	    tmk_buf_add(&to->secret, from->secret.data, from->secret.len) ||
	    tmk_buf_add(&to->token, from->token.data, from->token.len))
		return tmk_err_nomem(err);
	to->expires = from->expires;
	to->from = from->from;
	to->renewable = from->renewable;
	return 0;
}

/* Whether they can stand in a request: nothing in them ends a line, or the
 * name before the colon. */
static int check(const struct tmk_kms_aws_cred *cred, struct tmk_err *err)
{
	if (!tmk_kms_text_name(tmk_buf_str(&cred->id), cred->id.len, "_-",
			       TMK_KMS_AWS_SECRET) ||
	    !tmk_kms_text_line(tmk_buf_str(&cred->secret),
			       TMK_KMS_AWS_SECRET) ||
	    (cred->token.len &&
	     !tmk_kms_text_line(tmk_buf_str(&cred->token),
				TMK_KMS_AWS_TOKEN)))
		return tmk_err_set(err, TMK_USAGE, "the AWS credentials in %s "
				   "are not what such are", cred->from);
	return 0;
}

/* ---- the environment ------------------------------------------------- */

static int from_env(struct tmk_kms_aws_cred *out,
		    const struct tmk_kms_aws *aws, struct tmk_err *err)
{
	const char *id = tmk_kms_store_env(aws->env, "AWS_ACCESS_KEY_ID");
	const char *secret = tmk_kms_store_env(aws->env,
					       "AWS_SECRET_ACCESS_KEY");
	const char *token = tmk_kms_store_env(aws->env, "AWS_SESSION_TOKEN");

	out->from = "the environment";
	if (!id && !secret)
		return 1;
	if (!id || !secret)
		return tmk_err_set(err, TMK_USAGE, "AWS_ACCESS_KEY_ID and "
				   "AWS_SECRET_ACCESS_KEY belong together, "
				   "but one is not set");
	if (tmk_buf_addstr(&out->id, id) ||
	    tmk_buf_addstr(&out->secret, secret) ||
	    (token && tmk_buf_addstr(&out->token, token)))
		return tmk_err_set(err, TMK_USAGE, "the AWS credentials in "
				   "the environment are too long");
	return 0;
}

/* A role of a pod's own (AWS_WEB_IDENTITY_TOKEN_FILE) would have to be
 * assumed. */
static int refuse_web_identity(const struct tmk_kms_aws *aws,
			       struct tmk_err *err)
{
	if (!tmk_kms_store_env(aws->env, "AWS_WEB_IDENTITY_TOKEN_FILE") ||
	    !tmk_kms_store_env(aws->env, "AWS_ROLE_ARN"))
		return 0;
	tmk_err_set(err, TMK_KEY, "a role with a web identity is configured "
		    "(AWS_ROLE_ARN), which is not assumed here");
	return tmk_err_hint(err, "assume it before: eval \"$(aws configure "
			    "export-credentials --format env)\"; or give the "
			    "pod an identity (EKS Pod Identity)");
}

/* ---- the profile ----------------------------------------------------- */

/* How a profile gets credentials that are not in it, by a list that NULL
 * closes: who we would be then is not who the keys in it are. */
static int refuse_indirect(const struct tmk_kms_aws *aws,
			   const char *const ways[], struct tmk_err *err)
{
	struct tmk_buf value = TMK_BUF_INIT(TMK_KMS_TEXT_MAX);
	size_t i;
	int rc = 1;

	for (i = 0; ways[i] && rc == 1; i++)
		rc = tmk_kms_aws_setting(&value, aws, ways[i], err);
	tmk_buf_release(&value);
	if (rc < 0)
		return -1;
	if (rc)
		return 0;
	tmk_err_set(err, TMK_KEY, "the AWS profile '%s' gets its credentials "
		    "elsewhere (%s), and touchmark does not", aws->profile,
		    ways[i - 1]);
	return tmk_err_hint(err, "eval \"$(aws configure export-credentials "
			    "--profile %.80s --format env)\"", aws->profile);
}

/* From one of the files, all or nothing. */
static int from_file(struct tmk_kms_aws_cred *out,
		     const struct tmk_kms_aws *aws, bool credentials,
		     struct tmk_err *err)
{
	int rc = tmk_kms_aws_file(&out->id, aws, credentials,
				  "aws_access_key_id", err);

	if (rc)
		return rc;
	rc = tmk_kms_aws_file(&out->secret, aws, credentials,
			      "aws_secret_access_key", err);
	if (rc == 1)
		return tmk_err_set(err, TMK_USAGE, "the AWS profile '%s' has "
				   "an aws_access_key_id and no "
				   "aws_secret_access_key", aws->profile);
	if (!rc)
		rc = tmk_kms_aws_file(&out->token, aws, credentials,
				      "aws_session_token", err);
	return rc < 0 ? -1 : 0;
}

static int from_profile(struct tmk_kms_aws_cred *out,
			const struct tmk_kms_aws *aws, struct tmk_err *err)
{
	/* AWS's tools look for the former first, for the latter last. */
	static const char *const first[] = { "role_arn",
		"web_identity_token_file", "sso_session", "sso_start_url",
		"login_session", NULL };
	static const char *const last[] = { "credential_process", NULL };
	int rc;

	out->from = "the profile";
	if (refuse_indirect(aws, first, err))
		return -1;
	rc = from_file(out, aws, true, err);
	if (rc == 1)
		rc = from_file(out, aws, false, err);
	if (rc != 1)
		return rc;
	if (refuse_indirect(aws, last, err))
		return -1;
	if (!strcmp(aws->profile, "default"))
		return 1;
	return tmk_err_set(err, TMK_KEY, tmk_kms_aws_has_profile(aws) ?
			   "the AWS profile '%s' has no credentials" :
			   "there is no AWS profile '%s' in ~/.aws/credentials "
			   "and ~/.aws/config", aws->profile);
}

/* ---- the machine ----------------------------------------------------- */

/* What it gave last, for the whole process: a batch of signatures asks once. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tmk_kms_aws_cred kept;
static bool keeps;

static bool is_good(const struct tmk_kms_aws_cred *cred)
{
	return cred->expires == TMK_TIME_NONE ||
		cred->expires > tmk_clock_now() + EARLY_S;
}

static int take_kept(struct tmk_kms_aws_cred *out, bool fresh,
		     struct tmk_err *err)
{
	int rc = 1;

	pthread_mutex_lock(&lock);
	if (keeps && (fresh || !is_good(&kept))) {
		tmk_kms_aws_cred_release(&kept);
		keeps = false;
	}
	if (keeps)
		rc = copy(out, &kept, err);
	pthread_mutex_unlock(&lock);
	return rc;
}

static int keep(const struct tmk_kms_aws_cred *cred, struct tmk_err *err)
{
	int rc;

	pthread_mutex_lock(&lock);
	if (keeps)
		tmk_kms_aws_cred_release(&kept);
	tmk_kms_aws_cred_init(&kept);
	rc = copy(&kept, cred, err);
	keeps = true;
	pthread_mutex_unlock(&lock);
	return rc;
}

static int from_machine(struct tmk_kms_aws_cred *out,
			const struct tmk_kms_aws *aws, bool fresh,
			struct tmk_err *err)
{
	int rc = take_kept(out, fresh, err);

	if (rc != 1)
		return rc;
	rc = tmk_kms_aws_container(out, aws, err);
	if (rc == 1)
		rc = tmk_kms_aws_instance(out, aws, err);
	if (rc)
		return rc;
	out->renewable = true;
	if (check(out, err))
		return -1;
	/* Those without an end are asked for again each time. */
	return out->expires == TMK_TIME_NONE ? 0 : keep(out, err);
}

/* ---- all of them ----------------------------------------------------- */

static int say_where(struct tmk_err *err)
{
	return tmk_err_hint(err, "set AWS_ACCESS_KEY_ID and "
			    "AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), "
			    "or AWS_PROFILE, or give this machine a role; "
			    "docs/CLOUD.md has the rights that are needed");
}

static int find(struct tmk_kms_aws_cred *out, const struct tmk_kms_aws *aws,
		bool fresh, struct tmk_err *err)
{
	int rc = aws->named ? 1 : from_env(out, aws, err);

	if (rc == 1 && !aws->named && refuse_web_identity(aws, err))
		return -1;
	if (rc == 1)
		rc = from_profile(out, aws, err);
	if (rc == 1)
		return from_machine(out, aws, fresh, err);
	return rc ? rc : check(out, err);
}

int tmk_kms_aws_cred_get(struct tmk_kms_aws_cred *out,
			 const struct tmk_kms_aws *aws, bool fresh,
			 struct tmk_err *err)
{
	struct tmk_kms_aws_cred found;
	int rc;

	tmk_kms_aws_cred_init(&found);
	rc = find(&found, aws, fresh, err);
	if (rc == 1) {
		tmk_err_set(err, TMK_KEY, "there are no AWS credentials");
		rc = say_where(err);
	} else if (rc && err && err->code == TMK_KEY && !*err->hint) {
		rc = say_where(err);
	}
	if (!rc)
		rc = copy(out, &found, err);
	tmk_kms_aws_cred_release(&found);
	return rc;
}
