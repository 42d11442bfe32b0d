#!/bin/sh
# What the user sees when the configuration is wrong: file, line, reason.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need git

CONF=$XDG_CONFIG_HOME/touchmark/config
mkdir -p "${CONF%/*}"

exits 3 'no configuration, no key' touchmark key show
has 'no key is configured' 'is said'
has 'hint: touchmark init' 'with the next command'

printf '[touchmark]\n\tkey = a\n\tcolor = red\n' >"$CONF"
exits 2 'an unknown key' touchmark key show
has "$CONF:3: touchmark.color: unknown key" 'has file and line'
printf '[touchmark\n' >"$CONF"
exits 2 'broken syntax' touchmark key show
has "$CONF" 'names the file'
printf '[touchmark]\n\tkey = nobody\n' >"$CONF"
exits 2 'a default key that is not configured' touchmark key show
has "touchmark.key names 'nobody'" 'is named'
printf '[touchmark "a"]\n\turi = pkcs11:token=x\n' >"$CONF"
chmod 666 "$CONF"
exits 2 'a file that anybody may write' touchmark key show
has 'anybody may write' 'is not believed'
chmod 600 "$CONF"

# libgit2 gives no reason for this one.
if [ "$(id -u)" = 0 ]; then
	need setpriv
	chmod 711 "$T"
	mkdir -m 755 "$T/nobody"
	cp "$BIN/touchmark" "$BIN/touchmark-config" "$T/nobody/"
	as_nobody() {
		setpriv --reuid 65534 --regid 65534 --clear-groups env \
			HOME="$T/nobody" PATH="$T/nobody:$PATH" "$@"
	}
else
	chmod 0 "$CONF"
	as_nobody() {
		"$@"
	}
fi
chmod 711 "$HOME"
exits 2 'a file that may not be read' as_nobody touchmark key show
has "$CONF: Permission denied" 'says so'
hasnt 'CA certificates' 'and blames nothing else'
has "hint: .*ls -l $CONF" 'and what to look at'
chmod 600 "$CONF"

for k in a b; do
	printf '[touchmark "%s"]\n\turi = %s\n\tuserId = U <t@e.org>\n' \
		$k "pkcs11:token=none-$k"
done >"$CONF"
exits 2 'two keys and no default' touchmark key show
has 'none is chosen' 'asks for one'
exits 3 'an e-mail of two keys' touchmark key show t@e.org
has "fits two keys: 'a' and 'b'" 'lists both'
exits 3 'a prefix of a name' touchmark key show aa
has "no key is called 'aa'" 'is no name'

cd "$T" && git init -q repo && cd repo || exit 1
git config touchmark.key b
exits 3 'a repository may choose a key' touchmark key show
has "key 'b': " 'the one it names'
git config touchmark.b.uri 'pkcs11:token=y?module-path=/tmp/evil.so'
exits 2 'but not say where it is' touchmark key show
has 'may only name a key' 'and is told so'
hasnt 'evil' 'the module is not even shown'
git config --remove-section touchmark.b
git config touchmark.key 'pkcs11:token=y?module-path=/tmp/evil.so'
exits 2 'nor name a URI' touchmark key show
git config --unset touchmark.key

ok 'git -c reaches a program that git runs' \
	git -c touchmark.key=b -c \
	alias.t='!touchmark key show 2>&1 | grep b.:' t

done_testing
