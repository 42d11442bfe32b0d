#!/bin/sh
# Signed pushes: [push] certificate. What is pushed must be what was signed,
# here, now, by somebody whom every rule would let sign; git's own opinion of
# the certificate has no say.
. "${0%/*}/lib.sh"
. "${0%/*}/gate-lib.sh"
need perl gpgsm

# faketime comes before the sanitizer's own library.
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
SEED=sekrit
gate_setup
pki_leaf ca eve eve@example.org
pki_root other
pki_leaf other mallory dev@example.org
PKI_AT='-400 days' PKI_DAYS=300 pki_leaf ca old dev@example.org

# policy CERTIFICATE [LINE...]: further lines of [push]
policy() {
	mode=$1
	shift
	gate_policy <<-END
	[role "developers"]
		member = dev@example.org
	[role "anybody"]
		member = *@example.org
	[ref "refs/heads/*"]
		require = commits
		role = developers
		delete = allow
		force = allow
	[ref "refs/free/*"]
		require = nothing
		role = anybody
		force = allow
		delete = allow
	[push]
		certificate = $mode
	$(printf '\t%s\n' "$@")
	END
}

server() {	# NAME
	gate_repo "$1"
	git -C "$SRV" config receive.certNonceSeed "$SEED"
	# what git thinks of any certificate: good
	git -C "$SRV" config gpg.x509.program "$T/yes"
	# the hook sees what git says, and so do we
	rm "$SRV/hooks/pre-receive"
	cat >"$SRV/hooks/pre-receive" <<-END
	#!/bin/sh
	env | grep '^GIT_PUSH_CERT' >$T/env
	[ -z "\${GIT_PUSH_CERT-}" ] ||
		git cat-file blob "\$GIT_PUSH_CERT" >$T/cert
	touchmark-pre-receive
	END
	chmod +x "$SRV/hooks/pre-receive"
}

cat >"$T/yes" <<'END'
#!/bin/sh
cat >/dev/null
echo '[GNUPG:] NEWSIG'
echo '[GNUPG:] GOODSIG 0000000000000000 anybody'
echo '[GNUPG:] VALIDSIG 0 2026-01-01 20260101T000000 0 0 0 0 0 00'
echo '[GNUPG:] TRUST_FULLY 0 shell'
END
chmod +x "$T/yes"

# because REASON 'what': the reason inside the last refusal
because() {
	has "refuse - - push-cert: the push certificate is refused: $1: " "$2"
}

# ---- required ----------------------------------------------------------------
policy require
server p
commit one
refuse push-cert 'unsigned, though the commits are good' main
has 'push-cert: the push is not signed; push with git push --signed' \
	'says what to do'
accept 'signed' --signed main
has_cert() { grep -q '^certificate version 0.1$' "$T/cert"; }
has_cert
tap $? 'with a certificate'
grep -q 'GIT_PUSH_CERT_NONCE_STATUS=OK' "$T/env"
tap $? "git's own check of the nonce agrees"
cp "$T/cert" "$T/cert.one"
NONCE=$(sed -n 's/^nonce //p' "$T/cert.one")
ONE=$(git rev-parse HEAD)
commit two
TWO=$(git rev-parse HEAD)
accept 'the next one' --signed main
accept 'a new branch and another in one push' --signed main:refs/heads/a \
	main:refs/heads/b
accept 'atomic' --signed --atomic main:refs/heads/c main:refs/heads/d
accept 'a deletion' --signed :refs/heads/d
accept 'force' --signed --force "$ONE:refs/heads/c"
refuse push-cert 'an unsigned deletion' :refs/heads/c
git -C "$SRV" config receive.advertisePushOptions true
accept 'push options' --signed -o ci.skip -o 'a b' "$TWO:refs/heads/c"
grep -q '^push-option ci.skip$' "$T/cert"
tap $? 'they are in the certificate'

