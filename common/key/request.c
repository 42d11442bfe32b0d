#include "key/request.h"

#include <string.h>

#include "base/clock.h"
#include "key/request_field.h"

/* The fields of a request; docs/PROTOCOL.agent section 3. */
enum tag {
	TAG_VERB = 1,
	TAG_PROGRAM,
	TAG_KEY,
	TAG_FORMAT,
	TAG_ARMOUR,
	TAG_NAME_SPACE,
	TAG_DIGEST_ALGO,
	TAG_STAMP,
	TAG_DIRECTORY,
	TAG_GIT_DIR,
	TAG_PIN_FILE,
	TAG_PIN_FILE_ENV,
	TAG_CREDENTIALS_DIR,
	TAG_PAYLOAD,
	TAG_DIGEST,
	TAG_HASH,
	TAG_TIME,
	TAG_ENV,
	TAG_TEXT,
	TAG_ARTEFACT,
	TAG_CONTENT,
	TAG_CONTENT_DIGEST,
	TAG_ID,
	TAG_REQUESTER
};

#define CONTENT_DIGEST 32	/* bytes of a SHA-256 */

void tmk_request_init(struct tmk_request *request)
{
	*request = (struct tmk_request){ .time = TMK_TIME_NONE };
}

static int nonsense(struct tmk_err *err, const char *what)
{
	return tmk_err_set(err, TMK_INPUT, "the request %s", what);
}

static size_t hash_len(enum tmk_hash hash)
{
	switch (hash) {
	case TMK_SHA256:
		return 32;
	case TMK_SHA384:
		return 48;
	case TMK_SHA512:
	case TMK_BLAKE2B512:
		return 64;
	case TMK_WHOLE:
		break;
	}
	return 0;
}

static bool absolute(const char *path)
{
	return !path || *path == '/';
}

/* Whether a text is `min` to `max` of these characters. */
static bool made_of(const char *text, const char *characters, size_t min,
		    size_t max)
{
	size_t len = strspn(text, characters);

	return !text[len] && len >= min && len <= max;
}

bool tmk_request_name_ok(const char *name)
{
	return made_of(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		       "abcdefghijklmnopqrstuvwxyz0123456789._-@", 1,
		       TMK_REQUEST_NAME_MAX);
}

/* Names that others compare and show: one form, nothing to escape. */
static int check_names(const struct tmk_request *r, struct tmk_err *err)
{
	if (r->content && !made_of(r->content, "abcdefghijklmnopqrstuvwxyz"
				   "0123456789-", 1, TMK_REQUEST_CONTENT_MAX))
		return nonsense(err, "names a kind of content that cannot be "
				"one");
	if (r->id && !made_of(r->id, "0123456789abcdef", TMK_REQUEST_ID,
			      TMK_REQUEST_ID))
		return nonsense(err, "names a request that cannot be one");
	if (r->requester && !tmk_request_name_ok(r->requester))
		return nonsense(err, "is for a requester that cannot be one");
	if (!r->content_digest != !r->content_digest_len ||
	    (r->content_digest && r->content_digest_len != CONTENT_DIGEST))
		return nonsense(err, "has a digest of another length");
	return 0;
}

/* What has to be there, and what must not be, for what is asked. */
static int check_seal(const struct tmk_request *r, struct tmk_err *err)
{
	if (!r->format)
		return nonsense(err, "does not say what to make");
	if (r->id)
		return nonsense(err, "says more than its verb takes");
	if (r->text && r->format != TMK_REQUEST_OPENPGP &&
	    r->format != TMK_REQUEST_GIT)
		return nonsense(err, "is of text in a format that knows none");
	if (r->verb == TMK_REQUEST_PREPARE)
		return r->payload || r->digest || r->hash ||
			r->time != TMK_TIME_NONE ?
			nonsense(err, "brings content too early") : 0;
	if (!r->payload == !r->digest)
		return nonsense(err, "needs either content or its digest");
	if (r->payload)
		return r->hash || r->time != TMK_TIME_NONE ?
			nonsense(err, "says of a digest and has none") : 0;
	if (!hash_len(r->hash) || r->digest_len != hash_len(r->hash))
		return nonsense(err, "has a digest of another length");
	return 0;
}

