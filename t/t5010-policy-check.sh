#!/bin/sh
# touchmark policy check: what a policy means, and what is rarely meant.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl git gpg ssh-keygen faketime

pki_root ca
pki_root tsa
pki_crl ca
cp "$T/pki/ca.pem" "$T/roots.pem"
cp "$T/pki/tsa.pem" "$T/tsa.pem"
cp "$T/pki/ca.crl" "$T/ca.crl"
check() {
	run touchmark policy check "$@" "$T/policy"
}
cat >"$T/policy" <<'EOF2'
[policy]
	version = 4
[trust]
	roots = roots.pem
	tsaRoots = tsa.pem
	crl = ca.crl
[role "developers"]
	member = *@example.org
[ref "refs/heads/*"]
	require = commits
	role = developers
[ref "refs/tags/v*"]
	require = tag
	timestamp = always
EOF2
check
is "$RC" 0 'a good policy'
hasnt 'warning' 'has no warnings'
has '^\[ref "refs/heads/\*"\] line 9' 'it shows each rule and its line'
has 'signed commits, by role "developers", format x509, under their own e-mail' 'in words'
has 'create allow, update deny, force deny, delete deny' 'and the defaults of a tag'
has '^  version 4' 'its version'
has "^  sha256 $(sha256sum "$T/policy" | cut -d' ' -f1)" 'its hash'

git init -q --bare "$T/r.git"
git init -q -b main "$T/w"
cd "$T/w" || exit 1
git commit -q --allow-empty -m x
git push -q "$T/r.git" main main:refs/custom/x main:refs/tags/v1
check --repo "$T/r.git"
is "$RC" 0 'with a repository'
has '^refs/heads/main' 'it lists its refs'
has 'no rule matches: every push to it is refused' 'and those without a rule'
check --repo "$T/none"
is "$RC" 4 'a repository that is not there'
has 'hint: .*run this as the user of the server' 'or is not ours'

warned() {	# PATTERN WHAT
	check
	[ "$RC" = 0 ] && grep -Eq "^touchmark: warning: .*$1" "$T/out"
	tap $? "warned: $2"
}
cp "$T/policy" "$T/good"
grep -v 'crl =' "$T/good" >"$T/policy"
warned 'there is no crl line' 'no CRL under require'
sed 's/tsa.pem/roots.pem/' "$T/good" >"$T/policy"
warned 'is a root of signers and of timestamps' 'a root in both stores'
grep -v tsaRoots "$T/good" >"$T/policy"
warned ':11: .*always wants a timestamp' 'timestamps without TSA roots'
{ cat "$T/good"; printf '[ref "refs/heads/wip/*"]\n\trequire = nothing\n'; } \
	>"$T/policy"
warned ':15: .*asks for less than' 'a weaker rule within a stricter one'
{ cat "$T/good"; printf '[ref "refs/*"]\n\trequire = nothing\n'; } >"$T/policy"
check
is "$RC" 0 'a weaker rule around a stricter one is no error'
{ cat "$T/good"; printf '[ref "refs/heads/x"]\n\trequire = tag\n'; } >"$T/policy"
warned 'wants a tag on a branch' 'a rule that nobody can satisfy'
{ cat "$T/good"; printf '[ref "heads/x"]\n\trequire = tip\n'; } >"$T/policy"
warned 'matches nothing' 'a pattern without refs/'
{ cat "$T/good"; printf '[policy]\n\tenforce = false\n'; } >"$T/policy"
warned 'every push is let in' 'a policy that is not enforced'


# ---- formats, members, thresholds ----------------------------------------------
ssh-keygen -q -t ed25519 -N '' -f "$T/ssh"
echo "dev@example.org $(cut -d' ' -f1,2 "$T/ssh.pub")" >"$T/allowed"
PRINT=$(ssh-keygen -l -f "$T/ssh.pub" | cut -d' ' -f2)
gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
	--quick-generate-key dev@example.org ed25519 sign never 2>/dev/null
gpg --export >"$T/keys.gpg"
cat >"$T/policy" <<EOF2
[trust]
	keyring = keys.gpg
	allowedSigners = allowed
[role "developers"]
	member = *@example.org
	member = ssh:$PRINT
[ref "refs/heads/*"]
	require = commits
	format = openpgp
	format = ssh
	role = developers
