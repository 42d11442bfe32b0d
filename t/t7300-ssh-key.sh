#!/bin/sh
# A key on a signing host: every format that goes there, judged by others; what
# ssh is told, what is said of the key, and what is said when it does not work.
# shellcheck disable=SC2016,SC2031 # CONFIG is another one in a host alone
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=remote-lib.sh
. "${0%/*}/remote-lib.sh"
need softhsm2-util pkcs11-tool openssl git gpg ssh-keygen minisign timeout

host_new one
on_host one git config -f "$(host_config one)" touchmark.release.created \
	1700000000
on_host one git config -f "$(host_config one)" touchmark.release.userId \
	'Dev <dev@example.org>'
fake_ssh
client_key dev ssh://signer@one/release
cd "$T" || exit 1
echo content >f

# ---- every format ---------------------------------------------------------------

ok 'CMS' touchmark sign -k dev f
ok 'openssl verifies it' openssl cms -verify -binary -inform DER -in f.p7s \
	-content f -CAfile pki/ca.pem -purpose any -out /dev/null
is "$(host_uses one)" 1 'the host has it on record'
ok 'SSH' touchmark sign -k dev -t ssh f
ok 'its public key' touchmark key export dev --type ssh
echo "dev@example.org $(unhurried out)" >allowed
run_in f ssh-keygen -Y verify -f allowed -I dev@example.org -n file -s f.sig
tap "$RC" 'ssh-keygen verifies it'
ok 'OpenPGP' touchmark sign -k dev -t openpgp f
ok 'the host exports the OpenPGP key' on_host one touchmark key export \
	release --type openpgp --pin-file "$PINFILE"
gpg --batch --quiet --import out >import.out 2>&1
ok 'gpg verifies it' gpg --batch --verify f.asc f
exits 3 'minisign knows no P-256' touchmark sign -k dev -t minisign f
has 'signer@one says: .*Ed25519' 'the host says so'
ok 'an Ed25519 key there' on_host one touchmark key generate ed \
	--token token-one --algorithm ed25519 --pin-file "$PINFILE"
git config -f "$(host_config one)" touchmark.ed.uri \
	"$(git config -f "$(host_config one)" touchmark.ed.uri | cut -d? -f1)?module-path=$MODULE&pin-source=file:$PINFILE"
printf '[requester "alice"]\n\tkey = ed\n\tformat = signify\n' \
	>>"$HOSTS/one/requesters"
client_key ed ssh://signer@one/ed
ok 'minisign' touchmark sign -k ed -t minisign f
ok 'its public key' touchmark key export ed --type minisign
unhurried out >ed.pub
ok 'minisign verifies it' minisign -Vm f -p ed.pub
exits 2 'signify is over the content' touchmark sign -k ed -t signify f
has 'only digests go to signer@one' 'which does not go there'

# A large content, over standard input, and in text.
head -c 3000000 /dev/zero >large
ok 'a large file' touchmark sign -k dev large
ok 'openssl verifies it' openssl cms -verify -binary -inform DER \
	-in large.p7s -content large -CAfile pki/ca.pem -purpose any \
	-out /dev/null
run_in f touchmark-gpg -u dev --clearsign -o clear.asc
tap "$RC" 'a clearsigned text'
ok 'gpg verifies it' gpg --batch --verify clear.asc

# ---- the record and the denial of this host --------------------------------------

git config -f "$CONFIG" touchmark.auditLog "$T/audit.log"
rm -f f.p7s
before=$(host_uses one)
ok 'with a record of our own' touchmark sign -k dev f
is "$(grep -c '"result"' audit.log)" 1 'the use is on record here'
is "$(host_uses one)" $((before + 1)) 'and there'
ok 'which is whole' touchmark log verify "$T/audit.log"
git config -f "$CONFIG" touchmark.auditLog "$T/f/audit.log"
rm -f f.p7s
exits 4 'no record, no signature' touchmark sign -k dev f
is "$(host_uses one)" $((before + 1)) 'and the host is not asked'
git config -f "$CONFIG" --unset touchmark.auditLog

# ---- what ssh is told -------------------------------------------------------------

