"""test_golden.py - records as a release published them, byte for byte, decoded by Java's, Python's, JavaScript's and Go's
libraries with that release's schemas: what is kept on topics stays readable, without any of slipstream's code. With the
schemas as they are now they read the same."""

import io
import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "contract")]

import fastavro

import harness
import peers
import samples

FRAME_SIZE = 5
failures = []


def same(what, got, expected):
    held = got == expected
    print(f"  {'ok' if held else 'FAILED'}: {what}", flush=True)
    if not held:
        failures.append(what)
        for mine, theirs in zip(got, expected):
            if mine != theirs:
                print(f"      got {json.dumps(mine)[:300]}\n      not {json.dumps(theirs)[:300]}")
                break


def load(folder, name):
    return samples.parse(json.loads((folder / f"{name}.avsc").read_text()))


def python_decodes(golden, written_with, read_with):
    """A record of the file, by the schemas of one folder, read with those of another."""
    def read(name, text):
        message = bytes.fromhex(text)
        if not name:
            return message.decode()
        body = io.BytesIO(message[FRAME_SIZE:])
        value = fastavro.schemaless_reader(body, load(written_with, name), load(read_with, name))
        if message[0] != 0 or body.read(1):
            raise ValueError(f"a {name} is not framed, or bytes are left over")
        return value

    return {"key": read(golden["key_schema"], golden["key"]), "value": read(golden["schema"], golden["value"])}


def check_release(path, commands, folder):
    golden = [json.loads(line) for line in path.read_text().splitlines()]
    expected = [one["expected"] for one in golden]
    kinds = {one["schema"] for one in golden}
    same(f"{path.stem}: there are aggregates, scores and alerts", sorted(kinds), ["aggregate", "alert", "score"])
    schemas, now = harness.SOURCE / "schemas/released" / path.stem, harness.SOURCE / "schemas"
    same(f"{path.stem}: Python decodes all {len(golden)}", [python_decodes(one, schemas, schemas) for one in golden], expected)
    later = [python_decodes(one, schemas, now) for one in golden]
    same(f"{path.stem}: and today's schemas read the same",
         [samples.agrees(got, one) for got, one in zip(later, expected)], [True] * len(golden))
    running = {language: peers.Peer(command, folder, f"{language}-decodes", ("decode", str(path), str(schemas)))
               for language, command in commands.items()}
    for language, peer in running.items():
        same(f"{path.stem}: {language} decodes the same", peer.lines(), expected)


def main():
    paths = sorted((HERE / "golden").glob("*.jsonl"))
    same("every release has its records", [path.stem for path in paths],
         sorted(folder.name for folder in (harness.SOURCE / "schemas/released").iterdir()))
    try:
        commands = peers.commands()
        with tempfile.TemporaryDirectory() as folder:
            for path in paths:
                check_release(path, commands, Path(folder))
    except harness.Failure as failure:
        print(f"  FAILED: {failure}")
        failures.append(str(failure))
    print(f"golden: {f'{len(failures)} FAILED' if failures else 'passed'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
