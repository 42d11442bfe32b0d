/*
 * libgit2_start.h - libgit2 without its network.
 *
 * When libgit2 starts it may read every CA certificate of the system and start
 * an SSH library, which takes longer than a signature or a small push does.
 * Programs of ours never use its network side (touchmark-fetch is the one that
 * talks, and it links no libgit2), so those steps are cut out here: less work,
 * and less that could happen.
 */
#ifndef TMK_CORE_LIBGIT2_START_H
#define TMK_CORE_LIBGIT2_START_H

/* Start libgit2 for the life of the process, so that the parts that use it do
 * not start and stop it each for itself. Negative when it does not start. */
int tmk_libgit2_start(void);

#endif
