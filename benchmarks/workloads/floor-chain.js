// node floor-chain.js STEPS: per step a JSON file that is safe on the disk, and a row that says so. What no system with a record of its runs can do without.
import { closeSync, fsyncSync, mkdtempSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const steps = Number(process.argv[2]);
const folder = mkdtempSync(join('floor', 'chain-'));
const database = new DatabaseSync(join(folder, 'store.db'));
database.exec(
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE steps (id INTEGER PRIMARY KEY, name TEXT, at INTEGER, file TEXT)',
);
const insert = database.prepare('INSERT INTO steps (name, at, file) VALUES (?, ?, ?)');

let n = 0;
for (let i = 0; i < steps; i++) {
  n += 1;
  const file = join(folder, `next_${i}.json`);
  const descriptor = openSync(file, 'w');
  writeSync(descriptor, JSON.stringify({ n }));
  fsyncSync(descriptor);
  closeSync(descriptor);
  insert.run(`next_${i}`, Date.now(), file);
}
database.close();
