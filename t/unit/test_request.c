/* The request protocol: what is written is read, and nothing else is. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "key/request.h"
#include "t/unit/tap.h"

static uint8_t digest[TMK_HASH_MAX];

static struct tmk_request full(void)
{
	struct tmk_request r;

	tmk_request_init(&r);
	r.verb = TMK_REQUEST_SIGN;
	r.program = "gpgsm";
	r.key = "release";
	r.format = TMK_REQUEST_OPENPGP;
	r.armour = true;
	r.name_space = "git";
	r.digest_algo = "SHA256";
	r.stamp = TMK_REQUEST_STAMP_REQUIRE;
	r.directory = "/home/a/work";
	r.git_dir = ".git";
	r.pin_file = "/run/pin";
	r.pin_file_env = "/run/env-pin";
	r.credentials_dir = "/run/credentials";
	r.digest = digest;
	r.digest_len = 32;
	r.hash = TMK_SHA256;
	r.time = 1700000000;
	r.env[0] = "HOME=/home/a";
	r.env[1] = "DISPLAY=";
	r.envs = 2;
	r.text = true;
	r.artefact = "dist/a-1.0.tar.xz";
	r.content = "git-commit";
	r.content_digest = digest;
	r.content_digest_len = 32;
	r.requester = "alice";
	return r;
}

/* The body of a frame, in memory of exactly its size. */
static uint8_t *body_of(const struct tmk_buf *frame, size_t *len)
{
	uint8_t *body;

	*len = frame->len - TMK_FRAME_HEAD;
	body = malloc(*len ? *len : 1);
	if (!body)
		abort();
	memcpy(body, frame->data + TMK_FRAME_HEAD, *len);
	return body;
}

static void same_text(const char *got, const char *want, const char *what)
{
	is_str(got, want, "%s", what);
}

static void round_trip(void)
{
	struct tmk_buf b = TMK_BUF_INIT(TMK_REQUEST_MAX);
	struct tmk_request r = full(), got;
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t *body;
	size_t len;

	ok(!tmk_request_encode(&b, &r, &err), "a request is written");
	is_int(tmk_frame_length(b.data, TMK_REQUEST_MAX, &err),
	       (long long)(b.len - TMK_FRAME_HEAD), "its head tells its length");
	body = body_of(&b, &len);
	is_int(tmk_frame_kind(body, len), TMK_FRAME_REQUEST, "and its kind");
	ok(!tmk_request_decode(&got, body, len, &err), "it is read");
	ok(got.verb == r.verb && got.format == r.format && got.armour &&
	   got.stamp == r.stamp && got.hash == r.hash && got.time == r.time &&
	   got.envs == 2 && !got.env[2] && !got.payload, "its numbers");
	same_text(got.program, r.program, "program");
	same_text(got.key, r.key, "key");
	same_text(got.name_space, r.name_space, "namespace");
	same_text(got.digest_algo, r.digest_algo, "digest algorithm");
	same_text(got.directory, r.directory, "directory");
	same_text(got.git_dir, r.git_dir, "git directory");
	same_text(got.pin_file, r.pin_file, "PIN file");
	same_text(got.pin_file_env, r.pin_file_env, "PIN file of the variable");
	same_text(got.credentials_dir, r.credentials_dir, "credentials");
	same_text(got.env[0], r.env[0], "first variable");
	same_text(got.env[1], r.env[1], "second variable");
	same_text(got.artefact, r.artefact, "artefact");
	same_text(got.content, r.content, "kind of content");
	ok(got.content_digest_len == 32 &&
	   !memcmp(got.content_digest, r.content_digest, 32),
	   "digest of the content");
	same_text(got.requester, r.requester, "requester");
	ok(got.text, "of text");
	is_mem(got.digest, got.digest_len, digest, 32, "digest");
	free(body);
	tmk_buf_release(&b);
}

/* A payload of all sizes at the edge; an empty key is not a missing one. */
static void payloads(void)
{
	static uint8_t content[TMK_REQUEST_PAYLOAD_MAX + 1];
	static const size_t sizes[] = { 0, 1, TMK_REQUEST_PAYLOAD_MAX };
	struct tmk_buf b = TMK_BUF_INIT(TMK_REQUEST_MAX + TMK_FRAME_HEAD);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_request r, got;
	size_t i, len;
	uint8_t *body;

	tmk_request_init(&r);
	r.verb = TMK_REQUEST_SIGN;
	r.format = TMK_REQUEST_GIT;
	r.key = "";
	r.payload = content;
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		tmk_buf_clear(&b);
		r.payload_len = sizes[i];
		ok(!tmk_request_encode(&b, &r, &err), "%zu bytes are written",
		   sizes[i]);
		body = body_of(&b, &len);
		ok(!tmk_request_decode(&got, body, len, &err) && got.payload &&
		   got.payload_len == sizes[i], "and read");
		is_str(got.key, "", "the empty key is there");
		free(body);
	}
	tmk_buf_clear(&b);
	r.payload_len = TMK_REQUEST_PAYLOAD_MAX + 1;
	ok(tmk_request_encode(&b, &r, &err) && err.code == TMK_INPUT && !b.len,
	   "one byte more is refused, and nothing was written");
	tmk_buf_release(&b);
}

