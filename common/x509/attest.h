/*
 * attest.h - a maker's word that a key was made inside its device: key
 * attestation as PIV tokens give it.
 *
 * Of a key that was generated in the device, and of no other one, the device
 * makes a certificate: for the key, issued by the device's own certificate
 * (slot f9), which the maker's CA issued. Extensions under
 * 1.3.6.1.4.1.41482.3 tell about the device: .3 firmware (three bytes), .7
 * serial number (INTEGER), .8 PIN and touch policy (two bytes), .9 form (one
 * byte); the subject ends with the slot.
 *
 * Whom to believe is the caller's: the maker's roots are given. Dates are read
 * and told, but not judged: the device has no clock and copies those of its
 * own certificate, and that a key was made inside does not cease to be true.
 * Revocation of the maker's certificates is not asked for. Pure: no file, no
 * network, no clock.
 */
#ifndef TMK_X509_ATTEST_H
#define TMK_X509_ATTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#define TMK_ATTEST_CERTS_MAX 64	/* certificates that are looked at */
#define TMK_ATTEST_DEPTH 5	/* certificates above the key's, root included */

struct tmk_attest_request {
	/* The key's certificates by its device and those of the maker, in any
	 * order; others among them are passed over. Borrowed. */
	STACK_OF(X509) *certs;
	STACK_OF(X509) *roots;	/* of makers; NULL or none: nobody's */
	const uint8_t *spki;	/* the key that is spoken of, DER */
	size_t spki_len;
};

enum tmk_attest_result {
	TMK_ATTEST_NONE = 0,	/* no certificate is one of a device, or all
				   of them are of other keys */
	TMK_ATTEST_GOOD,
	TMK_ATTEST_BAD		/* one is for the key, and not to be believed */
};

struct tmk_attest_answer {
	enum tmk_attest_result result;
	char text[400];		/* why it is not good, one escaped line */
	char firmware[16];	/* "5.4.3" */
	char serial[24];	/* decimal; "" when the device hides it */
	char slot[4];		/* "9c" */
	const char *pin;	/* "never", "once", "always", ...; static */
	const char *touch;	/* "never", "always", "cached"; static */
	char device[256];	/* subject of the device's certificate, escaped */
	char root[256];		/* subject of the root, escaped */
	char root_sha256[65];	/* its fingerprint, lower-case hex */
	int64_t not_after;	/* of the key's certificate by its device */
	int others;		/* attestations of other keys that were seen */
};

/* Judge; what could not be tried is bad. What stands in the answer besides
 * `result`, `text` and `others` counts when it is good. */
void tmk_attest_judge(struct tmk_attest_answer *answer,
		      const struct tmk_attest_request *request);

/* Whether this certificate says that a device made it for a key: it has one of
 * the extensions that only those have. No more than a hint. */
bool tmk_attest_is(X509 *cert);

#endif
