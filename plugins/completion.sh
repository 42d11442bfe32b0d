#!/bin/sh
# completion.sh bash|zsh|fish BINDIR - what a shell offers after touchmark and
# touchmark-agent, to standard output.
#
# Everything comes from the programs: commands and verbs from --help, options
# and operands from --help=table, which common/base/opt.h describes. The
# programs are run for that and for nothing else; no token is looked for. A
# value or operand of a kind that is not known here is an error.
set -eu

shell=$1
bin=$2
here=${0%/*}
tab=$(printf '\t')

# The words with which lines of a help text begin, and what they do.
listed() {	# HELP-TEXT
	printf '%s\n' "$1" |
		sed -n "s/^  \([a-z][a-z-]*\)  *\(.*\)/\1$tab\2/p"
}

# "PATH<tab>..." for each line of a table; a list of verbs may stand beside it.
table() {	# PATH PROGRAM [ARGUMENT...]
	path=$1
	shift
	out=$("$@" --help=table)
	printf '%s\n' "$out" | sed -n "/$tab/s/^/$path$tab/p"
}

# The verbs of a command: a list in its help, or one word in its usage.
verbs() {	# COMMAND HELP-TEXT
	found=$(listed "$2")
	[ -n "$found" ] || found=$(printf '%s\n' "$2" |
		sed -n "s/^usage: touchmark $1 \([a-z][a-z-]*\) .*/\1$tab/p")
	[ -z "$found" ] || printf '%s\n' "$found"
}

model() {
	help=$("$bin/touchmark" --help)
	listed "$help" | sed "s/^/${tab}command$tab/"
	for c in $(listed "$help" | cut -f1); do
		text=$("$bin/touchmark" "$c" --help)
		list=$(verbs "$c" "$text")
		[ -n "$list" ] || table "$c" "$bin/touchmark" "$c"
		[ -z "$list" ] || printf '%s\n' "$list" |
			sed "s/^/$c${tab}verb$tab/"
		for v in $(printf '%s\n' "$list" | cut -f1); do
			table "$c $v" "$bin/touchmark" "$c" "$v"
		done
	done
	table touchmark-agent "$bin/touchmark-agent"
}

case $shell in
bash | zsh | fish) ;;
*)
	echo >&2 'usage: completion.sh bash|zsh|fish BINDIR'
	exit 2 ;;
esac
told=$(model)
printf '%s\n' "$told" | awk -F '\t' -v shell="$shell" \
	-v frame="$here/completion.$shell.in" -f "$here/completion.awk"
