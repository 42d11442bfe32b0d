#!/bin/sh
# Commits and tags whose bytes say one thing to one reader and another to the
# next. Each is pushed for real; the client's fsck is not asked.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
gate_policy <<'EOF2'
[ref "refs/heads/*"]
	require = commits
	force = allow
[ref "refs/tags/*"]
	require = tag
	update = allow
	force = allow
EOF2
gate_repo srv
commit base
accept 'a good commit to begin with' main

# What a pipeline made; the calls below must not run in its subshell.
keep() {
	cat >"$T/x"
}

# offer REASON WHAT: the commit in $T/x as the new tip of a branch
offer() {
	id=$(put commit <"$T/x")
	refuse "$1" "$2" "$id:refs/heads/x"
}

# offer_raw REASON WHAT: the same for bytes that no git client packs: they are
# written into the server and the hook is called as git calls it
offer_raw() {
	id=$(git -C "$SRV" hash-object -t "${3:-commit}" -w --stdin \
		--literally <"$T/x")
	echo "$ZERO $id ${4:-refs/heads/x}" >"$T/line"
	run hook
	[ "$RC" = 1 ] && grep -q "touchmark: refuse [^ ]* [0-9a-f]* $1: " \
		"$T/out"
	tap $? "refused, $1: $2"
}
hook() {
	(cd "$SRV" && GIT_DIR=. hooks/pre-receive <"$T/line")
}

good() {
	plain | seal_commit dev
}

good >"$T/c"
id=$(put commit <"$T/c")
accept 'a commit built by hand is taken' "$id:refs/heads/x"
git -C "$SRV" update-ref -d refs/heads/x

# ---- hidden bytes -------------------------------------------------------------
{ cat "$T/c"; printf '\000hidden tail\n'; } | keep
offer object-malformed 'a NUL and a tail after a signed commit'
{ cat "$T/c"; printf 'more\n'; } | keep
offer signature-bad 'text added to the message of a signed commit'
plain >"$T/p"
sealed dev <"$T/p" | fold "$GPGSIG" >"$T/s"
{ cat "$T/p"; cat "$T/s"; } | keep
offer signature-missing 'a gpgsig in the message'
{ with_header "$T/s" <"$T/p"; } | tr 'e' 'E' | keep
offer_raw object-malformed 'header names in capitals'

# ---- more than one signature header -------------------------------------------
sed "s/^$GPGSIG /gpgsig-evil /" "$T/s" >"$T/s.evil"
sed "s/^$GPGSIG /$OTHERSIG /" "$T/s" >"$T/s.256"
cat "$T/s" "$T/s" >"$T/h"
with_header "$T/h" <"$T/p" | keep
offer object-malformed 'two gpgsig headers'
cat "$T/s" "$T/s.evil" >"$T/h"
with_header "$T/h" <"$T/p" | keep
offer object-malformed 'gpgsig and gpgsig-evil'
cat "$T/s.evil" "$T/s" >"$T/h"
with_header "$T/h" <"$T/p" | keep
offer object-malformed 'gpgsig-evil and gpgsig'
with_header "$T/s.evil" <"$T/p" | keep
offer object-malformed 'gpgsig-evil alone'
cat "$T/s" "$T/s.256" >"$T/h"
with_header "$T/h" <"$T/p" | keep
offer object-malformed 'gpgsig beside gpgsig-sha256'
cat "$T/s.256" "$T/s" >"$T/h"
with_header "$T/h" <"$T/p" | keep
offer object-malformed 'gpgsig-sha256 beside gpgsig'
with_header "$T/s.256" <"$T/p" | keep
offer object-malformed 'the signature header of the other hash alone'
printf 'gpgsig-evil unsigned words\n' >"$T/h0"
cat "$T/s" "$T/h0" >"$T/h"
with_header "$T/h" <"$T/p" | keep
offer object-malformed 'a line that git would strip with the signature'

