/*
 * serve_wire.h - the two ends of `touchmark serve`: frames in, frames out,
 * bounded in time.
 *
 * Takes standard input and output away from the rest of the process, so that
 * nothing but frames can ever go out there (a PKCS#11 module may print).
 * While an answer is being made the client gets an empty notice every five
 * seconds. Knows frames, not what they say.
 */
#ifndef TMK_PLUGINS_SERVE_WIRE_H
#define TMK_PLUGINS_SERVE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct tmk_serve_wire;

/* Begin, with `in` and `out` (taken). A clock thread starts. */
int tmk_serve_wire_new(struct tmk_serve_wire **out, int in, int out_fd,
		       struct tmk_err *err) TMK_MUST_CHECK;
void tmk_serve_wire_free(struct tmk_serve_wire *wire);

/*
 * The next body, in `body` (emptied first): its first byte within `idle_ms`,
 * all of it within ten seconds after that. 0; 1 when the client had closed
 * before the first byte; negative (TMK_KEY: late or cut; TMK_INPUT: no message
 * of ours, or one that is too long).
 */
int tmk_serve_wire_receive(struct tmk_buf *body, struct tmk_serve_wire *wire,
			   int idle_ms, struct tmk_err *err) TMK_MUST_CHECK;

/* From here to _send the client is told that we live. */
void tmk_serve_wire_working(struct tmk_serve_wire *wire);

/* One line for the person behind the client, now. */
void tmk_serve_wire_notice(struct tmk_serve_wire *wire, const char *text);

/* Whether nobody reads what is sent any more. */
bool tmk_serve_wire_gone(struct tmk_serve_wire *wire);

/* Send a whole frame within ten seconds. Fails with TMK_KEY. */
int tmk_serve_wire_send(struct tmk_serve_wire *wire, const void *frame,
			size_t len, struct tmk_err *err) TMK_MUST_CHECK;

#endif
