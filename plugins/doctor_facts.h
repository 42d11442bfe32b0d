/*
 * doctor_facts.h - what `touchmark doctor` has found out, and how it says so.
 *
 * Each doctor_*.c looks at one thing, says a line for each fact, and leaves
 * behind what later parts need. Nobody here asks for a PIN, logs in, or
 * changes anything. A part never fails: what it cannot find out is a line
 * like any other. Everything in struct tmk_doctor belongs to it.
 */
#ifndef TMK_PLUGINS_DOCTOR_FACTS_H
#define TMK_PLUGINS_DOCTOR_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/config.h"
#include "core/policy.h"
#include "iface/seal.h"
#include "iface/store.h"
#include "x509/tst.h"

#define TMK_DOCTOR_SPKI_MAX 8192	/* bytes of a public key */

enum tmk_doctor_status {
	TMK_DOCTOR_OK = 0,
	TMK_DOCTOR_WARN,	/* works, but somebody should look */
	TMK_DOCTOR_FAIL,	/* signing or judging will fail */
	TMK_DOCTOR_SKIP		/* was not looked at, and why */
};

enum tmk_doctor_receiver {
	TMK_DOCTOR_GIT = 1,
	TMK_DOCTOR_GITLAB = 2,
	TMK_DOCTOR_GITHUB = 4,
	TMK_DOCTOR_GATE = 8,
	TMK_DOCTOR_RPM = 16,
	TMK_DOCTOR_APT = 32
};

/* The key that signs packages when none is named. */
struct tmk_doctor_package {
	const struct tmk_key_config *key;	/* NULL: none is chosen */
	enum tmk_algorithm algorithm;	/* 0: it was not seen */
	unsigned int bits;
	bool born, user;	/* it has a creation time, and a user id */
	bool remote;		/* a signing host has it, and has these */
};

struct tmk_doctor {
	/* asked for */
	bool json, offline;
	unsigned int receivers;	/* bits of enum tmk_doctor_receiver */
	bool named;		/* by --receiver: then a no is a failure */
	/* found out */
	const char *about;	/* the key that NAME in a hint is; or NULL */
	int64_t now;
	int failed;
	struct tmk_config *config;	/* NULL: cannot be read */
	struct tmk_policy *policy;	/* NULL: none, or cannot be read */
	enum tmk_seal_format format;	/* of git's signatures */
	char *signing_key;	/* user.signingKey; or NULL */
	char *ident;		/* "Name <mail>" of commits; or NULL */
	char *email;		/* of it */
	const struct tmk_key_config *key;	/* that git uses; or NULL */
	STACK_OF(X509) *chain;	/* of that key, leaf first; or NULL */
	struct tmk_buf spki;	/* of that key, DER; empty: not shown */
	int64_t created;	/* of it, for OpenPGP; TMK_TIME_NONE */
	bool remote;		/* a signing host has that key */
	struct tmk_doctor_package package;
	bool stamped;		/* a timestamp authority answered well */
	struct tmk_buf token;	/* of it, over tmk_doctor_stamp_data */
	struct tmk_err *err;	/* why a line could not be written */
};

/* What a timestamp is asked for: its bytes do not matter. */
#define TMK_DOCTOR_STAMP_DATA "touchmark doctor"

/*
 * Say one fact. `id` is what it is about, the same in every version; `hint`
 * what to do about it, NULL for nothing. A line that cannot be written is
 * remembered in d->err.
 */
void tmk_doctor_say(struct tmk_doctor *d, enum tmk_doctor_status status,
		    const char *id, const char *hint, const char *fmt, ...)
	TMK_PRINTF(5, 6);

/* Say an error as a fact, its hint with it. */
void tmk_doctor_say_error(struct tmk_doctor *d, enum tmk_doctor_status status,
			  const char *id, const struct tmk_err *what);

/* ---- the parts, in the order in which they run -------------------------- */

/* Our own version, OpenSSL, and the helper programs. */
void tmk_doctor_programs(struct tmk_doctor *d);
/* The configuration: sets config. */
void tmk_doctor_config(struct tmk_doctor *d);
/* git: its version, its programs, who commits. Sets format, signing_key,
 * ident, email, key. */
void tmk_doctor_git(struct tmk_doctor *d);
/* Which key signs packages: sets package.key. */
void tmk_doctor_package_key(struct tmk_doctor *d);
/* Every configured key: module, token, PIN, certificate. Sets chain, and what
 * else is known of both keys. */
void tmk_doctor_keys(struct tmk_doctor *d);
/* The keys in cloud services: the rights that signing needs there. */
void tmk_doctor_services(struct tmk_doctor *d);
/* The policy and what it trusts: sets policy. */
void tmk_doctor_trust(struct tmk_doctor *d);
/* The timestamp authorities: sets stamped and token. */
void tmk_doctor_stamps(struct tmk_doctor *d);
/* The agent. */
void tmk_doctor_agent(struct tmk_doctor *d);
/* Whether each receiver would show a signature as verified. */
void tmk_doctor_receivers(struct tmk_doctor *d);
/* The same for rpm and apt, and what they would verify. */
void tmk_doctor_packages(struct tmk_doctor *d);
/* The same for each ref of our own policy. */
void tmk_doctor_gate(struct tmk_doctor *d);
/* What a rule of it would say of d's key without certificate (OpenPGP, SSH),
 * but for its timestamp. False, with why in `text` (`size` bytes), when that
 * cannot be told before something is signed. */
bool tmk_doctor_gate_key(const struct tmk_doctor *d,
			 const struct tmk_ref_rule *rule,
			 struct tmk_verdict *v, char *text, size_t size);

/* The places of a key from `from` on, beside the one that showed `spki`. */
void tmk_doctor_places(struct tmk_doctor *d, const struct tmk_key_config *key,
		       int from, const struct tmk_buf *spki);
/* Whether a place is another host or a service, which --offline does not ask;
 * and that it was not. */
bool tmk_doctor_places_elsewhere(const char *uri);
void tmk_doctor_places_unasked(struct tmk_doctor *d,
			       const struct tmk_key_config *key,
			       const char *uri);
/* Whether a place is another host, which makes whole signatures. */
bool tmk_doctor_places_remote(const char *uri);

/* What a token shows of `key`, found at `place`: kept when it is the one that
 * signs packages. */
void tmk_doctor_package_seen(struct tmk_doctor *d,
			     const struct tmk_key_config *key,
			     const struct tmk_place *place,
			     const struct tmk_key_info *info);

/* ---- what they share ---------------------------------------------------- */

/* An answer about a receiver: "would show verified: yes", or no or unknown
 * with a reason. `what` is NULL for yes. */
enum tmk_doctor_answer {
	TMK_DOCTOR_YES = 1,
	TMK_DOCTOR_NO,
	TMK_DOCTOR_UNKNOWN
};

/* Say the answer; `ref` ("" for none) is the part of the receiver that it is
 * about. A no fails the run only when the receiver was asked for by name and
 * `counts` is set. */
void tmk_doctor_answer(struct tmk_doctor *d, const char *id, const char *ref,
		       enum tmk_doctor_answer answer, bool counts,
		       const char *hint, const char *because, ...)
	TMK_PRINTF(7, 8);

/* "X.509", "OpenPGP", "SSH"; and the word for `key export --type`. */
const char *tmk_doctor_format_name(enum tmk_seal_format format);
const char *tmk_doctor_format_type(enum tmk_seal_format format);

#endif
