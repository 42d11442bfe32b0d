#!/bin/sh
# touchmark audit as a command: which history is meant, what is told, and that
# an answer which is not whole is none.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need python3

gate_setup
gate_policy <<'END'
[role "developers"]
	member = *@example.org
[ref "refs/heads/*"]
	require = commits
	role = developers
[ref "refs/open/*"]
	require = nothing
[ref "refs/tags/v*"]
	require = tag
	role = developers
END
P="--policy $T/policy"
commit one
commit two
git tag -s -m good v1
git -c commit.gpgSign=false commit -q --allow-empty -m bad
BAD=$(git rev-parse HEAD)
commit four
git tag -a --no-sign -m bad v2

# audit CODE WHAT ARG...
audit() {
	want=$1 what=$2
	shift 2
	# shellcheck disable=SC2086 # two words
	exits "$want" "$what" touchmark audit $P "$@"
}
short=$(git rev-parse --short=12 "$BAD")

# ---- which history ----------------------------------------------------------------
audit 1 'without a remote: the whole history'
hasnt '^(fatal|error)' 'git is not heard'
has "^touchmark: refuse refs/heads/main $short signature-missing: .*; .*git commit" \
	'the line is the one of the gate'
has '^touchmark: 4 judged, 1 refused$' 'and a count'
audit 0 'a range' HEAD~3..HEAD~2
has '^touchmark: 1 judged, none refused$' 'of one commit'
audit 1 'a range that holds the bad one' HEAD~2..HEAD
has '^touchmark: 2 judged, 1 refused$' 'which is one of two'
audit 0 'a range behind it' HEAD~1..
has '^touchmark: 1 judged, none refused$' 'an empty end is HEAD'
audit 0 'nothing new' HEAD..HEAD
has '^touchmark: no signature to judge' 'is said'
audit 1 'one revision is its whole history' HEAD
audit 0 'of an older one' HEAD~2
audit 0 'a good tag' v1
has '^touchmark: 1 judged, none refused' 'a tag is judged as a tag'
audit 1 'a bad tag' v2
has '^touchmark: refuse refs/tags/v2 [0-9a-f]{12} tag-unsigned: ' \
	'under its own name'
audit 1 'a tag pushed under another name' --ref refs/tags/v3 v1
has ' tag-name: ' 'is refused for it'
audit 0 'the rules of another ref' --ref refs/open/x HEAD
has 'no signature to judge' 'which asks for none'
audit 1 'a ref that no rule names' --ref refs/odd/x HEAD
has ' ref-unmatched: ' 'is refused'
audit 1 'the range of a branch' HEAD~2..main
git checkout -q HEAD~1
audit 2 'a detached HEAD' HEAD
has -- '--ref refs/heads/main' 'which asks for the ref'
audit 1 'and takes it' --ref refs/heads/main HEAD
git checkout -q main

# ---- where --------------------------------------------------------------------------
cd "$T" || exit 1
audit 1 'a repository that is named' "$T/work"
audit 0 'with a range' "$T/work" HEAD~1..HEAD
GIT_DIR=$T/nowhere
export GIT_DIR
audit 0 'a named repository beats the environment' "$T/work" HEAD~1..HEAD
unset GIT_DIR
(cd "$T/work" && git worktree add -q "$T/tree" -b tree HEAD~2)
audit 0 'a linked working tree' "$T/tree" HEAD
git -C "$T/work" clone -q --bare "$T/work" "$T/bare.git" 2>/dev/null
audit 1 'a bare repository' "$T/bare.git" main
GIT_DIR=$T/work/.git GIT_WORK_TREE=$T
export GIT_DIR GIT_WORK_TREE
audit 1 'a repository by the environment' HEAD
unset GIT_DIR GIT_WORK_TREE
mkdir "$T/a:b" && git clone -q "$T/work" "$T/a:b/work" 2>/dev/null
audit 1 'a path with a colon' "$T/a:b/work" HEAD
audit 4 'no repository' "$T/home"
cd "$T/work" || exit 1

# ---- against a remote ------------------------------------------------------------------
git init -q --bare "$T/srv.git"
git remote add origin "$T/srv.git"
git push -q origin HEAD~1:refs/heads/main 2>/dev/null
git branch -q --set-upstream-to=origin/main
audit 0 'no range: what the upstream does not have'
has '^touchmark: 1 judged, none refused' 'which is one commit'
git checkout -q -b fresh
audit 0 'a branch that was never pushed: what the remote does not have'
git config remote.origin.fetch '+refs/heads/*:refs/elsewhere/*'
audit 1 'not guessed from refs that are kept elsewhere'
git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'
git remote rename origin team/a 2>/dev/null
git checkout -q main
audit 0 'a remote with a slash in its name'
has '^touchmark: 1 judged' 'is found'
audit 0 'the range of a remote-tracking branch' --json team/a/main..HEAD

