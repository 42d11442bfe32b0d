/*
 * aws-httpd - AWS KMS on loopback, as far as signing goes, with software keys;
 * and the metadata of a container and an instance.
 *
 *   aws-httpd --port-file FILE --state DIR --region REGION --id ID
 *             --secret SECRET [--token TOKEN] [--role NAME] [--ask TEXT]
 *
 * DIR has the keys (KEYID.pem), aliases (alias-NAME with a key id in it), and
 * mode: one word that is read at each request and says what is to go wrong.
 * DIR/log gets a line for each request: what was called, and the status. Each
 * connection has a process of its own. Requests are checked as the service
 * documents them: signature, target, media type, KeyId, MessageType, algorithm
 * against the key and the length of the digest.
 *
 * With --role the metadata of an instance (IMDSv2) name it and give out the
 * credentials; /container gives them to whoever sends --ask as Authorization.
 *
 * Modes: ok; what the service refuses with by itself: denied, denied-sign,
 * denied-describe, disabled, state, missing, expired, unknown, throttled,
 * internal, unavailable, incomplete, newer; expired:N, throttled:N, busy:N
 * (429 with Retry-After), internal:N for the first N requests; fading:N
 * (refuses N times, then says nothing); leak (a refusal that repeats the
 * secret and the token); skew (the service's clock is an hour ahead). Wrong
 * answers: usage, spec, weak (calls any key RSA_3072), external (Origin),
 * other-arn, other-public, other-key (signs with other.pem), bit, der,
 * long-der, algorithm, no-base64, garbage, empty, array, gateway, huge, head,
 * drip, late, close, redirect. Of the metadata: no-role, failed, old, odd.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/json_scan.h"
#include "t/mock/aws_meta.h"

#define ACCOUNT "111122223333"

static int port;

/* ---- what goes wrong whatever was called ----------------------------- */

/* Longer than any test waits, and then no answer: one that came so late would
 * stand in the log among those to what is asked by then. */
static void say_nothing(void)
{
	sleep(50);
	_exit(0);
}

/* Refusals of the published API, by mode. */
static void refuse_by_mode(const char *action)
{
	static const struct {
		const char *mode, *type, *text;
		int status;
	} known[] = {
		{ "denied", "AccessDeniedException", "User: "
		  "arn:aws:iam::" ACCOUNT ":user/ci is not authorized to "
		  "perform this action", 400 },
		{ "disabled", "DisabledException", "arn:aws:kms:key is "
		  "disabled.", 400 },
		{ "state", "com.amazonaws.kms#KMSInvalidStateException",
		  "arn:aws:kms:key is pending deletion.", 400 },
		{ "missing", "NotFoundException", "Key does not exist", 400 },
		{ "expired", "ExpiredTokenException", "The security token "
		  "included in the request is expired", 400 },
		{ "unknown", "UnrecognizedClientException", "The security "
		  "token included in the request is invalid.", 400 },
		{ "throttled", "ThrottlingException", "Rate exceeded", 400 },
		{ "internal", "KMSInternalException:http://internal/", "", 500 },
		{ "unavailable", "KeyUnavailableException", "try again", 500 },
		{ "incomplete", "IncompleteSignature", "'Credential' not a "
		  "valid key=value pair", 403 },
		{ "newer", "ANewException", "what nobody knows yet", 400 },
	};
	size_t i;

	if ((mode_is("denied-sign") && !strcmp(action, "Sign")) ||
	    (mode_is("denied-describe") && !strcmp(action, "DescribeKey")))
		snprintf(mode, sizeof(mode), "denied");
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (mode_is(known[i].mode) || first_times(known[i].mode))
			refuse_with(known[i].status, "", known[i].type,
				    known[i].text);
	if (mode_is("busy") || first_times("busy"))
		refuse_with(429, "Retry-After: 1\r\n", "ThrottlingException",
			    "Rate exceeded");
	if (first_times("fading"))
		refuse_with(500, "", "KeyUnavailableException", "try again");
	if (!strncmp(mode, "fading:", 7))
		say_nothing();
}

static void send_drip(void)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n"
		"Content-Length: 10000\r\n\r\n";
	int i;

	put(head, strlen(head));
	for (i = 0; i < 10000; i++) {
		put(" ", 1);
		usleep(50000);
	}
}

static void send_huge(bool head)
{
	static const char begin[] = "HTTP/1.1 200 OK\r\n";
	static char much[65536];
	int i;

	memset(much, 'x', sizeof(much));
	put(begin, strlen(begin));
	for (i = 0; i < 4 && head; i++) {
		put("X-More: ", 8);
		put(much, 50000);
		put("\r\n", 2);
	}
	put("\r\n", 2);
	for (i = 0; i < 1024; i++)
		put(much, sizeof(much));
}