# ---- armour ---------------------------------------------------------------------
armour() {	# REASON WHAT: the armour in $T/x as the gpgsig of $T/p
	fold "$GPGSIG" <"$T/x" >"$T/h"
	with_header "$T/h" <"$T/p" >"$T/x"
	offer "$1" "$2"
}
sealed dev <"$T/p" >"$T/a"
{ echo 'words'; cat "$T/a"; } | keep
armour signature-malformed 'text before BEGIN'
{ cat "$T/a"; echo 'words'; } | keep
armour signature-malformed 'text after END'
cat "$T/a" "$T/a" | keep
armour signature-malformed 'a second block'
sed 's/$/\r/' "$T/a" | keep
armour signature-malformed 'CRLF line ends'
sed '2s/$/ /' "$T/a" | keep
armour signature-malformed 'a space in the base64'
sed '2s/^\(..\)/\1!/' "$T/a" | keep
armour signature-malformed 'a stray character'
sed '3d' "$T/a" | keep
armour signature-malformed 'a line taken out'
{ head -2 "$T/a"; echo; tail -n +3 "$T/a"; } | keep
armour signature-malformed 'an empty line inside'
sed 's/SIGNED MESSAGE/PKCS7/' "$T/a" | keep
armour signature-malformed 'another label'
{ echo '-----BEGIN SIGNED MESSAGE-----'; echo '-----END SIGNED MESSAGE-----'; } |
	keep
armour signature-malformed 'an empty block'
{
	echo '-----BEGIN PGP SIGNATURE-----'; echo; tail -n +2 "$T/a" |
	sed '$d'; echo '-----END PGP SIGNATURE-----'
} | keep
armour signature-format 'OpenPGP where X.509 is required'
{
	echo '-----BEGIN SSH SIGNATURE-----'; tail -n +2 "$T/a" | sed '$d'
	echo '-----END SSH SIGNATURE-----'
} | keep
armour signature-format 'an SSH signature where X.509 is required'

# ---- headers: signed, but with more than one reading -----------------------------
seal_offer() {	# REASON WHAT: the payload in $T/x, signed
	seal_commit dev <"$T/x" >"$T/sealed"
	mv "$T/sealed" "$T/x"
	${3:-offer} "$1" "$2"
}
sed 's/^committer .*/&\n&/' "$T/p" | keep
seal_offer object-malformed 'two committers'
sed 's/^author .*/&\n&/' "$T/p" | keep
seal_offer object-malformed 'two authors'
sed 's/^tree .*/&\n&/' "$T/p" | keep
seal_offer object-malformed 'two trees'
sed 's/^\(author\) .*/&\nauthor X <x@example.org> 1 +0000/' "$T/p" |
	keep
seal_offer object-malformed 'two different authors'
awk '/^author/{a=$0;next} /^committer/{print;print a;next} {print}' "$T/p" |
	keep
seal_offer object-malformed 'committer before author'
sed '/^author/d' "$T/p" | keep
seal_offer object-malformed 'no author'
sed '/^tree/d' "$T/p" | keep
seal_offer object-malformed 'no tree' offer_raw
sed 's/^committer .*> /committer Dev <dev@example.org> <x@evil.example> /' "$T/p" |
	keep
seal_offer object-malformed 'two e-mails in an ident'
sed 's/^committer Dev <dev/committer Dev <<dev/' "$T/p" |
	keep
seal_offer object-malformed 'a nested <'
sed 's/^committer Dev </committer Dev> </' "$T/p" |
	keep
seal_offer object-malformed 'a > before the e-mail'
sed 's/^\(committer .*>\) [0-9]*/\1 99999999999999999999/' "$T/p" |
	keep
seal_offer object-malformed 'a date that overflows'
sed 's/^\(committer .*>\) [0-9]*/\1 -1/' "$T/p" |
	keep
seal_offer object-malformed 'a date below zero'
sed 's/^\(committer .*\) +0000/\1 +00x0/' "$T/p" |
	keep
seal_offer object-malformed 'no time zone'
sed "s/^committer Dev/committer D$(printf '\033')ev/" "$T/p" |
	keep
seal_offer object-malformed 'a control character in an ident'
sed 's/^tree \(.*\)/tree \1 /' "$T/p" | keep
seal_offer object-malformed 'a space behind the tree' offer_raw
awk '/^author/{print "parent 0123"} {print}' "$T/p" |
	keep
seal_offer object-malformed 'a parent that is no id' offer_raw
awk '/^$/ && !d {print "encoding UTF-8"; print "encoding latin1"; d=1} {print}' \
	"$T/p" | keep
seal_offer object-malformed 'two encodings'
# git would convert the name, find a second committer in it and show that one
awk '/^author/ {sub(/Dev/, "D +ADw-a@b+AD4- 1 -0000+AAo-committer Boss " \
		"+ADw-boss@example.org+AD4- 1 -0000+AAo-x")}
	/^$/ && !d {print "encoding UTF-7"; d=1} {print}' "$T/p" | keep
