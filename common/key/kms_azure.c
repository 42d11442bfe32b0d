#include "key/kms_azure.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "key/kms.h"
#include "key/kms_text.h"
#include "key/kms_token.h"

#define ASSERTION_MAX 16384	/* bytes of a federated token */
#define URL_MAX 1536
#define METADATA "http://169.254.169.254"

/* Where Microsoft gives out tokens: the worldwide and the national clouds. */
static const char *const authorities[] = {
	"login.microsoftonline.com", "login.microsoftonline.us",
	"login.partner.microsoftonline.cn", "login.chinacloudapi.cn", NULL
};

static const char *setting(const char *(*env)(const char *), const char *name)
{
	const char *value = env ? env(name) : NULL;

	return value && *value ? value : NULL;
}

/* ---- the challenge ------------------------------------------------------ */

/* The value of one parameter, "name=\"value\"" or name=value; false when it is
 * not there, there twice, or does not fit. */
static bool parameter(char *out, size_t size, const char *text,
		      const char *name)
{
	size_t n = strlen(name), len;
	const char *p, *found = NULL;

	for (p = text; (p = strcasestr(p, name)); p += n) {
		if (p[n] != '=' || (p != text && !strchr(" ,", p[-1])))
			continue;
		if (found)
			return false;
		found = p + n + 1;
	}
	if (!found)
		return false;
	len = *found == '"' ? strcspn(++found, "\"") : strcspn(found, " ,");
	if (!len || len >= size || (found[-1] == '"' && found[len] != '"'))
		return false;
	memcpy(out, found, len);
	out[len] = '\0';
	return tmk_kms_text_line(out, size) && !strpbrk(out, "\\\"");
}

static bool same_host(const struct tmk_kms_text_url *url, const char *host)
{
	return strlen(host) == url->host_len &&
		!strncasecmp(url->host, host, url->host_len);
}

static bool is_authority(const struct tmk_kms_text_url *url,
			 const char *(*env)(const char *))
{
	const char *own = setting(env, "AZURE_AUTHORITY_HOST");
	struct tmk_kms_text_url other;
	int i;

	if (own) {
		char full[TMK_KMS_AZURE_TEXT];

		/* The tools take a bare host as well. */
		snprintf(full, sizeof(full), "%s%s", strstr(own, "://") ? "" :
			 "https://", own);
		return !tmk_kms_text_split(&other, full) &&
			other.tls == url->tls &&
			(url->tls || tmk_kms_text_is_local(url)) &&
			other.host_len == url->host_len &&
			!strncasecmp(other.host, url->host, url->host_len);
	}
	for (i = 0; authorities[i]; i++)
		if (url->tls && same_host(url, authorities[i]))
			return true;
	return false;
}

/* The resource must be the service that the vault belongs to: its host is the
 * vault's without the first label, or, on this machine, the same. */
static bool is_resource(const char *resource, const char *vault)
{
	struct tmk_kms_text_url r, v;
	const char *parent;

	if (tmk_kms_text_split(&r, resource) || *r.path ||
	    tmk_kms_text_split(&v, vault))
		return false;
	if (tmk_kms_text_is_local(&v))
		return r.host_len == v.host_len &&
			!strncasecmp(r.host, v.host, r.host_len);
	parent = memchr(v.host, '.', v.name_len);
	return parent && r.tls && memchr(r.host, '.', r.name_len) &&
		r.name_len == r.host_len &&
		(size_t)(v.host + v.name_len - parent - 1) == r.host_len &&
		!strncasecmp(parent + 1, r.host, r.host_len);
}

/* "https://HOST/TENANT" to its two parts. */
static bool take_authority(struct tmk_kms_azure *out, const char *text,
			   const char *(*env)(const char *))
{
	struct tmk_kms_text_url url;
	size_t len;

	if (tmk_kms_text_split(&url, text) || !is_authority(&url, env) ||
	    url.path[0] != '/')
		return false;
	len = strcspn(url.path + 1, "/");
	if (!tmk_kms_text_name(url.path + 1, len, "-.",
			       sizeof(out->tenant) - 1))
		return false;
	snprintf(out->authority, sizeof(out->authority), "http%s://%.*s",
		 url.tls ? "s" : "", (int)url.host_len, url.host);
	snprintf(out->tenant, sizeof(out->tenant), "%.*s", (int)len,
		 url.path + 1);
	return true;
}

int tmk_kms_azure_challenge(struct tmk_kms_azure *out, const char *text,
			    const char *vault,
			    const char *(*env)(const char *name),
			    struct tmk_err *err)
{
	struct tmk_kms_azure azure;
	char authority[TMK_KMS_AZURE_TEXT];
	size_t len;

