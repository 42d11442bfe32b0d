/*
 * ref_name.h - whether git would take a name as that of a ref.
 *
 * The rules of git-check-ref-format(1), without a process for each name: one
 * push may bring a hundred thousand. A test compares them with git's own
 * answers. Knows no repository; fails by returning false.
 */
#ifndef TMK_HOOKS_REF_NAME_H
#define TMK_HOOKS_REF_NAME_H

#include <stdbool.h>

/* What `git check-ref-format NAME` says, without any of its options (git's
 * refs.c, check_refname_format). */
bool tmk_ref_name_ok(const char *name);

#endif
