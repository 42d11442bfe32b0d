#!/bin/sh
# touchmark.gateLog: every push leaves one entry with every verdict, a log that
# cannot be written lets nothing in, and nothing in an entry leaves its line.
# The braces in single quotes are JSON.
# shellcheck disable=SC2016
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
pki_root mid
gate_policy <<'END'
[policy]
	version = 3
[ref "refs/heads/*"]
	require = commits
[ref "refs/wip/*"]
	require = nothing
	delete = allow
END
gate_repo srv
git -C "$SRV" config touchmark.gateLog touchmark/log
LOG=$SRV/touchmark/log

# entry PATTERN WHAT: the last entry of the log has it
entry() {
	tail -n 1 "$LOG" >"$T/out" 2>/dev/null
	grep -Eq -e "$1" "$T/out"
	tap $? "$2"
}
noentry() {
	tail -n 1 "$LOG" >"$T/out" 2>/dev/null
	! grep -Eq -e "$1" "$T/out"
	tap $? "$2"
}
entries() {
	is "$(wc -l <"$LOG")" "$1" "$2"
}

# ---- what an entry says ---------------------------------------------------------
commit one
ONE=$(git rev-parse HEAD)
REMOTE_USER=alice SSH_CONNECTION='192.0.2.7 1 192.0.2.8 22' \
	accept 'a good push' main
entries 1 'leaves one entry'
is "$(stat -c %a "$LOG")" 600 'for its owner alone'
is "$(stat -c %a "$LOG.head")" 600 'and so is its head'
ok 'the chain is whole' touchmark log verify "$LOG"
has ': good, 1 entry, the last is 1 of ' 'and said to be'
fp=$(openssl x509 -in "$T/pki/dev.pem" -outform DER | sha256sum | cut -d' ' -f1)
ca=$(openssl x509 -in "$T/pki/ca.pem" -outform DER | sha256sum | cut -d' ' -f1)
ps=$(sha256sum <"$T/policy" | cut -d' ' -f1)
entry '^\{"seq":1,"prev":"0{64}","time":"20[0-9-]*T[0-9:]*Z","kind":"push",' 'its four fields'
entry "\"repository\":\"$SRV\"" 'the repository'
entry "\"told\":\\{\"REMOTE_USER\":\"alice\",\"SSH_CONNECTION\":\"192.0.2.7 1 192.0.2.8 22\"\\}" \
	'who pushed, as the server told it'
entry "\"policy\":\\{\"path\":\"$T/policy\",\"sha256\":\"$ps\",\"version\":3\\},\"enforced\":true" \
	'the policy'
entry '"outcome":"accepted","judged":1,"refused":0,"pushCertificate":null' 'how it ended'
entry "\"refs\":\\[\\{\"ref\":\"refs/heads/main\",\"old\":\"0{40}\",\"new\":\"$ONE\"\\}\\]" 'the refs'
entry "\"signers\":\\[\\{\"key\":\"sha256:$fp\",\"who\":\"[^\"]*CN=dev[^\"]*\",\"chain\":\\[\"$ca\"\\]\\}\\]" \
	'the signer and the chain'
entry "\"verdicts\":\\[\\{\"ref\":\"refs/heads/main\",\"rule\":\"refs/heads/\\*\",\"verdict\":\"good\",\"signers\":\\[\\{\"signer\":0,\"time\":\"20[^\"]*Z\",\"timeFrom\":\"clock\"\\}\\],\"oids\":\\[\"$ONE\"\\]\\}\\]\\}\$" \
	'the verdict'

commit two
commit three
accept 'two commits' main
entries 2 'are one entry'
entry "\"judged\":2.*\"oids\":\\[\"[0-9a-f]{40}\",\"[0-9a-f]{40}\"\\]\\}\\]\\}\$" \
	'told together, since one person signed them'
is "$(sed -n 2p "$LOG" | sed 's/.*"prev":"\([0-9a-f]*\)".*/\1/')" \
	"$(sed -n 1p "$LOG" | sha256sum | cut -d' ' -f1)" 'and hold the first one'

# Whoever signed one object is not told as the signer of the next.
pki_leaf ca eve eve@example.org
commit four
FOUR=$(git rev-parse HEAD)
git reset -q --hard HEAD~1
git config user.signingKey eve
GIT_COMMITTER_EMAIL=eve@example.org commit five
git config user.signingKey dev
FIVE=$(git rev-parse HEAD)
push "$FOUR:refs/heads/a" "$FIVE:refs/heads/b" "$ONE:refs/zzz/c"
entry "\"signers\":\\[\\{[^]]*CN=dev[^]]*\\]\\},\\{[^]]*CN=eve[^]]*\\]\\}\\],\"verdicts\"" \
	'two people are two signers'
