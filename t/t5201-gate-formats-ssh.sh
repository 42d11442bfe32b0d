#!/bin/sh
# SSH signatures at the gate: keys of an allowed_signers file, keys that a role
# names, and who may sign as whom. The keys and signatures are ssh-keygen's.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need ssh-keygen

gate_setup
git config gpg.format ssh
git config gpg.ssh.program ssh-keygen

ssh_new() {	# NAME TYPE [BITS]
	ssh-keygen -q -t "$2" ${3:+-b "$3"} -N '' -C "$1" -f "$T/$1"
}
pub() {
	cut -d' ' -f1,2 "$T/$1.pub"
}
print_of() {	# NAME: "SHA256:..."
	ssh-keygen -l -f "$T/$1.pub" | cut -d' ' -f2
}
as() {
	git config user.signingKey "$T/$1"
}
allow() {	# LINE...: the allowed_signers file
	for line; do
		printf '%s\n' "$line"
	done >"$T/allowed"
}
N=0
try() {	# REASON|accept WHAT
	N=$((N + 1))
	if [ "$1" = accept ]; then
		accept "$2" "HEAD:refs/heads/b$N"
		# or its history would not be judged again
		git -C "$SRV" update-ref -d "refs/heads/b$N"
	else
		refuse "$1" "$2" "HEAD:refs/heads/b$N"
	fi
}
# ssh-keygen's own verdict about HEAD, for the principal $2
thinks() {	# ok|no PRINCIPAL WHAT
	git cat-file commit HEAD >"$T/c"
	sed -n '/^gpgsig /,/^ -----END/p' "$T/c" |
		sed -e 's/^gpgsig //' -e 's/^ //' >"$T/c.sig"
	sed '/^gpgsig /,/^ -----END/d' "$T/c" >"$T/c.txt"
	run_in "$T/c.txt" ssh-keygen -Y verify -n git -f "$T/allowed" -I "$2" \
		-s "$T/c.sig"
	[ "$RC" = 0 ] && got=ok || got=no
	[ "$got" = "$1" ]
	tap $? "ssh-keygen says $1: $3"
}

ssh_new dev ed25519
ssh_new eve ed25519
ssh_new rsa rsa 3072
ssh_new ec ecdsa 384

TRUST='allowedSigners = allowed'
gate_policy <<'END'
[ref "refs/heads/*"]
	require = commits
	format = ssh
END
gate_repo srv

# ---- keys of the file ------------------------------------------------------------
allow "dev@example.org $(pub dev)" "dev@example.org $(pub rsa)" \
	"dev@example.org,dev@home.example $(pub ec)" \
	"eve@example.org $(pub eve)"
as dev
commit one
thinks ok dev@example.org 'an Ed25519 key'
try accept 'an Ed25519 key'
as rsa
commit two
try accept 'RSA 3072'
as ec
commit three
try accept 'P-384, one of two principals'
for a in 256 521; do
	ssh_new "ec$a" ecdsa $a
	echo "dev@example.org $(pub "ec$a")" >>"$T/allowed"
	as "ec$a"
	commit "ec$a"
	try accept "P-$a"
	git reset -q --hard HEAD~1
done
as eve
commit evil
thinks ok eve@example.org 'another key of the file'
try identity-mismatch 'another signer in the name of dev'
has "the committer is <dev@example.org>, the key SHA256:[^ ]+ is for eve@example.org" \
	'both are named'
git reset -q --hard HEAD~1
GIT_COMMITTER_EMAIL=eve@example.org commit mine
try accept 'in her own name'
git reset -q --hard HEAD~3
allow "eve@example.org $(pub eve)"
gate_repo without
try cert-missing 'a key that is in no line'

# ---- what a line says ----------------------------------------------------------------
allow "dev@example.org namespaces=\"file\" $(pub dev)"
thinks no dev@example.org 'a line for files'
try signer-not-allowed 'a line for files'
allow "dev@example.org namespaces=\"file,git\" $(pub dev)"
try accept 'a line for files and git'
allow "dev@example.org cert-authority $(pub dev)"
thinks no dev@example.org 'a line for a certificate authority'
try signer-not-allowed 'a line for a certificate authority'
allow "dev@example.org valid-before=\"20200101\" $(pub dev)"
try cert-expired 'a line that ended'
allow "dev@example.org valid-after=\"20990101\" $(pub dev)"
try cert-not-yet-valid 'a line that has not begun'
allow "dev@example.org valid-after=\"20200101Z\",valid-before=\"20990101Z\" $(pub dev)"
try accept 'a line that is valid'
allow "*@example.org $(pub dev)"
thinks ok dev@example.org 'a pattern'
try identity-mismatch 'a pattern is nobody in person'
has 'is for no e-mail address' 'which the text says'
allow "* $(pub dev)"
try identity-mismatch 'nor is everybody'
allow "dev@example.org,!dev@* $(pub dev)"
thinks no dev@example.org 'a line that takes its own name back'
try identity-mismatch 'a line that takes its own name back'
allow "dev $(pub dev)"
try identity-mismatch 'a principal that is no address'
allow "dev@example.orgx $(pub dev)"
try identity-mismatch 'another address'
allow "Dev@example.org $(pub dev)"
try identity-mismatch 'another local part'
allow "dev@EXAMPLE.ORG $(pub dev)"
try accept 'a domain in another case'
allow "eve@example.org $(pub dev)" "dev@example.org $(pub dev)"
try accept 'two lines for one key'
allow "dev@example.org valid-before=\"20990101\" $(pub dev)" \
	"dev@example.org $(pub dev)"
