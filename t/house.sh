# shellcheck shell=sh
# house.sh - how the house tests read the source: includes, functions, words.
#
# Every function takes the tree to look at, so that a test can also hand it a
# tree with a planted fault and see it reported. Each prints one line for each
# fault and nothing when all is well.

# The C files of a tree that the rules are for.
house_sources() {	# TREE
	(cd "$1" && find common formats hooks plugins -name '*.[ch]' | sort)
}

# All C files, the tests' own too.
house_all_sources() {	# TREE
	(cd "$1" && find common formats hooks plugins t -name '*.[ch]' | sort)
}

# FLOOR: the floor that a path belongs to. (It is asked for each include: a
# shell of its own for each answer took a minute.)
house_floor() {	# PATH
	FLOOR=${1%%/*}
	case $1 in
	common/*/*) FLOOR=${1#common/}; FLOOR=${FLOOR%%/*} ;;
	esac
}

# ALLOWED: what a floor may include; its own files are always allowed.
house_allowed() {	# FLOOR
	case $1 in
	base) ALLOWED= ;;
	cage | iface | x509) ALLOWED='base' ;;
	seal) ALLOWED='x509 iface base' ;;
	key | net | formats | core) ALLOWED='x509 iface base' ;;
	hooks) ALLOWED='core seal x509 formats iface cage base' ;;
	plugins) ALLOWED='core seal key net x509 formats iface cage base' ;;
	*) ALLOWED='no-such-floor' ;;
	esac
}

# Foreign headers that only some floors may see: PATTERN, a colon, FLOORS.
HOUSE_FOREIGN='openssl/*: iface x509 seal key formats core hooks plugins
git2*: core hooks plugins
seccomp*: cage
archive*: plugins
zlib.h: plugins
libp11*: key
p11-kit/*: key
curl/*: net'

# "FILE TARGET" for each #include "...", the target resolved as the compiler
# does: beside the file, in common/, at the top. "FILE ?NAME" when it is not
# there. FILE TARGET for <...> too, as "<NAME>".
house_includes() {	# TREE
	house_sources "$1" | (cd "$1" && xargs grep -H '#' /dev/null) |
	sed -n 's/^\([^:]*\):[[:blank:]]*#[[:blank:]]*include[[:blank:]]*\(["<][^">]*[">]\).*/\1 \2/p' |
	while read -r f inc; do
		case $inc in
		'<'*) echo "$f $inc"; continue ;;
		esac
		n=${inc#\"}
		n=${n%\"}
		if [ -f "$1/${f%/*}/$n" ]; then
			echo "$f ${f%/*}/$n"
		elif [ -f "$1/common/$n" ]; then
			echo "$f common/$n"
		elif [ -f "$1/$n" ]; then
			echo "$f $n"
		else
			echo "$f ?$n"
		fi
	done
}

house_foreign_fault() {	# FILE FLOOR NAME
	while IFS=: read -r pattern floors; do
		# The pattern is a glob on purpose.
		# shellcheck disable=SC2254
		case $3 in
		$pattern)
			case " $floors " in
			*" $2 "*) ;;
			*) echo "$1: <$3> is not for $2" ;;
			esac ;;
		esac
	done <<-END
	$HOUSE_FOREIGN
	END
}

house_floor_faults() {	# TREE
	house_includes "$1" | while read -r f inc; do
		house_floor "$f"
		from=$FLOOR
		case $inc in
		'?'*)
			echo "$f: \"${inc#\?}\" is not in the tree"
			continue ;;
		'<'*)
			inc=${inc#<}
			inc=${inc%>}
			if [ -f "$1/common/$inc" ] || [ -f "$1/$inc" ]; then
				echo "$f: <$inc> is ours: use quotes"
			fi
			house_foreign_fault "$f" "$from" "$inc"
			continue ;;
		esac
		house_floor "$inc"
		[ "$from" = "$FLOOR" ] && continue
		house_allowed "$from"
		case " $ALLOWED " in
		*" $FLOOR "*) ;;
		*) echo "$f: $from may not include $inc" ;;
		esac
	done
}

# Headers that include each other in a circle, as tsort names them.
house_cycle_faults() {	# TREE
	house_includes "$1" | grep -v '[<?]' | { tsort >/dev/null; } 2>&1
}

