/*
 * verify_beside.h - the names of signatures that stand beside a file.
 *
 * Names alone: whether such a file is one, its content tells. Nothing fails.
 */
#ifndef TMK_PLUGINS_VERIFY_BESIDE_H
#define TMK_PLUGINS_VERIFY_BESIDE_H

/* What is put behind the name of a file, ".p7s" first; NULL behind the last. */
const char *tmk_verify_beside_suffix(int i);

#endif
