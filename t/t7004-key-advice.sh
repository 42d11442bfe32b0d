#!/bin/sh
# What is said can be typed: the commands in refusals, warnings and in the
# doctor's lines work as they stand. And what a person changes while an agent
# runs counts at once.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
need git gpg openssl pkcs11-tool softhsm2-util faketime

token_key dev dev@example.org
token_key rel rel@example.org
PKI_DAYS=10 token_key soon soon@example.org
PKI_AT='2020-01-01' PKI_DAYS=10 token_key old old@example.org
policy_for ca
use_shim
cd "$T" || exit 1
echo data >f

sign() {	# KEY
	touchmark-gpgsm --status-fd=2 -bsau "$1" "$T/f"
}
# The command behind the last "hint: ... : " or the like, up to a comma.
advice() {	# PATTERN
	sed -n "s/.*\\($1[^,;]*\\).*/\\1/p" "$T/out" | head -n 1
}

# ---- the certificate of another key --------------------------------------

git config -f "$CONFIG" touchmark.dev.cert "$T/pki/rel.pem"
: >"$T/calls"
exits 3 "another key's certificate" sign dev
has 'the certificate is for another key' 'is refused'
is "$(calls C_Login)" 0 'before the login'
is "$(calls C_Sign)" 0 'and nothing is signed'
git config -f "$CONFIG" touchmark.dev.cert "$T/pki/dev.pem"
ok 'with its own the key signs' sign dev

# ---- commands that can be typed ------------------------------------------

exits 3 'an expired certificate' sign old
hasnt 'NAME' 'the advice names the key'
cmd=$(advice 'touchmark key csr')
ok "'$cmd'" sh -c "$cmd"
ok 'makes a request' openssl req -in FILE.csr -noout -verify -subject -text
has '^subject=O = Test, CN = old$' 'for the same subject'
has 'email:old@example\.org' 'and address'
has 'Code Signing, E-mail Protection' 'and usages'
rm -f FILE.csr
: >"$T/calls"
ok 'a certificate that ends soon' sign soon
cmd=$(advice 'touchmark key csr')
ok "'$cmd'" sh -c "$cmd"
ok 'makes a request as well' openssl req -in FILE.csr -noout -verify
run touchmark doctor --offline
has "^(warn|fail).*key 'old'.*touchmark key csr old -o" 'the doctor names the key too'
has "^warn.*key 'soon'.*import-cert soon " 'also where it warns'
git config -f "$CONFIG" touchmark.dev.cert "$T/gone.pem"
exits 4 'a certificate file that is gone' sign dev
has '^gpgsm: hint: touchmark key import-cert dev ' 'is told how to mend'
git config -f "$CONFIG" touchmark.dev.cert "$T/pki/dev.pem"
git config -f "$CONFIG" touchmark.nonsense 1
exits 2 'an unknown key in the configuration' sign dev
has '^gpgsm: hint: .*touchmark\.conf\(5\)' 'names the manual'
git config -f "$CONFIG" --unset touchmark.nonsense

# ---- a URI that is a configured key's ------------------------------------

