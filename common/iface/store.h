/*
 * store.h - where a key lives: the door to a key store.
 *
 * One file common/key/store_<name>.c defines one `const struct tmk_store_ops
 * tmk_store_<name>`; the Makefile makes the table tmk_stores[] from the file
 * names. A store knows no signature format and no configuration: it is told
 * a place and gives back signers, public facts and certificates (DER).
 * Errors are TMK_KEY unless said otherwise; every call is bounded by the
 * place's deadline.
 */
#ifndef TMK_IFACE_STORE_H
#define TMK_IFACE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/pin.h"
#include "iface/signer.h"

/* Why nothing was opened: whether another place may be tried instead. */
enum tmk_open_failure {
	TMK_OPEN_DEVICE = 0,	/* module or token: absent, broken, hanging */
	TMK_OPEN_PIN,		/* no PIN, a wrong one, a locked token */
	TMK_OPEN_KEY,		/* the URI, or what it names on the token */
	TMK_OPEN_OTHER		/* what it names is not what was expected */
};

/* Where to look. All strings are borrowed for the call. */
struct tmk_place {
	const char *uri;	/* RFC 7512; may carry module-path, pin-source */
	const char *module;	/* module path when the URI has none; or NULL */
	const char *pin_file;	/* --pin-file; or NULL */
	int deadline_ms;	/* per module call; 0: 30,000 */
	/* What the environment says; libraries do not read it themselves. */
	const char *pin_file_env;	/* TOUCHMARK_PIN_FILE; or NULL */
	const char *credentials_dir;	/* CREDENTIALS_DIRECTORY; or NULL */
	const struct tmk_person *person;	/* who can be asked; borrowed
				   for the call (a signer keeps none) */
	bool touch;		/* the key waits for a touch at each use */
	bool ask_each_time;	/* keep no PIN with the signer: a key that is
				   always authenticated asks at each use */
	enum tmk_open_failure *why;	/* set by an open that fails; or NULL */
	/* The SubjectPublicKeyInfo (DER) that the caller expects, that of a
	 * certificate say. Another one that the token shows is refused before
	 * the login (TMK_OPEN_OTHER); one that shows none is believed, so what
	 * it signs must be checked with it. NULL: ask the token. */
	const uint8_t *spki_hint;
	size_t spki_hint_len;
	/* What a variable of the environment says, NULL when it is not set:
	 * cloud services are configured as their providers' own tools are.
	 * The text is borrowed for the call. NULL: there is none. */
	const char *(*env)(const char *name);
	int service_ms;		/* per exchange with a service; 0: 10,000 */
};

enum tmk_tristate { TMK_NO = 0, TMK_YES = 1, TMK_ABSENT = -1 };

/* What a token says about one key pair: its word, not a proof. */
struct tmk_key_info {
	char token[33 * 4];	/* label, escaped */
	char serial[17 * 4];
	char manufacturer[33 * 4];
	char model[17 * 4];
	char label[256];	/* CKA_LABEL, escaped */
	uint8_t id[64];		/* CKA_ID */
	size_t id_len;
	char uri[768];		/* RFC 7512, without any PIN */
	char module[512];	/* module path; empty when unknown */
	enum tmk_algorithm algorithm;
	unsigned int bits;
	struct tmk_buf spki;	/* DER; empty when the token lacks a public key */
	enum tmk_tristate sensitive, always_sensitive, extractable,
		never_extractable, local, sign, decrypt, unwrap,
		always_authenticate, modifiable;
};

/* Start / release the buffer inside. */
void tmk_key_info_init(struct tmk_key_info *info);
void tmk_key_info_release(struct tmk_key_info *info);

/* One attribute of a private key (PKCS#11 2.40 sections 4.7 to 4.9). */
struct tmk_key_attribute {
	const char *name;	/* "CKA_SENSITIVE" */
	enum tmk_tristate value;	/* TMK_ABSENT: the module gives none */
};

/* Whatever else is said of a key or of what holds it: "firmware" "4.2",
 * "KeyState" "Enabled". Neither is escaped. */
typedef int (*tmk_fact_visit)(void *ctx, const char *name, const char *value,
			      struct tmk_err *err);

#define TMK_KEY_ATTRIBUTES_MAX 32

/* All that a store can tell of one key pair: its word, not a proof. */
struct tmk_key_facts {
	struct tmk_key_info info;
	/* The protecting attributes, whether the module gives them or not; 0
	 * where there are no such attributes (a cloud service). */
	struct tmk_key_attribute attribute[TMK_KEY_ATTRIBUTES_MAX];
	int attributes;
};

/* Called once per key found; a negative return ends the listing with it. */
typedef int (*tmk_key_visit)(void *ctx, const struct tmk_key_info *info,
			     struct tmk_err *err);

