#!/bin/sh
# The documents say what the programs do: pages are clean, every command,
# option and key is in its page and the other way round, every file has its
# paragraph, every test that a document names is there.
# The backquotes are those of Markdown.
# shellcheck disable=SC2016
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=house.sh
. "${0%/*}/house.sh"
need mandoc

cd "$TOP" || exit 1
# The verbs of `key` have a page of their own.
PAGE=$T/touchmark.1
cat man/touchmark.1 man/touchmark-key.1 >"$PAGE"

same() {	# FILE FILE NAME: two lists of words
	house_same "$1" "$2" >"$T/out" 2>&1
	RC=$?
	[ -s "$1" ] || { echo "nothing was read for: $3" >"$T/out"; RC=1; }
	tap $RC "$3"
}

for p in man/*.[1-8]; do
	ok "mandoc -Tlint $p" mandoc -Tlint -Wwarning "$p"
done

# ---- programs, commands, options ----------------------------------------------

for p in "$BIN"/touchmark*; do
	name=${p##*/}
	case $name in
	# Ours alone to call.
	touchmark-archive | touchmark-config | touchmark-fetch | \
		touchmark-pinentry) continue ;;
	*-full)
		# Part of a small program, and told of in its page.
		grep -qE "^\.Nm $name( |\$)" "man/${name%-full}.1" >"$T/out" 2>&1
		tap $? "$name is told of in the page of ${name%-full}"
		continue ;;
	esac
	grep -lE "^\.Nm $name( |\$)" man/*.[18] >"$T/out" 2>&1
	tap $? "$name has a page"
done

# The long options and letters of a help text.
help_options() {
	sed -n 's/^  \(-[A-Za-z0-9]\)\{0,1\},\{0,1\} *\(--[a-z0-9_-]*\).*/\1 \2/p' |
		tr ' ' '\n' | sed '/^$/d' | sort -u
}

# The same of the items in one part of a page: "-k", "--key".
page_options() {	# PAGE SUBSECTION
	awk -v want=".Ss $2" '
	/^\.S[hs] / { inside = ($0 == want) }
	inside && /^\.It Fl / {
		for (i = 3; i <= NF; i++) {
			if ($i == "Ar" || $i == "Cm") break
			if ($i == "," || $i == "Fl" || $i == "Ns") continue
			print "-" $i
		}
	}' "$1" | sort -u
}

run touchmark --help
sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p' "$T/out" | sort -u >"$T/commands"
sed -n 's/^\.Ss touchmark \([a-z-]*\).*/\1/p' "$PAGE" | sort -u >"$T/paged"
same "$T/commands" "$T/paged" 'touchmark(1) has every command, and no other'

for c in plugins/cmd_*.c; do
	c=${c##*/cmd_}
	echo "${c%.c}"
done | tr _ - >"$T/files"
same "$T/commands" "$T/files" 'touchmark --help lists every cmd_*.c'

# A command of several verbs has a part for each; --help of the command alone
# lists the verbs.
sed -n 's/^\.Ss touchmark //p' "$PAGE" >"$T/parts"
while IFS= read -r part; do
	# The part is a command and perhaps a verb.
	# shellcheck disable=SC2086
	run touchmark $part --help
	grep -v 'not supported yet' "$T/out" | help_options | grep -vx -e --help -e -h >"$T/from-help"
	page_options "$PAGE" "touchmark $part" >"$T/from-page"
	if [ "$RC" != 0 ]; then
		tap 1 "touchmark $part --help ends with 0"
	else
		house_same "$T/from-help" "$T/from-page" >"$T/out"
		tap $? "touchmark $part: options as in its page"
	fi
done <"$T/parts"
[ "$(wc -l <"$T/parts")" -gt 5 ]
tap $? 'the page has its parts'

# Verbs of a command: lines of "touchmark CMD --help" between the usage and
# the options.
for c in key cert log; do
	run touchmark "$c" --help
	sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p' "$T/out" >"$T/verbs"
	sed -n "s/^\.Ss touchmark $c //p" "$PAGE" >"$T/paged"
	same "$T/verbs" "$T/paged" "touchmark $c: verbs as in the page"
done

# touchmark-gpg: the options that mean something to us.
sed -n "s/^	{ \"\([a-z-]*\)\", \(0\|'\([a-z]\)'\), [a-z]*, \([A-Z_]*\) },\$/\1 \3 \4/p" \
	plugins/gpg_args.c | grep -v ' IGNORED$' |
	awk '{ print "--" $1; if (NF == 3) print "-" $2 }' >"$T/gpg-code"
awk '/^\.It Fl / {
	for (i = 3; i <= NF; i++) {
		if ($i == "Ar" || $i == "Cm") break
		if ($i != ",") print "-" $i
	}
}' man/touchmark-gpg.1 >"$T/gpg-page"
same "$T/gpg-code" "$T/gpg-page" 'touchmark-gpg(1) has every option that counts'

