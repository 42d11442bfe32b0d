#!/bin/sh
# Canonical text and clearsigned files against gpg, gpgv and sqop: what they
# make we take apart and hash alike, what we write they accept.
. "${0%/*}/lib.sh"
. "$TOP/t/package-lib.sh"
need gpg gpgv sqop xxd openssl

gpg_key maint@example.org
RING=$T/maint@example.org.pgp
gpg --batch --quiet --export-secret-keys "$KEY" >"$T/secret.pgp"
mkdir "$T/texts"
cd "$T/texts" || exit 1

printf '' >empty
printf '\n' >newline
printf '\n\n\n' >newlines
printf 'a line\n' >line
printf 'no end' >open
printf 'blanks  \n\t\ntabs\t\t\nboth \t \n  before\n' >blanks
printf 'blanks at the end  \t' >blanks-end
printf -- '-\n--\n- escaped\n-----BEGIN PGP SIGNATURE-----\n-- \nsig\n' >dashes
printf -- 'x\n-' >dash-end
printf 'From here\n>From there\n' >from
printf 'one\r\ntwo \r\n\r\nthree\r\n' >crlf
printf 'one\ntwo\r\nthree\n' >mixed
printf 'two lines\n\nand an empty one behind\n\n' >debsign
printf 'gr\303\274\303\237e \342\200\224 \360\237\226\213\n' >utf8
printf 'gr\374\337e\n' >latin1
printf 'Hash: SHA1\n\n-----END PGP SIGNATURE-----\n' >frame
{ head -c 19990 /dev/zero | tr '\0' x; echo; } >long

# hashes_to CANONICAL PACKET: the digest that the signature (version 4, one
# that is in PACKET with a header of two bytes) begins with is the one of these
# bytes and its trailer.
hashes_to() {
	xxd -p "$2" | tr -d '\n' >hex
	h=$(cat hex)
	body=${h#????}
	fields=$((0x$(printf %s "$body" | cut -c9-12) * 2))
	hashed=$(printf %s "$body" | cut -c1-$((12 + fields)))
	rest=${body#"$hashed"}
	unhashed=$((0x$(printf %s "$rest" | cut -c1-4) * 2))
	left=$(printf %s "$rest" | cut -c$((5 + unhashed))-$((8 + unhashed)))
	case $(printf %s "$body" | cut -c1-8) in
	0401??08) md=sha256 ;;
	0401??0a) md=sha512 ;;
	*) return 9 ;;
	esac
	{
		cat "$1"
		printf '%s04ff%08x' "$hashed" $((${#hashed} / 2)) | xxd -r -p
	} | openssl dgst "-$md" -r | cut -c1-4 >begin
	echo "$left" | cmp - begin
}

for f in *; do
	ok "$f: gpg clearsigns" gpg --batch --yes --quiet --clearsign \
		-o ../gpg.asc "$f"
	ok "$f: gpg's opens" tool open ../gpg.asc
	tool content ../gpg.asc >../content
	tool seal ../gpg.asc 0 >../seal
	ok "$f: its digest is ours" hashes_to ../content ../seal
	tool framed "$f" >../framed
	ok "$f: over the same bytes" cmp ../content ../framed
	tool text ../gpg.asc >../text
	# gpg closes the last line.
	{ cat "$f"; [ -z "$(tail -c 1 "$f")" ] || echo; } >../closed
	[ -s "$f" ] || echo >../closed
	ok "$f: the text comes back" cmp ../text ../closed

	ok "$f: written" tool write ../gpg.asc ../ours.asc -d 0 ../seal
	ok "$f: gpgv takes ours" gpgv --keyring "$RING" ../ours.asc
	tool text ../ours.asc >../again
	ok "$f: with the same text" cmp ../text ../again

	sqop sign --no-armor --as=text ../secret.pgp <../framed >../sqop.sig
	ok "$f: written around another text signature" \
		tool clearsign "$f" ../sqop.sig
	tool clearsign "$f" ../sqop.sig >../sqop.asc
	ok "$f: gpgv takes it" gpgv --keyring "$RING" ../sqop.asc
	run_in ../sqop.asc sqop inline-verify "$RING"
	tap $RC "$f: and sqop"
	tool content ../sqop.asc >../content
	ok "$f: over the same bytes" cmp ../content ../framed

	# Detached, over text.
	gpg --batch --yes --quiet --textmode -b -o ../detached.sig "$f"
	tool lines "$f" >../lines
	ok "$f: gpg's detached one is over our lines" \
		hashes_to ../lines ../detached.sig
	sqop sign --no-armor --as=text ../secret.pgp <"$f" >../sqop.sig
	ok "$f: sqop's detached one is over our lines" \
		hashes_to ../lines ../sqop.sig
done

# ---- several signatures -----------------------------------------------------
first=$KEY
gpg_key second@example.org rsa3072
cat "$T/second@example.org.pgp" >>"$RING"
ok 'two signers' gpg --batch --yes --quiet -u "$first" -u "$KEY" \
	--clearsign -o ../two.asc debsign
ok 'opens' tool open ../two.asc
has '^1 ' 'with two signatures'
ok 'the first left out' tool write ../two.asc ../one.asc -d 0
ok 'gpgv takes what is left' gpgv --keyring "$RING" ../one.asc
has "$KEY" 'the second'
hasnt "$first" 'and it alone'
tool seal ../two.asc 0 >../seal
ok 'and put behind it' tool write ../one.asc ../both.asc ../seal
ok 'gpgv takes both' gpgv --keyring "$RING" ../both.asc
is "$(grep -c 'Good signature' "$T/out")" 2 'both are good'
tool text ../both.asc >../text
ok 'around the same text' cmp ../text debsign

# ---- changed ----------------------------------------------------------------
sed 's/and an empty/and no empty/' ../one.asc >../bad.asc
tool content ../bad.asc >../bad
exits 1 'another text is another content' cmp -s ../bad ../framed
(cat ../one.asc; echo more) >../bad.asc
exits 1 'text behind' tool open ../bad.asc
(echo more; cat ../one.asc) >../bad.asc
exits 4 'text before is no package' tool open ../bad.asc
cat ../one.asc ../one.asc >../bad.asc
exits 1 'two of them' tool open ../bad.asc
sed 's/^two lines$/two lines\
\
-----BEGIN PGP SIGNED MESSAGE-----\
\
other lines/' ../one.asc >../bad.asc
exits 1 'a text in the text' tool open ../bad.asc
has '^object-malformed: .*dash' 'the reason'
printf 'a\rb\n' >../cr
gpg --batch --yes --quiet --clearsign -o ../bad.asc ../cr
exits 1 'a carriage return alone' tool open ../bad.asc
exits 4 'nor is it signed' tool clearsign ../cr ../seal
exits 4 'nor has it lines' tool lines ../cr
{ head -c 19991 /dev/zero | tr '\0' x; echo; } >../long
exits 4 'a line that gpg does not read is not signed' \
	tool clearsign ../long ../seal
has 'detached' 'what to do'

done_testing
