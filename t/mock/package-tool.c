/*
 * package-tool.c - the packages of formats/ at the command line, without keys:
 * foreign programs make and judge what is put in.
 *
 *	package-tool open FILE             what it is, its roles
 *	package-tool content FILE [N]      what signature N (-1) is over
 *	package-tool seal FILE N           signature N, binary
 *	package-tool write FILE OUT [-r ROLE] [-d N]... [PACKETS]
 *	package-tool text FILE             the text of a clearsigned file
 *	package-tool lines|framed FILE     the canonical form of a text
 *	package-tool clearsign TEXT PACKETS
 *	package-tool list FIELD FILE       entries of a control file's list
 *	package-tool update FILE NAME      with what NAME (a file) is now
 *
 * `content`, `seal`, `text` and the like write to standard output. A refusal is
 * one line, its reason first, and exit 1; an error ends with its own code.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/enc.h"
#include "base/file.h"
#include "formats/cleartext.h"
#include "formats/deb822.h"
#include "iface/package.h"

#define FILE_MAX (128 * 1024 * 1024)

static struct tmk_err err = TMK_ERR_INIT;

static void demand(int rc)
{
	if (!rc)
		return;
	fprintf(stderr, "package-tool: %s; %s\n", err.text, err.hint);
	exit(err.code ? err.code : 70);
}

static void demand_good(const struct tmk_verdict *v)
{
	if (v->reason == TMK_GOOD)
		return;
	printf("%s: %s\n", tmk_reason_id(v->reason), v->text);
	exit(1);
}

static _Noreturn void usage(void)
{
	fputs("usage: see package-tool.c\n", stderr);
	exit(2);
}

static int to_stdout(void *to, const uint8_t *data, size_t len,
		     struct tmk_err *e)
{
	(void)to;
	return tmk_file_write_fd(1, data, len, "standard output", e);
}

static struct tmk_buf slurp(const char *path)
{
	struct tmk_buf buf = TMK_BUF_INIT(FILE_MAX);

	demand(tmk_file_read(&buf, path, &err));
	return buf;
}

static struct tmk_package *open_package(const char *path)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	const struct tmk_package_ops *best = NULL;
	uint8_t head[TMK_PACKAGE_HEAD];
	struct tmk_package *package;
	int fd = open(path, O_RDONLY | O_CLOEXEC), i, most = 0, sure;
	ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);

	if (n < 0) {
		perror(path);
		exit(4);
	}
	for (i = 0; tmk_packages[i]; i++) {
		sure = tmk_packages[i]->bid(head, (size_t)n);
		if (sure > most) {
			most = sure;
			best = tmk_packages[i];
		}
	}
	if (!best) {
		puts("no package");
		exit(4);
	}
	demand(best->open(&package, fd, &v, &err));
	demand_good(&v);
	return package;
}

static void show(const struct tmk_package *package)
{
	int i;

	printf("%s: %s\n", package->ops->name, package->what);
	for (i = 0; i < package->seals; i++)
		printf("%d %s %zu\n", i, package->seal[i].role,
		       package->seal[i].len);
}

static void put_seal(const struct tmk_package *package, int i)
{
	if (i < 0 || i >= package->seals)
		usage();
	demand(to_stdout(NULL, package->seal[i].data, package->seal[i].len,
			 &err));
}

static void write_package(const struct tmk_package *package, char **arg)
{
	struct tmk_package_change change = { NULL };
	struct tmk_buf packets = TMK_BUF_INIT(FILE_MAX);
	int fd = open(*arg, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		usage();
	for (arg++; *arg; arg++) {
		if (!strcmp(*arg, "-r") && arg[1]) {
			change.role = *++arg;
		} else if (!strcmp(*arg, "-d") && arg[1]) {
			change.drop |= 1u << atoi(*++arg);
		} else {
			packets = slurp(*arg);
			change.data = packets.data;
			change.len = packets.len;
		}
	}
	demand(package->ops->write(package, &change, fd, &err));
	close(fd);
	tmk_buf_release(&packets);
}

static int do_package(char **arg)
{
	struct tmk_package *package = open_package(arg[1]);
	int fd = package->fd;

	if (!strcmp(arg[0], "open"))
		show(package);
	else if (!strcmp(arg[0], "content"))
		demand(package->ops->content(package, arg[2] ? atoi(arg[2]) :
					     -1, to_stdout, NULL, &err));
	else if (!strcmp(arg[0], "seal") && arg[2])
		put_seal(package, atoi(arg[2]));
	else if (!strcmp(arg[0], "write") && arg[2])
		write_package(package, arg + 2);
	else
		usage();
	tmk_package_close(package);
	close(fd);
	return 0;
}

static int do_text(char **arg)
{
	struct tmk_buf data = slurp(arg[1]);
	struct tmk_buf out = TMK_BUF_INIT(FILE_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_cleartext_parts parts;

	tmk_cleartext_parts_init(&parts);
	if (!strcmp(arg[0], "lines") || !strcmp(arg[0], "framed")) {
		demand(tmk_cleartext_canonical(*arg[0] == 'l' ?
					       TMK_CLEARTEXT_LINES :
					       TMK_CLEARTEXT_FRAMED,
					       data.data, data.len,
					       tmk_cleartext_to_buf, &out,
					       &err));
	} else if (!strcmp(arg[0], "clearsign") && arg[2]) {
		struct tmk_buf packets = slurp(arg[2]);

		demand(tmk_cleartext_write(&out, data.data, data.len,
					   packets.data, packets.len, &err));
		tmk_buf_release(&packets);
	} else if (!strcmp(arg[0], "text")) {
		demand(tmk_cleartext_parse(&parts, data.data, data.len, &v,
					   &err));
		demand_good(&v);
		demand(tmk_cleartext_to_buf(&out, parts.text.data,
					    parts.text.len, &err));
	} else {
		usage();
	}
	demand(to_stdout(NULL, out.data, out.len, &err));
	tmk_cleartext_parts_release(&parts);
	tmk_buf_release(&data);
	tmk_buf_release(&out);
	return 0;
}

static enum tmk_deb822_form form_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash ? slash : path, '.');

	return !dot ? TMK_DEB822_PATHS : strcmp(dot, ".changes") ?
		TMK_DEB822_PLAIN : TMK_DEB822_CHANGES;
}

static void parse(struct tmk_deb822 *p, const struct tmk_buf *text)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;

	if (!tmk_deb822_parse(p, text->data, text->len, &v))
		demand_good(&v);
}

static int do_list(char **arg)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_buf text = slurp(arg[2]);
	const struct tmk_deb822_field *field;
	struct tmk_deb822_list list;
	struct tmk_deb822 p;
	int i;

	parse(&p, &text);
	field = tmk_deb822_find(&p, arg[1]);
	if (!field)
		usage();
	tmk_deb822_list_init(&list);
	demand(tmk_deb822_list_read(&list, field, form_of(arg[2]), &v, &err));
	demand_good(&v);
	for (i = 0; i < list.entries; i++)
		printf("%.*s %llu %.*s\n", (int)list.entry[i].hash.len,
		       (const char *)list.entry[i].hash.data,
		       (unsigned long long)list.entry[i].bytes,
		       (int)list.entry[i].name.len,
		       (const char *)list.entry[i].name.data);
	tmk_deb822_list_release(&list);
	tmk_buf_release(&text);
	return 0;
}

static int do_update(char **arg)
{
	static const char *const digest[TMK_DEB822_HASHES] = {
		NULL, "MD5", "SHA1", "SHA256", "SHA512"
	};
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_buf text = slurp(arg[1]), content = slurp(arg[2]);
	struct tmk_buf out = TMK_BUF_INIT(FILE_MAX);
	const char *slash = strrchr(arg[2], '/');
	struct tmk_deb822_file file = { slash ? slash + 1 : arg[2],
					content.len, { "" } };
	struct tmk_deb822 p;
	uint8_t value[EVP_MAX_MD_SIZE];
	size_t len;
	int i;

	for (i = 1; i < TMK_DEB822_HASHES; i++) {
		if (!EVP_Q_digest(NULL, digest[i], NULL, content.data,
				  content.len, value, &len))
			usage();
		tmk_enc_hex(file.hash[i], value, len);
	}
	parse(&p, &text);
	demand(tmk_deb822_update(&out, NULL, &p, form_of(arg[1]), &file, 1, &v,
				 &err));
	demand_good(&v);
	demand(to_stdout(NULL, out.data, out.len, &err));
	tmk_buf_release(&text);
	tmk_buf_release(&content);
	tmk_buf_release(&out);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct verb {
		const char *name;
		int args;
		int (*run)(char **arg);
	} verbs[] = {
		{ "open", 1, do_package }, { "content", 1, do_package },
		{ "seal", 2, do_package }, { "write", 2, do_package },
		{ "text", 1, do_text }, { "lines", 1, do_text },
		{ "framed", 1, do_text }, { "clearsign", 2, do_text },
		{ "list", 2, do_list }, { "update", 2, do_update },
	};
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (argc > 1 + verbs[i].args && !strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argv + 1);
	usage();
}