# ---- who signs ---------------------------------------------------------------
# The commits are always by dev: only the certificate is another one's.
as() {	# SIGNER ARG...
	who=$1
	shift
	git -c user.signingKey="$who" push -q "$REMOTE" "$@" >"$T/out" 2>&1
	RC=$?
}
refused_as() {	# SIGNER REASON WHAT ARG...
	who=$1 why=$2 what=$3
	shift 3
	as "$who" "$@"
	[ "$RC" != 0 ] && grep -q "refuse - - push-cert: .*refused: $why: " \
		"$T/out"
	tap $? "refused ($why): $what"
}
refused_as eve signer-not-allowed 'by nobody of the role' --signed \
	main:refs/heads/e
as eve --signed main:refs/free/e
tap "$RC" 'accepted: where a rule lets them'
refused_as eve signer-not-allowed 'one ref of two is not theirs' --signed \
	main:refs/free/f main:refs/heads/f
printf '[ref "refs/free/x*"]\n\trequire = nothing\n\trole = developers\n' \
	>>"$T/policy"
refused_as eve signer-not-allowed 'one rule of two is not for them' --signed \
	main:refs/free/x
printf '[ref "refs/free/y*"]\n\trequire = nothing\n\ttimestamp = always\n' \
	>>"$T/policy"
accept 'a rule that wants tokens: the nonce tells the time' --signed \
	main:refs/free/y
policy require
refused_as mallory chain-untrusted 'under another root' --signed \
	main:refs/free/m
refused_as old cert-expired 'by an expired certificate' --signed \
	main:refs/heads/o
grep -q 'GIT_PUSH_CERT_STATUS=[GU]' "$T/env"
tap $? 'though git says good'
pki_crl ca "$(pki_serial eve)=keyCompromise"
cp "$T/pki/ca.crl" "$T/ca.crl"
refused_as eve cert-revoked 'by a revoked certificate' --signed \
	main:refs/free/r
pki_crl ca
cp "$T/pki/ca.crl" "$T/ca.crl"
SIGN_MD=sha1
export SIGN_MD
refuse push-cert 'with SHA-1' --signed main:refs/heads/s
because digest-weak 'is digest-weak'
unset SIGN_MD
# a signature over something else
cat >"$T/liar" <<END
#!/bin/sh
sed 's,^nonce .*,nonce x,' | "$T/signer" "\$@"
END
chmod +x "$T/liar"
git config gpg.x509.program "$T/liar"
refuse push-cert 'altered behind the signature' --signed main:refs/heads/l
because signature-bad 'is signature-bad'
git config gpg.x509.program "$T/signer"

# ---- replay ------------------------------------------------------------------
# raw REPO CERT PACK [COMMAND...]: a push as a program of our own speaks it
cat >"$T/raw" <<'END'
use strict;
use IPC::Open2;
my ($repo, $cert, $pack, @command) = @ARGV;
my $pid = open2(my $from, my $to, "git-receive-pack", $repo);
binmode $_ for $from, $to;
sub pkt { my $l = shift; print $to sprintf("%04x", 4 + length $l) . $l }
while (1) { read $from, my $n, 4; last if $n eq "0000";
	read $from, my $d, hex($n) - 4 }
