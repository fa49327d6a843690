// Measures logging to W&B, Comet and Neptune, offline beside the vendors' own Python clients, and online; see README.md beside src/.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { provisioned } from '../../integrations/test-servers/src/provisioned.ts';
import { medians } from './rounds.ts';
import { row, table, type Row } from './row.ts';
import { ScratchProject } from './scratch-project.ts';

interface Times {
  /** In the loop that logs. */
  callsMs: number;
  /** From the first call until the file is closed. */
  ms: number;
}

/** Calls that a step makes one after the other, each with so many values. */
interface Calls {
  what: string;
  calls: number;
  values: number;
}

const FEW: Calls = { what: '10,000 calls', calls: 10_000, values: 1 };
const WIDE: Calls = { what: '10,000 calls of five values', calls: 10_000, values: 5 };
const MANY: Calls = { what: '100,000 calls', calls: 100_000, values: 1 };
/** `theirs`: how many calls their client makes, so that it is done in seconds and not in minutes; its times count as if it had made as many as we do. */
const VENDORS: { flavor: string; theirs: Map<Calls, number>; config: object }[] = [
  { flavor: 'wandb', theirs: new Map([FEW, WIDE].map((each) => [each, each.calls])), config: { mode: 'offline' } },
  { flavor: 'comet', theirs: new Map([FEW, WIDE, MANY].map((each) => [each, each.calls])), config: { mode: 'offline' } },
  { flavor: 'neptune', theirs: new Map([FEW, WIDE].map((each) => [each, 500])), config: { mode: 'offline', project: 'bench/bench' } },
];
const { rounds: given } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } }).values;
const rounds = Number(given);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('usage: npm run bench:clients -- [--rounds N]');

const benchmarks = dirname(dirname(fileURLToPath(import.meta.url)));
const load = loadavg()[0]!;
const project = await ScratchProject.make({
  'integrations/wandb': 'wandb',
  'integrations/wandb-client': 'wandb-client',
  'integrations/comet': 'comet',
  'integrations/neptune': 'neptune',
});
try {
  const rows: Row[] = [];
  for (const vendor of VENDORS) rows.push(...rowsOf(vendor), ...(await onlineRows(vendor.flavor)));
  console.log(`load ${load.toFixed(1)} at the start; medians of ${rounds}\n${table(rows)}`);
} finally {
  project.remove();
}

function rowsOf({ flavor, theirs, config }: (typeof VENDORS)[number]): Row[] {
  let round = 0;
  const measured = medians(rounds, () => {
    console.error(`${flavor}: round ${++round} of ${rounds} ...`);
    project.reset();
    project.node('use-tracker.js', flavor, JSON.stringify(config));
    const numbers: Record<string, number> = {};
    for (const each of [FEW, WIDE, MANY]) {
      const { callsMs, ms, maxRssMb } = logged(each);
      Object.assign(numbers, { [`calls ${each.what}`]: callsMs, [`closed ${each.what}`]: ms, [`memory ${each.what}`]: maxRssMb });
      const less = theirs.get(each);
      if (less === undefined) continue;
      const their = byTheirClient(flavor, { ...each, calls: less });
      const scale = each.calls / less;
      Object.assign(numbers, { [`their calls ${each.what}`]: their.callsMs * scale, [`their closed ${each.what}`]: their.ms * scale });
    }
    return numbers;
  });
  return [
    { each: FEW, most: { calls: 500, closed: 2_000 } },
    { each: WIDE, most: { calls: 500, closed: 2_000 } },
    { each: MANY, most: { calls: 3_000 } },
  ].flatMap(({ each, most }) => {
    const what = `${flavor}: ${each.what}`;
    const of = (name: string): number => measured[`${name} ${each.what}`]!;
    const compared = (name: string, ratio: number) => ({ floor: of(`their ${name}`), goal: { of: 'ratio' as const, most: ratio } });
    const against = !theirs.has(each)
      ? []
      : [
          row(`${what}, against their client`, 'ms wall', of('calls'), compared('calls', 0.1)),
          row(`${what} until the file is closed, against their client`, 'ms wall', of('closed'), compared('closed', 0.5)),
        ];
    return [
      row(`${what}, in the step's own time`, 'ms wall', of('calls'), { goal: { of: 'median', most: most.calls } }),
      row(
        `${what} until the file is closed`,
        'ms wall',
        of('closed'),
        most.closed === undefined ? {} : { goal: { of: 'median', most: most.closed } },
      ),
      row(`${what}, peak memory`, 'MB', of('memory')),
      ...against,
    ];
  });
}

/** Only what the step itself takes: how long delivery takes is the server's matter. */
async function onlineRows(flavor: string): Promise<Row[]> {
  const recorder = spawn(process.execPath, ['--conditions=mortise-source', join(benchmarks, 'src/recorder.ts'), flavor], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(recorder.stdout, 'data')) as [Buffer];
    const measured = medians(rounds, () => {
      project.reset();
      project.node('use-tracker.js', flavor, line.toString());
      return { calls: logged(FEW).callsMs, manyCalls: logged(MANY).callsMs };
    });
    return [
      row(`${flavor}, online: ${FEW.what}, in the step's own time`, 'ms wall', measured.calls, {
        goal: { of: 'median', most: 500 },
      }),
      row(`${flavor}, online: ${MANY.what}, in the step's own time`, 'ms wall', measured.manyCalls, {
        goal: { of: 'median', most: 3_000 },
      }),
    ];
  } finally {
    recorder.stdin.end();
    await once(recorder, 'exit');
  }
}

function logged({ calls, values }: Calls): Times & { maxRssMb: number } {
  return JSON.parse(project.node('log-points.js', String(calls), String(values)).output) as Times & { maxRssMb: number };
}

function byTheirClient(client: string, { calls, values }: Calls): Times {
  const folder = mkdtempSync(join(benchmarks, '.clients-'));
  try {
    const script = join(benchmarks, 'workloads/log-points.py');
    const env = { ...process.env, HOME: folder, WANDB_SILENT: 'true', WANDB_ERROR_REPORTING: 'false', COMET_LOGGING_CONSOLE: 'ERROR' };
    const output = execFileSync(provisioned['vendor-clients'].program, [script, client, String(calls), folder, String(values)], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return JSON.parse(output.trimEnd().split('\n').at(-1)!) as Times;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
