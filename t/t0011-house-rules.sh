#!/bin/sh
# The house rules that a machine can count: sizes, calls that are not to be
# made, words that are not to stay, comments in headers, reason ids.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=house.sh
. "${0%/*}/house.sh"

# faults NAME CMD...: CMD prints nothing.
faults() {
	name=$1
	shift
	"$@" >"$T/out" 2>&1
	RC=$?
	[ ! -s "$T/out" ]
	tap $? "$name"
}

# allowed NAME ALLOW-LIST FOUND: the faults found are exactly those allowed;
# an entry that is not needed any more is a fault as well.
allowed() {
	printf '%s\n' "$2" | sed '/^$/d' >"$T/allow"
	printf '%s\n' "$3" | sed '/^$/d' >"$T/found"
	house_same "$T/allow" "$T/found" >"$T/out" 2>&1
	RC=$?
	tap $RC "$1 ($(wc -l <"$T/allow") allowed)"
}

# ---- sizes ------------------------------------------------------------------

MAX_FILE=600
MAX_FUNCTION=60

allowed "no file over $MAX_FILE lines" '' "$(house_long_files "$TOP" $MAX_FILE)"
allowed "no function over $MAX_FUNCTION lines" '' \
	"$(house_long_functions "$TOP" $MAX_FUNCTION)"

long_lines() {
	cd "$TOP" && house_all_sources . | xargs expand -t 8 -- |
		awk 'length > 90'
}
faults 'no line over 90 columns' long_lines

# ---- calls -------------------------------------------------------------------

# Calls that cannot be made safely, that run a shell, that read a number
# without saying so when it is none, or that are known not to check what they
# seem to check.
BANNED='strcpy|strcat|sprintf|vsprintf|stpcpy|gets|system|popen|alloca|atoi|atol|atoll|atof|strtok|scanf|sscanf|fscanf|tmpnam|tempnam|mktemp|rand|srand|random|longjmp|setjmp|vfork|execlp|execvp|gmtime|localtime|ctime|asctime|git_commit_extract_signature|archive_read_support_filter_all|OPENSSL_init_ssl|PKCS11_generate_key|X509_cmp_current_time'
allowed 'no banned call' '' "$(house_calls "$TOP" "$BANNED")"

# Libraries tell their caller; they do not print, end the process or look
# into its environment.
LOUD='printf|fprintf|vfprintf|vprintf|puts|fputs|putchar|fputc|perror|exit|abort|err|errx|warn|warnx|syslog|getenv|secure_getenv|setenv|putenv|unsetenv|assert'
allowed 'libraries do not print, exit or read the environment' \
	"$(cat <<-'END'
	common/base/opt.c:fprintf
	common/base/proc.c:getenv
	common/core/config_env.c:secure_getenv
	common/key/agent_describe.c:secure_getenv
	common/key/agent_path.c:secure_getenv
	common/key/agent_describe.c:secure_getenv
	common/key/agent_path.c:secure_getenv
	END
	)" "$(house_calls "$TOP" "$LOUD" common/ formats/)"

# Programs that may see a PIN close themselves to debuggers and core files
# before they read anything.
open_programs() {
	(cd "$TOP" && grep -L 'tmk_secret_harden_process();' \
		plugins/touchmark*.c | grep -v '/touchmark-fetch\.c$')
}
faults 'every program with a key store hardens its process' open_programs

# ---- words -------------------------------------------------------------------

words() {
	(cd "$TOP" && grep -rnwE 'TO''DO|FIX''ME|XX''X|HA''CK|NOT''IMPLEMENTED' \
		--include='*.[ch]' --include='*.sh' --include='*.md' \
		--include='*.[1578]' --include='*.mk' --include=Makefile \
		common formats hooks plugins t man docs Makefile ./*.md)
}
faults 'no word for work left behind' words

# ---- headers -----------------------------------------------------------------

faults 'headers open with what they are, and comment their prototypes' \
	house_header_faults "$TOP"

# ---- reason ids --------------------------------------------------------------

house_reasons "$TOP" >"$T/reasons"
n=$(wc -l <"$T/reasons")
[ "$n" -gt 30 ]
tap $? "the list of reasons was read ($n of them)"

PAGE=$TOP/man/touchmark-verdicts.7
cut -d' ' -f2 "$T/reasons" >"$T/ids"
sed -n 's/^\.It Sy \([a-z-]*\)$/\1/p' "$PAGE" >"$T/documented"
house_same "$T/ids" "$T/documented" >"$T/out"
tap $? 'touchmark-verdicts(7) has a paragraph for every reason, and no other'

# A reason that the code gives is seen by a test; one that nothing gives yet is
# said to be so in the page.
sed -n '/^\.Ss Reasons that this version does not give/,/^\.S[hs] [^R]/p' \
	"$PAGE" | sed -n 's/^\.Sy \([a-z-]*\).*/\1/p' >"$T/silent"
: >"$T/given"
: >"$T/never"
(cd "$TOP" && house_sources . | grep '\.c$' |
	grep -v '^common/iface/verdict\.c$' |
	xargs grep -ohE '\bTMK_[A-Z0-9_]+\b') | sort -u >"$T/named"
while read -r c id; do
	if grep -qx "TMK_$c" "$T/named"; then
		echo "$c $id" >>"$T/given"
	else
		echo "$id" >>"$T/never"
	fi
done <"$T/reasons"
house_same "$T/never" "$T/silent" >"$T/out"
tap $? 'the page names exactly the reasons that this version does not give'

: >"$T/untested"
while read -r c id; do
	(cd "$TOP/t" && { grep -lE "(^|[^a-z-])$id([^a-z-]|\$)" t[1-9]*.sh
	grep -lw "TMK_$c" unit/test_*.c; } 2>/dev/null) | grep -q . ||
		echo "$id" >>"$T/untested"
done <"$T/given"
cp "$T/untested" "$T/out"
[ ! -s "$T/out" ]
tap $? 'every reason that the code gives is in a test'

# ---- the test itself -----------------------------------------------------------

P=$T/tree
mkdir -p "$P/common/base" "$P/formats" "$P/hooks" "$P/plugins" "$P/t"
{
	echo 'int planted_long(void)'
	echo '{'
	i=0
	while [ $i -lt 60 ]; do echo '	;'; i=$((i + 1)); done
	echo '}'
	echo '/* strcpy(a, b) in a comment */'
	echo 'static const char *s = "sprintf(x)";'
	echo 'void planted_call(void) { x = atoi (s); }'
} >"$P/common/base/planted.c"
cat >"$P/common/base/planted.h" <<'END'
/*
 * planted.h - a header with a fault.
 */
#ifndef TMK_BASE_PLANTED_H
#define TMK_BASE_PLANTED_H

/* Told. */
int planted_told(void);

int planted_untold(void);

#endif
END
house_long_functions "$P" 60 >"$T/out"
is "$(cat "$T/out")" 'common/base/planted.c:planted_long 62' \
	'seen: a long function'
is "$(house_calls "$P" "$BANNED")" 'common/base/planted.c:atoi' \
	'seen: a banned call, and no comment or string'
is "$(house_header_faults "$P")" \
	'common/base/planted.h: planted_untold has no comment' \
	'seen: a prototype without a comment'
yes '' | head -601 >"$P/common/base/long.c"
is "$(house_long_files "$P" 600)" 'common/base/long.c 601' 'seen: a long file'

done_testing
