/*
 * status_facts.h - what `touchmark key status` has found out, before it is
 * shown: keys, their places and certificates, and everything else that ends
 * one day.
 *
 * status_keys.c and status_trust.c gather, status_judge.c says what it means,
 * status_table.c, status_json.c and status_html.c show it. Nobody here logs in,
 * asks for a PIN or changes anything. Texts are escaped where they came from
 * outside. Everything in struct tmk_status belongs to it.
 */
#ifndef TMK_PLUGINS_STATUS_FACTS_H
#define TMK_PLUGINS_STATUS_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/config.h"
#include "core/policy.h"
#include "plugins/front_denied_list.h"
#include "plugins/front_spki.h"

#define TMK_STATUS_NAME 256
#define TMK_STATUS_FILE 512
#define TMK_STATUS_TEXT 768	/* as long as the text of an error */
#define TMK_STATUS_CERTS_MAX 256	/* of one key */
#define TMK_STATUS_OTHERS_MAX 8192	/* certificates and lists beside */

enum tmk_status_level {
	TMK_STATUS_FINE = 0,
	TMK_STATUS_SOON,	/* ends within the days that were asked for */
	TMK_STATUS_BAD		/* has ended, is denied, lacks */
};

enum tmk_status_where {
	TMK_STATUS_THERE = 1,	/* the key is there */
	TMK_STATUS_AWAY,	/* token, service or host cannot be reached */
	TMK_STATUS_MISSING,	/* the token is there, the key is not */
	TMK_STATUS_SEVERAL,	/* the URI fits several keys */
	TMK_STATUS_OTHER_KEY,	/* it is another key than elsewhere */
	TMK_STATUS_UNSEEN	/* it was not looked at */
};

struct tmk_status_place {
	char uri[TMK_STATUS_NAME];	/* without what may hold a secret */
	char token[192];		/* label; "" when it is not known */
	enum tmk_status_where where;
	char text[TMK_STATUS_TEXT];	/* why it is not there */
};

/* What a certificate is for its key, now. */
enum tmk_status_use {
	TMK_STATUS_SIGNS = 1,	/* the one that signatures are made with */
	TMK_STATUS_NEXT,	/* begins later */
	TMK_STATUS_SPARE,	/* valid, another one is taken */
	TMK_STATUS_PAST,	/* has expired */
	TMK_STATUS_UNFIT,	/* not for signing, or revoked: see `why` */
	TMK_STATUS_DENIED	/* could sign or could later, but its key is
				   denied here */
};

struct tmk_status_cert {
	X509 *cert;
	int64_t from, to;
	bool in_file, on_token;
	bool counts;		/* where the signer looks */
	enum tmk_status_use use;
	char why[TMK_STATUS_TEXT];
};

struct tmk_status_key {
	const struct tmk_key_config *section;	/* borrowed */
	struct tmk_status_place place[TMK_CONFIG_URI_MAX];
	struct tmk_buf spki;	/* DER; empty: nobody shows it */
	char spki_hex[TMK_FRONT_SPKI_HEX];	/* sha256; or "" */
	struct tmk_status_cert *cert;	/* by notBefore */
	int certs;
	int64_t until;		/* end of what is covered without a gap;
				   TMK_TIME_NONE: nothing is */
	int64_t gap;		/* when the next one begins after a gap;
				   TMK_TIME_NONE: there is no gap */
	bool denied;
	struct tmk_front_denied denial;
	enum tmk_status_level level;
	const char *state;	/* "ok", "expiring", ...: one word */
	char text[TMK_STATUS_TEXT];	/* what is wrong; or "" */
	char hint[TMK_STATUS_TEXT];	/* what to do about it; or "" */
	struct tmk_err broken;	/* its certificate file cannot be read */
};

enum tmk_status_kind {
	TMK_STATUS_ROOT = 1,
	TMK_STATUS_INTERMEDIATE,
	TMK_STATUS_TSA,		/* a certificate of a timestamp authority */
	TMK_STATUS_CRL
};

/* Whatever ends and is no key's. */
struct tmk_status_other {
	enum tmk_status_kind kind;
	char name[TMK_STATUS_NAME];	/* subject; a list: its issuer */
	char file[TMK_STATUS_FILE];
	char sha256[65];	/* of a certificate */
	char url[TMK_STATUS_NAME];	/* of the authority that signed with
				   it; "": it is one that is trusted */
	int64_t seen;		/* when it did so last; TMK_TIME_NONE */
	int64_t from, to;	/* to: nextUpdate of a list */
	enum tmk_status_level level;
	const char *state;
	char text[TMK_STATUS_TEXT], hint[TMK_STATUS_TEXT];
	X509_CRL *crl;		/* of a list */
};

