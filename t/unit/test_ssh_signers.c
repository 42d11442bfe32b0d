/* allowed_signers: each line that is understood, each that is not, and whose
 * key a signature is by. */
#include "t/unit/tap.h"

#include <time.h>

#include "seal/ssh_sig.h"
#include "seal/ssh_signers.h"
#include "t/unit/soft.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFTjQM2S10GwUys7x0VP+Z3q0ztm" \
	"RQi/xPhbBJOEn1uO"
#define SK "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY" \
	"29t"

static int read_line(struct tmk_ssh_signer *s, const char *text,
		     struct tmk_err *err)
{
	return tmk_ssh_signers_line(s, text, strlen(text), err);
}

static void good(const char *text, const char *principals, const char *spaces,
		 int64_t after, int64_t before)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_ssh_signer s;

	if (!ok(read_line(&s, text, &err) == 1, "%s %s", text, err.text))
		return;
	is_str(s.principals, principals, "its principals");
	is_str(s.name_spaces, spaces, "its namespaces");
	is_int(s.after, after, "from when");
	is_int(s.before, before, "until when");
	ok(s.blob && s.blob_len == 51 && !s.authority, "its key");
	tmk_ssh_signers_line_release(&s);
}

static void bad(const char *text, const char *why)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_ssh_signer s;

	ok(read_line(&s, text, &err) < 0 && err.code == TMK_USAGE &&
	   strstr(err.text, why), "refused: %s: %s", text, err.text);
}

static void nobody(const char *text, bool authority, const char *what)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_ssh_signer s;

	if (!ok(read_line(&s, text, &err) == 1, "%s %s", what, err.text))
		return;
	ok(s.authority == authority && (authority || !s.blob),
	   "%s stands for nobody", what);
	tmk_ssh_signers_line_release(&s);
}

#define NONE TMK_TIME_NONE

static void test_good(void)
{
	good("a@x " KEY, "a@x", NULL, NONE, NONE);
	good(" \ta@x,b@y\t " KEY " some comment", "a@x,b@y", NULL, NONE, NONE);
	good("*@x,!c@x " KEY, "*@x,!c@x", NULL, NONE, NONE);
	good("\"A U Thor\" " KEY, "A U Thor", NULL, NONE, NONE);
	good("a@x namespaces=\"git\" " KEY, "a@x", "git", NONE, NONE);
	good("a@x NameSpaces=\"git,f*\" " KEY, "a@x", "git,f*", NONE, NONE);
	good("a@x namespaces=\"a b,\\\"c\" " KEY, "a@x", "a b,\"c", NONE,
	     NONE);
	good("a@x valid-after=\"20260101Z\" " KEY, "a@x", NULL, 1767225600,
	     NONE);
	good("a@x valid-before=\"202601010000Z\",valid-after="
	     "\"20250101000001Z\" " KEY, "a@x", NULL, 1735689601,
	     1767225600);
	good("a@x namespaces=\"git\",valid-before=\"20240229Z\" " KEY, "a@x",
	     "git", NONE, 1709164800);
	/* Without Z it is local time: five hours behind here. */
	good("a@x valid-after=\"20260101\" " KEY, "a@x", NULL,
	     1767225600 + 5 * 3600, NONE);
}

static void test_nobody(void)
{
	static const char *const empty[] = { "", "   ", "\t", "# a comment",
					     "  # " KEY };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_ssh_signer s;
	size_t i;

	for (i = 0; i < sizeof(empty) / sizeof(*empty); i++)
		ok(!read_line(&s, empty[i], &err), "nothing: '%s'", empty[i]);
	nobody("*@x cert-authority " KEY, true, "an authority");
	nobody("*@x CERT-AUTHORITY,namespaces=\"git\" " KEY, true,
	       "an authority with more");
	nobody("a@x " SK, false, "a security key");
	nobody("a@x namespaces=\"git\" " SK " c", false, "one with options");
	nobody("a@x ssh-dss AAAA", false, "a DSA key");
}

