#!/bin/sh
# Archives that were made to do harm: bombs, paths that lead out, what is cut,
# damaged or continued, twice compressed. Each is refused with its reason.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need tar gzip bzip2 xz zstd lz4 lzip zip perl nm

cd "$T" || exit 1

# refused CODE PATTERN NAME FILE: no whole manifest, and one line that says
# why. Names of three letters or more, since run_in takes $f.
refused() {
	run_in "$4" touchmark-archive manifest
	[ "$RC" = "$1" ]
	tap $? "$3 (exit $1)"
	has "$2" 'it says why'
	! grep -q '^raw ' out
	tap $? 'and the manifest has no end'
}
accepted() {
	run_in "$2" touchmark-archive manifest
	tap "$RC" "$1"
}

mkdir d
echo hello >d/a
tar cf t.tar d

# ---- bombs ---------------------------------------------------------------------

head -c 90000000 /dev/zero >zeros
gzip -9 -c zeros >b.gz
xz -1 -c zeros >b.xz
bzip2 -c zeros >b.bz2
zstd -q -c zeros >b.zst
for v in gz xz bz2 zst; do
	refused 1 '^limit-exceeded: .* makes more than 1000 bytes of one$' \
		"a bomb: $v" b.$v
	cp "b.$v" bomb
	# Two files.
	# shellcheck disable=SC2094
	touchmark-archive stream <bomb >stream 2>out
	RC=$?
	[ $RC = 1 ]
	tap $? "its stream: $v"
	[ "$(wc -c <stream)" -lt 90000000 ]
	tap $? 'which does not come to its end'
done
head -c 50000000 zeros | gzip -9 >small.gz
accepted 'less than 64 MiB is no bomb' small.gz
zip -q b.zip zeros
refused 1 '^limit-exceeded: the entries make more than 1000 bytes' \
	'a bomb: zip' b.zip
mkdir s
truncate -s 1T s/hole
tar -S -cf b.tar s
refused 1 '^limit-exceeded: the entries make more than 1000 bytes' \
	'a bomb: sparse' b.tar
rm -rf s zeros
# A dictionary of 1.5 GiB: memory that nobody gave. A sanitizer cannot be
# limited.
printf 'text' | xz --lzma2=preset=0,dict=1536MiB -c >dict.xz
if ! nm "$BIN/touchmark-archive" | grep -q __asan_init; then
	refused 1 '^limit-exceeded: xz takes too much memory$' \
		'a dictionary too large' dict.xz
fi

# ---- paths ----------------------------------------------------------------------

path() {	# NAME PATTERN TAR-ARGUMENT...
	name=$1 pattern=$2
	shift 2
	tar -P -cf p.tar "$@"
	refused 4 "^the entry '.*' $pattern" "$name" p.tar
}
path 'an absolute path' 'is absolute' "$T/d/a"
path 'a path upwards' 'leads upwards' --transform 's,^,../,' d/a
path 'one with .. inside' 'leads upwards' --transform 's,^,x/../../,' d/a
path '.. at the end' 'leads upwards' --transform 's,d/a,x/..,' d/a
path 'a long name upwards' 'leads upwards' \
	--transform "s,^,$(printf '%0200d' 0)/../,;" d/a
ln d/a d/b
path 'a hard link to what is outside' 'is another name of something' \
	--transform 'flags=h;s,^,/etc/,' d/a d/b
path 'a hard link upwards' 'is another name of something' \
	--transform 'flags=h;s,^,../,' d/a d/b
rm d/b
tar -P -cf p.tar --transform 's,d/a,...,' d/a
accepted 'three dots are a name' p.tar
tar -P -cf p.tar --transform 's,d/a,./d//a,' d/a
accepted 'a path written in a roundabout way' p.tar
has ' \./d//a$' 'stays as it is'
(cd d && zip -q ../p.zip a)
perl -pi -e 's/(PK\x01\x02.*|PK\x03\x04.*)/$1/s; s/a(?=UT)/\//g' p.zip
refused 4 "^the entry '/' is absolute" 'a zip with an absolute path' p.zip

