#include "plugins/front_init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/secret.h"
#include "key/pin.h"
#include "key/softhsm.h"
#include "plugins/front_softhsm.h"

#define RANDOM_BYTES 16		/* of a PIN nobody has to type */
#define PIN_MIN 4
#define UTIL_MS 20000

int tmk_init_write(struct tmk_init *init, const char *path, int mode,
		   const void *data, size_t len, struct tmk_err *err)
{
	if (init->files == TMK_INIT_FILES)
		return tmk_err_set(err, TMK_INTERNAL, "too many files");
	if (tmk_file_write(path, mode, data, len, err) < 0)
		return -1;
	init->made[init->files++] = path;
	return 0;
}

/* A PIN of random hex digits, also kept in a file only the user can read. */
static int random_pin(struct tmk_init *init, struct tmk_secret *pin,
		      const char *path, struct tmk_err *err)
{
	uint8_t raw[RANDOM_BYTES];
	char text[2 * RANDOM_BYTES + 2];
	int ret = -1;

	if (RAND_bytes(raw, sizeof(raw)) != 1) {
		tmk_err_set(err, TMK_INTERNAL, "there is no randomness");
		goto out;
	}
	tmk_enc_hex(text, raw, sizeof(raw));
	if (tmk_secret_set(pin, text, 2 * RANDOM_BYTES, err) < 0)
		goto out;
	text[2 * RANDOM_BYTES] = '\n';
	ret = tmk_init_write(init, path, 0600, text, 2 * RANDOM_BYTES + 1,
			     err);
out:
	tmk_wipe(raw, sizeof(raw));
	tmk_wipe(text, sizeof(text));
	return ret;
}

static int pin_from_file(struct tmk_secret *pin, const char *path,
			 struct tmk_err *err)
{
	if (tmk_pin_read_file(pin, path, false, err) < 0)
		return -1;
	if (tmk_secret_len(pin) >= PIN_MIN)
		return 0;
	return tmk_err_set(err, TMK_KEY, "%s: a PIN has at least %d "
			   "characters", path, PIN_MIN);
}

int tmk_init_token(struct tmk_init *init, struct tmk_err *err)
{
	struct tmk_secret *so_pin = NULL, *pin = NULL;
	int ret = -1;

	if (!init->embedded)
		return 0;
	if (tmk_front_softhsm_prepare(err) < 0)
		return -1;
	tmk_front_softhsm_use(true);
	if (tmk_secret_new(&so_pin, err) < 0 || tmk_secret_new(&pin, err) < 0)
		goto out;
	if (init->pin_file ? pin_from_file(pin, init->pin_path, err) < 0 :
	    random_pin(init, pin, init->pin_path, err) < 0)
		goto out;
	if (random_pin(init, so_pin, init->so_pin_path, err) < 0)
		goto out;
	ret = tmk_softhsm_init_token(&init->token_made, init->module_path,
				     init->label, so_pin, pin,
				     init->config->module_deadline * 1000,
				     err);
out:
	tmk_secret_free(so_pin);
	tmk_secret_free(pin);
	return ret;
}

/* Remove the token again: by its label, which nobody else uses. */
static void delete_token(const char *label)
{
	char util[] = "softhsm2-util", delete[] = "--delete-token";
	char token[] = "--token", *name = strdup(label);
	char *argv[] = { util, delete, token, name, NULL };
	struct tmk_buf out = TMK_BUF_INIT(65536);
	int status = 1;

	if (!name ||
	    tmk_proc_run(argv, NULL, 0, &out, UTIL_MS, &status, TMK_KEY,
			 NULL) < 0 || status)
		fprintf(stderr, "touchmark: warning: the token '%s' may be "
			"there still; softhsm2-util --delete-token removes "
			"it\n", label);
	tmk_buf_release(&out);
	free(name);
}

void tmk_init_undo(struct tmk_init *init)
{
	if (init->token_made)
		delete_token(init->label);
	else if (init->keys_made)
		fprintf(stderr, "touchmark: warning: %d new key%s in the "
			"token '%s'; pkcs11-tool --delete-object removes "
			"them\n", init->keys_made,
			init->keys_made == 1 ? " stays" : "s stay",
			init->label);
	while (init->files)
		unlink(init->made[--init->files]);
}
