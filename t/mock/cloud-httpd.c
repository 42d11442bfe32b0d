/*
 * cloud-httpd - Azure Key Vault, Google Cloud KMS and Vault's transit engine on
 * loopback, as far as signing goes, with software keys.
 *
 *   cloud-httpd --port-file FILE --state DIR
 *
 * DIR has the keys (NAME.pem), google.pub (the public half of the service
 * account's key), and mode: one word that is read at each request and says
 * what is to go wrong. DIR/log gets a line for each request: method, path and
 * status. Every request is checked as the services document it: token, version
 * of the interface, algorithm against length of the digest, checksums.
 *
 * Modes of all: ok; forbidden; status:CODE (always); once:CODE (the first
 * request about a key; 429 with Retry-After); expired (the token ran out once);
 * garbage (no JSON); bit (a signature with one bit changed); other-key (signed
 * by other.pem).
 * Azure: disabled, early, late, no-sign, kid, short, open (asks for no token),
 * authority, resource, tenant (of the challenge).
 * Google: name, pem-crc, sig-crc, unverified, pss, algorithm, disabled.
 * Vault: version (a signature of another one), derived, sealed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "t/mock/cloud_azure.h"
#include "t/mock/cloud_google.h"
#include "t/mock/cloud_vault.h"

static void route(struct request *r)
{
	const char *type = header(r, "Content-Type");
	bool form = type && !strcmp(type, "application/x-www-form-urlencoded");

	if (form && !read_form_text(r, r->body))
		reply(r, 400, "{}");
	else if (strstr(r->path, "/oauth2/v2.0/token") && form)
		azure_token(r);
	else if (!strcmp(r->path, "/metadata/identity/oauth2/token"))
		azure_identity(r, false);
	else if (!strcmp(r->path, "/msi/token"))
		azure_identity(r, true);
	else if (!strcmp(r->path, "/google/token") && form)
		google_token(r);
	else if (!strncmp(r->path, "/computeMetadata/", 17))
		google_metadata(r);
	else if (!strncmp(r->path, "/keys/", 6))
		azure(r);
	else if (!strncmp(r->path, "/v1/projects/", 13))
		google(r);
	else if (!strncmp(r->path, "/v1/", 4))
		vault(r);
	else
		reply(r, 404, "{}");
}

static void log_request(const struct request *r)
{
	FILE *f = open_state("log", "a");

	if (!f)
		die("log");
	fprintf(f, "%s %s %d\n", r->method, r->path, r->answered);
	fclose(f);
}

static int listen_on(const char *port_file)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char temp[4096];
	FILE *f;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) ||
	    listen(fd, 64) || getsockname(fd, (struct sockaddr *)&sa, &len))
		die("cannot listen");
	snprintf(base, sizeof(base), "http://127.0.0.1:%d",
		 ntohs(sa.sin_port));
	snprintf(temp, sizeof(temp), "%s.new", port_file);
	f = fopen(temp, "w");
	if (!f || fprintf(f, "%d\n", ntohs(sa.sin_port)) < 0 || fclose(f) ||
	    rename(temp, port_file))
		die(port_file);
	return fd;
}

int main(int argc, char **argv)
{
	static struct request r;
	struct timeval patience = { 5, 0 };
	int fd;

	if (argc != 5 || strcmp(argv[1], "--port-file") ||
	    strcmp(argv[3], "--state")) {
		fputs("usage: cloud-httpd --port-file FILE --state DIR\n",
		      stderr);
		return 2;
	}
	state_dir = argv[4];
	before_answer = log_request;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	fd = listen_on(argv[2]);
	for (;;) {
		r.fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (r.fd < 0)
			continue;
		setsockopt(r.fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			   sizeof(patience));
		read_mode();
		if (receive(&r)) {
			route(&r);
			if (!r.answered)
				log_request(&r);
		}
		shutdown(r.fd, SHUT_WR);
		close(r.fd);
	}
}
