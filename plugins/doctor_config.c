/*
 * doctor_config.c - the programs that are installed, and the configuration.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <openssl/crypto.h>

#include "base/proc.h"
#include "plugins/doctor_facts.h"

void tmk_doctor_programs(struct tmk_doctor *d)
{
	static const struct {
		const char *name, *what;
	} helper[] = {
		{ "touchmark-fetch", "timestamps cannot be asked for" },
		{ "touchmark-pre-receive", "touchmark audit cannot judge" },
		{ "touchmark-gpg-full", "git cannot sign" },
	};
	struct tmk_err err = TMK_ERR_INIT;
	char *path = NULL;
	size_t i;
	int missing = 0;

	tmk_doctor_say(d, TMK_DOCTOR_OK, "version", NULL, "touchmark %s, %s",
		       TMK_VERSION, OpenSSL_version(OPENSSL_VERSION));
	for (i = 0; i < sizeof(helper) / sizeof(*helper); i++) {
		if (!tmk_proc_find_helper(&path, helper[i].name, &err)) {
			free(path);
			continue;
		}
		missing++;
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, "programs",
			       "install touchmark again: make install",
			       "%s is missing: %s", helper[i].name,
			       helper[i].what);
	}
	if (!missing)
		tmk_doctor_say(d, TMK_DOCTOR_OK, "programs", NULL,
			       "all helper programs are there");
}

/* A file that anybody may write is not even read; a group may be one's own. */
static void check_file(struct tmk_doctor *d)
{
	struct tmk_err err = TMK_ERR_INIT;
	char *path = NULL, hint[4200];
	struct stat s;

	if (tmk_config_user_path(&path, &err) < 0) {
		tmk_doctor_say_error(d, TMK_DOCTOR_WARN, "config", &err);
		return;
	}
	snprintf(hint, sizeof(hint), "chmod go-w %s", path);
	if (stat(path, &s) < 0) {
		if (errno != ENOENT)
			tmk_doctor_say(d, TMK_DOCTOR_WARN, "config", NULL,
				       "%s: %s", path, strerror(errno));
	} else if (s.st_mode & S_IWGRP) {
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "config", hint,
			       "its group may write %s, which names the "
			       "modules that are loaded", path);
	}
	free(path);
}

void tmk_doctor_config(struct tmk_doctor *d)
{
	struct tmk_err err = TMK_ERR_INIT;

	if (tmk_config_load(&d->config, ".", &err) < 0) {
		tmk_doctor_say_error(d, TMK_DOCTOR_FAIL, "config", &err);
		return;
	}
	check_file(d);
	if (!d->config->n_keys)
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, "config",
			       "touchmark init makes one, touchmark key "
			       "generate another; touchmark.conf(5) tells how "
			       "to name one that is there",
			       "no key is configured");
	else
		tmk_doctor_say(d, TMK_DOCTOR_OK, "config", NULL,
			       "readable, %d key%s", d->config->n_keys,
			       d->config->n_keys == 1 ? "" : "s");
}
