/* Names alone are not asked: others may have a use for an ending, as keys
 * (.asc), libraries (.manifest) and texts have. */
#include "plugins/sign_beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "plugins/front_file.h"
#include "plugins/verify_tree.h"

static bool begins(const char *file, const char *with)
{
	size_t n = strlen(with);
	uint8_t head[64];

	return tmk_verify_tree_head(head, sizeof(head), file) >= n &&
		!memcmp(head, with, n);
}

/* Whether the file that is called `file` to its `len`-th byte, and `more`, is
 * there. */
static bool is_there(const char *file, size_t len, const char *more)
{
	bool there;
	char *of;

	if (asprintf(&of, "%.*s%s", (int)len, file, more) < 0)
		return false;
	there = tmk_file_exists(of) && !tmk_front_file_is_directory(of);
	free(of);
	return there;
}

bool tmk_sign_beside_made(const char *file)
{
	static const struct {
		const char *name, *of, *begins;
	} made[] = {
		{ ".manifest", "", TMK_SIGN_BESIDE_MANIFEST },
		{ "InRelease", "Release", "-----BEGIN PGP SIGNED MESSAGE-----" }
	};
	size_t i, n, len = tmk_verify_tree_base(file);

	if (len && is_there(file, len, ""))
		return true;
	len = strlen(file);
	for (i = 0; i < sizeof(made) / sizeof(*made); i++) {
		n = strlen(made[i].name);
		if (len >= n && !strcmp(file + len - n, made[i].name) &&
		    begins(file, made[i].begins) &&
		    is_there(file, len - n, made[i].of))
			return true;
	}
	return false;
}

int tmk_sign_beside_ok(const char *path, bool manifest, struct tmk_err *err)
{
	struct stat st;

	if (tmk_front_file_beside_ok(path, err))
		return -1;
	if (lstat(path, &st) || !st.st_size ||
	    (manifest ? begins(path, TMK_SIGN_BESIDE_MANIFEST) :
	     tmk_verify_tree_signs(path)))
		return 0;
	tmk_err_set(err, TMK_INPUT, "%s: it is there, and no %s", path,
		    manifest ? "manifest" : "signature");
	return tmk_err_hint(err, manifest ? "move it away" : "move it away, or "
			    "say with -o where the signature goes");
}
