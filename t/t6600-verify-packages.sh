#!/bin/sh
# touchmark verify and packages that carry their signatures: what others signed
# is judged by what is inside, and what was changed is refused.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=package-lib.sh
. "${0%/*}/package-lib.sh"
need gpg ar dpkg-deb rpmbuild rpmsign perl openssl mkfifo

cd "$T" || exit 1
# rpm takes RSA alone from every key that it meets.
gpg_key first@example.org rsa3072
FIRST=$KEY
gpg_key second@example.org
cat first@example.org.pgp second@example.org.pgp >both.pgp

verify() {
	touchmark verify "$@"
}

field() {	# NAME: of the last line of output
	perl -MJSON::PP -e '$j = decode_json(<STDIN>);
		$v = $j->{$ARGV[0]}; print defined $v ? $v : "null"' "$1" <out
}

# deb_sign DEB ROLE MAIL: as debsigs does it.
deb_sign() {
	rm -rf parts && mkdir parts && (cd parts && ar x "../$1" &&
		cat debian-binary control.tar.* data.tar.* |
		gpg --quiet --batch -u "$3" --detach-sign >"_gpg$2" &&
		ar q "../$1" "_gpg$2") 2>"$T/setup.log"
}

# ---- deb --------------------------------------------------------------------------

deb_new plain
cp plain.deb one.deb
deb_sign one.deb origin first@example.org
ok 'a deb that gpg signed' verify --keyring first@example.org.pgp one.deb
has "^one\.deb: good signature of Test <first@example\.org> \($FIRST\), no \
timestamp, .*, role origin\$" 'by whom, and in which role'
ok 'as JSON' verify --json --keyring first@example.org.pgp one.deb
is "$(field form)-$(field format)-$(field role)-$(field status)" \
	deb-openpgp-origin-good 'the same'
exits 1 'another keyring' verify --keyring second@example.org.pgp one.deb
has 'refused cert-missing' 'is cert-missing'
exits 1 'an unsigned deb' verify --keyring both.pgp plain.deb
has 'refused signature-missing: it carries no signature' \
	'is signature-missing'
ok 'the name says nothing' sh -c 'cp one.deb one.tar &&
	touchmark verify --keyring first@example.org.pgp one.tar'
cp one.deb two.deb
deb_sign two.deb maint second@example.org
ok 'two roles, both known' verify --keyring both.pgp two.deb
has 'role origin$' 'one is told'
has 'role maint$' 'and the other'
ok 'one of them known' verify --keyring second@example.org.pgp two.deb
has 'does not count, cert-missing' 'the other does not count'
ok 'as JSON' verify --json --keyring second@example.org.pgp two.deb
is "$(perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	print join ",", map { "$_->{role}:$_->{status}:" .
	($_->{counts} ? "counts" : "not") } @{$j->{signers}}' <out)" \
	origin:refused:not,maint:good:counts 'each in its place'
cp two.deb bad.deb
# The second signature is the last member.
flip bad.deb -20
exits 1 'one of two is bad' verify --keyring both.pgp bad.deb
has 'refused signature-(bad|malformed)' 'and refuses the deb'
deb_new other
rm -rf p && mkdir p && (cd p && ar x ../one.deb _gpgorigin &&
	ar q ../other.deb _gpgorigin)
exits 1 'the signature of another deb' verify --keyring both.pgp other.deb
has 'refused signature-bad' 'is signature-bad'
{ cat one.deb; echo; } >longer.deb
exits 1 'a deb with more behind it' verify --keyring both.pgp longer.deb
has 'refused object-malformed' 'is object-malformed'
head -c 200 one.deb >short.deb
exits 1 'half a deb' verify --keyring both.pgp short.deb
has 'refused object-malformed' 'is object-malformed'
exits 4 'a deb that is not there' verify --keyring both.pgp absent.deb
gpg --quiet --batch -u first@example.org --textmode --detach-sign \
	-o _gpgorigin plain.deb
