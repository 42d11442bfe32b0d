/*
 * The store of AWS KMS: keys that are made in its hardware and do not leave
 * it.
 *
 * A key is looked at with GetPublicKey, which the service refuses for one that
 * is disabled or waits for its deletion, and is used by the ARN that was shown
 * then: an alias that is pointed elsewhere between two calls changes nothing.
 */
#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/json.h"
#include "key/kms_aws.h"
#include "key/kms_store.h"
#include "key/kms_text.h"

#define SERVICE "AWS KMS"
#define BODY_MAX 2048
#define SPKI_MAX 2048

struct aws_key {
	struct tmk_kms_key base;	/* the first member */
	struct tmk_kms_aws aws;
	char arn[TMK_KMS_AWS_KEY];
	char spec[32];		/* KeySpec */
	char holder[TMK_KMS_AWS_NAME + 16];
};

/* {"KeyId": KEY}, or the beginning of it. */
static void begin(struct tmk_json *j, struct tmk_buf *body, const char *key)
{
	tmk_json_init(j, body);
	tmk_json_open_object(j, NULL);
	tmk_json_string(j, "KeyId", key);
}

static int call(struct tmk_kms_answer *answer, const struct tmk_kms_aws *aws,
		const char *action, const char *key, struct tmk_err *err)
{
	struct tmk_buf body = TMK_BUF_INIT(BODY_MAX);
	struct tmk_json j;
	int rc;

	begin(&j, &body, key);
	tmk_json_close_object(&j);
	rc = tmk_json_finish(&j) ? tmk_err_nomem(err) :
		tmk_kms_aws_call(answer, aws, action, &body, err);
	tmk_buf_release(&body);
	return rc;
}

/* A text that must be there. */
static int text_of(char *out, size_t size, const struct tmk_kms_answer *answer,
		   const char *name, struct tmk_err *err)
{
	if (!tmk_kms_json(out, size, &answer->body, name, NULL))
		return 0;
	return tmk_kms_store_wrong(SERVICE, name, err);
}

/* Base64 that must be there, as bytes. */
static int bytes_of(struct tmk_buf *out, const struct tmk_kms_answer *answer,
		    const char *name, struct tmk_err *err)
{
	char text[TMK_KMS_TEXT_MAX];

	if (text_of(text, sizeof(text), answer, name, err))
		return -1;
	if (strchr(text, '\n') || tmk_dec_base64(out, text, strlen(text)))
		return tmk_kms_store_wrong(SERVICE, name, err);
	return 0;
}

/* ---- looking --------------------------------------------------------- */

/* Whether the ARN that came is of what was asked for: the same, or the same
 * id. Where an alias leads the service alone knows. */
static bool is_asked(const char *asked, const char *arn)
{
	const char *id = strstr(arn, ":key/");

	if (strncmp(arn, "arn:", 4) || !id ||
	    strspn(arn, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "0123456789:/_-") != strlen(arn))
		return false;
	if (!strncmp(asked, "alias/", 6) || strstr(asked, ":alias/"))
		return true;
	return !strcmp(asked, arn) || !strcmp(asked, id + strlen(":key/"));
}

/* What the key is and may; said once more by its public part. */
static int check_key(const struct aws_key *key, struct tmk_err *err)
{
	static const struct {
		const char *spec;
		enum tmk_algorithm algorithm;
		unsigned int bits;
	} known[] = {
		{ "RSA_3072", TMK_KEY_RSA, 3072 },
		{ "RSA_4096", TMK_KEY_RSA, 4096 },
		{ "ECC_NIST_P256", TMK_KEY_EC, 256 },
		{ "ECC_NIST_P384", TMK_KEY_EC, 384 },
	};
	const struct tmk_signer *s = &key->base.signer;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(key->spec, known[i].spec) &&
		    s->algorithm == known[i].algorithm &&
		    s->bits == known[i].bits)
			return 0;
	return tmk_kms_store_wrong(SERVICE, "KeySpec, and a public key of "
				   "another kind", err);
}

