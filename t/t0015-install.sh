#!/bin/sh
# make install: what lands where, that it works from there, and that uninstall
# takes it all away.
. "${0%/*}/lib.sh"
need make openssl git softhsm2-util faketime

unset MAKEFLAGS MFLAGS MAKELEVEL
unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
P=$T/prefix

install_it() {
	make -s -C "$TOP" "$1" "B=$B" "PREFIX=$P"
}

ok 'make install' install_it install
for f in bin/touchmark bin/touchmark-gpg bin/touchmark-gpgsm \
	bin/touchmark-sop share/man/man1/touchmark-sop.1 \
	libexec/touchmark/touchmark-pre-receive \
	libexec/touchmark/touchmark-archive \
	libexec/touchmark/touchmark-config \
	libexec/touchmark/touchmark-fetch share/man/man1/touchmark.1 \
	lib/systemd/user/touchmark-agent.socket \
	lib/systemd/system/touchmark-crl-fetch.timer \
	lib/systemd/system/touchmark-serve.socket \
	lib/systemd/system/touchmark-serve@.service \
	share/man/man8/touchmark-crl-fetch.8 \
	share/man/man5/touchmark-policy.5 share/man/man7/touchmark-verdicts.7 \
	share/man/man8/touchmark-pre-receive.8 \
	share/bash-completion/completions/touchmark \
	share/bash-completion/completions/touchmark-agent \
	share/zsh/site-functions/_touchmark \
	share/fish/vendor_completions.d/touchmark.fish \
	share/fish/vendor_completions.d/touchmark-agent.fish; do
	ok "$f is there" test -f "$P/$f"
done
ok 'the helper is not in anybody'\''s PATH' test ! -e "$P/bin/touchmark-fetch"

# Only what was installed is used from here.
PATH=$P/bin:/usr/local/bin:/usr/bin:/bin
tsa_new tsa
tsa_start tsa
git config --global user.name 'Dana Developer'
git config --global user.email dana@example.org
git config --global touchmark.tsa "$TSA_URL"
ok 'init from there' touchmark init --name dev --git global
is "$(git config --global gpg.x509.program)" "$P/bin/touchmark-gpgsm" \
	'git is told the installed program'
ok 'add the roots of the TSA' git config \
	--file "$XDG_CONFIG_HOME/touchmark/policy" trust.tsaRoots \
	"$T/pki/tsa-root.pem"
echo content >"$T/file"
ok 'sign, with a timestamp by the installed helper' touchmark sign "$T/file"
has 'timestamped' 'and says so'
ok 'verify' touchmark verify "$T/file"
git init -q "$T/work"
ok 'a commit' git -C "$T/work" commit -q --allow-empty -m first
ok 'is verified' git -C "$T/work" verify-commit HEAD
git init -q --bare "$T/server.git"
ln -s "$P/libexec/touchmark/touchmark-pre-receive" \
	"$T/server.git/hooks/pre-receive"
cat >"$T/policy" <<EOF
[policy]
	version = 1
[trust]
	roots = $XDG_CONFIG_HOME/touchmark/dev-ca.pem
	crl = $XDG_CONFIG_HOME/touchmark/dev-ca.crl
	tsaRoots = $T/pki/tsa-root.pem
[ref "refs/heads/*"]
	require = commits
EOF
git -C "$T/server.git" config touchmark.policy "$T/policy"
ok 'the installed gate accepts it' git -C "$T/work" push -q \
	"file://$T/server.git" HEAD:refs/heads/main
git -C "$T/work" commit -q --no-gpg-sign --allow-empty -m second
exits 1 'and refuses what is not signed' git -C "$T/work" push -q \
	"file://$T/server.git" HEAD:refs/heads/main
has 'signature-missing' 'with the reason'

ok 'make uninstall' install_it uninstall
is "$(find "$P" -type f -o -type l)" '' 'nothing is left'
done_testing
