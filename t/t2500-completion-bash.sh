#!/bin/sh
# What bash offers is there, and nothing that is not.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need bash git shellcheck

FILE=$B/completion/touchmark.bash
cat >"$T/complete" <<'END_COMPLETE'
. "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_touchmark
printf '%s\n' "${COMPREPLY[@]}"
END_COMPLETE
offer() {
	run bash "$T/complete" "$FILE" touchmark "$@"
}
offered() {	# NAME EXPECTED: all that was offered, in one line
	is "$(tr '\n' ' ' <"$T/out")" "$2 " "$1"
}

ok 'it is bash' bash -n "$FILE"
ok 'and clean' shellcheck -s bash "$FILE"

offer ''
has '^init$' 'commands: init'
has '^key$' 'commands: key'
offer key ''
has '^import-cert$' 'verbs of key'
has '^destroy$' 'of every kind'
offer agent s
offered 'verbs of agent' 'start stop status'
offer init --a
is "$(cat "$T/out")" --algorithm 'options of init'
offer init --algorithm p
offered 'algorithms' 'p256 p384'
offer init --algorithm = p
offered 'the same behind a =, as bash cuts it' 'p256 p384'
offer init --algorithm=p
offered 'and where it does not' '--algorithm=p256 --algorithm=p384'
offer sign --type c
offered 'types of signatures' cms
offer key export -t ''
offered 'types of keys' 'x509 openpgp ssh minisign signify'
offer sign -t cms,o
offered 'several with commas' 'cms,openpgp'
offer sign --timestamp ''
offered 'when to stamp' 'require prefer never'
offer doctor --receiver git
offered 'receivers' 'git gitlab github'
offer policy ''
offered 'the one verb of policy' 'check --help'
offer sign --em
offered 'a flag of sign' '--embed'

mkdir -p "$XDG_CONFIG_HOME/touchmark" "$T/here/release.d"
cd "$T/here" || exit 1
# What a name says is never run.
# shellcheck disable=SC2016
printf '[touchmark "%s"]\n\turi = pkcs11:\n' release.v1 '$(touch pwned)' \
	'my key' >"$XDG_CONFIG_HOME/touchmark/config"
: >relic.tar
offer key show rel
offered 'names of configured keys' release.v1
offer sign -k ''
has '^release.v1$' 'after -k too'
has '^my\\ key$' 'a name with a space is quoted'
offer key show '$'
is "$(wc -l <"$T/out")" 1 'a strange name is offered'
ok 'and nothing of it is run' test ! -e pwned
offer key import-cert ''
has '^release.v1$' 'first the key'
hasnt '^relic.tar$' 'and no file'
offer key import-cert release.v1 ''
has '^relic.tar$' 'then a file'
hasnt '^release.v1$' 'and no key'
offer sign -k release.v1 rel
# In the order of the directory, which is not ours.
sort -r -o "$T/out" "$T/out"
offered 'files to sign, all of them' 'relic.tar release.d'
offer sign relic.tar rel
has '^relic.tar$' 'and more'
offer audit ''
offered 'a repository to audit' release.d
offer sign --output rel
has '^relic.tar$' 'a file after an option'
offer sign --pin-file relic.tar --js
offered 'an option after the value of one' '--json'
offer sign -- --js
is "$(cat "$T/out")" '' 'no option behind --'
offer verify --at ''
is "$(cat "$T/out")" '' 'nothing where nothing is known'
git config --global touchmark.yubikey.uri pkcs11:
offer key show yu
offered 'a key in git'\''s own configuration' yubikey
TOUCHMARK_CONFIG=$T/other; export TOUCHMARK_CONFIG
git config --file "$TOUCHMARK_CONFIG" touchmark.another.uri pkcs11:
offer key show ''
offered 'TOUCHMARK_CONFIG has other keys' 'another yubikey'
unset TOUCHMARK_CONFIG
run bash "$T/complete" "$FILE" touchmark-agent --f
offered 'touchmark-agent too' --foreground

# What is offered is what the program knows, for every command there is.
known() {	# HELP-FILE: its long options
	grep -v 'not supported yet' "$1" |
		sed -n 's/^  [ -].[ ,] \(--[a-z0-9_-]*\).*/\1/p' | sort
}
touchmark --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' >"$T/commands"
: >"$T/paths"
while read -r c; do
	touchmark "$c" --help >"$T/help"
	if grep -q '^  [a-z]' "$T/help"; then
		sed -n "s/^  \([a-z][a-z-]*\)  .*/$c \1/p" "$T/help"
	else
		sed -n "1s/^usage: touchmark $c\( [a-z-]*\) .*/$c\1/p" "$T/help"
		sed -n "1s/^usage: touchmark $c [^a-z].*/$c/p" "$T/help"
	fi
done <"$T/commands" >"$T/paths"
cut -d' ' -f1 "$T/paths" | sort -u >"$T/reached"
ok 'every command is looked at' diff "$T/commands" "$T/reached"
while IFS= read -r c; do
	# Two words at most.
	# shellcheck disable=SC2086
	offer $c --
	grep '^--' "$T/out" | sort >"$T/offered"
	# shellcheck disable=SC2086
	touchmark $c --help >"$T/help"
	known "$T/help" >"$T/known"
	[ -s "$T/known" ]
	tap $? "$c has options"
	ok "$c: options offered are the options known" \
		diff "$T/known" "$T/offered"
done <"$T/paths"

# ---- how they are made ----------------------------------------------------------

for s in bash zsh fish; do
	ok "the same again: $s" sh -c \
		"sh '$TOP/plugins/completion.sh' $s '$BIN' >'$T/again'"
	ok "$s: and the same bytes" cmp "$T/again" "$B/completion/touchmark.$s"
done
exits 2 'another shell' sh "$TOP/plugins/completion.sh" csh "$BIN"

# A program with an option whose value is of no known kind.
mkdir "$T/bin"
cat >"$T/bin/touchmark" <<'END_FAKE'
#!/bin/sh
case $* in
--help) printf '  one   first\n  two   second\n' ;;
*--help) echo "usage: touchmark $1 [OPTION...]" ;;
*) printf 'usage\ttouchmark %s [OPTION...]\n' "$1"
	printf 'option\t-\tjson\t-\tonce\tlines\n'
	printf 'option\t-\tcolour\t%s\tonce\tof the lines\n' "$VALUE" ;;
esac
END_FAKE
cp "$T/bin/touchmark" "$T/bin/touchmark-agent"
chmod +x "$T/bin/touchmark" "$T/bin/touchmark-agent"
made() {	# VALUE
	VALUE=$1 sh "$TOP/plugins/completion.sh" bash "$T/bin"
}
ok 'a value of a known kind' made FILE
has "'one --colour'\) kind='file'" 'is offered'
exits 1 'one of an unknown kind is a fault' made HUE
has 'what is a HUE' 'and is named'
printf '#!/bin/sh\nexit 3\n' >"$T/bin/touchmark"
exits 3 'a program that fails is one too' made FILE

done_testing
