/* One call of AWS KMS, and what its refusals mean. */
#include <stdio.h>
#include <string.h>

#include "key/kms_aws.h"
#include "key/kms_aws_cred.h"
#include "key/kms_text.h"

#define TYPE_MAX 128		/* bytes of an exception's name */
#define SAID_MAX 240		/* bytes of its message that are shown */
#define RIGHTS "the identity needs kms:Sign, kms:GetPublicKey and " \
	"kms:DescribeKey for this key"

/* ---- refusals -------------------------------------------------------- */

/* What may be shown of the service's own words. */
enum said { SAID_NOTHING, SAID_ALL };

static const struct refusal {
	const char *type;
	int code;
	enum said said;
	const char *what, *hint;
} refusals[] = {
	{ "AccessDeniedException", TMK_KEY, SAID_ALL,
	  "these credentials may not do that", RIGHTS ", in its own policy or "
	  "in the key's; docs/CLOUD.md has one" },
	{ "NotFoundException", TMK_KEY, SAID_ALL, "there is no such key",
	  "check the key and the region: awskms:KEY?region=REGION" },
	{ "DisabledException", TMK_KEY, SAID_NOTHING, "the key is disabled",
	  "aws kms enable-key, if it is to be used again" },
	{ "KMSInvalidStateException", TMK_KEY, SAID_ALL,
	  "the key cannot be used in its state",
	  "aws kms describe-key tells the state; one that waits for its "
	  "deletion is kept with aws kms cancel-key-deletion" },
	{ "InvalidKeyUsageException", TMK_KEY, SAID_ALL,
	  "the key is not for this use",
	  "make one with --key-usage SIGN_VERIFY and --key-spec RSA_3072, "
	  "RSA_4096, ECC_NIST_P256 or ECC_NIST_P384" },
	{ "UnsupportedOperationException", TMK_KEY, SAID_ALL,
	  "the key cannot do that",
	  "make one with --key-usage SIGN_VERIFY and --key-spec RSA_3072, "
	  "RSA_4096, ECC_NIST_P256 or ECC_NIST_P384" },
	{ "InvalidArnException", TMK_USAGE, SAID_NOTHING,
	  "the key's ARN is none", "check the key's uri" },
	{ "ValidationException", TMK_KEY, SAID_NOTHING,
	  "the request was not understood", "check the key's uri" },
	{ "ExpiredTokenException", TMK_KEY, SAID_NOTHING,
	  "the credentials have expired", "log in again (aws sso login), or "
	  "export new ones: eval \"$(aws configure export-credentials "
	  "--format env)\"" },
	{ "ExpiredToken", TMK_KEY, SAID_NOTHING,
	  "the credentials have expired", "log in again (aws sso login), or "
	  "export new ones" },
	{ "UnrecognizedClientException", TMK_KEY, SAID_NOTHING,
	  "the credentials are not known there",
	  "check the access key, the session token that belongs to it, and "
	  "that the region is open for the account" },
	{ "InvalidClientTokenId", TMK_KEY, SAID_NOTHING,
	  "the credentials are not known there",
	  "check the access key and the session token that belongs to it" },
	{ "InvalidSignatureException", TMK_KEY, SAID_NOTHING,
	  "the request's signature is wrong",
	  "check the secret access key, the region, and this machine's "
	  "clock" },
	{ "SignatureDoesNotMatch", TMK_KEY, SAID_NOTHING,
	  "the request's signature is wrong",
	  "check the secret access key, the region, and this machine's "
	  "clock" },
	{ "IncompleteSignature", TMK_KEY, SAID_NOTHING,
	  "the request's signature is not whole",
	  "check what stands between this machine and the service" },
	{ "IncompleteSignatureException", TMK_KEY, SAID_NOTHING,
	  "the request's signature is not whole",
	  "check what stands between this machine and the service" },
	{ "MissingAuthenticationTokenException", TMK_KEY, SAID_NOTHING,
	  "the request's signature is missing",
	  "check what stands between this machine and the service" },
	{ "ThrottlingException", TMK_NET, SAID_NOTHING,
	  "there are too many requests", "try again later, or have the "
	  "quota raised" },
	{ "LimitExceededException", TMK_NET, SAID_NOTHING,
	  "a limit of the account is reached", "try again later, or have the "
	  "quota raised" },
	{ "KMSInternalException", TMK_NET, SAID_NOTHING,
	  "the service has a fault", "try again later" },
	{ "DependencyTimeoutException", TMK_NET, SAID_NOTHING,
	  "the service did not come to an end", "try again later" },
	{ "KeyUnavailableException", TMK_NET, SAID_NOTHING,
	  "the key cannot be reached now", "try again later" },
};

