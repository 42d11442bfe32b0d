# entries.py FILE N: a log of N entries about the use of a key, and its head, as
# docs/PROTOCOL.log says; written without any of our code.
import hashlib
import sys

path, n = sys.argv[1], int(sys.argv[2])
prev, seq, size, start = "0" * 64, 0, 0, 0
use = ('"what":"sign","user":"builder","uid":1000,"key":"release",'
       '"spki":"sha256:%s","fingerprint":"%s","place":"pkcs11:token=bench;'
       'object=release;type=private","format":"openpgp","hash":"sha256",'
       '"digest":"%s","artefact":"package-%d.tar.xz","content":"file",'
       '"signingTime":"2026-11-21T12:00:00Z"')
spki = hashlib.sha256(b"spki").hexdigest()
name = hashlib.sha1(b"fingerprint").hexdigest().upper()
with open(path, "wb") as f:
    for i in range(n // 2):
        digest = hashlib.sha256(b"%d" % i).hexdigest()
        fields = use % (spki, name, digest, i)
        for kind, more in (("intent", ""), ("result", '"intent":%d,'
                           '"status":"ok","seal":"sha256:%s",'
                           % (2 * i + 1, digest))):
            seq += 1
            line = ('{"seq":%d,"prev":"%s","time":"2026-11-21T12:00:00Z",'
                    '"kind":"%s",%s%s}\n'
                    % (seq, prev, kind, more, fields)).encode()
            prev = hashlib.sha256(line).hexdigest()
            f.write(line)
            start, size = size, size + len(line)
with open(path + ".head", "w") as f:
    f.write('{"seq":%d,"hash":"%s","start":%d,"size":%d}\n'
            % (seq, prev, start, size))
