#include "plugins/doctor_gpgsm.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/proc.h"
#include "x509/cert.h"

#define TOOL_MS 20000
#define OUT_BYTES (1u << 20)
#define LIST_BYTES (1u << 20)
#define HINT_BYTES 384

/* Run a tool of GnuPG; its output in `out`. 0 when it said yes. */
static int tool(struct tmk_buf *out, const char *const *words)
{
	struct tmk_err ignored = TMK_ERR_INIT;
	char *argv[8] = { NULL };
	int n, status = 1, rc = -1;

	for (n = 0; words[n] && n < 7; n++) {
		argv[n] = strdup(words[n]);
		if (!argv[n])
			goto out;
	}
	rc = tmk_proc_run(argv, NULL, 0, out, TOOL_MS, &status, TMK_INPUT,
			  &ignored);
out:
	while (n)
		free(argv[--n]);
	return rc ? -1 : status;
}

/* The root of the chain: the last one if it signed itself, else the one of
 * our policy that issued it. Borrowed; NULL when nobody knows it. */
static X509 *find_root(const struct tmk_doctor *d)
{
	X509 *top = sk_X509_value(d->chain, sk_X509_num(d->chain) - 1);
	STACK_OF(X509) *roots = d->policy ?
		tmk_trust_roots(d->policy->trust) : NULL;
	int i;

	if (X509_get_extension_flags(top) & EXFLAG_SS)
		return top;
	for (i = 0; i < sk_X509_num(roots); i++)
		if (X509_check_issued(sk_X509_value(roots, i), top) ==
		    X509_V_OK)
			return sk_X509_value(roots, i);
	return NULL;
}

/* ---- trustlist.txt (gpg-agent(1), FILES) -------------------------------- */

/* Whether a line is "FINGERPRINT [flags]": not taken back by '!'. A
 * fingerprint may be written with colons. */
static bool line_trusts(const char *line, const char *sha1)
{
	size_t n = 0;

	while (isspace((unsigned char)*line) && *line != '\n')
		line++;
	for (; *line && n < 40; line++) {
		if (*line == ':')
			continue;
		if (toupper((unsigned char)*line) != sha1[n])
			return false;
		n++;
	}
	return n == 40 && (!*line || isspace((unsigned char)*line));
}

static bool file_trusts(const char *dir, const char *sha1)
{
	struct tmk_buf text = TMK_BUF_INIT(LIST_BYTES);
	struct tmk_err ignored = TMK_ERR_INIT;
	const char *line;
	char *path = NULL;
	bool found = false;

	if (asprintf(&path, "%s/trustlist.txt", dir) < 0)
		return false;
	if (!tmk_file_read(&text, path, &ignored))
		for (line = tmk_buf_str(&text); line && *line && !found; ) {
			found = line_trusts(line, sha1);
			line = strchr(line, '\n');
			line = line ? line + 1 : NULL;
		}
	tmk_buf_release(&text);
	free(path);
	return found;
}

/* A folder of GnuPG's, as gpgconf names it. Belongs to the caller. */
static char *gnupg_dir(const char *which)
{
	const char *const words[] = { "gpgconf", "--list-dirs", which, NULL };
	struct tmk_buf out = TMK_BUF_INIT(OUT_BYTES);
	char *dir = NULL;

	if (!tool(&out, words) && out.len)
		dir = strndup(tmk_buf_str(&out),
			      strcspn(tmk_buf_str(&out), "\n"));
	tmk_buf_release(&out);
	return dir;
}

static bool is_trusted(const char *sha1)
{
	static const char *const which[] = { "homedir", "sysconfdir" };
	bool found = false;
	char *dir;
	size_t i;

	for (i = 0; i < 2 && !found; i++) {
		dir = gnupg_dir(which[i]);
		found = dir && file_trusts(dir, sha1);
		free(dir);
	}
	return found;
}

/* ---- the keybox, and revocation ----------------------------------------- */

/* gpgsm makes a keybox where there is none: then it is not even asked. */
static bool has_keybox(void)
{
	char *dir = gnupg_dir("homedir"), *path = NULL;
	bool there = false;

	if (dir && asprintf(&path, "%s/pubring.kbx", dir) >= 0)
		there = tmk_file_exists(path);
	free(path);
	free(dir);
	return there;
}

