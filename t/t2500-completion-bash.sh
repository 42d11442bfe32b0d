#!/bin/sh
# The bash completion offers what is there, and nothing that is not.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need bash git

cat >"$T/complete" <<'END'
. "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_touchmark
printf '%s\n' "${COMPREPLY[@]}"
END
offer() {
	run bash "$T/complete" "$TOP/plugins/completion.bash" touchmark "$@"
}

offer ''
has '^init$' 'commands: init'
has '^key$' 'commands: key'
offer key ''
has '^import-cert$' 'verbs of key'
hasnt '^destroy$' 'but none that is not built'
offer init --a
is "$(cat "$T/out")" --algorithm 'options of init'
offer init --algorithm p
is "$(tr '\n' ' ' <"$T/out")" 'p256 p384 ' 'algorithms'
mkdir -p "$XDG_CONFIG_HOME/touchmark"
printf '[touchmark "release.v1"]\n\turi = pkcs11:\n' \
	>"$XDG_CONFIG_HOME/touchmark/config"
offer key show rel
is "$(cat "$T/out")" release.v1 'names of configured keys'
offer sign -k ''
has '^release.v1$' 'after -k too'

# What is offered must be known to the program.
for c in init 'key generate' 'key list' 'key show' 'key csr' \
	'key import-cert' 'cert show' 'cert verify' 'policy check' sign \
	verify; do
	# shellcheck disable=SC2086 # two words
	offer $c --
	grep '^--' "$T/out" | sort >"$T/offered"
	# shellcheck disable=SC2086
	touchmark $c --help | grep -v 'not supported yet' |
		sed -n 's/^  [ -].[ ,] \(--[a-z0-9_-]*\).*/\1/p' |
		sort >"$T/known"
	[ -s "$T/known" ]
	tap $? "$c has options"
	ok "$c: options offered are the options known" \
		diff "$T/known" "$T/offered"
done
for f in zsh fish; do
	for o in algorithm pin-file no-login untrusted eku; do
		grep -q -e "$o" "$TOP/plugins/completion.$f"
		tap $? "completion.$f has $o"
	done
done

done_testing
