#!/bin/sh
# touchmark-sop verifies what others signed, by the certificates that were
# named and nothing else; what is not whole or not signed gives no data.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need sqop gpg faketime openssl

cd "$T" || exit 1
for n in one two; do
	sqop generate-key "Key $n <$n@example.org>" >$n.key 2>out
	sqop extract-cert <$n.key >$n.cert 2>out
done
printf 'line \t\n- dash\r\n\nlast\n' >text
printf 'a\000b\r\nc\r' >bytes

# sop IN ARG...: standard output in $T/got, the rest in $T/out
sop() {
	in=$1
	shift
	touchmark-sop "$@" <"$in" >"$T/got" 2>"$T/out"
	RC=$?
}
empty() {
	is "$(wc -c <"$T/got" | tr -d ' ')" 0 "$1"
}

# ---- verify ------------------------------------------------------------------
sqop sign one.key <bytes >sig 2>out
sqop sign --as=text one.key <text >sig.text 2>out
sqop sign one.key two.key <bytes >sig.both 2>out
sop bytes verify sig one.cert
is "$RC" 0 'a signature of sqop'
is "$(cut -d' ' -f2,3 got)" "$(sqop verify sig one.cert <bytes |
	cut -d' ' -f2,3)" 'the same keys as sqop tells'
is "$(cut -d' ' -f1 got)" "$(sqop verify sig one.cert <bytes |
	cut -d' ' -f1)" 'and the same time'
sop text verify sig.text one.cert
is "$RC-$(grep -c 'mode:text$' got)" 0-1 'one of text'
sop bytes verify sig two.cert
is "$RC" 3 'not by another certificate'
empty 'and nothing is said'
sop bytes verify sig two.cert one.cert
is "$RC" 0 'several certificates'
cat two.cert one.cert >certs
sop bytes verify sig certs
is "$RC" 0 'several in one file'
sop bytes verify sig.both one.cert
is "$RC-$(wc -l <got | tr -d ' ')" 0-1 'two signatures, one certificate'
sop bytes verify sig.both one.cert two.cert
is "$RC-$(wc -l <got | tr -d ' ')" 0-2 'and two'
sop text verify sig one.cert
is "$RC" 3 'other content'
sqop dearmor <sig >sig.bin
sop bytes verify sig.bin one.cert
is "$RC" 0 'a binary signature'
sqop dearmor <one.cert >one.bin
sop bytes verify sig one.bin
is "$RC" 0 'a binary certificate'

for t in now - 2020-01-01T00:00:00Z; do
	sop bytes verify --not-before=2001-01-01T00:00:00Z --not-after=$t sig \
		one.cert
	case $t in 2020*) want=3 ;; *) want=0 ;; esac
	is "$RC" "$want" "--not-after=$t"
done
sop bytes verify --not-before=2100-01-01T00:00:00Z --not-after=- sig one.cert
is "$RC" 3 '--not-before in the future'
sop bytes verify --not-before=yesterday sig one.cert
is "$RC" 37 'a time that is none'
sop bytes verify sig
is "$RC" 19 'without a certificate'
sop bytes verify sig absent
is "$RC" 61 'a certificate that is not there'
sop bytes verify absent one.cert
is "$RC" 61 'a signature that is not there'
sop bytes verify text one.cert
is "$RC" 41 'a signature that is none'
sop bytes verify one.cert one.cert
is "$RC" 41 'a certificate as a signature'
sop bytes verify sig sig
is "$RC" 41 'a signature as a certificate'
sop bytes verify sig one.key
is "$RC" 41 'a secret key as a certificate'
# What only the configuration trusts is not trusted.
mkdir -p "$XDG_CONFIG_HOME/touchmark"
cat one.cert >ring.asc
printf '[trust]\n\tkeyring = %s\n' "$T/ring.asc" >policy
git config -f "$XDG_CONFIG_HOME/touchmark/config" touchmark.policy "$T/policy"
sop bytes verify sig two.cert
is "$RC" 3 'a configured policy counts for nothing'

# A weak digest, an expired key.
G="gpg --batch --quiet --yes --pinentry-mode loopback --passphrase="
$G --quick-generate-key 'Old <old@example.org>' rsa2048 sign 1d 2>out
$G --armor --export old@example.org >old.cert
$G --digest-algo SHA1 -abu old@example.org -o sha1.sig bytes 2>out
$G -abu old@example.org -o old.sig bytes 2>out
sop bytes verify old.sig old.cert
is "$RC" 0 'a signature of gpg'
sop bytes verify sha1.sig old.cert
is "$RC" 3 'a digest that is weak'
faketime '+3 days' touchmark-sop verify old.sig old.cert <bytes >got 2>out
is "$?" 3 'a key that has expired since'

