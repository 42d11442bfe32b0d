#!/bin/sh
# OpenPGP signatures at the gate: whose key, at which time, and who may sign as
# whom. The keys are gpg's; gpg and gpgv say first what they think of each
# signature, so that a refusal is the gate's own.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need gpg gpgv sqv

gate_setup
git config gpg.format openpgp
git config gpg.program gpg
g() {
	gpg --batch --quiet --no-tty --pinentry-mode loopback \
		--passphrase '' "$@" 2>>"$T/gpg.log"
}
# pgp_new NAME UID [ALGO [EXPIRES]]: a key that certifies and signs; $T/NAME.fpr
pgp_new() {
	g --status-fd 3 --quick-generate-key "$2" "${3:-ed25519}" sign \
		"${4:-never}" 3>"$T/status" ||
		{ cat "$T/gpg.log"; echo "not ok - prepared: no key"; exit 1; }
	sed -n 's/.* KEY_CREATED . //p' "$T/status" >"$T/$1.fpr"
}
fpr() {
	cat "$T/$1.fpr"
}
# keyring NAME...: what the policy trusts from now on
keyring() {
	list=
	for key; do
		list="$list $(fpr "$key")"
	done
	# shellcheck disable=SC2086
	g --export $list >"$T/keys.gpg"
}
# as NAME: git signs with that key
as() {
	git config user.signingKey "$(fpr "$1")!"
}
# thinks gpgv|sqv ok|no WHAT: of the signature of HEAD
thinks() {
	git cat-file commit HEAD >"$T/c"
	sed -n '/^gpgsig /,/^ -----END/p' "$T/c" |
		sed -e 's/^gpgsig //' -e 's/^ //' >"$T/c.asc"
	sed '/^gpgsig /,/^ -----END/d' "$T/c" >"$T/c.txt"
	case $1 in
	gpgv) run gpgv --keyring "$T/keys.gpg" "$T/c.asc" "$T/c.txt" ;;
	sqv) run sqv --keyring "$T/keys.gpg" "$T/c.asc" "$T/c.txt" ;;
	esac
	[ "$RC" = 0 ] && got=ok || got=no
	[ "$got" = "$2" ]
	tap $? "$1 says $2: $3"
}
N=0
# try REASON|accept WHAT: HEAD, pushed to a branch of its own
try() {
	N=$((N + 1))
	if [ "$1" = accept ]; then
		accept "$2" "HEAD:refs/heads/b$N"
		# or its history would not be judged again
		git -C "$SRV" update-ref -d "refs/heads/b$N"
	else
		refuse "$1" "$2" "HEAD:refs/heads/b$N"
	fi
}

pgp_new dev 'Dev <dev@example.org>'
pgp_new eve 'Eve <eve@example.org>'
pgp_new rsa 'Dev RSA <dev@example.org>' rsa3072
pgp_new two 'Dev at home <dev@home.example>'
g --quick-add-uid "$(fpr two)" 'Dev <dev@example.org>'

TRUST='keyring = keys.gpg'
gate_policy <<'END'
[ref "refs/heads/*"]
	require = commits
	format = openpgp
END
keyring dev eve rsa two
gate_repo srv

# ---- a key of the keyring ----------------------------------------------------
as dev
commit one
thinks gpgv ok 'an Ed25519 key'
thinks sqv ok 'an Ed25519 key'
try accept 'an Ed25519 key of the keyring'
as rsa
commit two
try accept 'RSA 3072'
# What the gate's judge is confined to must do for every kind of key.
for a in nistp256 nistp384 rsa4096; do
	pgp_new "$a" "Dev $a <dev@example.org>" "$a"
	keyring dev eve rsa two "$a"
	as "$a"
	commit "$a"
	try accept "$a"
	git reset -q --hard HEAD~1
done
keyring dev eve rsa two
as two
commit three
thinks gpgv ok 'a second user id'
try accept 'the address of its second user id'
as eve
commit evil
thinks gpgv ok 'another key of the keyring'
try identity-mismatch 'another member in the name of dev'
has 'the committer is <dev@example.org>, the key [0-9A-F]{40} is for eve@example.org' \
	'both are named'
git reset -q --hard HEAD~1
GIT_COMMITTER_EMAIL=eve@example.org commit mine
try accept 'in her own name'
git reset -q --hard HEAD~1
keyring eve rsa two
N=0 gate_repo without
try cert-missing 'a key that the keyring does not have'
keyring dev eve rsa two
gate_repo other

# ---- formats --------------------------------------------------------------------
git checkout -q --orphan x509
git -c gpg.format=x509 -c user.signingKey=dev commit -q --allow-empty -m x
try signature-format 'CMS where only OpenPGP is allowed'
has 'set gpg\.format to openpgp and sign again' 'what to say to git'
git checkout -q --orphan plain
git -c commit.gpgSign=false commit -q --allow-empty -m x
try signature-missing 'no signature'
git checkout -q main

