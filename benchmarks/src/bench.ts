// Measures the built packages against floors written by hand, in processes of their own; see README.md beside src/.
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { chain } from './chain.ts';
import { handOver } from './hand-over.ts';
import { isolation } from './isolation.ts';
import { logMetrics } from './log-metrics.ts';
import { manyComponents } from './many-components.ts';
import { mapped } from './mapped.ts';
import { table, type Row } from './row.ts';
import { isDiskUnsettled, ScratchProject } from './scratch-project.ts';
import { startUp } from './start-up.ts';

const GROUPS: Record<string, (project: ScratchProject, rounds: number) => Row[]> = {
  'start-up': startUp,
  chain,
  mapped,
  'hand-over': handOver,
  'log-metrics': logMetrics,
  isolation,
  'many-components': manyComponents,
};

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
const names = positionals.length > 0 ? positionals : Object.keys(GROUPS);
const unknown = names.find((name) => !Object.hasOwn(GROUPS, name));

if (unknown !== undefined || !Number.isInteger(rounds) || rounds < 1) {
  console.error(`usage: npm run bench -- [${Object.keys(GROUPS).join('] [')}] [--rounds N] [--json]`);
  process.exitCode = 1;
} else {
  await bench();
}

async function bench(): Promise<void> {
  const machine = { node: process.versions.node, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, load: loadavg()[0]! };
  if (isDiskUnsettled())
    console.error('files of a benchmark were removed less than five minutes ago: until then making files costs more (see README.md)');
  const project = await ScratchProject.make();
  const rows: Row[] = [];
  try {
    for (const name of names) {
      console.error(`measuring ${name} ...`);
      rows.push(...GROUPS[name]!(project, rounds));
    }
  } finally {
    project.remove();
  }
  if (values.json) console.log(JSON.stringify({ ...machine, rounds, rows }, null, 2));
  else console.log(report(machine, rows));
}

function report(machine: { node: string; cpu: string; cores: number; load: number }, rows: readonly Row[]): string {
  const judged = rows.filter(({ ok }) => ok !== undefined);
  return [
    `Node ${machine.node}, ${machine.cores} x ${machine.cpu}, load ${machine.load.toFixed(1)} at the start; medians of ${rounds}`,
    table(rows),
    `${judged.filter(({ ok }) => ok).length} of ${judged.length} goals met`,
  ].join('\n');
}