static int check(const struct tmk_request *r, struct tmk_err *err)
{
	int i;

	if (check_names(r, err))
		return -1;
	if (!absolute(r->directory) || !absolute(r->pin_file) ||
	    !absolute(r->pin_file_env) || !absolute(r->credentials_dir))
		return nonsense(err, "names a path that is not absolute");
	for (i = 0; i < r->envs; i++)
		if (*r->env[i] == '=' || !strchr(r->env[i], '='))
			return nonsense(err, "has a variable without a name");
	if (r->verb == TMK_REQUEST_SIGN || r->verb == TMK_REQUEST_PREPARE)
		return check_seal(r, err);
	if (r->verb == TMK_REQUEST_APPROVE) {
		if (!r->id || !r->payload)
			return nonsense(err, "approves nothing");
	} else if (r->payload ||
		   (r->id && r->verb != TMK_REQUEST_WAITING)) {
		return nonsense(err, "says more than its verb takes");
	}
	if (r->key || r->format || r->armour || r->name_space ||
	    r->digest_algo || r->stamp || r->directory || r->git_dir ||
	    r->pin_file || r->pin_file_env || r->credentials_dir ||
	    r->digest || r->hash || r->time != TMK_TIME_NONE || r->envs ||
	    r->text || r->artefact || r->content || r->content_digest ||
	    r->requester)
		return nonsense(err, "says more than its verb takes");
	return 0;
}

int tmk_request_encode(struct tmk_buf *out, const struct tmk_request *request,
		       struct tmk_err *err)
{
	const struct tmk_request *r = request;
	const size_t max = TMK_REQUEST_TEXT_MAX;
	struct tmk_field_writer w;
	int i;

	if (r->envs < 0 || r->envs > TMK_REQUEST_ENV_MAX)
		return nonsense(err, "has too many variables");
	if (check(r, err))
		return -1;
	tmk_field_begin(&w, out, TMK_FRAME_REQUEST);
	tmk_field_byte(&w, TAG_VERB, (int)r->verb);
	tmk_field_text(&w, TAG_PROGRAM, r->program, max, "program's name");
	tmk_field_text(&w, TAG_KEY, r->key, max, "key's name");
	tmk_field_byte(&w, TAG_FORMAT, (int)r->format);
	tmk_field_byte(&w, TAG_ARMOUR, r->armour);
	tmk_field_text(&w, TAG_NAME_SPACE, r->name_space, max, "namespace");
	tmk_field_text(&w, TAG_DIGEST_ALGO, r->digest_algo, max,
		       "digest's name");
	tmk_field_byte(&w, TAG_STAMP, (int)r->stamp);
	tmk_field_text(&w, TAG_DIRECTORY, r->directory, max,
		       "directory's name");
	tmk_field_text(&w, TAG_GIT_DIR, r->git_dir, max, "repository's name");
	tmk_field_text(&w, TAG_PIN_FILE, r->pin_file, max,
		       "PIN file's name");
	tmk_field_text(&w, TAG_PIN_FILE_ENV, r->pin_file_env, max,
		       "PIN file's name");
	tmk_field_text(&w, TAG_CREDENTIALS_DIR, r->credentials_dir, max,
		       "credentials' folder");
	if (r->payload)
		tmk_field_bytes(&w, TAG_PAYLOAD, r->payload, r->payload_len,
				TMK_REQUEST_PAYLOAD_MAX, "content");
	if (r->digest)
		tmk_field_bytes(&w, TAG_DIGEST, r->digest, r->digest_len,
				TMK_HASH_MAX, "digest");
	tmk_field_byte(&w, TAG_HASH, (int)r->hash);
	tmk_field_time(&w, TAG_TIME, r->time);
	for (i = 0; i < r->envs; i++)
		tmk_field_text(&w, TAG_ENV, r->env[i], max, "environment");
	tmk_field_byte(&w, TAG_TEXT, r->text);
	tmk_field_text(&w, TAG_ARTEFACT, r->artefact, max, "artefact's name");
	tmk_field_text(&w, TAG_CONTENT, r->content, max, "kind of content");
	if (r->content_digest)
		tmk_field_bytes(&w, TAG_CONTENT_DIGEST, r->content_digest,
				r->content_digest_len, CONTENT_DIGEST,
				"digest");
	tmk_field_text(&w, TAG_ID, r->id, max, "request's name");
	tmk_field_text(&w, TAG_REQUESTER, r->requester, max,
		       "requester's name");
	if (!w.failed && out->len - w.start - TMK_FRAME_HEAD > TMK_REQUEST_MAX)
		w.failed = "environment";
	return tmk_field_finish(&w, err);
}

static int read_env(struct tmk_request *r, const struct tmk_field *f,
		    struct tmk_err *err)
{
	if (r->envs == TMK_REQUEST_ENV_MAX)
		return nonsense(err, "has too many variables");
	if (tmk_field_get_text(&r->env[r->envs], f, TMK_REQUEST_TEXT_MAX,
			       err))
		return -1;
	r->envs++;
	return 0;
}