entry "\"ref\":\"refs/heads/a\",[^]]*\"signer\":0,[^]]*\\],\"oids\":\\[\"$FOUR\"[],]" \
	'what the first one signed'
entry "\"ref\":\"refs/heads/b\",[^]]*\"signer\":1,[^]]*\\],\"oids\":\\[\"$FIVE\"\\]" \
	'and the second'
entry "\"verdict\":\"ref-unmatched\",\"text\":\"[^\"]*\",\"oids\":\\[\"$ONE\"\\]" \
	'and what nobody looked at has none'
git reset -q --hard HEAD~1
commit six
SIX=$(git rev-parse HEAD)
git reset -q --hard HEAD~1
push "$FOUR:refs/heads/a" "$SIX:refs/heads/b"
entry "\"ref\":\"refs/heads/b\",[^]]*\\],\"oids\":\\[\"$SIX\"[],]" \
	'one person, two refs: each with what it holds'

# ---- refused, let in, invalid --------------------------------------------------
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
BAD=$(git rev-parse HEAD)
commit above
refuse signature-missing 'an unsigned commit below a signed one' main
entries 5 'is recorded'
entry '"outcome":"refused","judged":2,"refused":1,' 'as refused'
entry "\"verdict\":\"signature-missing\",\"text\":\"the commit carries no signature\",\"oids\":\\[\"$BAD\"\\]" \
	'with the object and why'
entry '"verdict":"good"' 'and the good one'
accept 'a ref that needs nothing' main:refs/wip/x
entry '"judged":0,.*"refs":\[\{"ref":"refs/wip/x".*"signers":\[\],"verdicts":\[\]\}$' 'has no verdicts'
refuse ref-unmatched 'a ref that no rule knows' main:refs/other/x
entry '"refs/other/x","verdict":"ref-unmatched"' 'is recorded'
accept 'a ref is deleted' :refs/wip/x
entry '"new":"0{40}"' 'is recorded'

sed -i 's/version = 3/version = 4\n\tenforce = false/' "$T/policy"
push main
is "$RC" 0 'a policy that is not enforced'
entry '"enforced":false,"outcome":"let-in","judged":2,"refused":1' 'let-in is no acceptance'
echo nonsense >>"$T/policy"
git reset -q --hard HEAD~2 && commit next
git -C "$SRV" update-ref refs/heads/main "$(git rev-parse HEAD~1)"
refuse policy-invalid 'a broken policy' main
entry '"policy":null,"enforced":null,"outcome":"refused","reason":"policy-invalid","text":"' \
	'is recorded as far as it came'
sed -i '/nonsense/d; /enforce/d' "$T/policy"

# A signed push: the blob that git made of its certificate.
git -C "$SRV" config receive.certNonceSeed seed
push --signed main:refs/wip/signed
is "$RC" 0 'a signed push'
cert=$(tail -n 1 "$LOG" | sed -n 's/.*"pushCertificate":"\([0-9a-f]*\)".*/\1/p')
git -C "$SRV" cat-file blob "$cert" >"$T/out" 2>&1
has '^certificate version 0' 'is recorded with its certificate'
git -C "$SRV" config --unset receive.certNonceSeed

# ---- text from outside --------------------------------------------------------------
evil=$(printf 'a"},{"seq":9\\\033[31m\nb\342\200\256')
REMOTE_USER=$evil GL_USER=$evil push main:refs/wip/y
entry '"REMOTE_USER":"a\\"},\{\\"seq\\":9[^"]*x1b[^"]*x0ab[^"]*xe2' 'a name that is none is escaped'
is "$(grep -c . "$LOG")" "$(wc -l <"$LOG")" 'and stays in its line'
ok 'which is still an entry' touchmark log verify "$LOG"
ok 'and shown' touchmark log show "$LOG"
! grep -q "$(printf '\033')" "$T/out"
tap $? 'escaped'
git update-ref 'refs/heads/x"y' HEAD
push 'refs/heads/x"y'
entry '"ref":"refs/heads/x\\"y"' 'a quotation mark in a ref'
ok 'is no trouble' touchmark log verify "$LOG"

