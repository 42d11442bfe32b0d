/*
 * kms_google.h - who we are to Google Cloud: access tokens for Cloud KMS.
 *
 * Credentials as Google's own tools find them: the file that
 * GOOGLE_APPLICATION_CREDENTIALS names (a service account, or a person's
 * refresh token), else the one that gcloud writes for applications, else the
 * metadata server of the machine. The private key in such a file proves who
 * asks; nothing of ours is signed with it, and it is wiped after each use. A
 * token is asked of https, or of this machine, alone. Fails with TMK_KEY
 * (refused), TMK_NET (not reached), TMK_USAGE (settings).
 */
#ifndef TMK_KEY_KMS_GOOGLE_H
#define TMK_KEY_KMS_GOOGLE_H

#include "base/buf.h"
#include "base/err.h"

/* Append "Authorization: Bearer ..."; a token that was asked for before is
 * used again. `ms` bounds each exchange. */
int tmk_kms_google_bearer(struct tmk_buf *header,
			  const char *(*env)(const char *name), int ms,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* The service did not take that token: forget it. */
void tmk_kms_google_drop(const char *(*env)(const char *name));

#endif
