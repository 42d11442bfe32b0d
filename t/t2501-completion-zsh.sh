#!/bin/sh
# What zsh is told to offer: the file is clean, and each command gets its own
# options and operands.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need zsh git

FILE=$B/completion/touchmark.zsh
ok 'it is zsh' zsh -n "$FILE"
is "$(head -n 1 "$FILE")" '#compdef touchmark touchmark-agent' \
	'for both programs'

# The functions of zsh's completion, saying what they are given.
cat >"$T/told" <<'END_TOLD'
_arguments() { print -rl -- "$@" }
_describe() { print -rl -- "${(@P)2}" }
compadd() { shift; print -rl -- "${(@P)1}" }
compdef() { : }
file=$1
shift
service=$1
words=("$@")
CURRENT=$#
source $file
END_TOLD
offer() {
	run zsh -f "$T/told" "$FILE" "$@"
}

offer touchmark ''
has '^key:' 'commands'
has '^--version' 'and options'
offer touchmark key ''
has '^import-cert:take the certificate' 'verbs of key'
has '^destroy' 'of every kind'
offer touchmark agent st
has '^status:what the agent holds$' 'verbs of agent'
offer touchmark policy ''
has '^check:' 'the verb of policy'
offer touchmark init ''
has '^--algorithm=.*\(rsa3072 rsa4096 p256 p384\)$' 'algorithms of init'
has '^--git=\[.*:\(local global\)$' 'values that the help names'
offer touchmark key show ''
has '^1:key:_touchmark_keys$' 'a key is shown'
offer touchmark key import-cert name ''
has '^1:key:_touchmark_keys$' 'import-cert: first the key'
has '^2:file:_files$' 'then a file'
has '^\*--untrusted=' 'an option that may repeat'
offer touchmark sign ''
has '^\(-k --key\)--key=\[.*\]:key:_touchmark_keys$' 'an option with a letter'
has '^\(-k --key\)-k\+\[' 'and the letter'
has '_sequence compadd - cms openpgp ssh minisign signify$' 'several with commas'
has '^\*:file:_files$' 'files'
has '^--embed\[' 'a flag'
offer touchmark-agent ''
has '^--foreground\[' 'touchmark-agent'

mkdir -p "$XDG_CONFIG_HOME/touchmark"
printf '[touchmark "%s"]\n\turi = pkcs11:\n' release.v1 'my key' \
	>"$XDG_CONFIG_HOME/touchmark/config"
git config --global touchmark.yubikey.uri pkcs11:
# The names in the configuration; $0 and $@ are zsh's.
# shellcheck disable=SC2016
run zsh -f -c 'compadd() { print -rl -- "${(@P)2}" }
	_arguments() { _touchmark_keys }
	service=touchmark-agent
	source $1' zsh "$FILE"
is "$(tr '\n' ' ' <"$T/out")" 'my key release.v1 yubikey ' 'the configured keys'

# zsh itself, in a terminal of its own: what the line is after a key was
# pressed.
cat >"$T/real" <<'END_REAL'
zmodload zsh/zpty
export TERM=vt100 TOLD=$1/told
rm -f $TOLD $1/ready
zpty -b z zsh -f -i
zpty -w z 'fpath=('$1' $fpath); autoload -Uz compinit
compinit -u -d '$1'/dump
told() { zle complete-word; print -r -- "$BUFFER" >$TOLD; exit }
zle -N told; bindkey "^X" told; : >'$1/ready
repeat 1200; do zpty -r -t z x; [[ -e $1/ready ]] && break; sleep 0.05; done
zpty -w -n z "$2"$'\x18'
repeat 1200; do zpty -r -t z x; [[ -s $TOLD ]] && break; sleep 0.05; done
zpty -d z
cat $TOLD
END_REAL
mkdir "$T/fpath"
cp "$FILE" "$T/fpath/_touchmark"
real() {	# NAME LINE LINE-AFTER
	run timeout 180 zsh -f "$T/real" "$T/fpath" "$2"
	is "$(cat "$T/out")" "$3" "$1"
}
real 'zsh itself: a command' 'touchmark sig' 'touchmark sign '
real 'a verb' 'touchmark key imp' 'touchmark key import-cert '
real 'an option' 'touchmark key generate --alg' \
	'touchmark key generate --algorithm='
real 'a value' 'touchmark doctor --receiver=gitl' \
	'touchmark doctor --receiver=gitlab '
real 'the second of several' 'touchmark sign --type cms,openp' \
	'touchmark sign --type cms,openpgp,'
real 'a key' 'touchmark key show rele' 'touchmark key show release.v1 '
real 'touchmark-agent' 'touchmark-agent --fore' 'touchmark-agent --foreground '
real 'nothing that is not there' 'touchmark sign --emx' \
	'touchmark sign --emx'

done_testing