static void test_bad(void)
{
	static char longest[TMK_SSH_SIGNERS_LINE_MAX + 2];

	bad("a@x", "no key");
	bad("a@x ", "unknown option");
	bad("a@x frobnicate " KEY, "unknown option or type of key");
	bad("a@x frob=\"x\" " KEY, "unknown option");
	bad("a@x ssh-new AAAA", "unknown option");
	bad("a@x namespaces " KEY, "needs a value");
	bad("a@x namespaces=git " KEY, "quoted");
	bad("a@x namespaces=\"git " KEY, "not closed");
	bad("a@x namespaces=\"git\"x " KEY, "no key behind");
	bad("a@x namespaces=\"git\", " KEY, "unknown option");
	bad("a@x namespaces=\"a\",namespaces=\"b\" " KEY, "twice");
	bad("a@x cert-authorityx " KEY, "unknown option");
	bad("a@x cert-authority=\"x\" " KEY, "no key behind");
	bad("a@x valid-after=\"20260101Z\",valid-after=\"20260102Z\" " KEY,
	    "twice");
	bad("a@x valid-after=\"20260102Z\",valid-before=\"20260101Z\" " KEY,
	    "not after");
	bad("a@x valid-before=\"20260101Z\",valid-after=\"20260101Z\" " KEY,
	    "not after");
	bad("a@x namespaces=\"git\"", "no key behind");
	bad("\"a@x " KEY, "not closed");
	bad("\"a@x\"" KEY, "no key behind");
	bad("a\"b c\" " KEY, "a quote inside");
	bad("\"\" " KEY, "no principals");
	bad(",a@x " KEY, "empty principal");
	bad("a@x, " KEY, "empty principal");
	bad("a@x,,b@x " KEY, "empty principal");
	bad("a@x " KEY "\r", "LF");
	bad("a@x\x01 " KEY, "control");
	bad("a@x ssh-ed25519 AAAA", "key");
	bad("a@x ssh-ed25519", "unknown option");
	bad("a@x ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIFTjQM2S10GwUys7x0VP+Z3q0ztm"
	    "RQi/xPhbBJOEn1uO", "of type");
	memset(longest, 'x', sizeof(longest) - 1);
	bad(longest, "characters");
}

static void test_times(void)
{
	static const char *const times[] = {
		"", "Z", "2026", "202601", "20260101z", "20260101ZZ",
		"20260101UTC", "20261301Z", "20260001Z", "20260100Z",
		"20260132Z", "20260229Z", "20260431Z", "19691231Z",
		"19700101Z", "202601012400Z", "202601010060Z",
		"20260101000060Z", "2026010100Z", "20260101 Z", "-2026011Z",
		"2026-01-01"
	};
	char line[300];
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(*times); i++) {
		snprintf(line, sizeof(line), "a@x valid-after=\"%s\" " KEY,
			 times[i]);
		bad(line, "is no time");
	}
}

static void test_match(void)
{
	static const struct {
		const char *list, *text;
		bool fits;
	} tries[] = {
		{ "git", "git", true }, { "git", "gi", false },
		{ "git", "gitt", false }, { "*", "", true },
		{ "*", "git", true }, { "?it", "git", true },
		{ "?it", "it", false }, { "a,git", "git", true },
		{ "git,!git", "git", false }, { "!git,*", "git", false },
		{ "!git,*", "file", true }, { "!git", "file", false },
		{ "", "git", false }, { "", "", false },
		{ "g*t", "gt", true }, { "g*t", "gxxt", true },
		{ "g*t", "gxxtx", false }, { "*a*b*", "xaxbx", true },
		{ "*a*b*", "xbxax", false }, { "GIT", "git", false },
		{ "git,", "", false }, { "[g]it", "git", false },
		{ "!", "git", false },
	};
	static char stars[4001], text[4001];
	size_t i;

	for (i = 0; i < sizeof(tries) / sizeof(*tries); i++)
		ok(tmk_ssh_signers_match(tries[i].list, tries[i].text,
					 strlen(tries[i].text)) ==
		   tries[i].fits, "'%s' %s '%s'", tries[i].list,
		   tries[i].fits ? "fits" : "does not fit", tries[i].text);
	/* What takes others for ever. */
	for (i = 0; i < 4000; i++) {
		stars[i] = i % 2 ? 'a' : '*';
		text[i] = 'a';
	}
	stars[3999] = 'b';
	ok(!tmk_ssh_signers_match(stars, text, 4000), "many stars end soon");
}

