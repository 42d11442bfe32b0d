#include "plugins/crl_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "x509/crl.h"
#include "x509/digest.h"

#define HEX_TEXT 65
#define NUMBER_TEXT 64
#define LOCK ".crl-fetch.lock"
#define TEMP ".crl-fetch.new"	/* and a dot and six letters */
#define LOCK_MS 10000		/* others compare and write, nothing else */
#define SHA256 1		/* enum tmk_hash */

/* ---- names ------------------------------------------------------------------- */

static int name_of(char out[HEX_TEXT], const X509_NAME *issuer,
		   const char *url, struct tmk_err *err)
{
	struct tmk_digest d = { NULL };
	unsigned char *der = NULL;
	uint8_t md[TMK_DIGEST_MAX];
	size_t n = 0;
	int len = i2d_X509_NAME(issuer, &der), rc = -1;

	if (len <= 0)
		return tmk_err_nomem(err);
	if (!tmk_digest_init(&d, SHA256, err) &&
	    !tmk_digest_update(&d, der, (size_t)len, err) &&
	    !tmk_digest_update(&d, url, strlen(url), err) &&
	    !tmk_digest_final(&d, md, &n, err)) {
		tmk_enc_hex(out, md, n);
		rc = 0;
	}
	tmk_digest_release(&d);
	OPENSSL_free(der);
	return rc;
}

/* DIR/NAMEmore; belongs to the caller. */
static char *path_of(const char *dir, const char *name, const char *more)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s%s", dir, name, more) < 0 ? NULL : path;
}

/* What is there, if it is one CRL. A file that is none is as good as none:
 * the gate would refuse every push because of it. */
static X509_CRL *read_file(const char *path)
{
	struct tmk_buf buf = TMK_BUF_INIT(TMK_CRL_FILE_MAX);
	struct tmk_err why = TMK_ERR_INIT;
	X509_CRL *crl = NULL;

	if (!tmk_file_read(&buf, path, &why) &&
	    tmk_crl_file_read(&crl, buf.data, buf.len, path, &why))
		crl = NULL;
	tmk_buf_release(&buf);
	return crl;
}

X509_CRL *tmk_crl_store_get(const char *dir, const char *url,
			    const X509_NAME *issuer)
{
	struct tmk_err why = TMK_ERR_INIT;
	char name[HEX_TEXT];
	char *path = NULL;
	X509_CRL *crl = NULL;

	if (!name_of(name, issuer, url, &why))
		path = path_of(dir, name, ".crl");
	if (path)
		crl = read_file(path);
	free(path);
	return crl;
}

/* ---- the lock ---------------------------------------------------------------- */

static int take_lock(int *out, const char *dir, struct tmk_err *err)
{
	char *path = path_of(dir, LOCK, "");
	int fd, rc;

	if (!path)
		return tmk_err_nomem(err);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(path);
	if (fd < 0)
		return tmk_err_set(err, TMK_INPUT, "cannot write into %s: %s",
				   dir, strerror(errno));
	rc = tmk_file_lock(fd, false, LOCK_MS, dir, err);
	if (rc > 0)
		rc = tmk_err_set(err, TMK_INPUT, "cannot lock %s: another "
				 "touchmark crl-fetch holds it", dir);
	if (rc)
		close(fd);
	else
		*out = fd;
	return rc;
}

/* What somebody left behind who was killed: under the lock, nobody writes. */
static void sweep(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, TEMP ".", sizeof(TEMP)))
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

/* ---- writing ------------------------------------------------------------------ */

/* The bytes of `crl` as `path`, through a name that the gate passes over. */
static int write_crl(const char *dir, const char *path, X509_CRL *crl,
		     struct tmk_err *err)
{
	struct tmk_newfile f = TMK_NEWFILE_INIT;
	struct tmk_buf der = TMK_BUF_INIT(TMK_CRL_FILE_MAX);
	char *temp = path_of(dir, TEMP, ""), *final = strdup(path);
	int rc = -1;