static void refuses(const struct tmk_request *r, const char *what)
{
	struct tmk_buf b = TMK_BUF_INIT(TMK_REQUEST_MAX);
	struct tmk_err err = TMK_ERR_INIT;

	ok(tmk_request_encode(&b, r, &err) && err.code == TMK_INPUT &&
	   *err.text && !b.len, "not written: %s", what);
	tmk_buf_release(&b);
}

static void rules(void)
{
	static char many[TMK_REQUEST_TEXT_MAX + 2];
	struct tmk_request r;

	memset(many, 'a', sizeof(many) - 1);
	r = full();
	r.key = many;
	refuses(&r, "a text that is too long");
	r = full();
	r.payload = digest;
	refuses(&r, "content and its digest");
	r = full();
	r.digest = NULL;
	refuses(&r, "a hash without a digest");
	r = full();
	r.digest_len = 31;
	refuses(&r, "a digest of another length");
	r = full();
	r.hash = TMK_SHA512;
	refuses(&r, "a digest of another hash");
	r = full();
	r.hash = TMK_WHOLE;
	r.digest_len = 0;
	refuses(&r, "a digest where there is none");
	r = full();
	r.format = 0;
	refuses(&r, "no format");
	r = full();
	r.format = TMK_REQUEST_CMS;
	refuses(&r, "text in a format that knows none");
	r = full();
	r.artefact = many;
	refuses(&r, "a name of an artefact that is too long");
	r = full();
	r.directory = "work";
	refuses(&r, "a directory that is not absolute");
	r = full();
	r.pin_file = "pin";
	refuses(&r, "a PIN file that is not absolute");
	r = full();
	r.env[1] = "=x";
	refuses(&r, "a variable without a name");
	r = full();
	r.env[1] = "x";
	refuses(&r, "a variable without a value");
	r = full();
	r.envs = TMK_REQUEST_ENV_MAX + 1;
	refuses(&r, "too many variables");
	r = full();
	r.time = -1;
	refuses(&r, "a time before 1970");
	r = full();
	r.verb = TMK_REQUEST_PREPARE;
	refuses(&r, "content before there is any");
	r = full();
	r.verb = TMK_REQUEST_STOP;
	refuses(&r, "a stop that says more");
}

/* What stands in one form alone. */
static void contents(void)
{
	struct tmk_request r = full();

	r.content = "";
	refuses(&r, "an empty kind of content");
	r.content = "git commit";
	refuses(&r, "a kind of content with a space");
	r.content = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaa";
	refuses(&r, "a kind of content that is too long");
	r = full();
	r.content_digest_len = 31;
	refuses(&r, "a content digest of another length");
	r = full();
	r.id = "0123456789abcdef0123456789abcdef";
	refuses(&r, "a signature that names a waiting request");
}