/* The name of the exception: "com.amazonaws.kms#Name", "Name:http://...".
 * "" when the body has none. */
static void type_of(char *out, const struct tmk_buf *body)
{
	char text[TYPE_MAX * 2], *at;

	*out = '\0';
	if (tmk_kms_json(text, sizeof(text), body, "__type", NULL) &&
	    tmk_kms_json(text, sizeof(text), body, "code", NULL))
		return;
	at = strrchr(text, '#');
	at = at ? at + 1 : text;
	at[strcspn(at, ":")] = '\0';
	if (tmk_kms_text_name(at, strlen(at), "", TYPE_MAX - 1))
		snprintf(out, TYPE_MAX, "%s", at);
}

/* Asked again for as long as there is time. */
static bool again(const struct tmk_kms_answer *answer)
{
	static const char *const types[] = { "ThrottlingException",
		"TooManyRequestsException", "RequestLimitExceeded",
		"KMSInternalException", "DependencyTimeoutException",
		"KeyUnavailableException" };
	char type[TYPE_MAX];
	size_t i;

	if (answer->status == 200)
		return false;
	type_of(type, &answer->body);
	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

/* Whether a text repeats something of the credentials. */
static bool repeats(const char *text, const struct tmk_kms_aws_cred *cred)
{
	return (cred->secret.len && strstr(text, tmk_buf_str(&cred->secret))) ||
		(cred->token.len && strstr(text, tmk_buf_str(&cred->token)));
}

/* The service's own words, ": " before them; "" when they are not shown. */
static void said(char *out, size_t size, const struct refusal *r,
		 const struct tmk_kms_answer *answer,
		 const struct tmk_kms_aws_cred *cred)
{
	char text[TMK_KMS_TEXT_MAX];

	*out = '\0';
	if (!r || r->said == SAID_NOTHING)
		return;
	if ((tmk_kms_json(text, sizeof(text), &answer->body, "message",
			  NULL) &&
	     tmk_kms_json(text, sizeof(text), &answer->body, "Message",
			  NULL)) ||
	    !*text || repeats(text, cred))
		return;
	snprintf(out, size, ": %.*s", SAID_MAX, text);
}

static int refused(const struct tmk_kms_aws *aws,
		   const struct tmk_kms_answer *answer,
		   const struct tmk_kms_aws_cred *cred, struct tmk_err *err)
{
	bool later = answer->status == 429 || answer->status >= 500;
	const struct refusal *r = NULL;
	char type[TYPE_MAX], words[SAID_MAX + 4];
	size_t i;

	type_of(type, &answer->body);
	for (i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (!strcmp(type, refusals[i].type))
			r = &refusals[i];
	said(words, sizeof(words), r, answer, cred);
	tmk_err_set(err, r ? r->code : later ? TMK_NET : TMK_KEY,
		    "AWS KMS in %s: %s (%s%sHTTP %d; credentials of %s)%s",
		    aws->region, r ? r->what : later ? "it cannot answer now" :
		    "it refuses", type, *type ? ", " : "", answer->status,
		    cred->from, words);
	if (r && strstr(r->hint, "clock") && *answer->date)
		return tmk_err_hint(err, "%s; there it is %s", r->hint,
				    answer->date);
	if (r)
		return tmk_err_hint(err, "%s", r->hint);
	return tmk_err_hint(err, later ? "try again later" : "see what stands "
			    "between this machine and the service");
}

/* Whether newer credentials would be taken. */
static bool has_expired(const struct tmk_kms_answer *answer)
{
	char type[TYPE_MAX];

	if (answer->status == 200)
		return false;
	type_of(type, &answer->body);
	return !strcmp(type, "ExpiredTokenException") ||
		!strcmp(type, "ExpiredToken");
}

/* ---- the call -------------------------------------------------------- */

/* The texts of one request, which hold what nobody is to see. */
struct signed_texts {
	struct tmk_buf user, token, target, sigv4;
};

static void release(struct signed_texts *t)
{
	tmk_buf_release(&t->user);
	tmk_buf_release(&t->token);
	tmk_buf_release(&t->target);
	tmk_buf_release(&t->sigv4);
}

static int ask(struct tmk_kms_answer *answer, const struct tmk_kms_aws *aws,
	       const struct tmk_kms_aws_cred *cred, const char *action,
	       const struct tmk_buf *body, struct tmk_err *err)
{
	struct signed_texts t = {
		.user = TMK_BUF_INIT(2 * TMK_KMS_AWS_SECRET + 1),
		.token = TMK_BUF_INIT(TMK_KMS_AWS_TOKEN + 64),
		.target = TMK_BUF_INIT(128), .sigv4 = TMK_BUF_INIT(256)
	};
	struct tmk_kms_request r = {
		.method = "POST", .url = aws->endpoint,
		.header = { "Content-Type: application/x-amz-json-1.1" },
		.headers = 1, .body = body->data, .body_len = body->len,
		.roots = *aws->roots ? aws->roots : NULL, .ms = aws->ms,
		.set_by = aws->set_by,
		.roots_by = "AWS_CA_BUNDLE or SSL_CERT_FILE"
	};
	int rc;

	rc = tmk_buf_printf(&t.user, "%s:%s", tmk_buf_str(&cred->id),
			    tmk_buf_str(&cred->secret)) ||
		tmk_buf_printf(&t.target, "X-Amz-Target: TrentService.%s",
			       action) ||
		tmk_buf_printf(&t.sigv4, "aws:amz:%s:kms", aws->region) ||
		(cred->token.len &&
		 tmk_buf_printf(&t.token, "X-Amz-Security-Token: %s",
				tmk_buf_str(&cred->token)));
	if (rc) {
		rc = tmk_err_nomem(err);
		goto out;
	}
	r.header[r.headers++] = tmk_buf_str(&t.target);
	if (t.token.len)
		r.header[r.headers++] = tmk_buf_str(&t.token);
	r.sigv4 = tmk_buf_str(&t.sigv4);
	r.user = tmk_buf_str(&t.user);
	rc = tmk_kms_ask(answer, &r, again, err);
	if (rc && err && err->code == TMK_NET)
		tmk_err_prefix(err, "AWS KMS");
out:
	release(&t);
	return rc;
}

int tmk_kms_aws_call(struct tmk_kms_answer *answer,
		     const struct tmk_kms_aws *aws, const char *action,
		     const struct tmk_buf *body, struct tmk_err *err)
{
	struct tmk_kms_aws_cred cred;
	bool fresh = false;
	int rc;

	for (;;) {
		tmk_kms_aws_cred_init(&cred);
		rc = tmk_kms_aws_cred_get(&cred, aws, fresh, err);
		if (!rc)
			rc = ask(answer, aws, &cred, action, body, err);
		if (rc || fresh || !cred.renewable || !has_expired(answer))
			break;
		fresh = true;
		tmk_kms_aws_cred_release(&cred);
	}
	if (!rc && answer->status != 200)
		rc = refused(aws, answer, &cred, err);
	tmk_kms_aws_cred_release(&cred);
	return rc;
}
