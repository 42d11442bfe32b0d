/*
 * front_libgit2.h - libgit2 as far as a program needs it that only reads
 * configuration: without TLS and SSH.
 *
 * When libgit2 starts it may read every CA certificate of the system and start
 * an SSH library, which takes longer than a whole signature does. Programs of
 * ours never use its network side (touchmark-fetch is the one that talks, and
 * it links no libgit2), so those steps are cut out here: less work, and
 * less that could happen. Fails silently: whoever needs libgit2 starts
 * it again and reports.
 */
#ifndef TMK_PLUGINS_FRONT_LIBGIT2_H
#define TMK_PLUGINS_FRONT_LIBGIT2_H

/* Start libgit2 once for the life of the process, so that the parts that use
 * it do not start and stop it each for itself. */
void tmk_front_libgit2_start(void);

#endif
