#include "core/policy_keyrings.h"

#include <stdbool.h>

#include "base/buf.h"
#include "base/file.h"

#define KEYRING_MAX (16 * 1024 * 1024)	/* bytes of all files of a keyring */

static const struct tmk_seal_ops *find_seal(enum tmk_seal_format format)
{
	int i;

	for (i = 0; tmk_seals[i]; i++)
		if (tmk_seals[i]->format == format &&
		    tmk_seals[i]->keyring_read)
			return tmk_seals[i];
	return NULL;
}

/* One file behind what was read before; it must be a keyring by itself, so
 * that what is wrong with it is said under its own name. */
static int append(struct tmk_buf *all, const struct tmk_seal_ops *seal,
		  const char *path, struct tmk_err *err)
{
	struct tmk_buf file = TMK_BUF_INIT(KEYRING_MAX);
	struct tmk_keyring *alone = NULL;
	bool text, more = all->len > 0;
	int ret = -1;

	if (tmk_file_read(&file, path, err) ||
	    seal->keyring_read(&alone, file.data, file.len, path, err))
		goto out;
	text = file.len && !(file.data[0] & 0x80);
	if (more && text != !(all->data[0] & 0x80)) {
		tmk_err_set(err, TMK_USAGE, "%s: this keyring is %s, the one "
			    "before it is not", path,
			    text ? "armoured" : "binary");
		tmk_err_hint(err, "keep all keyrings in one form, or in one "
			     "file");
		goto out;
	}
	if ((more && text && tmk_buf_addch(all, '\n')) ||
	    tmk_buf_add(all, file.data, file.len)) {
		tmk_err_set(err, TMK_USAGE, "%s: the keyrings are larger than "
			    "16 MiB together", path);
		goto out;
	}
	ret = 0;
out:
	tmk_keyring_free(alone);
	tmk_buf_release(&file);
	return ret;
}

static int read_many(struct tmk_keyring **out, const struct tmk_seal_ops *seal,
		     const char *const *path, int paths,
		     struct tmk_err *err)
{
	struct tmk_buf all = TMK_BUF_INIT(KEYRING_MAX);
	int i, ret = -1;

	for (i = 0; i < paths; i++)
		if (append(&all, seal, path[i], err))
			goto out;
	ret = seal->keyring_read(out, all.data, all.len, path[0], err);
	if (ret)
		tmk_err_prefix(err, "%d keyrings as one", paths);
out:
	tmk_buf_release(&all);
	return ret;
}

int tmk_policy_keyrings_read(struct tmk_keyring **out,
			     enum tmk_seal_format format,
			     const char *const *path, int paths,
			     struct tmk_err *err)
{
	const struct tmk_seal_ops *seal = find_seal(format);
	struct tmk_buf file = TMK_BUF_INIT(KEYRING_MAX);
	int rc;

	if (!seal)
		return tmk_err_set(err, TMK_USAGE, "%s: keyrings of this "
				   "format are not read here", path[0]);
	if (paths > 1)
		return read_many(out, seal, path, paths, err);
	rc = tmk_file_read(&file, path[0], err);
	if (!rc)
		rc = seal->keyring_read(out, file.data, file.len, path[0],
					err);
	tmk_buf_release(&file);
	return rc;
}

/* No file, so nobody is listed; the namespace of a signature is still held
 * against what it is for. */
static int read_nothing(struct tmk_keyring **out, enum tmk_seal_format format,
			struct tmk_err *err)
{
	static const uint8_t nothing[1] = { '\n' };
	const struct tmk_seal_ops *seal = find_seal(format);

	if (!seal)
		return tmk_err_set(err, TMK_USAGE, "signatures of this format "
				   "are not judged here");
	return seal->keyring_read(out, nothing, sizeof(nothing),
				  "the policy, which names no allowedSigners",
				  err);
}

static bool takes(const struct tmk_policy *p, enum tmk_seal_format format)
{
	int i;

	for (i = 0; i < p->rules; i++)
		if (p->rule[i].require != TMK_REQUIRE_NOTHING &&
		    p->rule[i].formats & 1u << format)
			return true;
	return false;
}

int tmk_policy_keyrings_load(struct tmk_policy *p, struct tmk_err *err)
{
	if (p->keyrings &&
	    tmk_policy_keyrings_read(&p->openpgp, TMK_FORMAT_OPENPGP,
				     (const char *const *)p->keyring,
				     p->keyrings, err))
		return tmk_err_prefix(err, "[trust] keyring");
	if (p->allowed_signers &&
	    tmk_policy_keyrings_read(&p->ssh, TMK_FORMAT_SSH,
				     (const char *const *)&p->allowed_signers,
				     1, err))
		return tmk_err_prefix(err, "[trust] allowedSigners");
	if (!p->ssh && takes(p, TMK_FORMAT_SSH) &&
	    read_nothing(&p->ssh, TMK_FORMAT_SSH, err))
		return -1;
	p->judge.openpgp = p->openpgp;
	p->judge.ssh = p->ssh;
	return 0;
}
