/*
 * front_denied.c - the files of denied keys: read when they changed, added to
 * under a lock.
 *
 * libgit2 reads the values. The names of the sections are looked at here too,
 * since it says nothing of a section without values, which denies a key all
 * the same; anything else that stands at the beginning of a line with a
 * bracket is not understood, and so denies every key.
 */
#include "plugins/front_denied.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "core/config.h"
#include "core/config_files.h"
#include "core/config_parse.h"
#include "plugins/front_certs.h"
#include "plugins/front_denied_list.h"
#include "plugins/front_spki.h"

#define SYSTEM_FILE "/etc/touchmark/denied"
#define FILE_NAME "denied"
#define FILES 3			/* system, beside the configuration, the
				   user's usual place */
#define FILE_BYTES (1024 * 1024)
#define ENTRIES_MAX 16384
#define SECTION "denied.sha256:"
#define HEADER "[denied \"sha256:"
#define HEX 64
#define LATELY 2		/* s within which times cannot tell */
#define LOCK_WAIT_MS 5000

/* What one file said the last time. */
struct file {
	char *path;		/* NULL: there is no such place */
	bool there;
	struct stat st;
	struct tmk_front_denied_key *key;
	int keys;
};

static struct {
	pthread_mutex_t lock;
	struct file file[FILES];
	/* The last key that was asked about: decoding it costs more than all
	 * the rest, and a batch asks about the same one each time. */
	char plain[TMK_FRONT_SPKI_HEX], one[TMK_FRONT_SPKI_HEX];
} known = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void forget(struct file *f)
{
	free(f->path);
	free(f->key);
	memset(f, 0, sizeof(*f));
}

static int not_understood(struct tmk_err *err, const char *path,
			  const char *what)
{
	tmk_err_set(err, TMK_USAGE, "%s: %s: which keys are denied cannot be "
		    "told, so all of them are", path, what);
	return tmk_err_hint(err, "mend the file, of sections [denied \"sha256:"
			    "HEX\"] with since, name and reason, as its owner "
			    "or the administrator");
}

/* The entry of a key, made if it is new; NULL when there is no room. */
static struct tmk_front_denied_key *entry_of(struct file *f, const char *hex)
{
	struct tmk_front_denied_key *grown, *k;
	char low[HEX + 1];
	int i;

	for (i = 0; i <= HEX; i++)
		low[i] = hex[i] >= 'A' && hex[i] <= 'F' ?
			(char)(hex[i] + 32) : hex[i];
	low[HEX] = '\0';
	for (i = 0; i < f->keys; i++)
		if (!strcmp(f->key[i].sha256, low))
			return &f->key[i];
	if (f->keys == ENTRIES_MAX)
		return NULL;
	grown = realloc(f->key, ((size_t)f->keys + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	f->key = grown;
	k = &grown[f->keys++];
	memset(k, 0, sizeof(*k));
	memcpy(k->sha256, low, sizeof(low));
	snprintf(k->file, sizeof(k->file), "%s", f->path);
	return k;
}

static bool is_hex(const char *text)
{
	return strspn(text, "0123456789abcdefABCDEF") >= HEX;
}

/* ---- the names of the sections -------------------------------------------- */

/* One line: a header of ours, no header at all, or not understood. */
static int take_line(struct file *f, const char *line, size_t len)
{
	char header[sizeof(HEADER) + HEX + 2];
	size_t n = sizeof(HEADER) - 1;

	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len && strchr(" \t\r", line[len - 1]))
		len--;
	if (!len || *line != '[')
		return 0;
	if (len != n + HEX + 2)
		return -1;
	memcpy(header, line, len);
	header[len] = '\0';
	if (strncmp(header, HEADER, n) || !is_hex(header + n) ||
	    strcmp(header + n + HEX, "\"]"))
		return -1;
	return entry_of(f, header + n) ? 0 : -1;
}

static int take_headers(struct file *f, const struct tmk_buf *text,
			struct tmk_err *err)
{
	const char *at = tmk_buf_str(text), *end = at + text->len, *newline;

