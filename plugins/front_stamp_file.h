/*
 * front_stamp_file.h - a detached signature in a file, to be given another
 * timestamp and put back in the form it had.
 *
 * Reads CMS (DER, or one block of PEM) and OpenPGP (binary or armoured).
 * Refuses to know which timestamp is good. Refusals are verdicts; what has no
 * place for a timestamp is TMK_USAGE.
 */
#ifndef TMK_PLUGINS_FRONT_STAMP_FILE_H
#define TMK_PLUGINS_FRONT_STAMP_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "iface/seal.h"
#include "iface/verdict.h"

struct tmk_stamp_file {
	const char *path;	/* borrowed */
	const struct tmk_seal_ops *seal;
	const char *label;	/* of its armour; NULL: binary */
	struct tmk_evidence *evidence;
	struct tmk_buf bytes;	/* the same in binary */
};

/* Read it. 0 with f->evidence, or 0 with a refusal in `v`; negative when it
 * cannot be read or has no place for a timestamp. What is read belongs to
 * `f`. */
int tmk_front_stamp_file_read(struct tmk_stamp_file *f, const char *path,
			      struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * Change its timestamps as `change` says (iface/seal.h), read the result
 * back, and put it in the file's place: a new file of the same mode, synced
 * and renamed; a link stays and what it leads to is replaced. `f` then holds
 * what was written.
 */
int tmk_front_stamp_file_write(struct tmk_stamp_file *f,
			       const struct tmk_stamp_change *change,
			       struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Put another seal of the same format in its place, or at `out` (as
 * tmk_front_file_put takes it; NULL: in its place), in the armour that it has.
 * What is written was judged by the caller.
 */
int tmk_front_stamp_file_replace(struct tmk_stamp_file *f, const char *out,
				 const struct tmk_buf *bytes,
				 struct tmk_err *err) TMK_MUST_CHECK;

/* Free what was read. */
void tmk_front_stamp_file_release(struct tmk_stamp_file *f);

#endif