# ---- a log that cannot be written ---------------------------------------------------
had=$(wc -l <"$LOG")
commit more
broken() {	# WHAT TEXT
	push main
	[ "$RC" != 0 ] && grep -Eq "refuse - - internal-error: .*$2" "$T/out"
	tap $? "refused: $1"
}
cp "$LOG" "$T/good.log"
mv "$LOG" "$LOG.away"
broken 'the log is gone' 'it is gone'
mkdir "$LOG"
broken 'a folder in its place' 'cannot be recorded'
rmdir "$LOG"
mkfifo "$LOG"
broken 'a pipe in its place' 'not a regular file'
rm "$LOG"
: >"$LOG"
broken 'it was emptied' 'was emptied; .*touchmark log rotate'
head -n 3 "$T/good.log" >"$LOG"
broken 'its end was cut off' 'cut off'
sed '$s/refused/refuseD/' "$T/good.log" >"$LOG"
broken 'its last line was changed' 'not the one that was written'
{ cat "$T/good.log"; printf 'a\nb\n'; } >"$LOG"
broken 'something was put behind it' 'something else was appended'
cp "$T/good.log" "$LOG"
chmod 620 "$LOG"
broken 'others may write it' 'others than its owner'
chmod 600 "$LOG"
mv "$LOG.head" "$LOG.head.away"
broken 'its head is gone' 'head'
mv "$LOG.head.away" "$LOG.head"
rm "$SRV/hooks/pre-receive"
cat >"$SRV/hooks/pre-receive" <<END
#!/bin/sh
trap '' XFSZ
ulimit -f 0
exec "$BIN/touchmark-pre-receive"
END
chmod +x "$SRV/hooks/pre-receive"
broken 'the disk is full' 'cannot be recorded: .*(File too large|cannot write)'
is "$(wc -l <"$LOG")" "$had" 'and no half entry is left'
ln -sf "$BIN/touchmark-pre-receive" "$SRV/hooks/pre-receive"
accept 'as soon as it can be written the push comes in' main
ok 'and the chain is whole' touchmark log verify "$LOG"
entries $((had + 1)) 'with one entry more'

# a log that a push could write
git init -q -b main "$T/tree"
git -C "$T/tree" config receive.denyCurrentBranch updateInstead
git -C "$T/tree" config touchmark.policy "$T/policy"
git -C "$T/tree" config touchmark.gateLog "$T/tree/log"
ln -s "$BIN/touchmark-pre-receive" "$T/tree/.git/hooks/pre-receive"
run git push -q "file://$T/tree" main
has 'log lies in the working tree' 'a log in a working tree that is pushed'
git -C "$SRV" config touchmark.gateLog ''
refuse policy-invalid 'no name at all' main:refs/heads/again
git -C "$SRV" config touchmark.gateLog touchmark/log

# ---- large pushes -----------------------------------------------------------------------
sed -i 's/version = 4/version = 4\n\tenforce = false/' "$T/policy"
git checkout -q --orphan many
i=0
{
	while [ $i -lt 3000 ]; do
		i=$((i + 1))
		printf 'commit refs/heads/many\ncommitter D <d@x> %s +0000\ndata 1\nx\n' \
			$((1750000000 + i))
	done
} | git fast-import --quiet --force
run git push -q "$REMOTE" many
is "$RC" 0 '3000 commits without a signature, not enforced'
entry '"outcome":"let-in","judged":3000,"refused":3000' 'are one entry'
is "$(tail -n 1 "$LOG" | tr ',[' '\n' | grep -Ec '^"[0-9a-f]{40}"\]?')" 3000 'with every object'
is "$(find "$SRV/touchmark" -name '*spool*')" '' 'and no file is left beside it'
ok 'the chain is whole' touchmark log verify "$LOG"

# ---- two repositories, one log ---------------------------------------------------------
sed -i '/enforce/d' "$T/policy"
git checkout -q main
gate_repo a
git -C "$SRV" config touchmark.gateLog "$T/both/log"
A=$REMOTE
gate_repo b
git -C "$SRV" config touchmark.gateLog "$T/both/log"
for i in 1 2 3 4 5 6; do
	git push -q "$A" "main:refs/heads/b$i" 2>"$T/a.$i" &
	pa=$!
	git push -q "$REMOTE" "main:refs/heads/b$i" 2>"$T/b.$i" &
	pb=$!
	wait $pa || RC=1
	wait $pb || RC=1
done
is "$(wc -l <"$T/both/log")" 12 'twelve pushes to two repositories at once'
ok 'are one chain' touchmark log verify "$T/both/log"
done_testing