try signer-not-allowed 'two lines that disagree about the time'
allow "dev@example.org namespaces=\"file\" $(pub dev)" "eve@example.org $(pub dev)"
try identity-mismatch 'the address of a line that does not allow it'

# ---- formats and namespaces -----------------------------------------------------------
allow "dev@example.org $(pub dev)"
gate_repo forms
git checkout -q --orphan x509
git -c gpg.format=x509 -c user.signingKey=dev commit -q --allow-empty -m x
try signature-format 'CMS where only SSH is allowed'
git checkout -q main
cat >"$T/as-file" <<'END'
#!/bin/sh
# ssh-keygen -Y sign -n git ... FILE: signs as a file instead
for a; do
	shift
	[ "$a" != git ] || a=file
	set -- "$@" "$a"
done
exec ssh-keygen "$@"
END
chmod +x "$T/as-file"
as dev
git -c gpg.ssh.program="$T/as-file" commit -q --allow-empty -m file
try signature-bad 'a signature of a file'
has "for the namespace 'file', not for 'git'" 'is named as such'

# ---- who is a member --------------------------------------------------------------------
role() {
	{
		printf '[role "r"]\n'
		for m; do
			printf '\t%s\n' "$m"
		done
		printf '[ref "refs/heads/*"]\n\trequire = tip\n'
		printf '\tformat = ssh\n\trole = r\n\tidentity = off\n'
	} | gate_policy
}
role "member = ssh:$(print_of dev)"
try signature-bad 'a signature of a file by a member'
: >"$T/allowed"
try signature-bad 'and by one who is in no file'
git reset -q --hard HEAD~1
allow "dev@example.org $(pub dev)" "eve@example.org $(pub eve)" \
	"*@example.org $(pub ec)"
commit member
role 'member = dev@example.org'
try accept 'a member by the principal'
role 'member = *@example.org'
try accept 'by a glob'
role 'member = eve@example.org'
try signer-not-allowed 'another member'
has 'the key SHA256:[^ ]+ is no member of the role "r"' 'the key is named'
role "member = ssh:$(print_of dev)"
try accept 'by fingerprint'
role "member = ssh:$(print_of eve)"
try signer-not-allowed 'by another fingerprint'
role "member = ssh:$(print_of dev)" "issuer = sha256:$(printf %064d 0)"
try signer-not-allowed 'a role whose members need an issuer'
as ec
git commit -q --amend --allow-empty -m pattern
role 'member = *@example.org'
try signer-not-allowed 'a principal that is a pattern fits no pattern'

# ---- a fingerprint without a line ---------------------------------------------------------
as dev
git commit -q --amend --allow-empty -m named
allow "eve@example.org $(pub eve)"
role "member = ssh:$(print_of dev)"
try accept 'a key that only the role names'
role 'member = *@example.org'
try cert-missing 'a key that nobody names'
role "member = ssh:$(print_of eve)"
try cert-missing 'a key that another role could name'
allow "dev@example.org valid-before=\"20200101\" $(pub dev)"
role "member = ssh:$(print_of dev)"
try cert-expired 'what the file says of it counts'
allow "dev@example.org namespaces=\"file\" $(pub dev)"
try signer-not-allowed 'and so does what it allows'
allow "dev@example.org cert-authority $(pub dev)"
try signer-not-allowed 'and that it is an authority'
TRUST=
role "member = ssh:$(print_of dev)"
try accept 'without any file, without roots'
{
	cat "$T/policy"
	printf '[role "s"]\n\tmember = ssh:%s\n' "$(print_of eve)"
	printf '[ref "refs/heads/*"]\n\trole = s\n'
} >"$T/p2"
sed -i '/role = r/d' "$T/p2"
mv "$T/p2" "$T/policy"
try cert-missing 'the key of a role that is not asked'
printf '[role "r"]\n\tmember = ssh:%s\n[ref "refs/heads/*"]\n\trequire = tip
	format = ssh\n\trole = r\n' "$(print_of dev)" >"$T/policy"
try identity-mismatch 'a key that only the role names is nobody in person'
git -c gpg.ssh.program="$T/as-file" commit -q --amend --allow-empty -m file
role "member = ssh:$(print_of dev)"
try signature-bad 'a signature of a file, without any file of signers'
ssh_new weak rsa 2048
as weak
git commit -q --amend --allow-empty -m weak
role "member = ssh:$(print_of weak)"
try key-weak 'RSA 2048, whoever names it'
git cat-file commit HEAD | sed 's/^weak$/other/' | git hash-object -t commit -w \
	--stdin >"$T/id"
git reset -q --hard "$(cat "$T/id")"
printf '[trust]\n\tminRsa = 2048\n' >>"$T/policy"
try signature-bad 'other content'

# ---- the file ------------------------------------------------------------------------------
invalid() {
	push main
	[ "$RC" != 0 ] && grep -Eq \
		"touchmark: refuse - - policy-invalid: .*$1.*; .+" "$T/out"
	tap $? "policy-invalid: $2"
}
TRUST='allowedSigners = allowed'
role 'member = *@example.org'
rm "$T/allowed"
invalid 'allowedSigners: .*/allowed' 'a file that is not there'
allow "dev@example.org oops $(pub dev)"
invalid '/allowed:1: unknown option' 'an option that is not known'
allow "dev@example.org" 
invalid '/allowed:1: ' 'a line without a key'
printf '[trust]\n\tallowedSigners = a\n\tallowedSigners = b\n' >"$T/policy"
invalid 'policy:3: "allowedsigners" is given twice' 'two files'
done_testing
