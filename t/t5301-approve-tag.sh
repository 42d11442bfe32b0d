#!/bin/sh
# touchmark approve --tag: a detached CMS over the raw tag, kept beside it
# under refs/touchmark/approvals and ready to be pushed.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need git openssl pkcs11-tool softhsm2-util perl

token_key alice alice@example.org
token_key bob bob@example.org
TOKEN_TYPE=rsa:3072 token_key carol carol@example.org
export TOUCHMARK_PIN_FILE="$PINFILE"
cd "$T" || exit 1
git init -q -b main repo
cd repo || exit 1
git config gpg.format x509
git config gpg.x509.program "$BIN/touchmark-gpgsm"
git config user.signingKey alice
git config user.email alice@example.org
GIT_COMMITTER_EMAIL=alice@example.org
git commit -q --allow-empty -m one
git tag -s -m release v1.0 2>"$T/setup.log" || bail 'no signed tag'
OID=$(git rev-parse v1.0)
REFS=refs/touchmark/approvals

ok 'approve' touchmark approve --tag v1.0 -k bob
has "^v1\.0: approved by CN=bob.*, no timestamp, in $REFS/$OID/[0-9a-f]{64}\$" \
	'says who and where'
has "^git push origin v1\.0 '$REFS/\*:$REFS/\*'\$" 'and what to push'
BOB=$(openssl x509 -in "$T/pki/bob.pem" -noout -fingerprint -sha256 |
	sed 's/.*=//; s/://g' | tr A-F a-f)
is "$(git for-each-ref --format='%(refname) %(objecttype)' refs/touchmark)" \
	"$REFS/$OID/$BOB blob" 'a blob under the fingerprint'
git cat-file tag "$OID" >"$T/tag.raw"
git cat-file blob "$REFS/$OID/$BOB" >"$T/tag.p7s"
ok 'it is a CMS over the raw tag, for openssl' openssl cms -verify -binary \
	-inform DER -in "$T/tag.p7s" -content "$T/tag.raw" \
	-CAfile "$T/pki/ca.pem" -purpose any -out /dev/null
ok 'and for touchmark verify' touchmark verify --roots "$T/pki/ca.pem" \
	"$T/tag.raw" "$T/tag.p7s"
git fsck --strict >"$T/out" 2>&1
tap $? 'git fsck is content'

exits 1 'the same again' touchmark approve --tag v1.0 -k bob
has 'refused signer-not-allowed: CN=bob.* has signed it already' 'is told'
has "hint: git update-ref -d $REFS/$OID/$BOB" 'with how to take it back'
exits 1 'by whom the tag is' touchmark approve --tag v1.0 -k alice
has 'refused signer-not-allowed: CN=alice.* has signed it already' 'is told'
ok 'a third' touchmark approve --tag refs/tags/v1.0 -k carol
is "$(git for-each-ref refs/touchmark | wc -l)" 2 'stands beside it'
cd "$T" || exit 1
git -C repo update-ref -d "$REFS/$OID/$BOB"
run touchmark approve --tag v1.0 -C repo -k bob --json
is "$RC" 0 'from elsewhere, in JSON'
unhurried out | perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	exit !($j->{status} eq "approved" && $j->{tag} eq "v1.0" &&
	$j->{ref} =~ m{^refs/touchmark/approvals/[0-9a-f]{40}/} &&
	$j->{fingerprint} =~ /^sha256:/)'
tap $? 'with all of it'
cd repo || exit 1

# ---- the line it prints ------------------------------------------------------
git init -q --bare "$T/srv.git"
git remote add origin "$T/srv.git"
run touchmark approve --tag v1.0 -k alice
git update-ref -d "$REFS/$OID/$BOB"
touchmark approve --tag v1.0 -k bob 2>&1 </dev/null | grep '^git push' >"$T/line"
ok 'the line that is printed' sh "$T/line"
is "$(git -C "$T/srv.git" for-each-ref | wc -l)" 3 \
	'pushes the tag and both approvals'

