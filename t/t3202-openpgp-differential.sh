#!/bin/sh
# Signatures with one byte changed, cut off, or grown: what gpgv refuses, we
# refuse.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need gpgv openssl perl

TOOL=$MOCK/openpgp-tool
CREATED=1700000000
NOW=$(date +%s)
cd "$T" || exit 1
echo 'what is signed' >f
printf '\060\003\002\001\007' >small

for k in p256 ed25519; do
	case $k in
	p256) openssl genpkey -algorithm EC \
		-pkeyopt ec_paramgen_curve:P-256 -out $k.pem ;;
	*) openssl genpkey -algorithm ED25519 -out $k.pem ;;
	esac
	"$TOOL" key $k.pem $CREATED 'T <t@example.org>' >$k.pgp
	"$TOOL" sign $k.pem $CREATED '' "$NOW" f 'cp small token' >$k.asc
	gpg --batch --quiet --dearmor -o $k.sig $k.asc
	ok "$k: gpgv says yes" gpgv --keyring "$T/$k.pgp" $k.sig f
	mkdir $k
	# Each octet in two ways; every sixth cut; something behind; a header
	# of the other format and a longer one.
	perl -e '
		my ($from, $to) = @ARGV;
		local $/;
		open my $in, "<:raw", $from or die;
		my $all = <$in>;
		my $n = 0;
		sub out { open my $o, ">:raw", "$to/" . $n++ or die;
			print $o $_[0]; close $o or die }
		for my $i (0 .. length($all) - 1) {
			for my $x (1, 0x80) {
				my $m = $all;
				substr($m, $i, 1) ^= chr $x;
				out $m;
			}
			out substr($all, 0, $i) if $i % 6 == 0;
		}
		out "$all\0";
		out $all . $all;
		my $body = substr($all, 2);
		out "\xc2" . chr(length $body) . $body if length $body < 192;
		out "\x8a" . pack("N", length $body) . $body;
		out "\xc2\xff" . pack("N", length $body) . $body;
		out "\x8b" . $body;
		out "\xc2\xe7" . substr($body, 0, 128) .
			chr(length($body) - 128) . substr($body, 128);
	' $k.sig $k
	: >$k.both
	: >$k.wrong
	for m in "$k"/*; do
		theirs=0 ours=0
		gpgv --quiet --keyring "$T/$k.pgp" "$m" f >/dev/null 2>&1 ||
			theirs=1
		"$TOOL" judge $k.pgp "$m" f >"$T/said" 2>&1
		case $?:$(cut -d' ' -f1 "$T/said" | head -1) in
		0:good) ;;
		1:timestamp-bad | 1:timestamp-untrusted) ours=stamp ;;
		1:[a-z]*-[a-z]*) ours=1 ;;
		*) echo "$m: neither yes nor no" >>$k.wrong ;;
		esac
		echo "$theirs $ours" >>$k.both
		# The stamp is beside what gpgv looks at.
		case $theirs:$ours in
		1:0 | 1:stamp) echo "$m" >>$k.wrong ;;
		esac
	done
	n=$(wc -l <$k.both)
	[ "$n" -gt 300 ]
	tap $? "$k: $n mutants were judged"
	cp $k.wrong "$T/out"
	[ ! -s $k.wrong ]
	tap $? "$k: none that gpgv refuses is good to us"
	[ "$(grep -c '^1 1$' $k.both)" -gt 100 ]
	tap $? "$k: many are refused by both"
	[ "$(grep -c '^0 \(stamp\|0\)$' $k.both)" -gt 0 ]
	tap $? "$k: and some by none, but for their stamp"
done
done_testing
