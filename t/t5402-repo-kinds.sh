#!/bin/sh
# Repositories of every kind, each with a push that comes in and one that does
# not: odd paths, alternates, extensions, partial clones, working trees, foreign
# owners, and a broken object.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
gate_policy <<'EOF2'
[ref "refs/heads/*"]
	require = commits
[ref "refs/tags/*"]
	require = tag
EOF2
commit one
git tag -s -m t v1
git branch -q bad
git checkout -q bad
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
git checkout -q main

# server PATH [ARG...]: a bare repository there, made with these arguments
server() {
	SRV=$1
	shift
	git init -q --bare "$@" "$SRV"
	guard
}
guard() {
	git -C "$SRV" config touchmark.policy "$T/policy"
	git -C "$SRV" config receive.denyDeletes false
	ln -s "$BIN/touchmark-pre-receive" "$SRV/hooks/pre-receive"
	REMOTE=$SRV
}
judged() {	# WHAT
	accept "$1: a signed branch and tag" main v1
	refuse signature-missing "$1: an unsigned commit" bad
	git -C "$SRV" rev-parse -q --verify refs/heads/bad >"$T/out" 2>&1
	is $? 1 "$1: and it is not there"
}
hook() {	# [VARIABLE=VALUE...] as git calls it
	(cd "$SRV" && env "$@" GIT_DIR=. hooks/pre-receive <"$T/line")
}
line() {	# [ID]: a new branch
	echo "$ZERO $(git rev-parse "${1:-main}") refs/heads/x" >"$T/line"
}

# ---- paths ------------------------------------------------------------------------
NL='
'
i=0
for name in 'co:lon' ':' "new${NL}line" 'quo"te' '"' ' blank ' "it's" \
	'do&lar' 'back\slash' '#' '-dash' "\"all: of${NL}it\""; do
	i=$((i + 1))
	mkdir "$T/p$i"
	server "$T/p$i/$name"
	judged "path $i ($(printf %s "$name" | tr '\n' '?'))"
done

# ---- where objects are ----------------------------------------------------------------
server "$T/base:1.git"
accept 'a repository to borrow from' main
git clone -q --bare --shared "$T/base:1.git" "$T/borrow.git" 2>/dev/null
SRV=$T/borrow.git
guard
judged 'alternates with a colon in the path'
git init -q --bare "$T/base2.git"
git -C "$T/work" push -q "$T/base2.git" main
git clone -q --bare --shared "$T/base2.git" "$T/borrow2.git"
SRV=$T/borrow2.git
guard
git -C "$SRV" config touchmark.gateReader git
judged 'alternates'
git -C "$SRV" repack -q -d
judged 'alternates and packs'

# ---- extensions -----------------------------------------------------------------------
extension() {	# NAME VALUE
	server "$T/$1.git"
	git -C "$SRV" config core.repositoryFormatVersion 1
	git -C "$SRV" config "extensions.$1" "$2"
}
extension worktreeConfig true
judged extensions.worktreeConfig
git -C "$SRV" config --unset touchmark.policy
git -C "$SRV" config --worktree touchmark.policy "$T/policy"
line
ok 'the policy may be named in config.worktree' hook A=b
extension preciousObjects true
judged extensions.preciousObjects
extension objectFormat sha1
judged 'extensions.objectFormat = sha1'
# one that git does not know either: no push gets as far as the hook
extension tomorrow true
line
exits 1 'an extension of tomorrow' hook A=b
has 'refuse - - internal-error: .*; libgit2 cannot either: ' 'says why'
has 'unknown repository extension' 'in the words of git'

# ---- a partial clone asks nobody ---------------------------------------------------------
cat >"$T/asked" <<EOF2
#!/bin/sh
touch "$T/was-asked"
exec git-upload-pack "\$@"
EOF2
chmod +x "$T/asked"
extension partialClone origin
git -C "$SRV" config remote.origin.url "file://$T/base2.git"
git -C "$SRV" config remote.origin.promisor true
git -C "$SRV" config remote.origin.uploadpack "$T/asked"
judged extensions.partialClone
id=$(plain "$(id_of 1)" | seal_commit dev |
	git -C "$SRV" hash-object -t commit -w --stdin --literally)
