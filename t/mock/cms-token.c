/*
 * cms-token - put RFC 3161 tokens into a CMS signature, good ones and wrong
 * ones alike: what `openssl cms` cannot do and the gate's tests need.
 *
 *   cms-token signature IN        the signature bytes, what a token covers
 *   cms-token add IN TOKEN...     IN with the tokens as unsigned attributes
 *   cms-token bag IN CERT         IN with one more certificate in its bag
 *
 * IN is DER; the answer goes to standard output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>

static void die(const char *what)
{
	fprintf(stderr, "cms-token: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static CMS_ContentInfo *read_cms(const char *path)
{
	BIO *in = BIO_new_file(path, "rb");
	CMS_ContentInfo *cms = in ? d2i_CMS_bio(in, NULL) : NULL;

	if (!cms)
		die(path);
	BIO_free(in);
	return cms;
}

static CMS_SignerInfo *signer(CMS_ContentInfo *cms)
{
	STACK_OF(CMS_SignerInfo) *all = CMS_get0_SignerInfos(cms);

	if (sk_CMS_SignerInfo_num(all) < 1)
		die("no signer");
	return sk_CMS_SignerInfo_value(all, 0);
}

static void add_token(CMS_SignerInfo *si, const char *path)
{
	unsigned char der[65536];
	FILE *in = fopen(path, "rb");
	size_t len = in ? fread(der, 1, sizeof(der), in) : 0;

	if (!len)
		die(path);
	fclose(in);
	if (!CMS_unsigned_add1_attr_by_NID(si, NID_id_smime_aa_timeStampToken,
					   V_ASN1_SEQUENCE, der, (int)len))
		die("the token cannot be added");
}

static void add_cert(CMS_ContentInfo *cms, const char *path)
{
	BIO *in = BIO_new_file(path, "r");
	X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

	if (!cert || !CMS_add1_cert(cms, cert))
		die(path);
	X509_free(cert);
	BIO_free(in);
}

static void write_cms(CMS_ContentInfo *cms)
{
	BIO *out = BIO_new_fp(stdout, BIO_NOCLOSE);

	if (!out || !i2d_CMS_bio(out, cms) || BIO_flush(out) < 1)
		die("the output cannot be written");
	BIO_free(out);
}

int main(int argc, char **argv)
{
	CMS_ContentInfo *cms;
	ASN1_OCTET_STRING *sig;
	int i;

	if (argc < 3)
		die("usage: cms-token signature|add|bag IN [FILE...]");
	cms = read_cms(argv[2]);
	if (!strcmp(argv[1], "signature")) {
		sig = CMS_SignerInfo_get0_signature(signer(cms));
		fwrite(ASN1_STRING_get0_data(sig), 1,
		       (size_t)ASN1_STRING_length(sig), stdout);
	} else if (!strcmp(argv[1], "add")) {
		for (i = 3; i < argc; i++)
			add_token(signer(cms), argv[i]);
		write_cms(cms);
	} else if (!strcmp(argv[1], "bag")) {
		for (i = 3; i < argc; i++)
			add_cert(cms, argv[i]);
		write_cms(cms);
	} else {
		die("unknown verb");
	}
	CMS_ContentInfo_free(cms);
	return fflush(stdout) ? 1 : 0;
}
