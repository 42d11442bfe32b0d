#!/bin/sh
# The page of touchmark key status: it needs nothing else, says only what is
# true, and whoever wrote a certificate cannot write into it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl faketime git python3

CONFIG=$XDG_CONFIG_HOME/touchmark/config
mkdir -p "${CONFIG%/*}"
pki_root ca
tsa_new tsa
pki_crl ca
pki_leaf ca one one@example.org
cp "$T/pki/one.key" "$T/pki/two.key"
PKI_AT='+300 days' pki_leaf ca two two@example.org
PKI_SUBJECT='/O=A&B/CN=<script>alert(1)<\/script>"onload='"'x" \
	pki_leaf ca evil evil@example.org
for k in release evil; do
	git config -f "$CONFIG" "touchmark.$k.uri" \
		"pkcs11:token=nowhere;object=$k"
	git config -f "$CONFIG" "touchmark.$k.cert" "$T/$k.pem"
done
git config -f "$CONFIG" touchmark.bare.uri 'pkcs11:token=nowhere;object=bare'
cat "$T/pki/one.pem" "$T/pki/two.pem" >"$T/release.pem"
cp "$T/pki/evil.pem" "$T/evil.pem"
cat >"$T/policy" <<EOF
[trust]
	roots = $T/pki/ca.pem
	tsaRoots = $T/pki/tsa-root.pem
	crl = $T/pki/ca.crl
EOF
git config -f "$CONFIG" touchmark.policy "$T/policy"
mkdir -p "$XDG_CONFIG_HOME/touchmark"
cat >"$XDG_CONFIG_HOME/touchmark/denied" <<EOF
[denied "sha256:$(printf x | sha256sum | cut -c1-64)"]
	since = 2026-01-02T03:04:05Z
	name = "old<b>"
	reason = "it's \\"lost\\" & gone"
EOF

cat >"$T/page.py" <<'EOF'
import base64, hashlib, re, sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
text = open(sys.argv[1], encoding="utf-8").read()

VOID = {"meta", "br"}
class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attrs, self.data = [], [], [], []
        self.csp = None
    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attrs += [(tag, k, v) for k, v in attrs]
        if tag == "meta" and dict(attrs).get("http-equiv") == \
                "Content-Security-Policy":
            self.csp = dict(attrs)["content"]
        if tag not in VOID:
            self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()
    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()
    def handle_data(self, data):
        self.data.append(data)
p = Page()
p.feed(text)
p.close()
assert not p.open, p.open

# nothing runs, nothing is fetched
assert not set(p.tags) & {"script", "img", "link", "iframe", "object",
    "embed", "form", "base", "a", "image", "use", "foreignobject"}, p.tags
for tag, name, value in p.attrs:
    assert not name.startswith("on"), (tag, name)
    assert name not in ("src", "href", "xlink:href", "style", "action"), name
    if name.startswith("xmlns"):
        continue
    assert "://" not in (value or ""), (tag, name, value)
style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
assert "url(" not in style and "@import" not in style
h = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
assert "default-src 'none'" in p.csp, p.csp
assert "style-src 'sha256-%s'" % h in p.csp, p.csp

# what was written elsewhere is text here
all_text = "".join(p.data)
assert re.search(r"<script\\?>alert\(1\)\\?</script\\?>", all_text), all_text
assert "A&B" in all_text and "onload" in all_text
assert "<script" not in text
assert "old<b>" in all_text and 'it\'s "lost" & gone' in all_text
for word in ("release", "bare", "CN=ca,O=Test", "no-certificate",
             "CN=tsa-root,O=Test", "2026-01-02T03:04:05Z"):
    assert word in all_text, word

# the picture is XML of its own, and so is the page
ET.fromstring(text.replace("<!DOCTYPE html>", "", 1))
svg = re.search(r"<svg .*?</svg>", text, re.S).group(0)
root = ET.fromstring(svg)
NS = "{http://www.w3.org/2000/svg}"
assert root.tag == NS + "svg" and root.get("role") == "img"
assert root.find(NS + "title") is not None
_, _, width, height = map(float, root.get("viewBox").split())
bars = {}
for g in root.iter(NS + "g"):
    r = g.find(NS + "rect")
    if r is None:
        continue
    t = r.find(NS + "title").text
    x, w = float(r.get("x")), float(r.get("width"))
    assert 0 <= x and x + w <= width, (t, x, w)
    assert 0 <= float(r.get("y")) <= height - 20, t
    bars.setdefault(r.get("class"), []).append((x, w, float(r.get("y")), t))
signs = [b for b in bars["signs"] if b[3].startswith("release")][0]
after = bars["next"][0]
assert signs[0] < after[0] < signs[0] + signs[1], (signs, after)
assert after[2] > signs[2], "one below the other, so that both are seen"
assert len(bars["root"]) == 1 and len(bars["tsa"]) == 1, bars.keys()
marks = [e for e in root.iter(NS + "path") if e.get("class") == "list"]
assert len(marks) == 1 and "next revocation list" in \
    marks[0].find(NS + "title").text
today = [e for e in root.iter(NS + "path") if e.get("class") == "today"]
assert len(today) == 1
x = float(re.match(r"M(\d+)", today[0].get("d")).group(1))
assert signs[0] <= x + 1 and x <= signs[0] + signs[1], (x, signs)
labels = [e.text for e in root.iter(NS + "text")]
for word in ("signs now", "comes next", "timestamps", "next list"):
    assert word in labels, labels
assert any(l and l.startswith("today ") for l in labels)
assert "@media print" in style
EOF

page() {
	touchmark key status --offline --html "$T/page.html" "$@"
}
ok 'a page beside the table' page
has '^key +release ' 'the table is printed all the same'
ok 'a parser of HTML and one of XML take it' python3 "$T/page.py" "$T/page.html"
ok 'on standard output it comes alone' \
	touchmark key status --offline --html -
cp "$T/out" "$T/page2.html"
ok 'the same page' python3 "$T/page.py" "$T/page2.html"
hasnt '^key +release ' 'without the table'
exits 1 'with warnings it ends with 1' page --warn 700
grep -q 'What to do' "$T/page.html" &&
	grep -q 'touchmark key csr release --renew' "$T/page.html"
tap $? 'the page says what to do'
ok 'and is as well formed' python3 "$T/page.py" "$T/page.html"
exits 4 'a page that cannot be written' \
	touchmark key status --offline --html "$T/no/where.html"

# ---- dates at the edges of what can be drawn ---------------------------------------
PKI_AT='2001-01-01 00:00:00' PKI_DAYS=30000 pki_leaf ca long long@example.org
cat "$T/pki/long.pem" >"$T/evil.pem"
ok 'a certificate of eighty years' page
python3 - "$T/page.html" <<'EOF'
import re, sys
svg = re.search(r"<svg .*?</svg>", open(sys.argv[1]).read(), re.S).group(0)
for x, w in re.findall(r'<rect class="\w+" x="([-\d.]+)" y="\d+" width="([-\d.]+)"', svg):
    assert 0 <= float(x) and float(x) + float(w) <= 1000, (x, w)
EOF
tap $? 'stays within the picture'

done_testing