	memset(&azure, 0, sizeof(azure));
	if (strncasecmp(text, "Bearer ", 7))
		return tmk_err_set(err, TMK_KEY, "the vault does not say how "
				   "to authenticate");
	text += 7;
	if (!parameter(authority, sizeof(authority), text, "authorization") ||
	    (!parameter(azure.resource, sizeof(azure.resource), text,
			"resource") &&
	     !parameter(azure.resource, sizeof(azure.resource), text,
			"scope")))
		return tmk_err_set(err, TMK_KEY, "the vault's challenge names "
				   "no authority and resource");
	len = strlen(azure.resource);
	if (len > 9 && !strcmp(azure.resource + len - 9, "/.default"))
		azure.resource[len -= 9] = '\0';
	if (len && azure.resource[len - 1] == '/')
		azure.resource[len - 1] = '\0';
	if (!take_authority(&azure, authority, env)) {
		tmk_err_set(err, TMK_KEY, "the vault sends us to %s for a "
			    "token, which is no authority of Azure",
			    authority);
		return tmk_err_hint(err, "check the vault's name; a private "
				    "cloud's authority goes into "
				    "AZURE_AUTHORITY_HOST");
	}
	if (!is_resource(azure.resource, vault)) {
		tmk_err_set(err, TMK_KEY, "the vault asks for a token for %s, "
			    "which it is no part of", azure.resource);
		return tmk_err_hint(err, "check the vault's name: no token is "
				    "sent to it");
	}
	*out = azure;
	return 0;
}

/* ---- tokens ------------------------------------------------------------- */

struct asking {
	const struct tmk_kms_azure *azure;
	const char *(*env)(const char *name);
	int ms;
};

static bool is_guid(const char *text)
{
	return strlen(text) == 36 &&
		strspn(text, "0123456789abcdefABCDEF-") == 36;
}

/* The tenant to ask in: ours, which must be the vault's where both are said
 * in the same way. */
static const char *tenant_of(const struct asking *a, struct tmk_err *err)
{
	const char *own = setting(a->env, "AZURE_TENANT_ID");

	if (!own || !tmk_kms_text_name(own, strlen(own), "-.", 128)) {
		tmk_err_set(err, TMK_USAGE, "AZURE_TENANT_ID is not set to "
			    "the id of a tenant");
		tmk_err_hint(err, "AZURE_TENANT_ID, AZURE_CLIENT_ID and "
			     "AZURE_CLIENT_SECRET belong together");
		return NULL;
	}
	if (is_guid(own) && is_guid(a->azure->tenant) &&
	    strcasecmp(own, a->azure->tenant)) {
		tmk_err_set(err, TMK_KEY, "the vault belongs to the tenant "
			    "%s, AZURE_TENANT_ID is another", a->azure->tenant);
		tmk_err_hint(err, "use credentials of the vault's tenant, or "
			     "the right vault");
		return NULL;
	}
	return own;
}

/* The proof of who we are: a secret, or a token of somebody whom the tenant
 * believes. */
static int add_proof(struct tmk_buf *form, const struct asking *a,
		     struct tmk_err *err)
{
	const char *secret = setting(a->env, "AZURE_CLIENT_SECRET");
	const char *file = setting(a->env, "AZURE_FEDERATED_TOKEN_FILE");
	struct tmk_buf token = TMK_BUF_INIT(ASSERTION_MAX);
	int rc;

	if (secret)
		return tmk_kms_text_field(form, "client_secret", secret) ?
			tmk_err_nomem(err) : 0;
	rc = tmk_file_read(&token, file, err);
	while (token.len && strchr("\r\n", token.data[token.len - 1]))
		token.data[--token.len] = '\0';
	if (!rc && (strlen(tmk_buf_str(&token)) != token.len ||
		    !tmk_kms_text_line(tmk_buf_str(&token), ASSERTION_MAX)))
		rc = tmk_err_set(err, TMK_USAGE, "%s holds no token", file);
	if (!rc && (tmk_kms_text_field(form, "client_assertion_type",
				       "urn:ietf:params:oauth:client-"
				       "assertion-type:jwt-bearer") ||
		    tmk_kms_text_field(form, "client_assertion",
				       tmk_buf_str(&token))))
		rc = tmk_err_nomem(err);
	tmk_buf_release(&token);
	return rc;
}

static int ask_authority(struct tmk_buf *token, int64_t *seconds,
			 const struct asking *a, struct tmk_err *err)
{
	const char *client = setting(a->env, "AZURE_CLIENT_ID");
	const char *tenant = tenant_of(a, err);
	struct tmk_buf form = TMK_BUF_INIT(3 * ASSERTION_MAX);
	char url[URL_MAX], scope[TMK_KMS_AZURE_TEXT + 16];
	const struct tmk_kms_token_from from = {
		"Azure", url, "named by the vault"
	};
	int rc = -1;

	if (!tenant)
		return -1;
	if (!client)
		return tmk_err_set(err, TMK_USAGE,
				   "AZURE_CLIENT_ID is not set");
	snprintf(url, sizeof(url), "%s/%s/oauth2/v2.0/token",
		 a->azure->authority, tenant);
	snprintf(scope, sizeof(scope), "%s/.default", a->azure->resource);
	if (tmk_kms_text_field(&form, "grant_type", "client_credentials") ||
	    tmk_kms_text_field(&form, "client_id", client) ||
	    tmk_kms_text_field(&form, "scope", scope))
		tmk_err_nomem(err);
	else
		rc = add_proof(&form, a, err);
	if (!rc)
		rc = tmk_kms_token_post(token, seconds, &from, &form, a->ms,
					err);
	tmk_buf_release(&form);
	return rc;
}