EOF2
cp "$T/policy" "$T/keys"
check
is "$RC" 0 'keyrings without roots'
hasnt 'warning' 'nothing is warned of'
has 'by role "developers", format openpgp or ssh' 'the formats'
has '^  keyring \(OpenPGP\): .*/keys.gpg$' 'the keyring'
has '^  allowed signers \(SSH\): .*/allowed$' 'the allowed signers'
{ cat "$T/good"; printf '[ref "refs/t/*"]\n\trequire = tag\n\trole = developers
	threshold = 3\n'; } >"$T/policy"
warned ':15: .*no approval beside a tag gets in: add \[ref' \
	'several signers of a tag, whose approvals are shut out'
{ cat "$T/policy"; printf '[ref "refs/touch*"]\n\trequire = tip\n'; } >"$T/p"
mv "$T/p" "$T/policy"
warned ':15: .*no approval beside a tag gets in' 'or are to be signed commits'
sed -i 's/refs.touch\*"/refs\/touchmark\/approvals\/*"/; s/= tip/= nothing/' \
	"$T/policy"
check
has 'a signed tag, by 3 different signers of role "developers"' 'a threshold'
hasnt 'warning' 'that a glob can meet'
{ cat "$T/policy"; printf '[role "two"]\n\tmember = a@x.org\n\tmember = b@x.org
[ref "refs/u/*"]\n\trequire = tag\n\trole = two\n\tthreshold = 3\n'; } >"$T/p"
mv "$T/p" "$T/policy"
warned ':24: .*wants 3 signers, but the role "two" has 2 members' \
	'more signers than the role has members'
{ cat "$T/good"; printf '\tthreshold = 1\n[ref "refs/heads/y"]
	require = commits\n\tthreshold = 2\n'; } >"$T/policy"
warned ':16: .*wants 2 signers of each commit' 'a threshold that commits cannot meet'
{ cat "$T/good"; printf '[role "s"]\n\tmember = ssh:%s
[ref "refs/u/*"]\n\trequire = tag\n\trole = s\n' "$PRINT"; } >"$T/policy"
warned ':17: .*takes no format in which a member' 'members of another format'
{ cat "$T/keys"; printf '\ttimestamp = always\n[trust]\n\ttsaRoots = tsa.pem\n'; } \
	>"$T/policy"
warned ':7: .*no SSH signature has one' 'timestamps of SSH signatures'
{ cat "$T/keys"; printf '[role "developers"]\n\tissuer = sha256:%064d\n' 0; } \
	>"$T/policy"
warned ':7: .*need an issuer' 'an issuer where there are no certificates'

{ cat "$T/good"; printf '[push]\n\tcertificate = require\n'; } >"$T/policy"
warned '\[push\] names no url' 'signed pushes for any server'
{ cat "$T/policy"; printf '\turl = ssh://git.example.org/p.git\n'; } >"$T/p"
mv "$T/p" "$T/policy"
check
hasnt 'warning' 'not with the address'
has '^  push certificates: required$' 'that pushes are signed'
has '^  pushed to: ssh://git.example.org/p.git$' 'and where to'
{ cat "$T/good"; printf '[exempt]\n\tcommit = %040d\n' 7; } >"$T/policy"
check
has '^  exempt: 0{39}7 and its history$' 'what is not judged'
has '^  signers: 1 root, revocation require' 'one root is not several'

# ---- revocation lists ----------------------------------------------------------
mkdir "$T/crls"
sed 's/crl = .*/crl = crls/' "$T/good" >"$T/policy"
warned 'no current revocation list of CN=ca,O=Test: .*crl-fetch' \
	'a directory without a list'
faketime '40 days ago' openssl ca -config "$T/pki/ca.cnf" -gencrl \
	-keyfile "$T/pki/ca.key" -cert "$T/pki/ca.pem" -crldays 30 \
	-out "$T/crls/old.crl" 2>/dev/null
warned 'list of CN=ca,O=Test, the last one ended at 20[0-9T:-]*Z: ' 'an old one'
cp "$T/ca.crl" "$T/crls"
check
hasnt 'warning' 'a current one beside it'
pki_root other
cat "$T/pki/other.pem" "$T/pki/ca.pem" >"$T/both.pem"
sed 's/roots = roots.pem/roots = both.pem/' "$T/good" >"$T/policy"
warned 'list of CN=other,O=Test: ' 'one of two authorities'
pki_leaf ca self ''
openssl req -x509 -new -key "$T/pki/self.key" -subj /CN=self -days 9 \
	-addext basicConstraints=critical,CA:FALSE -out "$T/pki/self.pem"
cat "$T/pki/self.pem" "$T/pki/ca.pem" >"$T/both.pem"
check
hasnt 'warning' 'but not of a signer who is a root'
rm "$T/both.pem"
cp "$T/good" "$T/policy"
printf '\tintermediates = inter.pem\n' >"$T/p"
sed -i "/crl = /r $T/p" "$T/policy"
pki_leaf ca inter '' basicConstraints=critical,CA:TRUE \
	keyUsage=critical,keyCertSign,cRLSign
cp "$T/pki/inter.pem" "$T/inter.pem"
warned 'list of CN=inter,O=Test: ' 'an intermediate'

{ cat "$T/good"; printf '[ref "refs/x"]\n\trequire = tips\n'; } >"$T/policy"
check
is "$RC" 2 'a bad value is a usage error'
has "^touchmark: .*policy:16: \"tips\" is none of: nothing, tip" \
	'with file, line and what would do'
exits 2 'no file' touchmark policy check
exits 2 'another verb' touchmark policy mend "$T/good"
exits 2 'a file that is not there' touchmark policy check "$T/none"
ok 'help' touchmark policy --help
done_testing
