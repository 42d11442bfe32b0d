#!/bin/sh
# touchmark init --git: the user from git, and git's own configuration.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need git

cd "$T" || exit 1
exits 2 '--git local outside a repository' touchmark init --git local \
	--user a@e.org
has 'needs a repository' 'is refused'
exits 2 '--git elsewhere' touchmark init --git everywhere --user a@e.org
[ ! -e "$XDG_DATA_HOME/touchmark" ]
tap $? 'before anything is made'

git init -q repo && cd repo || exit 1
git config user.name 'Git User'
git config user.email dev@example.org
ok 'init --git local' touchmark init --git local --algorithm p256
has '^next: git commit' 'says how to commit'
git config --local -l >"$T/out"
has '^gpg.format=x509$' 'gpg.format'
has '^gpg.program=/.*/touchmark-gpg$' 'gpg.program, absolute'
has '^gpg.x509.program=/.*/touchmark-gpgsm$' 'gpg.x509.program, absolute'
has '^user.signingkey=dev$' 'user.signingKey'
has '^commit.gpgsign=true$' 'commit.gpgSign'
has '^tag.gpgsign=true$' 'tag.gpgSign'
openssl x509 -in "$XDG_CONFIG_HOME/touchmark/dev-chain.pem" -noout -text \
	>"$T/out" 2>&1
has 'Subject: CN = Git User' "git's user.name is the subject"
has 'email:dev@example.org' "git's user.email is the address"

ok 'a commit is signed' git commit -q --allow-empty -m signed
ok 'and git verifies it' git verify-commit HEAD
ok 'a tag is signed' git tag -m t v1
ok 'and git verifies it' git verify-tag v1

git config --global --add gpg.program one
git config --global --add gpg.program two
ok 'init --git global' touchmark init --name g --git global --algorithm p256
git config --global -l >"$T/out"
has '^gpg.format=x509$' 'the global configuration'
has '^user.signingkey=g$' 'names the key'
is "$(git config --global --get-all gpg.program)" "$BIN/touchmark-gpg" \
	'several earlier values give way to one'

# The pre-push hook, where it is asked for.
cd "$T" && git init -q hooked && cd hooked || exit 1
exits 2 '--pre-push without --git' touchmark init --name h0 --pre-push --user a@e.org
has 'needs --git local' 'is refused'
exits 2 '--pre-push with --git global' touchmark init --name h0 --pre-push --user a@e.org \
	--git global
[ ! -e .git/hooks/pre-push ]
tap $? 'there is no hook by itself'
ok 'init --git local --pre-push' touchmark init --name h1 --git local \
	--pre-push --algorithm p256 --user 'A <a@e.org>'
has "^pre-push: $T/hooked/.git/hooks/pre-push judges" 'says where it is'
is "$(stat -c %a .git/hooks/pre-push)" 755 'the hook may be run'
ok 'and is a shell script' sh -n .git/hooks/pre-push
is "$(tail -1 .git/hooks/pre-push)" \
	"exec '$BIN/touchmark' audit --pre-push \"\$@\"" 'that calls us'
echo '#!/bin/sh' >.git/hooks/pre-push
ok 'a hook that is there' touchmark init --name h2 --git local --pre-push \
	--algorithm p256 --user 'A <a@e.org>'
is "$(cat .git/hooks/pre-push)" '#!/bin/sh' 'stays'
has 'is there already and stays; add to it:' 'and what to add'
has "^  '$BIN/touchmark' audit --pre-push \"\\\$@\" \|\| exit 1\$" 'is told'
rm .git/hooks/pre-push
ln -s "$T/elsewhere" .git/hooks/pre-push
ok 'a link that leads nowhere' touchmark init --name h3 --git local \
	--pre-push --algorithm p256 --user 'A <a@e.org>'
[ ! -e "$T/elsewhere" ]
tap $? 'is a hook too'
mkdir "$T/my hooks' dir"
git config core.hooksPath "$T/my hooks' dir"
ok 'core.hooksPath' touchmark init --name h4 --git local --pre-push \
	--algorithm p256 --user 'A <a@e.org>'
ok 'is where it goes' test -x "$T/my hooks' dir/pre-push"
# Without the program that it calls nothing is pushed.
git init -q --bare "$T/bare.git"
git commit -q --allow-empty -m one
sed "s|'$BIN/touchmark'|'$T/gone'|" "$T/my hooks' dir/pre-push" >"$T/hook"
cat "$T/hook" >"$T/my hooks' dir/pre-push"
exits 1 'a hook whose program is gone' git push -q "$T/bare.git" HEAD:main
is "$(git -C "$T/bare.git" for-each-ref)" '' 'pushes nothing'

done_testing
