#include <string.h>
#include <unistd.h>

#include <openssl/obj_mac.h>

#include "base/enc.h"
#include "t/unit/tap.h"
#include "x509/digest.h"

/* FIPS 180-4 examples: "abc". */
static void known(int hash, const char *want)
{
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t out[TMK_DIGEST_MAX];
	char hex[2 * TMK_DIGEST_MAX + 1] = "";
	size_t len = 0;

	ok(!tmk_digest_bytes(hash, "abc", 3, out, &len, &err),
	   "hash %d of bytes", hash);
	tmk_enc_hex(hex, out, len);
	is_str(hex, want, "hash %d of abc", hash);
}

static void pieces(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_digest d;
	uint8_t one[TMK_DIGEST_MAX], two[TMK_DIGEST_MAX];
	size_t n1 = 0, n2 = 0;

	ok(!tmk_digest_bytes(2, "hello world", 11, one, &n1, &err),
	   "in one piece");
	ok(!tmk_digest_init(&d, 2, &err) &&
	   !tmk_digest_update(&d, "hello", 5, &err) &&
	   !tmk_digest_update(&d, NULL, 0, &err) &&
	   !tmk_digest_update(&d, " world", 6, &err) &&
	   !tmk_digest_final(&d, two, &n2, &err), "in three pieces");
	is_mem(two, n2, one, n1, "pieces make no difference");
	tmk_digest_release(&d);
	ok(!d.ctx, "release after final is harmless");
}

static void files(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	char data[4096];
	uint8_t one[TMK_DIGEST_MAX], two[TMK_DIGEST_MAX];
	size_t n1 = 0, n2 = 0;
	int fd[2];

	memset(data, 'x', sizeof(data));
	ok(!pipe(fd) && write(fd[1], data, sizeof(data)) ==
	   (ssize_t)sizeof(data), "a pipe with data");
	close(fd[1]);
	ok(!tmk_digest_fd(1, fd[0], "pipe", one, &n1, &err), "hash a pipe");
	close(fd[0]);
	ok(!tmk_digest_bytes(1, data, sizeof(data), two, &n2, &err),
	   "hash the same bytes");
	is_mem(one, n1, two, n2, "same digest");
	ok(tmk_digest_fd(1, fd[0], "closed", one, &n1, &err) < 0,
	   "a closed descriptor fails");
	is_int(err.code, TMK_INPUT, "as input");
}

static void refused(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t out[TMK_DIGEST_MAX] = { 7 };
	size_t len = 9;

	ok(tmk_digest_bytes(5, "x", 1, out, &len, &err) < 0 &&
	   tmk_digest_bytes(0, "x", 1, out, &len, &err) < 0,
	   "unknown hashes fail");
	is_int(err.code, TMK_INTERNAL, "as our own fault");
	ok(len == 9 && out[0] == 7, "outputs are untouched");
	ok(!tmk_digest_md(0) && !tmk_digest_md(5), "no such EVP_MD");
	is_int(tmk_digest_from_nid(NID_sha384), 2, "SHA-384 by NID");
	is_int(tmk_digest_from_nid(NID_sha1), 0, "SHA-1 is not among them");
	is_int(tmk_digest_from_nid(NID_sha224), 0, "nor is SHA-224");
	is_int(tmk_digest_from_nid(NID_blake2b512), 0, "nor is BLAKE2b");
}

int main(void)
{
	known(1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f200"
	      "15ad");
	known(2, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff"
	      "5bed8086072ba1e7cc2358baeca134c825a7");
	known(3, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55"
	      "d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94f"
	      "a54ca49f");
	/* RFC 7693 appendix A */
	known(4, "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbff"
	      "a2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386ed"
	      "d4009923");
	pieces();
	files();
	refused();
	return tap_done();
}
