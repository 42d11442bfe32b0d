/*
 * touchmark-agent - keeps the session with a token and its login, so that a
 * PIN is asked for once and a signature costs next to nothing.
 *
 * Started by the programs that need it, or by a service manager; ends by
 * itself. docs/PROTOCOL.agent says what it is asked.
 */
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/opt.h"
#include "base/secret.h"
#include "core/config.h"
#include "key/deadline.h"
#include "plugins/agent_daemon.h"
#include "plugins/agent_home.h"
#include "plugins/agent_loop.h"
#include "plugins/front_exit.h"
#include "plugins/front_libgit2.h"

#define IDLE_DEFAULT 3600	/* s; touchmark.agentIdle */

struct options {
	bool foreground, help, version;
};

static int usage(int argc, char **argv, struct options *o,
		 struct tmk_err *err)
{
	const struct tmk_opt table[] = {
		{ 0, "foreground", TMK_OPT_FLAG, &o->foreground, NULL,
		  "stay in this process and keep standard error" },
		{ 'h', "help", TMK_OPT_FLAG, &o->help, NULL,
		  "show this help" },
		{ 'V', "version", TMK_OPT_FLAG, &o->version, NULL,
		  "show the version" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	int operands;

	if (tmk_opt_parse(table, argc, argv, &operands, err))
		return -1;
	if (operands) {
		tmk_err_set(err, TMK_USAGE, "no argument is taken");
		return tmk_err_hint(err, "touchmark-agent --help");
	}
	if (o->help)
		tmk_opt_help(stdout, "touchmark-agent [--foreground]", table);
	else if (o->version)
		puts("touchmark-agent " TMK_VERSION);
	return 0;
}

/* How long to stay without anything to do. A configuration that cannot be
 * read is told to each of those who ask. */
static int idle_seconds(void)
{
	struct tmk_config *config;
	struct tmk_err err = TMK_ERR_INIT;
	int idle;

	tmk_front_libgit2_start();
	if (tmk_config_load(&config, NULL, &err))
		return IDLE_DEFAULT;
	idle = config->agent_idle;
	tmk_config_free(config);
	return idle;
}

/* 0 when it has served and ended; 1 as tmk_agent_loop_run. */
static int live(const struct options *o, bool handed, struct tmk_err *err)
{
	struct tmk_agent_home home;
	int rc;

	rc = tmk_agent_home_enter(&home, handed, err);
	if (rc > 0 && (o->foreground || handed)) {
		tmk_err_set(err, TMK_KEY, "another touchmark-agent serves "
			    "already");
		return tmk_err_hint(err, "touchmark agent stop ends it");
	}
	if (rc)
		return rc > 0 ? 0 : -1;
	if (!o->foreground && !handed) {
		rc = tmk_agent_daemon_detach(err);
		if (rc > 0)
			return 0;
		if (rc < 0) {
			tmk_agent_home_hide(&home);
			tmk_agent_home_leave(&home);
			return -1;
		}
	}
	tmk_agent_loop_hold_signals();
	/* A heap for each of many threads would only be memory lost. */
	(void)mallopt(M_ARENA_MAX, 2);
	return tmk_agent_loop_run(&home, idle_seconds(),
				  getenv("CREDENTIALS_DIRECTORY"), err);
}

int main(int argc, char **argv)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct options o = { 0 };
	bool handed = tmk_agent_home_handed();
	int rc;

	tmk_secret_harden_process();
	tmk_agent_daemon_close(handed);
	rc = usage(argc, argv, &o, &err);
	if (rc || o.help || o.version)
		goto out;
	tmk_agent_daemon_forget_caller(handed || o.foreground);
	tmk_agent_daemon_harden();
	rc = live(&o, handed, &err);
out:
	if (rc < 0) {
		fprintf(stderr, "touchmark-agent: %s\n", err.text);
		if (*err.hint)
			fprintf(stderr, "touchmark-agent: hint: %s\n",
				err.hint);
	}
	if (rc > 0)
		_exit(0);
	tmk_front_exit(rc ? err.code : 0);
}
