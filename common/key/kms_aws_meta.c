/* What the machine gives: the credentials of a container and of an instance,
 * each from an address that is not left. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/file.h"
#include "key/kms_aws_cred.h"
#include "key/kms_store.h"
#include "key/kms_text.h"

#define META_MS 4000		/* per exchange: it is as near as can be */
#define CONTAINER "http://169.254.170.2"
#define INSTANCE "http://169.254.169.254"
#define INSTANCE6 "http://[fd00:ec2::254]"
#define ROLE "/latest/meta-data/iam/security-credentials/"
#define URL_BYTES 2048
#define TOKEN_BYTES 8192
#define EXPIRES_TEXT 32

/* One text of the answer, appended. */
static int take(struct tmk_buf *out, const struct tmk_kms_answer *answer,
		const char *name)
{
	char text[TMK_KMS_AWS_TOKEN + 1];
	int rc = tmk_kms_json(text, sizeof(text), &answer->body, name, NULL);

	if (!rc)
		rc = tmk_buf_addstr(out, text);
	tmk_wipe(text, sizeof(text));
	return rc;
}

/* {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}, alike in both. */
static int read_credentials(struct tmk_kms_aws_cred *out,
			    const struct tmk_kms_answer *answer,
			    struct tmk_err *err)
{
	char when[EXPIRES_TEXT];
	int rc;

	if (answer->status != 200)
		return tmk_err_set(err, TMK_KEY, "%s gives no AWS credentials "
				   "(HTTP %d)", out->from, answer->status);
	if (take(&out->id, answer, "AccessKeyId") ||
	    take(&out->secret, answer, "SecretAccessKey") ||
	    take(&out->token, answer, "Token") < 0)
		return tmk_err_set(err, TMK_KEY, "what %s gives are no AWS "
				   "credentials", out->from);
	rc = tmk_kms_json(when, sizeof(when), &answer->body, "Expiration",
			  NULL);
	if (rc < 0 || (!rc && tmk_clock_parse(&out->expires, when, NULL)))
		return tmk_err_set(err, TMK_KEY, "the AWS credentials of %s "
				   "end at a time that is none", out->from);
	if (out->expires != TMK_TIME_NONE && out->expires <= tmk_clock_now())
		return tmk_err_set(err, TMK_KEY, "the AWS credentials of %s "
				   "have expired", out->from);
	return 0;
}

/* ---- containers ------------------------------------------------------ */