/* Where the machine's own identity is asked for: App Service names it, a
 * virtual machine has it at a fixed address. */
static int identity_url(char *url, size_t size, const char *endpoint,
			const struct asking *a, struct tmk_err *err)
{
	const char *host = setting(a->env, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
	const char *client = setting(a->env, "AZURE_CLIENT_ID");
	struct tmk_buf query = TMK_BUF_INIT(URL_MAX);
	struct tmk_kms_text_url parts;
	int rc, n = 0;

	rc = tmk_kms_text_field(&query, "api-version", endpoint ?
				"2019-08-01" : "2018-02-01");
	if (!rc)
		rc = tmk_kms_text_field(&query, "resource",
					a->azure->resource);
	if (!rc && client)
		rc = tmk_kms_text_field(&query, "client_id", client);
	if (rc) {
		tmk_err_set(err, TMK_USAGE, "AZURE_CLIENT_ID is too long");
	} else if (endpoint) {
		n = snprintf(url, size, "%s?%s", endpoint,
			     tmk_buf_str(&query));
	} else {
		n = snprintf(url, size, "%s/metadata/identity/oauth2/token?%s",
			     host ? host : METADATA, tmk_buf_str(&query));
	}
	if (!rc && (n < 0 || (size_t)n >= size ||
		    tmk_kms_text_split(&parts, endpoint ? endpoint : host ?
				       host : METADATA)))
		rc = tmk_err_set(err, TMK_USAGE, "%s is no URL of an identity "
				 "service", endpoint ? "IDENTITY_ENDPOINT" :
				 "AZURE_POD_IDENTITY_AUTHORITY_HOST");
	tmk_buf_release(&query);
	return rc;
}

static int ask_machine(struct tmk_buf *token, int64_t *seconds,
		       const struct asking *a, struct tmk_err *err)
{
	const char *endpoint = setting(a->env, "IDENTITY_ENDPOINT");
	const char *secret = setting(a->env, "IDENTITY_HEADER");
	struct tmk_buf header = TMK_BUF_INIT(TMK_KMS_TEXT_MAX);
	struct tmk_kms_request request = { .method = "GET", .ms = a->ms };
	struct tmk_kms_answer answer;
	char url[URL_MAX];
	int rc;

	tmk_kms_answer_init(&answer);
	rc = identity_url(url, sizeof(url), endpoint && secret ? endpoint :
			  NULL, a, err);
	if (!rc && endpoint && secret &&
	    (!tmk_kms_text_line(secret, 1024) ||
	     tmk_buf_printf(&header, "X-IDENTITY-HEADER: %s", secret)))
		rc = tmk_err_set(err, TMK_USAGE, "IDENTITY_HEADER cannot be "
				 "sent");
	request.url = url;
	request.header[request.headers++] = header.len ?
		tmk_buf_str(&header) : "Metadata: true";
	if (!rc)
		rc = tmk_kms_ask(&answer, &request, NULL, err);
	if (rc)
		(void)tmk_err_hint(err, "set AZURE_TENANT_ID, AZURE_CLIENT_ID "
				   "and AZURE_CLIENT_SECRET, or run where "
				   "there is a managed identity");
	else
		rc = tmk_kms_token_read(token, seconds, "the managed identity",
					&answer, err);
	tmk_kms_answer_release(&answer);
	tmk_buf_release(&header);
	return rc;
}

static int fetch(void *ctx, struct tmk_buf *token, int64_t *seconds,
		 struct tmk_err *err)
{
	const struct asking *a = ctx;

	if (setting(a->env, "AZURE_CLIENT_SECRET") ||
	    setting(a->env, "AZURE_FEDERATED_TOKEN_FILE"))
		return ask_authority(token, seconds, a, err);
	return ask_machine(token, seconds, a, err);
}

/* What a token is kept under: for whom, from whom, for what. */
static void make_id(char *id, size_t size, const struct tmk_kms_azure *azure,
		    const char *(*env)(const char *))
{
	const char *tenant = setting(env, "AZURE_TENANT_ID");
	const char *client = setting(env, "AZURE_CLIENT_ID");

	snprintf(id, size, "azure %s %s %s %s %s", azure->authority,
		 azure->tenant, azure->resource, tenant ? tenant : "-",
		 client ? client : "-");
}

int tmk_kms_azure_bearer(struct tmk_buf *header,
			 const struct tmk_kms_azure *azure,
			 const char *(*env)(const char *name), int ms,
			 struct tmk_err *err)
{
	struct asking a = { azure, env, ms };
	char id[1024];

	make_id(id, sizeof(id), azure, env);
	return tmk_kms_token_get(header, id, fetch, &a, err);
}

void tmk_kms_azure_drop(const struct tmk_kms_azure *azure,
			const char *(*env)(const char *name))
{
	char id[1024];

	make_id(id, sizeof(id), azure, env);
	tmk_kms_token_drop(id);
}
