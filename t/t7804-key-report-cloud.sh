#!/bin/sh
# Keys in services and at other hosts: the service's own description is in the
# report, and is never more than its word; no credential is.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=cloud-lib.sh
. "${0%/*}/cloud-lib.sh"
# shellcheck source=aws-lib.sh
. "${0%/*}/aws-lib.sh"
need openssl python3 ssh-keygen git

get() {
	python3 - "$T/r.json" "$@" <<-'END'
	import json, sys
	v = json.load(open(sys.argv[1]))
	for p in sys.argv[2:]:
	    if p.startswith('row:'):
	        v = [r for r in v['requirements'] if r['row'] == p[4:]][0]['verdict']
	    elif p.startswith('fact:'):
	        v = [f['value'] for f in v['facts'] if f['name'] == p[5:]][0]
	    else:
	        v = v[p]
	print(json.dumps(v) if not isinstance(v, str) else v)
	END
}

report() {	# NAME
	run timeout 120 touchmark key report "$1" --json
	cp "$T/out" "$T/r.json"
}

cd "$T" || exit 1
cloud_start
cloud_azure
cloud_google
cloud_vault
cloud_key release p256
# It takes options, none of which is needed here.
# shellcheck disable=SC2119
aws_start
aws_key release p256
git config -f "$CONFIG" touchmark.serviceDeadline 30
for s in azurekv gcpkms vault; do
	cloud_config $s "$(cloud_uri $s release)"
done
cloud_config awskms 'awskms:release?region=eu-test-1'

described() {	# NAME FACT VALUE
	report "$1"
	is "$RC" 0 "$1: a report"
	is "$(get token kind)" service "$1: it is a service"
	is "$(get "fact:$2")" "$3" "$1: $2 is in it"
	is "$(get attributes)" '{}' "$1: it has no attributes of PKCS #11"
	is "$(get row:activation)" 'not checkable' \
		"$1: who may use it is configured there"
	! cloud_secret "$T/r.json" >/dev/null &&
		! grep -qF -e "$AWS_SECRET" "$T/r.json"
	tap $? "$1: no secret is in it"
}

in_hardware() {	# NAME
	for r in generated-in-hardware non-exportable proof; do
		is "$(get "row:$r")" asserted "$1: $r: asserted, no more"
	done
	! grep -qi attested "$T/r.json"
	tap $? "$1: nothing is called attested"
}

described azurekv kty EC-HSM
in_hardware azurekv
described gcpkms protectionLevel HSM
in_hardware gcpkms
described awskms Origin AWS_KMS
in_hardware awskms
is "$(get fact:KeyState)" Enabled 'awskms: the state of the key'
is "$(get row:single-purpose)" asserted 'awskms: it signs alone'
described vault type ecdsa-p256
for r in generated-in-hardware non-exportable proof module-certification; do
	is "$(get "row:$r")" fail "vault: $r: fails, a program keeps it"
done

# It is signed there like anything else.
ok 'a signed report of a key in a service' timeout 120 \
	touchmark key report azurekv -o "$T/azure.txt"
echo "who $(touchmark key export azurekv --type ssh)" >"$T/allowed"
run_in "$T/azure.txt" ssh-keygen -Y verify -f "$T/allowed" -I who -n file \
	-s "$T/azure.txt.sig"
tap "$RC" 'ssh-keygen takes its signature'

# A service that says no, or nothing: no report, and why.
cloud_mode forbidden
exits 3 'rights that are missing' timeout 120 touchmark key report azurekv
cloud_mode garbage
run timeout 120 touchmark key report gcpkms -o "$T/none.txt"
[ "$RC" != 0 ] && [ ! -e "$T/none.txt" ]
tap $? 'an answer that is none gives no report'

done_testing
