#!/bin/sh
# However long an archive is and however many entries it has, taking it apart
# stays small; and who started it waits for no child that is stuck.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need perl xz nm ssh-keygen

cd "$T" || exit 1
[ -x /usr/bin/time ] || {
	echo 'Bail out! /usr/bin/time is missing: sh t/deps.sh check'
	exit 1
}
SANITIZED=
! nm "$BIN/touchmark-archive" | grep -q __asan_init || SANITIZED=1

# tar_of COUNT SIZE: files of so many bytes, on standard output.
tar_of() {
	perl -e 'my ($count, $size) = @ARGV;
		my $data = pack("L*", map { $_ * 2654435761 % 4294967296 }
			1 .. ($size + 3) / 4);
		$data = substr($data, 0, $size);
		$data .= "\0" x (-$size % 512);
		for my $n (1 .. $count) {
			my $h = pack("a100 a8 a8 a8 a12 a12 a8 a1 a100 a6 a2 a247",
				"f/$n", "0000644\0", "0000000\0", "0000000\0",
				sprintf("%011o\0", $size), "00000000000\0",
				" " x 8, "0", "", "ustar\0", "00", "");
			substr($h, 148, 8) = sprintf("%06o\0 ",
				unpack("%32C*", $h));
			print $h, $data;
		}
		print "\0" x 1024' "$@"
}
# small NAME: it took at most 24 MiB.
small() {
	kib=$(tail -n 1 used)
	echo "$kib KiB" >out
	[ -n "$SANITIZED" ] || [ "$kib" -le 24576 ]
	tap $? "$1: in at most 24 MiB"
}
manifest() {	# FILE
	/usr/bin/time -f %M -o used touchmark-archive manifest <"$1" >m 2>out
	RC=$?
}

tar_of 60 1000000 >big.tar
xz -0 --lzma2=preset=0,dict=8MiB -c big.tar >big.tar.xz
manifest big.tar.xz
tap $RC '60 MB with the dictionary of xz -6'
small 'a long stream'
is "$(sed -n 's/^entries //p' m)" 60 'its entries'
manifest big.tar
tap $RC 'the same, not compressed'
small 'it'
tar_of 50000 0 >many.tar
manifest many.tar
tap $RC '50000 entries'
small 'many entries'
is "$(sed -n 's/^entries //p' m)" 50000 'all of them'

# One more than there may be.
tar_of 1000001 0 | touchmark-archive manifest 2>out | tail -n 1 >last
has '^limit-exceeded: more than 1000000 entries$' 'too many entries'
! grep -q '^raw' last
tap $? 'have no manifest'

# ---- who waits for it --------------------------------------------------------

mkdir bin
cp "$BIN/touchmark" "$BIN/touchmark-config" bin
ssh-keygen -q -t ed25519 -N '' -C '' -f ed
echo "ed@example.org $(cat ed.pub)" >allowed
touchmark-archive manifest <many.tar >many.tar.manifest
ssh-keygen -q -Y sign -n file -f ed many.tar.manifest 2>/dev/null
head -c 5120 many.tar >other.tar
# helper LINE...: instead of ours
helper() {
	printf '%s\n' '#!/bin/sh' "$@" >bin/touchmark-archive
	chmod +x bin/touchmark-archive
}
held() {	# CODE NAME
	exits "$1" "$2" timeout 60 bin/touchmark verify \
		--allowed-signers allowed other.tar many.tar.manifest
}
rm -f bin/touchmark-archive
held 2 'the helper is not there'
has 'cannot find touchmark-archive' 'it says so'
helper 'exit 0'
held 1 'one that answers nothing'
has 'content-mismatch: .*manifest line 1' 'is not believed'
helper "cat '$T/many.tar.manifest'"
held 1 'one that answers of another file'
has 'content-mismatch: .*was not read as a whole' 'is not believed'
# shellcheck disable=SC2016 # for the helper
helper 'kill -KILL $$'
held 1 'one that is killed'
has 'limit-exceeded: .*takes too long' 'is taken for one that took too long'
# shellcheck disable=SC2016
helper 'kill -SEGV $$'
held 70 'one that crashes'
has 'touchmark-archive ended with 139' 'it says so'
# shellcheck disable=SC2016
helper 'kill -SYS $$'
held 1 'one that tried what it may not'
has 'content-mismatch: .*was led to do what it may not' 'it says so'
# shellcheck disable=SC2016
helper 'echo "raw \033[31m and more" >&2; exit 4'
held 1 'one that colours the terminal'
hasnt "$(printf '\033')" 'is escaped'

done_testing
