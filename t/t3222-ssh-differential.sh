#!/bin/sh
# touchmark verify and ssh-keygen -Y verify over the same bytes: what ssh-keygen
# refuses is never accepted here, and what both should accept is.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl ssh-keygen perl

cd "$T" || exit 1
echo content >f
for k in ed25519:256 ecdsa:256 ecdsa:384 ecdsa:521 rsa:3072; do
	key=${k%:*}${k#*:}
	ssh-keygen -q -t "${k%:*}" -b "${k#*:}" -N '' -C '' -f "$key"
	echo "$key@x $(cat "$key.pub")" >>allowed
	for h in sha512 sha256; do
		ssh-keygen -q -Y sign -n file -O hashalg=$h -f "$key" <f \
			>"$key.$h.sig"
		ok "$key, $h: ours is good" touchmark verify \
			--allowed-signers allowed f "$key.$h.sig"
		is "$(grep -cF "good signature of $key@x ($(ssh-keygen -l \
			-f "$key.pub" | cut -d' ' -f2))" out)" 1 'as theirs'
	done
done

theirs() {	# ALLOWED SIG: whether ssh-keygen finds a principal for it
	who=$(ssh-keygen -Y find-principals -f "$1" -s "$2" 2>/dev/null |
		head -1) || return 1
	[ -n "$who" ] &&
		ssh-keygen -Y verify -n file -f "$1" -I "$who" -s "$2" <f \
			>/dev/null 2>&1
}

# both WHAT ALLOWED SIG: never more than they.
FALSE=0 GOOD=0 BOTH=0 ALL=0
both() {
	run touchmark verify --allowed-signers "$2" f "$3"
	ours=$RC
	ALL=$((ALL + 1))
	case $ours in
	0) GOOD=$((GOOD + 1))
		if theirs "$2" "$3"; then
			BOTH=$((BOTH + 1))
		else
			FALSE=$((FALSE + 1))
			echo "# accepted here alone: $1"
		fi ;;
	1 | 2) ;;
	*) FALSE=$((FALSE + 1)); echo "# exit $ours: $1" ;;
	esac
}

# One change at a time in the bytes of a signature.
cat >mutate.pl <<'END'
use strict;
use MIME::Base64;
my ($in, $seed, $out) = @ARGV;
srand($seed);
local $/;
open(my $f, '<', $in) or die;
my $text = <$f>;
$text =~ s/-----[^\n]*-----\n?//g;
my $b = decode_base64($text);
my $n = length $b;
my $kind = $seed % 6;
my $at = int(rand($n));
if ($kind == 0) {
	substr($b, $at, 1) = chr(ord(substr($b, $at, 1)) ^ 1 << int(rand(8)));
} elsif ($kind == 1) {
	substr($b, $at, 1) = '';
} elsif ($kind == 2) {
	substr($b, $at, 0) = "\0";
} elsif ($kind == 3) {	# the length before it and a zero: numbers
	my @zero;
	while ($b =~ /\0\0\0[\x01-\xff]/g) { push @zero, $-[0] }
	my $p = $zero[int(rand(@zero))];
	substr($b, $p, 4) = pack('N', unpack('N', substr($b, $p, 4)) + 1);
	substr($b, $p + 4, 0) = "\0";
} elsif ($kind == 4) {
	$b .= chr(int(rand(256)));
} else {
	$b =~ s/sha512/sha256/ or $b =~ s/sha256/sha512/;
}
my $e = encode_base64($b, '');
$e =~ s/(.{1,70})/$1\n/g;
open(my $o, '>', $out) or die;
print $o "-----BEGIN SSH SIGNATURE-----\n$e-----END SSH SIGNATURE-----\n";
END
seed=0
for n in ed25519256 ecdsa256 ecdsa521 rsa3072; do
	i=0
	while [ $i -lt 24 ]; do
		seed=$((seed + 1)) i=$((i + 1))
		perl mutate.pl $n.sha512.sig $seed m.sig
		both "$n, mutation $seed" allowed m.sig
	done
done
is "$FALSE" 0 "of $ALL changed signatures none is accepted here alone"
is "$GOOD" 0 'nor any at all'

# Lines of the list of signers.
KEY=$(cat ed25519256.pub)
FALSE=0 GOOD=0 BOTH=0 ALL=0
line() {	# yes|no LINE: the list has it alone
	printf '%s\n' "$2" >list
	before=$GOOD
	both "$2" list ed25519256.sha512.sig
	[ $((GOOD - before)) = "$([ "$1" = yes ] && echo 1 || echo 0)" ]
	tap $? "$1: $2"
}
line yes "a@x $KEY"
line yes "a@x,b@x $KEY comment"
line yes "  a@x	$KEY"
line yes "*@x $KEY"
line yes "\"a@x\" $KEY"
line yes "a@x namespaces=\"file\" $KEY"
line yes "a@x NAMESPACES=\"git,f*e\" $KEY"
line yes "a@x namespaces=\"file\",valid-after=\"20200101\" $KEY"
line yes "a@x valid-before=\"21000101000000Z\" $KEY"
line no "a@x namespaces=\"git\" $KEY"
line no "a@x namespaces=\"*,!file\" $KEY"
line no "a@x namespaces=\"\" $KEY"
line no "a@x valid-after=\"21000101\" $KEY"
line no "a@x valid-before=\"20200101Z\" $KEY"
line no "a@x valid-before=\"20200101\",valid-after=\"20210101\" $KEY"
line no "a@x valid-after=\"20201301\" $KEY"
line no "a@x valid-after=\"1\" $KEY"
line no "a@x cert-authority $KEY"
line no "a@x frobnicate $KEY"
line no "a@x namespaces=file $KEY"
line no "a@x namespaces=\"file $KEY"
line no "a@x $(cat ecdsa256.pub)"
line no "# a@x $KEY"
line no "$KEY"
line no "a@x ssh-rsa ${KEY#* }"
line no "a@x ${KEY%????}"
is "$FALSE" 0 "none of $ALL lists makes more good here than there"
is "$BOTH" "$GOOD" 'and every good one is good there'

# Around the armour.
sig=ed25519256.sha512.sig
armour() {	# NAME FILE
	exits 1 "$1" touchmark verify --allowed-signers allowed f "$2"
	has 'refused signature-malformed' 'is signature-malformed'
}
{ echo before; cat $sig; } >a.sig
armour 'text before it' a.sig
{ cat $sig; echo after; } >a.sig
armour 'text behind it' a.sig
cat $sig $sig >a.sig
armour 'two signatures' a.sig
sed 's/$/\r/' $sig >a.sig
armour 'line ends of another system' a.sig
sed '/---/d' $sig | base64 -d >a.sig
armour 'bare bytes' a.sig
sed 's/SSH SIGNATURE/SSH PRIVATE/' $sig >a.sig
armour 'another label' a.sig

# A certificate signs nothing here.
ssh-keygen -q -t ed25519 -N '' -f ca
ssh-keygen -q -s ca -I me -n ed25519256@x ed25519256.pub 2>/dev/null
ssh-keygen -q -Y sign -n file -f ed25519256-cert.pub f 2>out
mv f.sig cert.sig
echo "*@x cert-authority $(cat ca.pub)" >authority
run_in f ssh-keygen -Y verify -n file -f authority -I ed25519256@x -s cert.sig
is "$RC" 0 'ssh-keygen takes a certificate'
exits 1 'we do not' touchmark verify --allowed-signers authority f cert.sig
has 'refused signature-malformed: .*not accepted here' 'and say so'
done_testing
