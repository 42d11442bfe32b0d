/*
 * aws_meta.h - the metadata of a container and of an instance (IMDSv2), as the
 * mock of AWS gives them.
 *
 * For t/mock/aws-httpd.c alone, whose head tells the modes.
 */
#ifndef TMK_T_AWS_META_H
#define TMK_T_AWS_META_H

#include "t/mock/aws_wire.h"

#define SESSION "session-token-of-the-instance"
#define ROLES "/latest/meta-data/iam/security-credentials/"

static const char *role = "", *container_ask = "";

static void give_credentials(void)
{
	struct tmk_buf out = TMK_BUF_INIT(1 << 16);
	time_t end = time(NULL) + (mode_is("old") ? -3600 : 3600);
	char when[64];
	struct tmk_json j;
	struct tm tm;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ",
		 gmtime_r(&end, &tm));
	tmk_json_init(&j, &out);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "Code", mode_is("failed") ? "Failed" : "Success");
	tmk_json_string(&j, "Type", "AWS-HMAC");
	tmk_json_string(&j, "AccessKeyId", mode_is("odd") ? "an:id" :
			account.id);
	tmk_json_string(&j, "SecretAccessKey", account.secret);
	tmk_json_string(&j, "Token", account.token);
	tmk_json_string(&j, "Expiration", when);
	tmk_json_close_object(&j);
	if (tmk_json_finish(&j))
		die("answer");
	reply(200, tmk_buf_str(&out));
}

static void serve_instance(const struct aws_request *r)
{
	const char *token = aws_header(r, "x-aws-ec2-metadata-token");
	const char *ttl = aws_header(r,
				     "x-aws-ec2-metadata-token-ttl-seconds");

	if (!strcmp(r->path, "/latest/api/token")) {
		if (strcmp(r->method, "PUT") || !ttl || !*role)
			reply(400, "");
		reply(200, SESSION);
	}
	/* IMDSv2 alone. */
	if (!token || strcmp(token, SESSION) || strcmp(r->method, "GET"))
		reply(401, "");
	if (mode_is("no-role"))
		reply(404, "");
	if (!strcmp(r->path, ROLES))
		reply(200, role);
	if (strncmp(r->path, ROLES, strlen(ROLES)) ||
	    strcmp(r->path + strlen(ROLES), role))
		reply(404, "");
	give_credentials();
}

static void serve_container(const struct aws_request *r)
{
	const char *asks = aws_header(r, "authorization");

	if (strcmp(r->method, "GET") || !asks || !*container_ask ||
	    strcmp(asks, container_ask))
		reply(401, "");
	give_credentials();
}

#endif