seal_offer object-malformed 'an encoding that turns a name into a committer'
for e in UTF-8 ISO-8859-15 koi8-r GB18030 windows-1252; do
	awk -v e=$e '/^$/ && !d {print "encoding " e; d=1} {print}' "$T/p" |
		seal_commit dev >"$T/c"
	id=$(put commit <"$T/c")
	accept "the encoding $e" "+$id:refs/heads/enc"
done
awk '/^$/ && !d {print "parent 4b825dc642cb6eb9a060e54bf8d69288fbee4904"; d=1} {print}' \
	"$T/p" | keep
seal_offer object-malformed 'a parent behind the committer'
awk '/^$/ && !d {print "change-id abc"; d=1} {print}' "$T/p" |
	seal_commit dev >"$T/c"
id=$(put commit <"$T/c")
accept 'an unknown header under the signature' "$id:refs/heads/x"

# a commit that points at something else
blob=$(echo x | git hash-object -w --stdin)
sed "s/^tree .*/tree $blob/" "$T/p" | seal_commit dev >"$T/c"
id=$(put commit <"$T/c")
push "$id:refs/heads/y"
[ "$RC" != 0 ]
tap $? 'a blob as tree never comes in'

# ---- tags ----------------------------------------------------------------------
tag_payload() {	# NAME [OBJECT [TYPE]]
	printf 'object %s\ntype %s\ntag %s\n' "${2:-$(git rev-parse main)}" \
		"${3:-commit}" "$1"
	printf 'tagger Dev <dev@example.org> 1750000000 +0000\n\nmessage\n'
}
seal_tag() {
	cat >"$T/tp"
	cat "$T/tp"
	sealed dev <"$T/tp"
}
offer_tag() {	# REASON WHAT NAME: the tag in $T/x
	id=$(put tag <"$T/x")
	refuse "$1" "$2" "+$id:refs/tags/$3"
}
tag_payload v1 | seal_tag >"$T/t"
id=$(put tag <"$T/t")
accept 'a tag built by hand' "$id:refs/tags/v1"
{ cat "$T/t"; echo 'not covered'; } | keep
offer_tag signature-malformed 'text after END in a tag' v1
{ cat "$T/t"; printf '\000x'; } | keep
offer_tag object-malformed 'a NUL behind a tag' v1
tag_payload v1 | sed 's/^tagger/extra words\n&/' | seal_tag |
	keep
offer_tag object-malformed 'an extra header in a tag' v1
tag_payload v1 | sed 's/^tag .*/&\n&/' | seal_tag |
	keep
offer_tag object-malformed 'two names in a tag' v1
tag_payload v1 | sed 's/^tagger.*/&\n&/' | seal_tag |
	keep
offer_tag object-malformed 'two taggers' v1
tag_payload v1 | sed '/^tagger/d' | seal_tag |
	keep
offer_tag object-malformed 'no tagger' v1
tag_payload v1 | sed 's/^object .*/&\n&/' | seal_tag |
	keep
offer_raw object-malformed 'two objects in a tag' tag refs/tags/v2
{ cat "$T/t"; sed -n '/BEGIN/,$p' "$T/t"; } |
	keep
offer_tag signature-malformed 'two blocks in a tag' v1
tag_payload v1 | sed 's/message/changed/' >"$T/tp2"
{ cat "$T/tp2"; sed -n '/BEGIN/,$p' "$T/t"; } | keep
offer_tag signature-bad 'the signature of another tag' v1
tag_payload v9 | seal_tag | keep
offer_tag tag-name 'a signed tag under another name' v1
tag_payload other/v1 | seal_tag | keep
offer_tag tag-name 'a signed tag whose name only ends alike' v1
tag_payload v1 "$blob" blob | seal_tag | keep
offer_tag tag-target 'a tag of a blob' v1
tag_payload v1 "$(git mktree </dev/null)" tree | seal_tag |
	keep
offer_tag tag-target 'a tag of a tree' v1
tag_payload v1 "$blob" commit | seal_tag >"$T/t.lie"
id=$(put tag <"$T/t.lie")
push "$id:refs/tags/v1"
[ "$RC" != 0 ]
tap $? 'a blob that a tag calls a commit never comes in'
done_testing
