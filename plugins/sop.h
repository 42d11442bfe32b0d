/*
 * sop.h - the Stateless OpenPGP interface (draft-dkg-openpgp-stateless-cli):
 * what its subcommands share.
 *
 * A subcommand reads what the interface calls indirect parameters (files,
 * @ENV:NAME, @FD:N) and standard input, and writes standard output only when
 * all is well. Private keys are where touchmark has them: where the interface
 * expects one, its certificate is given. Whoever verifies trusts the
 * certificates that were named and nothing that is configured.
 *
 * In here `err->code` is the interface's own exit code. Functions return 0 or
 * a negative number; buffers belong to the caller.
 */
#ifndef TMK_PLUGINS_SOP_H
#define TMK_PLUGINS_SOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "formats/cleartext.h"
#include "iface/package.h"

/* The draft's section "Failure Modes". */
enum tmk_sop_code {
	TMK_SOP_FAILED = 1,
	TMK_SOP_NO_SIGNATURE = 3,
	TMK_SOP_MISSING_ARG = 19,
	TMK_SOP_UNSUPPORTED_OPTION = 37,
	TMK_SOP_BAD_DATA = 41,
	TMK_SOP_EXPECTED_TEXT = 53,
	TMK_SOP_OUTPUT_EXISTS = 59,
	TMK_SOP_MISSING_INPUT = 61,
	TMK_SOP_UNSUPPORTED_SUBCOMMAND = 69,
	TMK_SOP_UNSUPPORTED_SPECIAL_PREFIX = 71,
	TMK_SOP_AMBIGUOUS_INPUT = 73,
	TMK_SOP_KEY_CANNOT_SIGN = 79,
	TMK_SOP_INCOMPATIBLE_OPTIONS = 83,
	TMK_SOP_NO_HW_KEY_FOUND = 97,
	TMK_SOP_HARDWARE_KEY_FAILURE = 101
};

#define TMK_SOP_DATA_MAX TMK_CLEARTEXT_MAX	/* bytes of what is held */
#define TMK_SOP_CERTS_MAX (16 * 1024 * 1024)	/* bytes of one CERTS */
#define TMK_SOP_SEALS_MAX (1024 * 1024)	/* bytes of one SIGNATURES */
#define TMK_SOP_ARMOUR_MAX (2 * TMK_SOP_DATA_MAX)

/* Give an error that came from below the code that the interface has for it.
 * Returns -1 always. */
int tmk_sop_turn(struct tmk_err *err, enum tmk_sop_code code);

/* ---- sop_io.c --------------------------------------------------------------- */

/* Append what the parameter leads to: a file, the variable behind @ENV:, the
 * open descriptor behind @FD:. Its size is bounded by out->max. */
int tmk_sop_read(struct tmk_buf *out, const char *name, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Append all of standard input. */
int tmk_sop_read_input(struct tmk_buf *out, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Give standard input to `sink`, in constant memory. */
int tmk_sop_pass_input(tmk_package_sink *sink, void *to, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether an output parameter (NULL: not given) could be written: a name that
 * is free, or @FD:. Asked before anything else is done. */
int tmk_sop_output_ok(const char *name, struct tmk_err *err) TMK_MUST_CHECK;

/* Write it. A file is whole or not there. */
int tmk_sop_write(const char *name, const void *data, size_t len,
		  struct tmk_err *err) TMK_MUST_CHECK;

/* Write standard output to its last byte. */
int tmk_sop_write_output(const void *data, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/* ---- sop_armour.c ----------------------------------------------------------- */

#define TMK_SOP_LABEL_MESSAGE "PGP MESSAGE"

/*
 * Put the packets that `data` holds into `out`, which is empty: as they are
 * when it is binary, else out of one or more armours, one behind the other,
 * with the label `label`, or with any of OpenPGP's when it is NULL. BAD_DATA
 * for anything else, and `out` stays empty.
 */
int tmk_sop_dearmour(struct tmk_buf *out, const uint8_t *data, size_t len,
		     const char *label, const char *name, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Append the armour of `data`. */
int tmk_sop_armour(struct tmk_buf *out, const char *label,
		   const uint8_t *data, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The label that packets are armoured with, by the first of them; NULL when
 * they are no OpenPGP or hold a secret key. */
const char *tmk_sop_label(const uint8_t *data, size_t len);

/* ---- sop_message.c ---------------------------------------------------------- */

/* A message that was taken apart. */
struct tmk_sop_message {
	enum tmk_cleartext_form form;	/* which text its signatures are
				   over where they are over text */
	bool framed;		/* it is a clearsigned text */
	struct tmk_buf data;	/* what was signed, for people: a clearsigned
				   text as it was signed, in lines of LF */
	struct tmk_buf seals;	/* the signature packets */
};

/* Start with nothing / free what is inside. */
void tmk_sop_message_init(struct tmk_sop_message *message);
void tmk_sop_message_release(struct tmk_sop_message *message);

/* Take an inline-signed message apart: a clearsigned text; or signatures
 * around one literal packet (RFC 9580 section 10.3), armoured or not, neither
 * compressed nor encrypted. BAD_DATA for all else. */
int tmk_sop_message_parse(struct tmk_sop_message *message,
			  const uint8_t *data, size_t len,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* Append the packets of a message: one-pass packets, `data` as a literal,
 * and the signatures in `seals`, which are over it. */
int tmk_sop_message_write(struct tmk_buf *out, const uint8_t *data, size_t len,
			  const uint8_t *seals, size_t seals_len,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* ---- subcommands ------------------------------------------------------------ */

/* argv[0] is the subcommand. Return the exit code; `err` has it too, unless
 * it is 0. */
int tmk_sop_sign(int argc, char **argv, struct tmk_err *err);
int tmk_sop_inline_sign(int argc, char **argv, struct tmk_err *err);
int tmk_sop_verify(int argc, char **argv, struct tmk_err *err);
int tmk_sop_inline_verify(int argc, char **argv, struct tmk_err *err);
int tmk_sop_inline_detach(int argc, char **argv, struct tmk_err *err);
int tmk_sop_extract_cert(int argc, char **argv, struct tmk_err *err);
int tmk_sop_do_armour(int argc, char **argv, struct tmk_err *err);
int tmk_sop_do_dearmour(int argc, char **argv, struct tmk_err *err);
int tmk_sop_version(int argc, char **argv, struct tmk_err *err);

struct tmk_opt;

/* Read the options: 0 to go on; 1 when --help was shown; negative for what
 * is wrong. `least` and `most` (-1: any number) are the operands that there
 * may be, which then stand in argv[1..] up to *operands. */
int tmk_sop_options(const struct tmk_opt *table, const bool *help,
		    const char *synopsis, int argc, char **argv, int least,
		    int most, int *operands, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