	if (memchr(at, '\0', text->len))
		return not_understood(err, f->path, "a NUL byte in it");
	for (; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			newline = end;
		if (take_line(f, at, (size_t)(newline - at)))
			return not_understood(err, f->path, "a section that "
					      "is no [denied \"sha256:HEX\"]");
	}
	return 0;
}

/* ---- what they say ---------------------------------------------------------- */

struct taking {
	struct file *f;
	bool bad;
};

static int take_value(void *ctx, const char *name, const char *value,
		      bool included)
{
	struct taking *t = ctx;
	struct tmk_front_denied_key *k;
	const char *hex = name + sizeof(SECTION) - 1, *field;
	struct tmk_front_denied *what;

	t->bad = true;
	if (included || !value ||
	    strncmp(name, SECTION, sizeof(SECTION) - 1) || !is_hex(hex) ||
	    hex[HEX] != '.')
		return -1;
	k = entry_of(t->f, hex);
	if (!k)
		return -1;
	what = &k->what;
	field = hex + HEX + 1;
	if (!strcmp(field, "since"))
		tmk_enc_show_into(what->since, sizeof(what->since), value,
				  strlen(value));
	else if (!strcmp(field, "name"))
		snprintf(what->name, sizeof(what->name), "%s", value);
	else if (!strcmp(field, "reason"))
		snprintf(what->reason, sizeof(what->reason), "%s", value);
	else
		return -1;
	t->bad = false;
	return 0;
}

/* Whoever may write it could take a key off it. */
static int owner_ok(const struct file *f, struct tmk_err *err)
{
	if (!S_ISREG(f->st.st_mode))
		return not_understood(err, f->path, "it is no regular file");
	if (f->st.st_uid != geteuid() && f->st.st_uid != 0)
		return not_understood(err, f->path, "it belongs to somebody "
				      "else");
	if (f->st.st_mode & 022)
		return not_understood(err, f->path, "others may write it");
	return 0;
}

static int read_file(struct file *f, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(FILE_BYTES);
	struct taking t = { f, false };
	struct tmk_err why = TMK_ERR_INIT;
	int rc = owner_ok(f, err);

	free(f->key);
	f->key = NULL;
	f->keys = 0;
	if (!rc && tmk_file_read(&text, f->path, &why))
		rc = not_understood(err, f->path, "it cannot be read");
	if (!rc)
		rc = take_headers(f, &text, err);
	if (!rc && tmk_config_parse(f->path, NULL, take_value, &t, &why))
		rc = not_understood(err, f->path, t.bad ? "an entry that is "
				    "none of since, name and reason" :
				    "it cannot be read to its end");
	tmk_buf_release(&text);
	return rc;
}

/* ---- which files, and whether they changed --------------------------------- */

/* 1 when what is known of it still holds. */
static int look(struct file *f, struct tmk_err *err)
{
	struct stat st;
	bool there = true;

	if (stat(f->path, &st)) {
		/* A link that leads nowhere is no missing file. */
		if ((errno != ENOENT && errno != ENOTDIR) ||
		    !lstat(f->path, &st))
			return not_understood(err, f->path, "it cannot be "
					      "looked at");
		there = false;
	}
	if (there && f->there && tmk_front_certs_same(&st, &f->st) &&
	    st.st_ctim.tv_sec + LATELY < tmk_clock_now())
		return 1;
	f->there = there;
	if (there)
		f->st = st;
	else
		f->keys = 0;
	return !there;
}

static int refresh_one(struct file *f, char *path, struct tmk_err *err)
{
	int rc;

	if (!path || (f->path && strcmp(f->path, path)))
		forget(f);
	if (!path)
		return 0;
	if (f->path)
		free(path);
	else
		f->path = path;
	rc = look(f, err);
	if (!rc)
		rc = read_file(f, err);
	if (rc >= 0)
		return 0;
	forget(f);
	return -1;
}

int tmk_front_denied_path(char **out, struct tmk_err *err)
{
	char *config = NULL, *path;

	if (tmk_config_user_path(&config, err))
		return -1;
	path = tmk_file_resolve(config, NULL, FILE_NAME);
	free(config);
	if (!path)
		return tmk_err_nomem(err);
	*out = path;
	return 0;
}

/* The user's usual file counts too where TOUCHMARK_CONFIG leads elsewhere:
 * another configuration does not bring a key back. */
static int refresh(struct tmk_err *err)
{
	char *path[FILES] = { strdup(SYSTEM_FILE), NULL,
		tmk_config_files_xdg("touchmark/" FILE_NAME) };
	int i, rc = 0;

	if (!path[0])
		rc = tmk_err_nomem(err);
	if (!rc && tmk_front_denied_path(&path[1], NULL))
		path[1] = NULL;	/* without a home there is no file in it */
	if (path[1] && path[2] && !strcmp(path[1], path[2])) {
		free(path[2]);
		path[2] = NULL;
	}
	for (i = 0; i < FILES; i++)
		if (rc)
			free(path[i]);
		else
			rc = refresh_one(&known.file[i], path[i], err);
	return rc;
}

/* ---- the questions ----------------------------------------------------------- */

static const struct tmk_front_denied_key *find(const char *hex)
{
	int i, j;

	for (i = 0; i < FILES; i++)
		for (j = 0; j < known.file[i].keys; j++)
			if (!strcmp(known.file[i].key[j].sha256, hex))
				return &known.file[i].key[j];
	return NULL;
}

static bool any(void)
{
	int i, n = 0;

	for (i = 0; i < FILES; i++)
		n += known.file[i].keys;
	return n > 0;
}

/* By the bytes as they are, and by the one spelling of the key in them. */
static int find_key(const struct tmk_front_denied_key **out,
		    const uint8_t *spki, size_t len, struct tmk_err *err)
{
	char plain[TMK_FRONT_SPKI_HEX], one[TMK_FRONT_SPKI_HEX];

	if (tmk_front_spki_sha256(plain, spki, len, err))
		return -1;
	*out = find(plain);
	if (*out || !any())
		return 0;
	if (strcmp(known.plain, plain)) {
		if (tmk_front_spki_same(one, spki, len, err))
			return -1;
		memcpy(known.one, one, sizeof(one));
		memcpy(known.plain, plain, sizeof(plain));
	}
	*out = find(known.one);
	return 0;
}

int tmk_front_denied_find(struct tmk_front_denied *out, const uint8_t *spki,
			  size_t len, struct tmk_err *err)
{
	const struct tmk_front_denied_key *k = NULL;
	int rc;

	pthread_mutex_lock(&known.lock);
	rc = refresh(err);
	if (!rc)
		rc = find_key(&k, spki, len, err);
	if (!rc && k) {
		if (out)
			*out = k->what;
		rc = 1;
	}
	pthread_mutex_unlock(&known.lock);
	return rc;
}

int tmk_front_denied_check(const uint8_t *spki, size_t len,
			   struct tmk_err *err)
{
	struct tmk_front_denied what = { "", "", "" };
	int rc = tmk_front_denied_find(&what, spki, len, err);

