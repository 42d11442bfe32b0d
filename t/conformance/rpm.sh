#!/bin/sh
# rpm.sh - packages that others made: what our reader finds in them is what rpm
# finds.
#
#   CORPUS=DIR B=BUILD sh t/conformance/rpm.sh
#
# Every package is read, or refused as the list below says; where its parts
# begin, how large they are, how many tags there are and what the digests are
# over is held against rpm's own words, and the signatures in them against
# gpgv. Then every file of the corpus is taken without a
# crash. Needs the mocks and replay programs. TAP on standard output.
set -u
CORPUS=${CORPUS:?name the corpus folder}
B=${B:?name the build folder}
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
LC_ALL=C TZ=UTC HOME=$T GNUPGHOME=$T
export LC_ALL TZ HOME GNUPGHOME
mkdir "$T/db"
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
	: >"$T/diff"
}

is() {	# GOT WANT NAME
	[ "$1" = "$2" ]
	r=$?
	[ $r = 0 ] || printf 'got  %s\nwant %s\n' "$1" "$2" >"$T/diff"
	tap $r "$3"
}

tool() {
	"$B/mock/rpm-tool" "$@"
}

says() {	# FORMAT FILE: rpm's own words
	rpm -qp --dbpath "$T/db" --qf "$1" "$2" 2>/dev/null
}

sha256() {
	sha256sum | cut -d' ' -f1
}

entries() {	# FILE sig|main: how many tags rpm knows of those that we found
	tool header "$1" "$2" | grep -vcE '^(278|1008) '
}

# one FILE: it is read, as rpm reads it.
one() {
	name=${1##*/}
	at=$(tool show "$1" | sed -n 's/^main \([0-9]*\) .*/\1/p')
	end=$(tool show "$1" | sed -n 's/^main [0-9]* //p')
	size=$(wc -c <"$1")
	is "$((size - at))" "$(says '%{SIGSIZE}' "$1")" \
		"$name: the main header begins where rpm says"
	is "$(tail -c +$((at + 1)) "$1" | head -c $((end - at)) | sha256)" \
		"$(says '%{SHA256HEADER}' "$1")" \
		"$name: and is as long as rpm says"
	is "$(tail -c +$((end + 1)) "$1" | sha256)" \
		"$(says '%{PAYLOADDIGEST}' "$1")" \
		"$name: the payload is what rpm says"
	is "$(($(entries "$1" sig) + $(entries "$1" main)))" \
		"$(rpm -qp --dbpath "$T/db" --xml "$1" 2>/dev/null |
			grep -c '<rpmTag ')" \
		"$name: with as many tags as rpm finds"
	rpmkeys --dbpath "$T/db" --checksig --nosignature "$1" \
		>"$T/diff" 2>&1
	tap $? "$name: rpm finds the digests right as well"
}

# Built before rpm had a digest of the payload in the header.
REFUSED='hello-1.0-1.i386.rpm obsolete-foo-1.0-1.noarch.rpm simple-1.0.1-1.i386.rpm'

find "$CORPUS/rpm" "$CORPUS/go-rpmutils" -name '*.rpm' | sort >"$T/list"
[ "$(wc -l <"$T/list")" -ge 10 ]
tap $? 'there are packages'
while IFS= read -r f; do
	case " $REFUSED " in
	*" ${f##*/} "*)
		is "$(tool show "$f" | sed 's/,.*//')" "object-malformed: the \
main header has no digest of the payload" "${f##*/}: not covered" ;;
	*)
		one "$f" ;;
	esac
done <"$T/list"

# ---- signatures --------------------------------------------------------------

data=$CORPUS/rpm/tests/data
gpg --batch --quiet --dearmor <"$data/keys/rpm.org-rsa-2048-test.pub" \
	>"$T/ring.gpg" 2>"$T/diff"
signed=$data/RPMS/hello-2.0-1.x86_64-signed.rpm
for i in 0 1; do
	"$B/mock/package-tool" seal "$signed" "$i" >"$T/seal"
	"$B/mock/package-tool" content "$signed" "$i" >"$T/content"
	gpgv --keyring "$T/ring.gpg" "$T/seal" "$T/content" >"$T/diff" 2>&1
	tap $? "gpgv finds signature $i good over what we say it is over"
done
is "$(tool show "$data/RPMS/hello-2.0-1.x86_64-signed-mldsa87.rpm" |
	sed -n 's/^seal . \([a-z-]*\) .*/\1/p' | tr '\n' ' ')" \
	'rsa openpgp openpgp rsa-payload ' 'signatures of every kind are found'

# ---- no crash ------------------------------------------------------------------

"$B/replay/fuzz_rpm" "$CORPUS/rpm" "$CORPUS/go-rpmutils" \
	"$CORPUS/debsig-verify" "$CORPUS/libarchive" >"$T/diff" 2>&1
tap $? "every file of the corpus: $(sed -n 's/^ok 1 - //p' "$T/diff")"

echo "1..$tests"
exit "$failed"
