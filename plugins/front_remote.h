/*
 * front_remote.h - a request that a signing host answers: keys whose uri is
 * ssh://USER@HOST[:PORT]/NAME, or unix:SOCKET/NAME.
 *
 * The request goes to `touchmark serve` there, over ssh or a socket
 * (key/remote.h), with a digest instead of the content and without anything
 * that is this host's own (PIN files, environment, folders). What comes back
 * is checked here before it is believed (front_remote_check.h): the key is the
 * one that is expected, the seal is one signature of the asked format, by that
 * key, of that digest. The use passes this host's guard too. Private to
 * plugins/front_serve*.c, front_session.c and front_remote*.c.
 */
#ifndef TMK_PLUGINS_FRONT_REMOTE_H
#define TMK_PLUGINS_FRONT_REMOTE_H

#include <stdbool.h>

#include "base/err.h"
#include "plugins/front_serve_job.h"

/* Whether this place of a key is another host. */
bool tmk_front_remote_is(const char *uri);

/*
 * Have the job's request (SIGN or PREPARE) answered by place `i` of its key. 0
 * with the answer; 1 when that host could not be reached, or says that its key
 * or token is away, so that the next place may be tried (`err` says why);
 * negative when it says no, or when what came back is not to be believed.
 */
int tmk_serve_job_remote(struct tmk_serve_job *s, int i, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
