// The JavaScript peer: writes interactions and reads what is published, with avsc and kafkajs.
//
//   node peer.js produce BROKERS REGISTRY LANGUAGE FILE   lines {topic, schema (a file), event}; agencies get LANGUAGE- in front
//   node peer.js consume BROKERS REGISTRY TOPIC=KEY=COUNT…   KEY: avro or text; lines {topic, partition, offset, key, value}
//   node peer.js decode FILE FOLDER                       lines {schema, key_schema, key, value} in hex; schemas of the folder
'use strict';

const fs = require('fs');
const avro = require('avsc');
const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = require('kafkajs');
const lz4 = require('lz4js');

// What is published is compressed with LZ4, which kafkajs does not read by itself.
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async ({ buffer }) => Buffer.from(lz4.compress(buffer)),
  decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
});

const FRAME_SIZE = 5;
const PATIENCE_MS = 60000;

const lines = (path) => fs.readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

// Unions of null and one type as the plain value; longs up to 2^53, which is enough for ours.
const typeOf = (text) => avro.Type.forSchema(JSON.parse(text), { wrapUnions: false });

function unframe(message) {
  if (message.length < FRAME_SIZE || message[0] !== 0) {
    throw new Error("not framed as Confluent's serializers do");
  }
  return [message.readUInt32BE(1), message.subarray(FRAME_SIZE)];
}

function frame(id, body) {
  const head = Buffer.alloc(FRAME_SIZE);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, body]);
}

class Registry {
  constructor(url) {
    this.url = url;
    this.ids = new Map();
    this.types = new Map();
  }

  async ask(path, body) {
    const request = { headers: { 'Content-Type': 'application/json' } };
    const answer = await fetch(this.url + path, body ? { ...request, method: 'POST', body: JSON.stringify(body) } : request);
    if (!answer.ok) {
      throw new Error(`${path}: ${answer.status}`);
    }
    return answer.json();
  }

  async register(subject, schema) {
    const key = `${subject}\n${schema}`;
    if (!this.ids.has(key)) {
      this.ids.set(key, (await this.ask(`/subjects/${subject}/versions`, { schema })).id);
    }
    return this.ids.get(key);
  }

  async type(id) {
    if (!this.types.has(id)) {
      this.types.set(id, typeOf((await this.ask(`/schemas/ids/${id}`)).schema));
    }
    return this.types.get(id);
  }

  async decode(message) {
    const [id, body] = unframe(message);
    return (await this.type(id)).fromBuffer(body);
  }
}

const connect = (brokers) => new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR });

async function produce(brokers, url, language, path) {
  const registry = new Registry(url);
  const byTopic = new Map();
  const texts = new Map();
  for (const { topic, schema, event } of lines(path)) {
    if (!texts.has(schema)) {
      texts.set(schema, fs.readFileSync(schema, 'utf8'));
    }
    const id = await registry.register(`${topic}-value`, texts.get(schema));
    const body = (await registry.type(id)).toBuffer({ ...event, agency: `${language}-${event.agency}` });
    byTopic.set(topic, [...(byTopic.get(topic) || []), { value: frame(id, body) }]);
  }
  const producer = connect(brokers).producer();
  await producer.connect();
  await producer.sendBatch({ topicMessages: [...byTopic].map(([topic, messages]) => ({ topic, messages })) });
  await producer.disconnect();
}

async function consume(brokers, url, words) {
  const wanted = words.map((word) => word.split('=')).map(([topic, key, count]) => ({ topic, key, count: Number(count) }));
  const isAvro = new Map(wanted.map(({ topic, key }) => [topic, key === 'avro']));
  let left = wanted.reduce((sum, { count }) => sum + count, 0);
  const registry = new Registry(url);
  const consumer = connect(brokers).consumer({ groupId: `peer-js-${process.pid}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [...isAvro.keys()], fromBeginning: true });
  await new Promise((done, failed) => {
    setTimeout(() => failed(new Error(`${left} messages did not come`)), PATIENCE_MS).unref();
    consumer.on(consumer.events.CRASH, ({ payload }) => failed(payload.error));
    consumer.run({
      eachMessage: async ({ topic, partition, message }) => {
        const key = isAvro.get(topic) ? await registry.decode(message.key) : message.key.toString();
        const value = await registry.decode(message.value);
        process.stdout.write(`${JSON.stringify({ topic, partition, offset: Number(message.offset), key, value })}\n`);
        left -= 1;
        if (left === 0) {
          done();
        }
      },
    }).catch(failed);
  });
  await consumer.disconnect();
}

function decode(path, folder) {
  const types = new Map();
  const read = (name, hex) => {
    const bytes = Buffer.from(hex, 'hex');
    if (!name) {
      return bytes.toString();
    }
    if (!types.has(name)) {
      types.set(name, typeOf(fs.readFileSync(`${folder}/${name}.avsc`, 'utf8')));
    }
    return types.get(name).fromBuffer(unframe(bytes)[1]);
  };
  for (const golden of lines(path)) {
    const decoded = { key: read(golden.key_schema, golden.key), value: read(golden.schema, golden.value) };
    process.stdout.write(`${JSON.stringify(decoded)}\n`);
  }
}

async function main([verb, ...words]) {
  if (verb === 'produce' && words.length === 4) {
    await produce(...words);
  } else if (verb === 'consume' && words.length > 2) {
    await consume(words[0], words[1], words.slice(2));
  } else if (verb === 'decode' && words.length === 2) {
    decode(...words);
  } else {
    throw new Error('usage: peer.js produce|consume|decode …, see its beginning');
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`js peer: ${error.stack}\n`);
  process.exit(1);
});
