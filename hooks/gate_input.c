/*
 * gate_input.c - the lines that git gives to a pre-receive hook (githooks(5)):
 * "old new ref", one per command.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hooks/gate.h"

#define LINE_MAX_BYTES (2 * (TMK_OID_HEX + 1) + TMK_GATE_REF_MAX)

/* One line without its newline. Returns 1, 0 at the end, -1 when it is too
 * long or not closed. */
static int read_line(FILE *in, char *line, size_t size, size_t *len)
{
	size_t n = 0;
	int c;

	while ((c = getc(in)) != EOF && c != '\n') {
		if (n + 1 >= size)
			return -1;
		line[n++] = (char)c;
	}
	if (c == EOF && (n || ferror(in)))
		return -1;
	line[n] = '\0';
	*len = n;
	return c != EOF;
}

static bool read_oid(struct tmk_oid *out, const char *hex, size_t digits)
{
	return strspn(hex, "0123456789abcdef") >= digits &&
		tmk_oid_read(out, hex, digits);
}

/* Only what git itself lets through as a ref below refs/. */
static bool ref_ok(struct tmk_repo *repo, const char *ref)
{
	const char *p;

	for (p = ref; *p; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f)
			return false;
	return !strncmp(ref, "refs/", 5) && strlen(ref) < TMK_GATE_REF_MAX &&
		repo->ops->name_ok(repo, ref);
}

/* "have OID REF", of which `rest` is what follows the word. */
static int add_have(struct tmk_gate *gate, const char *rest, size_t len,
		    struct tmk_err *err)
{
	size_t hex = gate->repo->hex;
	struct tmk_oid oid;

	if (len <= hex + 1 || !read_oid(&oid, rest, hex) ||
	    rest[hex] != ' ' || !ref_ok(gate->repo, rest + hex + 1))
		return tmk_err_set(err, TMK_INTERNAL, "a line of the input is "
				   "not \"have oid ref\"");
	return tmk_gate_refs_add(gate, rest + hex + 1, &oid, err);
}

static int add_command(struct tmk_gate *gate, const char *line, size_t len,
		       struct tmk_err *err)
{
	struct tmk_gate_command c = { 0 };
	size_t hex = gate->repo->hex;
	const char *ref = line + 2 * (hex + 1);

	if (strlen(line) != len || len <= 2 * (hex + 1) ||
	    line[hex] != ' ' || ref[-1] != ' ' ||
	    !read_oid(&c.old, line, hex) ||
	    !read_oid(&c.new, line + hex + 1, hex)) {
		tmk_err_set(err, TMK_INTERNAL, "line %d of the input is not "
			    "\"old new ref\" with ids of %zu digits",
			    gate->commands + 1, hex);
		return tmk_err_hint(err, "git runs this as hooks/pre-receive");
	}
	if (!ref_ok(gate->repo, ref))
		return tmk_err_set(err, TMK_INTERNAL, "\"%.200s\" is no valid "
				   "ref name", ref);
	if (!(gate->commands & (gate->commands - 1))) {
		size_t n = gate->commands ? (size_t)gate->commands * 2 : 1;
		struct tmk_gate_command *grown;

		grown = realloc(gate->command, n * sizeof(*grown));
		if (!grown)
			return tmk_err_nomem(err);
		gate->command = grown;
	}
	c.ref = strdup(ref);
	if (!c.ref)
		return tmk_err_nomem(err);
	gate->command[gate->commands++] = c;
	return 0;
}

int tmk_gate_input_read(struct tmk_gate *gate, int fd, struct tmk_err *err)
{
	char line[LINE_MAX_BYTES] = "";
	int own = dup(fd), more, ret = -1;
	FILE *in = own < 0 ? NULL : fdopen(own, "r");
	size_t len;

	if (!in) {
		if (own >= 0)
			close(own);
		return tmk_err_set(err, TMK_INTERNAL,
				   "the hook's input cannot be read");
	}
	while ((more = read_line(in, line, sizeof(line), &len)) > 0) {
		if (gate->audit && strlen(line) == len &&
		    !strncmp(line, "have ", 5)) {
			if (add_have(gate, line + 5, len - 5, err) < 0)
				goto out;
			continue;
		}
		if (gate->commands == TMK_GATE_COMMANDS_MAX) {
			tmk_err_set(err, TMK_INPUT, "the push has more than "
				    "%d commands", TMK_GATE_COMMANDS_MAX);
			tmk_err_hint(err, "push fewer refs at once");
			goto out;
		}
		if (add_command(gate, line, len, err) < 0)
			goto out;
	}
	if (more < 0) {
		tmk_err_set(err, TMK_INPUT, "line %d of the input is too long "
			    "or not closed", gate->commands + 1);
		goto out;
	}
	ret = 0;
out:
	fclose(in);
	return ret;
}