my $caps = "\0report-status agent=raw";
if ($cert ne "-") {
	pkt("push-cert$caps\n");
	open my $in, "<", $cert or die;
	pkt($_) while <$in>;
	pkt("push-cert-end\n");
	$caps = "";
}
for (@command) { pkt("$_$caps\n"); $caps = "" }
print $to "0000";
if ($pack ne "-") {
	open my $in, "<", $pack or die;
	local $/;
	print {$to} <$in>;
}
close $to;
my $ok = 0;
local $/;
my $answer = <$from>;
waitpid $pid, 0;
print $answer;
exit($answer =~ /^....unpack ok/ && $answer !~ /^....ng /m ? 0 : 1);
END
raw() {
	run perl "$T/raw" "$SRV" "$@"
}
raw_refused() {	# WHAT PATTERN ARG...
	what=$1 pattern=$2
	shift 2
	raw "$@"
	[ "$RC" != 0 ] && grep -Eq "touchmark: refuse - - push-cert: .*$pattern" \
		"$T/out"
	tap $? "refused: $what"
}
Z=0000000000000000000000000000000000000000
printf '%s\n' "$TWO" | git pack-objects --revs --stdout -q >"$T/pack"
# the first push once more, into the repository as it was then
git -C "$SRV" update-ref -d refs/heads/main
sleep 1
AGAIN='not the one that this push was given'
raw_refused 'the same certificate again' "$AGAIN" "$T/cert.one" "$T/pack"
server q
raw_refused 'in another repository' "$AGAIN" "$T/cert.one" "$T/pack"
git -C "$SRV" for-each-ref >"$T/out"
is "$(wc -l <"$T/out")" 0 'nothing came in'
# A server of the same second, and the environment a pusher might bring along:
# the hook alone, with everything that git would say of a good certificate.
hook() {	# CERT NONCE LINE...
	cert=$1 nonce=$2
	shift 2
	id=$(git -C "$SRV" hash-object -w --stdin <"$cert")
	printf '%s\n' "$@" >"$T/lines"
	(cd "$SRV" && GIT_DIR=. GIT_PUSH_CERT=$id GIT_PUSH_CERT_STATUS=G \
		GIT_PUSH_CERT_NONCE_STATUS=OK GIT_PUSH_CERT_NONCE=$nonce \
		GIT_PUSH_CERT_SIGNER=dev GIT_PUSH_CERT_KEY=dev \
		${HOOK_AT:+faketime "$HOOK_AT"} \
		touchmark-pre-receive <"$T/lines") >"$T/out" 2>&1
	RC=$?
}
hook_refused() {	# WHAT PATTERN ARG...
	what=$1 pattern=$2
	shift 2
	hook "$@"
	[ "$RC" = 1 ] &&
		grep -Eq "touchmark: refuse - - push-cert: .*$pattern" "$T/out"
	tap $? "refused: $what"
}
git -C "$SRV" fetch -q "$T/work" "$TWO"
hook_refused 'the nonce of another repository' \
	'not issued by this server for this' "$T/cert.one" "$NONCE" \
	"$Z $ONE refs/heads/main"
SRV=$T/p.git
hook "$T/cert.one" "$NONCE" "$Z $ONE refs/heads/main"
tap "$RC" 'the repository it was made for would take it'
hook_refused 'another ref' 'does not name the change of refs/heads/x' \
	"$T/cert.one" "$NONCE" "$Z $ONE refs/heads/x"
hook_refused 'another value' 'does not name the change' \
	"$T/cert.one" "$NONCE" "$Z $TWO refs/heads/main"
hook_refused 'another old value' 'does not name the change' \
	"$T/cert.one" "$NONCE" "$TWO $ONE refs/heads/main"
hook_refused 'one change more' 'names 1 changes, but the push makes 2' \
	"$T/cert.one" "$NONCE" "$Z $ONE refs/heads/main" \
	"$Z $ONE refs/heads/x"
hook_refused 'a nonce that the push was not given' "$AGAIN" \
	"$T/cert.one" "1-$Z" "$Z $ONE refs/heads/main"
HOOK_AT='+2 hours'
hook_refused 'two hours later' 'seconds old, more than 3600' \
	"$T/cert.one" "$NONCE" "$Z $ONE refs/heads/main"
HOOK_AT='-2 hours'
hook_refused 'two hours before' 'seconds ahead, more than 3600' \
	"$T/cert.one" "$NONCE" "$Z $ONE refs/heads/main"
