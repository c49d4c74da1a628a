"""decode_fastavro.py SCHEMA MESSAGES NS: fastavro's reader (its C extension) over the messages that bench_decode wrote, and
the ratio to the NS that ours took. Logical types are left out, so that no datetime is made; the rounds' fastest counts."""

import io
import json
import pathlib
import struct
import sys
import time

import fastavro
import fastavro._read  # the extension: without it, this would measure Python

ROUNDS = 60


def plain(schema):
    if isinstance(schema, list):
        return [plain(branch) for branch in schema]
    if isinstance(schema, dict):
        return {key: plain(value) for key, value in schema.items() if key != "logicalType"}
    return schema


def bodies(path):
    data = pathlib.Path(path).read_bytes()
    at = 0
    while at < len(data):
        size, = struct.unpack_from("<I", data, at)
        yield data[at + 4:at + 4 + size]
        at += 4 + size


def main():
    schema = fastavro.parse_schema(plain(json.loads(pathlib.Path(sys.argv[1]).read_text())))
    streams = [io.BytesIO(body) for body in bodies(sys.argv[2])]
    read = fastavro.schemaless_reader
    fastest = float("inf")
    for _ in range(ROUNDS):
        for stream in streams:
            stream.seek(0)
        began = time.thread_time_ns()
        for stream in streams:
            read(stream, schema, None)
        fastest = min(fastest, (time.thread_time_ns() - began) / len(streams))
    print(f"fastavro {fastavro.__version__}, in C, without logical types: {fastest:.0f} ns an event, "
          f"ratio {fastest / float(sys.argv[3]):.1f}")


main()
