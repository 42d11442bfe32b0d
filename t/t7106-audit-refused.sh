#!/bin/sh
# What was refused is on record: a denied key, approvals that lack, a command
# that says no, a requester who may not. It is no use of a key, nobody fills a
# disk with it, and a record that fails turns no no into a yes.
# shellcheck disable=SC2031 # what a host has is its own
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/remote-lib.sh"
. "${0%/*}/serve-lib.sh"
need openssl pkcs11-tool softhsm2-util python3

token_key dev dev@example.org
token_key two two@example.org
git config -f "$CONFIG" touchmark.key dev
for k in dev two; do
	git config -f "$CONFIG" "touchmark.$k.created" 1700000000
	git config -f "$CONFIG" "touchmark.$k.userId" "$k <$k@example.org>"
done
cd "$T" || exit 1
echo data >f
DENIED=$XDG_CONFIG_HOME/touchmark/denied
LOG=$T/audit.log
spki_of() {	# NAME
	openssl x509 -in "pki/$1.pem" -noout -pubkey |
		openssl pkey -pubin -outform DER | sha256sum | cut -c1-64
}
entries() {	# KIND [LOG]
	[ -e "${2-$LOG}" ] || : >"${2-$LOG}.none"
	sed -n "/\"kind\":\"$1\"/p" "${2-$LOG}"* | wc -l
}
last_is() {	# PATTERN WHAT: of the last line of the log
	tail -n 1 "$LOG" >"$T/out"
	has "$1" "$2"
}

# ---- without a record there is none -----------------------------------------------
printf '[denied "sha256:%s"]\n\tsince = 2026-01-02T03:04:05Z\n' \
	"$(spki_of two)" >"$DENIED"
chmod 600 "$DENIED"
exits 3 'a denied key' touchmark sign -k two f
[ "$(echo audit.log*)" = 'audit.log*' ]
tap $? 'leaves no file where no log is configured'
git config -f "$CONFIG" touchmark.auditLog "$LOG"

# ---- a denied key -------------------------------------------------------------------
exits 3 'a denied key, known by its certificate' touchmark sign -k two f
cp out said
is "$(entries refused)" 1 'is on record'
last_is '"kind":"refused","code":3,"reason":"this key is denied since 2026-01-02T03:04:05Z' \
	'with the reason'
has "\"what\":\"sign\",\"user\":\"$(id -un)\",\"uid\":$(id -u),\"key\":\"two\",\"spki\":\"sha256:$(spki_of two)\"" \
	'who, and which key'
has '"format":"cms"' 'and for what'
hasnt '"digest"|"hash"|"signingTime"|"seal"' 'nothing is claimed about a content'
exits 3 'known by its token alone' touchmark sign -k two -t ssh f
is "$(entries refused)" 2 'is on record'
last_is '"kind":"refused","code":3,.*"key":"two","spki":"sha256:.*"format":"ssh","hash":"sha(256|512)","digest":"[0-9a-f]{64,128}","artefact":"f","content":"file"' \
	'with what was to be signed'
is "$(entries intent)$(entries result)" 00 'the key was not used'
rm "$DENIED"
ok 'another key signs' touchmark sign -k dev f
is "$(entries intent)$(entries result)" 11 'and that is a use'

# ---- a command, approvals -------------------------------------------------------------
git config -f "$CONFIG" touchmark.dev.preSign 'echo virus; exit 3'
exits 1 'a command says no' touchmark sign -k dev --resign f
last_is '"kind":"refused","code":1,"reason":"[^"]*preSign says no: it ended with 3' \
	'it is on record'
has '"artefact":"f"' 'with the file'
git config -f "$CONFIG" --unset touchmark.dev.preSign
git config -f "$CONFIG" touchmark.dev.approvals 1
git config -f "$CONFIG" touchmark.dev.approver ann@example.org
git config -f "$CONFIG" touchmark.dev.roots "$T/pki/ca.pem"
exits 1 'approvals lack' touchmark sign -k dev --resign f
last_is '"kind":"refused","code":1,"reason":"threshold-unmet: 0 of 1 .*request [0-9a-f]{32}' \
	'it is on record, with the request'
for k in approvals approver roots; do
	git config -f "$CONFIG" --unset "touchmark.dev.$k"
done
git config -f "$CONFIG" touchmark.two.preSign true
git config -f "$CONFIG" touchmark.alias.uri \
	"$(git config -f "$CONFIG" touchmark.two.uri)"