# ---- what is no signed tag ---------------------------------------------------
git tag light
exits 1 'a lightweight tag' touchmark approve --tag light -k bob
has 'light: refused tag-unsigned: it is a lightweight tag of a commit' 'is told'
git tag -a -m x plain
exits 1 'an unsigned tag' touchmark approve --tag plain -k bob
has 'plain: refused tag-unsigned' 'is told'
git update-ref refs/tags/v9.9 v1.0
exits 1 'under another name' touchmark approve --tag v9.9 -k bob
has 'v9.9: refused tag-name: the tag calls itself .v1\.0' 'is told'
exits 4 'no tag' touchmark approve --tag nothing -k bob
exits 4 'an option in its place' touchmark approve --tag --all -k bob
exits 2 'a file as well' touchmark approve --tag v1.0 f f.p7s
exits 2 'and -o' touchmark approve --tag v1.0 -o x -k bob
exits 4 'no repository' touchmark approve --tag v1.0 -C "$T/pki" -k bob
has 'opens no repository here' 'is told'
hasnt 'touchmark audit' 'in words of its own'
exits 4 'no directory' touchmark approve --tag v1.0 -C "$T/nowhere" -k bob
exits 3 'no key' touchmark approve --tag v1.0 -k nobody
# a changed tag: its own signature does not hold
git cat-file tag v1.0 | sed 's/^release$/rubbish/' |
	git hash-object -t tag -w --stdin >"$T/id"
git update-ref refs/tags/bad "$(cat "$T/id")"
git cat-file tag bad | sed 's/^tag v1.0$/tag bad/' |
	git hash-object -t tag -w --stdin >"$T/id"
git update-ref refs/tags/bad "$(cat "$T/id")"
exits 1 'a tag that was changed' touchmark approve --tag bad -k bob
has 'bad: refused signature-bad' 'is signature-bad'
is "$(git for-each-ref refs/touchmark | wc -l)" 2 'nothing was stored'
# what git would show in place of the tag
git tag -s -m other v2.0 2>"$T/setup.log"
git tag -d v9.9 >"$T/out" 2>&1
git replace -f "$(git rev-parse v2.0)" "$OID"
ok 'a replaced tag' touchmark approve --tag v2.0 -k bob
git --no-replace-objects cat-file tag v2.0 >"$T/tag.raw"
git cat-file blob "$REFS/$(git rev-parse refs/tags/v2.0)/$BOB" >"$T/tag.p7s"
ok 'is approved as it really is' touchmark verify --roots "$T/pki/ca.pem" \
	"$T/tag.raw" "$T/tag.p7s"
# a name that a shell would read otherwise
git tag -s -m odd "v1'\$(touch\${IFS}pwned);" 2>"$T/setup.log" ||
	bail 'no odd tag'
touchmark approve --tag "v1'\$(touch\${IFS}pwned);" -k bob 2>&1 </dev/null |
	grep '^git push' >"$T/line"
[ -s "$T/line" ]
tap $? 'there is a line'
ok 'an odd name' sh "$T/line"
[ ! -e pwned ]
tap $? 'is quoted'
git -C "$T/srv.git" for-each-ref | grep -qF "v1'\$(touch"
tap $? 'and pushed as it is'
# SHA-256, where git has it
git init -q -b main --object-format=sha256 "$T/wide"
cd "$T/wide" || exit 1
git config gpg.format x509
git config gpg.x509.program "$BIN/touchmark-gpgsm"
git config user.signingKey alice
git commit -q --allow-empty -m one
git tag -s -m release v1.0 2>"$T/setup.log" || bail 'no signed tag'
ok 'a SHA-256 repository' touchmark approve --tag v1.0 -k bob
git cat-file tag v1.0 >"$T/tag.raw"
git cat-file blob "$(git for-each-ref --format='%(refname)' refs/touchmark)" \
	>"$T/tag.p7s"
ok 'likewise' touchmark verify --roots "$T/pki/ca.pem" "$T/tag.raw" \
	"$T/tag.p7s"
done_testing