# ---- who is a member ------------------------------------------------------------
# role LINES: the same rule for members of a role, identity off
role() {
	{
		printf '[role "r"]\n'
		for m; do
			printf '\t%s\n' "$m"
		done
		printf '[ref "refs/heads/*"]\n\trequire = tip\n'
		printf '\tformat = openpgp\n\trole = r\n\tidentity = off\n'
	} | gate_policy
}
gate_repo roles
as dev
commit member
role 'member = dev@example.org'
try accept 'a member by the address of the user id'
role 'member = *@example.org'
try accept 'by a glob'
role 'member = eve@example.org'
try signer-not-allowed 'another address'
has "the key $(fpr dev) is no member of the role \"r\"" 'the key is named'
role "member = openpgp:$(fpr dev)"
try accept 'by fingerprint'
role "member = openpgp:$(fpr dev | tr A-F a-f)"
try accept 'in lower case'
role "member = openpgp:$(fpr eve)"
try signer-not-allowed 'by another fingerprint'
role "member = openpgp:$(fpr eve)" 'member = *@example.org'
try accept 'one of two members'
role "member = openpgp:$(fpr dev)" \
	"issuer = sha256:$(printf %064d 0)"
try signer-not-allowed 'a role whose members need an issuer'
as two
commit second
role 'member = dev@home.example'
try accept 'the first of two user ids'
role 'member = dev@example.org'
try accept 'the second'
g --quick-revoke-uid "$(fpr two)" 'Dev <dev@example.org>'
keyring dev eve rsa two
try signer-not-allowed 'a user id that was taken back'
role 'member = dev@home.example'
try accept 'while the other one stays'

# ---- user ids that are no address -------------------------------------------------
role 'member = dev@example.org'
n=0
for uid in 'dev@example.org (Eve) <eve@example.org>' \
	'Eve <dev@example.org> <eve@example.org>' \
	'Eve <dev@example.org' 'Eve dev@example.org' \
	'Eve <eve@dev@example.org>' 'Eve <"x"dev@example.org>' \
	'Eve <dev@example.org> (old)'; do
	n=$((n + 1))
	g --allow-freeform-uid --status-fd 3 --quick-generate-key "$uid" \
		ed25519 sign never 3>"$T/status"
	sed -n 's/.* KEY_CREATED . //p' "$T/status" >"$T/odd$n.fpr"
	keyring dev "odd$n"
	as "odd$n"
	commit "odd $n"
	thinks gpgv ok "a key of '$uid'"
	try signer-not-allowed "is not dev@example.org: $uid"
	git reset -q --hard HEAD~1
done
g --allow-freeform-uid --status-fd 3 --quick-generate-key dev@example.org \
	ed25519 sign never 3>"$T/status"
sed -n 's/.* KEY_CREATED . //p' "$T/status" >"$T/bare.fpr"
keyring bare
as bare
commit bare
try accept 'a user id that is an address and nothing else'
git reset -q --hard HEAD~1

# ---- subkeys ----------------------------------------------------------------------
g --status-fd 3 --quick-generate-key 'Sub <sub@example.org>' ed25519 cert \
	never 3>"$T/status"
sed -n 's/.* KEY_CREATED . //p' "$T/status" >"$T/sub.fpr"
g --quick-add-key "$(fpr sub)" ed25519 sign never
g --with-colons --list-keys "$(fpr sub)" |
	awk -F: '/^sub:/ { s = 1 } s && /^fpr:/ { print $10; exit }' \
	>"$T/subkey.fpr"
keyring sub dev
as subkey
commit subkey
role 'member = sub@example.org'
try accept 'a subkey, by the address of its owner'
role "member = openpgp:$(fpr sub)"
try accept 'by the fingerprint of its primary key'
role "member = openpgp:$(fpr subkey)"
try accept 'by its own'
role "member = openpgp:$(fpr dev)"
try signer-not-allowed 'by the fingerprint of somebody else'
role 'member = sub@example.org'
g --export-options export-minimal --export "$(fpr sub)!" "$(fpr dev)" \
	>"$T/keys.gpg"
try cert-missing 'a keyring without the subkey'
keyring sub dev
yes_revoke() {	# NAME REASON: the subkey or key, revoked in the keyring
	printf 'key 1\nrevkey\ny\n%s\n\ny\nsave\n' "$2" |
		gpg --no-tty --pinentry-mode loopback --passphrase '' \
		--command-fd 0 --status-fd 3 --edit-key "$(fpr "$1")" \
		>>"$T/gpg.log" 2>&1 3>/dev/null
}
cp -r "$GNUPGHOME" "$T/gnupg.kept"
yes_revoke sub 1
keyring sub dev
thinks sqv no 'a revoked subkey'
try cert-revoked 'a subkey that was revoked as compromised'
has "the key $(fpr subkey) was revoked" 'it is named'

