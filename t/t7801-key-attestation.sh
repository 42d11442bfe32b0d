#!/bin/sh
# A maker's attestation: believed under the maker's root, for this key, in the
# form that devices give it, and in no other case.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl python3 ssh-keygen softhsm2-util pkcs11-tool git

CONFIG=$XDG_CONFIG_HOME/touchmark/config
softhsm_new work
cd "$T" || exit 1
for k in mine other; do
	touchmark key generate $k --token work --module "$MODULE" \
		--pin-file "$PINFILE" --algorithm p256 >/dev/null 2>&1
	touchmark key export $k --type ssh >"$k.ssh"
	ssh-keygen -e -m PKCS8 -f "$k.ssh" >"$k.pub" 2>/dev/null
done

# ---- a maker of our own -----------------------------------------------------------

ARC=1.3.6.1.4.1.41482.3
FIRMWARE=$ARC.3=DER:05:04:03 SERIAL=$ARC.7=DER:02:04:01:23:45:67
POLICY=$ARC.8=DER:03:02
LEAF_SUBJECT='/CN=YubiKey PIV Attestation 9c'
mkdir pki

# ca NAME ISSUER SUBJECT EXT-LINE...: a certificate NAME with a key of its own.
ca() {
	name=$1 issuer=$2 subject=$3
	shift 3
	printf '%s\n' "$@" >ext
	[ -f "pki/$name.key" ] || openssl ecparam -name prime256v1 -genkey \
		-noout -out "pki/$name.key"
	openssl req -new -key "pki/$name.key" -subj "$subject" \
		-out csr 2>/dev/null
	if [ "$issuer" = self ]; then
		openssl x509 -req -in csr -signkey "pki/$name.key" -sha256 \
			-days 9000 -extfile ext -out "pki/$name.pem"
	else
		openssl x509 -req -in csr -CA "pki/$issuer.pem" \
			-CAkey "pki/$issuer.key" -sha256 -days 9000 \
			-set_serial "0x$(openssl rand -hex 8)" \
			-extfile ext -out "pki/$name.pem"
	fi 2>/dev/null
}

# attest NAME DEVICE PUBLIC-KEY EXT-LINE...: what a device says of a key.
attest() {
	name=$1 device=$2 pub=$3
	shift 3
	printf '%s\n' "$@" >ext
	openssl req -new -key pki/root.key -subj "$LEAF_SUBJECT" -out csr \
		2>/dev/null &&
	openssl x509 -req -in csr -force_pubkey "$pub" \
		-CA "pki/$device.pem" -CAkey "pki/$device.key" \
		"${DIGEST:--sha256}" -days "${DAYS:-9000}" \
		-set_serial "0x$(openssl rand -hex 16)" -extfile ext \
		-out "$name.pem" 2>/dev/null
}

CA=basicConstraints=critical,CA:TRUE
ca root self '/CN=Maker PIV Root' $CA,pathlen:1
ca device root '/CN=Maker PIV Attestation' $CA,pathlen:0
ca stranger self '/CN=Maker PIV Root' $CA,pathlen:1
ca own stranger '/CN=Maker PIV Attestation' $CA,pathlen:0
attest good device mine.pub $FIRMWARE $SERIAL $POLICY

report() {	# CERT-FILE...: judged under the maker's root
	cat "$@" >bundle.pem
	run touchmark key report mine --json --no-login \
		--attestation bundle.pem \
		--attestation-roots "${ROOTS:-pki/root.pem}"
	cp out r.json 2>/dev/null || cp "$T/out" r.json
}

get() {
	python3 - r.json "$@" <<-'END'
	import json, sys
	v = json.load(open(sys.argv[1]))
	for p in sys.argv[2:]:
	    if p.startswith('row:'):
	        v = [r for r in v['requirements'] if r['row'] == p[4:]][0]['verdict']
	    else:
	        v = v[p] if v is not None else None
	print(json.dumps(v) if not isinstance(v, str) else v)
	END
}

get_three() {
	python3 -c 'import json
r = json.load(open("r.json"))
q = {x["row"]: x["verdict"] for x in r["requirements"]}
print((r["attestation"] or {}).get("verdict"), q["proof"],
      q["generated-in-hardware"])'
}

# ---- what is believed ----------------------------------------------------------------

report good.pem pki/device.pem
is "$RC" 0 'a report with attestation'
is "$(get attestation verdict)" attested 'is attested'
is "$(get attestation firmware)" 5.4.3 'firmware'
is "$(get attestation serial)" 19088743 'serial number'
is "$(get attestation slot)" 9c 'slot'
is "$(get attestation pinPolicy)" always 'PIN policy'
is "$(get attestation touchPolicy)" always 'touch policy'
is "$(get attestation device)" 'CN=Maker PIV Attestation' 'device'
is "$(get attestation rootSha256)" "$(openssl x509 -in pki/root.pem \
	-outform DER | sha256sum | cut -d' ' -f1)" 'under that root'
