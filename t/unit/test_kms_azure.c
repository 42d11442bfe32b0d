/* Which challenge of a vault is followed, and to where. */
#include "key/kms_azure.h"

#include <stdio.h>
#include <string.h>

#include "t/unit/tap.h"

#define TENANT "11111111-2222-3333-4444-555555555555"
#define VAULT "https://myvault.vault.azure.net"
#define LOGIN "https://login.microsoftonline.com"

static const char *authority_host;	/* AZURE_AUTHORITY_HOST */

static const char *env(const char *name)
{
	return strcmp(name, "AZURE_AUTHORITY_HOST") ? NULL : authority_host;
}

static int try(struct tmk_kms_azure *out, const char *vault,
	       const char *authorization, const char *resource)
{
	struct tmk_err err = TMK_ERR_INIT;
	char text[1024];

	snprintf(text, sizeof(text), "Bearer authorization=\"%s\", "
		 "resource=\"%s\"", authorization, resource);
	return tmk_kms_azure_challenge(out, text, vault, env, &err);
}

static void test_good(void)
{
	static const struct { const char *vault, *login, *resource; } good[] = {
		{ VAULT, LOGIN, "https://vault.azure.net" },
		{ "https://myhsm.managedhsm.azure.net", LOGIN,
		  "https://managedhsm.azure.net" },
		{ "https://v.vault.azure.cn",
		  "https://login.partner.microsoftonline.cn",
		  "https://vault.azure.cn" },
		{ "https://v.vault.usgovcloudapi.net",
		  "https://login.microsoftonline.us",
		  "https://vault.usgovcloudapi.net" },
	};
	struct tmk_kms_azure a;
	char login[128];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		snprintf(login, sizeof(login), "%s/%s", good[i].login, TENANT);
		ok(!try(&a, good[i].vault, login, good[i].resource),
		   "%s", good[i].vault);
		is_str(a.authority, good[i].login, "its authority");
		is_str(a.tenant, TENANT, "its tenant");
		is_str(a.resource, good[i].resource, "what the token is for");
	}
	ok(!try(&a, "https://V.Vault.Azure.NET", LOGIN "/" TENANT,
		"https://vault.azure.net/"), "names have no case");
	is_str(a.resource, "https://vault.azure.net", "nor a '/' at the end");
}

static void test_bad_authority(void)
{
	static const char *const bad[] = {
		"https://login.example.org/" TENANT,
		"http://login.microsoftonline.com/" TENANT,
		"https://login.microsoftonline.com.example.org/" TENANT,
		"https://xlogin.microsoftonline.com/" TENANT,
		"https://login.microsoftonline.com:444/" TENANT,
		"https://login.microsoftonline.com@example.org/" TENANT,
		"https://login.microsoftonline.com/",
		"https://login.microsoftonline.com",
		"https://login.microsoftonline.com/../" TENANT,
		"https://login.microsoftonline.com/a%2fb",
		"login.microsoftonline.com/" TENANT,
		"https://169.254.169.254/" TENANT,
		"http://127.0.0.1/" TENANT
	};
	struct tmk_kms_azure a;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(try(&a, VAULT, bad[i], "https://vault.azure.net") < 0,
		   "not followed: %s", bad[i]);
	authority_host = "https://login.private.example/";
	ok(!try(&a, VAULT, "https://login.private.example/" TENANT,
		"https://vault.azure.net"), "the one that is named");
	ok(try(&a, VAULT, LOGIN "/" TENANT, "https://vault.azure.net") < 0,
	   "and no other then");
	authority_host = "login.microsoftonline.us";
	ok(!try(&a, VAULT, "https://login.microsoftonline.us/" TENANT,
		"https://vault.azure.net"), "a bare host");
	authority_host = "http://login.private.example/";
	ok(try(&a, VAULT, "http://login.private.example/" TENANT,
	       "https://vault.azure.net") < 0, "never over plain http");
	authority_host = NULL;
}

static void test_bad_resource(void)
{
	static const char *const bad[] = {
		"https://management.azure.com", "https://azure.net",
		"https://net", "https://myvault.vault.azure.net",
		"http://vault.azure.net", "https://vault.azure.net:444",
		"https://vault.azure.net.example.org", "vault.azure.net",
		"https://evilvault.azure.net", "https://",
		"https://vault.azure.net/.defau", "https://vault.azure.net/a"
	};
	struct tmk_kms_azure a;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(try(&a, VAULT, LOGIN "/" TENANT, bad[i]) < 0,
		   "no token for %s", bad[i]);
	ok(try(&a, "https://vault.azure.net.example.org", LOGIN "/" TENANT,
	       "https://vault.azure.net") < 0, "nor to a vault of that name");
	ok(try(&a, "https://vault", LOGIN "/" TENANT, "https://vault") < 0,
	   "nor to one without a domain");
	ok(try(&a, "https://vault.org", LOGIN "/" TENANT, "https://org") < 0,
	   "nor for a whole top domain");
}

static void test_text(void)
{
	static const char good[] = "Bearer authorization=\"" LOGIN "/" TENANT
		"\", resource=\"https://vault.azure.net\"";
	static const char *const text[] = {
		"", "Basic realm=\"x\"", "Bearer", "Bearer ",
		"Bearer resource=\"https://vault.azure.net\"",
		"Bearer authorization=\"" LOGIN "/" TENANT "\"",
		"Bearer authorization=\"" LOGIN "/" TENANT
			"\", authorization=\"" LOGIN "/" TENANT
			"\", resource=\"https://vault.azure.net\"",
		"Bearer authorization=\"" LOGIN "/" TENANT
			"\", resource=\"https://vault.azure.net",
		"Bearer xauthorization=\"" LOGIN "/" TENANT
			"\", resource=\"https://vault.azure.net\"",
		"Bearer authorization=\"" LOGIN "/a\\b"
			"\", resource=\"https://vault.azure.net\""
	};
	struct tmk_kms_azure a;
	struct tmk_err err = TMK_ERR_INIT;
	size_t i;

	ok(!tmk_kms_azure_challenge(&a, good, VAULT, env, &err), "a challenge");
	ok(!tmk_kms_azure_challenge(&a, "bearer authorization=" LOGIN "/"
				    TENANT " scope=https://vault.azure.net/"
				    ".default", VAULT, NULL, &err),
	   "the newer form");
	is_str(a.resource, "https://vault.azure.net", "the scope's resource");
	for (i = 0; i < sizeof(text) / sizeof(*text); i++) {
		memset(&err, 0, sizeof(err));
		memset(&a, 0x55, sizeof(a));
		ok(tmk_kms_azure_challenge(&a, text[i], VAULT, env,
					   &err) < 0 && err.code == TMK_KEY &&
		   a.tenant[0] == 0x55, "refused: %s", text[i]);
	}
}

int main(void)
{
	test_good();
	test_bad_authority();
	test_bad_resource();
	test_text();
	return tap_done();
}
