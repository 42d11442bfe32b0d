#!/usr/bin/perl
# suites.pl SUITE CORPUS WORK - turn a public suite of certificate chains into
# lines for chain_driver and the answers the suite expects.
#
# Writes WORK/SUITE.in (lines for the driver), WORK/SUITE.want (id, expected:
# valid or invalid) and the PEM files they need below WORK/SUITE/.
use strict;
use warnings;
use JSON::PP;
use MIME::Base64;
use File::Path qw(make_path);

my ($suite, $corpus, $work) = @ARGV;
die "usage: suites.pl SUITE CORPUS WORK\n" unless defined $work;
my $dir = "$work/$suite";
make_path($dir);
open my $in, '>', "$work/$suite.in" or die "$work/$suite.in: $!\n";
open my $want, '>', "$work/$suite.want" or die "$work/$suite.want: $!\n";

sub slurp {
	my ($path) = @_;
	local $/;
	open my $f, '<:raw', $path or die "$path: $!\n";
	return <$f>;
}

sub spew {
	my ($path, $text) = @_;
	open my $f, '>:raw', $path or die "$path: $!\n";
	print $f $text;
	close $f or die "$path: $!\n";
	return $path;
}

sub emit {
	my ($id, $expect, @words) = @_;
	print $in join("\t", "id=$id", @words), "\n";
	print $want "$id\t$expect\n";
}

sub pkits {
	my $oid = '2.16.840.1.101.3.2.1.48.';
	for my $c (@{decode_json(slurp("$corpus/pkits/pkits.json"))}) {
		my @certs = @{$c->{certs}};
		my $root = shift @certs;
		my $leaf = pop @certs;
		my @policy = grep { $_ ne 'anyPolicy' }
			@{$c->{initial_policy_set}};
		s/^NIST-test-policy-/$oid/ for @policy;
		emit($c->{fn}, $c->{expect},
			"roots=$corpus/pkits/certs/$root.crt",
			(map { "untrusted=$corpus/pkits/certs/$_.crt" }
				@certs),
			"cert=$corpus/pkits/certs/$leaf.crt",
			(map { "crl=$corpus/pkits/crls/$_.crl" }
				@{$c->{crls}}),
			'revocation=require', 'usage=any',
			'at=2011-04-15T00:00:00Z', 'strength=any',
			(map { "policy=$_" } @policy),
			$c->{explicit} ? 'explicit' : (),
			$c->{inhibit_map} ? 'nomap' : (),
			$c->{inhibit_any} ? 'noany' : ());
	}
}