static int check_spec(const char *spec, const char *usage,
		      struct tmk_err *err)
{
	if (!strcmp(usage, "SIGN_VERIFY") &&
	    (!strcmp(spec, "RSA_3072") || !strcmp(spec, "RSA_4096") ||
	     !strcmp(spec, "ECC_NIST_P256") || !strcmp(spec, "ECC_NIST_P384")))
		return 0;
	tmk_err_set(err, TMK_KEY, "the AWS key is no key that signs code: it "
		    "is %.40s, for %.40s", spec, usage);
	return tmk_err_hint(err, "make one: aws kms create-key --key-usage "
			    "SIGN_VERIFY --key-spec RSA_3072 (or RSA_4096, "
			    "ECC_NIST_P256, ECC_NIST_P384)");
}

static int read_key(struct aws_key *key, const struct tmk_kms_answer *answer,
		    struct tmk_err *err)
{
	struct tmk_buf spki = TMK_BUF_INIT(SPKI_MAX);
	char usage[64];
	int rc = -1;

	if (text_of(key->arn, sizeof(key->arn), answer, "KeyId", err) ||
	    text_of(key->spec, sizeof(key->spec), answer, "KeySpec", err) ||
	    text_of(usage, sizeof(usage), answer, "KeyUsage", err) ||
	    bytes_of(&spki, answer, "PublicKey", err))
		goto out;
	if (!is_asked(key->aws.key, key->arn))
		tmk_kms_store_wrong(SERVICE, "KeyId", err);
	else if (!check_spec(key->spec, usage, err) &&
		 !tmk_kms_key_public(&key->base, spki.data, spki.len, err))
		rc = check_key(key, err);
out:
	tmk_buf_release(&spki);
	return rc;
}

/* ---- signing --------------------------------------------------------- */

/* The SigningAlgorithm; NULL when the service has none for the key. */
static const char *algorithm_of(const struct tmk_signer *s,
				enum tmk_hash hash)
{
	if (s->algorithm == TMK_KEY_RSA)
		return hash == TMK_SHA256 ? "RSASSA_PKCS1_V1_5_SHA_256" :
			hash == TMK_SHA384 ? "RSASSA_PKCS1_V1_5_SHA_384" :
			hash == TMK_SHA512 ? "RSASSA_PKCS1_V1_5_SHA_512" :
			NULL;
	/* Each curve has its own digest there. */
	return s->bits == 256 && hash == TMK_SHA256 ? "ECDSA_SHA_256" :
		s->bits == 384 && hash == TMK_SHA384 ? "ECDSA_SHA_384" : NULL;
}

static int ask_sign(struct tmk_kms_answer *answer, struct aws_key *key,
		    const char *algorithm, const uint8_t *digest, size_t len,
		    struct tmk_err *err)
{
	struct tmk_buf body = TMK_BUF_INIT(BODY_MAX);
	struct tmk_buf message = TMK_BUF_INIT(256);
	struct tmk_json j;
	int rc = tmk_enc_base64(&message, digest, len, 0);

	begin(&j, &body, key->arn);
	tmk_json_string(&j, "Message", tmk_buf_str(&message));
	tmk_json_string(&j, "MessageType", "DIGEST");
	tmk_json_string(&j, "SigningAlgorithm", algorithm);
	tmk_json_close_object(&j);
	rc = rc || tmk_json_finish(&j) ? tmk_err_nomem(err) :
		tmk_kms_aws_call(answer, &key->aws, "Sign", &body, err);
	tmk_buf_release(&body);
	tmk_buf_release(&message);
	return rc;
}

/* The signature of an answer that says what it is. */
static int read_signature(struct tmk_buf *sig, const struct aws_key *key,
			  const struct tmk_kms_answer *answer,
			  const char *algorithm, struct tmk_err *err)
{
	struct tmk_buf raw = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	char text[TMK_KMS_AWS_KEY];
	int rc = -1;

	if (text_of(text, sizeof(text), answer, "SigningAlgorithm", err) ||
	    (strcmp(text, algorithm) &&
	     tmk_kms_store_wrong(SERVICE, "SigningAlgorithm", err)) ||
	    text_of(text, sizeof(text), answer, "KeyId", err) ||
	    (strcmp(text, key->arn) &&
	     tmk_kms_store_wrong(SERVICE, "KeyId", err)) ||
	    bytes_of(&raw, answer, "Signature", err))
		goto out;
	if (key->base.signer.algorithm == TMK_KEY_EC)
		rc = tmk_kms_ecdsa_raw(sig, raw.data, raw.len,
				       key->base.signer.bits, err);
	else
		rc = tmk_buf_add(sig, raw.data, raw.len) ?
			tmk_err_nomem(err) : 0;
out:
	tmk_buf_release(&raw);
	return rc;
}