# ---- telling ----------------------------------------------------------------------------
# shellcheck disable=SC2086
touchmark audit $P --json HEAD >"$T/json" 2>"$T/out"
is $? 1 'JSON: exit 1'
cat >"$T/read.py" <<'END'
import json, sys
bad = sys.argv[1]
rows = [json.loads(l) for l in open(sys.argv[2])]
assert len(rows) == 4, rows
names = {"ref", "oid", "status", "reason", "text", "hint", "rule", "signer",
         "fingerprint", "time", "tsa"}
for r in rows:
    assert set(r) == names, r
    assert r["ref"] == "refs/heads/main" and len(r["oid"]) == 40
    assert r["rule"] == "refs/heads/*"
refused = [r for r in rows if r["status"] == "refused"]
assert len(refused) == 1 and refused[0]["oid"] == bad
assert refused[0]["reason"] == "signature-missing" and refused[0]["hint"]
assert refused[0]["signer"] is None and refused[0]["time"] is None
good = [r for r in rows if r["status"] == "good"]
assert len(good) == 3
for r in good:
    assert r["reason"] is None and r["signer"] == "CN=dev,O=Test", r
    assert r["fingerprint"].startswith("sha256:") and r["time"]
END
ok 'one object per verdict, good ones with signer and time' \
	python3 "$T/read.py" "$BAD" "$T/json"
# shellcheck disable=SC2086
touchmark audit $P --sarif HEAD >"$T/sarif" 2>"$T/out"
is $? 1 'SARIF: exit 1'
cat >"$T/sarif.py" <<'END'
import json, sys
log = json.load(open(sys.argv[2]))
assert log["version"] == "2.1.0" and "sarif" in log["$schema"]
run, = log["runs"]
driver = run["tool"]["driver"]
assert driver["name"] == "touchmark"
ids = [r["id"] for r in driver["rules"]]
assert len(ids) == len(set(ids)) > 30
assert run["invocations"] == [{"executionSuccessful": True}]
result, = run["results"]
assert result["ruleId"] == "signature-missing" and result["ruleId"] in ids
assert result["level"] == "error" and result["message"]["text"]
place, = result["locations"][0]["logicalLocations"]
assert place["name"] == sys.argv[1]
assert place["fullyQualifiedName"] == "refs/heads/main"
END
ok 'a SARIF log with one result' python3 "$T/sarif.py" "$BAD" "$T/sarif"
# shellcheck disable=SC2086
touchmark audit $P --sarif HEAD~2 >"$T/sarif" 2>"$T/out"
is $? 0 'SARIF without a refusal: exit 0'
ok 'and no result' python3 -c 'import json, sys
assert json.load(open(sys.argv[1]))["runs"][0]["results"] == []' "$T/sarif"
exits 4 'a full disk is no success' \
	sh -c "touchmark audit $P HEAD~2 >/dev/full"

# ---- errors ------------------------------------------------------------------------------
audit 4 'no such revision' nothere
has 'is no revision of this repository' 'is said'
audit 4 'no such end of a range' HEAD..nothere
audit 2 'three dots' HEAD~1...HEAD
audit 2 'a REF that is no full name' --ref main HEAD
audit 2 'JSON and SARIF' --json --sarif
audit 2 'too many operands' "$T/work" HEAD HEAD
audit 2 'a revision that looks like an option' . -- --all
audit 2 'a hook without its remote' --pre-push
exits 2 'no policy at all' touchmark audit HEAD
has 'touchmark.policy' 'and how to name one'
git config --global touchmark.policy "$T/policy"
exits 1 'the configured policy' touchmark audit HEAD
git config --global --unset touchmark.policy
exits 2 'a policy that is not there' touchmark audit --policy "$T/none" HEAD
sed 's/commits/comits/' "$T/policy" >"$T/broken"
exits 2 'a policy that cannot be read' \
	touchmark audit --policy "$T/broken" HEAD