# Names of peers are not asked of code signatures; the table of differences
# says which cases fall with that.
sub limbo {
	my @strict = @_;
	my $n = 0;
	for my $c (@{decode_json(slurp("$corpus/x509-limbo/limbo.json"))
			->{testcases}}) {
		my $base = sprintf '%s/%03d', $dir, $n++;
		my $at = $c->{validation_time} // '2026-11-21T00:00:00+00:00';
		$at =~ s/\.\d+//;
		my %oid = (serverAuth => 'serverAuth',
			clientAuth => 'clientAuth');
		my @eku = map { $oid{$_} // $_ }
			@{$c->{extended_key_usage}};
		@eku = ($c->{validation_kind} eq 'CLIENT' ? 'clientAuth' :
			'serverAuth') unless @eku;
		my @crl;
		my $i = 0;
		push @crl, 'crl=' . spew("$base.crl" . $i++, $_)
			for @{$c->{crls}};
		emit($c->{id}, $c->{expected_result} eq 'SUCCESS' ? 'valid' :
			'invalid',
			'roots=' . spew("$base.roots",
				join '', @{$c->{trusted_certs}}),
			@{$c->{untrusted_intermediates}} ? 'untrusted=' .
				spew("$base.mid", join '',
				@{$c->{untrusted_intermediates}}) : (),
			'cert=' . spew("$base.leaf",
				$c->{peer_certificate}),
			@crl, "at=$at", @strict, map { "eku=$_" } @eku);
	}
}

sub pem_split {
	return slurp($_[0]) =~
		/(-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n)/gs;
}

sub boringssl {
	my %eku = (SERVER_AUTH => 'serverAuth', CLIENT_AUTH => 'clientAuth',
		C2PA_TIMESTAMPING => 'timeStamping',
		C2PA_MANIFEST => 'emailProtection',
		MLS_CLIENT_AUTH => '1.3.6.1.4.1.57264.1.1');
	for my $c (@{decode_json(slurp(
			"$corpus/boringssl-chains/cases.json"))}) {
		my $base = "$dir/$c->{test}";
		$base =~ s{/([^/]*)$}{-$1};
		my @pem = pem_split("$corpus/boringssl-chains/$c->{chain}");
		my $leaf = shift @pem;
		my $root = $pem[-1] // $leaf;
		my $purpose = $c->{purpose};
		$purpose =~ s/_STRICT.*//;
		# A distrusted root is one that nobody names.
		my @roots = $c->{trust} eq 'DISTRUSTED' ? () :
			'roots=' . spew("$base.root", $root);
		emit($c->{test}, $c->{expect}, @roots,
			@pem ? 'untrusted=' . spew("$base.mid",
				join '', @pem) : (),
			'cert=' . spew("$base.leaf", $leaf),
			"at=\@$c->{time}",
			$purpose eq 'ANY_EKU' ? 'usage=any' :
				'eku=' . $eku{$purpose});
	}
}

sub openssl {
	my $certs = "$corpus/openssl-test/certs";
	my $n = 0;
	for my $c (@{decode_json(slurp(
			"$corpus/openssl-test/verify-cases.json"))}) {
		my $opts = join ' ', @{$c->{opts}};
		my $eku = { sslserver => 'serverAuth',
			sslclient => 'clientAuth' }->{$c->{purpose}};
		my ($at) = $opts =~ /-attime (\d+)/;
		my @policy = $opts =~ /-policy ([\d.]+)/;
		my $roots = spew(sprintf('%s/%02d.roots', $dir, $n++),
			join '', map { slurp("$certs/$_.pem") }
			@{$c->{trusted}});
		emit(sprintf('%02d %s: %s', $n, $c->{cert}, $c->{desc}),
			$c->{expect},
			@{$c->{trusted}} ? "roots=$roots" : (),
			(map { "untrusted=$certs/$_.pem" }
				@{$c->{untrusted}}),
			"cert=$certs/$c->{cert}.pem",
			defined $at ? "at=\@$at" : (),
			(map { "policy=$_" } @policy),
			$opts =~ /auth_level 0/ ? 'strength=any' : (),
			$opts =~ /x509_strict/ ? 'strict' : (),
			defined $eku ? "eku=$eku" : 'usage=any');
	}
}

# A token whose file of roots is a whole chain: only its self-signed end is a
# root, the rest are intermediates.
sub tst {
	my $base = "$corpus/rfc3161";
	my $n = 0;
	for my $c (@{decode_json(slurp("$base/cases.json"))}) {
		my ($roots, @mid) = ('');
		my $ca = defined $c->{ca} ? "$base/$c->{ca}" : undef;
		my $file = sprintf '%s/%02d', $dir, $n++;
		my @pem = defined $ca ? pem_any($ca) : ();
		push @mid, pem_any("$base/$c->{untrusted}")
			if defined $c->{untrusted};
		my $data;
		if (($c->{data} // '') =~ /^str:(.*)/s) {
			$data = spew("$file.data", $1);
		} elsif (($c->{data} // '') =~ /^file:(.*)/s) {
			$data = "$base/$1";
		}
		# The last one of a chain file is its root.
		emit(sprintf('%02d %s', $n, $c->{why}), $c->{expect},
			"token=$base/$c->{token}",
			@pem ? 'roots=' . spew("$file.roots", $pem[-1]) : (),
			@mid ? 'untrusted=' . spew("$file.mid",
				join '', @mid) : (),
			defined $data ? "data=$data" : (),
			defined $c->{request} ?
				"request=$base/$c->{request}" : ());
	}
}

# The certificates of a file as PEM, whatever form it has.
sub pem_any {
	my ($path) = @_;
	my @pem = pem_split($path);
	return @pem if @pem;
	my $b64 = encode_base64(slurp($path), "\n");
	return "-----BEGIN CERTIFICATE-----\n$b64-----END CERTIFICATE-----\n";
}

# What our seals verify: PKCS#1 v1.5, PSS with one digest throughout, ECDSA on
# the three curves, each with SHA-256, -384, -512. Everything else is refused
# by its algorithm before any arithmetic and is not in this suite.
sub wycheproof {
	my %hash = ('SHA-256' => 1, 'SHA-384' => 2, 'SHA-512' => 3);
	my %curve = map { $_ => 1 } qw(secp256r1 secp384r1 secp521r1);
	for my $file (sort glob "$dir/*.json") {
		my ($name) = $file =~ m{([^/]+)_test\.json$};
		for my $g (@{decode_json(slurp($file))->{testGroups}}) {
			my $hash = $hash{$g->{sha} // ''} or next;
			my $scheme = $g->{type} =~ /^Ecdsa/ ? 'ecdsa' :
				$g->{type} =~ /^RsassaPss/ ? 'pss' : 'pkcs1';
			next if $scheme eq 'ecdsa' &&
				!$curve{$g->{publicKey}{curve}};
			next if $scheme eq 'pss' && $g->{mgfSha} ne $g->{sha};
			for my $t (@{$g->{tests}}) {
				my $id = "$name $t->{tcId}";
				print $in join("\t", $id, $scheme, $hash,
					$g->{sLen} // 0,
					$g->{publicKeyDer},
					length $t->{msg} ? $t->{msg} : '-',
					length $t->{sig} ? $t->{sig} : '-'),
					"\n";
				print $want "$id\t", $t->{result} eq
					'acceptable' ? 'either' :
					$t->{result}, "\n";
			}
		}
	}
}

my %suites = (wycheproof => \&wycheproof, tst => \&tst, pkits => \&pkits, limbo => \&limbo,
	'limbo-strict' => sub { limbo('strict') },
	boringssl => \&boringssl, openssl => \&openssl);
die "unknown suite $suite\n" unless $suites{$suite};
$suites{$suite}->();
close $in or die "$!\n";
close $want or die "$!\n";
