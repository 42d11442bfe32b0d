# completion.awk - from the lines that completion.sh collects to the tables of
# a shell, which take the place of the line @TABLES@ in completion.SHELL.in.
# Variables: shell, frame (that file).
#
# The lines become:
#
#	commands, command[1..], does[COMMAND]
#	verbs[COMMAND], verb[COMMAND, 1..], does[COMMAND " " VERB]
#	paths, path[1..]                      "sign", "key generate", ...
#	options[PATH], letter name many text kind[PATH, 1..]
#	operands[PATH]                        kinds, in order; the last may end
#	                                      in "..."
#
# A kind is flag, text, file, dir, key (a configured one), "words a b c" (one of
# them), or "several a b c" (with commas between).

function fail(why)
{
	print "completion.awk: " why >"/dev/stderr"
	failed = 1
	exit 1
}

# "a (default), b or c; more" as "a b c"; "" when it is no list of words.
function choices(help,	n, i, w, out)
{
	sub(/;.*/, "", help)
	gsub(/ \(default\)/, "", help)
	gsub(/,? or /, ", ", help)
	n = split(help, w, ", ")
	for (i = 1; i <= n; i++) {
		if (w[i] !~ /^[A-Za-z0-9]+$/)
			return ""
		out = out " " w[i]
	}
	return n > 1 ? out : ""
}

# What an option wants, by the name of its value and its help text.
function value_kind(p, opt, arg, help,	list)
{
	if (arg == "-")
		return "flag"
	if (arg ~ /^[a-z]+([|][a-z]+)+$/) {
		gsub(/[|]/, " ", arg)
		return "words " arg
	}
	list = choices(help)
	if (list != "")
		return (help ~ /with commas/ ? "several" : "words") list
	if (arg ~ /^(FILE|PATH|PEM|F|P|OUT)$/)
		return "file"
	if (arg == "DIR")
		return "dir"
	if (arg == "KEY")
		return "key"
	if (arg ~ /^(NAME|TEXT|DAYS|ID|HOST|LABEL|URL|MAIL|TIME|N|SECONDS|SIZE|REF|OID|'Name <mail>'|\/CN=[.][.])$/)
		return "text"
	fail(p " --" opt ": what is a " arg "?")
}

function operand_kind(p, word)
{
	if (word ~ /^(FILE|FILE\|DIR|CERT|SIGNATURE)$/)
		return "file"
	if (word ~ /^(REPO|DIR)$/)
		return "dir"
	if (word ~ /^(KEY|NAME[|]URI)$/)
		return "key"
	if (word ~ /^(NAME|URI|URL|REMOTE|REVISION-RANGE)$/)
		return "text"
	fail(p ": what is the operand " word "?")
}