: >ssh.seen
rm -f f.p7s
ok 'one signature' touchmark sign -k dev f
is "$(wc -l <ssh.seen)" 1 'takes one connection'
cp ssh.seen out
has ' -o BatchMode=yes ' 'nobody is asked'
has ' -o StrictHostKeyChecking=yes ' 'no unknown host is believed'
has ' -o ClearAllForwardings=yes ' 'nothing is forwarded'
has ' -o ForwardAgent=no ' 'nor the agent'
has ' -o PermitLocalCommand=no ' 'no local command is run'
has ' -o RemoteCommand=none ' 'no other remote one'
has ' -o ConnectTimeout=10 ' 'the connection has a deadline'
has ' -o ControlMaster=no ' 'without a runtime directory nothing is shared'
has ' -- signer@one touchmark serve$' 'and what is run there'
mkdir -m 700 "$T/rt"
rm -f f.p7s
git config -f "$CONFIG" touchmark.agent never
ok 'with a runtime directory' env XDG_RUNTIME_DIR="$T/rt" \
	touchmark sign -k dev f
git config -f "$CONFIG" --unset touchmark.agent
cp ssh.seen out
has ' -o ControlMaster=auto -o ControlPath=.*/rt/touchmark/ssh-%C-' 'it is'
has ' -o ControlPersist=60 ' 'for a minute'
client_key port ssh://signer@one:2222/release
ok 'a port' touchmark sign -k port f
cp ssh.seen out
has ' -p 2222 -- signer@one ' 'is an option of its own'
client_key six 'ssh://signer@[::1]:22/release'
exits 3 'an address' touchmark sign -k six large
cp ssh.seen out
has ' -- signer@::1 ' 'goes without brackets'

# ---- URIs that are none -------------------------------------------------------------

: >ssh.seen
for u in ssh://one/release ssh://signer@one ssh://signer@one/ \
	ssh://-oProxyCommand=x@one/release ssh://signer@-oX/release \
	'ssh://signer@one/a b' "ssh://signer@one/a'b" 'ssh://signer@one/$(x)' \
	ssh://signer@one/-x ssh://signer@one:0/release \
	ssh://signer@one:65536/release ssh://signer@one:022/release \
	ssh://signer@one:/release 'ssh://sig;ner@one/release' \
	'ssh://signer@one/../release' 'ssh://signer@one/release?x=y' \
	'ssh://signer@[one]/release' 'ssh://signer@[::1/release' \
	'ssh://signer@[::1]x/release' ssh://signer@o%6ee/release \
	ssh://a@b@one/release ssh://@one/release ssh:///release ssh://; do
	client_key bad "$u"
	exits 2 "refused: $u" touchmark sign -k bad large
done
is "$(cat ssh.seen)" '' 'ssh is never called'
git config -f "$CONFIG" --remove-section touchmark.bad
git config -f "$CONFIG" --remove-section touchmark.six

# ---- what is said of it ---------------------------------------------------------

ok 'key list' touchmark key list
has '^dev +p256 +ssh://signer@one/release' 'shows it'
ok 'key show' touchmark key show dev
has 'signer@one' 'names the host'
ok 'key list --json' touchmark key list --json
has '"name":"dev".*"uri":"ssh://signer@one/release"' 'as well'
exits 2 'an OpenPGP key is exported there' \
	touchmark key export dev --type openpgp
has 'signing host signer@one' 'and it says where'
run touchmark doctor --offline
has 'skip.*signer@one was not asked' 'doctor --offline asks no host'
run touchmark doctor
has "ok.*key 'dev': signer@one answers" 'doctor asks'
# What a signing host alone knows is no fault of the key's.
git_uses_touchmark
git config --global user.signingKey dev
doctor() {	# FORMAT, and git's receivers of it
	git config --global gpg.format "$1"
	exits 0 "$1: whatever it cannot see here" touchmark doctor \
		--receiver git --receiver gitlab --receiver github
}
doctor x509
is "$(grep -c 'unknown because its signing host has the certificate' out)" 3 \
	'a certificate that is there is not missing'
