#!/bin/sh
# A key behind a socket of this machine: unix:SOCKET/NAME. Every format, git, an
# agent in between, approvals, other places, and whoever is not to be asked.
# shellcheck disable=SC2031 # CONFIG is another one in a host alone
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
# shellcheck source=remote-lib.sh
. "${0%/*}/remote-lib.sh"
# shellcheck source=serve-lib.sh
. "${0%/*}/serve-lib.sh"
need openssl git gpg ssh-keygen minisign pkcs11-tool softhsm2-util perl timeout \
	systemd-socket-activate

cd "$T" || exit 1
host_new one
me=$(id -un)
host_requesters one <<END
[requester "$me"]
	key = release
	key = ed
	format = cms
	format = openpgp
	format = ssh
	format = minisign
END
git config -f "$(host_config one)" touchmark.release.created 1700000000
git config -f "$(host_config one)" touchmark.release.userId \
	'Dev <dev@example.org>'
host_second one ed 2>/dev/null
SOCK=$T/one.sock
host_socket one "$SOCK" touchmark serve --peer
client_key dev "unix:$SOCK/release"
echo content >f

# ---- what it signs ------------------------------------------------------------------

ok 'CMS' touchmark sign -k dev f
ok 'openssl verifies it' openssl cms -verify -binary -inform DER -in f.p7s \
	-content f -CAfile pki/ca.pem -purpose any -out /dev/null
is "$(host_uses one)" 1 'the other side has it on record'
tail -n 1 "$HOSTS/one/audit.log" >out
has "\"requester\":\"$me\"" 'for the user whom the kernel names'
ok 'SSH' touchmark sign -k dev -t ssh f
ok 'its public key' touchmark key export dev --type ssh
echo "dev@example.org $(cat out)" >allowed
run_in f ssh-keygen -Y verify -f allowed -I dev@example.org -n file -s f.sig
tap "$RC" 'ssh-keygen verifies it'
ok 'OpenPGP' touchmark sign -k dev -t openpgp f
ok 'its public key' on_host one touchmark key export release --type openpgp \
	--pin-file "$PINFILE"
gpg --batch --quiet --import out >import.out 2>&1
ok 'gpg verifies it' gpg --batch --verify f.asc f
mkdir many
for i in 1 2 3 4 5 6 7 8 9; do echo $i >many/$i; done
ok 'a batch' touchmark sign -k dev many/?
is "$(find many -name '*.p7s' | wc -l)" 9 'is signed'
ok 'all of it' touchmark log verify "$HOSTS/one/audit.log"
ok 'the list' touchmark key list "unix:$SOCK/release"
has "unix:$SOCK" 'says where it is'

git init -q repo
git -C repo config user.name Dev
git -C repo config user.email dev@example.org
git -C repo config user.signingKey dev
git -C repo config gpg.format x509
git -C repo config gpg.x509.program "$BIN/touchmark-gpg"
ok 'git' git -C repo commit -q -S --allow-empty -m signed
git -C repo cat-file commit HEAD >out
has '^gpgsig ' 'has its signature'

# ---- through the agent ----------------------------------------------------------------

agent_world
before=$(host_uses one)
rm f.p7s
ok 'the agent asks' touchmark sign -k dev f
ok 'with the same result' openssl cms -verify -binary -inform DER -in f.p7s \
	-content f -CAfile pki/ca.pem -purpose any -out /dev/null
rm f.p7s
ok 'again' touchmark sign -k dev f
is "$(host_uses one)" $((before + 2)) 'once for each'
[ -n "$(agent_pid)" ]
tap $? 'there is one'
touchmark agent stop >out 2>&1

# ---- approvals --------------------------------------------------------------------------

git config -f "$(host_config one)" touchmark.release.approvals 1
git config -f "$(host_config one)" touchmark.release.approver ann@example.org
git config -f "$(host_config one)" touchmark.release.roots "$T/pki/ca.pem"
host_requesters one <<END
[requester "$me"]
	key = release
	format = cms
	approve = true
END
rm f.p7s
exits 1 'a key that needs approvals' touchmark sign -k dev f
has 'threshold-unmet' 'says so'
id=$(sed -n 's/.*request \([0-9a-f]\{32\}\).*/\1/p' out | head -n 1)
ok 'it is seen' touchmark approve --list --on "unix:$SOCK"
has "^${id:-none}  waiting, 0 of 1  $me asks key 'release'" 'over the socket'
for k in approvals approver roots; do
	git config -f "$(host_config one)" --unset "touchmark.release.$k"