	if (rc <= 0)
		return rc;
	tmk_err_set(err, TMK_KEY, "this key is denied%s%s%s%s%s%s",
		    *what.since ? " since " : "", what.since,
		    *what.name ? ", then called " : "", what.name,
		    *what.reason ? ": " : "", what.reason);
	return tmk_err_hint(err, "sign with another key; touchmark key status "
			    "shows what is denied, touchmark-key(1) how a "
			    "denial is taken back");
}

int tmk_front_denied_each(tmk_front_denied_visit visit, void *ctx,
			  struct tmk_err *err)
{
	int i, j, rc;

	pthread_mutex_lock(&known.lock);
	rc = refresh(err);
	for (i = 0; !rc && i < FILES; i++)
		for (j = 0; !rc && j < known.file[i].keys; j++)
			rc = visit(ctx, &known.file[i].key[j], err);
	pthread_mutex_unlock(&known.lock);
	return rc < 0 ? -1 : 0;
}

/* ---- one more ------------------------------------------------------------------ */

/* A value as git-config(1) takes it between quotes. */
static int add_value(struct tmk_buf *out, const char *key, const char *text,
		     size_t size)
{
	char safe[256];
	const char *c;

	tmk_enc_show_into(safe, size < sizeof(safe) ? size : sizeof(safe),
			  text, strlen(text));
	if (tmk_buf_printf(out, "\t%s = \"", key))
		return -1;
	for (c = safe; *c; c++)
		if (((*c == '"' || *c == '\\') && tmk_buf_addch(out, '\\')) ||
		    tmk_buf_addch(out, *c))
			return -1;
	return tmk_buf_addstr(out, "\"\n");
}

static int add_entry(struct tmk_buf *out, const char *hex, const char *name,
		     const char *reason)
{
	static const struct tmk_front_denied *size;
	char now[TMK_CLOCK_TEXT];

	tmk_clock_format(now, tmk_clock_now());
	if ((out->len && out->data[out->len - 1] != '\n' &&
	     tmk_buf_addch(out, '\n')) ||
	    tmk_buf_printf(out, HEADER "%s\"]\n\tsince = %s\n", hex, now) ||
	    (name && *name &&
	     add_value(out, "name", name, sizeof(size->name))) ||
	    (reason && *reason &&
	     add_value(out, "reason", reason, sizeof(size->reason))))
		return -1;
	return 0;
}

/* One writer at a time: the directory is the lock, so none is left behind. */
static int lock_directory(const char *path, struct tmk_err *err)
{
	char *dir = strdup(path), *slash = dir ? strrchr(dir, '/') : NULL;
	int fd = -1, rc = 0;

	if (!slash) {
		free(dir);
		return tmk_err_nomem(err);
	}
	slash[slash == dir] = '\0';
	if (!tmk_file_mkdirs(dir, err)) {
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			tmk_err_set(err, TMK_INPUT, "%s: %s", dir,
				    strerror(errno));
	}
	if (fd >= 0)
		rc = tmk_file_lock(fd, false, LOCK_WAIT_MS, dir, err);
	if (rc > 0)
		rc = tmk_err_set(err, TMK_INPUT, "%s: another program holds "
				 "its lock", dir);
	if (rc) {
		close(fd);
		fd = -1;
	}
	free(dir);
	return fd;
}

static int is_denied(const char *hex, struct tmk_err *err)
{
	int rc;

	pthread_mutex_lock(&known.lock);
	rc = refresh(err);
	if (!rc)
		rc = find(hex) != NULL;
	pthread_mutex_unlock(&known.lock);
	return rc;
}

/* What cannot be read is left for its owner to look at: it denies every key,
 * and so this one. */
static int add_locked(const char *path, const char *hex, const char *name,
		      const char *reason, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(FILE_BYTES);
	int rc = is_denied(hex, err);

	if (!rc && tmk_file_exists(path))
		rc = tmk_file_read(&text, path, err);
	if (!rc && add_entry(&text, hex, name, reason))
		rc = tmk_err_set(err, TMK_INPUT, "%s: there is no room for "
				 "one more key", path);
	if (!rc)
		rc = tmk_file_write(path, 0600, text.data, text.len, err);
	tmk_buf_release(&text);
	return rc;
}

int tmk_front_denied_add_hash(const char *hex, const char *name,
			      const char *reason, struct tmk_err *err)
{
	char *path = NULL;
	int fd, rc = -1;

	if (tmk_front_denied_path(&path, err))
		return -1;
	fd = lock_directory(path, err);
	if (fd >= 0) {
		rc = add_locked(path, hex, name, reason, err);
		/* What was written must say no when it is asked. */
		if (!rc && is_denied(hex, err) != 1)
			rc = tmk_err_set(err, TMK_INTERNAL, "%s: the key is "
					 "not denied after it was added",
					 path);
		close(fd);
	}
	free(path);
	return rc;
}

int tmk_front_denied_add(const uint8_t *spki, size_t len, const char *name,
			 const char *reason, struct tmk_err *err)
{
	char hex[TMK_FRONT_SPKI_HEX];

	return tmk_front_spki_same(hex, spki, len, err) ? -1 :
		tmk_front_denied_add_hash(hex, name, reason, err);
}
