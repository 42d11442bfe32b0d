/*
 * front_exit.h - how a program that may have loaded a PKCS#11 module ends.
 *
 * Everything of ours is closed by then. What is left are the destructors of
 * foreign libraries: they cost a millisecond, and in a module that never came
 * back from a call they wait for its locks for ever (the PKCS#11 guides: never
 * call a module from exit handlers).
 */
#ifndef TMK_PLUGINS_FRONT_EXIT_H
#define TMK_PLUGINS_FRONT_EXIT_H

/*
 * Flush the standard streams and end with `code`, without exit handlers; only
 * a build with the address sanitizer runs them, for its report of leaks. The
 * caller has checked its writes before.
 */
void tmk_front_exit(int code) __attribute__((noreturn));

#endif
