#include "plugins/front_exit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "key/deadline.h"

#ifdef __SANITIZE_ADDRESS__
static const bool run_handlers = true;
#else
static const bool run_handlers = false;
#endif

void tmk_front_exit(int code)
{
	if (run_handlers && !tmk_deadline_stuck())
		exit(code);
	fflush(NULL);
	_exit(code);
}