# Completions know every command and every option.
cut -d' ' -f1 "$T/commands" >"$T/words"
while IFS= read -r c; do
	page_options "$PAGE" "touchmark $c"
done <"$T/parts" | grep '^--' | sed 's/^--//' | sort -u >>"$T/words"
run touchmark-agent --help
help_options <"$T/out" | sed -n 's/^--//p' >>"$T/words"
for f in "$B"/completion/touchmark.bash "$B"/completion/touchmark.zsh \
	"$B"/completion/touchmark.fish; do
	: >"$T/out"
	while IFS= read -r w; do
		grep -q -e "$w" "$f" || echo "$w is not there" >>"$T/out"
	done <"$T/words"
	[ ! -s "$T/out" ] && [ -f "$f" ]
	tap $? "${f##*/} knows every command and option"
done

# ---- keys -----------------------------------------------------------------------

# Items of one part of a page, in lower case.
page_keys() {	# PAGE SUBSECTION-PATTERN
	awk -v want="$2" '
	/^\.S[hs] / { inside = ($0 ~ want) }
	inside && /^\.It Ic / {
		for (i = 3; i <= NF; i++)
			if ($i != ",") print tolower($i)
	}' "$1"
}

table_keys() {	# TABLE FILE: keys with a function
	sed -n "/ $1\[\] = {/,/^};/p" "$2" |
		sed -n 's/^	{ "\([a-z]*\)", \([a-z_]*\), .*/\1 \2/p'
}

table_keys tmk_config_main_keys common/core/config_main.c | cut -d' ' -f1 >"$T/code"
page_keys man/touchmark.conf.5 '^[.]Ss .touchmark.$' >"$T/page"
same "$T/code" "$T/page" 'touchmark.conf(5) has every key of [touchmark]'
table_keys tmk_config_named_keys common/core/config_named.c | cut -d' ' -f1 >"$T/code"
page_keys man/touchmark.conf.5 '^[.]Ss .touchmark .*NAME' >"$T/page"
same "$T/code" "$T/page" 'touchmark.conf(5) has every key of [touchmark "NAME"]'

cat common/core/policy_keys*.c |
	sed -n 's/^	{ "\([a-z]*\)", "\([a-z]*\)", [a-z]*, \([a-z_]*\) },$/\1 \2 \3/p' |
	grep -v ' set_later$' >"$T/policy"
for s in policy trust role ref artefact push exempt limits; do
	sed -n "s/^$s \([a-z]*\) .*/\1/p" "$T/policy" >"$T/code"
	page_keys man/touchmark-policy.5 "^[.]Ss .${s}[] ]" >"$T/page"
	same "$T/code" "$T/page" "touchmark-policy(5) has every key of [$s]"
done
cut -d' ' -f1 "$T/policy" >"$T/sections"
sed -n 's/^\.Ss \[\([a-z]*\).*/\1/p' man/touchmark-policy.5 >"$T/page"
same "$T/sections" "$T/page" 'touchmark-policy(5) has every section'

# ---- exit codes -------------------------------------------------------------------