for r in generated-in-hardware non-exportable activation proof; do
	is "$(get "row:$r")" pass "$r: pass"
done
is "$(get row:module-certification)" 'not checkable' \
	'but an attestation is no certificate of the module'

report pki/device.pem good.pem
is "$(get attestation verdict)" attested 'in any order'
touchmark key report mine --json --no-login --attestation good.pem \
	--attestation pki/device.pem --attestation-roots pki/root.pem >r.json
is "$(get attestation verdict)" attested 'in two files'
git config -f "$CONFIG" touchmark.attestationRoots "$T/pki/root.pem"
cat good.pem pki/device.pem >bundle.pem
touchmark key report mine --json --no-login --attestation bundle.pem >r.json
is "$(get attestation verdict)" attested 'under the configured roots'
git config -f "$CONFIG" --unset touchmark.attestationRoots

# A device that hides its number; other policies.
attest quiet device mine.pub $FIRMWARE $ARC.8=DER:01:01
report quiet.pem pki/device.pem
is "$(get attestation verdict)" attested 'without a serial number'
is "$(get attestation serial)" null 'which is not told then'
is "$(get row:activation)" fail 'a key that needs no PIN: activation fails'

# The device has no clock: the dates of its certificates are told, not judged.
DAYS=-1 attest expired device mine.pub $FIRMWARE $SERIAL $POLICY
report expired.pem pki/device.pem
is "$(get attestation verdict)" attested 'one whose dates have passed'

# A CA between root and device.
ca high self '/CN=Maker Root 2' $CA
ca middle high '/CN=Maker CA 2' $CA,pathlen:1
ca device2 middle '/CN=Maker PIV Attestation 2' $CA,pathlen:0
attest long device2 mine.pub $FIRMWARE $SERIAL $POLICY
ROOTS=pki/high.pem report pki/device2.pem long.pem pki/middle.pem
is "$(get attestation verdict)" attested 'with a CA between'
ROOTS=pki/high.pem report pki/device2.pem long.pem
is "$(get attestation verdict)" refused 'but not when that CA is missing'

# On the token itself, as drivers show it.
openssl x509 -in good.pem -outform DER -out good.der
openssl x509 -in pki/device.pem -outform DER -out device.der
for f in good device; do
	pkcs11-tool --module "$MODULE" --token-label work --login \
		--pin test-PIN --type cert --write-object $f.der --id f9 \
		--label "X.509 Certificate for PIV Attestation $f" \
		>/dev/null 2>&1
done
touchmark key report mine --json --no-login \
	--attestation-roots pki/root.pem >r.json
is "$(get attestation verdict)" attested 'found on the token'
is "$(get certificates)" '[]' 'and is not taken for a certificate of the key'
touchmark key report other --json --no-login \
	--attestation-roots pki/root.pem >r.json
is "$(get attestation)" null 'which says nothing about another key'
for f in good device; do
	pkcs11-tool --module "$MODULE" --token-label work --login \
		--pin test-PIN --type cert --delete-object \
		--label "X.509 Certificate for PIV Attestation $f" \
		>/dev/null 2>&1
done
touchmark key report mine --json --no-login \
	--attestation-roots pki/root.pem >r.json
is "$(get attestation)" null 'gone from the token, gone from the report'

# ---- what is not -----------------------------------------------------------------------

refused() {	# TEXT PATTERN CERT-FILE...
	text=$1 pattern=$2
	shift 2
	report "$@"
	# Proves nothing, nor that it was made in hardware.
	is "$(get_three)" 'refused fail fail' "refused: $text"
	cp r.json "$T/out"
	has "$pattern" "$text: and why"
}

bad() {	# TEXT PATTERN EXT-LINE...: an attestation of such a form
	text=$1 pattern=$2
	shift 2
	attest bad "${DEVICE:-device}" mine.pub "$@"
	refused "$text" "$pattern" bad.pem "pki/${DEVICE:-device}.pem"
}

ROOTS=pki/stranger.pem refused "another root's" 'no chain leads' \
	good.pem pki/device.pem
DEVICE=own bad "a device of one's own, with the maker's names" \
	'no chain leads' $FIRMWARE $SERIAL $POLICY
refused 'without the certificate of the device' 'no chain leads' good.pem
ROOTS=pki/device.pem refused 'the device itself as root' 'no chain leads' \
	good.pem pki/device.pem
run touchmark key report mine --json --no-login --attestation bundle.pem
cp "$T/out" r.json
is "$(get attestation verdict)" refused 'refused: without any root'

# An attested key vouches for another one: its certificate is no CA's, even if
# it says so.
openssl ecparam -name prime256v1 -genkey -noout -out pki/inside.key
openssl pkey -in pki/inside.key -pubout -out inside.pub
attest inside device inside.pub $FIRMWARE $SERIAL $POLICY
cp inside.pem pki/inside.pem
DEVICE=inside bad 'by a key inside for one outside' 'no chain leads' \
	$FIRMWARE $SERIAL $POLICY
