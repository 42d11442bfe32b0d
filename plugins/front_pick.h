/*
 * front_pick.h - which key did the user name? and which certificates has it?
 *
 * The rules of selection alone: no login, no signing. What is found is
 * borrowed from the configuration or from the name that was given. Fails with
 * TMK_USAGE or TMK_KEY.
 */
#ifndef TMK_PLUGINS_FRONT_PICK_H
#define TMK_PLUGINS_FRONT_PICK_H

#include <openssl/x509.h>

#include "base/err.h"
#include "core/config.h"
#include "iface/store.h"

struct tmk_front_pick {
	const char *name;	/* configured name; or `shown` */
	char shown[256];	/* a bare URI, as it may be shown: no PIN */
	const struct tmk_key_config *key;	/* NULL: a bare URI */
	const char *uri[TMK_CONFIG_URI_MAX];	/* the same key elsewhere */
	int uris;
	const char *cert;	/* file of the chain; or NULL */
};	/* must not be moved: `name` may point into it */

/* The rules of front_key.h. 1 with *out, 0 when nothing of ours is meant;
 * negative on an ambiguous name (the text lists the matches) or when what
 * must be read for the answer cannot be. */
int tmk_front_pick(struct tmk_front_pick *out,
		   const struct tmk_config *config, const char *key,
		   struct tmk_err *err) TMK_MUST_CHECK;

/* What to say when tmk_front_pick found nothing: `seen` is the `err` of that
 * call, which tells of what could not be looked at. Returns -1 always. */
int tmk_front_pick_none(const struct tmk_config *config, const char *key,
			const struct tmk_err *seen, struct tmk_err *err);

/* The same as tmk_front_pick, where nothing found is an error (TMK_KEY) too. 0
 * with *out. */
int tmk_front_pick_must(struct tmk_front_pick *out,
			const struct tmk_config *config, const char *key,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Put "key 'NAME'" before the text of an error about this key. Returns -1
 * always. */
int tmk_front_pick_prefix(const struct tmk_front_pick *pick,
			  struct tmk_err *err);

/* Copy `hint` with each NAME in it, but for the NEW-NAME of a key that is not
 * there yet, replaced by `name` (NULL: by nothing); so a command in it can be
 * typed as it stands. */
void tmk_front_pick_fill(char *out, size_t size, const char *hint,
			 const char *name);

/* What a token shows of one key without a login. */
struct tmk_front_look {
	struct tmk_key_info info;	/* of the one key; when keys is 1 */
	int keys;			/* how many matched the URI */
	STACK_OF(X509) *certs;		/* all on that token */
};

/* Look at the key of a place, `login` when its private part is to be seen.
 * What was found belongs to *out. */
int tmk_front_look(struct tmk_front_look *out, const struct tmk_place *place,
		   bool login, struct tmk_err *err) TMK_MUST_CHECK;
void tmk_front_look_release(struct tmk_front_look *look);

/* Copy `uri` with ?pin-source=file:PATH added (module-path too, unless
 * NULL). Belongs to the caller; NULL when memory ends. */
char *tmk_front_uri_with(const char *uri, const char *module,
			 const char *pin_file);

/* "pkcs11:token=LABEL", every odd character of the label written %XX (RFC
 * 7512 section 2.3). Belongs to the caller. */
char *tmk_front_uri_token(const char *label);

/* How many bytes of what names a key may be shown: a URI, even one that is
 * written wrongly, may hold a PIN. */
int tmk_front_pick_shown(const char *key);

/* The e-mail in "Name <mail>" or a bare address: *mail points into `user`.
 * Returns its length, 0 for none. */
size_t tmk_front_pick_mail(const char **mail, const char *user);

#endif
