"""messages.py - what stands on the topics: produced, read to the end and decoded, with none of slipstream's code."""

import io
import json
import time
import urllib.request
from collections import namedtuple

import confluent_kafka
import fastavro

CHANNELS = ("web", "phone", "office", "chat")
READ_S = 30
NO_LEADER = {confluent_kafka.KafkaError.NOT_LEADER_FOR_PARTITION, confluent_kafka.KafkaError.LEADER_NOT_AVAILABLE,
             confluent_kafka.KafkaError.UNKNOWN_TOPIC_OR_PART}
REPLAYED = 129  # the format of a record of dead letters that were replayed
QUIET = 2  # what the library has to say about brokers that a scenario stops is no news
Message = namedtuple("Message", "topic partition offset timestamp key value headers")
Letter = namedtuple("Letter", "message record")


def _plain(schema):
    """Without logical types: times stay numbers."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items() if key != "logicalType"}
    return schema


def _parse(schema):
    return fastavro.parse_schema(_plain(schema), named_schemas={})


def frame(schema_id, body):
    """Confluent's framing."""
    return b"\0" + schema_id.to_bytes(4, "big") + body


def encode(schema, record):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, record)
    return out.getvalue()


def _answered(ask):
    """The cluster's answer. A topic just made has no leader for a moment, and the client's table of leaders may be older."""
    deadline = time.monotonic() + READ_S
    while True:
        try:
            return ask()
        except confluent_kafka.KafkaException as failed:
            if failed.args[0].code() not in NO_LEADER or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Kafka:
    """A producer, readers, and the registry's schemas."""

    def __init__(self, brokers, registry, schemas):
        self.brokers = brokers
        self.registry = registry
        self.folder = schemas
        self.known = {}       # id → schema, as the registry tells
        self.schemas = {}     # file → schema
        self.ids = {}         # topic → id of its values' schema
        self.groups = {}
        self.delivery_errors = []
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": brokers, "linger.ms": 5, "queue.buffering.max.messages": 1000000,
            "enable.idempotence": True, "compression.type": "lz4", "log_level": QUIET})

    def close(self):
        for consumer in self.groups.values():
            consumer.close()

    # ---- schemas ----

    def ask(self, path, body=None, method=None):
        request = urllib.request.Request(f"{self.registry}{path}", data=body and json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def schema(self, name):
        """Of the project's folder."""
        if name not in self.schemas:
            self.schemas[name] = _parse(json.loads((self.folder / f"{name}.avsc").read_text()))
        return self.schemas[name]

    def register(self, subject, schema_text):
        """The id that the registry gives a schema."""
        return self.ask(f"/subjects/{subject}/versions", {"schema": schema_text})["id"]

    def registered(self, schema_id):
        """The schema of an id, from the registry."""
        if schema_id not in self.known:
            self.known[schema_id] = _parse(json.loads(self.ask(f"/schemas/ids/{schema_id}")["schema"]))
        return self.known[schema_id]

    def decode(self, value):
        """A framed value, by the schema that its own id names."""
        if value[0] != 0:
            raise ValueError(f"framed with {value[0]}")
        schema = self.registered(int.from_bytes(value[1:5], "big"))
        return fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)

    def interaction(self, channel, topic, event):
        """The message of an interaction; fields left out have the schema's defaults."""
        name = f"{channel}_interaction"
        if topic not in self.ids:
            self.ids[topic] = self.register(f"{topic}-value", (self.folder / f"{name}.avsc").read_text())
        return frame(self.ids[topic], encode(self.schema(name), event))

    # ---- producing ----

    def send(self, topic, value, key=None, partition=None, headers=None):
        place = {} if partition is None else {"partition": partition}
        while True:
            try:
                self.producer.produce(topic, value, key, headers=headers, on_delivery=self._delivered, **place)
                break
            except BufferError:
                self.producer.poll(0.1)
        self.producer.poll(0)

    def _delivered(self, error, _message):
        if error:
            self.delivery_errors.append(str(error))

    def flush(self):
        left = self.producer.flush(READ_S)
        if left or self.delivery_errors:
            raise RuntimeError(f"{left} messages are not delivered; {self.delivery_errors[:3]}")

    # ---- reading ----

    def partitions(self, topic):
        def ask():
            known = self.producer.list_topics(topic, READ_S).topics[topic]
            if known.error:
                raise confluent_kafka.KafkaException(known.error)
            return sorted(known.partitions)

        return _answered(ask)

    def read(self, topic):
        """All that is committed on a topic, in the order of each partition."""
        partitions = self.partitions(topic)
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.brokers, "group.id": "e2e-reader", "enable.auto.commit": False,
            "isolation.level": "read_committed", "enable.partition.eof": True, "fetch.wait.max.ms": 50,
            "log_level": QUIET})
        start = confluent_kafka.OFFSET_BEGINNING
        consumer.assign([confluent_kafka.TopicPartition(topic, p, start) for p in partitions])
        open_ones = set(partitions)
        found = []
        while open_ones:
            got = consumer.consume(10000, READ_S if not found else 5)
            if not got:
                raise RuntimeError(f"{topic}: the end does not come")
            for message in got:
                if message.error():
                    if message.error().code() != confluent_kafka.KafkaError._PARTITION_EOF:
                        raise RuntimeError(f"{topic}: {message.error()}")
                    open_ones.discard(message.partition())
                else:
                    found.append(Message(topic, message.partition(), message.offset(), message.timestamp()[1],
                                         message.key(), message.value(), message.headers() or []))
        consumer.close()
        return found

    def latest(self, topic, key):
        """Decoded records by key(record), of each the one with the highest revision; and how many there were."""
        found = {}
        messages = self.read(topic)
        for message in messages:
            record = self.decode(message.value)
            kept = found.get(key(record))
            if kept is None or (kept["epoch"], kept["seq"]) < (record["epoch"], record["seq"]):
                found[key(record)] = record
        return found, len(messages)

    def dead_letters(self, topic):
        letters = []
        for message in self.read(topic):
            if message.value[0] == REPLAYED:
                continue
            if message.value[0] != 2:
                raise ValueError(f"a dead letter of format {message.value[0]}")
            body = io.BytesIO(message.value[1:])
            record = fastavro.schemaless_reader(body, self.schema("dead_letter"), None)
            if body.read(1):
                raise ValueError("a dead letter with trailing bytes")
            letters.append(Letter(message, record))
        return letters

    def signal_batches(self, topic):
        for message in self.read(topic):
            if message.value[0] != 1:
                raise ValueError(f"a signal batch of format {message.value[0]}")
            body = io.BytesIO(message.value[1:])
            yield fastavro.schemaless_reader(body, self.schema("signal_batch"), None)

    # ---- how far groups are ----

    def _group(self, group):
        if group not in self.groups:
            self.groups[group] = confluent_kafka.Consumer({"bootstrap.servers": self.brokers, "group.id": group,
                                                           "enable.auto.commit": False, "log_level": QUIET})
        return self.groups[group]

    def ends(self, *topics):
        """(topic, partition) → the offset after the last."""
        return {(topic, p): self._end(confluent_kafka.TopicPartition(topic, p))
                for topic in topics for p in self.partitions(topic)}

    def _end(self, partition):
        return _answered(lambda: self._group("e2e-reader").get_watermark_offsets(partition, READ_S)[1])

    def has_passed(self, group, ends):
        """Whether the group has committed at least these offsets."""
        wanted = [confluent_kafka.TopicPartition(topic, p) for (topic, p), end in ends.items() if end > 0]
        try:
            committed = self._group(group).committed(wanted, READ_S)
        except confluent_kafka.KafkaException:
            return False  # a coordinator on the move, a transaction that is open: asked again
        return all(at.offset >= ends[at.topic, at.partition] for at in committed)
