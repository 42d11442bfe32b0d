#!/bin/sh
# Packages and signed texts when memory ends or the disk is full: an error, no
# crash, and never a result that is not whole.
. "${0%/*}/lib.sh"
. "${0%/*}/package-lib.sh"
need gpg dpkg-deb

# A sanitizer has allocations of its own, and wants to come first.
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
gpg_key maint@example.org
cd "$T" || exit 1
deb_new plain
tool content plain.deb >part
gpg --batch --quiet -b -o content.sig part
tool write plain.deb signed.deb content.sig
tool write signed.deb two.deb -r maint content.sig
printf 'one\n-two\n\nthree' >text
gpg --batch --quiet --clearsign -o text.asc text
{
	printf 'Source: x\nFiles:\n'
	for i in 1 2 3 4 5; do
		echo " 00112233445566778899aabbccddeeff $i text$i"
	done
	echo ' 00112233445566778899aabbccddeeff 7 text'
} >x.dsc

# each NAME ARG...: the n-th allocation fails, for each of the last $last: what
# the tool hashes with OpenSSL before is not what is tested.
last=40
each() {
	name=$1
	shift
	tool "$@" >want || exit 1
	TMK_NOMEM_COUNT=$T/count LD_PRELOAD=$MOCK/nomem.so \
		"$MOCK/package-tool" "$@" >got
	n=$(cat count)
	[ "$n" -gt 3 ] && cmp -s got want
	tap $? "$name: $n allocations"
	i=$((n > last ? n - last : 0)) bad=
	while [ "$i" -lt "$n" ]; do
		i=$((i + 1))
		rm -f out.deb out.asc
		TMK_NOMEM_AT=$i LD_PRELOAD=$MOCK/nomem.so \
			"$MOCK/package-tool" "$@" >got 2>log
		rc=$?
		# Standard output's own buffer may be missing: it does without.
		case $rc in
		0) cmp -s got want || bad="$bad $i:other" ;;
		70 | 2) ;;
		*) bad="$bad $i:$rc" ;;
		esac
	done
	is "$bad" '' "$name: each of them missing"
}
each 'a deb with two signatures' open two.deb
each 'its content' content two.deb
each 'a deb that is written' write two.deb out.deb -d 0 content.sig
each 'a signed text' open text.asc
each 'its text' text text.asc
each 'its content' content text.asc
each 'a text that is signed' write text.asc out.asc content.sig
each 'a text around a signature' clearsign text content.sig
each 'a list' list Files x.dsc
last=16	# it hashes shortly before
each 'a changed list' update x.dsc text

# ---- no room ----------------------------------------------------------------
exits 4 'a deb to a full disk' tool write plain.deb /dev/full content.sig
has 'No space left' 'says so'
exits 4 'a text to a full disk' tool write text.asc /dev/full content.sig
has 'No space left' 'says so'

done_testing