/* What is said of requests that wait for approvals. */
static void approvals(void)
{
	struct tmk_buf b = TMK_BUF_INIT(TMK_REQUEST_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_request r, got;
	uint8_t *body;
	size_t len;

	tmk_request_init(&r);
	r.verb = TMK_REQUEST_APPROVE;
	r.payload = (const uint8_t *)"CMS";
	r.payload_len = 3;
	refuses(&r, "an approval of nothing");
	r.id = "0123456789abcdef0123456789ABCDEF";
	refuses(&r, "a request's name in upper case");
	r.id = "0123456789abcdef0123456789abcde";
	refuses(&r, "a request's name that is too short");
	r.id = "0123456789abcdef0123456789abcdef";
	if (tmk_request_encode(&b, &r, &err))
		abort();
	body = body_of(&b, &len);
	ok(!tmk_request_decode(&got, body, len, &err) &&
	   got.verb == TMK_REQUEST_APPROVE && got.payload_len == 3,
	   "an approval is read");
	same_text(got.id, r.id, "name of the request");
	free(body);
	tmk_buf_release(&b);
	r.verb = TMK_REQUEST_WAITING;
	refuses(&r, "a list with content");
	r.payload = NULL;
	r.payload_len = 0;
	is_int(tmk_request_encode(&b, &r, &err), 0, "one request is asked for");
	tmk_buf_release(&b);
	r.id = NULL;
	is_int(tmk_request_encode(&b, &r, &err), 0, "all are asked for");
	tmk_buf_release(&b);
	r.verb = TMK_REQUEST_APPROVE;
	r.id = "0123456789abcdef0123456789abcdef";
	refuses(&r, "an approval without a signature");
	r.verb = TMK_REQUEST_STATUS;
	refuses(&r, "a status of one request");
}

/* Every beginning and every changed byte: read as something that can be
 * written again, or refused with a reason. */
static void mutations(void)
{
	struct tmk_buf b = TMK_BUF_INIT(TMK_REQUEST_MAX);
	struct tmk_request r = full(), got;
	struct tmk_err err = TMK_ERR_INIT;
	size_t len, i, cut = 0, bad = 0;
	uint8_t *body;

	if (tmk_request_encode(&b, &r, &err))
		abort();
	body = body_of(&b, &len);
	for (i = 1; i < len; i++) {
		uint8_t *part = malloc(i);

		if (!part)
			abort();
		memcpy(part, body, i);
		cut += !tmk_request_decode(&got, part, i, &err);
		free(part);
	}
	/* It may end behind the hash, the time, each variable, the flag, the
	 * artefact, the kind of content and its digest. */
	is_int((long long)cut, 8, "of all beginnings eight are requests");
	for (i = 0; i < len; i++) {
		uint8_t *copy = malloc(len);

		if (!copy)
			abort();
		memcpy(copy, body, len);
		copy[i] ^= 0x80;
		err = (struct tmk_err)TMK_ERR_INIT;
		if (tmk_request_decode(&got, copy, len, &err)) {
			bad += !*err.text || err.code != TMK_INPUT;
		} else {
			struct tmk_buf again = TMK_BUF_INIT(TMK_REQUEST_MAX);

			bad += !!tmk_request_encode(&again, &got, &err);
			tmk_buf_release(&again);
		}
		free(copy);
	}
	is_int((long long)bad, 0, "every flipped bit is refused, or means "
	       "something that can be written");
	free(body);
	tmk_buf_release(&b);
}

/* ---- answers -------------------------------------------------------------- */

static int again(struct tmk_answer *got, const struct tmk_answer *a,
		 struct tmk_err *err)
{
	struct tmk_buf b = TMK_BUF_INIT(TMK_ANSWER_MAX + TMK_FRAME_HEAD);
	uint8_t *body;
	size_t len;
	int rc;

	tmk_answer_init(got);
	if (tmk_answer_encode(&b, a, err)) {
		tmk_buf_release(&b);
		return -1;
	}
	body = body_of(&b, &len);
	rc = tmk_answer_decode(got, body, len, err);
	free(body);
	tmk_buf_release(&b);
	return rc;
}

static void answers(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_answer a, got;

	tmk_answer_init(&a);
	if (tmk_buf_add(&a.seal, "seal\0\1", 6) ||
	    tmk_buf_addstr(&a.trailer, "trailer"))
		abort();
	tmk_answer_warn(&a, "gpgsm", "the certificate\nexpires");
	memcpy(a.created, "D 1 8", 6);
	memcpy(a.signer, "CN=a", 5);
	memcpy(a.fingerprint, "abc", 4);
	a.hash = TMK_SHA384;
	a.time = 0;
	a.stamped = true;
	ok(!again(&got, &a, &err), "an answer is written and read");
	is_mem(got.seal.data, got.seal.len, "seal\0\1", 6, "the seal");
	is_mem(got.trailer.data, got.trailer.len, "trailer", 7, "the trailer");
	is_str(tmk_buf_str(&got.lines), "gpgsm: the certificate\\x0aexpires\n",
	       "the warning, one line");
	is_str(got.created, "D 1 8", "created");
	is_str(got.signer, "CN=a", "signer");
	is_str(got.fingerprint, "abc", "fingerprint");
	ok(got.hash == TMK_SHA384 && !got.time && got.stamped && !got.code,
	   "numbers");
	tmk_answer_release(&got);

	/* A no never carries what a yes has. */
	tmk_err_set(&err, TMK_KEY, "no\033[31m key");
	tmk_err_hint(&err, "look");
	tmk_answer_fail(&a, &err);
	ok(!again(&got, &a, &err), "a no is written and read");
	is_int(got.code, TMK_KEY, "its code");
	is_str(got.text, "no\\x1b[31m key", "its text, safe to show");
	is_str(got.hint, "look", "its hint");
	ok(!got.seal.len && !got.trailer.len && !*got.created &&
	   !*got.signer && got.time == TMK_TIME_NONE && !got.stamped,
	   "and nothing else");
	tmk_answer_release(&got);
	a.code = 9;
	ok(again(&got, &a, &err), "an unknown code is not written");
	tmk_answer_release(&a);
	tmk_answer_release(&got);
}

static void bad_answers(void)
{
	/* kind, then fields: tag, be32 length, bytes */
	static const struct {
		const char *what;
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "no code", "\2", 1 },
		{ "an unknown code", "\2\1\0\0\0\1\11", 7 },
		{ "a no without a reason", "\2\1\0\0\0\1\3", 7 },
		{ "a no with a seal",
		  "\2\1\0\0\0\1\3\3\0\0\0\1x\5\0\0\0\1y", 19 },
		{ "declined with a seal",
		  "\2\1\0\0\0\1\0\2\0\0\0\1\1\5\0\0\0\1y", 19 },
		{ "an empty seal", "\2\1\0\0\0\1\0\5\0\0\0\0", 12 },
		{ "a control character", "\2\1\0\0\0\1\3\3\0\0\0\1\33", 13 },
		{ "no UTF-8", "\2\1\0\0\0\1\3\3\0\0\0\1\377", 13 },
		{ "a flag of 0", "\2\1\0\0\0\1\0\15\0\0\0\1\0", 13 },
		{ "a field of tomorrow", "\2\1\0\0\0\1\0\17\0\0\0\1\0", 13 },
		{ "a time of seven bytes",
		  "\2\1\0\0\0\1\0\14\0\0\0\7\0\0\0\0\0\0\0", 19 },
		{ "bytes behind", "\2\1\0\0\0\1\0\0", 8 },
	};
	struct tmk_err err;
	struct tmk_answer got;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct tmk_err)TMK_ERR_INIT;
		tmk_answer_init(&got);
		ok(tmk_answer_decode(&got, (const uint8_t *)bad[i].bytes,
				     bad[i].len, &err) && *err.text &&
		   !got.seal.len, "refused: %s", bad[i].what);
		tmk_answer_release(&got);
	}
}

