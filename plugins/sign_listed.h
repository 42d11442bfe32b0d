/*
 * sign_listed.h - the files that a list names by size and digest (.changes,
 * Release, repomd.xml), held against those that are there.
 *
 * Who signs a list answers for the files in it. Reads every file once for all
 * of its digests. Follows links, for an artefact may lie elsewhere, but opens
 * nothing except regular files. Refuses to know what the list looks like, and
 * changes nothing. Fails with TMK_REFUSED and content-mismatch, with TMK_INPUT
 * for what cannot be read.
 */
#ifndef TMK_PLUGINS_SIGN_LISTED_H
#define TMK_PLUGINS_SIGN_LISTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "formats/deb822.h"
#include "iface/verdict.h"

#define TMK_LISTED_MAX 524288	/* claims of one list */

/* Which digest; the numbers of enum tmk_deb822_hash, and one that they do not
 * have. */
enum tmk_listed_hash {
	TMK_LISTED_MD5 = TMK_DEB822_MD5,
	TMK_LISTED_SHA1 = TMK_DEB822_SHA1,
	TMK_LISTED_SHA256 = TMK_DEB822_SHA256,
	TMK_LISTED_SHA512 = TMK_DEB822_SHA512,
	TMK_LISTED_SHA384,
	TMK_LISTED_HASHES	/* one more than the last */
};

/* What one line says of one file. */
struct tmk_listed_claim {
	size_t name;		/* where it begins in the list's names */
	enum tmk_listed_hash hash;
	bool sized;
	uint64_t size;
	uint8_t digest[64];
};

/* On the stack; all zero is an empty one. */
struct tmk_sign_listed {
	struct tmk_listed_claim *claim;
	size_t claims, room;
	char *names;		/* each closed by a NUL */
	size_t names_len, names_room;
};

#define TMK_SIGN_LISTED_INIT { NULL, 0, 0, NULL, 0, 0 }

/* Add a claim; `hex` has as many digits as the hash needs. Fails with
 * TMK_INPUT. */
int tmk_sign_listed_add(struct tmk_sign_listed *listed, const char *name,
			size_t name_len, enum tmk_listed_hash hash,
			const char *hex, size_t hex_len, bool sized,
			uint64_t size, struct tmk_err *err) TMK_MUST_CHECK;

/* Hold every file, seen from the directory `dir`, against what is claimed.
 * `what` is how the list is called in messages. A file that is not there is a
 * mismatch unless `some` is set. Sorts the claims. */
int tmk_sign_listed_check(struct tmk_sign_listed *listed, int dir, bool some,
			  const char *what, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Free what it holds. */
void tmk_sign_listed_release(struct tmk_sign_listed *listed);

/* The directory in which `path` lies, for tmk_sign_listed_check: *dir belongs
 * to the caller. Fails with TMK_INPUT. */
int tmk_sign_listed_directory(int *dir, const char *path,
			      struct tmk_err *err) TMK_MUST_CHECK;

/* How a file of these bytes is listed: fills file->bytes and every hash. */
int tmk_sign_listed_describe(struct tmk_deb822_file *file,
			     const uint8_t *data, size_t len,
			     struct tmk_err *err) TMK_MUST_CHECK;

/* The same of all that `fd` holds, from its start. Fails with TMK_INPUT. */
int tmk_sign_listed_describe_fd(struct tmk_deb822_file *file, int fd,
				struct tmk_err *err) TMK_MUST_CHECK;

/* Make a refusal the error that a form gives back: the reason id in front of
 * the text. Returns -1 always. */
int tmk_sign_listed_refuse(struct tmk_err *err, const char *name,
			   const struct tmk_verdict *v);

#endif
