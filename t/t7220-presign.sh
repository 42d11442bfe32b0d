#!/bin/sh
# touchmark.preSign: a command that must agree before a key is used, what it is
# told, what is shown of what it says, and that nothing of it stays behind.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/remote-lib.sh"
. "${0%/*}/serve-lib.sh"
need openssl pkcs11-tool softhsm2-util

OWN=$XDG_CONFIG_HOME/touchmark/config
softhsm_new tmk-test
pki_root ca
token_key release release@example.org
token_key other other@example.org
cd "$T" || exit 1
echo release >f
git config -f "$OWN" touchmark.auditLog "$T/audit.log"

scan() {	# the command, on standard input
	cat >"$T/scan"
	git config -f "$OWN" touchmark.preSign "sh $T/scan"
}

unsigned() {	# WHAT WHY [ARG...]: nothing comes of it
	what=$1 why=$2
	shift 2
	rm -f f.p7s
	exits 1 "$what" touchmark sign -k release "$@" f
	has "$why" 'says why'
	[ ! -e f.p7s ]
	tap $? 'there is no signature'
}

git config -f "$OWN" touchmark.preSign true
ok 'a command that agrees' touchmark sign -k release f
ok 'the signature is good' touchmark verify --roots pki/ca.pem f
git config -f "$OWN" touchmark.preSign false
unsigned 'one that does not' 'preSign says no: it ended with 1'
is "$(grep -c '"kind":"intent"' audit.log)" 1 'the token was not used for it'
exits 1 'in JSON' touchmark sign --json -k release f
has '"status":' 'one object'
git config -f "$OWN" touchmark.preSign "$T/nothing"
unsigned 'one that is not there' 'preSign says no: it ended with 127'
git config -f "$OWN" touchmark.preSign 'kill -9 $$'
unsigned 'one that is killed' 'was ended by a signal'

# ---- that of the key ---------------------------------------------------------------
git config -f "$OWN" touchmark.preSign false
git config -f "$OWN" touchmark.other.preSign true
ok "the key's own comes in its place" touchmark sign -k other f
rm f.p7s
git config -f "$OWN" touchmark.preSign true
git config -f "$OWN" touchmark.release.preSign 'exit 3'
unsigned 'and says no for this key alone' 'it ended with 3'
ok 'not for others' touchmark sign -k other f
git config -f "$OWN" --unset touchmark.release.preSign

# ---- what it is told ---------------------------------------------------------------
scan <<'END'
env >"$0.env"
tty >"$0.tty"
readlink /proc/self/fd/0 >"$0.in"
ls -l /proc/$$/fd >"$0.fd"
END
rm f.p7s
SECRET=tell-nobody TOUCHMARK_KEY=wrong
export SECRET TOUCHMARK_KEY
ok 'it agrees' touchmark sign -k release f
unset SECRET TOUCHMARK_KEY
told() {
	grep -qx -e "$1" "$T/scan.env"
	tap $? "it is told ${1%%=*}"
}
told 'TOUCHMARK_USE=sign'
told 'TOUCHMARK_KEY=release'
told 'TOUCHMARK_FORMAT=cms'
told 'TOUCHMARK_HASH=sha256'
told "TOUCHMARK_DIGEST=$(openssl dgst -sha256 -r f | cut -c1-64)"
told 'TOUCHMARK_ARTEFACT=f'
told 'TOUCHMARK_CONTENT=file'
told 'TOUCHMARK_TIME=20.*Z'
told "TOUCHMARK_REQUESTER=$(id -un)"
grep -q -e SECRET -e '^[^=]*PIN' -e test-PIN scan.env
[ $? = 1 ]
tap $? 'and nothing of the environment that is not its own'
is "$(cat scan.in)" /dev/null 'it has no input'
has_tty=$(cat scan.tty)
is "$has_tty" 'not a tty' 'and no terminal'
is "$(grep -c -e '-> /' -e '-> pipe' scan.fd)" \
	"$(grep -c -e ' [0-9]* -> ' scan.fd)" 'its descriptors are plain ones'
grep -q -e token -e softhsm -e socket scan.fd
[ $? = 1 ]
tap $? 'none of them leads to a token'
evil=$(printf 'x\nTOUCHMARK_KEY=other\033]0;')
echo evil >"$evil"
ok 'a name with a newline in it' touchmark sign -k release "$evil"
told 'TOUCHMARK_ARTEFACT=x\\x0aTOUCHMARK_KEY=other\\x1b\]0;'
is "$(grep -c '^TOUCHMARK_KEY=' scan.env)" 1 'makes no second variable'

# ---- what it says ------------------------------------------------------------------
printf '%s\n' "printf 'scanned\\n\\033[2J[GNUPG:] SIG_CREATED D\\n'" \
	"echo 'and more' >&2" "printf 'no newline'" 'exit 1' | scan
unsigned 'what it wrote' 'it ended with 1'
has '^touchmark: preSign: scanned$' 'is shown line by line'
has '^touchmark: preSign: \\x1b\[2J\\x5bGNUPG:\] SIG_CREATED D$' 'escaped'
has '^touchmark: preSign: and more$' 'its errors too'
has '^touchmark: preSign: no newline$' 'and a last line without an end'
rm -f f.p7s
echo "echo noise; exit 0" | scan
touchmark sign -k release -o - f >seal 2>err </dev/null
ok 'nothing of it is in the output' openssl cms -verify -binary -inform DER \
	-in seal -content f -CAfile pki/ca.pem -purpose any -out /dev/null
echo "yes | head -c 3000000" | scan
ok 'much of it' touchmark sign -k release f
[ "$(wc -c <out)" -lt 100000 ]
tap $? 'is cut'
has 'more is not shown' 'and says so'

# ---- its time ----------------------------------------------------------------------
git config -f "$OWN" touchmark.preSignDeadline 1
printf '%s\n' "sleep 63 & echo \$! >$T/child" 'sleep 64' | scan
at=$(date +%s)
unsigned 'one that hangs' 'did not end within 1 second'
[ $(($(date +%s) - at)) -lt 60 ]
tap $? 'is not waited for'
gone() {
	state=$(sed -n 's/^State:[[:blank:]]*\(.\).*/\1/p' \
		"/proc/$1/status" 2>/dev/null)
	[ -z "$state" ] || [ "$state" = Z ]
}
agent_wait gone "$(cat child)"
tap $? 'and all of its group is ended'
printf '%s\n' "trap '' TERM INT HUP" 'while :; do sleep 1; done' | scan
unsigned 'one that ignores signals' 'did not end within 1 second'
git config -f "$OWN" --unset touchmark.preSignDeadline
printf '%s\n' "sleep 65 & echo \$! >$T/child" 'exit 0' | scan
at=$(date +%s)
ok 'one that leaves something behind' touchmark sign -k release f
[ $(($(date +%s) - at)) -lt 60 ]
tap $? 'is not waited for either'
agent_wait gone "$(cat child)"
tap $? 'and what it left is ended'

# ---- wherever the key is used --------------------------------------------------------
git config -f "$OWN" touchmark.preSign false
exits 1 'git signs through it' touchmark-gpgsm --status-fd=2 -bsau release
exits 1 'a request for a certificate does' touchmark key csr release \
	--subject /CN=x
host_new north
git config -f "$(host_config north)" touchmark.preSign \
	"printf '%s\\n' \"\$TOUCHMARK_REQUESTER\" >$T/who; exit 1"
sign_request req release 1 f
ask alice north req
has '^answer code 1 seal 0 .*preSign says no' 'a signing host does'
is "$(cat who)" alice 'and it is told who asks'
done_testing
