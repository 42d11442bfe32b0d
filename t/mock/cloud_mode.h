/*
 * cloud_mode.h - what is to go wrong in the mock of cloud services.
 *
 * For t/mock/cloud-httpd.c alone, whose head tells the modes.
 */
#ifndef TMK_T_CLOUD_MODE_H
#define TMK_T_CLOUD_MODE_H

#include "t/mock/cloud_token.h"

static char mode[64];
static bool ran_out;		/* `expired` has been */
static bool turned_away;	/* `once` has been */

static bool mode_is(const char *name)
{
	return !strcmp(mode, name);
}

/* CODE of "name:CODE"; 0 in another mode. */
static int mode_code(const char *name)
{
	size_t n = strlen(name);

	return !strncmp(mode, name, n) && mode[n] == ':' ?
		(int)strtol(mode + n + 1, NULL, 10) : 0;
}

static void read_mode(void)
{
	char now[64] = "ok";
	FILE *f = open_state("mode", "r");

	if (f) {
		if (!fgets(now, sizeof(now), f))
			now[0] = '\0';
		now[strcspn(now, "\n")] = '\0';
		fclose(f);
	}
	if (strcmp(now, mode))
		ran_out = turned_away = false;
	memcpy(mode, now, sizeof(mode));
}

/* What goes wrong in every service alike; `body` is an error of this one,
 * `kind` that of its tokens. */
static bool goes_wrong(struct request *r, const char *kind, const char *body)
{
	int code = mode_code("status");

	if (mode_code("once") && !turned_away) {
		turned_away = true;
		code = mode_code("once");
		reply_with(r, code, code == 429 ? "Retry-After: 1\r\n" : "",
			   body);
	} else if (code || mode_is("forbidden")) {
		reply(r, code ? code : 403, body);
	} else if (mode_is("expired") && kind && !ran_out &&
		   has_token(r, kind)) {
		/* Whatever was given out before is over now. */
		generation++;
		ran_out = true;
		return false;
	} else if (mode_is("garbage")) {
		reply(r, 200, "<html>not what you think</html>");
	} else {
		return false;
	}
	return true;
}

/* The signature, changed as the mode wants. */
static size_t signature(uint8_t *out, size_t size, EVP_PKEY *key,
			const EVP_MD *md, const uint8_t *data, size_t len)
{
	EVP_PKEY *other = mode_is("other-key") ? load_key("other") : NULL;
	size_t n = sign_with(out, size, other ? other : key, md, data, len);

	EVP_PKEY_free(other);
	if (n && mode_is("bit"))
		out[n - 1] ^= 1;
	return n;
}

#endif
