/*
 * request.h - one request for a signature, and its answer, as bytes.
 *
 * Whoever wants a seal says what and with which key; whoever holds the key
 * answers with the finished seal. The same two messages go between a
 * front-end and the in-process signer (as structs), the agent (over its
 * socket) and a forced command over SSH; docs/PROTOCOL.agent gives the bytes.
 *
 * Decoding is strict: a field out of order, repeated, too long, unknown or
 * with a value that means nothing refuses the whole message. Knows no key, no
 * socket and no format; needs libc alone, since small programs link it.
 */
#ifndef TMK_KEY_REQUEST_H
#define TMK_KEY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/signer.h"

#define TMK_REQUEST_PAYLOAD_MAX (1024 * 1024)	/* bytes of content */
#define TMK_REQUEST_MAX (TMK_REQUEST_PAYLOAD_MAX + 65536)
#define TMK_ANSWER_MAX (1024 * 1024 + 65536)
#define TMK_REQUEST_TEXT_MAX 4096	/* bytes of one text field */
#define TMK_REQUEST_ENV_MAX 24		/* variables */
#define TMK_REQUEST_LINES_MAX 8192	/* bytes of warnings */
#define TMK_REQUEST_CONTENT_MAX 64	/* characters of a kind of content */
#define TMK_REQUEST_ID 32	/* hex digits of a request's id */
#define TMK_REQUEST_NAME_MAX 64	/* characters of a requester */

enum tmk_request_verb {
	TMK_REQUEST_SIGN = 1,	/* answer: the seal */
	TMK_REQUEST_PREPARE,	/* answer: hash, trailer, time, signer */
	TMK_REQUEST_STATUS,	/* answer: JSON, one line per session */
	TMK_REQUEST_LOCK,	/* log out; refuse until unlocked */
	TMK_REQUEST_UNLOCK,
	TMK_REQUEST_FORGET,	/* log out and close every session */
	TMK_REQUEST_STOP,
	TMK_REQUEST_WAITING,	/* answer: JSON, one line for each request that
				   waits for approvals; with `id`: the text
				   that is approved (docs/PROTOCOL.approval) */
	TMK_REQUEST_APPROVE	/* `payload` is an approval of `id` */
};

/* What the seal is to be. The numbers are those of enum tmk_seal_format. */
enum tmk_request_format {
	TMK_REQUEST_CMS = 1,
	TMK_REQUEST_OPENPGP,
	TMK_REQUEST_SSH,
	TMK_REQUEST_MINISIGN,
	TMK_REQUEST_SIGNIFY,
	/* What git's gpg.format says in `directory` and the caller's name
	 * leaves open: cms for x509, else openpgp. */
	TMK_REQUEST_GIT = 16
};

enum tmk_request_stamp {
	TMK_REQUEST_STAMP_CONFIGURED = 0,
	TMK_REQUEST_STAMP_PREFER,
	TMK_REQUEST_STAMP_REQUIRE,
	TMK_REQUEST_STAMP_NEVER
};

/* Everything is borrowed. Texts are closed by NUL and hold none; NULL (on the
 * wire: left out) where nothing is said. */
struct tmk_request {
	enum tmk_request_verb verb;
	const char *program;	/* who asks, prefix of warnings: "gpgsm" */
	const char *key;	/* as front_key.h takes it; NULL: the default */
	enum tmk_request_format format;
	bool armour;		/* answer with text instead of binary */
	const char *name_space;	/* SSHSIG */
	bool text;		/* OpenPGP: of canonical text, which the caller
				   has made */
	const char *artefact;	/* what is signed, as the caller calls it, for
				   the record and minisign's comment; NULL */
	const char *digest_algo;	/* --digest-algo: must fit the key */
	enum tmk_request_stamp stamp;
	bool stamps_himself;	/* whoever asks does it, and says never for
				   that alone: what another host puts there is
				   welcome. Not a part of the message */
	const char *directory;	/* absolute: where a repository may be */
	const char *git_dir;	/* GIT_DIR of the caller */
	const char *pin_file;	/* --pin-file, absolute */
	const char *pin_file_env;	/* TOUCHMARK_PIN_FILE */
	const char *credentials_dir;	/* CREDENTIALS_DIRECTORY */
	/* Either the content (payload != NULL), or its digest. */
	const uint8_t *payload;
	size_t payload_len;
	const uint8_t *digest;	/* of content and trailer */
	size_t digest_len;
	enum tmk_hash hash;	/* of the digest; 0 without one */
	int64_t time;		/* with a digest: the signing time that the
				   trailer was made for; else TMK_TIME_NONE */
	const char *content;	/* what the caller says it is: "git-commit",
				   "file", "deb": [a-z0-9-]; NULL */
	const uint8_t *content_digest;	/* SHA-256 of the content alone, where
				   the caller has it: one that waited for
				   approvals is met again; NULL */
	size_t content_digest_len;	/* 32 */
	const char *id;		/* WAITING, APPROVE: which request; or NULL */
	const char *requester;	/* for whom a signing host asks: a name that
				   sshd or systemd vouches for; NULL: for the
				   user whose processes these are */
	/* The caller's environment, as far as it chooses configuration or
	 * where a person is asked: "NAME=VALUE". */
	const char *env[TMK_REQUEST_ENV_MAX + 1];
	int envs;
};