HOOK_AT='+2 hours'
git -C "$SRV" config receive.certNonceSlop 7200
pki_crl ca
hook "$T/cert.one" "$NONCE" "$Z $ONE refs/heads/main"
tap "$RC" 'receive.certNonceSlop makes that longer'
git -C "$SRV" config receive.certNonceSlop many
hook "$T/cert.one" "$NONCE" "$Z $ONE refs/heads/main"
is "$RC" 1 'a slop that is no number refuses'
has 'refuse - - policy-invalid: receive.certNonceSlop' 'is policy-invalid'
git -C "$SRV" config --unset receive.certNonceSlop
HOOK_AT=
git -C "$SRV" config receive.certNonceSeed another
hook_refused 'the seed was changed' 'not issued by this server' \
	"$T/cert.one" "$NONCE" "$Z $ONE refs/heads/main"
git -C "$SRV" config --unset receive.certNonceSeed
run git push -q "file://$SRV" HEAD:refs/heads/no-seed
has 'the push is not signed; the administrator must set receive\.certNonceSeed' \
	'nobody is told to sign where nobody can'
hook_refused 'no seed at all' 'issues no nonces; .*receive.certNonceSeed' \
	"$T/cert.one" "$NONCE" "$Z $ONE refs/heads/main"
git -C "$SRV" config receive.certNonceSeed ''
hook_refused 'an empty seed' 'issues no nonces; .*receive.certNonceSeed' \
	"$T/cert.one" "$NONCE" "$Z $ONE refs/heads/main"
git -C "$SRV" config receive.certNonceSeed "$SEED"
# altered, every part of it
# shellcheck disable=SC2016 # sed's dollar
for s in 's/^pusher dev/pusher eve/' 's/^pushee .*/pushee file:\/\/x/' \
	's/^nonce/pushoption/' 's/0\.1/0.2/' '1d' '/^$/d' \
	"s/^$Z/$ONE/" 's/refs.heads.main/refs\/heads\/x/' \
	's/SIGNED MESSAGE/PGP SIGNATURE/' '$d'; do
	sed "$s" "$T/cert.one" >"$T/cert.bad"
	hook_refused "altered: $s" '.' "$T/cert.bad" "$NONCE" \
		"$Z $ONE refs/heads/main"
done
AR='-----BEGIN SIGNED MESSAGE-----'
sed "s/^$AR/0000 1111 x\\n&/" "$T/cert.one" >"$T/cert.bad"
hook_refused 'text before the signature' 'object-malformed' "$T/cert.bad" \
	"$NONCE" "$Z $ONE refs/heads/main"
sed -n "/^$AR/,\$p" "$T/cert.one" | cat "$T/cert.one" - >"$T/cert.bad"
hook_refused 'two signatures' 'signature-malformed' "$T/cert.bad" \
	"$NONCE" "$Z $ONE refs/heads/main"
sed "/^$AR/,\$d" "$T/cert.one" >"$T/cert.bad"
hook_refused 'none' 'signature-missing' "$T/cert.bad" \
	"$NONCE" "$Z $ONE refs/heads/main"
printf 'x\0' | cat "$T/cert.one" - >"$T/cert.bad"
hook_refused 'a NUL behind it' 'NUL' "$T/cert.bad" "$NONCE" \
	"$Z $ONE refs/heads/main"
(cd "$SRV" && printf '%s\n' "$Z $ONE refs/heads/main" |
	GIT_DIR=. GIT_PUSH_CERT=$Z touchmark-pre-receive) >"$T/out" 2>&1
has 'push-cert: the push certificate was not stored' \
	'a blob that was not stored'
(cd "$SRV" && printf '%s\n' "$Z $ONE refs/heads/main" |
	GIT_DIR=. GIT_PUSH_CERT=$(id_of 1) touchmark-pre-receive) >"$T/out" 2>&1
has 'push-cert: .*object-missing' 'one that is not there'
(cd "$SRV" && printf '%s\n' "$Z $ONE refs/heads/main" |
	GIT_DIR=. GIT_PUSH_CERT=$ONE touchmark-pre-receive) >"$T/out" 2>&1
has 'push-cert: .*a commit stands where it is meant' 'a commit in its place'

