// asyncapi.js FILE - validates an AsyncAPI document with AsyncAPI's own parser, the Avro schemas it refers to included.
// Prints {problems: [line], document: the document with what it refers to in place} as JSON.
'use strict';

const fs = require('fs');
const { Parser } = require('@asyncapi/parser');
const { AvroSchemaParser } = require('@asyncapi/avro-schema-parser');

const SEVERITIES = ['error', 'warning'];

async function main(path) {
  const parser = new Parser();
  parser.registerSchemaParser(AvroSchemaParser());
  const { document, diagnostics } = await parser.parse(fs.readFileSync(path, 'utf8'), { source: path });
  const problems = diagnostics
    .filter((one) => one.severity < SEVERITIES.length)
    .map((one) => `${one.range.start.line + 1}:${one.range.start.character + 1}: ` +
      `${SEVERITIES[one.severity]}: ${one.path.join('.')}: ${one.message}`);
  process.stdout.write(JSON.stringify({ problems, document: document ? document.json() : null }));
}

main(process.argv[2]).catch((error) => {
  process.stderr.write(`asyncapi: ${error.stack}\n`);
  process.exit(1);
});
