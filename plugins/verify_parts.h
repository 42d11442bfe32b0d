/*
 * verify_parts.h - the ways of verifying among which verify_file.c chooses.
 *
 * Each adds what it finds to a case (verify_case.h), or answers by itself.
 * Nothing is printed. Negative returns carry `err`.
 */
#ifndef TMK_PLUGINS_VERIFY_PARTS_H
#define TMK_PLUGINS_VERIFY_PARTS_H

#include <sys/stat.h>

#include "iface/package.h"
#include "plugins/verify_case.h"

/* Digest the seals from `first` on over all that `fd` gives
 * (verify_detached.c). */
int tmk_verify_over_file(struct tmk_verify_case *c, int first, int fd,
			 const char *name, struct tmk_err *err) TMK_MUST_CHECK;

/*
 * What could be a signature of the uncompressed content (verify_stream.c): the
 * seals from `first` on whose signatures did not fit the bytes of `fd`, when
 * those are compressed. Judges again when there are any: the answer becomes
 * good with `uncompressed`, or stays and says why.
 */
int tmk_verify_over_stream(struct tmk_verify_case *c, int first, int fd,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* The name of what `file` holds compressed ("a.tar" of "a.tar.xz"), when its
 * ending says so. The string belongs to the caller; NULL for another ending,
 * or when memory ends. */
char *tmk_verify_stream_name(const char *file);

/* The endings that do so, ".gz" first; NULL behind the last. */
const char *tmk_verify_stream_ending(int i);

/*
 * Open the package that a regular file is, by its content
 * (verify_package.c). 0 with *out NULL when it is none, or when the package is
 * refused: then `v` says so. *form is its name, also then.
 */
int tmk_verify_package_open(struct tmk_package **out, const char **form,
			    int fd, const char *name, struct tmk_verdict *v,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Add the signatures inside to the case, digested. */
int tmk_verify_inside(struct tmk_verify_case *c,
		      const struct tmk_package *package, struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * Hold the files that a signed text names (.dsc, .changes, .buildinfo, the
 * Release of a repository) against those that are there (verify_named.c):
 * content-mismatch in the answer when one differs, or for the first three is
 * missing. Text that names none is let pass.
 */
int tmk_verify_named_files(struct tmk_verify_answer *answer,
			   const struct tmk_verify *verify,
			   const struct tmk_package *package,
			   const char *file, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The same of a text as it stands in a file. */
int tmk_verify_named_text(struct tmk_verify_answer *answer,
			  const struct tmk_verify *verify,
			  const struct tmk_buf *text, const char *file,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* Whether a file has the name of a list of others. */
bool tmk_verify_is_list(const char *path) TMK_MUST_CHECK;

/*
 * The same for the Release or repomd.xml that `fd` is, when a signature beside
 * it is good (verify_index.c). `seen` is what the file was before it was
 * judged: one that has changed since is TMK_INPUT. Other files are let pass.
 */
int tmk_verify_named_index(struct tmk_verify_answer *answer,
			   const struct tmk_verify *verify, int fd,
			   const struct stat *seen, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
