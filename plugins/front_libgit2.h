/*
 * front_libgit2.h - libgit2 as far as a program needs it that only reads
 * configuration (core/libgit2_start.h). Fails silently: whoever needs libgit2
 * starts it again and reports.
 */
#ifndef TMK_PLUGINS_FRONT_LIBGIT2_H
#define TMK_PLUGINS_FRONT_LIBGIT2_H

/* Start libgit2 once for the life of the process, so that the parts that use
 * it do not start and stop it each for itself. */
void tmk_front_libgit2_start(void);

#endif
