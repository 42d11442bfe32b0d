#!/bin/sh
# rpmsign with touchmark-gpg in gpg's place, and a yum repository's signature:
# what comes out satisfies rpmkeys, gpgv and sqv.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/drop-lib.sh"
need rpmbuild rpmsign rpmkeys rpm createrepo_c gpg gpgv sqv pkcs11-tool \
	softhsm2-util

drop_key
drop_rpm
ok 'a database of keys' rpmkeys --dbpath "$T/db" --import "$CERT"
cat >"$HOME/.rpmmacros" <<EOM
%__gpg $BIN/touchmark-gpg
%_gpg_name release@example.org
%_dbpath $T/db
EOM

# checked FILE: by rpm's own judgement, signed by our key
checked() {
	rpmkeys --checksig --verbose "$1" 2>&1 | tr '[:upper:]' '[:lower:]' |
		grep -c "key id $(echo "$FPR" | tail -c 9 | tr '[:upper:]' '[:lower:]'): ok"
}
cp "$RPM" "$T/before.rpm"
is "$(checked "$RPM")" 0 'nobody signed it yet'
ok 'rpmsign --addsign' rpmsign --addsign "$RPM"
is "$(checked "$RPM")" 1 'rpmkeys finds the header signed by our key'
ok 'and says so' rpmkeys --checksig "$RPM"
has 'digests signatures OK' 'in its own words'
is "$(rpm -qp --qf '%{SHA256HEADER}' "$RPM" 2>/dev/null)" \
	"$(rpm -qp --qf '%{SHA256HEADER}' "$T/before.rpm" 2>/dev/null)" \
	'the header is what it was'
ok 'rpmsign --resign' rpmsign --resign "$RPM"
is "$(checked "$RPM")" 1 'is good too'
ok 'rpmsign --delsign' rpmsign --delsign "$RPM"
is "$(checked "$RPM")" 0 'takes them away'

for name in release "$FPR" "$USER_ID"; do
	ok "_gpg_name $name" rpmsign --define "_gpg_name $name" --resign "$RPM"
	is "$(checked "$RPM")" 1 'is the same key'
done
ok '_gpg_digest_algo sha512' rpmsign --define '_gpg_digest_algo sha512' \
	--resign "$RPM"
is "$(rpmkeys --checksig --verbose "$RPM" 2>&1 | grep -c 'RSA/SHA512')" 1 \
	'is the digest that was asked for'
is "$(checked "$RPM")" 1 'by our key'

# git signs X.509 here, and rpm does not want that.
git config --global gpg.format x509
git config --global user.signingKey release
ok 'whatever git signs with' rpmsign --resign "$RPM"
is "$(checked "$RPM")" 1 'rpm gets OpenPGP'

# A command of one's own, as packagers write it.
echo "%__gpg_sign_cmd %{__gpg} touchmark-gpg --batch --no-armor -u release \
-sbo %{__signature_filename} -- %{__plaintext_filename}" >>"$HOME/.rpmmacros"
ok 'a __gpg_sign_cmd' rpmsign --resign "$RPM"
is "$(checked "$RPM")" 1 'signs as well'
sed -i '/__gpg_sign_cmd/d' "$HOME/.rpmmacros"

# What must fail.
cp "$RPM" "$T/signed.rpm"
run rpmsign --define '_gpg_name nobody@example.org' --resign "$RPM"
is "$((RC != 0))" 1 'a key that is nobody'"'"'s does not sign'
is "$(cmp "$RPM" "$T/signed.rpm" && echo same)" same 'and the package stays'
drop_pin away
run rpmsign --resign "$RPM"
is "$((RC != 0))" 1 'nor does a key without its PIN'
is "$(cmp "$RPM" "$T/signed.rpm" && echo same)" same 'and the package stays'
drop_pin back

# A repository of rpms.
mkdir "$T/yum"
cp "$RPM" "$T/yum/"
ok 'createrepo_c' createrepo_c -q "$T/yum"
MD=$T/yum/repodata/repomd.xml
ok 'gpg --detach-sign --armor' touchmark-gpg --batch --yes --detach-sign \
	--armor -u release "$MD"
ok 'gpgv takes it' gpgv --keyring "$RING" "$MD.asc" "$MD"
ok 'so does sqv' sqv --keyring "$CERT" "$MD.asc" "$MD"
echo >>"$MD"
exits 1 'and nothing else' gpgv --keyring "$RING" "$MD.asc" "$MD"
done_testing
