#!/bin/sh
# Whatever the gate accepts is the same commit for git and for libgit2: who
# made it, on which parents, and which bytes were signed.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need perl

gate_setup
P1=$(plain | put commit)
P2=$(plain | put commit)
TREE=$(git mktree </dev/null)
gate_policy <<END
[ref "refs/heads/*"]
	require = commits
[exempt]
	commit = $P1
	commit = $P2
END

# The stock program's place: keeps what git takes for the signed bytes.
cat >"$T/keeper" <<END
#!/bin/sh
for a; do f=\$a; done
cat >"$T/git.payload"
printf '\n[GNUPG:] GOODSIG 00 x\n[GNUPG:] TRUST_FULLY\n'
END
chmod +x "$T/keeper"
git config gpg.x509.program "$T/keeper"
git config gpg.program "$T/keeper"

# Commits with every part changed before they are signed, so that nothing but
# the form speaks against them; written as files 1.payload, 1.name, 1.head (a
# number of header lines after which the signature goes).
mkdir "$T/c"
P1=$P1 P2=$P2 TREE=$TREE OUT=$T/c perl - <<'END'
use strict;
my ($p1, $p2, $tree, $out) = @ENV{qw(P1 P2 TREE OUT)};
my $who = 'Dev <dev@example.org>';
my $n = 0;
sub commit {
	my ($name, $lines, $message, $at) = @_;
	$n++;
	my %f = (payload => join('', map { "$_\n" } @$lines) . "\n" . $message,
		 name => "$name\n", head => ($at // scalar @$lines) . "\n");
	for (keys %f) {
		open my $h, '>:raw', "$out/$n.$_" or die;
		print $h $f{$_};
		close $h;
	}
}
my @base = ("tree $tree", "parent $p1", "author $who 1750000000 +0000",
	    "committer $who 1750000000 +0000");
commit('plain', [@base], "m\n");
commit("message: $_->[0]", [@base], $_->[1]) for (
	['empty', ''], ['no end', 'm'], ['two lines', "a\n\nb\n"],
	['begins with a header', "parent $p2\n"], ['blanks', "  \n\n"],
	['looks signed', "gpgsig -----BEGIN SIGNED MESSAGE-----\n x\n"],
	['CR', "a\r\nb\r\n"], ['UTF-8', "\xc3\xa4\n"],
	['Latin 1', "\xe4\n"], ['ESC', "\e[31m\n"], ['NUL', "a\0b\n"],
	['begins empty', "\n\nm\n"], ['a tab', "\tm\n"]);
for my $i (0 .. $#base) {
	my @l = @base;
	splice @l, $i, 1;
	commit("without line $i", [@l], "m\n");
	@l = @base;
	splice @l, $i, 0, $base[$i];
	commit("line $i twice", [@l], "m\n");
	@l = @base;
	push @l, $base[$i];
	commit("line $i again at the end", [@l], "m\n");
	@l = @base;
	$l[$i] = "$l[$i] ";
	commit("line $i with a blank behind it", [@l], "m\n");
	@l = @base;
	$l[$i] =~ s/ /  /;
	commit("line $i with two blanks", [@l], "m\n");
	@l = @base;
	$l[$i] =~ s/ /\t/;
	commit("line $i with a tab", [@l], "m\n");
	@l = @base;
	$l[$i] = "$l[$i]\r";
	commit("line $i with CR", [@l], "m\n");
	@l = @base;
	$l[$i] = uc $l[$i];
	commit("line $i in capitals", [@l], "m\n");
	@l = @base;
	$l[$i] .= "\n more";
	commit("line $i goes on", [@l], "m\n");
	for my $j ($i + 1 .. $#base) {
		@l = @base;
		@l[$i, $j] = @l[$j, $i];
		commit("lines $i and $j change places", [@l], "m\n");
	}
}
for my $e (['encoding', 'encoding ISO-8859-1'], ['unknown', 'change-id abc'],
	   ['unknown, on two lines', "note a\n b"], ['empty', 'note '],
	   ['without value', 'note'], ['like gpgsig', 'gpgsigx a'],
	   ['gpgsig-sha256', 'gpgsig-sha256 a'], ['HG', 'HG:rename-source hg'],
	   ['a mergetag', "mergetag object $p1\n type commit\n tag v\n" .
	    " tagger $who 1750000000 +0000\n \n m"],
	   ['only a continuation', ' more'], ['a blank line', '']) {
	commit("header $e->[0]", [@base, $e->[1]], "m\n");
	commit("header $e->[0], behind the signature", [@base, $e->[1]],
	       "m\n", 4);
	commit("header $e->[0] twice", [@base, $e->[1], $e->[1]], "m\n");
	commit("header $e->[0] first", [$e->[1], @base], "m\n");
	commit("header $e->[0] between", [@base[0, 1], $e->[1], @base[2, 3]],
	       "m\n", 5);
}
for my $who ('Dev', '<dev@example.org>', ' <dev@example.org>',
	     'Dev<dev@example.org>', 'Dev  <dev@example.org>',
	     'Dev <dev@example.org', 'Dev dev@example.org>',
	     'Dev <dev@example.org> <a@example.org>',
	     'Dev <a@example.org> <dev@example.org>',
	     'Dev <<dev@example.org>>', 'Dev < dev@example.org >',
	     'Dev <dev@example.org >', 'Dev <DEV@EXAMPLE.ORG>',
	     'Dev <dev@EXAMPLE.org>', 'De<v <dev@example.org>',
	     'De>v <dev@example.org>', "D\tv <dev\@example.org>",
	     "D\xc3\xa4v <dev\@example.org>", 'Dev <dev@example.org>x',
	     'Dev <>', 'Dev <dev@example.org,a@example.org>', '"D" <dev@example.org>',
	     'Dev. <dev@example.org>', ',Dev; <dev@example.org>') {
	commit("author $who", [@base[0, 1], "author $who 1750000000 +0000",
			       $base[3]], "m\n");
	commit("committer $who", [@base[0 .. 2],
				  "committer $who 1750000000 +0000"], "m\n");
}
for my $when ('0 +0000', '1 -0000', '-1 +0000', '01750000000 +0000',
	      '1750000000', '1750000000 ', '1750000000 0000',
	      '1750000000 +000', '1750000000 +00000', '1750000000 +1400',
	      '1750000000 -9999', '1750000000  +0000', '1750000000 +0000 x',
	      '99999999999 +0000', '9223372036854775807 +0000',
	      '9223372036854775808 +0000', '18446744073709551616 +0000',
	      '0x10 +0000', '1.5 +0000', ' 1750000000 +0000') {
	commit("date $when", [@base[0 .. 2], "committer $who $when"], "m\n");
}
commit("parents: $_->[0]", [$base[0], (map { "parent $_" } @{$_->[1]}),
			    @base[2, 3]], "m\n") for (
	['none', []], ['two', [$p1, $p2]], ['the same twice', [$p1, $p1]],
	['three', [$p1, $p2, $tree]], ['short', [substr($p1, 0, 39)]],
	['long', [$p1 . '0']], ['zero', ['0' x 40]], ['capitals', [uc $p1]]);
END

# One signature for each, put behind its header line.
cd "$T/c" || exit 1
N=0
: >"$T/input"
while [ -f $((N + 1)).payload ]; do
	N=$((N + 1))
	sealed dev <$N.payload | fold gpgsig >$N.sig
	perl -e '
		my ($n, $head) = @ARGV;
		local $/;
		open my $p, "<:raw", "$n.payload" or die; my $t = <$p>;
		open my $s, "<:raw", "$n.sig" or die; my $sig = <$s>;
		my $at = 0;
		for (my $i = 0; $i < $head && $at >= 0; $i++) {
			do { $at = index($t, "\n", $at) + 1 }
				while $at > 0 && substr($t, $at, 1) eq " ";
		}
		binmode STDOUT;
		print substr($t, 0, $at), $sig, substr($t, $at);
	' $N "$(cat $N.head)" >$N.commit
	oid=$(git -C "$T/work" hash-object -t commit -w --stdin --literally \
		<$N.commit)
	echo "$oid" >$N.oid
	echo "0000000000000000000000000000000000000000 $oid refs/heads/c$N" \
		>>"$T/input"
done
[ $N -gt 150 ]
tap $? "$N commits"

cd "$T/work" || exit 1
"$BIN/touchmark-pre-receive" --audit --all --policy "$T/policy" \
	<"$T/input" >"$T/verdicts" 2>"$T/out"
tail -n 1 "$T/verdicts" >"$T/out"
has "^end	" 'all of them are judged'
is "$(cut -f2 "$T/verdicts" | grep '^refs/heads/c' | sort -u | wc -l)" $N \
	'each of them'

# What git and libgit2 say of a commit, in the same words.
of_git() {
	git log -1 --no-show-signature --encoding=UTF-8 \
		--format='committer %cn <%ce> %ct%nauthor %an <%ae> %at%ntree %T' \
		"$1"
	git log -1 --format=%P "$1" | tr ' ' '\n' | sed '/^$/d; s/^/parent /'
	rm -f "$T/git.payload"
	git verify-commit "$1" >/dev/null 2>&1
	[ ! -f "$T/git.payload" ] ||
		echo "signed $(sha256sum <"$T/git.payload" | cut -d' ' -f1)"
}

# What libgit2 shows of a name is without blanks and punctuation at its ends,
# which git never writes there but other tools do.
trimmed() {
	sed 's/^\([a-z]*\) [ .,:;"]*\([^<]*[^.,:;"< ]\)[.,:;"]* *</\1 \2 </'
}

# A ref that has a refusal for another object is not let in either.
grep '^object' "$T/verdicts" | awk -F'\t' '$4 != "good" { bad[$2] = 1 }
	{ ref[NR] = $2; line[NR] = $0 }
	END { for (i = 1; i <= NR; i++) if (!bad[ref[i]]) print line[i] }' \
	>"$T/accepted"

good=0 differ=0 other=0
while IFS='	' read -r _ ref oid _; do
	good=$((good + 1))
	n=${ref#refs/heads/c}
	of_git "$oid" | trimmed >"$T/of.git"
	"$MOCK/git2-show" "$T/work" "$oid" >"$T/of.libgit2"
	cmp -s "$T/of.git" "$T/of.libgit2" || {
		differ=$((differ + 1))
		{ cat "$T/c/$n.name"; diff "$T/of.git" "$T/of.libgit2"; } >&2
	}
	# exactly what was signed, and under the signer's own address
	sum=$(sha256sum <"$T/c/$n.payload" | cut -d' ' -f1)
	if ! grep -qx "signed $sum" "$T/of.git" ||
	    ! grep -Eqi '^committer .*<dev@example.org> [0-9]+$' "$T/of.git"; then
		other=$((other + 1))
		cat "$T/c/$n.name" >&2
	fi
done <"$T/accepted"
[ $good -gt 20 ] && [ $good -lt $((N - 80)) ]
tap $? "$good of them are accepted, the others are not"
is $differ 0 'git and libgit2 show each of these alike'
is $other 0 'its signed bytes are those that were signed, its committer the signer'
done_testing