static void notices(void)
{
	struct tmk_buf b = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;
	char text[512] = "before", many[3000];
	uint8_t *body;
	size_t len;

	ok(!tmk_notice_encode(&b, "touch\nit", &err), "a notice is written");
	body = body_of(&b, &len);
	ok(!tmk_notice_decode(text, sizeof(text), body, len, &err), "and read");
	is_str(text, "touch\\x0ait", "as one line");
	ok(tmk_notice_decode(text, sizeof(text), body, len - 1, &err),
	   "a cut one is not");
	free(body);
	tmk_buf_clear(&b);
	memset(many, 'a', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	ok(!tmk_notice_encode(&b, many, &err), "a long one is written");
	body = body_of(&b, &len);
	ok(!tmk_notice_decode(text, sizeof(text), body, len, &err) &&
	   strlen(text) == 511 && !strcmp(text + 508, "..."), "and cut");
	free(body);
	tmk_buf_clear(&b);
	ok(!tmk_notice_encode(&b, "", &err), "an empty one is written");
	body = body_of(&b, &len);
	ok(!tmk_notice_decode(text, sizeof(text), body, len, &err) && !*text,
	   "and read");
	free(body);
	tmk_buf_release(&b);
}

/* Every format there is, and BLAKE2b for the one that hashes with it. */
static void formats(void)
{
	struct tmk_buf b = TMK_BUF_INIT(TMK_REQUEST_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_request r, got;
	uint8_t *body;
	size_t len;
	int n;

	for (n = TMK_REQUEST_CMS; n <= TMK_REQUEST_SIGNIFY; n++) {
		r = full();
		r.text = false;
		r.format = (enum tmk_request_format)n;
		tmk_buf_clear(&b);
		ok(!tmk_request_encode(&b, &r, &err), "format %d is written",
		   n);
		body = body_of(&b, &len);
		ok(!tmk_request_decode(&got, body, len, &err) &&
		   (int)got.format == n && !got.text, "and read");
		free(body);
	}
	r.hash = TMK_BLAKE2B512;
	r.digest_len = 64;
	tmk_buf_clear(&b);
	ok(!tmk_request_encode(&b, &r, &err), "BLAKE2b-512 is written");
	body = body_of(&b, &len);
	ok(!tmk_request_decode(&got, body, len, &err) &&
	   got.hash == TMK_BLAKE2B512 && got.digest_len == 64, "and read");
	free(body);
	tmk_buf_release(&b);
}

/* The hash of a PREPARE's answer may be none at all. */
static void whole_answer(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_answer a, got;

	tmk_answer_init(&a);
	a.hash = TMK_WHOLE;
	ok(!again(&got, &a, &err) && got.hash == TMK_WHOLE,
	   "an answer that asks for the content");
	tmk_answer_release(&a);
	tmk_answer_release(&got);
}

int main(void)
{
	round_trip();
	formats();
	whole_answer();
	payloads();
	rules();
	contents();
	approvals();
	mutations();
	answers();
	bad_answers();
	notices();
	return tap_done();
}
