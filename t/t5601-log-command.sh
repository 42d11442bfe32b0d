#!/bin/sh
# touchmark log: which log is meant, what is shown of it, where a chain breaks,
# and going on in a new one.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
pki_leaf ca eve eve@example.org
gate_policy <<'END'
[ref "refs/heads/*"]
	require = commits
	identity = off
END
gate_repo srv
git -C "$SRV" config touchmark.gateLog touchmark/log
LOG=$SRV/touchmark/log

# ---- the command -----------------------------------------------------------------
exits 2 'no verb' touchmark log
exits 2 'an unknown verb' touchmark log frobnicate
exits 2 'too many logs' touchmark log verify a b
exits 2 'no log is named' touchmark log verify
has 'touchmark.gateLog is not set' 'and that is said'
has 'touchmark.auditLog' 'and the other one neither'
exits 1 'a log that is not there is a break' touchmark log verify "$T/none"
has "none:1: the chain breaks: there is no log" 'at its first line'
has 'hint: its first entry begins it' 'and nothing that rotate would mend'
exits 4 'nothing to rotate' touchmark log rotate "$T/none"
has 'hint: its first entry begins it' 'for the same reason'
: >"$T/empty"
exits 1 'an empty one too' touchmark log verify "$T/empty"
exits 4 'a folder is no log' touchmark log verify "$T"

commit one
ONE=$(git rev-parse HEAD)
push main
cd "$SRV" || exit 1
ok 'without FILE: that of the repository at hand' touchmark log verify
has "^\\./?(/)?touchmark/log: good|touchmark/log: good" 'and it is named'
cd refs || exit 1
ok 'from below too' touchmark log verify
cd "$T/work" || exit 1
exits 2 'a relative name without a repository' \
	env GIT_DIR=/nowhere GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=touchmark.gateLog \
	GIT_CONFIG_VALUE_0=x touchmark log verify

# ---- show --------------------------------------------------------------------------
git config user.signingKey eve
commit two
TWO=$(git rev-parse HEAD)
REMOTE_USER=eve push main
git config user.signingKey dev
git -c commit.gpgSign=false commit -q --allow-empty -m three
THREE=$(git rev-parse HEAD)
refuse signature-missing 'unsigned' main
ok 'show' touchmark log show "$LOG"
has '^1  20.*Z  push  accepted  .*/srv.git  1 judged, 0 refused$' 'an entry'
has '^2  20.*Z  push  accepted  .*/srv.git  eve  1 judged' 'with who pushed'
has '^3  20.*Z  push  refused  .*1 refused$' 'and how it ended'
has "^    refs/heads/main  $(echo "$ONE" | cut -c1-12)\\.\\.$(echo "$TWO" | cut -c1-12)$" 'its refs'
has '^    signer 0: sha256:[0-9a-f]{64}  .*CN=eve' 'its signers'
has "^    good  refs/heads/main  1 object  signer 0  $(echo "$TWO" | cut -c1-12)" 'its verdicts'
has '^    signature-missing  refs/heads/main  1 object  the commit carries no' 'a refusal with its text'
fp=$(openssl x509 -in "$T/pki/eve.pem" -outform DER | sha256sum | cut -d' ' -f1)
for k in "$fp" "sha256:$fp"; do
	ok '--key' touchmark log show --key "$k" --json "$LOG"
	is "$(wc -l <"$T/out")" 1 'one entry'
	has "\"seq\":2,.*$fp" 'that of the signer'
done
ok '--key of nobody' touchmark log show --key "sha256:$(echo "$fp" | tr 0-9 1-90)" "$LOG"
is "$(wc -c <"$T/out")" 0 'nothing'
ok '--artefact with an object' touchmark log show --json --artefact "$THREE" "$LOG"
is "$(cut -c1-8 "$T/out")" '{"seq":3' 'its entry'
ok 'seven digits will do' touchmark log show --json \
	--artefact "$(echo "$ONE" | cut -c1-7)" "$LOG"
