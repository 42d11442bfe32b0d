#include "plugins/front_libgit2.h"

#include "core/libgit2_start.h"

void tmk_front_libgit2_start(void)
{
	/* Where it fails, reading a configuration fails too and says why. */
	(void)tmk_libgit2_start();
}
