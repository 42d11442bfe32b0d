/*
 * git2-show - a commit as libgit2 understands it.
 *
 * usage: git2-show DIR OID
 * Prints committer, author and parents; "signed" with the SHA-256 of what
 * libgit2 takes for the signed bytes, where it finds a signature.
 */
#include <stdio.h>
#include <string.h>

#include <git2.h>

#include "iface/signer.h"
#include "x509/digest.h"

static void print_ident(const char *what, const git_signature *s)
{
	printf("%s %s <%s> %lld\n", what, s->name, s->email,
	       (long long)s->when.time);
}

static void print_payload(git_repository *repo, git_oid *oid)
{
	git_buf signature = { 0 }, payload = { 0 };
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_err err = TMK_ERR_INIT;
	size_t len = 0, i;

	if (git_commit_extract_signature(&signature, &payload, repo, oid,
					 NULL) < 0)
		return;
	if (!tmk_digest_bytes(TMK_SHA256, payload.ptr, payload.size, digest,
			      &len, &err)) {
		printf("signed ");
		for (i = 0; i < len; i++)
			printf("%02x", digest[i]);
		putchar('\n');
	}
	git_buf_dispose(&signature);
	git_buf_dispose(&payload);
}

int main(int argc, char **argv)
{
	git_repository *repo = NULL;
	git_commit *commit = NULL;
	git_oid oid;
	char hex[GIT_OID_HEXSZ + 1];
	unsigned int i;

	if (argc != 3 || git_libgit2_init() < 0 ||
	    git_oid_fromstr(&oid, argv[2]) < 0 ||
	    git_repository_open(&repo, argv[1]) < 0 ||
	    git_commit_lookup(&commit, repo, &oid) < 0) {
		printf("not read\n");
		return 1;
	}
	print_ident("committer", git_commit_committer(commit));
	print_ident("author", git_commit_author(commit));
	printf("tree %s\n", git_oid_tostr(hex, sizeof(hex),
					  git_commit_tree_id(commit)));
	for (i = 0; i < git_commit_parentcount(commit); i++)
		printf("parent %s\n", git_oid_tostr(hex, sizeof(hex),
			git_commit_parent_id(commit, i)));
	print_payload(repo, &oid);
	git_commit_free(commit);
	git_repository_free(repo);
	git_libgit2_shutdown();
	return 0;
}