is "$(wc -l <"$T/out")" 2 'the push that brought it and the one that left it'
ok 'six do not' touchmark log show --json --artefact "$(echo "$ONE" | cut -c1-6)" "$LOG"
is "$(wc -c <"$T/out")" 0 'match'
ok '--artefact with a ref' touchmark log show --json --artefact refs/heads/main "$LOG"
cmp -s "$T/out" "$LOG"
tap $? '--json shows the lines as they stand there'
ok '--since the future' touchmark log show --since 2100-01-01 "$LOG"
is "$(wc -c <"$T/out")" 0 'nothing'
ok '--since the past' touchmark log show --since 2020-01-01 --json "$LOG"
is "$(wc -l <"$T/out")" 3 'everything'
exits 2 'no time' touchmark log show --since yesterday "$LOG"
sh -c "touchmark log show '$LOG' >/dev/full" 2>"$T/out"
is $? 4 'output to a full disk is no success'

# ---- where it breaks -----------------------------------------------------------------
cp -r "$SRV/touchmark" "$T/keep"
again() {
	rm -rf "$SRV/touchmark"
	cp -r "$T/keep" "$SRV/touchmark"
}
breaks() {	# LINE WHAT
	exits 1 "verify: $2" touchmark log verify "$LOG"
	has "log:$1: the chain breaks: " "at line $1"
	has 'hint: find out why; then touchmark log rotate' 'what to do'
	exits 1 "show: $2" touchmark log show "$LOG"
	has "log:$1: the chain breaks: " 'says it too'
	again
}
sed -i '2s/"eve"/"bob"/' "$LOG"
breaks 3 'a word in the second line'
sed -i '2d' "$LOG"
breaks 2 'a line less'
sed -i '2p' "$LOG"
breaks 3 'a line twice'
sed -i '1d' "$LOG"
breaks 1 'the first one is gone'
sed -i '$d' "$LOG"
breaks 3 'the last one is gone'
sed -i '$s/}$/ }/' "$LOG"
breaks 3 'a blank'
: >"$LOG"
breaks 1 'emptied'
rm "$LOG.head"
breaks 4 'no head'
printf '{"seq":4,"prev":' >>"$LOG"
exits 1 'verify: a torn line' touchmark log verify "$LOG"
has 'log:4: the chain breaks: it is cut off in the middle' 'is called what it is'
push main:refs/heads/other
ok 'the next push goes on behind it' touchmark log verify "$LOG"
ok 'and says so' touchmark log show "$LOG"
has '^4  20.*Z  recovered  cut=16  sha256=[0-9a-f]{64}$' 'in an entry of its own'
again

# ---- rotation ----------------------------------------------------------------------------
ok 'rotate' touchmark log rotate "$LOG"
has "log is now .*log\\.1, and a new log goes on from it" 'says what it did'
is "$(stat -c %a "$LOG")" 600 'the new one is its owner'"'"'s'
ok 'verify' touchmark log verify "$LOG"
is "$(grep -c ': good' "$T/out")" 2 'follows to the old one'
commit four
git reset -q --hard "$TWO" && commit five
accept 'the gate goes on' main
is "$(tail -n 1 "$LOG" | cut -c1-8)" '{"seq":5' 'with the next number'
ok 'in the same chain' touchmark log verify "$LOG"
sed -i '1s/"alice"/"bob"/; 1s/accepted/acceptee/' "$LOG.1"
exits 1 'a change in the old one' touchmark log verify "$LOG"
has 'log\.1:2: the chain breaks' 'is found there'
again
ok 'rotate' touchmark log rotate "$LOG"
sed -n 1,2p "$LOG.1" >"$T/cut"
cat "$T/cut" >"$LOG.1"
exits 1 'the end of the old one' touchmark log verify "$LOG"
rm "$LOG.1" "$LOG.1.head"
ok 'old ones may go' touchmark log verify "$LOG"
has 'goes on from log\.1, which is not here' 'and that is said'
again
# interleaved with pushes
for i in 1 2 3; do
	git push -q "$REMOTE" "$ONE:refs/heads/r$i" 2>"$T/push.$i" &
	p=$!
	touchmark log rotate "$LOG" >"$T/rotate.$i" 2>&1
	wait $p
done
ok 'rotated while pushes come in' touchmark log verify "$LOG"
is "$(cat "$LOG" "$LOG".[123] | grep -c '"kind":"push"')" 6 'every push has its entry'
again
: >"$LOG"
push main:refs/heads/refused
has 'internal-error: .*log: it was emptied' 'a broken log refuses'
ok 'until it is rotated' touchmark log rotate "$LOG"
has 'warning: .*it was emptied' 'which is warned of'
accept 'then pushes come in again' main:refs/heads/after
ok 'the new one holds' touchmark log verify "$LOG"
has 'it begins after a break: it was emptied' 'and tells why it begins'
done_testing
