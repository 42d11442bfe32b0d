/*
 * tell.h - a line for a person who is being waited for.
 *
 * A caller (git) keeps what its signing program writes on standard error and
 * shows it afterwards, if at all. That a token waits for a touch is of no use
 * then. Nothing fails: a line that reaches nobody is lost.
 */
#ifndef TMK_BASE_TELL_H
#define TMK_BASE_TELL_H

/* Write "PROGRAM: TEXT", escaped, to standard error, and when that is no
 * terminal to the terminal of this process too, if it has one. */
void tmk_tell_waiting(const char *program, const char *text);

#endif
