/*
 * kms_aws.h - AWS KMS as it is spoken: where a key is, and one call.
 *
 * A key's uri is awskms:KEY?region=REGION&profile=NAME, KEY being an id, an
 * alias (alias/NAME) or an ARN, which has its region in it; both attributes
 * may be left out. What is not in the uri is configured as for AWS's own
 * tools: AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_KMS and so on, and the files
 * ~/.aws/config and ~/.aws/credentials. Requests are signed (Signature Version
 * 4) by libcurl in touchmark-fetch. No credential is ever in a text: what the
 * service says of a wrong signature is not shown, since it may repeat one.
 * Fails as kms.h says; nothing is allocated but in the caller's buffers.
 */
#ifndef TMK_KEY_KMS_AWS_H
#define TMK_KEY_KMS_AWS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "key/kms.h"

#define TMK_KMS_AWS_SCHEME "awskms:"
#define TMK_KMS_AWS_KEY 512	/* bytes of an id, alias or ARN */
#define TMK_KMS_AWS_NAME 128	/* bytes of a region or profile */
#define TMK_KMS_AWS_URL 1024	/* bytes of an endpoint */

struct tmk_kms_aws {
	const char *(*env)(const char *name);	/* borrowed */
	int ms;			/* for each exchange */
	char key[TMK_KMS_AWS_KEY];
	bool named;		/* the uri names the profile */
	char profile[TMK_KMS_AWS_NAME];	/* "default" when nobody names one */
	char region[TMK_KMS_AWS_NAME];
	char endpoint[TMK_KMS_AWS_URL];	/* ends with a slash */
	const char *set_by;	/* what the endpoint comes from, for people */
	char roots[TMK_KMS_AWS_URL];	/* AWS_CA_BUNDLE; "": others decide */
};

/* Read a uri and the settings that go with it. TMK_USAGE for what cannot be
 * used, with what to set. */
int tmk_kms_aws_place(struct tmk_kms_aws *out, const char *uri,
		      const char *(*env)(const char *name), int ms,
		      struct tmk_err *err) TMK_MUST_CHECK;

/* The value of `name` in the profile, appended to `out`: what the credentials
 * file says, else the configuration. 1 when neither says anything. TMK_INPUT
 * for a file that cannot be read. */
int tmk_kms_aws_setting(struct tmk_buf *out, const struct tmk_kms_aws *aws,
			const char *name, struct tmk_err *err) TMK_MUST_CHECK;

/* The same of one file: the credentials, or the configuration. With `name`
 * NULL whether it has a section for the profile; `out` is not used then. */
int tmk_kms_aws_file(struct tmk_buf *out, const struct tmk_kms_aws *aws,
		     bool credentials, const char *name, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether either file has a section for the profile. */
bool tmk_kms_aws_has_profile(const struct tmk_kms_aws *aws);

/* Call TrentService.ACTION (the KMS API reference) with a JSON `body`; the
 * answer is one of status 200. Credentials that have expired are fetched anew
 * once, where that can be done. */
int tmk_kms_aws_call(struct tmk_kms_answer *answer,
		     const struct tmk_kms_aws *aws, const char *action,
		     const struct tmk_buf *body, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
