/*
 * fast.h - the switch of the strict fast path.
 *
 * On, common forms are read by walks of our own and what was found out about
 * keys and chains is kept; off, every signature takes the long way through
 * OpenSSL. The answers are the same: what the fast path does not know for
 * certain it leaves to the long way, which alone refuses. One switch for the
 * process, on at the start; [policy] fastPath turns it (policy.h). Decides
 * nothing, cannot fail.
 */
#ifndef TMK_X509_FAST_H
#define TMK_X509_FAST_H

#include <stdbool.h>

/* Turn it on or off for everything that is judged from now on. Any thread. */
void tmk_fast_set(bool on);

/* Whether it is on. */
bool tmk_fast(void);

#endif
