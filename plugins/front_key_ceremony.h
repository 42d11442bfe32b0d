/*
 * front_key_ceremony.h - the transcript of a key's birth.
 *
 * Who made which key when, in which token, by which module, with which
 * attributes as they were read back, and who was there: a text file in a fixed
 * order, for people to read and to sign. The witnesses sign it with keys of
 * their own (touchmark sign, touchmark approve), and on paper. What the module
 * says stands there as what it is, the module's word. Fails with TMK_USAGE
 * before anything is made, TMK_INPUT and TMK_NET afterwards.
 */
#ifndef TMK_PLUGINS_FRONT_KEY_CEREMONY_H
#define TMK_PLUGINS_FRONT_KEY_CEREMONY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/opt.h"
#include "core/config.h"
#include "iface/store.h"

struct tmk_ceremony {
	const char *file;		/* NULL: there is none */
	const struct tmk_opt_list *witnesses;	/* "Name <mail>" */
	struct tmk_key_facts facts;	/* read back by _inspect */
	struct tmk_buf told;		/* "name\nvalue\n" of each fact */
	bool inspected;
	struct tmk_err why;		/* why not */
};

/* What the transcript tells of the birth. Borrowed; NULL where there is
 * none. */
struct tmk_ceremony_birth {
	const char *name, *env, *user_id, *csr;
	const struct tmk_key_info *info;
	int64_t time;
};

/* Start; frees nothing. */
void tmk_ceremony_init(struct tmk_ceremony *c, const char *file,
		       const struct tmk_opt_list *witnesses);
void tmk_ceremony_release(struct tmk_ceremony *c);

/* Before a key is made: every witness has a name and a mail address of his
 * own, and the transcript can be written where nothing is yet. */
int tmk_ceremony_check(const struct tmk_ceremony *c, struct tmk_err *err)
	TMK_MUST_CHECK;

/* While the login that made the key holds: read everything back. What fails
 * is kept in c->why. */
void tmk_ceremony_inspect(struct tmk_ceremony *c,
			  const struct tmk_store_ops *store,
			  const struct tmk_place *place);

/* Write the transcript, and its timestamp to FILE.tst where an authority is
 * configured. */
int tmk_ceremony_write(struct tmk_ceremony *c,
		       const struct tmk_config *config,
		       const struct tmk_ceremony_birth *birth,
		       struct tmk_err *err) TMK_MUST_CHECK;

#endif
