#!/bin/sh
# The payload and the signature that we cut out of a commit or tag are, byte
# for byte, those that git hands to its verifier.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need git

# A program that "signs" with a fixed armour and, when it verifies, keeps what
# git gave it.
cat >"$T/signer" <<-EOF
	#!/bin/sh
	case " \$* " in
	*' --verify '*)
		while [ "\$1" != --verify ]; do shift; done
		cat "\$2" >"$T/git.armour"
		cat >"$T/git.payload"
		printf '\n[GNUPG:] GOODSIG 00 x\n[GNUPG:] TRUST_FULLY\n'
		exit 0 ;;
	esac
	cat >/dev/null
	printf '\n[GNUPG:] SIG_CREATED \n' >&2
	printf '%s\n' '-----BEGIN SIGNED MESSAGE-----' \
		MIIBCgYJKoZIhvcNAQcCoIIB AAECAw== \
		'-----END SIGNED MESSAGE-----'
EOF
chmod +x "$T/signer"

SPLIT=$B/unit/test_object_split

repo() {	# FORMAT
	git init -q --object-format="$1" "$T/$1"
	cd "$T/$1" || exit 1
	git config gpg.format x509
	git config gpg.x509.program "$T/signer"
	git config gpg.program "$T/signer"
	git config user.signingKey x
}

# compare NAME TYPE OBJECT [FORMAT]: verify with git, split with ours.
compare() {
	rm -f "$T/git.payload" "$T/git.armour"
	git cat-file "$2" "$3" >"$T/object"
	git "verify-$2" "$3" >"$T/out" 2>&1
	RC=$?
	[ -s "$T/git.payload" ]
	tap $? "$1: git verifies it"
	run "$SPLIT" "git-$2" "$T/object" "$T/our.payload" "$T/our.armour"
	is "$(cat "$T/out")" "${4:-x509}" "$1: ours splits it"
	ok "$1: the same payload" cmp "$T/git.payload" "$T/our.payload"
	ok "$1: the same signature" cmp "$T/git.armour" "$T/our.armour"
}

# rewrite SED-SCRIPT: HEAD's commit with changed bytes, as a new object.
rewrite() {
	git cat-file commit HEAD | sed "$1" |
		git hash-object -t commit -w --stdin
}

for h in sha1 sha256; do
	repo $h
	git commit -q --allow-empty -S -m first
	compare "$h commit" commit HEAD
	git commit -q --allow-empty -S --allow-empty-message -m ''
	compare "$h empty message" commit HEAD
	printf 'a\r\nb\n\ngpgsig x\n-----BEGIN SIGNED MESSAGE-----\n' >"$T/msg"
	git commit -q --allow-empty -S --cleanup=verbatim -F "$T/msg"
	compare "$h signature text in the message" commit HEAD
	git -c i18n.commitEncoding=ISO-8859-1 commit -q --allow-empty -S \
		-m latin
	compare "$h encoding" commit HEAD
	c=$(rewrite 's/^gpgsig/change-id abc\n&/')
	compare "$h unknown header before the signature" commit "$c"
	git update-ref refs/heads/jj "$c"
	git checkout -q jj
	git commit -q --amend --allow-empty -S -m amended
	git cat-file commit HEAD >"$T/out"
	has '^change-id abc$' "$h: git keeps an unknown header"
	compare "$h amended with an unknown header" commit HEAD
	c=$(rewrite 's/^ -----END.*/&\nx-late one\n two/')
	compare "$h folded header after the signature" commit "$c"

	git checkout -q -b side
	git commit -q --allow-empty -S -m side
	git tag -s -m 'side tag' side-tag
	git checkout -q -b main2 HEAD^
	git commit -q --allow-empty -S -m other
	run git merge -q -S --no-ff -m merge side-tag
	git cat-file commit HEAD >"$T/out"
	has '^mergetag object' "$h: the merge carries a mergetag"
	compare "$h merge of a signed tag" commit HEAD

	compare "$h tag" tag side-tag
	git tag -s -m '' empty-tag
	compare "$h tag without a message" tag empty-tag
	run git tag -s -m "of a tag" nested side-tag
	compare "$h tag of a tag" tag nested
	printf 'x\n-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n' |
		git tag -s --cleanup=verbatim -F - with-cert
	compare "$h certificate in the message" tag with-cert

	git commit -q --allow-empty --no-gpg-sign -m unsigned
	git cat-file commit HEAD >"$T/object"
	run "$SPLIT" git-commit "$T/object" "$T/our.payload" "$T/our.armour"
	is "$(cat "$T/out")" unsigned "$h: an unsigned commit has no armour"
	ok "$h: and is all payload" cmp "$T/object" "$T/our.payload"
done

# What git would pass over is refused.
cd "$T/sha1" || exit 1
git commit -q --allow-empty -S -m victim

refused() {	# NAME REASON TYPE
	run "$SPLIT" "git-$3" "$T/object" "$T/our.payload" "$T/our.armour"
	[ $RC = 1 ] && grep -q "^$2: " "$T/out"
	tap $? "$1 is $2"
}

git cat-file commit HEAD |
	sed 's/^ -----END.*/&\ngpgsig-evil hidden/' >"$T/object"
c=$(git hash-object -t commit -w --stdin <"$T/object")
rm -f "$T/git.payload"
ok 'git verifies a commit with gpgsig-evil' git verify-commit "$c"
! grep -q evil "$T/git.payload"
tap $? 'and leaves it out of what is verified'
refused 'gpgsig-evil' object-malformed commit

{ git cat-file commit HEAD; printf 'shown\0hidden'; } >"$T/object"
refused 'a NUL' object-malformed commit

{ git cat-file tag side-tag; echo unsigned text; } >"$T/object"
t=$(git hash-object -t tag -w --stdin <"$T/object")
ok 'git verifies a tag with text behind END' git verify-tag "$t"
refused 'text behind END' signature-malformed tag

done_testing
