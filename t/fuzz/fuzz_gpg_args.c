/*
 * fuzz_gpg_args.c - command lines as gpg's callers write them, any bytes.
 *
 * What must hold whatever comes in: argv is left alone, every operand is one
 * of its words or a descriptor, a call that is ours has a command and sane
 * descriptors, and what names a key is the word that was given or a
 * fingerprint made of its digits. And the text behind SIG_CREATED, from
 * whoever answers: whole lines or none.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/gpg_args.h"
#include "plugins/gpg_status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS 24

static void check_user(const struct tmk_gpg_args *a)
{
	const char *hex = a->fingerprint[0];

	if (a->user != hex)
		return;
	if (!strncmp(hex, "sha256:", 7))
		hex += 7;
	if (strspn(hex, "0123456789abcdefABCDEF") != strlen(hex) ||
	    (strlen(hex) != 40 && strlen(hex) != 64))
		abort();
}

static void check(const struct tmk_gpg_args *a, int argc, char *const argv[])
{
	char name[64];
	int i;

	if (a->operands < 0 || a->operands > TMK_GPG_OPERANDS_MAX ||
	    a->status_fd < -1 || a->logger_fd < -1 || a->first < 1)
		abort();
	for (i = 0; i < a->operands; i++)
		if (a->operand[i] != argv[a->first + i] &&
		    (a->operand[i] != a->fd_path[i] ||
		     strncmp(argv[a->first + i], "-&", 2) ||
		     tmk_gpg_args_fd(a->operand[i]) < 0))
			abort();
	if (a->operands && a->first + a->operands != argc)
		abort();
	if (a->op == TMK_GPG_SIGN && !!a->user != (a->users > 0))
		abort();
	check_user(a);
	(void)tmk_gpg_args_output(name, sizeof(name), a, a->armour);
	if (a->operands && tmk_gpg_args_output(name, sizeof(name), a, true) !=
	    a->output && !a->output && strcmp("-", tmk_gpg_args_output(
		    name, sizeof(name), a, true)))
		abort();
}

/* Words are cut at newlines. */
static void arguments(char *text)
{
	char *argv[WORDS + 1], *copy[WORDS], *p = text;
	struct tmk_gpg_args args;
	int argc = 0, i;

	while (p && argc < WORDS) {
		argv[argc++] = p;
		p = strchr(p, '\n');
		if (p)
			*p++ = '\0';
	}
	argv[argc] = NULL;
	for (i = 0; i < argc; i++)
		copy[i] = strdup(argv[i]);
	if (!tmk_gpg_args_parse(&args, argc, argv, NULL))
		check(&args, argc, argv);
	for (i = 0; i < argc; i++) {
		if (copy[i] && strcmp(copy[i], argv[i]))
			abort();
		free(copy[i]);
	}
	(void)tmk_gpg_args_name_is_gpgsm(argv[0]);
}

static void created(const char *text)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_GPG_STATUS_MAX);
	int lines = 0;
	const char *p;

	if (!tmk_gpg_status_signed(&out, text)) {
		for (p = tmk_buf_str(&out); *p; p = strchr(p, '\n') + 1) {
			if (strncmp(p, "[GNUPG:] ", 9))
				abort();
			lines++;
		}
		if (lines != 1 && lines != 3)
			abort();
	} else if (out.len) {
		abort();
	}
	tmk_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size > 65536)
		return 0;
	text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	created(text);
	arguments(text);
	free(text);
	return 0;
}
