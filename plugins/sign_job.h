/*
 * sign_job.h - one artefact on its way to being signed, and the forms that
 * signing takes.
 *
 * A form knows one way to carry a signature (beside the file, inside an rpm,
 * around a text); the engine (sign_engine.h) knows keys, threads, disks and
 * reports, and takes every job through the same steps. A form prints nothing.
 * One file plugins/sign_form_<name>.c defines one `const struct tmk_sign_form
 * tmk_sign_form_<name>`; sign_forms.c has them in the order they are asked.
 */
#ifndef TMK_PLUGINS_SIGN_JOB_H
#define TMK_PLUGINS_SIGN_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "iface/seal.h"
#include "key/request.h"

#define TMK_SIGN_WANTS 6	/* signatures of one artefact */
#define TMK_SIGN_OUTPUTS 6	/* files that they make */

/* What the command line asked for; the same for every job. */
struct tmk_sign_options {
	bool embed;		/* inside where there is a place for it */
	bool resign;		/* replace what this key signed before */
	bool resume;		/* leave alone what is signed and verifies */
	bool manifest;		/* FILE.manifest and its signature */
	bool json;
	bool quiet;		/* several files: none has a progress line */
	const char *key;	/* as front_key.h takes it; NULL: the default */
	const char *role;	/* --role, of debs; NULL: "origin" */
	const char *out;	/* -o; NULL: beside the file */
	const char *pin_file;	/* absolute; NULL */
	enum tmk_request_stamp stamp;
	const char *type[TMK_SIGN_WANTS];	/* --type, one each */
	const struct tmk_seal_ops *seal[TMK_SIGN_WANTS];	/* its seal */
	int types;
	char *const *file;	/* all that are named */
	int files;
};

/* One signature that an artefact needs. */
struct tmk_sign_want {
	const struct tmk_seal_ops *seal;
	const char *type;	/* as --type calls it */
	bool text;		/* over canonical text */
	bool armour;		/* answer with text instead of binary */
	const struct tmk_answer *ready;	/* hash, trailer, time, signer, public
				   key: set by the engine before `digest`;
				   borrowed */
	uint8_t digest[TMK_HASH_MAX];	/* set by `digest` */
	size_t digest_len;
	const uint8_t *content;	/* a seal without digest (signify): all of
				   it, borrowed from the form */
	size_t content_len;
	struct tmk_answer made;	/* the seal; set by the engine */
};

/* One file that is made. */
struct tmk_sign_output {
	struct tmk_newfile file;	/* open between `write` and commit */
	char *path;		/* as it is told; belongs to the output */
	const struct tmk_buf *direct;	/* for -o: no temporary file, these
				   bytes are put there when all is well;
				   borrowed from the want */
	int want;		/* index of its signature; -1: none of its own */
};

struct tmk_sign_asker;

struct tmk_sign_job {
	/* given */
	const char *file;	/* as named; borrowed */
	const struct tmk_sign_options *options;
	const struct tmk_sign_form *form;
	struct tmk_sign_asker *asker;	/* whose keys sign (sign_ask.h) */
	/* set by `open` */
	int fd;			/* the artefact; -1 when not open */
	struct stat seen;	/* as it was when it was opened */
	struct tmk_sign_want want[TMK_SIGN_WANTS];
	int wants;
	int asked;		/* of a chained form: seals that are made */
	bool skip;		/* --resume: there is nothing to do */
	void *priv;		/* the form's own */
	/* set by `write` */
	struct tmk_sign_output output[TMK_SIGN_OUTPUTS];
	int outputs;
	struct tmk_err err;	/* why it failed; code 0: it did not */
};

struct tmk_sign_form {
	const char *name;	/* "detached", "rpm" */

	/* What a want is over holds what the wants before it made (.changes
	 * names the signed .dsc by its hash): the engine asks for one seal of
	 * such a job at a time, in order; each time `digest` is called first,
	 * with job->asked seals made, and fills want[job->asked] alone. */
	bool chained;

	/* Whether this form is for a file that begins so; only asked for
	 * --embed. `name` is without directories, and only decides among what
	 * the content leaves open. */
	bool (*takes)(const char *name, const uint8_t *head, size_t len);

	/* Where it stands among the files of one call: jobs of a lower rank
	 * are on disk before it is opened. NULL: 0. */
	int (*rank)(const char *name);

	/*
	 * Read and check the artefact (job->fd is open and at its start), say
	 * which signatures it needs. Refuses (TMK_REFUSED with the reason id
	 * in front of the text) what is broken or already signed by this key;
	 * sets job->skip instead with --resume. Who that key is it learns from
	 * tmk_sign_ready (sign_ask.h), after seal and text of a want are set.
	 */
	int (*open)(struct tmk_sign_job *job, struct tmk_err *err);

	/* Fill the digest of each want: its ready->hash over the content and
	 * ready->trailer. */
	int (*digest)(struct tmk_sign_job *job, struct tmk_err *err);

	/* With every want's seal made: write each output to its temporary
	 * file (tmk_sign_output_new), without fsync. */
	int (*write)(struct tmk_sign_job *job, struct tmk_err *err);

	/* Read the temporary files back with our own verifier: what is not
	 * good there is never renamed. Fails with TMK_INTERNAL. */
	int (*check)(struct tmk_sign_job *job, struct tmk_err *err);

	/* Free what is the form's. After a failure of any step too. */
	void (*close)(struct tmk_sign_job *job);
};

/* Add an output: the temporary file beside `path` is open afterwards, with
 * the mode of what it replaces. `path` is taken. *out is borrowed from the
 * job. */
int tmk_sign_output_new(struct tmk_sign_output **out,
			struct tmk_sign_job *job, char *path, int want,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Add an output that is put there in the end, as -o says: a file is replaced,
 * a device or a pipe is written to, "-" is standard output. `path` is taken;
 * the bytes are borrowed from the want. */
int tmk_sign_output_direct(struct tmk_sign_job *job, char *path, int want,
			   const struct tmk_buf *bytes, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Close and free them; temporary files that were not renamed are removed. */
void tmk_sign_output_release(struct tmk_sign_job *job);

/* The form for a file, by its content: with --embed the first that takes it,
 * else (and for what has no place inside) the detached one. */
const struct tmk_sign_form *
tmk_sign_form_of(const struct tmk_sign_options *options, const char *file,
		 const uint8_t *head, size_t len);

extern const struct tmk_sign_form tmk_sign_form_detached;
extern const struct tmk_sign_form tmk_sign_form_package;
extern const struct tmk_sign_form tmk_sign_form_debian;
extern const struct tmk_sign_form tmk_sign_form_release;
extern const struct tmk_sign_form tmk_sign_form_repomd;
extern const struct tmk_sign_form tmk_sign_form_manifest;

#endif