/* Answers that are none of the service's. */
static void answer_wrongly(void)
{
	char extra[512];

	if (mode_is("garbage"))
		reply(200, "<html>not what you think</html>");
	if (mode_is("empty"))
		reply(200, "");
	if (mode_is("array"))
		reply(200, "[]");
	if (mode_is("gateway"))
		reply(403, "<html>a proxy says no</html>");
	if (mode_is("close"))
		finish(0);
	if (mode_is("late"))
		say_nothing();
	if (mode_is("drip"))
		send_drip();
	if (mode_is("huge") || mode_is("head"))
		send_huge(mode_is("head"));
	if (mode_is("redirect")) {
		snprintf(extra, sizeof(extra), "Location: http://127.0.0.1:%d"
			 "/elsewhere\r\n", port);
		reply_with(307, extra, "", 0);
	}
	if (mode_is("leak")) {
		snprintf(extra, sizeof(extra), "you sent %s and %s",
			 account.secret, account.token);
		refuse("AccessDeniedException", extra);
	}
}

/* ---- KMS ------------------------------------------------------------- */

/* The texts of a request's body. */
struct body {
	char key[512], message[512], type[32], algorithm[64];
};

static int on_value(void *ctx, const struct tmk_json_event *e)
{
	struct body *b = ctx;
	const struct {
		const char *name;
		char *to;
		size_t size;
	} known[] = {
		{ "KeyId", b->key, sizeof(b->key) },
		{ "Message", b->message, sizeof(b->message) },
		{ "MessageType", b->type, sizeof(b->type) },
		{ "SigningAlgorithm", b->algorithm, sizeof(b->algorithm) },
	};
	size_t i;

	if (e->kind != TMK_JSON_STRING)
		return e->depth ? -1 : 0;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(e->key, known[i].name) && !*known[i].to &&
		    e->len < known[i].size) {
			memcpy(known[i].to, e->text, e->len + 1);
			return 0;
		}
	return -1;
}

static void read_body(struct body *b, const struct aws_request *r)
{
	static struct tmk_json_scan scan;

	memset(b, 0, sizeof(*b));
	tmk_json_scan_init_any(&scan, on_value, b);
	if (tmk_json_scan_feed(&scan, r->body, r->body_len) ||
	    tmk_json_scan_end(&scan))
		refuse("SerializationException", "");
	if (!*b->key)
		refuse("ValidationException", "1 validation error detected: "
		       "Value null at 'keyId'");
}

static EVP_PKEY *load(const char *id)
{
	char name[600];
	EVP_PKEY *key = NULL;
	FILE *f;

	snprintf(name, sizeof(name), "%s.pem", id);
	f = open_state(name, "r");
	if (f) {
		key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
		fclose(f);
	}
	return key;
}

/* From what a request calls the key to its id; and the key. */
static EVP_PKEY *find(char id[512], const char *asked)
{
	char prefix[128], alias[600];
	EVP_PKEY *key;
	FILE *f;

	snprintf(prefix, sizeof(prefix), "arn:aws:kms:%s:" ACCOUNT ":",
		 account.region);
	if (!strncmp(asked, "arn:", 4)) {
		if (strncmp(asked, prefix, strlen(prefix)))
			refuse("NotFoundException", "Invalid arn");
		asked += strlen(prefix);
		asked += strncmp(asked, "key/", 4) ? 0 : 4;
	}
	snprintf(id, 512, "%.511s", asked);
	if (!strncmp(asked, "alias/", 6) && !strchr(asked + 6, '/')) {
		snprintf(alias, sizeof(alias), "alias-%s", asked + 6);
		f = open_state(alias, "r");
		if (f) {
			if (fgets(id, 512, f))
				id[strcspn(id, "\n")] = '\0';
			fclose(f);
		}
	}
	key = strchr(id, '/') ? NULL : load(id);
	if (!key)
		refuse("NotFoundException", "Key does not exist");
	return key;
}

static const char *spec_of(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		return bits == 4096 ? "RSA_4096" : bits == 3072 ? "RSA_3072" :
			"RSA_2048";
	return bits == 384 ? "ECC_NIST_P384" : bits == 256 ? "ECC_NIST_P256" :
		"ECC_NIST_P521";
}

static void add_base64(struct tmk_json *j, const char *name,
		       const uint8_t *data, size_t len)
{
	struct tmk_buf text = TMK_BUF_INIT(1 << 16);

	if (tmk_enc_base64(&text, data, len, 0))
		die("base64");
	tmk_json_string(j, name, mode_is("no-base64") ? "@@@@" :
			tmk_buf_str(&text));
	tmk_buf_release(&text);
}

