#!/bin/sh
# git with gpg.format=ssh and touchmark-ssh-keygen: everything that git signs,
# judged by git and the real ssh-keygen.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=ssh-lib.sh
. "${0%/*}/ssh-lib.sh"
need git openssl pkcs11-tool softhsm2-util ssh-keygen xxd

git_config() {
	git config --global "$@"
}

git_config gpg.format ssh
git_config gpg.ssh.program touchmark-ssh-keygen
git_config gpg.ssh.allowedSignersFile "$T/allowed"
git_config init.defaultBranch main
git_config advice.detachedHead false
git_config commit.gpgSign true
git_config merge.renames false

ssh_token_key p256 EC:prime256v1
ssh_token_key rsa rsa:3072
ssh_token_key p384 EC:secp384r1
ssh_token_key ed25519 EC:edwards25519
cd "$T" || exit 1

# One repository for each kind of key, everything that git signs.
work() {	# KEY
	k=$1
	ssh_allow "$k" 'namespaces="git"'
	git_config user.signingKey "$T/$k.pub"
	git init -q "$k" || bail 'no repository'
	cd "$k" || exit 1
	echo 1 >f
	git add f
	ok "$k: commit" git commit -q -m one
	ok "$k: verify-commit" git verify-commit HEAD
	has "Good \"git\" signature for $k@example.org with" "$k: as its key's"
	is "$(git log -1 --format='%G? %GS %GK')" "G $k@example.org \
$(ssh-keygen -l -f "$T/$k.pub" | cut -d' ' -f2)" "$k: in the log"
	ok "$k: tag" git tag -s -m v1 v1
	ok "$k: verify-tag" git verify-tag v1
	ok "$k: amend" git commit -q --amend -m uno
	ok "$k: and verify" git verify-commit HEAD
	git checkout -q -b side
	for i in 2 3 4; do
		echo $i >f$i
		git add f$i
		git commit -q -m $i
	done
	git checkout -q main
	echo other >g
	git add g
	git commit -q -m g
	ok "$k: merge" git merge -q -m merged side
	ok "$k: the merge is signed" git verify-commit HEAD
	git checkout -q side
	ok "$k: rebase" git rebase -q --force-rebase --onto main~1 HEAD~2
	for c in HEAD HEAD~1; do
		ok "$k: rebased $c" git verify-commit $c
	done
	ok "$k: merge --verify-signatures" git -c merge.ff=false merge -q \
		--verify-signatures -m again main
	git init -q --bare "../$k.git"
	git -C "../$k.git" config receive.certNonceSeed seed
	cat >"../$k.git/hooks/pre-receive" <<-'END'
	#!/bin/sh
	cat >/dev/null
	git cat-file blob "$GIT_PUSH_CERT" >cert
	echo "$GIT_PUSH_CERT_STATUS $GIT_PUSH_CERT_SIGNER" >status
	END
	chmod 755 "../$k.git/hooks/pre-receive"
	ok "$k: push --signed" git push -q --signed "../$k.git" main side v1
	is "$(cat "../$k.git/status")" "G $k@example.org" \
		"$k: the certificate is good"
	cd .. || exit 1
}
for k in p256 rsa p384 ed25519; do
	work $k
done

# All the ways in which git names a key.
cd p256 || exit 1
signs() {	# NAME [GIT-OPTION...]
	name=$1
	shift
	ok "$name" git "$@" commit -q --allow-empty -m x
	is "$(git log -1 --format=%GS)" p256@example.org "$name: by the key"
}
git_config user.signingKey "key::$(cat ../p256.pub)"
signs 'key::'
git_config user.signingKey p256
signs 'its name in the configuration'
git_config --unset user.signingKey
git_config gpg.ssh.defaultKeyCommand "sed s/^/key::/ $T/p256.pub"
signs 'gpg.ssh.defaultKeyCommand'
git_config --unset gpg.ssh.defaultKeyCommand
cp ../p256.pub ../id.pub
signs 'a path without .pub' -c "user.signingKey=$T/id"
signs '-c gpg.format' -c gpg.format=ssh -c user.signingKey=p256
signs 'from a folder below' -C "$(mkdir -p sub && echo sub)" \
	-c user.signingKey=p256
ok 'commit -S with a name' git commit -q --allow-empty -Sp256 -m x
git -c user.signingKey=p256 worktree add -q ../tree main~1
ok 'in another worktree' git -C ../tree -c user.signingKey=p256 commit -q \
	--allow-empty -m x

# A software key beside them.
ssh-keygen -q -t ed25519 -N '' -f ../soft
echo "soft@example.org $(cat ../soft.pub)" >>../allowed
ok 'a software key' git -c user.signingKey="$T/soft" commit -q --allow-empty \
	-m x
is "$(git log -1 --format='%G? %GS')" 'G soft@example.org' 'is as good'

# What goes wrong is told, and nothing is committed.
head=$(git rev-parse HEAD)
git_config user.signingKey nosuchkey
run git commit -q --allow-empty -m x
is "$RC-$(git rev-parse HEAD)" "128-$head" 'a key that nobody has'
hasnt 'ssh-keygen -Y sign is needed' 'git does not blame the program'
git_config user.signingKey p256
echo other-PIN >"$PINFILE"
run git commit -q --allow-empty -m x
is "$RC-$(git rev-parse HEAD)" "128-$head" 'a wrong PIN'
has 'touchmark-ssh-keygen: .*PIN' 'is told'
hasnt 'ssh-keygen -Y sign is needed' 'in words that git does not misread'
echo test-PIN >"$PINFILE"

# Changed objects.
git cat-file commit HEAD >object
sed 's/^author .*</author X </' object >changed
id=$(git hash-object -t commit -w changed)
run git verify-commit "$id"
is "$RC" 1 'a changed commit is refused'
sed 's/namespaces="git"/namespaces="file"/' "$T/allowed" >"$T/file-only"
run git -c gpg.ssh.allowedSignersFile="$T/file-only" verify-commit main~1
[ "$RC" != 0 ]
tap $? 'and a key for files signs no commits'

# SHA-256 repositories.
cd .. || exit 1
git init -q --object-format=sha256 wide
cd wide || exit 1
ok 'in a repository of SHA-256' git -c user.signingKey=p256 commit -q \
	--allow-empty -m x
ok 'too' git verify-commit HEAD
done_testing