struct tmk_keygen {
	const char *label;	/* CKA_LABEL */
	const uint8_t *id;	/* CKA_ID; NULL: SHA-1 of the public key bits */
	size_t id_len;
	enum tmk_algorithm algorithm;
	unsigned int bits;	/* RSA 3072 or 4096; EC 256 or 384; 256 */
	/* Called with what was read back while the login still holds, so that
	 * what is written beside the key needs no second PIN; or NULL. */
	void (*made)(void *ctx, const struct tmk_key_info *info);
	void *ctx;
};

struct tmk_store_ops {
	const char *name;	/* "p11" */

	/* Whether this store understands the URI (by its scheme). */
	bool (*claims)(const char *uri);

	/* Find exactly one private key, log in, and give a signer for it.
	 * None, or more than one (listed in the text), is TMK_KEY. */
	int (*open)(struct tmk_signer **out, const struct tmk_place *place,
		    struct tmk_err *err);

	/* Visit every key pair that matches the URI. Logs in only if `login`;
	 * goes on past broken modules and tokens without keys. */
	int (*list)(const struct tmk_place *place, bool login,
		    tmk_key_visit visit, void *ctx, struct tmk_err *err);

	/* Make a key pair inside the token that the URI names: SENSITIVE, not
	 * EXTRACTABLE, for signing alone; read it back and refuse (and destroy
	 * it) if the token says otherwise. A label or id that is taken on that
	 * token is TMK_KEY. `info` gets what was read back. */
	int (*generate)(const struct tmk_place *place,
			const struct tmk_keygen *what,
			struct tmk_key_info *info, struct tmk_err *err);

	/* Append the DER certificates on the token whose CKA_ID equals `id`
	 * (all of them when id_len is 0), each through `visit`. */
	int (*certs)(const struct tmk_place *place, const uint8_t *id,
		     size_t id_len,
		     int (*visit)(void *ctx, const uint8_t *der, size_t len,
				  struct tmk_err *err),
		     void *ctx, struct tmk_err *err);

	/* Write one DER certificate beside the key with this CKA_ID and
	 * label; one that is already there byte for byte is left alone. */
	int (*put_cert)(const struct tmk_place *place, const uint8_t *id,
			size_t id_len, const char *label, const uint8_t *der,
			size_t len, struct tmk_err *err);

	/* Append the value of the data object (PKCS#11 2.40 section 4.5:
	 * CKO_DATA, CKA_APPLICATION "touchmark") called `label` on the token
	 * that the URI names, at most `out`'s bound. 1 when there is none, or
	 * more than one. No login. */
	int (*get_data)(const struct tmk_place *place, const char *label,
			struct tmk_buf *out, struct tmk_err *err);

	/* Write it, public and readable without a login; what stood there
	 * under this label is replaced. */
	int (*put_data)(const struct tmk_place *place, const char *label,
			const void *data, size_t len, struct tmk_err *err);

	/* ---- what not every store can do: NULL then ---- */

	/* Everything that can be said of the one key of the URI: attributes
	 * into `facts` (started by the caller with tmk_key_info_init on its
	 * info), the rest (module, firmware, flags; a service's description of
	 * the key) through `visit`, in a fixed order. Logs in if `login`. */
	int (*inspect)(const struct tmk_place *place, bool login,
		       struct tmk_key_facts *facts, tmk_fact_visit visit,
		       void *ctx, struct tmk_err *err);

	/* Destroy the one key pair of the URI, with the certificates and data
	 * objects that belong to it, and prove that it is gone: it is looked
	 * for again in a new session. With place->spki_hint no other key than
	 * this one. TMK_KEY when the token does not let it go, or still shows
	 * it. *objects gets how many were destroyed. */
	int (*destroy)(const struct tmk_place *place, int *objects,
		       struct tmk_err *err);

	/* Change the user's PIN of the token (C_SetPIN). The old one is asked
	 * of the place's sources, the new one of `fresh`, once, after the old
	 * one was taken. Never as SO. A failure sets place->why: to
	 * TMK_OPEN_OTHER when the token may have taken the new PIN all the
	 * same, to another value when it has the old one for sure. */
	int (*set_pin)(const struct tmk_place *place,
		       const struct tmk_pin_source *fresh,
		       struct tmk_err *err);

	/* Signs whole requests at another host instead of digests: `open`
	 * fails, and plugins/front_remote.h is asked. */
	bool remote;

	/* A service on the network: reached with the caller's own
	 * credentials, so an agent leaves it to the caller. */
	bool service;
};

/* Generated by the Makefile, closed by NULL. */
extern const struct tmk_store_ops *const tmk_stores[];

#endif