echo "$ZERO $id refs/heads/x" >"$T/line"
rm -f "$T/was-asked"
exits 1 'a parent that the promisor may have' hook A=b
has ' object-missing: ' 'is missing'
[ ! -e "$T/was-asked" ]
tap $? 'and nobody was asked for it'
exits 1 'also where git may use every protocol' \
	hook GIT_ALLOW_PROTOCOL=file GIT_NO_LAZY_FETCH=0
[ ! -e "$T/was-asked" ]
tap $? 'nobody was asked'
git -C "$SRV" cat-file -e "$(id_of 1)" 2>/dev/null
[ -e "$T/was-asked" ]
tap $? 'whom git by itself would have asked'

# ---- working trees ----------------------------------------------------------------------
tree_policy() {	# FOLDER: a copy of the policy lies there, and counts
	for f in policy roots.pem ca.crl; do
		cp "$T/$f" "$1"
	done
	git -C "$SRV" config touchmark.policy "$1/policy"
}
for by in libgit2 git; do
	git init -q -b other "$T/tree.$by"
	SRV=$T/tree.$by/.git REMOTE=$T/tree.$by
	guard
	git -C "$SRV" config touchmark.gateReader $by
	REMOTE=$T/tree.$by
	judged "$by: a repository with a working tree"
	line
	tree_policy "$T/tree.$by"
	exits 1 "$by: a policy in the working tree" hook A=b
	has 'policy-invalid: .* lies in the working tree' 'has no say'
	tree_policy "$SRV"
	ok "$by: in .git it has" hook A=b
	git -C "$SRV" config touchmark.policy policy
	ok "$by: and is found from there" hook A=b
	git -C "$SRV" worktree add -q "$T/linked.$by" main 2>/dev/null
	tree_policy "$T/linked.$by"
	exits 1 "$by: a policy in a linked working tree" hook A=b
	has 'policy-invalid: .* lies in the working tree' 'has none either'
	mkdir "$SRV/sub"
	git -C "$SRV" worktree add -q "$SRV/sub/tree" -b sub main 2>/dev/null
	tree_policy "$SRV/sub/tree"
	exits 1 "$by: nor in one within .git" hook A=b
	has 'policy-invalid: .* lies in the working tree' 'says why'
	tree_policy "$SRV"
	git -C "$SRV" config --unset touchmark.gateReader
	git -C "$SRV" config touchmark.gateReader $by
	gitdir=$SRV
	SRV=$gitdir/worktrees/linked.$by
	ok "$by: a push that a linked working tree takes" sh -c \
		"cd '$SRV' && GIT_DIR=. '$gitdir/hooks/pre-receive' \
		<'$T/line'"
	SRV=$gitdir
	mkdir "$T/away.$by"
	git -C "$SRV" config core.worktree "$T/away.$by"
	tree_policy "$T/away.$by"
	exits 1 "$by: nor one in core.worktree" hook A=b
	has 'policy-invalid: .* lies in the working tree' 'says why'
done
server "$T/bare-tree.git"
accept 'a bare repository' main
git -C "$SRV" worktree add -q "$T/bare-linked" main 2>/dev/null
tree_policy "$T/bare-linked"
refuse policy-invalid 'a policy in a working tree of a bare one' main:new
ln -s "$T/bare-linked/roots.pem" "$T/roots2.pem"
sed "s|roots = .*|roots = roots2.pem|" "$T/policy" >"$T/policy2"
git -C "$SRV" config touchmark.policy "$T/policy2"
refuse policy-invalid 'roots in one, behind a link' main:new

# ---- a version that goes back -----------------------------------------------------------
for h in sha1 sha256; do
	server "$T/version.$h" --object-format=$h
	git -C "$SRV" config touchmark.gateReader git
	git -C "$SRV" config touchmark.policy "$T/versioned"
	{ cat "$T/policy"; printf '[policy]\n\tversion = 3\n'; } \
		>"$T/versioned"
	: >"$T/line"
	ok "$h: version 3" hook A=b
	is "$(cat "$SRV/touchmark/policy-version")" 3 "$h: is remembered"
	{ cat "$T/policy"; printf '[policy]\n\tversion = 2\n'; } \
		>"$T/versioned"
	exits 1 "$h: version 2" hook A=b
	has 'policy-invalid: ' 'is refused'
