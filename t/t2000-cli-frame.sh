#!/bin/sh
# The frame around the commands: help, version, what is unknown, and output
# that did not arrive.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

exits 2 'no command: usage' touchmark
has '^usage: touchmark' 'and the usage is shown'
ok '--help' touchmark --help
has '^  init +make a key' 'lists init'
has '^  key +' 'lists key'
ok 'help COMMAND' touchmark help init
has '^usage: touchmark init' 'is COMMAND --help'
ok 'COMMAND --help' touchmark key generate --help
has '--algorithm A' 'lists the options'
for v in list show csr import-cert; do
	ok "key $v --help" touchmark key $v --help
	has "^usage: touchmark key $v" 'is there'
done
ok '--version' touchmark --version
has '^touchmark [0-9]+\.[0-9]+' 'says a number'

exits 2 'an unknown command' touchmark frobnicate
has "unknown command 'frobnicate'" 'is named'
has 'hint: touchmark --help' 'with a hint'
exits 2 'an unknown option' touchmark --frobnicate
exits 2 'an unknown verb' touchmark key frobnicate
exits 2 'no verb' touchmark key
exits 2 'an option twice' touchmark init --name a --name b
exits 2 'an operand too many' touchmark init now
esc=$(printf 'a\033[31mb')
exits 2 'control bytes in an argument' touchmark "$esc"
has "unknown command 'a.x1b\\[31mb'" 'are shown escaped'

sh -c 'touchmark --help >/dev/full' 2>"$T/out"
is $? 4 'output to a full disk is no success'
has 'standard output: No space left' 'and says so'
sh -c 'touchmark --version >&-' 2>"$T/out"
is $? 4 'neither is output to a closed descriptor'

done_testing