# ---- what is cut, damaged, continued ---------------------------------------------------

perl -e 'srand(7); print map { chr(int(rand(256))) } 1 .. 20000' >d/noise
tar cf n.tar d
for v in gzip=gz bzip2=bz2 xz=xz zstd=zst lz4=lz4 lzip=lz lzma=lzma; do
	k=${v%%=*} x=n.${v#*=}
	case $k in
	lzma) xz --format=lzma -c n.tar >"$x" ;;
	*) "$k" -c n.tar >"$x" 2>/dev/null ;;
	esac
	size=$(wc -c <"$x")
	head -c $((size - 3)) "$x" >short
	refused 4 "^$k: " "$k: cut at its end" short
	head -c $((size / 2)) "$x" >short
	refused 4 "^$k: " "$k: cut in the middle" short
	head -c 20 "$x" >short
	refused 4 . "$k: hardly begun" short
	for what in x 'more than a few bytes' '\000\000\000\000\000'; do
		# What follows is written with escapes.
		# shellcheck disable=SC2059
		{ cat "$x"; printf "$what"; } >longer
		# Zeros in fours are a part of xz.
		refused 4 '.' "$k: followed by something" longer
	done
	[ "$k" = lzma ] && continue	# it has no checksum
	perl -e 'local $/; $_ = <STDIN>; substr($_, 10000, 1) ^= "\x40";
		print' <"$x" >bad
	refused 4 . "$k: a changed bit" bad
done
gzip -c n.tar >n.gz
perl -e 'local $/; $_ = <STDIN>; substr($_, -6, 1) ^= "\x01"; print' <n.gz >bad
refused 4 '^gzip: incorrect data check' 'gzip: another checksum' bad
perl -e 'local $/; $_ = <STDIN>; substr($_, -2, 1) ^= "\x01"; print' <n.gz >bad
refused 4 '^gzip: incorrect length check' 'gzip: another length' bad
gzip -c n.gz >twice
accepted 'compressed twice with gzip: one is taken off' twice
has '^content none$' 'and what is inside is no archive'
xz -c n.tar | xz -c >twice
refused 4 '^is compressed twice$' 'compressed twice with xz' twice
gzip -c n.tar | xz -c >twice
accepted 'gzip in xz: one is taken off' twice
has "^stream xz $(wc -c <n.gz) " 'the stream is the gzip'

head -c $(($(wc -c <n.tar) / 2)) n.tar >short
refused 4 'Truncated tar archive' 'a tar that is cut in an entry' short
{ cat n.tar; echo junk; } >longer
refused 4 '^something follows the end of the archive$' 'a tar, and more' longer
{ cat n.tar t.tar; } >longer
refused 4 '^something follows the end of the archive$' 'two tars' longer
{ cat n.tar t.tar; } | gzip >longer
refused 4 '^something follows the end of the archive$' 'two in one gzip' longer
{ cat n.tar; head -c 10000 /dev/zero; } >longer
accepted 'zeros at the end are the usual' longer
perl -e 'local $/; $_ = <STDIN>; substr($_, 520, 100) = "x" x 100; print' \
	<n.tar >bad
refused 4 '^the archive: ' 'a tar with a broken header' bad

zip -qr n.zip d
head -c $(($(wc -c <n.zip) - 30)) n.zip >short
refused 4 '^begins as a zip, and is damaged$' 'a zip that is cut' short
zip -q0r n.zip d
perl -pi -e 's/hello/hallo/' n.zip
refused 4 "^the entry 'd/a': .*CRC" 'a zip with other content' n.zip
zip -q -P secret e.zip d/a
refused 4 "^the entry 'd/a': " 'an encrypted zip' e.zip

# A name in a pax header that is no UTF-8.
mkdir u
: >"u/$(printf '\377\376')"
tar --format=posix -cf u.tar u
refused 4 'be converted from UTF-8' 'a name that is no UTF-8' u.tar
tar --format=gnu -cf u.tar u
accepted 'where names are bytes it is one' u.tar
has ' u/\\xff\\xfe$' 'and is escaped'

done_testing
