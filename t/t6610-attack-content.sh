#!/bin/sh
# What somebody makes of a signed artefact so that a tool of its ecosystem uses
# something else, while the signature in it stays as it is.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=package-lib.sh
. "${0%/*}/package-lib.sh"
# shellcheck source=rpm-lib.sh
. "${0%/*}/rpm-lib.sh"
need gpg tar ar gzip perl dpkg-deb rpmbuild rpm2cpio

cd "$T" || exit 1
gpg_key maint@example.org rsa3072

verify() {
	touchmark verify --keyring maint@example.org.pgp "$@"
}

pgp() {	# OPTION... FILE
	gpg --quiet --batch --yes -u maint@example.org "$@" 2>setup.log
}

# signed FILE: FILE.manifest and its signature.
signed() {
	touchmark-archive manifest <"$1" >"$1.manifest" || exit 1
	pgp --armor --detach-sign "$1.manifest"
}

# ---- headers of a tar that readers do not understand alike -------------------

# tar_of ELEMENT...: an archive with two blocks of zeros behind it.
#   TYPE:NAME[:CONTENT[:LINK]]   an entry
#   x,KEY=VALUE,...              what is said of the next one, g of all
#   L=NAME                       its long name, K of its target
#   raw:OFFSET=BYTES             into the header that follows
tar_of() {
	perl -e '
	sub pad { $_[0] . "\0" x (-length($_[0]) % 512) }
	sub header {
		my ($name, $type, $size, $link) = @_;
		my $h = pack("a100a8a8a8a12a12a8a1a100a8a32a32a8a8a155a12",
			$name, "0000644\0", "0000000\0", "0000000\0",
			sprintf("%011o\0", $size), "00000000000\0", " " x 8,
			$type, $link // "", "ustar\00000", "", "",
			"0000000\0", "0000000\0", "", "");
		substr($h, $_, length($raw{$_})) = $raw{$_} for keys %raw;
		%raw = ();
		substr($h, 148, 8) = sprintf("%06o\0 ", unpack("%32C*", $h));
		return $h;
	}
	sub record {
		my $r = " $_[0]\n";
		my $n = length($r);
		1 while ($n != length($n . $r) && ($n = length($n . $r)));
		return "$n$r";
	}
	for (@ARGV) {
		if (/^raw:(\d+)=(.*)/s) {
			my ($at, $with) = ($1, $2);
			$with =~ s/\\(\d{3})/chr(oct($1))/ge;
			$raw{$at} = $with;
		} elsif (/^([xg]),(.*)/s) {
			my $type = $1;
			my $text = join("", map { record($_) } split(/,/, $2));
			print header("pax", $type, length($text)), pad($text);
		} elsif (/^([LK])=(.*)/s) {
			print header("././\@LongLink", $1, length("$2\0")),
				pad("$2\0");
		} else {
			my ($type, $name, $text, $link) = split(/:/);
			print header($name, $type eq "v7" ? "\0" : $type,
				length($text // ""), $link), pad($text // "");
		}
	}
	print "\0" x 1024;' "$@"
}

tar_of 5:d/ 0:d/one:1111 0:d/two:22 1:d/hard::d/one 2:d/link::one >signed.tar
signed signed.tar
entries() {	# EXTRA...: the same entries, and something before them
	tar_of "$@" 5:d/ 0:d/one:1111 0:d/two:22 1:d/hard::d/one \
		2:d/link::one >other.tar
}

entries
ok 'the tar itself' verify other.tar signed.tar.manifest
has 'same bytes$' 'is the same bytes'
tar_of x,mtime=7,uid=3 5:d/ 0:d/one:1111 L=d/two 0:d/wo:22 \
	1:d/hard::d/one x,linkpath=one,path=d/link 2:x::y >other.tar
ok 'other headers that all understand' verify other.tar signed.tar.manifest
has 'same content$' 'are the same content'
entries 'g,comment=0123456789abcdef'
ok 'a remark, as of git archive' verify other.tar signed.tar.manifest
has 'same content$' 'is the same content'

loose() {	# NAME: other.tar has the entries, and yet is not the same
	touchmark-archive manifest <other.tar >other.manifest
	tap $? "$1: has a manifest"
	is "$(sed -n '3,/^entries/p' other.manifest)" \
		"$(sed -n '3,/^entries/p' signed.tar.manifest) loose" \
		'whose entries are those that were signed, and it is loose'
	exits 1 'so the entries prove nothing' \
		verify other.tar signed.tar.manifest
	has 'content-mismatch: .*another program may read differently' \
		'it says so'
}
entries g,path=d/evil
is "$(tar tf other.tar | sort -u)" d/evil 'a name for all, as tar reads it'
loose 'a name for all'
entries g,size=0
loose 'a size for all'
entries g,linkpath=/etc/passwd
loose 'a target for all'
entries g,GNU.sparse.name=d/evil,GNU.sparse.major=1
loose 'a sparse file for all'
entries g,comment=x,path=d/evil
loose 'a remark, and more'
tar_of 5:d/ x,SCHILY.xattr.security.capability=x 0:d/one:1111 0:d/two:22 \
	1:d/hard::d/one 2:d/link::one >other.tar
loose 'an attribute'
tar_of 5:d/ L=d/one x,path=d/on 0:e:1111 0:d/two:22 \
	1:d/hard::d/one 2:d/link::one >other.tar
loose 'two names'
tar_of 5:d/ x,path=d/on,path=d/one 0:e:1111 0:d/two:22 \
	1:d/hard::d/one 2:d/link::one >other.tar
loose 'a name twice'
for l in x,linkpath=a K=a; do
	tar_of 0:a:1 "$l" 0:b >other.tar
	touchmark-archive manifest <other.tar >out
	has '^entries 2 loose$' "a target of what is no link: $l"
done
tar_of 5:d/ v7:d/one:1111 0:d/two:22 1:d/hard::d/one 2:d/link::one >other.tar
loose 'a type that is none'
tar_of 5:d/ raw:508=tar 0:d/one:1111 0:d/two:22 1:d/hard::d/one \
	2:d/link::one >other.tar
loose 'bytes behind a header'
tar_of 5:d/ 'raw:257=ustar  \000' raw:345=0000 0:d/one:1111 0:d/two:22 \
	1:d/hard::d/one 2:d/link::one >other.tar
loose 'bytes where GNU tar has its own'
cp other.tar loose.tar
signed loose.tar
exits 1 'what was loose when it was signed' \
	verify signed.tar loose.tar.manifest
has 'content-mismatch' 'is proved by no entries either'
ok 'but by its bytes' verify loose.tar loose.tar.manifest
has 'same bytes$' 'told so'
gzip -k loose.tar
ok 'and by its stream' verify loose.tar.gz loose.tar.manifest
has 'same content$' 'told so'
sed 's/ loose$//' loose.tar.manifest >plain.manifest
touchmark-archive manifest <loose.tar | cmp -s - plain.manifest
is $? 1 'a manifest says which it is'
sed 's/^content .*/content none/; /^\(file\|hard\|link\|dir\) /d
	s/^entries .*/entries 0 loose/' loose.tar.manifest >none.manifest
pgp --armor --detach-sign none.manifest
exits 1 'what is no tar' verify loose.tar none.manifest
has 'object-malformed' 'is not loose'

# Names have several forms in these.
mkdir c && (cd c && echo 2.0 >debian-binary && echo x >control.tar &&
	echo y >data.tar && ar rcD ../a.ar debian-binary control.tar data.tar)
signed a.ar
perl -pe 's/^data\.tar\/ /data.tar  /m' <a.ar >b.ar
cmp -s a.ar b.ar
is $? 1 'an ar whose names are written in another way'
exits 1 'is not the same' verify b.ar a.ar.manifest
has 'content-mismatch: .*differently' 'it says why'
gzip -k a.ar
ok 'compressed, it is' verify a.ar.gz a.ar.manifest

# ---- lists that do not name the same files -----------------------------------

mkdir src
echo a >src/a_1.tar.gz
echo b >src/b_1.tar.gz
control() {	# ENDING [LINE...]: src/a_1.ENDING, clearsigned
	ending=$1
	shift
	{
		echo 'Format: 1.8'
		echo 'Source: a'
		[ "$ending" = dsc ] || echo 'Changes: none'
		echo 'Version: 1'
		echo 'Checksums-Sha256:'
		echo " $(sha256sum <src/a_1.tar.gz | cut -d' ' -f1) 2" \
			'a_1.tar.gz'
		for l; do
			echo "$l"
		done
	} >text
	rm -f text.asc
	pgp --clearsign text
	mv text.asc "src/a_1.$ending"
}
md5() {
	md5sum <"src/$1" | cut -d' ' -f1
}
sha1() {
	sha1sum <"src/$1" | cut -d' ' -f1
}
weak() {	# NAME ENDING
	exits 1 "$1" verify "src/a_1.$2"
	has 'digest-weak: it names b_1\.tar\.gz, and not in Checksums-Sha256' \
		'it says which'
}
control dsc 'Files:' " $(md5 a_1.tar.gz) 2 a_1.tar.gz"
ok 'a .dsc whose lists agree' verify src/a_1.dsc
control dsc 'Files:' " $(md5 a_1.tar.gz) 2 a_1.tar.gz" \
	" $(md5 b_1.tar.gz) 2 b_1.tar.gz"
weak 'a file by its MD5 alone' dsc
control dsc 'Checksums-Sha1:' " $(sha1 b_1.tar.gz) 2 b_1.tar.gz"
weak 'a file by its SHA-1 alone' dsc
control changes 'Files:' " $(md5 b_1.tar.gz) 2 misc optional b_1.tar.gz"
weak 'the same in a .changes' changes
exits 1 'and below a directory' verify src
has 'src/a_1\.tar\.gz: refused signature-missing' 'nothing is named by it'
{ printf 'Format: 1.0\nSource: a\nVersion: 1\nChecksums-Sha1:\n %s 2 %s\n' \
	"$(sha1 b_1.tar.gz)" b_1.tar.gz; } >text
rm -f text.asc src/*.dsc src/*.changes
pgp --clearsign text
mv text.asc src/a_1.dsc
exits 1 'no other list at all' verify src/a_1.dsc
has 'digest-weak: .*there is no Checksums-Sha256' 'it says so'

# ---- packages ----------------------------------------------------------------

deb_new one
rm -rf parts && mkdir parts && (cd parts && ar x ../one.deb)
(cd parts && cat debian-binary control.tar.* data.tar.*) >content
pgp --detach-sign -o _gpgorigin content
ar q one.deb _gpgorigin 2>setup.log
ok 'a deb that is signed' verify one.deb

# Each header is changed at each place into each of some bytes. What still is
# good must be the same package for dpkg.
mkdir deb
perl -e '
	local $/;
	open(F, "<", "one.deb") or die;
	$d = <F>;
	for ($at = 8; $at < length($d); $at += 60 + $n + ($n & 1)) {
		$n = int(substr($d, $at + 48, 10));
		for $i ($at .. $at + 59) {
			for (" ", "/", "0", "+", "-", "\0", "\n", "_") {
				$c = $d;
				next if substr($c, $i, 1) eq $_;
				substr($c, $i, 1) = $_;
				open(O, sprintf(">deb/%05d-%02x.deb", $i,
					ord($_))) or die;
				print O $c;
			}
		}
	}'
run verify deb
is "$RC" 1 'debs of which one byte is another'
sed -n 's/: good signature.*//p' out >good
[ -s good ]
tap $? 'some of them are good'
same() {	# FILE...
	for f; do
		{ dpkg-deb -f "$f" && dpkg-deb --fsys-tarfile "$f"; } 2>&1 |
			sha256sum
	done
}
# shellcheck disable=SC2046 # names without blanks
is "$(same $(cat good) | sort -u)" "$(same one.deb)" \
	'and those have nothing else for dpkg'

rpm_new pack
sign_rpm maint@example.org pack.rpm two.rpm
ok 'an rpm that is signed' verify two.rpm
mkdir rpms
perl -e '
	local $/;
	open(F, "<", "two.rpm") or die;
	$d = <F>;
	($n, $l) = unpack("NN", substr($d, 104, 8));
	$index = 112 + 16 * $n;
	for $i (0 .. 7, 78 .. $index + 3, $index + $l - 16 .. $index + $l + 23) {
		for (1, 0x80) {
			$c = $d;
			substr($c, $i, 1) = chr(ord(substr($c, $i, 1)) ^ $_);
			open(O, sprintf(">rpms/%05d-%02x.rpm", $i, $_)) or die;
			print O $c;
		}
	}'
run verify rpms
is "$RC" 1 'rpms of which one bit is another'
sed -n 's/: good signature.*//p' out >good
[ -s good ]
tap $? 'some of them are good'
same() {	# FILE...
	for f; do
		{ rpm --dbpath "$T/rpmdb" -qp --qf \
			'%{NEVRA} [%{FILENAMES} %{FILEMODES:perms} ]' "$f" &&
			rpm2cpio "$f"; } 2>>rpm.log | sha256sum
	done
}
# shellcheck disable=SC2046 # names without blanks
is "$(same $(cat good) | sort -u)" "$(same two.rpm)" \
	'and those have nothing else for rpm'

done_testing
