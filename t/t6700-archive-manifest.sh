#!/bin/sh
# touchmark-archive: what is in an archive, told the same way whatever it is
# compressed with; held against tar and sha256sum.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need perl tar gzip bzip2 xz zstd lz4 lzip zip ar fakeroot sha256sum cmp

cd "$T" || exit 1

# manifest FILE: it to $T/out; its errors too.
manifest() {
	run_in "$1" touchmark-archive manifest
}
manifested() {	# FILE NAME
	manifest "$1"
	tap "$RC" "$2"
}
sum() {
	sha256sum <"$1" | cut -d' ' -f1
}
# The lines of the entries.
entries() {
	sed -n '3,/^entries /p' "$1" | sed '$d'
}

# ---- what a tar holds ----------------------------------------------------------

mkdir -p d/sub d/empty
echo hello >d/a
: >d/nothing
head -c 300000 /dev/urandom >d/large
cp d/a "d/sub/b c"
ln d/a d/hard
ln -s ../a d/sub/link
ln -s /etc/passwd d/away
chmod 4755 d/large
chmod 640 d/a
printf 'x' >"d/sub/$(printf 'n\303\274 \\ \ny')"
tar --sort=name -cf t.tar d
manifested t.tar 'a tar has a manifest'
cp out m
has '^content tar$' 'it is a tar'
has '^dir 0755 0 - d$' 'a directory'
has '^file 0640 6 '"$(sum d/a)"' d/a$' 'a file'
has '^hard 0640 0 - d/hard d/a$' 'another name of it'
has '^file 4755 300000 '"$(sum d/large)"' d/large$' 'its mode, with setuid'
has '^file 0644 0 e3b0c44298fc1c14[0-9a-f]* d/nothing$' 'an empty file'
has '^link 0777 0 - d/away /etc/passwd$' 'a link, wherever it leads'
has '^link 0777 0 - d/sub/link \.\./a$' 'and one that leads upwards'
has '^file 06[04][04] 6 '"$(sum d/a)"' d/sub/b\\x20c$' 'a space in a name'
has '^file 0644 1 [0-9a-f]* d/sub/n\\xc3\\xbc\\x20\\x5c\\x20\\x0ay$' \
	'other bytes in a name'
has "^stream none $(wc -c <t.tar) $(sum t.tar)\$" 'the stream'
is "$(tail -n 1 m)" "raw $(wc -c <t.tar) $(sum t.tar)" 'the raw bytes last'
is "$(sed -n 's/^entries //p' m)" "$(tar tf t.tar | wc -l)" 'and how many'

# Every path, as tar tells it and in its order.
tar tf t.tar --quoting-style=escape | sed 's|/$||; s| |\\x20|g
	s|\\303|\\xc3|; s|\\274|\\xbc|; s|\\\\|\\x5c|; s|\\n|\\x0a|' >want
entries m | cut -d' ' -f5 >got
ok 'the paths and their order as tar has them' cmp want got

# ---- every compression -----------------------------------------------------------

