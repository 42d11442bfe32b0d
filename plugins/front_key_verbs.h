/*
 * front_key_verbs.h - what `touchmark key` can do, one function per verb.
 *
 * Each takes its own argv (argv[0] is the verb), prints its answer on standard
 * output and returns an exit code as struct tmk_command's run does.
 */
#ifndef TMK_PLUGINS_FRONT_KEY_VERBS_H
#define TMK_PLUGINS_FRONT_KEY_VERBS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "iface/store.h"

/* key generate NAME --token L --algorithm A */
int tmk_front_key_generate(int argc, char **argv, struct tmk_err *err);

/* key list [URI] */
int tmk_front_key_list(int argc, char **argv, struct tmk_err *err);

/* key show NAME|URI */
int tmk_front_key_show(int argc, char **argv, struct tmk_err *err);

/* key csr NAME|URI */
int tmk_front_key_csr(int argc, char **argv, struct tmk_err *err);

/* key import-cert NAME|URI FILE */
int tmk_front_key_import(int argc, char **argv, struct tmk_err *err);

/* key export NAME|URI --type x509|openpgp|ssh */
int tmk_front_key_export(int argc, char **argv, struct tmk_err *err);

/* key selftest [NAME...] */
int tmk_front_key_selftest(int argc, char **argv, struct tmk_err *err);

/* key status */
int tmk_front_key_status(int argc, char **argv, struct tmk_err *err);

/* key compromise NAME */
int tmk_front_key_compromise(int argc, char **argv, struct tmk_err *err);

/* key audit: 1 when a row fails */
int tmk_front_key_audit(int argc, char **argv, struct tmk_err *err);

/* key report NAME|URI */
int tmk_front_key_report(int argc, char **argv, struct tmk_err *err);

/* key adopt NAME --token L|URI */
int tmk_front_key_adopt(int argc, char **argv, struct tmk_err *err);

/* key pin NAME|--token L */
int tmk_front_key_pin(int argc, char **argv, struct tmk_err *err);

/* key destroy NAME|URI */
int tmk_front_key_destroy(int argc, char **argv, struct tmk_err *err);

/* Make a request for this key and write it to `out`, as key csr does; NULL
 * where nothing is said. */
int tmk_front_key_csr_write(const char *key, const char *subject,
			    const char *email, const char *out,
			    const char *pin_file, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Read "rsa3072", "rsa4096", "p256", "p384" or "ed25519" into what->algorithm
 * and bits. Fails with TMK_USAGE, for weaker keys as well. */
int tmk_front_key_algorithm(struct tmk_keygen *what, const char *name,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Refuse a key that can have no certificate of use here, since CMS cannot be
 * made with it (Ed25519): TMK_KEY, and what it can do instead. */
int tmk_front_key_cms_ok(enum tmk_algorithm algorithm, struct tmk_err *err)
	TMK_MUST_CHECK;

/* "rsa3072", "p256", "ed25519", ... into `out` (size bytes). Returns `out`. */
char *tmk_front_key_algorithm_name(char *out, size_t size,
				   enum tmk_algorithm algorithm,
				   unsigned int bits);

/*
 * Whose key it is: `given`, else git's user.name and user.email as
 * "Name <mail>"; NULL in *out when git has no address. Belongs to the caller.
 * Fails with TMK_USAGE for what cannot be a user id (control characters, no
 * address).
 */
int tmk_front_key_user(char **out, const char *given, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Keep creation time and user id in the token too, so that the OpenPGP key
 * can be derived from it alone. A token that keeps no data objects is no
 * failure: a line on standard error says so. */
void tmk_front_key_keep_birth(const struct tmk_place *place,
			      const struct tmk_buf *spki, int64_t created,
			      const char *user_id);

/* Refuse an unusable name, and one that is configured already (TMK_USAGE). */
struct tmk_config;
int tmk_front_key_name_free(const struct tmk_config *config, const char *name,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* DIRECTORY-OF-THE-CONFIGURATION/NAME + suffix; belongs to the caller. */
int tmk_front_key_file(char **out, const char *name, const char *suffix,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* `path` as an absolute name, so that it can be kept; belongs to the caller. */
int tmk_front_key_absolute(char **out, const char *path, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Make the directory that `file` is to lie in, if it is missing. */
int tmk_front_key_make_dir(const char *file, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Print one finished line of JSON. */
int tmk_front_key_print(struct tmk_json *j, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