/* "Authorization: ...", from a file or the environment, if there is any. */
static int authorization(struct tmk_buf *header,
			 const struct tmk_kms_aws *aws, struct tmk_err *err)
{
	const char *file = tmk_kms_store_env(aws->env,
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = tmk_kms_store_env(aws->env,
		"AWS_CONTAINER_AUTHORIZATION_TOKEN");
	struct tmk_buf text = TMK_BUF_INIT(TOKEN_BYTES);
	size_t len;
	int rc = 0;

	if (file)
		rc = tmk_file_read(&text, file, err);
	else if (token && tmk_buf_addstr(&text, token))
		rc = tmk_err_nomem(err);
	len = strcspn(tmk_buf_str(&text), "\r\n");
	if (!rc && len &&
	    tmk_buf_printf(header, "Authorization: %.*s", (int)len,
			   tmk_buf_str(&text)))
		rc = tmk_err_nomem(err);
	tmk_buf_release(&text);
	return rc;
}

int tmk_kms_aws_container(struct tmk_kms_aws_cred *out,
			  const struct tmk_kms_aws *aws, struct tmk_err *err)
{
	const char *path = tmk_kms_store_env(aws->env,
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = tmk_kms_store_env(aws->env,
		"AWS_CONTAINER_CREDENTIALS_FULL_URI");
	struct tmk_buf header = TMK_BUF_INIT(TOKEN_BYTES + 32);
	struct tmk_kms_answer answer;
	char url[URL_BYTES];
	struct tmk_kms_request request = {
		.method = "GET", .url = url,
		.header = { "Accept: application/json" }, .headers = 1,
		.ms = aws->ms < META_MS ? aws->ms : META_MS
	};
	int rc, n;

	if (!path && !full)
		return 1;
	out->from = "the container";
	n = path ? snprintf(url, sizeof(url), CONTAINER "%s", path) :
		snprintf(url, sizeof(url), "%s", full);
	if (n >= URL_BYTES || (path && *path != '/'))
		return tmk_err_set(err, TMK_USAGE,
				   "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or "
				   "_FULL_URI cannot be used");
	tmk_kms_answer_init(&answer);
	rc = authorization(&header, aws, err);
	if (!rc && header.len)
		request.header[request.headers++] = tmk_buf_str(&header);
	if (!rc)
		rc = tmk_kms_ask(&answer, &request, NULL, err);
	if (!rc)
		rc = read_credentials(out, &answer, err);
	tmk_buf_release(&header);
	tmk_kms_answer_release(&answer);
	return rc;
}

/* ---- instances ------------------------------------------------------- */

static const char *instance_url(const struct tmk_kms_aws *aws)
{
	const char *url = tmk_kms_store_env(aws->env,
		"AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode = tmk_kms_store_env(aws->env,
		"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

	if (url)
		return url;
	return mode && !strcasecmp(mode, "IPv6") ? INSTANCE6 : INSTANCE;
}

/* One exchange below the address; `header` or NULL. */
static int ask(struct tmk_kms_answer *answer, const struct tmk_kms_aws *aws,
	       const char *method, const char *path, const char *role,
	       const char *header, struct tmk_err *err)
{
	const char *base = instance_url(aws);
	size_t len = strlen(base);
	char url[URL_BYTES];
	struct tmk_kms_request request = {
		.method = method, .url = url,
		.header = { header }, .headers = 1,
		.ms = aws->ms < META_MS ? aws->ms : META_MS
	};

	while (len && base[len - 1] == '/')
		len--;
	if (snprintf(url, sizeof(url), "%.*s%s%s", (int)len, base, path,
		     role) >= URL_BYTES)
		return tmk_err_set(err, TMK_USAGE,
				   "AWS_EC2_METADATA_SERVICE_ENDPOINT is too "
				   "long");
	return tmk_kms_exchange(answer, &request, err);
}

/* The header with the session's token (IMDSv2): 0, or 1 when nobody answers
 * there, which is how a machine without metadata looks. */
static int session(struct tmk_buf *header, struct tmk_kms_answer *answer,
		   const struct tmk_kms_aws *aws, struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;
	const char *token;

	if (ask(answer, aws, "PUT", "/latest/api/token", "",
		"X-aws-ec2-metadata-token-ttl-seconds: 21600", &why)) {
		if (why.code == TMK_NET)
			return 1;
		if (err)
			*err = why;
		return -1;
	}
	token = tmk_buf_str(&answer->body);
	if (answer->status != 200 ||
	    strlen(token) != answer->body.len ||
	    !tmk_kms_text_line(token, 1024))
		return tmk_err_set(err, TMK_KEY, "the instance's metadata "
				   "give no token (HTTP %d)", answer->status);
	return tmk_buf_printf(header, "X-aws-ec2-metadata-token: %s", token) ?
		tmk_err_nomem(err) : 0;
}

static int ask_instance(struct tmk_kms_aws_cred *out,
			struct tmk_kms_answer *answer, struct tmk_buf *header,
			const struct tmk_kms_aws *aws, struct tmk_err *err)
{
	char role[128], code[32];
	int rc = session(header, answer, aws, err);

	if (rc)
		return rc;
	if (ask(answer, aws, "GET", ROLE, "", tmk_buf_str(header), err))
		return -1;
	if (answer->status == 404)
		return tmk_err_set(err, TMK_KEY, "the instance has no role: "
				   "give it an instance profile");
	snprintf(role, sizeof(role), "%.*s",
		 (int)strcspn(tmk_buf_str(&answer->body), "\r\n"),
		 tmk_buf_str(&answer->body));
	if (answer->status != 200 ||
	    !tmk_kms_text_name(role, strlen(role), "+=,.@_-", 64))
		return tmk_err_set(err, TMK_KEY, "the instance's metadata "
				   "name no role (HTTP %d)", answer->status);
	if (ask(answer, aws, "GET", ROLE, role, tmk_buf_str(header), err))
		return -1;
	/* Trouble comes with status 200 too. */
	if (answer->status == 200 &&
	    (tmk_kms_json(code, sizeof(code), &answer->body, "Code", NULL) ||
	     strcmp(code, "Success")))
		return tmk_err_set(err, TMK_KEY, "the instance's metadata "
				   "give no credentials for its role");
	return read_credentials(out, answer, err);
}

int tmk_kms_aws_instance(struct tmk_kms_aws_cred *out,
			 const struct tmk_kms_aws *aws, struct tmk_err *err)
{
	const char *off = tmk_kms_store_env(aws->env,
					    "AWS_EC2_METADATA_DISABLED");
	struct tmk_buf header = TMK_BUF_INIT(TOKEN_BYTES);
	struct tmk_kms_answer answer;
	int rc;

	if (off && !strcasecmp(off, "true"))
		return 1;
	out->from = "the instance";
	tmk_kms_answer_init(&answer);
	rc = ask_instance(out, &answer, &header, aws, err);
	tmk_buf_release(&header);
	tmk_kms_answer_release(&answer);
	return rc;
}
