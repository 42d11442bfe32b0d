#!/bin/sh
# git signs and verifies commits, tags, merges and rebases through
# touchmark-gpg, and gpgsm agrees.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need git gpgsm openssl pkcs11-tool softhsm2-util

token_key dev dev@example.org
policy_for ca
git_uses_touchmark
git config --global user.signingKey dev
FPR=$(sha1_of dev)
new_repo "$T/r"
cd "$T/r" || exit 1

echo one >f && git add f
ok 'git commit -S' git commit -q -S -m one
ok 'git verify-commit' git verify-commit HEAD
has 'gpgsm: Good signature from "' 'in the words of gpgsm'
has 'gpgsm: Signature made [0-9-]+ [0-9:]+ UTC' 'with the time'
has "using nistp256 key $FPR" 'and the key'
has 'aka "dev@example.org"' 'and the address'
run git log -1 --format='%G?|%GS|%GK|%GF|%GP|%GT'
has "^G\|[^|]*CN=dev[^|]*\|$FPR\|$FPR\|\|fully$" 'all of git log %G'
run git log -1 --show-signature
has 'Good signature from' 'git log --show-signature'
run git verify-commit --raw HEAD
has '^\[GNUPG:\] NEWSIG' 'the status lines begin'
has "^\[GNUPG:\] GOODSIG $FPR " 'GOODSIG'
has "^\[GNUPG:\] VALIDSIG $FPR [0-9-]{10} [0-9T]{15} [0-9T]{15} 0 0 301 8 00$" \
	'VALIDSIG in its full form'
has '^\[GNUPG:\] TRUST_FULLY' 'and trust'

ok 'git tag -s' git tag -s -m v1 v1
ok 'git verify-tag' git verify-tag v1
has 'Good signature' 'is good'
git checkout -q -b side
echo two >g && git add g && git commit -q -S -m two
git checkout -q main
echo three >h && git add h && git commit -q -S -m three
ok 'git merge -S' git merge -q -S --no-edit side
ok 'the merge verifies' git verify-commit HEAD
git checkout -q -b topic main~1
for i in 1 2 3; do
	echo "$i" >"t$i" && git add "t$i" && git commit -q -m "topic $i"
done
run git verify-commit HEAD
[ "$RC" != 0 ]
tap $? 'an unsigned commit does not verify'
ok 'git rebase -S' git rebase -q -S side
run git log --format='%G?' -3
is "$(tr -d '\n' <"$T/out")" GGG 'every rebased commit is signed'
ok 'git rebase --exec' git rebase -q --exec \
	'git commit -q --amend --no-edit -S' HEAD~2
run git log --format='%G?' -2
is "$(tr -d '\n' <"$T/out")" GG 'signs again'

# The committer's name alone finds the key, as gpgsm would.
git config --global --unset user.signingKey
echo four >f && git add f
ok 'without user.signingKey' git commit -q -S -m four
ok 'it verifies' git verify-commit HEAD
for key in "$FPR" "sha256:$(sha256_of dev)" 'Dev <dev@example.org>'; do
	ok "by $key" git commit -q --amend --no-edit -S"$key"
done
git -c gpg.x509.program=touchmark-gpg commit -q --amend --no-edit -Sdev
tap $? 'under the name touchmark-gpg, by gpg.format'
ok 'it verifies' git verify-commit HEAD

# Foreign judges over the very bytes that git keeps.
stock_trusts ca
split_commit HEAD
ok 'gpgsm verifies the commit' gpgsm --verify "$T/commit.sig" "$T/payload"
has 'Good signature' 'and says so'
sed 's/SIGNED MESSAGE/CMS/' "$T/commit.sig" >"$T/commit.cms"
ok 'so does openssl cms' openssl cms -verify -binary -inform PEM \
	-in "$T/commit.cms" -content "$T/payload" -CAfile "$T/pki/ca.pem" \
	-purpose any -out /dev/null

# What gpgsm signs with a software key is judged by the same rules.
pki_leaf ca soft soft@example.org
openssl pkcs12 -export -legacy -inkey "$T/pki/soft.key" \
	-in "$T/pki/soft.pem" -passout pass:x -out "$T/soft.p12" &&
	openssl cms -sign -binary -signer "$T/pki/soft.pem" \
	-inkey "$T/pki/soft.key" -in "$T/payload" -outform DER \
	-out "$T/soft.der"
ok 'a signature that openssl made is good to us' touchmark-gpgsm \
	--status-fd=1 --verify "$T/soft.der" "$T/payload"
has 'GOODSIG' 'with GOODSIG'
done_testing