# ---- changes beside the certificate, on the wire -----------------------------
# A client that sends a good certificate of this very push, and one change more.
# The signer is asked in the middle of the talk, as git does.
server w
cat >"$T/more.pl" <<'END'
use strict;
use IPC::Open2;
my ($repo, $signer, $pack, $signed, @other) = @ARGV;
my $pid = open2(my $from, my $to, "git-receive-pack", $repo);
sub pkt { my $l = shift; print $to sprintf("%04x", 4 + length $l) . $l }
my $nonce;
while (1) { read $from, my $n, 4; last if $n eq "0000";
	read $from, my $d, hex($n) - 4; $nonce = $1 if $d =~ /push-cert=(\S+)/ }
my $text = "certificate version 0.1\npusher dev " . time . " +0000\n" .
	"pushee $repo\nnonce $nonce\n\n$signed\n";
open my $p, ">", "$ENV{T}/text" or die; print $p $text; close $p;
my $sig = `$signer --status-fd=2 -bsau dev <$ENV{T}/text 2>/dev/null`;
pkt("push-cert\0report-status agent=raw\n");
pkt("$_\n") for split /\n/, $text . $sig;
pkt("push-cert-end\n");
pkt("$_\n") for @other;
print $to "0000";
open my $in, "<", $pack or die;
{ local $/; print {$to} <$in> }
close $to;
my $answer = do { local $/; <$from> };
waitpid $pid, 0;
print $answer;
exit($answer =~ /^....unpack ok/ && $answer !~ /^....ng /m ? 0 : 1);
END
run perl "$T/more.pl" "$SRV" "$T/signer" "$T/pack" "$Z $TWO refs/heads/main"
tap "$RC" 'accepted: a client of our own with a certificate'
run perl "$T/more.pl" "$SRV" "$T/signer" "$T/pack" "$Z $TWO refs/heads/n" \
	"$Z $TWO refs/heads/o"
[ "$RC" != 0 ] && grep -q 'names 1 changes, but the push makes 2' "$T/out"
tap $? 'refused: a change beside the certificate'
is "$(git -C "$SRV" for-each-ref | wc -l)" 1 'nothing of it came in'

# ---- where it was pushed to --------------------------------------------------
server r
policy require "url = $REMOTE"
accept 'to the url of the policy' --signed main
policy require 'url = ssh://git.example.org/p.git' "url = $REMOTE"
accept 'to one of them' --signed main:refs/heads/a
policy require 'url = ssh://git.example.org/p.git'
refuse push-cert 'to another one' --signed main:refs/heads/b
has 'made for .file://.*which is no url under' 'says which'
# A server that is called with a path that means nothing to others.
cat >"$T/rp" <<'END'
#!/bin/sh
cd "$1" && exec git receive-pack .
END
chmod +x "$T/rp"
policy require
refuse push-cert 'a nonce for any repository' --receive-pack="$T/rp" --signed \
	main:refs/heads/b
has "its nonce was issued for '\\.', which may be any repository" 'says so'
has 'url under \[push\]' 'and what to do'
policy require "url = $REMOTE"
accept 'which the url binds' --receive-pack="$T/rp" --signed main:refs/heads/b
# Over http the nonce comes from another process than the one that takes the
# push, a moment before; git-http-backend calls both with the path ".".
cat >"$T/http.pl" <<'END'
use strict;
use IPC::Open2;
my ($repo, $signer, $pushee, @signed) = @ARGV;
chdir $repo or die;
my $seen = `git receive-pack --stateless-rpc --http-backend-info-refs .`;
my ($nonce) = $seen =~ /push-cert=(\S+)/ or die;
sleep 2;
my $pid = open2(my $from, my $to, qw(git receive-pack --stateless-rpc .));
sub pkt { my $l = shift; print $to sprintf("%04x", 4 + length $l) . $l }
my $text = "certificate version 0.1\npusher dev " . time . " +0000\n" .
	"pushee $pushee\nnonce $nonce\n\n" . join("", map { "$_\n" } @signed);
