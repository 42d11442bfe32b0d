/*
 * sign_stop.h - a person or a service manager ends a run over many files.
 *
 * The first SIGINT, SIGTERM or SIGHUP is kept: what is in hand is finished and
 * told, nothing else is begun, and no temporary file is left. A second one ends
 * the process at once. A signal that is ignored already stays so. One run in a
 * process; for the thread that tells.
 */
#ifndef TMK_PLUGINS_SIGN_STOP_H
#define TMK_PLUGINS_SIGN_STOP_H

/* From here on the first signal is kept. */
void tmk_sign_stop_watch(void);

/* The signal that came, or 0. */
int tmk_sign_stop_asked(void);

/* Signals do again what they did; the one that came ends the process now, as
 * its parent expects. */
void tmk_sign_stop_end(void);

#endif