cat inside.pem pki/device.pem >more.pem
refused 'the same with its whole chain' 'no chain leads' bad.pem more.pem
ca loose root '/CN=Maker PIV Attestation 3' $CA,pathlen:1
attest inside loose inside.pub $FIRMWARE $SERIAL $POLICY $CA
cp inside.pem pki/inside.pem
attest bad inside mine.pub $FIRMWARE $SERIAL $POLICY
refused 'by a key inside that claims to be a CA' 'no chain leads' \
	bad.pem inside.pem pki/loose.pem
ca leafy root '/CN=Maker PIV Attestation 4' basicConstraints=CA:FALSE
DEVICE=leafy bad 'by a device that is no CA' 'no chain leads' $FIRMWARE \
	$SERIAL $POLICY
ca deep device '/CN=Maker PIV Attestation 5' $CA
attest bad deep mine.pub $FIRMWARE $SERIAL $POLICY
refused 'below the path length of the device' 'no chain leads' \
	bad.pem pki/deep.pem pki/device.pem

bad 'a CA as attested key' 'certificate of a CA' $FIRMWARE $SERIAL $POLICY $CA
bad 'a critical extension nobody knows' 'critical extension' $FIRMWARE \
	$SERIAL $POLICY 1.2.3.4=critical,DER:05:00
bad 'no firmware' 'no firmware' $SERIAL $POLICY
bad 'firmware of two bytes' 'no firmware' $ARC.3=DER:05:04 $SERIAL $POLICY
bad 'firmware of four bytes' 'no firmware' $ARC.3=DER:05:04:03:02 $SERIAL \
	$POLICY
bad 'a serial number that is no INTEGER' 'serial number' $FIRMWARE \
	$ARC.7=DER:04:04:01:23:45:67 $POLICY
bad 'a serial number longer than it is' 'serial number' $FIRMWARE \
	$ARC.7=DER:02:05:01:23:45:67 $POLICY
bad 'a serial number with a byte too many' 'serial number' $FIRMWARE \
	$ARC.7=DER:02:04:01:23:45:67:89 $POLICY
bad 'a serial number not in shortest form' 'serial number' $FIRMWARE \
	$ARC.7=DER:02:05:00:01:23:45:67 $POLICY
bad 'a negative serial number' 'serial number' $FIRMWARE \
	$ARC.7=DER:02:04:81:23:45:67 $POLICY
bad 'policies of one byte' 'touch policy' $FIRMWARE $SERIAL $ARC.8=DER:03
bad 'policies of three bytes' 'touch policy' $FIRMWARE $SERIAL \
	$ARC.8=DER:03:02:01
bad 'a PIN policy nobody knows' 'touch policy' $FIRMWARE $SERIAL \
	$ARC.8=DER:09:02
bad 'a touch policy of zero' 'touch policy' $FIRMWARE $SERIAL $ARC.8=DER:03:00
LEAF_SUBJECT='/CN=YubiKey PIV Attestation f9' bad 'the slot of the device' \
	'name a slot' $FIRMWARE $SERIAL $POLICY
LEAF_SUBJECT='/CN=YubiKey PIV Attestation' bad 'no slot' 'name a slot' \
	$FIRMWARE $SERIAL $POLICY
LEAF_SUBJECT='/O=x/CN=YubiKey PIV Attestation 9c' bad 'another subject' \
	'name a slot' $FIRMWARE $SERIAL $POLICY
DIGEST=-sha1 bad 'signed with SHA-1' 'no chain leads' $FIRMWARE $SERIAL $POLICY

# For another key: it says nothing about this one.
attest foreign device other.pub $FIRMWARE $SERIAL $POLICY
report foreign.pem pki/device.pem
is "$(get attestation)" null 'an attestation of another key'
is "$(get row:proof)" fail 'proves nothing about this one'

# One bit of a good one.
openssl x509 -in good.pem -outform DER -out flip.der
python3 - <<'END'
d = bytearray(open('flip.der', 'rb').read())
# OBJECT IDENTIFIER and OCTET STRING: no random bytes look like that.
i = d.index(b'\x82\xc4\x0a\x03\x03\x04\x03\x05\x04\x03')
d[i + 9] ^= 1
open('flip.der', 'wb').write(d)
END
openssl x509 -inform DER -in flip.der -out flip.pem
refused 'one bit of the firmware changed' 'no chain leads' flip.pem \
	pki/device.pem
# A bad one beside it takes nothing back.
report flip.pem good.pem pki/device.pem
is "$(get attestation verdict)" attested 'a bad one beside a good one'

# What is no certificate is an error, not "none".
echo nonsense >junk.pem
exits 4 'an attestation that cannot be read' touchmark key report mine \
	--no-login --attestation junk.pem --attestation-roots pki/root.pem
exits 4 'roots that cannot be read' touchmark key report mine --no-login \
	--attestation good.pem --attestation-roots junk.pem

done_testing
