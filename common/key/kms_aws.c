#include "key/kms_aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "key/kms_store.h"
#include "key/kms_text.h"

#define FILE_MAX_BYTES (256 * 1024)
#define DEFAULT_PROFILE "default"

/* ---- the files in ~/.aws --------------------------------------------- */

/* Append the path of one of them; 1 when nobody says where it is. */
static int file_path(struct tmk_buf *out, const struct tmk_kms_aws *aws,
		     const char *variable, const char *name)
{
	const char *path = tmk_kms_store_env(aws->env, variable);
	const char *home = tmk_kms_store_env(aws->env, "HOME");

	if (path && strncmp(path, "~/", 2))
		return tmk_buf_addstr(out, path);
	if (!home)
		return 1;
	return tmk_buf_printf(out, "%s/%s", home, path ? path + 2 : name);
}

static size_t trimmed(const char **text, size_t len)
{
	while (len && strchr(" \t\r", (*text)[len - 1]))
		len--;
	for (; len && strchr(" \t", **text); len--)
		(*text)++;
	return len;
}

/* Whether "[...]" is this section. */
static bool is_section(const char *line, size_t len, const char *section)
{
	const char *name = line + 1;
	size_t n;

	if (len < 2 || line[len - 1] != ']')
		return false;
	n = trimmed(&name, len - 2);
	return n == strlen(section) && !memcmp(name, section, n);
}

/* The value of "name = value" in the section; the last one counts. With `name`
 * NULL the section itself. 0, 1 when it is not there, negative. */
static int look_up(struct tmk_buf *out, const struct tmk_buf *file,
		   const char *section, const char *name)
{
	const char *at = tmk_buf_str(file), *end = at + file->len;
	const char *value = NULL, *stop, *line;
	size_t value_len = 0, len, n;
	bool inside = false;

	for (; at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		/* What is indented belongs to a setting of its own kind. */
		if (at < stop && (*at == ' ' || *at == '\t'))
			continue;
		line = at;
		len = trimmed(&line, (size_t)(stop - at));
		if (len && *line == '[') {
			inside = is_section(line, len, section);
			if (inside && !name)
				return 0;
			continue;
		}
		n = len ? strcspn(line, "=") : 0;
		if (!inside || !name || n >= len)
			continue;
		value = line + n + 1;
		value_len = trimmed(&value, len - n - 1);
		n = trimmed(&line, n);
		if (n != strlen(name) || strncasecmp(line, name, n))
			value = NULL;
		if (value && (tmk_buf_clear(out),
			      tmk_buf_add(out, value, value_len)))
			return -1;
	}
	return out && out->len ? 0 : 1;
}

/* "profile" stands before the names in the configuration, but for the default
 * one. */
int tmk_kms_aws_file(struct tmk_buf *out, const struct tmk_kms_aws *aws,
		     bool credentials, const char *name, struct tmk_err *err)
{
	struct tmk_buf path = TMK_BUF_INIT(TMK_KMS_TEXT_MAX);
	struct tmk_buf file = TMK_BUF_INIT(FILE_MAX_BYTES);
	char section[TMK_KMS_AWS_NAME + 16];
	bool bare = credentials || !strcmp(aws->profile, DEFAULT_PROFILE);
	int rc;

	snprintf(section, sizeof(section), "%s%s", bare ? "" : "profile ",
		 aws->profile);
	rc = credentials ?
		file_path(&path, aws, "AWS_SHARED_CREDENTIALS_FILE",
			  ".aws/credentials") :
		file_path(&path, aws, "AWS_CONFIG_FILE", ".aws/config");
	if (rc < 0)
		tmk_err_set(err, TMK_USAGE, "the path of a file of AWS's "
			    "tools is too long");
	if (!rc && !tmk_file_exists(tmk_buf_str(&path)))
		rc = 1;
	if (!rc)
		rc = tmk_file_read(&file, tmk_buf_str(&path), err);
	if (!rc) {
		rc = look_up(out, &file, section, name);
		if (rc < 0)
			tmk_err_set(err, TMK_INPUT, "%s: %s is too long",
				    tmk_buf_str(&path), name);
	}
	tmk_buf_release(&path);
	tmk_buf_release(&file);
	return rc;
}

int tmk_kms_aws_setting(struct tmk_buf *out, const struct tmk_kms_aws *aws,
			const char *name, struct tmk_err *err)
{
	int rc = tmk_kms_aws_file(out, aws, true, name, err);

	return rc == 1 ? tmk_kms_aws_file(out, aws, false, name, err) : rc;
}

