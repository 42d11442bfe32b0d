/*
 * key_token.h - a SoftHSM token in a scratch folder, for the tests of the key
 * store.
 */
#ifndef TMK_T_KEY_TOKEN_H
#define TMK_T_KEY_TOKEN_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "iface/store.h"
#include "key/softhsm.h"
#include "t/unit/tap.h"

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"

extern const struct tmk_store_ops tmk_store_p11;

static char scratch[] = "/tmp/tmk-key.XXXXXX";
static char pin_path[64];

/* Write a small file with this mode. */
static inline void spill(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 ||
	    fchmod(fd, mode) || close(fd)) {
		printf("Bail out! cannot write %s\n", path);
		exit(1);
	}
}

static inline int scratch_remove_one(const char *path, const struct stat *st,
				     int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Leave nothing behind. */
static inline void scratch_remove(void)
{
	if (!chdir("/"))
		nftw(scratch, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A folder to work in, SoftHSM's configuration, and the PIN file "pin". */
static inline void scratch_make(void)
{
	char conf[256];

	if (!mkdtemp(scratch) || chdir(scratch) || mkdir("tokens", 0700)) {
		printf("Bail out! no scratch folder\n");
		exit(1);
	}
	snprintf(conf, sizeof(conf), "directories.tokendir = %s/tokens\n"
		 "objectstore.backend = file\nlog.level = ERROR\n", scratch);
	spill("softhsm2.conf", conf, 0600);
	snprintf(conf, sizeof(conf), "%s/softhsm2.conf", scratch);
	setenv("SOFTHSM2_CONF", conf, 1);
	spill("pin", "test-PIN\n", 0600);
	snprintf(pin_path, sizeof(pin_path), "%s/pin", scratch);
}

/* A token with user PIN test-PIN. Returns what tmk_softhsm_init_token does. */
static inline int token_make(const char *label, struct tmk_err *err)
{
	struct tmk_secret *so = NULL, *user = NULL;
	int rc = -1;

	if (!tmk_secret_new(&so, err) && !tmk_secret_new(&user, err) &&
	    !tmk_secret_set(so, "56789012", 8, err) &&
	    !tmk_secret_set(user, "test-PIN", 8, err))
		rc = tmk_softhsm_init_token(NULL, MODULE, label, so, user,
					    0, err);
	tmk_secret_free(so);
	tmk_secret_free(user);
	return rc;
}

/* The place of a URI in SoftHSM, with the PIN file. */
static inline struct tmk_place place_of(const char *uri)
{
	struct tmk_place place = { .uri = uri, .module = MODULE,
				   .pin_file = pin_path,
				   .deadline_ms = 60000 };

	return place;
}

#endif
