// node floor-log.js CALLS: a line of JSON per call, written before the call returns; nothing is read or summed up afterwards.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

const calls = Number(process.argv[2]);
const descriptor = openSync('floor/log.jsonl', 'w');
const start = performance.now();
for (let i = 0; i < calls; i++) {
  const values = { loss: 1 / (i + 1), accuracy: i / calls, rate: 0.1, norm: i * 0.37, seconds: i * 0.01 };
  writeSync(descriptor, `${JSON.stringify({ kind: 'metrics', at: Date.now(), step: i, values })}\n`);
}
const microsecondsPerCall = ((performance.now() - start) * 1000) / calls;
fsyncSync(descriptor);
closeSync(descriptor);
console.log(JSON.stringify({ microsecondsPerCall }));