# The operands of a synopsis: what is left without options and their values.
function operands_of(p, usage,	n, i, j, w, out, many, value)
{
	sub(/^touchmark(-agent)?/, "", usage)
	sub(/ touchmark .*/, "", usage)
	gsub(/\[OPTION\.\.\.\]/, "", usage)
	gsub(/\[,[^][]*\]/, "", usage)
	while (sub(/\[-[^][]*\](\.\.\.)?/, "", usage))
		;
	n = split(usage, w, " ")
	for (i = 1; i <= n; i++) {
		if (w[i] ~ /^-/) {
			value = 0
			for (j = 1; j <= options[p]; j++)
				if (w[i] == "--" name[p, j])
					value = kind[p, j] != "flag"
			i += value
			continue
		}
		if (w[i] !~ /^\[?[A-Z]/ || w[i] == "VERB")
			continue
		many = sub(/\.\.\./, "", w[i])
		gsub(/[][]/, "", w[i])
		out = out (out == "" ? "" : " ") operand_kind(p, w[i])
		if (many)
			out = out "..."
	}
	return out
}

$2 == "command" {
	command[++commands] = $3
	does[$3] = $4
	next
}
$2 == "verb" {
	verb[$1, ++verbs[$1]] = $3
	does[$1 " " $3] = $4 == "" ? does[$1] : $4
	next
}
$2 == "usage" {
	path[++paths] = $1
	usage[$1] = $3
	next
}
# What the program does not do yet is not offered.
$2 == "option" && $7 == "not supported yet" {
	next
}
$2 == "option" {
	i = ++options[$1]
	letter[$1, i] = $3 == "-" ? "" : $3
	name[$1, i] = $4
	many[$1, i] = $6 == "many"
	text[$1, i] = $7
	kind[$1, i] = value_kind($1, $4, $5, $7)
	next
}
$2 != "" {
	fail("a line that is not known: " $0)
}

# ---- bash -------------------------------------------------------------------

function bash_next(	i, j, c)
{
	print "_touchmark_next() {	# PATH"
	print "	case $1 in"
	printf "	'') kind='words"
	for (i = 1; i <= commands; i++)
		printf "%s%s", i % 6 ? " " : "\n		", command[i]
	print "\n		--help --version' ;;"
	for (i = 1; i <= commands; i++) {
		c = command[i]
		if (!verbs[c])
			continue
		printf "	'%s') kind='words", c
		for (j = 1; j <= verbs[c]; j++)
			printf " %s", verb[c, j]
		print " --help' ;;"
	}
	print "	*) kind='' ;;\n	esac\n}\n"
}

function bash_value(	i, j, p)
{
	print "_touchmark_value() {	# PATH OPTION"
	print "	case \"$1 $2\" in"
	for (i = 1; i <= paths; i++) {
		p = path[i]
		for (j = 1; j <= options[p]; j++) {
			if (kind[p, j] == "flag")
				continue
			printf "	'%s --%s'", p, name[p, j]
			if (letter[p, j] != "")
				printf " | '%s -%s'", p, letter[p, j]
			print ") kind='" kind[p, j] "' ;;"
		}
	}
	print "	*) kind='' ;;\n	esac\n}\n"
}

function bash_options(	i, j, p)
{
	print "_touchmark_options() {	# PATH"
	print "	case $1 in"
	for (i = 1; i <= paths; i++) {
		p = path[i]
		print "	'" p "')"
		print "		operands='" operands[p] "'"
		printf "		options='"
		for (j = 1; j <= options[p]; j++)
			print "--" name[p, j]
		print "' ;;"
	}
	print "	*) operands='' options='' ;;\n	esac\n}"
}

function emit_bash()
{
	print "# What comes after these words: a command or a verb."
	bash_next()
	print "# What an option wants; nothing when it is a flag."
	bash_value()
	print "# The options of a command, and what its operands are."
	bash_options()
}

# ---- zsh --------------------------------------------------------------------

function quoted(s)
{
	gsub(/'/, "'\\''", s)
	return "'" s "'"
}

# Text in the [] of a specification.
function zsh_text(s)
{
	gsub(/[][\\:]/, "\\\\&", s)
	return s
}

function zsh_action(k,	list)
{
	list = k
	sub(/^[a-z]+ /, "", list)
	if (k == "file")
		return ":file:_files"
	if (k == "dir")
		return ":directory:_files -/"
	if (k == "key")
		return ":key:_touchmark_keys"
	if (k ~ /^words /)
		return ":value:(" list ")"
	if (k ~ /^several /)
		return ":values:_sequence compadd - " list
	return ":value: "
}

function zsh_option(p, j,	spec, eq, action, l)
{
	l = letter[p, j]
	eq = kind[p, j] == "flag" ? "" : "="
	action = eq == "" ? "" : zsh_action(kind[p, j])
	spec = "[" zsh_text(text[p, j]) "]" action
	if (l == "")
		return quoted((many[p, j] ? "*" : "") "--" name[p, j] eq spec)
	return (many[p, j] ? quoted("*") : \
		quoted("(-" l " --" name[p, j] ")")) \
		"{-" l (eq == "" ? "" : "+") ",--" name[p, j] eq "}" \
		quoted(spec)
}

function zsh_operands(p,	n, i, w, out, k, all)
{
	n = split(operands[p], w, " ")
	for (i = 1; i <= n; i++) {
		k = w[i]
		all = sub(/\.\.\.$/, "", k)
		# A free word must not stand before the options.
		out = out " " quoted((all ? "*" : i) (k == "text" ? \
			":value:_guard \"^-*\" value" : zsh_action(k)))
	}
	return out
}

# A list for _describe: WORD:TEXT.
function zsh_list(prefix, n, list, of,	i, w)
{
	print "	_touchmark_list=("
	for (i = 1; i <= n; i++) {
		w = of == "" ? list[i] : list[of, i]
		print "		" quoted(w ":" zsh_text(does[prefix w]))
	}
	print "	)"
}

function emit_zsh(	i, j, c, p)
{
	print "_touchmark_commands() {"
	zsh_list("", commands, command, "")
	print "}\n\n_touchmark_verbs() {	# COMMAND"
	print "	_touchmark_list=()\n	case $1 in"
	for (i = 1; i <= commands; i++) {
		c = command[i]
		if (!verbs[c])
			continue
		print "	" c ")"
		zsh_list(c " ", verbs[c], verb, c)
		print "	;;"
	}
	print "	esac\n}\n\n_touchmark_arguments() {	# PATH"
	print "	case $1 in"
	for (i = 1; i <= paths; i++) {
		p = path[i]
		print "	" quoted(p) ")\n		_arguments -s -S \\"
		for (j = 1; j <= options[p]; j++)
			print "			" zsh_option(p, j) \
				(j < options[p] ? " \\" : zsh_operands(p))
		print "		;;"
	}
	print "	esac\n}"
}

# ---- fish -------------------------------------------------------------------

function fish_quoted(s)
{
	gsub(/[\\']/, "\\\\&", s)
	return "'" s "'"
}

function fish_action(k,	list)
{
	list = k
	sub(/^[a-z]+ /, "", list)
	if (k == "flag")
		return ""
	if (k == "file")
		return " -r -F"
	if (k == "dir")
		return " -x -a '(__fish_complete_directories)'"
	if (k == "key")
		return " -x -a '(__touchmark_keys)'"
	if (k ~ /^words /)
		return " -x -a " fish_quoted(list)
	if (k ~ /^several /)
		return " -x -a '(__fish_append , " list ")'"
	return " -x"
}

function fish_path(p, when,	i, n, w, k, at)
{
	at = "complete -c " (p == "touchmark-agent" ? p : "touchmark") when
	for (i = 1; i <= options[p]; i++)
		print at (letter[p, i] == "" ? "" : " -s " letter[p, i]) \
			" -l " name[p, i] fish_action(kind[p, i]) \
			" -d " fish_quoted(text[p, i])
	n = split(operands[p], w, " ")
	for (i = 1; i <= n; i++) {
		k = w[i]
		sub(/\.\.\.$/, "", k)
		if (k == "file")
			print at " -F"
		else if (k == "dir" || k == "key")
			print at " -f -a " fish_quoted(k == "dir" ? \
				"(__fish_complete_directories)" : \
				"(__touchmark_keys)")
	}
}

function emit_fish(	i, j, c)
{
	for (i = 1; i <= commands; i++) {
		c = command[i]
		print "complete -c touchmark -n '__touchmark_after' -a " c \
			" -d " fish_quoted(does[c])
		for (j = 1; j <= verbs[c]; j++)
			print "complete -c touchmark -n '__touchmark_after " c \
				"' -a " verb[c, j] " -d " \
				fish_quoted(does[c " " verb[c, j]])
	}
	for (i = 1; i <= paths; i++)
		fish_path(path[i], path[i] == "touchmark-agent" ? "" : \
			" -n '__touchmark_in " path[i] "'")
}

# ---- all of it --------------------------------------------------------------

END {
	if (failed)
		exit 1
	if (commands < 2 || paths < commands)
		fail("no commands were told")
	for (i = 1; i <= paths; i++) {
		if (!options[path[i]])
			fail("no options were told of " path[i])
		operands[path[i]] = operands_of(path[i], usage[path[i]])
	}
	while ((got = getline line <frame) > 0) {
		lines++
		if (line != "@TABLES@")
			print line
		else if (shell == "bash")
			emit_bash()
		else if (shell == "zsh")
			emit_zsh()
		else
			emit_fish()
	}
	if (got < 0 || !lines)
		fail(frame " cannot be read")
}