/* Where a text field goes; NULL for one that is no text. */
static const char **text_of(struct tmk_request *r, int tag)
{
	switch (tag) {
	case TAG_PROGRAM:
		return &r->program;
	case TAG_KEY:
		return &r->key;
	case TAG_NAME_SPACE:
		return &r->name_space;
	case TAG_DIGEST_ALGO:
		return &r->digest_algo;
	case TAG_DIRECTORY:
		return &r->directory;
	case TAG_GIT_DIR:
		return &r->git_dir;
	case TAG_PIN_FILE:
		return &r->pin_file;
	case TAG_PIN_FILE_ENV:
		return &r->pin_file_env;
	case TAG_CREDENTIALS_DIR:
		return &r->credentials_dir;
	case TAG_ARTEFACT:
		return &r->artefact;
	case TAG_CONTENT:
		return &r->content;
	case TAG_ID:
		return &r->id;
	case TAG_REQUESTER:
		return &r->requester;
	}
	return NULL;
}

static int read_bytes(struct tmk_request *r, const struct tmk_field *f,
		      struct tmk_err *err)
{
	if (f->tag == TAG_PAYLOAD) {
		if (f->len > TMK_REQUEST_PAYLOAD_MAX)
			return nonsense(err, "has too much content");
		r->payload = f->data;
		r->payload_len = f->len;
		return 0;
	}
	if (f->len > TMK_HASH_MAX)
		return nonsense(err, "has a digest of another length");
	if (f->tag == TAG_CONTENT_DIGEST) {
		if (!f->len)
			return nonsense(err, "has a digest of another length");
		r->content_digest = f->data;
		r->content_digest_len = f->len;
		return 0;
	}
	r->digest = f->data;
	r->digest_len = f->len;
	return 0;
}

static int read_number(struct tmk_request *r, const struct tmk_field *f,
		       struct tmk_err *err)
{
	int n = 0;

	switch (f->tag) {
	case TAG_VERB:
		if (tmk_field_get_byte(&n, f, TMK_REQUEST_SIGN,
				       TMK_REQUEST_APPROVE, err))
			return -1;
		r->verb = (enum tmk_request_verb)n;
		return 0;
	case TAG_FORMAT:
		if (tmk_field_get_byte(&n, f, TMK_REQUEST_CMS,
				       TMK_REQUEST_GIT, err))
			return -1;
		if (n > TMK_REQUEST_SIGNIFY && n != TMK_REQUEST_GIT)
			return nonsense(err, "is for a format that there is "
					"not");
		r->format = (enum tmk_request_format)n;
		return 0;
	case TAG_ARMOUR:
	case TAG_TEXT:
		if (tmk_field_get_byte(&n, f, 1, 1, err))
			return -1;
		*(f->tag == TAG_TEXT ? &r->text : &r->armour) = true;
		return 0;
	case TAG_STAMP:
		if (tmk_field_get_byte(&n, f, TMK_REQUEST_STAMP_PREFER,
				       TMK_REQUEST_STAMP_NEVER, err))
			return -1;
		r->stamp = (enum tmk_request_stamp)n;
		return 0;
	case TAG_HASH:
		if (tmk_field_get_byte(&n, f, TMK_SHA256, TMK_BLAKE2B512,
				       err))
			return -1;
		r->hash = (enum tmk_hash)n;
		return 0;
	}
	return nonsense(err, "has a field that is not known");
}

static int read_field(struct tmk_request *r, const struct tmk_field *f,
		      struct tmk_err *err)
{
	const char **text = text_of(r, f->tag);

	if (text)
		return tmk_field_get_text(text, f, TMK_REQUEST_TEXT_MAX, err);
	switch (f->tag) {
	case TAG_PAYLOAD:
	case TAG_DIGEST:
	case TAG_CONTENT_DIGEST:
		return read_bytes(r, f, err);
	case TAG_TIME:
		return tmk_field_get_time(&r->time, f, err);
	case TAG_ENV:
		return read_env(r, f, err);
	}
	return read_number(r, f, err);
}

int tmk_request_decode(struct tmk_request *out, uint8_t *body, size_t len,
		       struct tmk_err *err)
{
	struct tmk_field_reader reader;
	struct tmk_request r;
	struct tmk_field f;
	int rc;

	if (tmk_frame_kind(body, len) != TMK_FRAME_REQUEST)
		return tmk_err_set(err, TMK_INPUT, "this is no request");
	tmk_request_init(&r);
	tmk_field_start(&reader, body, len, TAG_ENV);
	while (!(rc = tmk_field_next(&f, &reader, err)))
		if (read_field(&r, &f, err))
			return -1;
	if (rc < 0)
		return -1;
	if (!r.verb)
		return nonsense(err, "does not say what to do");
	if (check(&r, err))
		return -1;
	*out = r;
	return 0;
}