gzip -k t.tar
bzip2 -k t.tar
xz -k t.tar
xz -k --format=lzma t.tar
zstd -qk t.tar -o t.tar.zst
lz4 -qk t.tar t.tar.lz4
lzip -k t.tar
entries m >want
for s in gz=gzip bz2=bzip2 xz=xz lzma=lzma zst=zstd lz4=lz4 lz=lzip; do
	z=t.tar.${s%%=*} k=${s#*=}
	manifested "$z" "$k"
	has "^stream $k $(wc -c <t.tar) $(sum t.tar)\$" "$k: the stream"
	has "^raw $(wc -c <"$z") $(sum "$z")\$" "$k: the raw bytes"
	entries out >got
	ok "$k: the same entries" cmp want got
	touchmark-archive stream <"$z" >got 2>out
	RC=$?
	ok "$k: uncompressed" cmp got t.tar
	[ "$k" = lzma ] && continue	# it has one member
	cat "$z" "$z" >two
	cat t.tar t.tar >want2
	touchmark-archive stream <two >got 2>out
	ok "$k: two members" cmp got want2
done

# A pipe is read once, and tells the same.
touchmark-archive manifest <t.tar.xz >want
# The point is the pipe.
# shellcheck disable=SC2002
cat t.tar.xz | touchmark-archive manifest >got
ok 'from a pipe' cmp want got

# Other framings of the same entries.
for v in gnu oldgnu ustar posix v7; do
	[ $v = v7 ] || set -- d/a d/sub d/empty d/large d/away
	tar --sort=name --format=$v -cf f.tar "$@"
	manifested f.tar "tar --format=$v"
	entries out >"entries.$v"
done
for v in oldgnu ustar posix v7; do
	ok "the same entries: $v" cmp entries.gnu entries.$v
done
mkdir -p "long/$(printf '%0100d' 1)/$(printf '%0100d' 2)"
echo x >"long/$(printf '%0100d' 1)/$(printf '%0100d' 2)/$(printf '%090d' 3)"
for v in gnu posix; do
	tar --format=$v -cf f.tar long
	manifested f.tar "long names, $v"
	entries out >"entries.$v"
done
ok 'long names are the same' cmp entries.gnu entries.posix
cp entries.gnu out
has ' long/0+1/0+2/0+3$' 'and whole'

# ---- devices, sparse files ---------------------------------------------------------

mkdir dev
(cd dev && fakeroot sh -c 'mknod null c 1 3; mknod disk b 8 16; mkfifo p
	tar cf ../dev.tar null disk p')
manifested dev.tar 'devices'
has '^char 0644 1,3 - null$' 'a character device'
has '^block 0644 8,16 - disk$' 'a block device'
has '^fifo 0644 0 - p$' 'a pipe'

mkdir sparse
truncate -s 3M sparse/tail sparse/middle sparse/all
printf begin | dd of=sparse/tail conv=notrunc status=none
printf end >>sparse/middle
for v in gnu oldgnu 'posix --sparse-version=0.0' \
	'posix --sparse-version=0.1' 'posix --sparse-version=1.0'; do
	# The format may have an option behind it.
	# shellcheck disable=SC2086
	tar -S --sort=name --format=$v -cf s.tar sparse
	[ "$(wc -c <s.tar)" -lt 100000 ]
	tap $? "sparse, $v"
	manifested s.tar "sparse, $v: a manifest"
	for n in tail middle all; do
		has "^file 0644 $(wc -c <sparse/$n) $(sum sparse/$n) sparse/$n\$" \
			"sparse, $v: $n with its holes"
	done
done

# ---- other archives ------------------------------------------------------------------

mkdir z
cp -r d/a d/sub d/empty z
rm z/sub/link z/sub/n*
zip -qr z.zip z
manifested z.zip 'a zip'
has '^content zip$' 'it is a zip'
has '^dir 0755 0 - z/empty$' 'a directory'
has '^file 06[04][04] 6 '"$(sum d/a)"' z/sub/b\\x20c$' 'a file'
has "^stream none $(wc -c <z.zip) $(sum z.zip)\$" 'its stream is itself'
(cd z && zip -qry ../z.zip ../d/away)
zip -q0 stored.zip z/a
manifested stored.zip 'a zip that is not compressed'
has '^file 0640 6 '"$(sum d/a)"' z/a$' 'its file'

# cpio, new ASCII: two names of one file, whose content comes with the last.
cpio_of() {
	perl -e 'sub one { my ($name, $mode, $ino, $links, $data) = @_;
			my $h = sprintf("070701" . "%08x" x 13, $ino, $mode,
				0, 0, $links, 0, length($data), 0, 0, 0, 0,
				length($name) + 1, 0);
			for my $part ($h . "$name\0", $data) {
				print $part, "\0" x (-length($part) % 4);
			}
		}
		one("c", 040755, 1, 2, "");
		one("c/first", 0100644, 2, 2, "");
		one("c/second", 0100644, 2, 2, "hello\n");
		one("c/link", 0120777, 3, 1, "first");
		one("TRAILER!!!", 0, 0, 1, "");
		print "\0" x 100'
}
cpio_of >c.cpio
manifested c.cpio 'a cpio'
has '^content cpio$' 'it is a cpio'
has '^dir 0755 0 - c$' 'a directory'
has '^file 0644 0 e3b0c442[0-9a-f]* c/first$' 'a name without content'
has '^hard 0644 6 '"$(echo hello | sha256sum | cut -d' ' -f1)"' c/second c/first$' \
	'the other one with it'
has '^link 0777 0 - c/link first$' 'a link'
{ cpio_of; echo junk; } >c.cpio
exits 4 'a cpio, and more' sh -c 'touchmark-archive manifest <c.cpio'
has '^something follows the end of the archive$' 'it says so'

printf '2.0\n' >debian-binary
cp t.tar.gz control.tar.gz
cp t.tar.xz data.tar.xz
ar rc p.deb debian-binary control.tar.gz data.tar.xz
manifested p.deb 'a deb'
has '^content ar$' 'it is an ar'
has "^file 0644 $(wc -c <t.tar.xz) $(sum t.tar.xz) data.tar.xz\$" 'its member'
ar rc lib.a d/a
manifested lib.a 'a library'
has '^content none$' 'is no deb'

# ---- what is no archive -----------------------------------------------------------------

: >nothing
head -c 2048 /dev/zero >zeros
head -c 5000 /dev/urandom | sed '1s/^/x/' >noise
echo text | gzip >text.gz
for v in nothing zeros noise; do
	manifested "$v" "no archive: $v"
	has '^content none$' 'is told so'
	has '^entries 0$' 'has no entries'
	has "^raw $(wc -c <"$v") $(sum "$v")\$" 'has its raw bytes'
done
manifested text.gz 'compressed text'
has '^content none$' 'is no archive'
has "^stream gzip 5 $(echo text | sha256sum | cut -d' ' -f1)\$" \
	'has a stream'
exits 4 'what is not compressed has no stream' \
	sh -c 'touchmark-archive stream <t.tar'
has '^is not compressed$' 'it says so'

exits 2 'no verb' touchmark-archive
exits 2 'another verb' touchmark-archive list
exits 4 'no descriptor' sh -c 'touchmark-archive manifest <&-'
exits 4 'a directory' sh -c 'touchmark-archive manifest <.'
exits 4 'nowhere to write to' sh -c 'touchmark-archive manifest <t.tar >/dev/full'
has 'standard output: No space' 'it says so'

done_testing