has '^touchmark: refuse - - policy-invalid: .*comits.*; ' 'as the gate says it'
exits 2 'the same as JSON' touchmark audit --policy "$T/broken" --json HEAD
has '^\{"status":"error","code":2,"reason":"policy-invalid"' 'with its reason'
git init -q --object-format=sha256 "$T/sha256"
git -C "$T/sha256" -c commit.gpgSign=false commit -q --allow-empty -m x
audit 1 'a repository that git reads alone' "$T/sha256" HEAD
has 'signature-missing: the commit' 'is judged'
git -C "$T/sha256" config touchmark.gateReader libgit2
audit 4 'a repository that cannot be judged' "$T/sha256" HEAD
has ' internal-error: this repository cannot be read' 'is not passed over'
printf 'no hook line\n' >"$T/in"
# shellcheck disable=SC2086
run_in "$T/in" touchmark audit --pre-push $P origin
is "$RC" 4 'a pre-push hook with other input'
printf 'a b c d' >"$T/in"
# shellcheck disable=SC2086
run_in "$T/in" touchmark audit --pre-push $P origin
is "$RC" 4 'and with a line that is cut off'
# shellcheck disable=SC2086
run_in /dev/null touchmark audit --pre-push $P origin
is "$RC" 0 'nothing to push'

# ---- the gate asked by hand ---------------------------------------------------------------
exits 2 'the gate without a policy' touchmark-pre-receive --audit
exits 2 'a policy without --audit' touchmark-pre-receive --policy "$T/policy"
exits 2 '--all without --audit' touchmark-pre-receive --all
printf '%s %s refs/heads/main\n' 0000000000000000000000000000000000000000 \
	"$BAD" >"$T/in"
run_in "$T/in" touchmark-pre-receive --audit --policy "$T/policy"
is "$RC" 1 'the gate with one'
has "^object	refs/heads/main	$BAD	signature-missing	refs/heads/\*	" \
	'a line of fields'
has '^end	3	1	enforced$' 'and its end'
sed 's/^\[trust\]/[policy]\n	version = 7\n[trust]/' "$T/policy" >"$T/versioned"
run_in "$T/in" touchmark-pre-receive --audit --policy "$T/versioned"
is "$RC" 1 'a policy with a version'
[ ! -e "$T/work/.git/touchmark" ]
tap $? 'which is not remembered'
printf 'have 0 refs/heads/main\n' >"$T/in"
run_in "$T/in" touchmark-pre-receive --audit --policy "$T/policy"
is "$RC" 70 'a line that is none'
has '^failed	internal-error	' 'is said'
run_in "$T/in" touchmark-pre-receive
is "$RC" 1 'a hook knows no such lines'
hasnt '^(object|end|failed)' 'and speaks as a hook'

# ---- an answer that is not whole ----------------------------------------------------------
mkdir "$T/lying"
cp "$BIN/touchmark" "$T/lying/"
# lie CODE WHAT: the gate is the script on standard input
lie() {
	{
		echo '#!/bin/sh'
		echo 'cat >/dev/null'
		cat
	} >"$T/lying/touchmark-pre-receive"
	chmod +x "$T/lying/touchmark-pre-receive"
	# shellcheck disable=SC2086
	exits "$1" "$2" "$T/lying/touchmark" audit $P HEAD
}
row='object\trefs/heads/main\t%s\t%s\t*\t\t\t\t\t\t\n'
lie 70 'a gate that says nothing' <<'END'
exit 0
END
lie 70 'one that is cut off' <<END
printf '$row' $BAD good
exit 0
END
lie 70 'one that says good and ends badly' <<'END'
printf 'end\t1\t0\tenforced\n'
exit 1
END
lie 70 'one that refuses and ends well' <<END
printf '$row' $BAD signature-missing
printf 'end\t1\t1\tenforced\n'
exit 0
END
lie 70 'one that hides a refusal in its count' <<END
printf '$row' $BAD signature-missing
printf 'end\t1\t0\tenforced\n'
exit 0
END
lie 70 'one that goes on after its end' <<'END'
printf 'end\t1\t0\tenforced\nend\t1\t0\tenforced\n'
exit 0
END
lie 70 'one that is killed' <<'END'
printf 'end\t1\t0\tenforced\n'
kill -9 $$
END
lie 70 'one that speaks another language' <<'END'
echo '{}'
exit 0
END
lie 0 'one that answers rightly' <<'END'
printf 'end\t1\t0\tenforced\n'
exit 0
END
rm "$T/lying/touchmark-pre-receive"
# shellcheck disable=SC2086
exits 2 'no gate beside the program' "$T/lying/touchmark" audit $P HEAD
has 'cannot find touchmark-pre-receive' 'is said'
done_testing