bool tmk_kms_aws_has_profile(const struct tmk_kms_aws *aws)
{
	return !tmk_kms_aws_file(NULL, aws, true, NULL, NULL) ||
		!tmk_kms_aws_file(NULL, aws, false, NULL, NULL);
}

/* ---- the uri --------------------------------------------------------- */

static int bad_uri(struct tmk_err *err, const char *why)
{
	tmk_err_set(err, TMK_USAGE, "the uri of the AWS key %s", why);
	return tmk_err_hint(err, "write awskms:KEY?region=REGION, where KEY "
			    "is the key's id, its ARN or alias/NAME");
}

/* "region=R" or "profile=P", each once. */
static int take_attribute(struct tmk_kms_aws *aws, const char *at, size_t len,
			  struct tmk_err *err)
{
	const struct {
		const char *name;
		char *to;
		const char *also;
	} known[] = {
		{ "region=", aws->region, "-" },
		{ "profile=", aws->profile, "-_.@+" },
	};
	size_t i, n;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		n = strlen(known[i].name);
		if (len < n || memcmp(at, known[i].name, n))
			continue;
		if (*known[i].to || !tmk_kms_text_name(at + n, len - n,
				known[i].also, TMK_KMS_AWS_NAME - 1))
			return bad_uri(err, "has a region or profile that is "
				       "none, or two");
		memcpy(known[i].to, at + n, len - n);
		known[i].to[len - n] = '\0';
		return 0;
	}
	return bad_uri(err, "has an attribute that is not known");
}

/* The region of arn:PARTITION:kms:REGION:ACCOUNT:key/ID. */
static int region_of_arn(struct tmk_kms_aws *aws, struct tmk_err *err)
{
	const char *field[6];
	size_t len;
	int i = 0;

	field[0] = aws->key;
	while (i < 5 && (field[i + 1] = strchr(field[i], ':'))) {
		field[i + 1]++;
		i++;
	}
	if (i < 5 || strncmp(field[2], "kms:", 4) ||
	    (strncmp(field[5], "key/", 4) && strncmp(field[5], "alias/", 6)))
		return bad_uri(err, "has an ARN that is not that of a key");
	len = (size_t)(field[4] - field[3] - 1);
	if (!tmk_kms_text_name(field[3], len, "-", TMK_KMS_AWS_NAME - 1))
		return bad_uri(err, "has an ARN without a region");
	if (*aws->region && (strlen(aws->region) != len ||
			     memcmp(aws->region, field[3], len)))
		return bad_uri(err, "names another region than its ARN");
	memcpy(aws->region, field[3], len);
	aws->region[len] = '\0';
	return 0;
}

static int read_uri(struct tmk_kms_aws *aws, const char *uri,
		    struct tmk_err *err)
{
	const char *at = uri + strlen(TMK_KMS_AWS_SCHEME);
	size_t len = strcspn(at, "?");

	if (!len || len >= sizeof(aws->key) ||
	    strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "0123456789:/_-") < len)
		return bad_uri(err, "names no key");
	memcpy(aws->key, at, len);
	aws->key[len] = '\0';
	for (at += len; *at; at += len) {
		at++;
		len = strcspn(at, "&");
		if (take_attribute(aws, at, len, err))
			return -1;
	}
	aws->named = *aws->profile != '\0';
	return strncmp(aws->key, "arn:", 4) ? 0 : region_of_arn(aws, err);
}

/* ---- where it is ----------------------------------------------------- */

/* The first of these variables that says something, checked. */
static int from_env(char *out, const struct tmk_kms_aws *aws,
		    const char *first, const char *second, const char *also,
		    struct tmk_err *err)
{
	const char *value = tmk_kms_store_env(aws->env, first);

	if (!value)
		value = tmk_kms_store_env(aws->env, second);
	if (*out || !value)
		return 0;
	if (!tmk_kms_text_name(value, strlen(value), also,
			       TMK_KMS_AWS_NAME - 1))
		return tmk_err_set(err, TMK_USAGE, "%s or %s in the "
				   "environment cannot be used", first,
				   second);
	snprintf(out, TMK_KMS_AWS_NAME, "%s", value);
	return 0;
}

