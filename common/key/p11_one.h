/*
 * p11_one.h - the one key that a URI means, or why there is no such one.
 *
 * A URI that fits several keys is no name for any of them: they are listed, so
 * that the next one can be written better. Runs on the worker. Fails with
 * TMK_KEY.
 */
#ifndef TMK_KEY_P11_ONE_H
#define TMK_KEY_P11_ONE_H

#include <stdbool.h>

#include "base/err.h"
#include "key/p11.h"
#include "key/p11_find.h"

/* Find the one private key that p->uri means on the token in use, and read
 * what is public of it (tmk_p11_read_key). */
int tmk_p11_one(struct tmk_p11 *p, struct tmk_p11_key *key, bool all,
		struct tmk_err *err) TMK_MUST_CHECK;

/* The same for a key of `class`, where none is no failure: 1 then. */
int tmk_p11_one_of(struct tmk_p11 *p, struct tmk_p11_key *key,
		   CK_OBJECT_CLASS class, bool all, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Nothing matches the URI: says so. Returns -1 always. */
int tmk_p11_one_none(const struct tmk_p11 *p, struct tmk_err *err);

#endif