# The C source without comments and without the inside of strings; lines stay
# where they are.
house_strip() {	# FILE
	awk '
	BEGIN { in_comment = 0 }
	{
		out = ""; i = 1; n = length($0); quote = ""
		while (i <= n) {
			c = substr($0, i, 1)
			two = substr($0, i, 2)
			if (in_comment) {
				if (two == "*/") { in_comment = 0; i += 2 }
				else i++
				continue
			}
			if (quote != "") {
				if (c == "\\") { i += 2; continue }
				if (c == quote) { out = out c; quote = "" }
				i++
				continue
			}
			if (two == "/*") { in_comment = 1; i += 2; continue }
			if (c == "\"" || c == "\047") quote = c
			out = out c
			i++
		}
		print out
	}' "$1"
}

# "FILE:FUNCTION LINES" for each function body longer than MAX lines, both
# braces counted.
house_long_functions() {	# TREE MAX
	house_all_sources "$1" | while IFS= read -r f; do
		awk -v file="$f" -v max="$2" '
		/^[A-Za-z_].*\(/ {
			name = $0
			sub(/\(.*/, "", name)
			sub(/.*[ *]/, "", name)
		}
		/^[{]/ { start = NR }
		/^[}][[:blank:]]*$/ && start {
			if (NR - start + 1 > max)
				print file ":" name " " NR - start + 1
			start = 0
		}' "$1/$f"
	done
}

house_long_files() {	# TREE MAX
	(cd "$1" && find common formats hooks plugins t \
		\( -name '*.[ch]' -o -name '*.sh' \) | sort | xargs wc -l) |
	awk -v max="$2" '$2 != "total" && $1 > max { print $2, $1 }'
}

# "FILE:CALL" for each of our sources that calls one of WORDS, once each.
house_calls() {	# TREE 'WORD|WORD...' [PATH-PREFIX...]
	tree=$1 words=$2
	shift 2
	house_sources "$tree" |
	(cd "$tree" && xargs grep -lwE "$words" /dev/null) |
	while IFS= read -r f; do
		[ $# = 0 ] && want=1 || want=
		for p; do
			case $f in "$p"*) want=1 ;; esac
		done
		[ -n "$want" ] || continue
		house_strip "$tree/$f" |
			grep -oE "(^|[^A-Za-z0-9_>.])($words)[[:blank:]]*\(" |
			sed "s|[^A-Za-z0-9_]*\([A-Za-z0-9_]*\).*|$f:\1|" |
			sort -u
	done
}

# Headers of a tree without their opening comment, without guard, and
# prototypes without a comment in their paragraph.
house_header_faults() {	# TREE
	house_sources "$1" | grep '\.h$' | while IFS= read -r f; do
		awk -v file="$f" '
		BEGIN {
			base = file
			sub(/.*\//, "", base)
			depth = 0
			told = 0
		}
		NR == 1 && $0 != "/*" {
			print file ": does not open with a comment"
		}
		NR == 2 && index($0, " * " base " - ") != 1 {
			print file ": does not open with \"" base " - \""
		}
		{ line = $0 }
		in_comment {
			if (line ~ /\*\//) in_comment = 0
			next
		}
		line ~ /^[[:blank:]]*$/ { told = 0; next }
		line ~ /^\/\*/ {
			told = 1
			if (line !~ /\*\//) in_comment = 1
			next
		}
		line ~ /^#/ { next }
		depth == 0 && line ~ /^[a-z].*[a-z0-9_]\(/ && !told {
			name = line
			sub(/\(.*/, "", name)
			sub(/.*[ *]/, "", name)
			print file ": " name " has no comment"
		}
		{
			sub(/\/\*.*\*\//, "", line)
			if (line ~ /\/\*/) { in_comment = 1; sub(/\/\*.*/, "", line) }
			depth += gsub(/[{]/, "", line)
			depth -= gsub(/[}]/, "", line)
		}
		' "$1/$f"
		grep -q '^#ifndef TMK_[A-Z0-9_]*_H$' "$1/$f" ||
			echo "$f: has no guard TMK_..._H"
	done
}

# "CONSTANT ID" for each reason of the closed list.
house_reasons() {	# TREE
	tr '\n' ' ' <"$1/common/iface/verdict.h" |
		grep -oE 'X\([A-Z_]+, "[a-z-]+"' |
		sed 's/X(\([A-Z_]*\), "\([a-z-]*\)"/\1 \2/'
}

# The same words in two lists (one word each line), or the difference.
house_same() {	# FILE FILE
	sort -u "$1" >"$1.sorted"
	sort -u "$2" >"$2.sorted"
	diff "$1.sorted" "$2.sorted"
}