exits 1 'a key past its section' touchmark sign -k alias -t ssh f
last_is '"kind":"refused".*"reason":"signer-not-allowed: ' 'is on record'
hasnt 'test-PIN|pin-' 'without a PIN'
git config -f "$CONFIG" --unset touchmark.two.preSign
git config -f "$CONFIG" --remove-section touchmark.alias

# ---- reading it -------------------------------------------------------------------------
ok 'the chain holds' touchmark log verify
ok 'show' touchmark log show
has '^1  20[^ ]*Z  refused  sign  two  cms  by .*  this key is denied since' \
	'says what was refused and why'
hasnt 'no result' 'nothing is open'
ok 'those alone' touchmark log show --kind refused
is "$(wc -l <out)" 5 'five'
ok 'of one key' touchmark log show --kind refused --key two
is "$(wc -l <out)" 2 'two'
ok 'by its public key' touchmark log show --kind refused --key "$(spki_of two)"
is "$(sed -n '/  refused  sign  /p' out | wc -l)" 3 'also past its name'
ok 'of one file' touchmark log show --kind refused --artefact f --json
has '^\{"seq":2,.*"kind":"refused"' 'as the lines themselves'
exits 2 'a kind that there is not' touchmark log show --kind refusd
has 'intent, result, refused' 'those there are'
ok 'what the key signed' touchmark key compromise dev --yes --json
is "$(sed -n '/"artefact":"f"/p' out | wc -l)" 1 'is the one signature'
rm "$DENIED"
exits 3 'a key that signed nothing' touchmark sign -k dev --pin-file /nowhere f
cp "$LOG" whole
sed -i '2s/"two"/"owt"/' "$LOG"
exits 1 'one that was changed' touchmark log verify
has 'audit.log:3: the chain breaks' 'is found'
cp whole "$LOG"

# ---- what comes from outside ---------------------------------------------------------------
git config -f "$CONFIG" touchmark.dev.preSign false
bad="$(printf 'a\033[2J"\\\\\342\200\256\377%0200d%0200d' 0 0 | cut -c1-250)"
long=$(printf '%0240d' 0)
echo x >"$bad" && mkdir -p "$long/$long" && echo x >"$long/$long/x"
exits 1 'a hostile name' touchmark sign -k dev "$bad"
LC_ALL=C grep -q "$(printf '[\033\377]')" "$LOG"
[ $? = 1 ]
tap $? 'no control byte reaches the log'
last_is '"artefact":"a\\\\x1b\[2J' 'it is escaped'
exits 1 'a long one' touchmark sign -k dev "$long/$long/x"
[ "$(tail -n 1 "$LOG" | wc -c)" -lt 2048 ]
tap $? 'the entry is short'
ok 'the chain holds' touchmark log verify

# ---- a record that cannot be written -----------------------------------------------------------
refuses() {	# WHAT
	rm -f f.p7s
	exits 1 "$1: the no stays one" touchmark sign -k dev f
	has 'preSign says no: it ended with 1' "$1: for its own reason"
	has 'warning: the refusal is not on record: ' "$1: and that is told"
	[ ! -e f.p7s ]
	tap $? "$1: nothing was signed"
}
cp "$LOG" keep
cp "$LOG.head" keep.head
: >"$LOG"
refuses 'an emptied log'
cp keep "$LOG"
mv "$LOG.refused" aside
mkdir "$LOG.refused"
refuses 'a folder where the counts are'
rmdir "$LOG.refused"
ln -s "$T/aside" "$LOG.refused"
refuses 'a link there'
rm "$LOG.refused"
cp aside "$LOG.refused"
chmod 666 "$LOG.refused"
refuses 'counts that others may write'
rm "$LOG.refused"
git config -f "$CONFIG" touchmark.auditLog /proc/uses
refuses 'no place for a log'
git config -f "$CONFIG" touchmark.auditLog "$LOG"
is "$(wc -l <"$LOG")" "$(wc -l <keep)" 'none of them is on record'
for junk in '' 'junk' 'touchmark refused 1' \
	"$(printf 'touchmark refused 1\n= 99 1 1\n= 1 1')" \
	"$(printf 'touchmark refused 1\n%s 1 1 1' "$long")"; do
	printf '%s\n' "$junk" >"$LOG.refused"
	chmod 600 "$LOG.refused"
	exits 1 'damaged counts' touchmark sign -k dev f
	hasnt 'not on record' 'are begun anew'
	is "$(sed -n 2p "$LOG.refused" | cut -d' ' -f1,3,4)" '= 1 0' 'with this one'