doctor openpgp
is "$(grep -c 'unknown because its signing host has the user id' out)" 2 \
	'nor a user id'
has 'receiver-git .*on its signing host, by its name there: touchmark key export' \
	'the public key comes from there'
git config -f "$CONFIG" touchmark.key dev
exits 0 'packages too' touchmark doctor --receiver rpm --receiver apt
is "$(grep -c "unknown because the signing host of the key 'dev' has its OpenPGP" out)" \
	2 'may well be good'
git config --file "$T/some.policy" policy.version 1
git config --file "$T/some.policy" trust.roots "$T/pki/ca.pem"
git config --file "$T/some.policy" 'ref.refs/heads/*.require' commits
git config --global gpg.format x509
git config -f "$CONFIG" touchmark.policy "$T/some.policy"
run touchmark doctor --receiver gate
has 'receiver-gate .*unknown because its signing host has the certificate' \
	'the gate too'
git config -f "$CONFIG" touchmark.dev.cert "$T/pki/one.pem"
run touchmark doctor --receiver gate
hasnt 'unknown because its signing host' 'a copy of it here is looked at'
for k in key policy dev.cert; do
	git config -f "$CONFIG" --unset "touchmark.$k"
done
host_does one 'echo "ssh: connect to host one port 22: Connection refused" >&2; exit 255'
run touchmark doctor
has "fail.*key 'dev': signer@one: ssh: connect to host one port 22: Connection refused" \
	'doctor says what ssh said'

# ---- what does not work ------------------------------------------------------------

failed() {	# WHAT LINE PATTERN [HINT]
	rm -f f.p7s
	host_does one "$2"
	exits 3 "$1" timeout 60 touchmark sign -k dev f
	has "$3" 'and it says why'
	[ $# -lt 4 ] || has "$4" 'and what to do'
	[ ! -e f.p7s ]
	tap $? 'and nothing is written'
}
failed 'the host is down' \
	'echo "ssh: connect to host one port 22: Connection refused" >&2; exit 255' \
	'signer@one: ssh: connect to host one port 22: Connection refused'
failed 'its key is another' 'printf "@@@@\nWARNING: REMOTE HOST\nHost key verification failed.\r\n" >&2; exit 255' \
	'signer@one: Host key verification failed' known_hosts
failed 'it knows us not' \
	'echo "signer@one: Permission denied (publickey)." >&2; exit 255' \
	'Permission denied' authorized_keys
failed 'it has no touchmark' \
	'echo "sh: 1: touchmark: not found" >&2; exit 127' \
	'touchmark: not found' 'install touchmark'
failed 'it hangs up' 'exit 0' 'signer@one hung up without an answer'
failed 'it says a lot' 'head -c 1000000 /dev/zero | tr "\0" x >&2 & sleep 1; kill $!; exit 255' 'signer@one'
failed 'it writes to the terminal' \
	'printf "\033[31mred\n" >&2; exit 255' 'signer@one: .x1b\[31mred'
git config -f "$CONFIG" touchmark.serviceDeadline 1
failed 'it hangs' 'exec sleep 50' 'signer@one does not answer within 1 sec'
failed 'it sends half a frame' 'printf TMK1; exec sleep 50' \
	'signer@one does not answer'
git config -f "$CONFIG" --unset touchmark.serviceDeadline
host_does one
rm -f f.p7s
ok 'and works again' touchmark sign -k dev f

# ---- whose rights ------------------------------------------------------------------

rm -f f.p7s f.sig
SERVE_AS=bob
ok 'bob may make CMS' touchmark sign -k dev f
exits 1 'and nothing else' touchmark sign -k dev -t ssh f
has 'signer@one says: ' 'the host says no'
rm -f f.p7s
SERVE_AS=eve
exits 1 'eve may nothing' touchmark sign -k dev f
mkdir -p "$T/empty"
PATH=$BIN:$T/empty
exits 3 'without ssh' "$BIN/touchmark" sign -k dev f
PATH=$BIN:/usr/local/bin:/usr/bin:/bin:/usr/sbin
has 'cannot run ssh' 'it says so'
done_testing
