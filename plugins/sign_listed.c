#include "plugins/sign_listed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/enc.h"

#define PIECE (256 * 1024)

/* Digests that are too weak to vouch for a file still have to be right where
 * they are given: older readers look at nothing else. */
static const EVP_MD *md_of(enum tmk_listed_hash hash)
{
	switch (hash) {
	case TMK_LISTED_MD5:
		return EVP_md5();
	case TMK_LISTED_SHA1:
		return EVP_sha1();
	case TMK_LISTED_SHA256:
		return EVP_sha256();
	case TMK_LISTED_SHA384:
		return EVP_sha384();
	case TMK_LISTED_SHA512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

static const char *name_of(enum tmk_listed_hash hash)
{
	static const char *const name[TMK_LISTED_HASHES] = {
		[TMK_LISTED_MD5] = "MD5", [TMK_LISTED_SHA1] = "SHA-1",
		[TMK_LISTED_SHA256] = "SHA-256",
		[TMK_LISTED_SHA384] = "SHA-384",
		[TMK_LISTED_SHA512] = "SHA-512",
	};

	return name[hash];
}

/* ---- the list ------------------------------------------------------------ */

static int make_room(struct tmk_sign_listed *l, size_t name_len,
		     struct tmk_err *err)
{
	size_t room = l->room ? 2 * l->room : 64;
	size_t names = 2 * l->names_room + name_len + 4096;
	struct tmk_listed_claim *more;
	char *bytes;

	if (l->claims == l->room && room > TMK_LISTED_MAX)
		return tmk_err_set(err, TMK_REFUSED, "%s: more than %d files "
				   "and digests in one list",
				   tmk_reason_id(TMK_LIMIT_EXCEEDED),
				   TMK_LISTED_MAX);
	if (l->claims == l->room) {
		more = realloc(l->claim, room * sizeof(*more));
		if (!more)
			return tmk_err_nomem(err);
		l->claim = more;
		l->room = room;
	}
	if (l->names_room - l->names_len <= name_len) {
		bytes = realloc(l->names, names);
		if (!bytes)
			return tmk_err_nomem(err);
		l->names = bytes;
		l->names_room = names;
	}
	return 0;
}

int tmk_sign_listed_add(struct tmk_sign_listed *listed, const char *name,
			size_t name_len, enum tmk_listed_hash hash,
			const char *hex, size_t hex_len, bool sized,
			uint64_t size, struct tmk_err *err)
{
	struct tmk_listed_claim c = {
		.hash = hash, .sized = sized, .size = size,
		.name = listed->names_len
	};
	const EVP_MD *md = md_of(hash);

	if (!md || memchr(name, '\0', name_len) ||
	    tmk_dec_hex(c.digest, (size_t)EVP_MD_get_size(md), hex, hex_len))
		return tmk_err_set(err, TMK_INPUT, "%.*s is listed with what "
				   "is no digest", (int)name_len, name);
	if (make_room(listed, name_len, err))
		return -1;
	memcpy(listed->names + listed->names_len, name, name_len);
	listed->names[listed->names_len + name_len] = '\0';
	listed->names_len += name_len + 1;
	listed->claim[listed->claims++] = c;
	return 0;
}

void tmk_sign_listed_release(struct tmk_sign_listed *listed)
{
	free(listed->claim);
	free(listed->names);
	*listed = (struct tmk_sign_listed)TMK_SIGN_LISTED_INIT;
}

static int compare(const void *a, const void *b, void *names)
{
	const struct tmk_listed_claim *x = a, *y = b;
	const char *all = names;
	int order = strcmp(all + x->name, all + y->name);

	return order ? order : (int)x->hash - (int)y->hash;
}

/* ---- one file ------------------------------------------------------------ */

static int mismatch(struct tmk_err *err, const char *what, const char *name,
		    const char *why)
{
	tmk_err_set(err, TMK_REFUSED, "%s: %s names %s, which %s",
		    tmk_reason_id(TMK_CONTENT_MISMATCH), what, name, why);
	return tmk_err_hint(err, "build it again, or put the right file "
			    "beside it");
}

/* Returns 1 when the file is not there. */
static int open_file(int *fd, struct stat *st, int dir, const char *name,
		     struct tmk_err *err)
{
	/* Not to wait for whoever writes into a pipe of that name. */
	int f = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
		       O_NOCTTY);

	if (f < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 1;
	if (f < 0 || fstat(f, st)) {
		tmk_err_set(err, TMK_INPUT, "%s: %s", name, strerror(errno));
		goto fail;
	}
	if (!S_ISREG(st->st_mode)) {
		tmk_err_set(err, TMK_INPUT, "%s is no regular file", name);
		goto fail;
	}
	*fd = f;
	return 0;
fail:
	if (f >= 0)
		close(f);
	return -1;
}

/* Digests of what `fd` gives, one for each claim. */
static int hash_all(EVP_MD_CTX *ctx[], int count, int fd, const char *name,
		    struct tmk_err *err)
{
	uint8_t *piece = malloc(PIECE);
	int i, rc = -1;
	ssize_t got;

	if (!piece)
		return tmk_err_nomem(err);
	for (;;) {
		got = read(fd, piece, PIECE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			tmk_err_set(err, TMK_INPUT, "%s: %s", name,
				    strerror(errno));
			goto out;
		}
		if (!got)
			break;
		for (i = 0; i < count; i++)
			if (!EVP_DigestUpdate(ctx[i], piece, (size_t)got))
				break;
		if (i < count) {
			tmk_err_set(err, TMK_INTERNAL, "cannot hash %s",
				    name);
			goto out;
		}
	}
	rc = 0;
out:
	free(piece);
	return rc;
}

static int compare_digests(const struct tmk_listed_claim *claim, int count,
			   int fd, const char *what, const char *name,
			   struct tmk_err *err)
{
	EVP_MD_CTX *ctx[TMK_LISTED_HASHES] = { NULL };
	uint8_t digest[EVP_MAX_MD_SIZE];
	char why[64];
	unsigned int len;
	int i, rc = -1;

	for (i = 0; i < count; i++) {
		ctx[i] = EVP_MD_CTX_new();
		if (!ctx[i] || !EVP_DigestInit_ex(ctx[i],
						  md_of(claim[i].hash), NULL))
			goto broken;
	}
	if (hash_all(ctx, count, fd, name, err))
		goto out;
	for (i = 0; i < count; i++) {
		if (!EVP_DigestFinal_ex(ctx[i], digest, &len))
			goto broken;
		if (!memcmp(digest, claim[i].digest, len))
			continue;
		snprintf(why, sizeof(why), "has another %s digest",
			 name_of(claim[i].hash));
		mismatch(err, what, name, why);
		goto out;
	}
	rc = 0;
	goto out;
broken:
	tmk_err_set(err, TMK_INTERNAL, "cannot hash %s", name);
out:
	for (i = 0; i < count; i++)
		EVP_MD_CTX_free(ctx[i]);
	return rc;
}

/* All that is claimed of one file. */
static int check_file(const struct tmk_listed_claim *claim, int count,
		      const char *name, int dir, bool some, const char *what,
		      struct tmk_err *err)
{
	char why[96];
	struct stat st;
	int i, fd, rc;

	for (i = 1; i < count; i++) {
		if (claim[i].hash == claim[i - 1].hash)
			return mismatch(err, what, name,
					"is listed twice");
		if (claim[i].sized && claim[0].sized &&
		    claim[i].size != claim[0].size)
			return mismatch(err, what, name,
					"is listed with two sizes");
	}
	rc = open_file(&fd, &st, dir, name, err);
	if (rc)
		return rc < 0 ? -1 : some ? 0 :
			mismatch(err, what, name, "is not there");
	if (claim->sized && (uint64_t)st.st_size != claim->size) {
		snprintf(why, sizeof(why), "has %jd bytes instead of %" PRIu64,
			 (intmax_t)st.st_size, claim->size);
		rc = mismatch(err, what, name, why);
	} else {
		rc = compare_digests(claim, count, fd, what, name, err);
	}
	close(fd);
	return rc;
}

int tmk_sign_listed_check(struct tmk_sign_listed *listed, int dir, bool some,
			  const char *what, struct tmk_err *err)
{
	size_t i, n;

	if (listed->claims)
		qsort_r(listed->claim, listed->claims, sizeof(*listed->claim),
			compare, listed->names);
	for (i = 0; i < listed->claims; i += n) {
		const struct tmk_listed_claim *c = &listed->claim[i];
		const char *name = listed->names + c->name;

		for (n = 1; i + n < listed->claims; n++)
			if (strcmp(name, listed->names + c[n].name))
				break;
		/* More than there are kinds: one is there twice. */
		if (n >= TMK_LISTED_HASHES)
			return mismatch(err, what, name, "is listed twice");
		if (check_file(c, (int)n, name, dir, some, what, err))
			return -1;
	}
	return 0;
}

/* ---- around it ----------------------------------------------------------- */

int tmk_sign_listed_directory(int *dir, const char *path, struct tmk_err *err)
{
	const char *slash = strrchr(path, '/');
	char *name = slash ? strndup(path, (size_t)(slash - path) + 1) :
		strdup(".");
	int fd;

	if (!name)
		return tmk_err_nomem(err);
	fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		tmk_err_set(err, TMK_INPUT, "%s: %s", name, strerror(errno));
	else
		*dir = fd;
	free(name);
	return fd < 0 ? -1 : 0;
}

int tmk_sign_listed_describe(struct tmk_deb822_file *file,
			     const uint8_t *data, size_t len,
			     struct tmk_err *err)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int n;
	int i;

	for (i = TMK_DEB822_MD5; i <= TMK_DEB822_SHA512; i++) {
		if (!EVP_Digest(data, len, digest, &n,
				md_of((enum tmk_listed_hash)i), NULL))
			return tmk_err_set(err, TMK_INTERNAL, "cannot hash %s",
					   file->name);
		tmk_enc_hex(file->hash[i], digest, n);
	}
	file->bytes = len;
	return 0;
}

int tmk_sign_listed_describe_fd(struct tmk_deb822_file *file, int fd,
				struct tmk_err *err)
{
	EVP_MD_CTX *ctx[TMK_DEB822_HASHES] = { NULL };
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int n;
	struct stat st;
	int i, rc = -1;

	for (i = 0; i < TMK_DEB822_SHA512; i++) {
		ctx[i] = EVP_MD_CTX_new();
		if (!ctx[i] ||
		    !EVP_DigestInit_ex(ctx[i], md_of(i + TMK_DEB822_MD5),
				       NULL)) {
			tmk_err_set(err, TMK_INTERNAL, "cannot hash %s",
				    file->name);
			goto out;
		}
	}
	if (lseek(fd, 0, SEEK_SET) || fstat(fd, &st)) {
		tmk_err_set(err, TMK_INPUT, "%s: %s", file->name,
			    strerror(errno));
		goto out;
	}
	if (hash_all(ctx, TMK_DEB822_SHA512, fd, file->name, err))
		goto out;
	for (i = 0; i < TMK_DEB822_SHA512; i++) {
		if (!EVP_DigestFinal_ex(ctx[i], digest, &n)) {
			tmk_err_set(err, TMK_INTERNAL, "cannot hash %s",
				    file->name);
			goto out;
		}
		tmk_enc_hex(file->hash[i + TMK_DEB822_MD5], digest, n);
	}
	file->bytes = (uint64_t)st.st_size;
	rc = 0;
out:
	for (i = 0; i < TMK_DEB822_SHA512; i++)
		EVP_MD_CTX_free(ctx[i]);
	return rc;
}

int tmk_sign_listed_refuse(struct tmk_err *err, const char *name,
			   const struct tmk_verdict *v)
{
	tmk_err_set(err, TMK_REFUSED, "%s: %s: %s", tmk_reason_id(v->reason),
		    name, v->text);
	return tmk_err_hint(err, "%s", v->hint);
}
