#!/bin/sh
# The gate under gitolite: real pushes over ssh to this machine.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
# shellcheck source=../gate-lib.sh
. "${0%/*}/../gate-lib.sh"
need gitolite ssh ssh-keygen /usr/sbin/sshd

gate_setup
gate_policy <<'END'
[ref "refs/heads/main"]
	require = commits
[ref "refs/heads/free"]
	require = nothing
END

# A home for gitolite, and an sshd of our own that knows nobody else.
G=$T/git
mkdir -p "$G/.ssh" "$T/keys"
chmod 700 "$G" "$G/.ssh"
for k in host admin dev; do
	ssh-keygen -q -t ed25519 -N '' -C "$k" -f "$T/keys/$k"
done
as_git() {
	(cd "$G" && env HOME="$G" GL_USER='' "$@")
}
as_git gitolite setup -pk "$T/keys/admin.pub" >setup.log 2>&1 ||
	bail "gitolite: $(tail -n 1 setup.log)"

port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
		LocalAddr => "127.0.0.1")->sockport'
}
PORT=$(port)
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
cat >"$T/sshd.conf" <<END
Port $PORT
ListenAddress 127.0.0.1
HostKey $T/keys/host
AuthorizedKeysFile $G/.ssh/authorized_keys
PidFile $T/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv HOME=$G
END
/usr/sbin/sshd -f "$T/sshd.conf" -E "$T/sshd.log" || bail 'no sshd'
i=0
until [ -s "$T/sshd.pid" ] || [ $((i += 1)) -gt 50 ]; do sleep 0.1; done
PIDS="$PIDS $(cat "$T/sshd.pid")"

cat >"$T/over-ssh" <<END
#!/bin/sh
exec ssh -F none -p $PORT -i "$T/keys/\${SSH_AS:-dev}" -o IdentitiesOnly=yes \\
	-o UserKnownHostsFile="$T/known" -o StrictHostKeyChecking=accept-new \\
	-o BatchMode=yes "\$@"
END
chmod 755 "$T/over-ssh"
GIT_SSH_COMMAND=$T/over-ssh
export GIT_SSH_COMMAND SSH_AS
SSH_AS=dev
URL=$(id -un)@127.0.0.1

# The administrator adds a person and a project, as always.
SSH_AS="admin"
ok 'the administrator reaches gitolite' \
	git clone -q "$URL:gitolite-admin" "$T/admin"
cp "$T/keys/dev.pub" "$T/admin/keydir/"
cat >>"$T/admin/conf/gitolite.conf" <<'END'
repo project
    RW+     =   dev
END
git -C "$T/admin" add -A
git -C "$T/admin" -c user.name=A -c user.email=a@example.org \
	-c commit.gpgSign=false commit -q -m 'a project'
ok 'and makes a project' git -C "$T/admin" push -q

# The gate, as touchmark-server(7) has it.
mkdir -p "$G/.gitolite/hooks/common"
ln -s "$BIN/touchmark-pre-receive" "$G/.gitolite/hooks/common/pre-receive"
ok 'the hook goes into every repository' as_git gitolite setup --hooks-only
as_git git config --global touchmark.policy "$T/policy"
S=$G/repositories/project.git
run as_git touchmark audit --install-check "$S"
is "$RC" 0 'the installation is checked'
has '^ok    hook: .*/pre-receive is the gate' 'and good'

SSH_AS=dev
REMOTE=$URL:project
cd "$T/work" || exit 1
commit one
accept 'a signed commit over ssh' main
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
refuse signature-missing 'an unsigned one' main
has '^remote: touchmark: refuse refs/heads/main ' 'the person sees why'
is "$(git -C "$S" rev-parse main)" "$(git rev-parse main~1)" \
	'nothing changed on the server'
accept 'where the policy lets it' main:refs/heads/free
refuse ref-unmatched 'where no rule is' main:refs/heads/other
git reset -q --hard HEAD~1
commit two
accept 'the next signed one' main
run git push -q --mirror "$REMOTE"
[ "$RC" != 0 ]
tap $? 'a mirror push that deletes is refused'
SSH_AS="admin"
git -C "$T/admin" -c user.name=A -c user.email=a@example.org \
	-c commit.gpgSign=false commit -q --allow-empty -m more
run git -C "$T/admin" push -q
[ "$RC" != 0 ] && grep -q 'refuse refs/heads/master ' "$T/out"
tap $? 'gitolite-admin is no way around it'
done_testing