done

# ---- what surrounds it ------------------------------------------------------------------
line bad
sed 's/require = commits/require = nothing/' "$T/policy" >"$T/weak"
for by in libgit2 git; do
	server "$T/env.$by"
	git -C "$SRV" config touchmark.gateReader $by
	cp -r "$T/work/.git/objects" "$SRV"
	exits 1 "$by: configuration in the environment" hook \
		GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=touchmark.policy \
		GIT_CONFIG_VALUE_0="$T/weak"
	has ' signature-missing: ' 'is not the configuration of the server'
	exits 1 "$by: nor on a command line" hook \
		GIT_CONFIG_PARAMETERS="'touchmark.policy'='$T/weak'"
	has ' signature-missing: ' 'is not the configuration of the server'
	git -C "$SRV" config --unset touchmark.policy
	git config --global touchmark.policy "$T/policy"
	git config -f "$T/weak.conf" touchmark.policy "$T/weak"
	exits 1 "$by: nor a file that it names" hook \
		GIT_CONFIG_GLOBAL="$T/weak.conf"
	has ' signature-missing: ' 'is the configuration of the user'
	git config --global --unset touchmark.policy
	git -C "$SRV" config touchmark.policy "$T/policy"
	exits 1 "$by: a trace to standard output" hook GIT_TRACE=1 GIT_TRACE2=1
	has ' signature-missing: ' 'is none'
	exits 1 "$by: a namespace" hook GIT_NAMESPACE=n
	has 'internal-error: git namespaces are not supported' 'is refused'
	exits 1 "$by: an owner that is not ours" \
		hook GIT_TEST_ASSUME_DIFFERENT_OWNER=1
	has ' signature-missing: ' 'judged as any'
	# the bytes of a signed commit under the name of an unsigned one
	good=$(git rev-parse main) bad=$(git rev-parse bad)
	rm -f "$SRV/objects/${bad%"${bad#??}"}/${bad#??}"
	cp "$SRV/objects/${good%"${good#??}"}/${good#??}" \
		"$SRV/objects/${bad%"${bad#??}"}/${bad#??}"
	exits 1 "$by: an object with the bytes of another" hook A=b
	has 'internal-error: ' 'cannot be judged'
done

# ---- many refs, one by one and from the list ----------------------------------------------
# A symbolic ref that ends in nothing yet: what is made is the other one.
m=$(git rev-parse main)
server "$T/many"
cp -r "$T/work/.git/objects" "$SRV"
git -C "$SRV" symbolic-ref refs/heads/n700 refs/tags/v9
git -C "$SRV" symbolic-ref refs/heads/n7 refs/tags/v8
awk -v r="$ZERO $m" 'BEGIN {
	for (i = 0; i < 800; i++)
		print r " refs/heads/n" i
}' >"$T/line"
for by in libgit2 git; do
	git -C "$SRV" config touchmark.gateReader $by
	exits 1 "$by: 800 new branches" hook A=b
	has 'refs/heads/n7 [^ ]* tag-unsigned: ' 'an early one is a tag'
	has 'refs/heads/n700 [^ ]* tag-unsigned: ' 'a late one too'
	is "$(grep -c 'touchmark: refuse' "$T/out")" 2 'and no other'
done
sed -i '/n7$/d; /n700$/d' "$T/line"
awk '{ print "create " $3 " " $2 }' "$T/line" |
	git -C "$SRV" update-ref --stdin
awk '{ print $2, $1, $3 }' "$T/line" >"$T/back"
mv "$T/back" "$T/line"
printf '%s %s refs/heads/n9\n' "$(id_of 3)" "$m" >>"$T/line"
for by in libgit2 git; do
	git -C "$SRV" config touchmark.gateReader $by
	exits 1 "$by: 798 branches deleted" hook A=b
	has 'refs/heads/n0 [^ ]* ref-delete: ' 'the first is refused'
	cp "$T/out" "$T/said.$by"
done
cmp "$T/said.libgit2" "$T/said.git" >"$T/out"
tap $? 'both say the same of all'
done_testing