static void add_arn(struct tmk_json *j, const char *name, const char *id)
{
	char arn[1024];

	snprintf(arn, sizeof(arn), "arn:aws:kms:%s:" ACCOUNT ":key/%s",
		 account.region, mode_is("other-arn") ?
		 "00000000-0000-0000-0000-000000000000" : id);
	tmk_json_string(j, name, arn);
}

/* The whole answer, once `j` has all of it. */
static void reply_json(struct tmk_json *j)
{
	tmk_json_close_object(j);
	if (tmk_json_finish(j))
		die("answer");
	reply(200, tmk_buf_str(j->out));
}

static void get_public_key(EVP_PKEY *key, const char *id)
{
	struct tmk_buf out = TMK_BUF_INIT(1 << 16);
	EVP_PKEY *shown = mode_is("other-public") ? load("other") : key;
	uint8_t *der = NULL;
	struct tmk_json j;
	int len;

	len = shown ? i2d_PUBKEY(shown, &der) : 0;
	if (len <= 0)
		die("public key");
	tmk_json_init(&j, &out);
	tmk_json_open_object(&j, NULL);
	add_arn(&j, "KeyId", id);
	tmk_json_string(&j, "CustomerMasterKeySpec", spec_of(key));
	tmk_json_string(&j, "KeySpec", mode_is("spec") ? "SM2" :
			mode_is("weak") ? "RSA_3072" : spec_of(key));
	tmk_json_string(&j, "KeyUsage", mode_is("usage") ?
			"ENCRYPT_DECRYPT" : "SIGN_VERIFY");
	add_base64(&j, "PublicKey", der, (size_t)len);
	tmk_json_open_array(&j, "SigningAlgorithms");
	tmk_json_string(&j, NULL, "ECDSA_SHA_256");
	tmk_json_close_array(&j);
	reply_json(&j);
}

static void describe_key(EVP_PKEY *key, const char *id)
{
	struct tmk_buf out = TMK_BUF_INIT(1 << 16);
	struct tmk_json j;

	tmk_json_init(&j, &out);
	tmk_json_open_object(&j, NULL);
	tmk_json_open_object(&j, "KeyMetadata");
	tmk_json_string(&j, "AWSAccountId", ACCOUNT);
	add_arn(&j, "Arn", id);
	tmk_json_int(&j, "CreationDate", 1742515200);
	tmk_json_null(&j, "CustomKeyStoreId");
	tmk_json_bool(&j, "Enabled", true);
	tmk_json_string(&j, "KeyId", id);
	tmk_json_string(&j, "KeyManager", "CUSTOMER");
	tmk_json_string(&j, "KeySpec", spec_of(key));
	tmk_json_string(&j, "KeyState", "Enabled");
	tmk_json_string(&j, "KeyUsage", "SIGN_VERIFY");
	tmk_json_bool(&j, "MultiRegion", !strncmp(id, "mrk-", 4));
	tmk_json_string(&j, "Origin", mode_is("external") ? "EXTERNAL" :
			"AWS_KMS");
	tmk_json_close_object(&j);
	reply_json(&j);
}

/* The digest of an algorithm that the key has; else a refusal. */
static const EVP_MD *digest_of(const EVP_PKEY *key, const char *algorithm)
{
	static const struct {
		const char *algorithm, *spec, *md;
	} known[] = {
		{ "RSASSA_PKCS1_V1_5_SHA_256", "RSA_", "SHA256" },
		{ "RSASSA_PKCS1_V1_5_SHA_384", "RSA_", "SHA384" },
		{ "RSASSA_PKCS1_V1_5_SHA_512", "RSA_", "SHA512" },
		{ "ECDSA_SHA_256", "ECC_NIST_P256", "SHA256" },
		{ "ECDSA_SHA_384", "ECC_NIST_P384", "SHA384" },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(algorithm, known[i].algorithm) &&
		    !strncmp(spec_of(key), known[i].spec,
			     strlen(known[i].spec)))
			return EVP_get_digestbyname(known[i].md);
	refuse("InvalidKeyUsageException", "the key does not have this "
	       "algorithm");
	return NULL;
}