/* ---- whose signature it is ---------------------------------------------- */

static struct tmk_evidence *evidence;
static char line[256];		/* of the key that signed */
static char id[TMK_KEY_ID];

static void sign_something(void)
{
	struct tmk_buf seal = TMK_BUF_INIT(4096), text = TMK_BUF_INIT(255);
	static const uint8_t digest[64];
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	EVP_PKEY *key = soft_ed25519();
	struct soft_signer signer;
	struct tmk_seal_request request = {
		.name_space = "git", .hash = TMK_SHA512,
		.digest = digest, .digest_len = sizeof(digest),
	};

	soft_signer_init(&signer, key);
	request.signer = &signer.signer;
	must_be(!tmk_seal_sshsig.make(&request, &seal, &err) &&
		!tmk_seal_sshsig.parse(&evidence, seal.data, seal.len, &v,
				       &err) && evidence &&
		!tmk_ssh_key_line(&text, signer.signer.spki.data,
				  signer.signer.spki.len, NULL, &err));
	snprintf(line, sizeof(line), "%s", tmk_buf_str(&text));
	snprintf(id, sizeof(id), "%s", evidence->signature[0].key_id);
	tmk_buf_release(&seal);
	tmk_buf_release(&text);
	soft_signer_release(&signer);
	EVP_PKEY_free(key);
}

/* `file` with %s where the key's line goes. */
static const char *find(struct tmk_standing *s, const char *file,
			const char *name_space, char *why, size_t size)
{
	struct tmk_buf text = TMK_BUF_INIT(16384);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_keyring *ring = NULL;
	struct tmk_err err = TMK_ERR_INIT;
	const char *p;

	for (p = file; *p; p++)
		must_be(!(*p == '%' ? tmk_buf_addstr(&text, line) :
			  tmk_buf_addch(&text, *p)));
	if (tmk_seal_sshsig.keyring_read(&ring, text.data, text.len, "signers",
					 &err)) {
		snprintf(why, size, "%s", err.text);
		tmk_buf_release(&text);
		return "unreadable";
	}
	must_be(!tmk_seal_sshsig.keyring_find(s, ring, evidence, 0,
					      name_space, &v, &err));
	snprintf(why, size, "%s", v.text);
	tmk_keyring_free(ring);
	tmk_buf_release(&text);
	return tmk_reason_id(v.reason);
}

static void found(const char *file, const char *name_space, const char *user)
{
	struct tmk_standing s;
	char why[800] = "";

	memset(&s, 0x55, sizeof(s));
	if (!is_str(find(&s, file, name_space, why, sizeof(why)), "good",
		    "found: %s", user))
		return;
	is_str(s.user, user, "the principals %s", why);
	is_str(s.key_id, id, "the key");
	ok(s.key == evidence->signature[0].key, "is the one that signed");
	ok(s.revoked_at == TMK_TIME_NONE && !s.revoked_hard &&
	   !s.primary_id[0], "and nothing is said of revocation");
}

static void missed(const char *file, const char *name_space,
		   const char *reason, const char *what)
{
	struct tmk_standing s = { .valid_from = 7 };
	char why[800] = "";

	is_str(find(&s, file, name_space, why, sizeof(why)), reason, "%s: %s",
	       what, why);
	diag("%s", why);
	is_int(s.valid_from, 7, "%s: nothing is filled in", what);
}

