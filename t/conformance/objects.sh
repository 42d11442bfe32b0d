#!/bin/sh
# objects.sh - the object grammar against commits and tags that others made.
#
#   CORPUS=DIR B=BUILD sh t/conformance/objects.sh
#
# real-commits: every object splits, and payload and signature are byte for
# byte what git hands to its verifier; what is refused is listed below with
# its reason. libgit2-fuzz: every seed goes through the parsers without a
# crash. Needs the unit test and replay programs. TAP on standard output.
set -u
CORPUS=${CORPUS:?name the corpus folder}
B=${B:?name the build folder}
SPLIT=$B/unit/test_object_split
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL
tests=0 failed=0

tap() {	# GOOD NAME
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		failed=1
		echo "not ok $tests - $2"
		head -20 "$T/diff" | sed 's/^/# /'
	fi
}

# A verifier that keeps what git gave it and finds it good.
cat >"$T/keep" <<-EOF
	#!/bin/sh
	while [ "\$1" != --verify ] && [ "\$1" != verify ]; do
		case \$1 in -Y) shift; [ "\$1" = verify ] && break ;; esac
		shift || exit 1
	done
	cat "\$2" >"$T/git.armour"
	cat >"$T/git.payload"
	printf '\n[GNUPG:] GOODSIG 00 x\n[GNUPG:] TRUST_FULLY\n'
EOF
# git calls ssh-keygen -Y verify with the signature behind -s.
cat >"$T/keep-ssh" <<-EOF
	#!/bin/sh
	case \$2 in
	find-principals) echo someone; exit 0 ;;
	esac
	while [ \$# -gt 1 ]; do
		[ "\$1" = -s ] && cat "\$2" >"$T/git.armour"
		shift
	done
	cat >"$T/git.payload"
	echo 'Good "git" signature for someone with ED25519 key SHA256:x'
EOF
chmod +x "$T/keep" "$T/keep-ssh"
git init -q "$T/repo" || exit 1
cd "$T/repo" || exit 1
git config gpg.program "$T/keep"
git config gpg.x509.program "$T/keep"
git config gpg.ssh.program "$T/keep-ssh"
git config gpg.ssh.allowedSignersFile /dev/null

# one FILE TYPE: a line "NAME RESULT" for an object.
one() {
	name=${1##*/}
	rm -f "$T/git.payload" "$T/git.armour"
	answer=$("$SPLIT" "git-$2" "$1" "$T/payload" "$T/armour") || {
		echo "$name refused ${answer%%:*}"
		return
	}
	id=$(git hash-object -t "$2" -w --literally "$1") || return
	case $name in
	[0-9a-f]*."$2")
		[ "${#id}" != 40 ] || [ "${name%.*}" = "$id" ] || {
			echo "$name has another id"
			return
		} ;;
	esac
	git "verify-$2" "$id" >/dev/null 2>&1
	cmp -s "$T/payload" "$T/git.payload" || {
		echo "$name payload differs"
		return
	}
	cmp -s "$T/armour" "$T/git.armour" || {
		echo "$name armour differs"
		return
	}
	echo "$name $answer"
}

# all NAME WANT FILES...: each of them gives WANT.
all() {
	what=$1 want=$2
	shift 2
	: >"$T/diff"
	for f; do
		type=commit
		case ${f##*/} in *.tag | *tag.*) type=tag ;; esac
		one "$f" "$type"
	done >"$T/got"
	awk -v want="$want" '{ if (substr($0, length($1) + 2) != want) print }' \
		"$T/got" >"$T/diff"
	[ -s "$T/got" ] && [ ! -s "$T/diff" ]
	tap $? "$what ($(wc -l <"$T/got") objects)"
}

R=$CORPUS/real-commits
all 'commits signed with CMS' x509 "$R"/cms/*.commit
all 'tags signed with CMS' x509 "$R"/cms/*.tag
all 'commits signed with SSH' ssh "$R"/ssh/*.commit
all 'tags signed with OpenPGP' openpgp "$R"/pgp-tags/*.tag
all "a signing tool's own test data" x509 \
	"$R"/gitsign-testdata/internal_* \
	"$R"/gitsign-testdata/pkg_attest_testdata_fulcio-* \
	"$R"/gitsign-testdata/pkg_git_*
all 'and one of them signed with OpenPGP' openpgp \
	"$R"/gitsign-testdata/pkg_attest_testdata_gpg.in.txt

# ---- seeds ------------------------------------------------------------------
mkdir "$T/seeds"
tar -xJf "$CORPUS/libgit2-fuzz/corpora.tar.xz" -C "$T/seeds"
for t in commit tag armour; do
	"$B/replay/fuzz_$t" "$T/seeds" "$R/cms" "$R/ssh" "$R/pgp-tags" \
		>"$T/diff" 2>&1
	tap $? "fuzz_$t takes every seed: $(sed -n 's/^ok 1 - //p' "$T/diff")"
done

echo "1..$tests"
exit "$failed"