URI=$(git config -f "$CONFIG" touchmark.dev.uri)
id=${URI#*id=}
id=${id%%;*}
ok 'the URI as it is configured' sign "$URI"
ok 'without its query' sign "${URI%%\?*}"
ok 'its parts in another order' sign "pkcs11:id=$id;token=$TOKEN"
has 'SIG_CREATED' 'is the key with its certificate'
exits 3 'a URI that fits the token alone' sign "pkcs11:token=$TOKEN"
git config -f "$CONFIG" touchmark.twin.uri "$URI"
exits 3 'a URI of two sections' sign "$URI"
has "fits two keys: 'dev' and 'twin'" 'is ambiguous'
git config -f "$CONFIG" --remove-section touchmark.twin

# ---- SSH: which key the doctor believes in -------------------------------

git config --global gpg.format ssh
git config --global gpg.ssh.program touchmark-ssh-keygen
touchmark key export rel --type ssh >rel.pub
for k in "$T/rel.pub" "$T/rel" "key::$(cat rel.pub)" rel; do
	git config --global user.signingKey "$k"
	run touchmark doctor --offline --receiver git
	has "^ok .*git signs with the key 'rel'\$" "user.signingKey ${k%% *}"
done
cmd=$(advice 'mkdir -p ~\/\.ssh')
ok "'$cmd'" sh -c "$cmd"
run git config --get gpg.ssh.allowedSignersFile
has "^$HOME/\\.ssh/allowed_signers\$" 'is where git looks'
ok 'and holds the key' grep -q "$(cut -d' ' -f2 rel.pub)" \
	"$HOME/.ssh/allowed_signers"
run touchmark doctor --offline --receiver git
cmd=$(advice 'touchmark key export')
ok "'$cmd'" sh -c "$cmd"
git config --global user.signingKey nothing.pub
exits 1 'a key that is none of ours' touchmark doctor --offline --receiver git
has '^fail  git-key ' 'is not believed'
git config --global --unset user.signingKey
exits 1 'no user.signingKey' touchmark doctor --offline --receiver git
has '^fail  git-key .*user\.signingKey is not set' 'is told'
git config --global gpg.ssh.defaultKeyCommand 'cat rel.pub'
run touchmark doctor --offline --receiver git
has '^warn  git-key .*defaultKeyCommand' 'a command may choose it'
git config --global --unset gpg.ssh.defaultKeyCommand

# ---- without any file of ours yet ----------------------------------------

mkdir "$T/fresh"
exits 1 'a new home' env HOME="$T/fresh" XDG_CONFIG_HOME="$T/fresh/.config" \
	touchmark doctor --offline
cmd=$(advice 'git config --global --add touchmark\.tsa' |
	sed 's|URL$|http://tsa.example.org/|')
ok "'$cmd'" env HOME="$T/fresh" XDG_CONFIG_HOME="$T/fresh/.config" sh -c "$cmd"
run env HOME="$T/fresh" XDG_CONFIG_HOME="$T/fresh/.config" \
	touchmark doctor --offline
has '^skip  tsa .*1 timestamp authority' 'the doctor finds it'
exits 2 'a timestamp that is required and has no server' \
	touchmark sign -k dev --timestamp=require f
cmd=$(advice 'git config --global --add touchmark\.tsa')
[ -n "$cmd" ]
tap $? 'is told the same'

# ---- what the gate advises -----------------------------------------------

git_uses_touchmark
git config --global user.signingKey dev
new_repo "$T/r"
cd "$T/r" || exit 1
git commit -q -S --allow-empty -m base
git branch BASE
git commit -q --allow-empty -m one
printf '[ref "refs/heads/*"]\n\trequire = commits\n' >>"$POLICY"
exits 1 'an unsigned commit' touchmark audit
cp "$T/out" "$T/said"
cmd=$(advice 'git commit --amend')
ok "'$cmd'" sh -c "$cmd"
ok 'signs it' touchmark audit
git commit -q --allow-empty -m two
git commit -q --allow-empty -m three
cp "$T/said" "$T/out"
cmd=$(advice 'git rebase')
ok "'$cmd'" sh -c "$cmd"
ok 'signs several' touchmark audit
cd "$T" || exit 1

# ---- a renewed certificate, while an agent runs --------------------------

agent_world
ok 'the agent signs' sign dev
has "$(sha1_of dev)" 'with the certificate that is there'
before=$(sha1_of dev)
token_leaf dev dev@example.org
ok 'a renewed one' sign dev
has "$(sha1_of dev)" 'signs at once'
hasnt "$before" 'and not the former'
PKI_AT='2020-01-01' PKI_DAYS=10 token_leaf dev dev@example.org
exits 3 'an expired one in its place' sign dev
has 'expired' 'is refused at once'
rm "$T/pki/dev.pem"
exits 4 'none in its place' sign dev
token_leaf dev dev@example.org
ok 'a good one again' sign dev
is "$(touchmark agent status --json | grep -c '"name":"dev"')" 1 \
	'all of it in one session'

# ---- a touch, which git would keep to itself -----------------------------

git config -f "$CONFIG" touchmark.dev.touch true
for agent in auto never; do
	git config -f "$CONFIG" touchmark.agent "$agent"
	touchmark agent stop >/dev/null
	ok "a commit at a terminal, agent = $agent" "$MOCK/terminal" \
		--log "$T/shown" git -C "$T/r" commit -q -S --allow-empty -m t
	cp "$T/shown" "$T/out"
	has 'waits for a touch' 'the person is told'
	is "$(grep -c 'waits for a touch' "$T/shown")" 1 'once'
done

# ---- a refusal, which git would keep to itself too ----------------------------

PKI_AT='2020-01-01' PKI_DAYS=10 token_leaf dev dev@example.org
for agent in auto never; do
	git config -f "$CONFIG" touchmark.agent "$agent"
	exits 128 "a commit that is refused, agent = $agent" "$MOCK/terminal" \
		--log "$T/shown" git -C "$T/r" commit -q -S --allow-empty -m t
	cp "$T/shown" "$T/out"
	has 'expired at 2020-' 'the person is told why'
	has 'hint: ' 'and what to do'
done
done_testing
