// Measures the S3 artifact store beside `aws s3 cp` on one local server, each transfer in a process of its own; see README.md beside src/.
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startS3 } from '@mortise/test-servers';
import { medians } from './rounds.ts';
import { row, table, type Row } from './row.ts';

const MIB = 1024 * 1024;
const OBJECTS = 2_000;
const benchmarks = dirname(dirname(fileURLToPath(import.meta.url)));
const workload = join(benchmarks, 'workloads/s3-transfer.js');

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    disk: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    mebibytes: { type: 'string', default: '1024' },
    'part-size': { type: 'string', default: String(8 * MIB) },
    concurrency: { type: 'string', default: '4' },
  },
});
const mebibytes = Number(values.mebibytes);

const folder = mkdtempSync(join(roomInMemory() ?? benchmarks, '.mortise-s3-'));
process.env['TMPDIR'] = folder;
const server = await startS3();
try {
  const machine = { node: process.versions.node, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, load: loadavg()[0]! };
  const rows = await measure(await server.createBucket());
  if (values.json) console.log(JSON.stringify({ ...machine, rounds: Number(values.rounds), rows }, null, 2));
  else
    console.log(
      `Node ${machine.node}, ${machine.cores} x ${machine.cpu}, load ${machine.load.toFixed(1)} at the start, files in ${folder}; medians of ${values.rounds}\n${table(rows)}`,
    );
} finally {
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
}

/** A memory disk with room for all: on a real one, what earlier transfers have left to be written slows whoever comes next. */
function roomInMemory(): string | undefined {
  const path = '/dev/shm';
  if (values.disk || !existsSync(path)) return undefined;
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize > 12 * mebibytes * MIB ? path : undefined;
}

async function measure(bucket: string): Promise<Row[]> {
  const large = join(folder, 'large');
  const small = join(folder, 'small');
  writeRandom(large, mebibytes);
  mkdirSync(small);
  for (let i = 0; i < OBJECTS; i++) writeFileSync(join(small, `${i}.bin`), randomFillSync(Buffer.alloc(1024)));

  let round = 0;
  const measured = medians(Number(values.rounds), () => {
    const back = join(folder, `back-${++round}`);
    const ours = `ours/${round}`;
    const theirs = `s3://${bucket}/theirs/${round}`;
    for (const name of ['', 'ours', 'theirs']) mkdirSync(join(back, name));
    const transfer = (action: string, path: string, name: string) => node(bucket, { action, path, key: `${ours}/${name}` });
    // What was just written is still on its way to the disk: each takes its turn to be first.
    const up = inTurn(
      round,
      () => aws('cp', large, `${theirs}/large`),
      () => transfer('up', large, 'large'),
    );
    const down = inTurn(
      round,
      () => aws('cp', `${theirs}/large`, join(back, 'theirs-large')),
      () => transfer('down', join(back, 'large'), 'large'),
    );
    const downWorker = transfer('down-worker', join(back, 'large-too'), 'large');
    const upMany = inTurn(
      round,
      () => aws('cp', small, `${theirs}/small`, '--recursive'),
      () => transfer('up-many', small, 'small'),
    );
    const downMany = inTurn(
      round,
      () => aws('cp', `${theirs}/small`, join(back, 'theirs'), '--recursive'),
      () => transfer('down-many', join(back, 'ours'), 'small'),
    );
    rmSync(back, { recursive: true });
    return {
      awsUp: up[0].ms,
      up: up[1].ms,
      upMemory: up[1].printed,
      awsDown: down[0].ms,
      down: down[1].ms,
      downMemory: down[1].printed,
      downWorker: downWorker.ms,
      awsUpMany: upMany[0].ms,
      upMany: upMany[1].ms,
      awsDownMany: downMany[0].ms,
      downMany: downMany[1].ms,
    };
  });
  const size = `${mebibytes} MiB`;
  return [
    row(`${size} up, against aws s3 cp`, 'ms wall', measured.up, { floor: measured.awsUp, goal: { of: 'ratio', most: 1 / 0.8 } }),
    row(`${size} down, against aws s3 cp`, 'ms wall', measured.down, { floor: measured.awsDown, goal: { of: 'ratio', most: 1 } }),
    row(`${size} down, hashed by another thread`, 'ms wall', measured.downWorker, { floor: measured.awsDown }),
    row(`${size} up, peak memory`, 'MB', measured.upMemory, { goal: { of: 'median', most: 256 } }),
    row(`${size} down, peak memory`, 'MB', measured.downMemory, { goal: { of: 'median', most: 256 } }),
    row(`${OBJECTS} x 1 KiB up, against aws s3 cp --recursive`, 'ms wall', measured.upMany, {
      floor: measured.awsUpMany,
      goal: { of: 'ratio', most: 0.33 },
    }),
    row(`${OBJECTS} x 1 KiB down, against aws s3 cp --recursive`, 'ms wall', measured.downMany, {
      floor: measured.awsDownMany,
      goal: { of: 'ratio', most: 0.33 },
    }),
  ];
}

interface Transfer {
  ms: number;
  /** The number that it printed, if it did. */
  printed: number;
}

/** Both, in an order that changes from round to round; their results in the order given. */
function inTurn(round: number, first: () => Transfer, second: () => Transfer): [Transfer, Transfer] {
  if (round % 2 === 1) return [first(), second()];
  const later = second();
  return [first(), later];
}

function node(bucket: string, what: object): Transfer {
  const config = {
    path: `s3://${bucket}/mortise`,
    endpoint: server.url,
    key: server.accessKeyId,
    secret: server.secretAccessKey,
    partSize: Number(values['part-size']),
    maxConcurrency: Number(values.concurrency),
  };
  return timed(process.execPath, [...process.execArgv, workload, JSON.stringify({ config, ...what })], {});
}

function aws(...args: string[]): Transfer {
  return timed('aws', ['s3', ...args, '--only-show-errors', '--endpoint-url', server.url], {
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_DEFAULT_REGION: server.region,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
}

/** @throws when the command does not end well, with what it wrote to stderr */
function timed(command: string, args: string[], env: Record<string, string>): Transfer {
  const begin = process.hrtime.bigint();
  const { status, stdout, stderr, error } = spawnSync(command, args, { env: { ...process.env, ...env }, encoding: 'utf8' });
  const ms = Number(process.hrtime.bigint() - begin) / 1e6;
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args[1]} ended with ${status}\n${stderr}`);
  return { ms, printed: Number(stdout.trim()) };
}

function writeRandom(file: string, size: number): void {
  const fd = openSync(file, 'w');
  const block = Buffer.allocUnsafe(MIB);
  for (let i = 0; i < size; i++) writeSync(fd, randomFillSync(block));
  closeSync(fd);
}
