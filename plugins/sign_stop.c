/* A handler can do no more than remember the signal: files are removed by
 * those who made them. */
#include "plugins/sign_stop.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

static const int caught[] = { SIGINT, SIGTERM, SIGHUP };

#define CAUGHT (sizeof(caught) / sizeof(caught[0]))

static volatile sig_atomic_t came;
static struct sigaction before[CAUGHT];
static bool watching;

static void on_signal(int sig)
{
	came = sig;
}

void tmk_sign_stop_watch(void)
{
	struct sigaction now = { .sa_handler = on_signal };
	size_t i;

	/* Once: whoever does not want to wait asks again. */
	now.sa_flags = SA_RESTART | (int)SA_RESETHAND;
	sigemptyset(&now.sa_mask);
	came = 0;
	for (i = 0; i < CAUGHT; i++) {
		sigaction(caught[i], NULL, &before[i]);
		if (before[i].sa_handler == SIG_DFL)
			sigaction(caught[i], &now, NULL);
	}
	watching = true;
}

int tmk_sign_stop_asked(void)
{
	return came;
}

void tmk_sign_stop_end(void)
{
	size_t i;

	if (!watching)
		return;
	watching = false;
	for (i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &before[i], NULL);
	if (!came)
		return;
	fflush(stdout);
	raise(came);
}