open my $p, ">", "$ENV{T}/text" or die; print $p $text; close $p;
my $sig = `$signer --status-fd=2 -bsau dev <$ENV{T}/text 2>/dev/null`;
pkt("push-cert\0report-status agent=raw\n");
pkt("$_\n") for split /\n/, $text . $sig;
pkt("push-cert-end\n");
print $to "0000";
open my $in, "<", "$ENV{T}/pack" or die;
{ local $/; print {$to} <$in> }
close $to;
my $answer = do { local $/; <$from> };
waitpid $pid, 0;
print $answer;
exit($answer =~ /^....unpack ok/ && $answer !~ /^....ng /m ? 0 : 1);
END
policy require 'url = http://git.example.org/r.git'
http() {	# PUSHEE REF
	run perl "$T/http.pl" "$SRV" "$T/signer" "$1" "$Z $TWO $2"
}
http http://git.example.org/r.git refs/heads/h1
[ "$RC" != 0 ] && grep -q 'the administrator sets receive.certNonceSlop' \
	"$T/out"
tap $? 'refused: over http without receive.certNonceSlop'
git -C "$SRV" config receive.certNonceSlop 60
http http://git.example.org/r.git refs/heads/h1
tap "$RC" 'accepted: with it'
http http://git.example.org/q.git refs/heads/h2
[ "$RC" != 0 ] && grep -q 'which is no url under' "$T/out"
tap $? 'refused: the pushee is another one'
policy require
http http://git.example.org/r.git refs/heads/h2
[ "$RC" != 0 ] && grep -q 'which may be any repository' "$T/out"
tap $? 'refused: no url binds it'
git -C "$SRV" config --unset receive.certNonceSlop
policy require
ln -s "$SRV" "$T/linked.git"
REMOTE=file://$T/linked.git
accept 'through a link' --signed main:refs/heads/c
REMOTE=file://${SRV%.git}
accept 'without .git' --signed main:refs/heads/d
REMOTE=$SRV
accept 'a plain path' --signed main:refs/heads/e
REMOTE=file://$SRV

# ---- the record --------------------------------------------------------------
git -C "$SRV" config touchmark.gateLog touchmark/log
accept 'with a record' --signed main:refs/heads/rec
ID=$(sed -n 's/^GIT_PUSH_CERT=//p' "$T/env")
tail -n 1 "$SRV/touchmark/log" >"$T/out"
has "\"pushCertificate\":\"$ID\"" 'which certificate it was'
has '"ref":"-","rule":"refs/heads/\*","verdict":"good"' 'that it was good'
has "\"oids\":\[\"$ID\"\]" 'by its object id'
as mallory --signed main:refs/heads/rec2
tail -n 1 "$SRV/touchmark/log" >"$T/out"
has '"verdict":"push-cert","text":"the push certificate is refused: chain-' \
	'or that it was not'

# ---- asked for, checked, ignored ---------------------------------------------
git -C "$SRV" config --unset receive.certNonceSeed
refuse push-cert 'a server without nonces' --signed=if-asked main:refs/heads/f
git -C "$SRV" config receive.certNonceSeed "$SEED"
policy check
accept 'checked: none' main:refs/heads/g
accept 'checked: a good one' --signed main:refs/heads/h
refused_as mallory chain-untrusted 'checked: a bad one' --signed \
	main:refs/heads/i
policy off
as mallory --signed main:refs/heads/i
tap "$RC" 'accepted: off: whatever it is'
printf '[policy]\n\tenforce = false\n' >"$T/more"
policy require
cat "$T/more" "$T/policy" >"$T/both" && mv "$T/both" "$T/policy"
push main:refs/heads/j
is "$RC" 0 'not enforced: it comes in'
has 'refuse - - push-cert: the push is not signed' 'but it is said'
has 'not enforced .*: 1 refusal, the push is let in' 'and counted'
done_testing
