/*
 * front_approval_store.h - requests that wait for approvals, as files: the
 * folders of docs/PROTOCOL.approval, section 3.
 *
 * Each request is a folder named by its id. Whoever holds its lock (flock(2)
 * of the folder, gone with the process) alone adds approvals or uses them;
 * that it was used is on the disk before it counts. What was changed by
 * another hand does not match its id and is no request. Judges nobody. Fails
 * with TMK_INPUT, or TMK_USAGE when the folder is not the user's own.
 */
#ifndef TMK_PLUGINS_FRONT_APPROVAL_STORE_H
#define TMK_PLUGINS_FRONT_APPROVAL_STORE_H

#include "plugins/front_approval_text.h"

#define TMK_APPROVALS_MAX 32		/* kept for one request */
#define TMK_APPROVAL_MAX (64 * 1024)	/* bytes of one, DER */

/* One request as it was read. */
struct tmk_approval_request {
	char id[TMK_APPROVAL_ID];
	char *path;		/* its folder */
	struct tmk_buf bytes;	/* what is signed */
	struct tmk_approval_text text;
	uint8_t content[32];	/* what the client says is the SHA-256 of the
				   content alone; for meeting again only */
	bool has_content;
	bool spent;
	int lock;		/* its folder, locked; -1: not */
};

/* The folder of all requests, made if it is missing, locked against whoever
 * makes one or tidies up. *fd and *path belong to the caller. */
int tmk_approval_store_open(int *fd, char **path, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Read one. *out is to be released whatever is returned. */
int tmk_approval_store_load(struct tmk_approval_request *out,
			    const char *store, const char *id,
			    struct tmk_err *err) TMK_MUST_CHECK;
void tmk_approval_store_release(struct tmk_approval_request *request);

/* Wait for its lock, then look again whether it was spent. Fails with
 * TMK_REFUSED when another process keeps it for ten seconds. */
int tmk_approval_store_lock(struct tmk_approval_request *request,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* A negative return ends the walk with it, a positive one without failure. The
 * request is released afterwards. */
typedef int (*tmk_approval_visit)(void *ctx,
				  struct tmk_approval_request *request,
				  struct tmk_err *err);

/* Visit all that can be read, spent and expired ones too, in no order. */
int tmk_approval_store_each(const char *store, tmk_approval_visit visit,
			    void *ctx, struct tmk_err *err) TMK_MUST_CHECK;

/* Write a new one (the store is open), after removing those that expired more
 * than a day ago, or at all when there are many. `content` is 32 bytes or
 * NULL. */
int tmk_approval_store_make(char id[TMK_APPROVAL_ID], const char *store,
			    const struct tmk_approval_text *text,
			    const uint8_t *content, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Keep an approval, DER, by the certificate of this fingerprint. */
int tmk_approval_store_keep(const struct tmk_approval_request *request,
			    const char *sha256, const uint8_t *der, size_t len,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* The approvals that are kept: `der` has TMK_APPROVALS_MAX empty buffers, each
 * to be released by the caller; *count gets how many were filled. */
int tmk_approval_store_approvals(struct tmk_buf *der, int *count,
				 const struct tmk_approval_request *request,
				 struct tmk_err *err) TMK_MUST_CHECK;

/* It was used: on the disk when this returns. `path` is its folder. */
int tmk_approval_store_spend(const char *path, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
