/*
 * kms_aws_cred.h - who we are to AWS, found where AWS's own tools look: the
 * environment, the profile in ~/.aws, the container, the instance.
 *
 * A profile named in a key's uri goes before the environment. Only keys that
 * are there are taken: whoever must log in, assume a role or start a program
 * for them is told how. What a container or an instance gives is kept in this
 * process until it runs out. Secrets are in buffers that wipe. Fails with
 * TMK_KEY when there is none, TMK_NET when their source cannot be asked, and
 * TMK_USAGE for settings.
 */
#ifndef TMK_KEY_KMS_AWS_CRED_H
#define TMK_KEY_KMS_AWS_CRED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "key/kms_aws.h"

#define TMK_KMS_AWS_SECRET 256	/* bytes of an id or a secret */
#define TMK_KMS_AWS_TOKEN 8192	/* bytes of a session token */

struct tmk_kms_aws_cred {
	struct tmk_buf id, secret, token;	/* token: empty for a user's */
	int64_t expires;	/* or TMK_TIME_NONE */
	const char *from;	/* "the environment": static */
	bool renewable;		/* asking again may give newer ones */
};

/* Start empty; wipe. */
void tmk_kms_aws_cred_init(struct tmk_kms_aws_cred *cred);
void tmk_kms_aws_cred_release(struct tmk_kms_aws_cred *cred);

/* Find them. With `fresh` nothing that was kept is taken. */
int tmk_kms_aws_cred_get(struct tmk_kms_aws_cred *out,
			 const struct tmk_kms_aws *aws, bool fresh,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* Those of a container (the ECS and EKS agents) or of an instance (IMDSv2),
 * without keeping them. 1 when there is no such thing here. Internal to
 * kms_aws_*. */
int tmk_kms_aws_container(struct tmk_kms_aws_cred *out,
			  const struct tmk_kms_aws *aws,
			  struct tmk_err *err) TMK_MUST_CHECK;
int tmk_kms_aws_instance(struct tmk_kms_aws_cred *out,
			 const struct tmk_kms_aws *aws,
			 struct tmk_err *err) TMK_MUST_CHECK;

#endif