done
exits 2 'what is no host' touchmark approve --list --on unix:one.sock
has "'unix:one.sock' is no signing host" 'is told'

# ---- who is away ------------------------------------------------------------------------

exits 3 'nobody listens' env -u XDG_RUNTIME_DIR touchmark sign \
	-k "unix:$T/nothing.sock/release" f
has "unix:$T/nothing.sock: No such file or directory" 'is told by its place'
has 'hint: systemctl status touchmark-serve.socket' 'and what to look at'
host_twin two one
host_requesters two <<'END'
[requester "alice"]
	key = release
	format = cms
END
fake_ssh
git config -f "$CONFIG" touchmark.dev.cert "$T/pki/one.pem"
client_key dev "unix:$T/nothing.sock/release" ssh://signer@two/release
ok 'the next place' touchmark sign -k dev f
has 'nothing.sock: No such file or directory; the next place is asked' \
	'with a warning'
is "$(host_uses two)" 1 'signs'
client_key dev ssh://signer@three/release "unix:$SOCK/release"
rm f.p7s
ok 'or the socket does' touchmark sign -k dev f
client_key dev "unix:$SOCK/other"
rm f.p7s
exits 1 'a key that nobody may use' touchmark sign -k dev f
has 'signer-not-allowed' 'is refused there'
exits 2 'what is no URI' touchmark sign -k "unix:one.sock/release" f
has 'the unix URI of a key is not understood' 'is told'
has 'hint: .*unix:SOCKET/KEY-NAME' 'with how it is written'

# Who says nothing.
perl -MIO::Socket::UNIX -e '$l = IO::Socket::UNIX->new(Listen => 8,
	Local => shift) or die; print "there\n"; close STDOUT; sleep 300' \
	"$T/mute.sock" >mute 2>/dev/null &
PIDS="$PIDS $!"
agent_wait test -s mute || bail 'no mute socket'
git config -f "$CONFIG" touchmark.serviceDeadline 1
exits 3 'who is mute' timeout 100 env -u XDG_RUNTIME_DIR touchmark \
	sign -k "unix:$T/mute.sock/release" f
has 'mute.sock does not answer within' 'is not waited for'
git config -f "$CONFIG" --unset touchmark.serviceDeadline

# Who speaks something else.
# shellcheck disable=SC2016 # it is perl's
perl -MIO::Socket::UNIX -e '$l = IO::Socket::UNIX->new(Listen => 8,
	Local => shift) or die; print "there\n"; close STDOUT;
	while ($c = $l->accept) { print $c "HTTP/1.0 200 OK\n\n"; close $c }' \
	"$T/wrong.sock" >wrong 2>/dev/null &
PIDS="$PIDS $!"
agent_wait test -s wrong || bail 'no wrong socket'
exits 3 'who speaks something else' timeout 100 env -u XDG_RUNTIME_DIR \
	touchmark sign -k "unix:$T/wrong.sock/release" f
has 'wrong.sock' 'is not believed'

# Who is another user: he is not even asked.
if [ "$(id -u)" = 0 ]; then
	need setpriv
	mkdir -m 1777 "$T/open"
	chmod 711 "$T"
	# shellcheck disable=SC2016 # it is perl's
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		perl -MIO::Socket::UNIX -e '
		$l = IO::Socket::UNIX->new(Listen => 8, Local => shift) or die;
		print "there\n"; $| = 1; $c = $l->accept; sysread $c, $d, 1;
		print length $d ? "asked\n" : "nothing\n"' \
		"$T/open/his.sock" >his 2>/dev/null &
	HIS=$!
	PIDS="$PIDS $HIS"
	agent_wait test -S "$T/open/his.sock" || bail 'no socket of another user'
	exits 3 "another user's" timeout 100 env -u XDG_RUNTIME_DIR \
		touchmark sign -k "unix:$T/open/his.sock/release" f
	has 'who listens there is neither root nor you' 'is not asked'
	wait "$HIS"
	is "$(tail -n 1 his)" nothing 'for anything'
fi
done_testing
