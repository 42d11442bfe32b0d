/*
 * sign_engine.h - many files through the same steps: open, prepare, digest,
 * ask, write, check, sync, rename, tell.
 *
 * One login serves all of them, by several threads; what they write is made
 * safe in groups. Every file is tried and gets its lines, in the order of the
 * call; one that fails is as it was. Knows no command line and no format of an
 * artefact (sign_job.h). Prints results on standard output, errors on standard
 * error or as JSON; fails only when nothing more can be told.
 */
#ifndef TMK_PLUGINS_SIGN_ENGINE_H
#define TMK_PLUGINS_SIGN_ENGINE_H

#include "base/err.h"
#include "core/config.h"
#include "plugins/sign_job.h"

/* How many threads; more are not asked for. */
#define TMK_SIGN_THREADS_MAX 64

/*
 * Sign `file[0..files)`, "-" is standard input. `threads` is what --jobs says,
 * 0: as many as there are processors (and more where timestamps are waited
 * for). Everything is borrowed; options->quiet is set by the call. Returns the
 * worst exit code; negative when the lines cannot be written.
 */
int tmk_sign_engine_run(struct tmk_sign_options *options,
			const struct tmk_config *config, int threads,
			char *const *file, int files, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