# ---- inline ------------------------------------------------------------------
for as in binary text; do
	sqop inline-sign --as=$as one.key <text >msg 2>out
	rm -f v
	sop msg inline-verify --verifications-out=v one.cert
	is "$RC-$(cmp got text 2>&1)" 0- "inline-verify: $as of sqop"
	is "$(grep -c "Z [0-9A-F]\{40\} [0-9A-F]\{40\} mode:$as\$" v)" 1 \
		'and who signed'
	sop msg inline-verify two.cert
	is "$RC" 3 'not by another certificate'
	empty 'and no data'
	rm -f s
	sop msg inline-detach --signatures-out=s
	is "$RC-$(cmp got text 2>&1)" 0- 'inline-detach'
	run_in got sqop verify s one.cert
	is "$RC" 0 'whose signature is good'
done
sqop inline-sign --no-armor one.key two.key <bytes >msg 2>out
sop msg inline-verify one.cert
is "$RC-$(cmp got bytes 2>&1)" 0- 'two signers, binary'
$G --compress-algo none -su old@example.org -o msg bytes 2>out
sop msg inline-verify old.cert
is "$RC-$(cmp got bytes 2>&1)" 0- 'a message of gpg'
head -c 100000 /dev/zero | $G --compress-algo none -su old@example.org >msg \
	2>out
sop msg inline-verify old.cert
is "$RC-$(wc -c <got | tr -d ' ')" 0-100000 'one that it wrote in parts'
$G --compress-algo zlib -su old@example.org -o msg text 2>out
sop msg inline-verify old.cert
is "$RC" 41 'a compressed one is not read'
empty 'and no data'

sqop inline-sign --as=clearsigned one.key <text >clear 2>out
rm -f v
sop clear inline-verify --verifications-out=v one.cert
is "$RC" 0 'a clearsigned text of sqop'
is "$(cat got)" "$(printf 'line\n- dash\n\nlast')" 'its text'
is "$(grep -c mode:text v)" 1 'is text'
sop clear inline-verify --verifications-out=v one.cert
is "$RC" 59 'an output that is there'
empty 'and no data'
printf 'line\n- dash\n\nlast\n' | $G --clearsign -u old@example.org >clear2 \
	2>out
sop clear2 inline-verify old.cert
is "$RC" 0 'one of gpg'
rm -f s
sop clear2 inline-detach --signatures-out=s
is "$RC" 0 'inline-detach'
mv got parted
run_in parted sqop verify s old.cert
is "$RC" 0 'sqop takes signature and text'
sop parted verify s old.cert
is "$RC" 0 'so do we'
sop clear inline-detach
is "$RC" 19 'inline-detach needs a place'

# What is altered or not all signed.
sed 's/^last$/lost/' clear >bad
sop bad inline-verify one.cert
is "$RC" 3 'another text'
empty 'and no data'
{ echo before; cat clear; } >bad
sop bad inline-verify one.cert
is "$RC" 41 'text before it'
{ cat clear; echo behind; } >bad
sop bad inline-verify one.cert
is "$RC" 41 'text behind it'
empty 'and no data'
sqop inline-sign --no-armor one.key <bytes >msg 2>out
size=$(wc -c <msg | tr -d ' ')
i=1
while [ $i -lt "$size" ]; do
	head -c $i msg >bad
	sop bad inline-verify one.cert
	case $RC in 3 | 41) ;; *) break ;; esac
	[ -s got ] && break
	i=$((i + 13))
done
is "$((i >= size))" 1 'a message that ends early'
cat msg msg >bad
sop bad inline-verify one.cert
is "$RC" 41 'two messages'
printf '\313\012b\000\000\000\000\000evil' >literal
{ cat literal; cat msg; } >bad
sop bad inline-verify one.cert
is "$RC" 41 'a content that nobody signed before it'
{ cat msg; cat literal; } >bad
sop bad inline-verify one.cert
is "$RC" 41 'or behind it'
sop literal inline-verify one.cert
is "$((RC == 41 || RC == 3))" 1 'a content without any signature'
empty 'and no data'
cat sig.bin literal >bad
sop bad inline-verify one.cert
is "$RC" 3 'somebody else'"'"'s signature before a content'
empty 'and no data'
openssl rand 2000 >bad
sop bad inline-verify one.cert
is "$((RC == 41 || RC == 3))" 1 'noise'

# ---- armour ------------------------------------------------------------------
for f in sig one.cert; do
	sop $f dearmor
	is "$RC-$(sqop dearmor <$f | cmp - got 2>&1)" 0- "dearmor $f"
	mv got raw
	sop raw armor
	is "$RC" 0 "armor $f"
	mv got again
	sop again dearmor
	is "$(cmp raw got 2>&1)" '' 'and back'
done
sop text dearmor
is "$RC" 41 'dearmor of text'
sop one.key armor
is "$RC" 41 'secret keys are not handled'
sop one.cert extract-cert
is "$RC-$(grep -c BEGIN got)" 0-1 'extract-cert of a certificate'
sop one.cert extract-cert --no-armor
is "$RC-$(sqop dearmor <one.cert | cmp - got 2>&1)" 0- 'in binary'
sop sig extract-cert
is "$RC" 41 'but not of a signature'
done_testing
