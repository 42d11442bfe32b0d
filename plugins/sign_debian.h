/*
 * sign_debian.h - the control files of one Debian upload that change together:
 * .dsc, .buildinfo, .changes, each of which names those before it by hash.
 *
 * For sign_form_debian.c. What is signed is changed, what names it must be
 * changed with it, and what is signed already must not be: the set says which
 * is which before the key is used. Everything is read into memory and nothing
 * written. Refusals are TMK_REFUSED with the reason in front.
 */
#ifndef TMK_PLUGINS_SIGN_DEBIAN_H
#define TMK_PLUGINS_SIGN_DEBIAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "formats/cleartext.h"
#include "formats/control_kind.h"
#include "formats/deb822.h"
#include "plugins/sign_job.h"
#include "plugins/sign_text.h"

#define TMK_DEBIAN_FILES TMK_SIGN_OUTPUTS	/* in one set */
#define TMK_DEBIAN_MAX (16 * 1024 * 1024)	/* bytes of one */

/* One control file. */
struct tmk_debian_file {
	enum tmk_control_kind kind;
	char *path;
	const char *name;	/* without directories, borrowed from path */
	struct stat seen;	/* as it was when it was read */
	struct tmk_buf raw;	/* as it was read */
	struct tmk_cleartext_parts parts;	/* of a clearsigned one */
	bool framed;		/* it is one */
	enum tmk_sign_mine mine;	/* whose signature that is */
	struct tmk_span text;	/* without the framework; borrowed */
	struct tmk_deb822 *paragraph;	/* of the text */
	struct tmk_deb822_file now;	/* how others list it: as it was read,
					   and then as it will be */
	bool sign;		/* it gets a signature */
	int want;		/* which; -1 */
	bool ready;		/* what it will be is known */
	struct tmk_buf fresh;	/* its text with the hashes updated */
	struct tmk_buf whole;	/* the file that it will be; empty: stays */
};

/* A package of the upload that this key has signed inside since it was
 * built. */
struct tmk_debian_deb {
	char *name;
	struct tmk_deb822_file now, before;	/* their names are borrowed */
};

/* On the stack of a job: all zero is an empty one. Files lie in the order in
 * which they depend on each other. */
struct tmk_debian_set {
	struct tmk_debian_file *file[TMK_DEBIAN_FILES];
	int files;
	int main;		/* the one that was named */
	struct tmk_debian_deb *deb;
	int debs;
};

/* Read the file at `path` (from `fd` when that is not negative) and take it
 * apart. *out belongs to the caller. Who signed it is found out by the first
 * want of the job, which is ready. */
int tmk_debian_file_load(struct tmk_debian_file **out, int fd,
			 const char *path, const struct tmk_sign_job *job,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* NULL is fine. */
void tmk_debian_file_free(struct tmk_debian_file *file);

/* How the lines of its lists look. */
enum tmk_deb822_form tmk_debian_form(const struct tmk_debian_file *file);

/* Whether an entry of a list is of such a file. */
bool tmk_debian_says(const struct tmk_deb822_entry *entry,
		     enum tmk_deb822_hash hash,
		     const struct tmk_deb822_file *file);

/* Whether its lists name `other`: 1 as that, 2 as something else, 0 not at
 * all; negative on failure. */
int tmk_debian_names(const struct tmk_debian_file *file,
		     const struct tmk_deb822_file *other, struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * Read the file of the job and all that must change with it. job->want[0] is
 * set and ready. Afterwards every file of the set has `sign` and `want`, and
 * what the lists of those that are signed name has been held against what is
 * there. Sets job->skip where there is nothing to do.
 */
int tmk_debian_plan(struct tmk_debian_set *set, struct tmk_sign_job *job,
		    struct tmk_err *err) TMK_MUST_CHECK;

/* Find the packages in the lists of `file` that this key has signed inside
 * since (sign_debian_deb.c). */
int tmk_debian_find_debs(struct tmk_debian_set *set,
			 const struct tmk_debian_file *file,
			 const struct tmk_sign_job *job, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Hold what the lists of file `i` name against the directory, and against the
 * set (sign_debian_check.c). */
int tmk_debian_check(const struct tmk_debian_set *set, int i,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* Work out what the files will be up to the one with want `upto` (that one
 * only as text, to be signed), by the seals of the wants before it; all of
 * them when it is -1. */
int tmk_debian_work(struct tmk_debian_set *set, const struct tmk_sign_job *job,
		    int upto, struct tmk_err *err) TMK_MUST_CHECK;

/* Free all. */
void tmk_debian_set_release(struct tmk_debian_set *set);

#endif