cp plain.deb text.deb
ar q text.deb _gpgorigin
exits 1 'a signature of text inside a deb' verify --keyring both.pgp text.deb
has 'refused signature-bad: .*of text' 'is signature-bad'

# ---- rpm --------------------------------------------------------------------------

cat >x.spec <<-EOS
	Name: x
	Version: 1
	Release: 1
	Summary: x
	License: x
	BuildArch: noarch
	%description
	x
	%install
	mkdir -p %{buildroot}/usr/share/x
	seq 1 2000 >%{buildroot}/usr/share/x/numbers
	%files
	/usr/share/x
	EOS
rpmbuild --quiet -bb --define "_topdir $T/rpmbuild" x.spec >setup.log 2>&1
cp rpmbuild/RPMS/noarch/x-1-1.noarch.rpm plain.rpm || exit 1
cp plain.rpm one.rpm
rpmsign --define '__gpg /usr/bin/gpg' --define '_gpg_name first@example.org' \
	--addsign one.rpm >setup.log 2>&1
ok 'an rpm that rpmsign signed' verify --keyring first@example.org.pgp one.rpm
has "^one\.rpm: good signature of Test <first@example\.org> \($FIRST\)" \
	'by whom'
ok 'as JSON' verify --json --keyring first@example.org.pgp one.rpm
is "$(field form)-$(field format)-$(field status)" rpm-openpgp-good 'the same'
exits 1 'another keyring' verify --keyring second@example.org.pgp one.rpm
has "refused cert-missing: .*$FIRST" 'is cert-missing'
exits 1 'an unsigned rpm' verify --keyring both.pgp plain.rpm
has 'refused signature-missing: it carries no signature' \
	'is signature-missing'
cp one.rpm bad.rpm
flip bad.rpm -5
exits 1 'another payload' verify --keyring both.pgp bad.rpm
has 'refused content-mismatch' 'is content-mismatch'
cp one.rpm bad.rpm
at=$(grep -abo 'noarch' one.rpm | tail -1 | cut -d: -f1)
flip bad.rpm "$at"
exits 1 'another header' verify --keyring both.pgp bad.rpm
has 'refused (content-mismatch|signature-bad|object-malformed)' 'is refused'
head -c 3000 one.rpm >short.rpm
exits 1 'half an rpm' verify --keyring both.pgp short.rpm
has 'refused object-malformed' 'is object-malformed'
exits 4 'an rpm that is not there' verify --keyring both.pgp absent.rpm

# ---- inside or beside -----------------------------------------------------------------

pki_root ca
pki_leaf ca dev dev@example.org
openssl cms -sign -binary -md sha256 -in one.rpm -signer pki/dev.pem \
	-inkey pki/dev.key -outform DER -out one.rpm.p7s 2>setup.log
ok 'roots mean what is beside it' verify --roots pki/ca.pem one.rpm
has 'good signature of CN=dev' 'by whom'
ok 'as JSON' verify --roots pki/ca.pem --json one.rpm
is "$(field form)-$(field format)" null-cms 'the same'
mkfifo plain.deb.asc
exits 1 'a pipe beside an unsigned one' verify --keyring both.pgp plain.deb
has 'refused signature-missing: .*not a regular file' 'is not waited for'
rm plain.deb.asc
ok 'a keyring what is inside' verify --keyring both.pgp one.rpm
has 'good signature of Test' 'by whom'
ok 'both too' verify --roots pki/ca.pem --keyring both.pgp one.rpm
has 'good signature of Test' 'by whom'
ok 'what is named is taken' verify --roots pki/ca.pem --keyring both.pgp \
	one.rpm one.rpm.p7s
has 'good signature of CN=dev' 'by whom'
cp one.rpm.p7s plain.rpm.p7s
exits 1 'beside an unsigned one' verify --roots pki/ca.pem plain.rpm
has 'refused signature-bad' 'what is there is judged'

done_testing
