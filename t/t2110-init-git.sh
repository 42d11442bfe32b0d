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

done_testing
