// read_exposition.js KIND < PAGE: the page as JSON, read by packages of npm. KIND is text, protobuf, text+zstd or text+gzip.
const path = require('path');
const zlib = require('zlib');

function families(text) {
  return require('parse-prometheus-text-format')(text);
}

function messages(bytes) {
  const { Reader, loadSync } = require('protobufjs');
  const type = loadSync(path.join(__dirname, 'metrics.proto')).lookupType('io.prometheus.client.MetricFamily');
  const reader = Reader.create(bytes);
  const out = [];
  while (reader.pos < reader.len) {
    out.push(type.toObject(type.decodeDelimited(reader), { longs: Number, enums: String, json: true }));
  }
  return out;
}

const readers = {
  'text': (bytes) => families(bytes.toString()),
  'text+gzip': (bytes) => families(zlib.gunzipSync(bytes).toString()),
  'text+zstd': (bytes) => families(Buffer.from(require('fzstd').decompress(bytes)).toString()),
  'protobuf': messages,
};
const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk));
process.stdin.on('end', () => process.stdout.write(JSON.stringify(readers[process.argv[2]](Buffer.concat(chunks)))));
