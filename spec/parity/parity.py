"""Replays random sessions on the npm packages and on `websocket_driver`, and compares the logs.

    python -m spec.parity.parity --sessions 20000 --seed 1

Needs Node and the packages in package.json: `npm ci` here, or NODE_PATH. The exit status is 1 if
two logs differ in a way that differences.py does not list.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from spec.parity import differences, sessions

HERE = Path(__file__).resolve().parent


class Replayer:
    """One of the two programs, which takes a session a line and answers with its log."""

    def __init__(self, *command: str) -> None:
        self.command = command
        self._start()

    def _start(self) -> None:
        env = dict(os.environ)
        env.setdefault("NODE_PATH", str(HERE / "node_modules"))
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HERE, env=env
        )

    def send(self, session: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(session).encode() + b"\n")
        self.process.stdin.flush()

    def receive(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.command[0]} died")
        return json.loads(line)

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


class Pair:
    """The two programs side by side."""

    def __init__(self) -> None:
        self.node = Replayer("node", str(HERE / "replay.js"))
        self.python = Replayer(sys.executable, str(HERE / "replay.py"))

    def replay(self, session: Any) -> tuple[Any, Any]:
        self.node.send(session)
        self.python.send(session)
        return self.node.receive(), self.python.receive()

    def compare(self, session: Any) -> differences.Result:
        return differences.compare(session, *self.replay(session))

    def close(self) -> None:
        self.node.close()
        self.python.close()


def smaller(session: Any) -> Any:
    """Sessions that are a little simpler than `session`, one after the other."""
    for size in (16, 8, 4, 2, 1):
        for i in range(len(session["ops"]) - 1, 0, -size):
            new = dict(session)
            new["ops"] = session["ops"][: max(1, i - size + 1)] + session["ops"][i + 1 :]
            if len(new["ops"]) < len(session["ops"]):
                yield new
    if session.get("hooks"):
        for i in range(len(session["hooks"])):
            yield {**session, "hooks": session["hooks"][:i] + session["hooks"][i + 1 :]}
    ops = session["ops"]
    for i in range(1, len(ops) - 1):
        a, b = ops[i], ops[i + 1]
        if (
            a["do"] == b["do"]
            and a["do"] in ("parse", "io.write", "proxy.write")
            and a.get("d") == b.get("d")
        ):
            x, y = a["args"][0], b["args"][0]
            if "b" in x and "b" in y:
                merged = {**a, "args": [{"b": x["b"] + y["b"]}]}
                yield {**session, "ops": [*ops[:i], merged, *ops[i + 2 :]]}
    for i, op in enumerate(ops):
        if op["do"] == "create" and "spec" in op:
            for name in list(op["spec"].get("options") or {}):
                if name == "allow_drafts":
                    continue
                new = copy.deepcopy(session)
                del new["ops"][i]["spec"]["options"][name]
                yield new
        elif op["do"] in ("parse", "io.write") and "b" in op["args"][0] and _frames(op):
            data = op["args"][0]["b"]
            for size in (64, 16, 4, 2):
                for j in range(0, len(data), size):
                    yield {
                        **session,
                        "ops": [
                            *ops[:i],
                            {**op, "args": [{"b": data[:j] + data[j + size :]}]},
                            *ops[i + 1 :],
                        ],
                    }


def _frames(op: Any) -> bool:
    data = bytes.fromhex(op["args"][0]["b"])
    return len(data) < 1000 and b"HTTP/" not in data


def shrink(pair: Pair, session: Any, seconds: float = 3) -> Any:
    """A small session that differs in the same way."""
    key = pair.compare(session).key
    until = time.time() + seconds
    progress = True
    while progress and time.time() < until:
        progress = False
        for candidate in smaller(session):
            if time.time() > until:
                break
            result = pair.compare(candidate)
            if result.mismatch and result.key == key:
                session, progress = candidate, True
                break
    return session


def show(session: Any, result: differences.Result) -> str:
    """A mismatch to be read."""
    lines = [f"session {session['id']} ({session['maker']}, {session.get('zlib', '')})"]
    for name in ("extensions", "hooks", "options"):
        if session.get(name):
            lines.append(f"  {name}: {json.dumps(session[name], ensure_ascii=False)}")
    ops = session["ops"][: (result.index or 0) + 1]
    skipped = 0
    for i, op in enumerate(ops):
        chunk = op["do"] in ("parse", "io.write", "proxy.write") and 0 < i < len(ops) - 3
        if chunk and ops[i - 1]["do"] == op["do"] and len(ops) > 12:
            skipped += 1
            continue
        lines.append(f"  {i}: {differences.readable(op)[:900]}")
    if skipped:
        lines.append(f"  (and {skipped} more chunks)")
    lines.append(f"  KEY {result.key}")
    lines.append(f"  npm:    {differences.readable(result.node)[:1200]}")
    lines.append(f"  python: {differences.readable(result.python)[:1200]}")
    return "\n".join(lines)


def work(
    seed: int, numbers: range, limit: int, kinds: set[str]
) -> tuple[Counter[str], Counter[str], list[Any]]:
    pair = Pair()
    explained: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    found: list[Any] = []
    for number in numbers:
        session = sessions.session(seed, number)
        if kinds and session["maker"] not in kinds:
            continue
        try:
            result = pair.compare(session)
        except RuntimeError as error:
            keys[f"died: {error}"] += 1
            found.append((session, None))
            pair = Pair()
            continue
        keys["sessions"] += 1
        keys["steps"] += len(session["ops"])
        for reason in result.reasons:
            explained[reason] += 1
        if result.mismatch:
            keys["!" + result.key] += 1
            if keys["!" + result.key] <= limit:
                found.append((session, result))
    pair.close()
    return explained, keys, found


def missing() -> str | None:
    """The name of a program or package that is missing to replay sessions on the original."""
    check = "require('websocket-driver'); require('permessage-deflate')"
    env = {"NODE_PATH": str(HERE / "node_modules"), **os.environ}
    try:
        run = subprocess.run(["node", "-e", check], cwd=HERE, env=env, capture_output=True)
    except OSError:
        return "Node is not installed"
    if run.returncode != 0:
        return f"The npm packages are not installed: `npm ci --prefix {HERE}`, or set NODE_PATH"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="number of the first session")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", type=int, default=10, help="how many mismatches to print")
    parser.add_argument("--no-shrink", action="store_true")
    parser.add_argument(
        "--only", default="", help="kinds of sessions, as http_session,client_session"
    )
    parser.add_argument(
        "--dump", action="store_true", help="print the session, both logs whole, and stop"
    )
    arguments = parser.parse_args()

    if reason := missing():
        print(reason, file=sys.stderr)
        return 2

    if arguments.dump:
        session = sessions.session(arguments.seed, arguments.first)
        node, python = Pair().replay(session)
        print(json.dumps(session, indent=1, ensure_ascii=False))
        for i, op in enumerate(session["ops"]):
            print(differences.readable(op))
            print("   npm   ", differences.readable(node[i]))
            print("   python", differences.readable(python[i]))
        return 0

    started = time.time()
    explained: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    found: list[Any] = []
    last = arguments.first + arguments.sessions
    parts = [range(arguments.first + job, last, arguments.jobs) for job in range(arguments.jobs)]
    kinds = set(filter(None, arguments.only.split(",")))

    with ThreadPoolExecutor(arguments.jobs) as pool:
        for part in pool.map(lambda part: work(arguments.seed, part, 1, kinds), parts):
            explained += part[0]
            keys += part[1]
            found += part[2]

    seen: set[str] = set()
    pair = Pair()
    for session, result in sorted(found, key=lambda item: item[0]["id"]):
        if result is None:
            print(f"session {session['id']}: a replay died\n")
            continue
        if result.key in seen or len(seen) >= arguments.show:
            continue
        seen.add(result.key)
        if not arguments.no_shrink:
            session = shrink(pair, session)
            result = pair.compare(session)
        print(show(session, result), end="\n\n")
    pair.close()

    seconds = time.time() - started
    total, steps = keys.pop("sessions", 0), keys.pop("steps", 0)
    print(f"{total} sessions, {steps} operations in {seconds:.0f} s")
    for reason, count in explained.most_common():
        print(f"{count:7} explained: {reason}")
    for key, count in keys.most_common():
        print(f"{count:7} UNEXPLAINED {key[1:]}")
    return 1 if keys else 0


if __name__ == "__main__":
    sys.exit(main())