done
is "$(stat -c %a "$LOG.refused")" 600 'of the user alone'

# ---- no more than so many ------------------------------------------------------------------------
had=$(entries refused)
# An hour that is to come is none, and a program's clock may be a moment behind.
printf 'touchmark refused 1\n= %s 31 0\n' "$(($(date +%s) - 60))" \
	>"$LOG.refused"
for n in 1 2 3 4; do
	exits 1 "refusal $((31 + n))" touchmark sign -k dev f
done
is "$(entries refused)" $((had + 1)) 'after the 32nd of an hour they are counted'
is "$(sed -n 2p "$LOG.refused" | cut -d' ' -f1,3,4)" '= 32 3' 'all of them'
sed -i "2s/.*/= $(($(date +%s) - 3660)) 32 3/" "$LOG.refused"
exits 1 'an hour later' touchmark sign -k dev f
last_is '"kind":"refused","code":1,"reason":.*,"leftOut":3,' 'the next one tells how many'
is "$(sed -n 2p "$LOG.refused" | cut -d' ' -f1,3,4)" '= 1 0' 'which is told once'
ok 'show' touchmark log show --kind refused
has 'refusals left out before it: 3$' 'says so'
sed -i '2s/.*/= 99999999999 32 7/' "$LOG.refused"
exits 1 'an hour that is still to come' touchmark sign -k dev f
last_is '"leftOut":7,' 'is none'

# ---- a signing host ---------------------------------------------------------------------------------
host_new north
host_second north other
NORTH=$HOSTS/north/audit.log
sign_request req other 1 f
ask bob north "$T/req"
has '^answer code 1 seal 0 .*signer-not-allowed: bob may not use' 'a requester who may not'
is "$(entries refused "$NORTH")" 1 'is on record'
grep -q '"kind":"refused","code":1,"reason":"signer-not-allowed: bob may not use a key .other. for cms","what":"sign","requester":"bob","user":' "$NORTH"
tap $? 'by name, with the reason'
hasnt 'record|audit' 'he is told nothing of that'
set --
while [ $# -lt 64 ]; do
	set -- "$@" "$T/req"
done
ask bob north "$@"
is "$(grep -c '^answer code 1 ' out)" 64 'many on one connection are all refused'
is "$(entries refused "$NORTH")" 32 'and no more of them on record'
ask bob north "$T/req"
is "$(entries refused "$NORTH")" 32 'nor on the next connection'
sign_request alices nothing 1 f
ask alice north "$T/alices"
is "$(entries refused "$NORTH")" 33 'another requester has a count of her own'
python3 - "$HOSTS/north/audit.log.refused" <<'END'
import sys
lines = open(sys.argv[1]).read().split('\n')
counts = {l.split()[0]: l.split()[2:] for l in lines[1:] if l}
assert counts == {'bob': ['32', '34'], 'alice': ['1', '0']}, counts
END
tap $? 'the counts'
is "$(host_uses north)" 0 'no key was used'
sign_request good release 1 f
ask alice north "$T/good"
has '^answer code 0 seal [1-9]' 'who may is served'
ok 'the chain holds' on_host north touchmark log verify
git config -f "$(host_config north)" touchmark.release.created 1700000000
sign_request good release 2 f
printf '[denied "sha256:%s"]\n' "$(spki_of north)" \
	>"$HOSTS/north/.config/touchmark/denied"
chmod 600 "$HOSTS/north/.config/touchmark/denied"
ask alice north "$T/good"
has '^answer code 3 seal 0 .*this key is denied' 'a denied key'
is "$(entries refused "$NORTH")" 34 'is on record there too'
grep -q '"reason":"[^"]*this key is denied[^"]*","what":"sign","requester":"alice"' "$NORTH"
tap $? 'for whom'

# More requesters than there are counts share one.
python3 - "$HOSTS/north/audit.log.refused" <<'END'
import sys, time
with open(sys.argv[1], 'w') as f:
    f.write('touchmark refused 1\n')
    for i in range(31):
        f.write('r%d %d 1 0\n' % (i, int(time.time()) - 60))
END
ask dave north "$T/req"
ask erin north "$T/req"
is "$(sed -n '$p' "$HOSTS/north/audit.log.refused" | cut -d' ' -f1,3)" '* 2' \
	'more requesters than counts share one'
done_testing
