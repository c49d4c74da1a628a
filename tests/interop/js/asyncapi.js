// asyncapi.js FILE… - validates AsyncAPI documents with AsyncAPI's own parser, the Avro schemas they refer to included.
// Prints a line of JSON for each: {problems: [line], document: the document with what it refers to in place}.
'use strict';

const fs = require('fs');
const { Parser } = require('@asyncapi/parser');
const { AvroSchemaParser } = require('@asyncapi/avro-schema-parser');

const SEVERITIES = ['error', 'warning'];

async function validate(path) {
  const parser = new Parser();
  parser.registerSchemaParser(AvroSchemaParser());
  const { document, diagnostics } = await parser.parse(fs.readFileSync(path, 'utf8'), { source: path });
  const problems = diagnostics
    .filter((one) => one.severity < SEVERITIES.length)
    .map((one) => `${one.range.start.line + 1}:${one.range.start.character + 1}: ` +
      `${SEVERITIES[one.severity]}: ${one.path.join('.')}: ${one.message}`);
  return { problems, document: document ? document.json() : null };
}

async function main(paths) {
  for (const path of paths) {
    process.stdout.write(`${JSON.stringify(await validate(path))}\n`);
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`asyncapi: ${error.stack}\n`);
  process.exit(1);
});