# ---- expired and revoked keys --------------------------------------------------------
# Everything that is signed here was signed while the key was good.
role 'member = *@example.org'
# old FAKETIME CMD...: gpg at another time
pgp_old() {	# NAME UID EXPIRES AT
	faketime "$4" gpg --batch --quiet --no-tty --pinentry-mode loopback \
		--passphrase '' --status-fd 3 --quick-generate-key "$2" \
		ed25519 sign "$3" 3>"$T/status" 2>>"$T/gpg.log"
	sed -n 's/.* KEY_CREATED . //p' "$T/status" >"$T/$1.fpr"
}
pgp_old old 'Old <old@example.org>' 30d '730 days ago'
keyring old dev
cat >"$T/gpg-then" <<'END'
#!/bin/sh
exec faketime '730 days ago' gpg "$@"
END
chmod +x "$T/gpg-then"
as old
git -c gpg.program="$T/gpg-then" commit -q --allow-empty -m 'in time'
try cert-expired 'an expired key, whatever time the signature says'
has 'touchmark.tsa' 'a timestamp would have helped'
git reset -q --hard HEAD~1
pgp_old soft 'Soft <soft@example.org>' never '730 days ago'
pgp_old hard 'Hard <hard@example.org>' never '730 days ago'
for k in soft hard; do
	as "$k"
	git -c gpg.program="$T/gpg-then" commit -q --allow-empty -m $k
	keyring soft hard dev
	try accept "the key $k before it is revoked"
	[ $k = soft ] && reason=2 || reason=1
	printf 'y\n%s\n\ny\n' "$reason" |
		gpg --no-tty --pinentry-mode loopback --passphrase '' \
		--command-fd 0 --output "$T/$k.rev" --gen-revoke \
		"$(fpr $k)" >>"$T/gpg.log" 2>&1
	g --import "$T/$k.rev"
	keyring soft hard dev
	# sqv believes the time that a signature says of itself.
	[ $k = soft ] && says=ok || says=no
	thinks sqv "$says" "a key that was revoked ($k)"
	try cert-revoked "a key that was revoked ($k)"
done
has 'for a reason that ends all its signatures' 'the hard one says so'
git reset -q --hard HEAD~2

# ---- what is weak -----------------------------------------------------------------------
pgp_new weak 'Weak <dev@example.org>' rsa2048
keyring weak rsa dev
as weak
commit weak
thinks gpgv ok 'RSA 2048'
try key-weak 'RSA 2048'
cat >"$T/gpg-sha1" <<'END'
#!/bin/sh
exec gpg --digest-algo SHA1 --allow-weak-digest-algos "$@"
END
chmod +x "$T/gpg-sha1"
as rsa
git -c gpg.program="$T/gpg-sha1" commit -q --amend --allow-empty -m sha1
try digest-weak 'SHA-1'
git reset -q --hard HEAD~1

# ---- the file ----------------------------------------------------------------------------
invalid() {
	push main
	[ "$RC" != 0 ] && grep -Eq \
		"touchmark: refuse - - policy-invalid: .*$1.*; .+" "$T/out"
	tap $? "policy-invalid: $2"
}
as dev
commit file
rm "$T/keys.gpg"
invalid 'keyring: .*keys.gpg' 'a keyring that is not there'
: >"$T/keys.gpg"
invalid 'keys.gpg: the keyring is empty' 'an empty one'
echo junk >"$T/keys.gpg"
invalid 'keys.gpg: ' 'no keyring'
g --export "$(fpr dev)" | head -c 100 >"$T/keys.gpg"
invalid 'keys.gpg: ' 'one that is cut off'
g --export-secret-keys "$(fpr dev)" >"$T/keys.gpg"
invalid 'holds a secret key' 'secret keys'
g --export --armor "$(fpr dev)" >"$T/keys.gpg"
try accept 'an armoured keyring'
TRUST='keyring = keys.gpg
	keyring = more.gpg'
role 'member = *@example.org'
invalid 'keyring: .*more.gpg' 'the second of two that is not there'
g --export "$(fpr eve)" >"$T/more.gpg"
invalid 'more.gpg: this keyring is binary, the one before it is not' \
	'an armoured and a binary one'
g --export --armor "$(fpr eve)" | head -c -1 >"$T/more.gpg"
try accept 'two armoured ones'
mv "$T/keys.gpg" "$T/x"; mv "$T/more.gpg" "$T/keys.gpg"; mv "$T/x" "$T/more.gpg"
try accept 'in the other order'
g --export "$(fpr eve)" >"$T/keys.gpg"
g --export "$(fpr dev)" >"$T/more.gpg"
try accept 'two binary ones'
cp "$T/more.gpg" "$T/keys.gpg"
invalid "has the key $(fpr dev) twice" 'one key in both'

# ---- the same judge by hand -----------------------------------------------------------------
TRUST='keyring = keys.gpg'
role 'member = *@example.org'
git config user.signingKey "$(fpr dev)!"
echo data >"$T/data"
g --local-user "$(fpr dev)" --detach-sign --output "$T/data.sig" "$T/data"
ok 'touchmark verify --policy knows the keyring without roots' \
	touchmark verify --policy "$T/policy" "$T/data" "$T/data.sig"
keyring eve
exits 1 'and no other key' \
	touchmark verify --policy "$T/policy" "$T/data" "$T/data.sig"
has cert-missing 'cert-missing'
done_testing
