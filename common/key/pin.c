#include "key/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define CREDENTIAL "touchmark.pin"	/* systemd.exec(5), LoadCredential= */
#define PATH_BYTES 4096

static bool given(const char *text)
{
	return text && *text;
}

static int check_file(int fd, const char *path, bool credential,
		      struct tmk_err *err)
{
	mode_t open_to = credential ? S_IRWXO | S_IWGRP : S_IRWXO | S_IRWXG;
	struct stat st;

	if (fstat(fd, &st))
		return tmk_err_set(err, TMK_KEY, "PIN file %s: %s", path,
				   strerror(errno));
	if (!S_ISREG(st.st_mode)) {
		tmk_err_set(err, TMK_KEY, "PIN file %s is not a regular file",
			    path);
		return tmk_err_hint(err, "keep the PIN in a file of mode 0600");
	}
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		tmk_err_set(err, TMK_KEY, "PIN file %s belongs to somebody "
			    "else (uid %lu)", path, (unsigned long)st.st_uid);
		return tmk_err_hint(err, "chown it to the user who signs");
	}
	if (st.st_mode & open_to) {
		tmk_err_set(err, TMK_KEY, "PIN file %s is open to others "
			    "(mode %04o)", path,
			    (unsigned int)st.st_mode & 07777);
		return tmk_err_hint(err, "chmod 600 %s", path);
	}
	return 0;
}

int tmk_pin_read_file(struct tmk_secret *pin, const char *path,
		      bool credential, struct tmk_err *err)
{
	/* O_NONBLOCK: a FIFO or a device is refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc = -1;

	if (fd < 0) {
		tmk_err_set(err, TMK_KEY, "PIN file %s: %s", path,
			    strerror(errno));
		tmk_err_hint(err, "name a file that holds the PIN alone");
		goto out;
	}
	if (check_file(fd, path, credential, err))
		goto out;
	if (tmk_secret_read(pin, fd, err)) {
		if (err)
			err->code = TMK_KEY;
		tmk_err_prefix(err, "PIN file %s", path);
		goto out;
	}
	if (!tmk_secret_len(pin)) {
		tmk_err_set(err, TMK_KEY, "PIN file %s: its first line is "
			    "empty", path);
		tmk_err_hint(err, "write the PIN into its first line");
		goto out;
	}
	rc = 0;
out:
	if (fd >= 0)
		close(fd);
	return rc;
}

/* RFC 7512 2.4: a path or a file: URI (RFC 8089); a command is not run. */
static int from_pin_source(struct tmk_secret *pin, const char *source,
			   struct tmk_err *err)
{
	const char *path = source;

	if (!strncmp(path, "file:", 5)) {
		path += 5;
		if (!strncmp(path, "//localhost/", 12))
			path += 11;
		else if (!strncmp(path, "///", 3))
			path += 2;
	}
	if (path[0] != '/' || path[1] == '/') {
		tmk_err_set(err, TMK_KEY, "pin-source is no absolute path");
		return tmk_err_hint(err, "write pin-source=file:/DIR/FILE");
	}
	return tmk_pin_read_file(pin, path, false, err);
}

/* 0 with a PIN, 1 when there is no such credential, negative on failure. */
static int from_credential(struct tmk_secret *pin, const char *dir,
			   struct tmk_err *err)
{
	struct tmk_buf path = TMK_BUF_INIT(PATH_BYTES);
	struct stat st;
	int rc = -1;

	if (tmk_buf_printf(&path, "%s/" CREDENTIAL, dir)) {
		tmk_err_set(err, TMK_KEY, "CREDENTIALS_DIRECTORY is too long");
		goto out;
	}
	if (stat(tmk_buf_str(&path), &st) && errno == ENOENT)
		rc = 1;
	else
		rc = tmk_pin_read_file(pin, tmk_buf_str(&path), true, err);
out:
	tmk_buf_release(&path);
	return rc;
}

/* Whoever asks has no PIN of this host, and whoever is here asks for nothing. */
static int ask_nobody(struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "no PIN: none of its sources is there, and "
		    "nobody has logged in");
	return tmk_err_hint(err, "at the signing host its user logs in with "
			    "touchmark agent open KEY, or has a PIN file: "
			    "touchmark-serve(8)");
}

/* A window if there may be one, else a terminal. */
static int ask_person(const struct tmk_person *person,
		      const struct tmk_pin_request *request,
		      struct tmk_secret *pin, struct tmk_err *err)
{
	struct tmk_pin_request asked = *request;
	int rc;

	if (person && person->afar)
		return ask_nobody(err);
	asked.person = person;
	rc = tmk_pin_ask_pinentry(pin, person ? person->env : NULL,
				  TMK_PIN_PERSON_MS, &asked, err);
	if (rc <= 0)
		return rc;
	return tmk_pin_ask_terminal(pin, person ? person->tty : -1,
				    TMK_PIN_PERSON_MS, &asked, err);
}

static int ask(void *ctx, const struct tmk_pin_request *request,
	       struct tmk_secret *pin, bool *by_person, struct tmk_err *err)
{
	const struct tmk_pin_order *o = ctx;
	int rc;

	*by_person = false;
	if (given(o->pin_file))
		return tmk_pin_read_file(pin, o->pin_file, false, err);
	if (given(o->pin_source))
		return from_pin_source(pin, o->pin_source, err);
	if (o->pin_value)
		return tmk_secret_set(pin, tmk_secret_bytes(o->pin_value),
				      tmk_secret_len(o->pin_value), err);
	if (given(o->pin_file_env)) {
		rc = tmk_pin_read_file(pin, o->pin_file_env, false, err);
		return rc ? tmk_err_prefix(err, "TOUCHMARK_PIN_FILE") : 0;
	}
	if (given(o->credentials_dir)) {
		rc = from_credential(pin, o->credentials_dir, err);
		if (rc <= 0)
			return rc;
	}
	rc = ask_person(o->person, request, pin, err);
	*by_person = !rc;
	return rc;
}

struct tmk_pin_source tmk_pin_source_init(struct tmk_pin_order *order)
{
	struct tmk_pin_source source = { ask, order };

	return source;
}
