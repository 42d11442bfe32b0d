#!/bin/sh
# What fish offers, asked of fish itself.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need fish git

FILE=$B/completion/touchmark.fish
mkdir -p "$T/here/release.d" "$XDG_CONFIG_HOME/touchmark"
printf '[touchmark "%s"]\n\turi = pkcs11:\n' release.v1 dev \
	>"$XDG_CONFIG_HOME/touchmark/config"
: >"$T/here/relic.tar"
cd "$T/here" || exit 1

# The words offered, without what is said of them.
offer() {	# COMMAND-LINE
	# The words are those of fish.
	# shellcheck disable=SC2016
	run fish --no-config -c 'source $argv[1]; complete -C $argv[2] |
		string replace -r "\t.*" ""' "$FILE" "$1"
}
offered() {	# NAME EXPECTED
	is "$(sort "$T/out" | tr '\n' ' ')" "$2 " "$1"
}

ok 'it is fish' fish --no-execute "$FILE"
offer 'touchmark '
has '^init$' 'commands: init'
has '^key$' 'commands: key'
hasnt 'relic' 'and no file'
offer 'touchmark --ver'
offered 'options without a command' '--version'
offer 'touchmark key '
has '^import-cert$' 'verbs of key'
has '^destroy$' 'of every kind'
hasnt '^dev$' 'no key before a verb'
offer 'touchmark agent s'
offered 'verbs of agent' 'start status stop'
offer 'touchmark policy '
offered 'the one verb of policy' check
offer 'touchmark init --a'
offered 'options of init' '--algorithm'
offer 'touchmark init --algorithm p'
offered 'algorithms' 'p256 p384'
offer 'touchmark init --algorithm=p'
offered 'the same behind a =' '--algorithm=p256 --algorithm=p384'
offer 'touchmark key export -t '
offered 'types of keys' 'minisign openpgp signify ssh x509'
offer 'touchmark sign -t cms,o'
offered 'several with commas' 'cms,openpgp'
offer 'touchmark key show '
has '^release.v1$' 'names of configured keys'
git config --global touchmark.yubikey.uri pkcs11:
offer 'touchmark key show yu'
offered 'one in git'\''s own configuration' yubikey
TOUCHMARK_CONFIG=$T/other; export TOUCHMARK_CONFIG
git config --file "$TOUCHMARK_CONFIG" touchmark.another.uri pkcs11:
offer 'touchmark key csr '
offered 'TOUCHMARK_CONFIG has other keys' 'another yubikey'
unset TOUCHMARK_CONFIG
offer 'touchmark sign -k d'
offered 'after -k too' dev
offer 'touchmark sign rel'
offered 'files to sign' 'release.d/ relic.tar'
offer 'touchmark key import-cert dev reli'
offered 'a certificate' relic.tar
offer 'touchmark audit rel'
offered 'a repository to audit' release.d/
offer 'touchmark sign --output reli'
offered 'a file after an option' relic.tar
offer 'touchmark sign --emb'
offered 'a flag' '--embed'
offer 'touchmark-agent --fore'
offered 'touchmark-agent too' '--foreground'

# What is offered is what the program knows.
touchmark --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' >"$T/commands"
while read -r c; do
	touchmark "$c" --help >"$T/help"
	sed -n "s/^  \([a-z][a-z-]*\)  .*/$c \1/p" "$T/help"
	sed -n "1s/^usage: touchmark \($c\) [^a-zA-Z].*/\1/p" "$T/help"
done <"$T/commands" >"$T/paths"
[ "$(wc -l <"$T/paths")" -gt 12 ]
tap $? 'the commands were read'
while IFS= read -r c; do
	# Two words at most.
	# shellcheck disable=SC2086
	touchmark $c --help | grep -v 'not supported yet' |
		sed -n 's/^  [ -].[ ,] \(--[a-z0-9_-]*\).*/\1/p' |
		sort >"$T/known"
	offer "touchmark $c --"
	sort "$T/out" >"$T/offered"
	[ -s "$T/known" ]
	tap $? "$c has options"
	ok "$c: options offered are the options known" \
		diff "$T/known" "$T/offered"
done <"$T/paths"

done_testing
