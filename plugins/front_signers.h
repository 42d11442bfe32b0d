/*
 * front_signers.h - OpenPGP signatures of one content by several keys, which
 * is read once for all of them.
 *
 * Asks for each signature as front_content.h does for one; what comes out are
 * packets, one behind the other, without armour. Knows no command line and
 * writes nowhere. A key that is not ours is told apart from one that cannot
 * sign. For one thread at a time.
 */
#ifndef TMK_PLUGINS_FRONT_SIGNERS_H
#define TMK_PLUGINS_FRONT_SIGNERS_H

#include "base/buf.h"
#include "base/err.h"
#include "formats/cleartext.h"
#include "plugins/front_ask.h"
#include "x509/digest.h"

#define TMK_FRONT_SIGNERS_MAX 8

struct tmk_front_signer {
	struct tmk_request request;	/* its strings are borrowed */
	struct tmk_answer answer;	/* to PREPARE, then the signature */
	struct tmk_digest digest;
	uint8_t value[TMK_HASH_MAX];
};

struct tmk_front_signers {
	struct tmk_front_ask *ask;	/* borrowed */
	enum tmk_cleartext_form form;	/* 0: the bytes as they are */
	struct tmk_cleartext text;
	struct tmk_front_signer signer[TMK_FRONT_SIGNERS_MAX];
	int signers;
	bool failed;		/* while asking: the last one's answer says
				   why */
};

/* Start without signers; `form` says what is signed (0: bytes) and stays. The
 * struct is large: not for small stacks. _release frees what is inside. */
void tmk_front_signers_init(struct tmk_front_signers *s,
			    struct tmk_front_ask *ask,
			    enum tmk_cleartext_form form);
void tmk_front_signers_release(struct tmk_front_signers *s);

/*
 * Ask whether the key of this request (format, text and armour are set here)
 * can sign: 0 and it is one of the signers; 1 when it is not ours; negative
 * when it cannot sign.
 */
int tmk_front_signers_add(struct tmk_front_signers *s,
			  const struct tmk_request *request,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* The next piece of the content; a tmk_package_sink too. Fails with TMK_INPUT
 * for text that has no canonical form. */
int tmk_front_signers_feed(void *s, const uint8_t *data, size_t len,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* All that `fd` gives, in constant memory; `name` is for messages. */
int tmk_front_signers_feed_fd(struct tmk_front_signers *s, int fd,
			      const char *name, struct tmk_err *err)
	TMK_MUST_CHECK;

/* There is no more: have it signed by all of them, in order, and append the
 * packets to `out`. Nothing is appended when one fails. */
int tmk_front_signers_sign(struct tmk_front_signers *s, struct tmk_buf *out,
			   struct tmk_err *err) TMK_MUST_CHECK;

#endif