static int sign(struct tmk_kms_key *base, enum tmk_scheme scheme,
		enum tmk_hash hash, const uint8_t *digest, size_t len,
		struct tmk_buf *sig, struct tmk_err *err)
{
	struct aws_key *key = (struct aws_key *)base;
	const char *algorithm = algorithm_of(&base->signer, hash);
	struct tmk_kms_answer answer;
	int rc;

	(void)scheme;
	if (!algorithm) {
		tmk_err_set(err, TMK_KEY, "AWS KMS signs with %s keys digests "
			    "of another kind alone", key->spec);
		return tmk_err_hint(err, "use an RSA key for this format");
	}
	tmk_kms_answer_init(&answer);
	rc = ask_sign(&answer, key, algorithm, digest, len, err);
	if (!rc)
		rc = read_signature(sig, key, &answer, algorithm, err);
	tmk_kms_answer_release(&answer);
	return rc;
}

/* ---- the door -------------------------------------------------------- */

static int look(struct tmk_kms_key *base, struct tmk_kms_answer *answer,
		const struct tmk_place *place, struct tmk_err *err)
{
	struct aws_key *key = (struct aws_key *)base;

	if (tmk_kms_aws_place(&key->aws, place->uri, place->env, base->ms,
			      err) ||
	    call(answer, &key->aws, "GetPublicKey", key->aws.key, err) ||
	    read_key(key, answer, err))
		return -1;
	snprintf(base->uri, sizeof(base->uri), "awskms:%s%s%s", key->arn,
		 key->aws.named ? "?profile=" : "",
		 key->aws.named ? key->aws.profile : "");
	snprintf(key->holder, sizeof(key->holder), SERVICE " %s",
		 key->aws.region);
	return 0;
}

static struct tmk_kms_store_words words(const struct tmk_kms_key *base)
{
	const struct aws_key *key = (const struct aws_key *)base;

	return (struct tmk_kms_store_words){ key->holder, key->spec,
					     key->aws.key };
}

static int describe(struct tmk_kms_answer *answer, struct tmk_kms_key *base,
		    struct tmk_err *err)
{
	struct aws_key *key = (struct aws_key *)base;
	char arn[TMK_KMS_AWS_KEY];

	if (call(answer, &key->aws, "DescribeKey", key->arn, err) ||
	    text_of(arn, sizeof(arn), answer, "KeyMetadata.Arn", err))
		return -1;
	return strcmp(arn, key->arn) ?
		tmk_kms_store_wrong(SERVICE, "KeyMetadata.Arn", err) : 0;
}

static const struct tmk_kms_store_fact facts[] = {
	{ "Arn", "KeyMetadata.Arn" },
	{ "Origin", "KeyMetadata.Origin" },
	{ "KeySpec", "KeyMetadata.KeySpec" },
	{ "KeyUsage", "KeyMetadata.KeyUsage" },
	{ "KeyState", "KeyMetadata.KeyState" },
	{ "KeyManager", "KeyMetadata.KeyManager" },
	{ "CustomKeyStoreId", "KeyMetadata.CustomKeyStoreId" },
	{ "CloudHsmClusterId", "KeyMetadata.CloudHsmClusterId" },
	{ "XksKeyId", "KeyMetadata.XksKeyConfiguration.Id" },
	{ "MultiRegion", "KeyMetadata.MultiRegion" },
	{ "CreationDate", "KeyMetadata.CreationDate" },
	{ "DeletionDate", "KeyMetadata.DeletionDate" },
	{ NULL, NULL }
};

static const struct tmk_kms_store store = {
	.scheme = TMK_KMS_AWS_SCHEME,
	.service = SERVICE,
	.size = sizeof(struct aws_key),
	.sign = sign,
	.look = look,
	.words = words,
	.describe = describe,
	.facts = facts,
};

TMK_KMS_STORE_DOOR(awskms, store);