	if (!temp || !final || tmk_crl_file_der(&der, crl)) {
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_newfile_open(&f, temp, 0644, err))
		goto out;
	free(f.path);
	f.path = final;
	final = NULL;
	if (tmk_file_write_fd(f.fd, der.data, der.len, path, err))
		tmk_newfile_release(&f);
	else
		rc = tmk_newfile_commit(&f, err);
out:
	free(temp);
	free(final);
	tmk_buf_release(&der);
	return rc;
}

/* Whether some copy that stayed lists all that the new one leaves out. */
static bool is_covered(const char *dir, const char *name, X509_CRL *old)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d))) {
		X509_CRL *copy;
		char *path;

		if (strncmp(e->d_name, name, HEX_TEXT - 1) ||
		    e->d_name[HEX_TEXT - 1] != '-')
			continue;
		path = path_of(dir, e->d_name, "");
		copy = path ? read_file(path) : NULL;
		found = copy && tmk_crl_file_same_scope(copy, old) &&
			!tmk_crl_file_drops(old, copy);
		X509_CRL_free(copy);
		free(path);
	}
	if (d)
		closedir(d);
	return found;
}

/* An authority may leave out who has expired (RFC 5280 3.3), but a timestamp
 * keeps signatures alive longer than their certificates: whoever was revoked
 * stays so. */
static int keep_old(struct tmk_crl_stored *out, const char *dir,
		    const char *name, X509_CRL *old, X509_CRL *crl,
		    struct tmk_err *err)
{
	char when[TMK_CLOCK_TEXT], number[NUMBER_TEXT];
	char more[sizeof(when) + sizeof(number) + 8];
	int64_t from, to;
	char *path;
	int rc;

	if (tmk_crl_file_is_delta(old) || !tmk_crl_file_drops(old, crl) ||
	    is_covered(dir, name, old))
		return 0;
	tmk_crl_file_times(&from, &to, old);
	tmk_crl_file_number(number, sizeof(number), old);
	snprintf(more, sizeof(more), "-%s%s%s.crl",
		 tmk_clock_format_compact(when, from), *number ? "-" : "",
		 number);
	path = path_of(dir, name, more);
	if (!path)
		return tmk_err_nomem(err);
	rc = write_crl(dir, path, old, err);
	free(path);
	out->kept_old = !rc;
	return rc;
}

static int put(struct tmk_crl_stored *out, const char *dir, const char *name,
	       X509_CRL *crl, const STACK_OF(X509) *known,
	       struct tmk_err *err)
{
	X509_CRL *old = read_file(out->path);
	char why[160];
	int rc = 0;

	if (!old || !tmk_crl_file_signer(old, known, why, sizeof(why)))
		out->what = TMK_CRL_PUT_NEW;
	else if (!X509_CRL_match(old, crl))
		out->what = TMK_CRL_PUT_SAME;
	else if (!tmk_crl_file_same_scope(old, crl))
		out->what = TMK_CRL_PUT_OTHER_SCOPE;
	else if (tmk_crl_file_compare(crl, old) <= 0)
		out->what = TMK_CRL_PUT_OLDER;
	else
		out->what = TMK_CRL_PUT_REPLACED;
	if (out->what == TMK_CRL_PUT_REPLACED)
		rc = keep_old(out, dir, name, old, crl, err);
	if (!rc && (out->what == TMK_CRL_PUT_NEW ||
		    out->what == TMK_CRL_PUT_REPLACED))
		rc = write_crl(dir, out->path, crl, err);
	X509_CRL_free(old);
	return rc;
}

int tmk_crl_store_put(struct tmk_crl_stored *out, const char *dir,
		      const char *url, X509_CRL *crl,
		      const STACK_OF(X509) *known, struct tmk_err *err)
{
	struct tmk_crl_stored done = { .path = NULL };
	char name[HEX_TEXT];
	int fd = -1, rc;

	if (name_of(name, X509_CRL_get_issuer(crl), url, err))
		return -1;
	done.path = path_of(dir, name, ".crl");
	if (!done.path)
		return tmk_err_nomem(err);
	rc = take_lock(&fd, dir, err);
	if (!rc) {
		sweep(dir);
		rc = put(&done, dir, name, crl, known, err);
		close(fd);
	}
	if (rc) {
		free(done.path);
		return -1;
	}
	*out = done;
	return 0;
}