/* What became of it. What is in the buffers belongs to the answer. */
struct tmk_answer {
	int code;		/* enum tmk_code: 0 done */
	bool declined;		/* not for this signer: ask another one (the
				   key is not ours, another configuration) */
	bool away;		/* the key, or what holds it, is not there:
				   another place of it may be asked */
	char text[512];		/* why not */
	char hint[512];
	struct tmk_buf seal;	/* SIGN: finished; STATUS: the lines */
	struct tmk_buf lines;	/* warnings for a person, one per line */
	/* After "[GNUPG:] SIG_CREATED ": type, algorithms, class, time,
	 * fingerprint. "" where the format has none. */
	char created[160];
	char signer[512];	/* who signed, escaped */
	char fingerprint[TMK_HASH_MAX * 2 + 16];
	enum tmk_hash hash;	/* PREPARE */
	struct tmk_buf trailer;	/* PREPARE: to be hashed after the content */
	struct tmk_buf key;	/* PREPARE: SubjectPublicKeyInfo of the key,
				   DER (RFC 5280 4.1.2.7) */
	int64_t time;		/* signing time; TMK_TIME_NONE */
	bool stamped;
};

/* Whether a requester can be called so: 1 to 64 letters, digits, '.', '_',
 * '-' and '@'. */
bool tmk_request_name_ok(const char *name);

/* Start with nothing said. */
void tmk_request_init(struct tmk_request *request);

/* Start with a yes that holds nothing; its buffers get their bounds. */
void tmk_answer_init(struct tmk_answer *answer);

/* Wipe and free what it holds. */
void tmk_answer_release(struct tmk_answer *answer);

/* Make `answer` say what `err` says. */
void tmk_answer_fail(struct tmk_answer *answer, const struct tmk_err *err);

/* Append one warning line, escaped, "program: text". */
void tmk_answer_warn(struct tmk_answer *answer, const char *program,
		     const char *text);

/* Append the bytes of a message, its frame included, to `out`. Fails with
 * TMK_INPUT when a field is longer than the protocol allows. */
int tmk_request_encode(struct tmk_buf *out, const struct tmk_request *request,
		       struct tmk_err *err) TMK_MUST_CHECK;
int tmk_answer_encode(struct tmk_buf *out, const struct tmk_answer *answer,
		      struct tmk_err *err) TMK_MUST_CHECK;

/* A notice: one line for the person while the answer is being made. */
int tmk_notice_encode(struct tmk_buf *out, const char *text,
		      struct tmk_err *err) TMK_MUST_CHECK;

#define TMK_FRAME_HEAD 8	/* bytes: "TMK1" and a be32 length */

enum tmk_frame {
	TMK_FRAME_REQUEST = 1,
	TMK_FRAME_ANSWER,
	TMK_FRAME_NOTICE
};

/* The length of the body that follows this head; negative (TMK_INPUT) for
 * anything that is no head of ours or is longer than `max`. */
int64_t tmk_frame_length(const uint8_t head[TMK_FRAME_HEAD], size_t max,
			 struct tmk_err *err);

/* Which message a body is; negative when it is none. */
int tmk_frame_kind(const uint8_t *body, size_t len);

/* Read a body. Texts and bytes of a request are borrowed from `body`, which
 * must live as long. Fail with TMK_INPUT. */
int tmk_request_decode(struct tmk_request *out, uint8_t *body, size_t len,
		       struct tmk_err *err) TMK_MUST_CHECK;
int tmk_answer_decode(struct tmk_answer *out, const uint8_t *body, size_t len,
		      struct tmk_err *err) TMK_MUST_CHECK;
int tmk_notice_decode(char *text, size_t size, const uint8_t *body, size_t len,
		      struct tmk_err *err) TMK_MUST_CHECK;

#endif