sed -n 's/^	TMK_[A-Z]* = \([0-9]*\),\{0,1\}.*/\1/p' common/base/err.h >"$T/code"
awk '/^\.Sh / { inside = ($0 == ".Sh EXIT STATUS") }
inside && /^\.It Li [0-9]/ { print $3 }' man/touchmark.1 >"$T/page"
same "$T/code" "$T/page" 'touchmark(1) has every exit code'

# ---- references ----------------------------------------------------------------------

# Our own pages that are referred to are there.
sed -n 's/^\.Xr \(touchmark[a-z.-]*\) \([1-8]\).*/\1.\2/p' man/*.[1-8] |
	sort -u >"$T/refs"
: >"$T/out"
while IFS= read -r r; do
	[ -f "man/$r" ] || echo "man/$r" >>"$T/out"
done <"$T/refs"
[ ! -s "$T/out" ] && [ -s "$T/refs" ]
tap $? 'every page of ours that a page names is there'

# Reason ids that documents use are ids.
house_reasons . | cut -d' ' -f2 | sort -u >"$T/ids"
sed -n 's/^| .*| `\([a-z-]*\)` | .*/\1/p' docs/THREATS.md | sort -u >"$T/used"
comm -13 "$T/ids" "$T/used" >"$T/out"
[ ! -s "$T/out" ] && [ -s "$T/used" ]
tap $? 'docs/THREATS.md names reason ids that exist'

# "| what | `reason` | t/tNNNN-x.sh |": the test is there and sees the reason.
sed -n 's/^| .* | `\([a-z-]*\)` | \(.*\) |$/\1 \2/p' docs/THREATS.md >"$T/rows"
: >"$T/out"
while read -r id tests; do
	for f in $tests; do
		f=${f%,}
		[ -f "t/$f" ] || { echo "t/$f is not there" >>"$T/out"; continue; }
		c=$(house_reasons . | sed -n "s/ $id\$//p")
		grep -qE -e "$id|TMK_$c" "t/$f" ||
			echo "t/$f does not see $id" >>"$T/out"
	done
done <"$T/rows"
[ ! -s "$T/out" ] && [ "$(wc -l <"$T/rows")" -gt 30 ]
tap $? 'every row of docs/THREATS.md has a test that sees its reason'

# Tests that it names elsewhere are there as well.
grep -oE '(t[0-9]{4}-[a-z0-9-]+\.sh|unit/test_[a-z0-9_]+\.c)' docs/THREATS.md |
	sort -u >"$T/named"
: >"$T/out"
while IFS= read -r f; do
	[ -f "t/$f" ] || echo "t/$f is not there" >>"$T/out"
done <"$T/named"
[ ! -s "$T/out" ] && [ "$(wc -l <"$T/named")" -gt 15 ]
tap $? 'every test that docs/THREATS.md names is there'

# Every file has its paragraph, and no paragraph is left without its file.
house_all_sources . >"$T/tree"
grep -oE '^- `[A-Za-z0-9_./-]+\.[ch]`' docs/ARCHITECTURE.md |
	sed 's/^- `\(.*\)`/\1/' >"$T/told"
grep '\.c$' "$T/tree" >"$T/tree.c"
grep '\.c$' "$T/told" >"$T/told.c"
same "$T/tree.c" "$T/told.c" 'docs/ARCHITECTURE.md has a paragraph for every .c file'
sort -u "$T/tree" >"$T/tree.all"
grep '\.h$' "$T/told" | sort -u | comm -23 - "$T/tree.all" >"$T/out"
[ ! -s "$T/out" ]
tap $? 'docs/ARCHITECTURE.md names no header that is not there'

# Files that a Markdown file links to.
: >"$T/out"
for f in ./*.md docs/*.md; do
	sed 's/](/\n](/g' "$f" | sed -n 's/^](\([^)#:]*\)[)#].*/\1/p' |
		while IFS= read -r l; do
			[ -e "${f%/*}/$l" ] || echo "$f: $l" >>"$T/out"
		done
done
[ ! -s "$T/out" ]
tap $? 'every file that a document links to is there'

done_testing
