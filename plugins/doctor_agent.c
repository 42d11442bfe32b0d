/*
 * doctor_agent.c - is there an agent, and is what stands there ours?
 */
#include <stdio.h>
#include <stdlib.h>

#include <unistd.h>

#include <sys/stat.h>

#include "base/proc.h"
#include "key/agent_client.h"
#include "plugins/doctor_facts.h"

#define PATH_BYTES 512

static void say_running(struct tmk_doctor *d, const char *path)
{
	struct stat s;

	if (stat(path, &s) < 0 || !(s.st_mode & (S_IRWXG | S_IRWXO)))
		tmk_doctor_say(d, TMK_DOCTOR_OK, "agent", NULL, "running, on "
			       "%s", path);
	else
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, "agent", "touchmark agent "
			       "stop; it is started again on demand",
			       "its socket %s is open to others", path);
}

void tmk_doctor_agent(struct tmk_doctor *d)
{
	struct tmk_err err = TMK_ERR_INIT;
	char path[PATH_BYTES];
	char *program = NULL;
	int fd = -1, rc;

	if (d->config && !d->config->agent) {
		tmk_doctor_say(d, TMK_DOCTOR_OK, "agent", NULL, "not used "
			       "(touchmark.agent = never): each program asks "
			       "for the PIN itself");
		return;
	}
	if (tmk_proc_find_helper(&program, "touchmark-agent", &err) < 0) {
		tmk_doctor_say_error(d, TMK_DOCTOR_FAIL, "agent", &err);
		return;
	}
	free(program);
	tmk_agent_socket(path, sizeof(path));
	if (!*path) {
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "agent", "log in through "
			       "something that sets it, or set it to a "
			       "directory of mode 0700 that is yours",
			       "XDG_RUNTIME_DIR is %s: each program asks for "
			       "the PIN itself", getenv("XDG_RUNTIME_DIR") ?
			       "no directory of yours alone" : "not set");
		return;
	}
	rc = tmk_agent_connect(&fd, false, &err);
	if (rc < 0)
		tmk_doctor_say_error(d, TMK_DOCTOR_FAIL, "agent", &err);
	else if (rc)
		tmk_doctor_say(d, TMK_DOCTOR_OK, "agent", NULL, "not running, "
			       "started at the first signature");
	else
		say_running(d, path);
	if (fd >= 0)
		close(fd);
}
