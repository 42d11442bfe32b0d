/*
 * front_key_pin.h - the files that a token's PIN is kept in, when it changes.
 *
 * A PIN that only the token knows is lost. So the new one is on the disk, in
 * FILE.new beside each FILE, before the token is asked to take it; when the
 * token has it, each FILE.new takes the name of FILE. Whenever a run is cut
 * off in between, one of the two files opens the token, and the next run says
 * so. Fails with TMK_KEY (a PIN's source is a matter of the key) or TMK_INPUT.
 */
#ifndef TMK_PLUGINS_FRONT_KEY_PIN_H
#define TMK_PLUGINS_FRONT_KEY_PIN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/secret.h"

#define TMK_PIN_FILES_MAX 8

struct tmk_pin_files {
	char *path[TMK_PIN_FILES_MAX];	/* ours to replace; links followed */
	char *fresh[TMK_PIN_FILES_MAX];	/* path + ".new" */
	bool staged[TMK_PIN_FILES_MAX];
	int n;
};

/*
 * Add a file whose PIN is to change, once. 0 when it will be replaced; 1 when
 * it is somebody else's (or cannot be written beside), so that it must be said;
 * negative when a FILE.new lies there already: an earlier change was cut off.
 */
int tmk_pin_files_add(struct tmk_pin_files *files, const char *path,
		      struct tmk_err *err) TMK_MUST_CHECK;

/* Write the new PIN and a newline to each FILE.new, mode 0600, on the disk
 * when it returns. After a failure none is left. */
int tmk_pin_files_stage(struct tmk_pin_files *files,
			const struct tmk_secret *pin, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Each FILE.new becomes FILE. Goes on after a failure, and names the first. */
int tmk_pin_files_commit(struct tmk_pin_files *files, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The token has the old PIN for sure: remove what was staged. */
void tmk_pin_files_drop(struct tmk_pin_files *files);

/* Free. What was staged and neither committed nor dropped stays. */
void tmk_pin_files_release(struct tmk_pin_files *files);

#endif