static void sign(EVP_PKEY *key, const char *id, const struct body *b)
{
	struct tmk_buf digest = TMK_BUF_INIT(4096);
	struct tmk_buf out = TMK_BUF_INIT(1 << 16);
	const EVP_MD *md = digest_of(key, b->algorithm);
	EVP_PKEY *with = mode_is("other-key") ? load("other") : key;
	EVP_PKEY_CTX *ctx;
	uint8_t sig[1100];
	size_t len = 1024;
	struct tmk_json j;

	if (strcmp(b->type, "DIGEST") ||
	    tmk_dec_base64(&digest, b->message, strlen(b->message)) ||
	    digest.len != (size_t)EVP_MD_get_size(md))
		refuse("ValidationException", "Digest is invalid length for "
		       "algorithm.");
	ctx = with ? EVP_PKEY_CTX_new(with, NULL) : NULL;
	if (!ctx || EVP_PKEY_sign_init(ctx) <= 0 ||
	    (EVP_PKEY_get_base_id(with) == EVP_PKEY_RSA &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) <= 0) ||
	    EVP_PKEY_CTX_set_signature_md(ctx, md) <= 0 ||
	    EVP_PKEY_sign(ctx, sig, &len, digest.data, digest.len) <= 0)
		die("signature");
	if (mode_is("bit"))
		sig[len - 1] ^= 1;
	if (mode_is("der"))
		sig[1]++;
	if (mode_is("long-der"))
		sig[len++] = 0;
	tmk_json_init(&j, &out);
	tmk_json_open_object(&j, NULL);
	add_arn(&j, "KeyId", id);
	add_base64(&j, "Signature", sig, len);
	tmk_json_string(&j, "SigningAlgorithm", mode_is("algorithm") ?
			"RSASSA_PSS_SHA_256" : b->algorithm);
	reply_json(&j);
}

static void serve_kms(const struct aws_request *r)
{
	static const char prefix[] = "TrentService.";
	const char *target = aws_header(r, "x-amz-target");
	const char *type = aws_header(r, "content-type");
	struct aws_refusal why = { "", "" };
	char id[512];
	struct body b;
	EVP_PKEY *key;

	if (!target || strncmp(target, prefix, strlen(prefix)) ||
	    strcmp(r->method, "POST") || strcmp(r->path, "/"))
		refuse("UnknownOperationException", "");
	called = target + strlen(prefix);
	if (!type || strcmp(type, "application/x-amz-json-1.1"))
		refuse("SerializationException", "");
	account.skew = mode_is("skew") ? 3600 : 0;
	answer_wrongly();
	if (!aws_is_authentic(r, &account, &why))
		refuse(why.type, why.text);
	refuse_by_mode(called);
	read_body(&b, r);
	key = find(id, b.key);
	if (!strcmp(called, "GetPublicKey"))
		get_public_key(key, id);
	if (!strcmp(called, "DescribeKey"))
		describe_key(key, id);
	if (!strcmp(called, "Sign"))
		sign(key, id, &b);
	refuse("UnknownOperationException", "");
}

/* ---- serving --------------------------------------------------------- */

static void serve(void)
{
	struct aws_request r = { .headers = 0 };

	if (!receive(&r)) {
		called = "nonsense";
		reply(400, "");
	}
	read_mode();
	called = r.path;
	if (!strncmp(r.path, "/latest/", 8))
		serve_instance(&r);
	if (!strcmp(r.path, "/container"))
		serve_container(&r);
	serve_kms(&r);
}

/* The port, whole or not at all. */
static void write_port(const char *file)
{
	char temp[4096];
	FILE *f;

	snprintf(temp, sizeof(temp), "%s.new", file);
	f = fopen(temp, "w");
	if (!f || fprintf(f, "%d\n", port) < 0 || fclose(f) ||
	    rename(temp, file))
		die(file);
}

static int listen_on(void)
{
	struct sockaddr_in sa = { 0 };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sa.sin_family = AF_INET;
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) ||
	    listen(fd, 64) || getsockname(fd, (struct sockaddr *)&sa, &len))
		die("cannot listen");
	port = ntohs(sa.sin_port);
	return fd;
}

static const char *options(int argc, char **argv)
{
	const char *port_file = NULL;
	const struct {
		const char *name, **to;
	} known[] = {
		{ "--port-file", &port_file }, { "--state", &state },
		{ "--region", &account.region }, { "--id", &account.id },
		{ "--secret", &account.secret },
		{ "--token", &account.token }, { "--role", &role },
		{ "--ask", &container_ask },
	};
	size_t n;
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		for (n = 0; n < sizeof(known) / sizeof(*known); n++)
			if (!strcmp(argv[i], known[n].name)) {
				*known[n].to = argv[i + 1];
				break;
			}
		if (n == sizeof(known) / sizeof(*known))
			die(argv[i]);
	}
	if (i != argc || !port_file || !state)
		die("usage");
	return port_file;
}

int main(int argc, char **argv)
{
	const char *port_file = options(argc, argv);
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	fd = listen_on();
	write_port(port_file);
	for (;;) {
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			/* Nobody waits for one that hangs. */
			alarm(60);
			serve();
		}
		close(client);
	}
}