struct tmk_status_denied {
	struct tmk_front_denied_key key;
	bool configured;	/* it is one of the keys above */
};

/* A file that was named and cannot be read. */
struct tmk_status_fault {
	struct tmk_err err;
};

struct tmk_status {
	/* asked for */
	int64_t now;
	int days;		/* that a warning comes before the end */
	bool offline;		/* look at files alone */
	/* found out */
	struct tmk_config *config;
	struct tmk_policy *policy;	/* read, not loaded; or NULL */
	struct tmk_status_key *key;
	int keys;
	struct tmk_status_other *other;
	int others;
	struct tmk_status_denied *denied;
	int denials;
	struct tmk_status_fault *fault;
	int faults;
	struct tmk_err odd;	/* what was passed over, and harms nothing */
	int code;		/* what the command ends with */
};

/* ---- gathering ------------------------------------------------------------ */

/* Every configured key: places and certificates. Fails with TMK_INTERNAL. */
int tmk_status_keys(struct tmk_status *status, struct tmk_err *err)
	TMK_MUST_CHECK;
void tmk_status_keys_release(struct tmk_status *status);

/* What tokens showed, each asked once for all the keys in it. */
struct tmk_status_tokens;
int tmk_status_tokens_new(struct tmk_status_tokens **out, struct tmk_err *err)
	TMK_MUST_CHECK;
void tmk_status_tokens_free(struct tmk_status_tokens *tokens);

/* Look at place `i` of a key: fills it, and the key's public part when nobody
 * showed one before; `seen` is called for each certificate of that token. */
int tmk_status_tokens_look(struct tmk_status_tokens *tokens,
			   const struct tmk_status *status,
			   struct tmk_status_key *key, int i,
			   int (*seen)(struct tmk_status_key *key, X509 *cert,
				       struct tmk_err *err),
			   struct tmk_err *err) TMK_MUST_CHECK;

/* Roots, intermediates, authorities of time and lists, as configuration and
 * policy name them. Fails with TMK_INTERNAL. */
int tmk_status_trust(struct tmk_status *status, struct tmk_err *err)
	TMK_MUST_CHECK;
void tmk_status_trust_release(struct tmk_status *status);

/* The keys that are denied. Fails with TMK_INTERNAL. */
int tmk_status_denials(struct tmk_status *status, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Note a file that cannot be read: it ends with 4. */
int tmk_status_add_fault(struct tmk_status *status, const struct tmk_err *what,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* ---- what it means ---------------------------------------------------------- */

/* Fill use, until, level, state, text and hint of everything, and the code. */
void tmk_status_judge(struct tmk_status *status);

/* Whole days from now to `t`, rounded down; negative when it is past. */
int64_t tmk_status_days(const struct tmk_status *status, int64_t t);

/* The words for enums, in small letters without blanks. */
const char *tmk_status_use_word(enum tmk_status_use use);
const char *tmk_status_where_word(enum tmk_status_where where);
const char *tmk_status_kind_word(enum tmk_status_kind kind);

/* ---- showing ------------------------------------------------------------------ */

/* For people, to standard output. */
int tmk_status_table(const struct tmk_status *status, struct tmk_err *err)
	TMK_MUST_CHECK;

/* One object for each thing, one in each line, to standard output. */
int tmk_status_json(const struct tmk_status *status, struct tmk_err *err)
	TMK_MUST_CHECK;

/* A page that needs nothing else, appended to `out`. */
int tmk_status_html(struct tmk_buf *out, const struct tmk_status *status,
		    struct tmk_err *err) TMK_MUST_CHECK;

/* The picture in it: an SVG element of its own. */
int tmk_status_svg(struct tmk_buf *out, const struct tmk_status *status,
		   struct tmk_err *err) TMK_MUST_CHECK;

/* Text as HTML and XML take it, between tags and in quotes. Negative when
 * `out` is full. */
int tmk_status_escape(struct tmk_buf *out, const char *text) TMK_MUST_CHECK;

/* 2026-11-21 into `out` (TMK_CLOCK_TEXT bytes), "-" for TMK_TIME_NONE. */
char *tmk_status_date(char *out, int64_t t);

#endif