static int find_region(struct tmk_kms_aws *aws, struct tmk_err *err)
{
	struct tmk_buf value = TMK_BUF_INIT(TMK_KMS_AWS_NAME - 1);
	int rc;

	if (from_env(aws->region, aws, "AWS_REGION", "AWS_DEFAULT_REGION",
		     "-", err))
		return -1;
	if (*aws->region)
		return 0;
	rc = tmk_kms_aws_setting(&value, aws, "region", err);
	if (!rc && tmk_kms_text_name(tmk_buf_str(&value), value.len, "-",
				     sizeof(aws->region) - 1))
		snprintf(aws->region, sizeof(aws->region), "%s",
			 tmk_buf_str(&value));
	tmk_buf_release(&value);
	if (rc < 0)
		return -1;
	if (*aws->region)
		return 0;
	tmk_err_set(err, TMK_USAGE, "nobody says in which region the AWS key "
		    "is");
	return tmk_err_hint(err, "write awskms:KEY?region=REGION, or set "
			    "AWS_REGION");
}

static bool is_true(const struct tmk_kms_aws *aws, const char *variable)
{
	const char *value = tmk_kms_store_env(aws->env, variable);

	return value && !strcasecmp(value, "true");
}

/* The domain of each partition, by the names of its regions. */
static const char *domain_of(const char *region)
{
	static const struct {
		const char *prefix, *domain;
	} known[] = {
		{ "cn-", "amazonaws.com.cn" },
		{ "us-isob-", "sc2s.sgov.gov" },
		{ "us-isof-", "csp.hci.ic.gov" },
		{ "us-iso-", "c2s.ic.gov" },
		{ "eu-isoe-", "cloud.adc-e.uk" },
		{ "eusc-", "amazonaws.eu" },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strncmp(region, known[i].prefix,
			     strlen(known[i].prefix)))
			return known[i].domain;
	return "amazonaws.com";
}

/* An address of our own choice: no path, since none is signed. */
static int use_endpoint(struct tmk_kms_aws *aws, const char *url,
			const char *name, struct tmk_err *err)
{
	size_t len = strlen(url);
	const char *slash;

	if (tmk_kms_url_ok(url, err))
		return tmk_err_prefix(err, "%s", name);
	while (len && url[len - 1] == '/')
		len--;
	slash = strstr(url, "://");
	slash = slash ? strpbrk(slash + 3, "/?") : NULL;
	if ((slash && (size_t)(slash - url) < len) ||
	    len + 2 > sizeof(aws->endpoint))
		return tmk_err_set(err, TMK_USAGE, "%s is to be a scheme, a "
				   "host and a port alone", name);
	snprintf(aws->endpoint, sizeof(aws->endpoint), "%.*s/", (int)len, url);
	return 0;
}

static int find_endpoint(struct tmk_kms_aws *aws, struct tmk_err *err)
{
	static const char *const names[] = {
		"AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"
	};
	const char *own = tmk_kms_store_env(aws->env, names[0]);
	const char *url = own ? own : tmk_kms_store_env(aws->env, names[1]);
	const char *roots = tmk_kms_store_env(aws->env, "AWS_CA_BUNDLE");

	if (roots && strlen(roots) >= sizeof(aws->roots))
		return tmk_err_set(err, TMK_USAGE, "AWS_CA_BUNDLE is too "
				   "long");
	if (roots)
		snprintf(aws->roots, sizeof(aws->roots), "%s", roots);
	aws->set_by = own ? "set by AWS_ENDPOINT_URL_KMS" :
		"set by AWS_ENDPOINT_URL";
	if (url && !is_true(aws, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
		return use_endpoint(aws, url, names[own ? 0 : 1], err);
	aws->set_by = "from the key's region";
	snprintf(aws->endpoint, sizeof(aws->endpoint), "https://kms%s.%s.%s/",
		 is_true(aws, "AWS_USE_FIPS_ENDPOINT") ? "-fips" : "",
		 aws->region, domain_of(aws->region));
	return 0;
}

int tmk_kms_aws_place(struct tmk_kms_aws *out, const char *uri,
		      const char *(*env)(const char *name), int ms,
		      struct tmk_err *err)
{
	struct tmk_kms_aws aws = { .env = env, .ms = ms };

	if (read_uri(&aws, uri, err) ||
	    from_env(aws.profile, &aws, "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
		     "-_.@+", err))
		return -1;
	if (!*aws.profile)
		snprintf(aws.profile, sizeof(aws.profile), DEFAULT_PROFILE);
	if (find_region(&aws, err) || find_endpoint(&aws, err))
		return -1;
	*out = aws;
	return 0;
}