static bool has_cert(const char *sha1)
{
	const char *const words[] = {
		"gpgsm", "--batch", "--with-colons", "--list-keys", sha1, NULL
	};
	struct tmk_buf out = TMK_BUF_INIT(OUT_BYTES);
	bool found;

	found = has_keybox() && !tool(&out, words) &&
		strstr(tmk_buf_str(&out), sha1);
	tmk_buf_release(&out);
	return found;
}

/* Whether gpgsm asks for CRLs: gpgconf's option table, whose tenth field is
 * the value that was set (gpgconf(1)). */
static bool asks_crls(void)
{
	const char *const words[] = {
		"gpgconf", "--list-options", "gpgsm", NULL
	};
	struct tmk_buf out = TMK_BUF_INIT(OUT_BYTES);
	const char *line, *p;
	int colons;
	bool off = false;

	if (tool(&out, words)) {
		tmk_buf_release(&out);
		return true;
	}
	line = strstr(tmk_buf_str(&out), "disable-crl-checks:");
	for (p = line, colons = 0; p && *p && *p != '\n' && colons < 9; p++)
		colons += *p == ':';
	if (p && colons == 9)
		off = *p == '1';
	tmk_buf_release(&out);
	return !off;
}

static bool has_crl_point(X509 *cert)
{
	return X509_get_ext_by_NID(cert, NID_crl_distribution_points, -1) >= 0;
}

/* Once the root is trusted: what of revocation? */
static void answer_revocation(struct tmk_doctor *d, const char *id)
{
	X509 *leaf = sk_X509_value(d->chain, 0);

	if (!asks_crls())
		tmk_doctor_answer(d, id, "", TMK_DOCTOR_YES, true, NULL, " ");
	else if (!has_crl_point(leaf))
		tmk_doctor_answer(d, id, "", TMK_DOCTOR_NO, true, "write "
				  "disable-crl-checks into gpgsm.conf, or ask "
				  "the CA for a certificate with a CRL "
				  "distribution point", "gpgsm asks for a CRL, "
				  "and the certificate does not say where one "
				  "is");
	else
		tmk_doctor_answer(d, id, "", TMK_DOCTOR_UNKNOWN, true,
				  "try: gpgsm --list-keys --with-validation; "
				  "disable-crl-checks in gpgsm.conf does "
				  "without", "gpgsm asks dirmngr to fetch a "
				  "CRL from where the certificate says");
}

void tmk_doctor_gpgsm(struct tmk_doctor *d, const char *id)
{
	const char *const words[] = { "gpgsm", "--version", NULL };
	struct tmk_buf out = TMK_BUF_INIT(OUT_BYTES);
	char sha1[TMK_FINGERPRINT_TEXT], name[256], hint[HINT_BYTES];
	X509 *root = find_root(d);
	int none = tool(&out, words);

	tmk_buf_release(&out);
	if (none) {
		tmk_doctor_answer(d, id, "", TMK_DOCTOR_UNKNOWN, true,
				  "install gpgsm, or let git verify with "
				  "touchmark-gpgsm", "gpgsm is not installed "
				  "here");
		return;
	}
	if (!root) {
		tmk_doctor_answer(d, id, "", TMK_DOCTOR_UNKNOWN, true,
				  "name the roots in the [trust] of "
				  "touchmark.policy", "the root of the chain "
				  "is not known here");
		return;
	}
	tmk_cert_sha1_upper(sha1, root);
	tmk_cert_subject(name, sizeof(name), root);
	if (!has_cert(sha1)) {
		tmk_doctor_answer(d, id, "", TMK_DOCTOR_NO, true, "gpgsm "
				  "--import ROOT.pem", "gpgsm does not have "
				  "the root %s", name);
		return;
	}
	if (!is_trusted(sha1)) {
		snprintf(hint, sizeof(hint), "add the line \"%s S relax\" to "
			 "trustlist.txt in gpg's home directory, then gpgconf "
			 "--reload gpg-agent", sha1);
		tmk_doctor_answer(d, id, "", TMK_DOCTOR_NO, true, hint,
				  "gpgsm does not trust the root %s", name);
		return;
	}
	answer_revocation(d, id);
}