static void test_find(void)
{
	found("a@x %\n", "git", "a@x");
	found("a@x %", "git", "a@x");
	found("a@x %\n", NULL, "a@x");
	found("# comment\n\nb@x " KEY "\na@x % c\n", "git", "a@x");
	found("a@x namespaces=\"g*\" %\n", "git", "a@x");
	found("a@x %\nb@x %\n", "git", "a@x,b@x");
	found("a@x namespaces=\"file\" %\nb@x namespaces=\"git\" %\n", "git",
	      "b@x");
	found("*@x cert-authority %\na@x %\n", "git", "a@x");
	found("a@x valid-after=\"20250101Z\" %\nb@x valid-after=\"20250101Z\" "
	      "%\n", "git", "a@x,b@x");
	found("\xc3\xa9\xe2\x80\xae@x %\n", "git",
	      "\xc3\xa9\\xe2\\x80\\xae@x");
	missed("", "git", "cert-missing", "an empty file");
	missed("b@x " KEY "\n", "git", "cert-missing", "another key");
	missed("a@x %\n", "file", "signature-bad", "another namespace");
	missed("a@x namespaces=\"file\" %\n", "git", "signer-not-allowed",
	       "a key for other things");
	missed("a@x namespaces=\"!git,*\" %\n", "git", "signer-not-allowed",
	       "a key for all but this");
	missed("*@x cert-authority %\n", "git", "signer-not-allowed",
	       "an authority");
	missed("a@x valid-before=\"20250101Z\" %\nb@x %\n", "git",
	       "signer-not-allowed", "two times for one key");
	missed("a@x %\n\nb@x oops %\n", "git", "unreadable",
	       "a line that is not understood");
}

static void test_standing(void)
{
	struct tmk_standing s;
	char why[800] = "";

	is_str(find(&s, "a@x valid-after=\"20250101Z\",valid-before="
		    "\"20260101Z\" %\n", "git", why, sizeof(why)), "good",
	       "a time");
	is_int(s.valid_from, 1735689600, "from when");
	is_int(s.valid_until, 1767225600, "until when");
}

static void test_files(void)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_SSH_SIGNERS_MAX + 10);
	struct tmk_keyring *ring = NULL;
	struct tmk_err err = TMK_ERR_INIT;
	int i;

	must_be(!tmk_buf_addstr(&text, "a@x " KEY "\n\nb@x oops\n"));
	ok(tmk_seal_sshsig.keyring_read(&ring, text.data, text.len, "F",
					&err) < 0 && !ring &&
	   !strncmp(err.text, "F:3: ", 5), "the line is named: %s", err.text);
	tmk_buf_clear(&text);
	must_be(!tmk_buf_add(&text, "a@x\0 " KEY, 5 + sizeof(KEY)));
	ok(tmk_seal_sshsig.keyring_read(&ring, text.data, text.len, "F",
					&err) < 0, "a NUL: %s", err.text);
	tmk_buf_clear(&text);
	for (i = 0; i <= TMK_SSH_SIGNERS_LINES; i++)
		must_be(!tmk_buf_addstr(&text, "a@x ssh-dss A\n"));
	ok(tmk_seal_sshsig.keyring_read(&ring, text.data, text.len, "F",
					&err) < 0 &&
	   strstr(err.text, "lines"), "too many lines: %s", err.text);
	ok(!tmk_seal_sshsig.keyring_read(&ring, text.data, text.len - 14, "F",
					 &err), "one less is read");
	tmk_keyring_free(ring);
	ring = NULL;
	ok(tmk_seal_sshsig.keyring_read(&ring, text.data,
					TMK_SSH_SIGNERS_MAX + 1, "F",
					&err) < 0 && !ring, "too large: %s",
	   err.text);
	tmk_buf_release(&text);
	tmk_keyring_free(NULL);
}

int main(void)
{
	setenv("TZ", "EST5", 1);
	tzset();
	test_good();
	test_nobody();
	test_bad();
	test_times();
	test_match();
	sign_something();
	test_find();
	test_standing();
	test_files();
	tmk_evidence_free(evidence);
	return tap_done();
}
