#!/bin/sh
# The gate where forges call it: a hook of their own that hands the push to
# every program of a folder, which stands here for theirs.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
# shellcheck source=../gate-lib.sh
. "${0%/*}/../gate-lib.sh"

gate_setup
gate_policy <<'END'
[ref "refs/heads/main"]
	require = commits
END

# dispatcher REPO FOLDER: all get the same input, the first no ends it
dispatcher() {
	rm -f "$1/hooks/pre-receive"
	mkdir -p "$1/$2"
	cat >"$1/hooks/pre-receive" <<-END
	#!/bin/sh
	push=\$(cat)
	for h in "\$GIT_DIR/$2"/*; do
		[ -x "\$h" ] || continue
		printf '%s\n' "\$push" | "\$h" || exit 1
	done
	END
	chmod 755 "$1/hooks/pre-receive"
	printf '#!/bin/sh\ncat >/dev/null\n' >"$1/$2/10-other"
	chmod 755 "$1/$2/10-other"
	ln -s "$BIN/touchmark-pre-receive" "$1/$2/50-touchmark"
}

for folder in hooks/pre-receive.d custom_hooks/pre-receive.d; do
	gate_repo "$(echo $folder | tr / -)"
	dispatcher "$SRV" $folder
	run touchmark audit --install-check "$SRV"
	is "$RC" 0 "$folder: the installation is checked"
	git checkout -q --orphan "x$(echo $folder | tr -c 'a-z\n' -)"
	git branch -D -q main 2>/dev/null
	git checkout -q -b main
	commit one
	accept "$folder: a signed commit" main
	git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
	refuse signature-missing "$folder: an unsigned one" main
	is "$(git -C "$SRV" rev-parse main)" "$(git rev-parse main~1)" \
		'nothing changed on the server'
done
done_testing
