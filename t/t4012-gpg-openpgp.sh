#!/bin/sh
# gpg.program = touchmark-gpg for everybody breaks nothing: an OpenPGP key that
# is gpg's own signs and verifies in git as with the real gpg, answer by answer.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need git gpg openssl pkcs11-tool softhsm2-util

# There are keys of ours too, and a policy.
token_key dev dev@example.org
policy_for ca
git_uses_touchmark
git config --global gpg.format openpgp
gpg --batch --quiet --passphrase '' --quick-generate-key \
	'Pgp Ünï <pgp@example.org>' ed25519 sign never 2>"$T/setup.log" ||
	bail 'gpg makes no key'
PGP=$(gpg --batch --with-colons -k 2>/dev/null |
	awk -F: '/^fpr/{print $10; exit}')
KEYID=${PGP#????????????????????????}
ALL='%G?|%GS|%GK|%GF|%GP|%GT'

# One history made with each program.
for p in gpg touchmark-gpg; do
	new_repo "$T/$p"
	cd "$T/$p" || exit 1
	git config gpg.program $p
	git config user.signingKey "$PGP"
	git config commit.gpgSign true
	for i in 1 2 3; do
		echo $i >f && git add f
		ok "$p: commit $i" git commit -q -m "commit $i"
	done
	ok "$p: tag" git tag -s -m tag v1
	git checkout -q -b side HEAD~2
	echo side >g && git add g
	ok "$p: commit on a branch" git commit -q -m side
	ok "$p: rebase" git rebase -q main
	git checkout -q -b more main~1
	echo more >h && git add h && git commit -q -m more
	ok "$p: merge that insists" \
		git merge -q --verify-signatures --no-edit side
	ok "$p: amend" git commit -q --amend --no-edit
	for key in "$KEYID" "0x$KEYID" "$KEYID!" "$PGP!" pgp@example.org \
		'Pgp <pgp@example.org>' '<pgp@example.org>'; do
		run git commit -q --amend --no-edit "-S$key"
		echo "$RC" >>"$T/$p.codes"
		sed 's/ created: .*//; s/[0-9]\{10\}/TIME/' "$T/out" \
			>>"$T/$p.codes"
	done
	for key in nobody@example.org 0x1111111111111111 ''; do
		run git commit -q --amend --no-edit "-S$key"
		echo "$RC" >>"$T/$p.codes"
		cat "$T/out" >>"$T/$p.codes"
	done
	git log --format="%s|$ALL" --topo-order HEAD main side >"$T/$p.log"
done
is "$(cat "$T/touchmark-gpg.log")" "$(cat "$T/gpg.log")" \
	'both histories look the same'
is "$(cut -d'|' -f2 "$T/touchmark-gpg.log" | sort -u)" G 'every commit is good'
is "$(cat "$T/touchmark-gpg.codes")" "$(cat "$T/gpg.codes")" \
	'every way to name a key ends alike, and in the same words'

# The same objects judged through both.
cd "$T/touchmark-gpg" || exit 1
git cat-file commit main | sed 's/^commit 3$/other/' >"$T/altered"
git tag bad "$(git hash-object -t commit -w --stdin <"$T/altered")"
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
git tag unsigned
while read -r line; do
	for p in gpg touchmark-gpg; do
		# shellcheck disable=SC2086 # words, to be split
		git -c gpg.program=$p $line >"$T/$p.out" 2>"$T/$p.err" \
			</dev/null
		echo "exit $?" >>"$T/$p.out"
	done
	cat "$T/gpg.out" "$T/gpg.err" "$T/touchmark-gpg.out" \
		"$T/touchmark-gpg.err" >"$T/out"
	cmp -s "$T/gpg.out" "$T/touchmark-gpg.out" &&
		cmp -s "$T/gpg.err" "$T/touchmark-gpg.err"
	tap $? "git $line: the same"
done <<EOL
verify-commit main
verify-commit --raw main
verify-commit -v main
verify-commit bad
verify-commit unsigned
verify-tag v1
verify-tag --raw v1
tag -v v1
log --show-signature main
log --format=$ALL main side bad unsigned
-c gpg.minTrustLevel=ultimate verify-commit main
-c gpg.minTrustLevel=marginal verify-commit bad
-c gpg.program=nonexistent --version
show --show-signature side
merge --verify-signatures --no-commit unsigned
EOL
# A key that gpg does not have. (It then tells no trust either, which git asks
# for at its peril.)
gpg --batch --yes --delete-secret-and-public-key "$PGP" 2>/dev/null
for p in gpg touchmark-gpg; do
	git -c gpg.program=$p log -1 --format="${ALL%|%GT}" main \
		>"$T/$p.out" 2>&1
done
is "$(cat "$T/touchmark-gpg.out")" "$(cat "$T/gpg.out")" \
	'without the public key: the same'
is "$(cut -c1 "$T/touchmark-gpg.out")" E 'which is E'
done_testing
