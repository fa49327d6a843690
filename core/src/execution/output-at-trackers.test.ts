import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { ledgerIn, SageProject } from '../testing/sage-project.ts';

// Output belongs to a process: each script is one of its own.
let sage: SageProject;
beforeAll(async () => {
  sage = await SageProject.make();
  await sage.client.createSecret('team', { key: 'key-6f1d-8a20' });
  await sage.ledger('keeps', { output: true, key: '{{secret.team.key}}' });
  await sage.ledger('also', { output: true });
  await sage.ledger('other');
  const stack = { orchestrator: 'default', 'artifact-store': 'default' };
  await sage.client.registerStack('all', { ...stack, 'experiment-tracker': ['keeps', 'other'] });
  await sage.client.registerStack('none', { ...stack, 'experiment-tracker': 'other' });
  await sage.client.registerStack('late', { ...stack, 'experiment-tracker': 'also' });
});
afterAll(() => sage.end());

/** Runs a script that may use `step` and `pipeline`; gives what it printed. */
async function script(name: string, text: string): Promise<string> {
  const file = join(sage.root, `${name}.ts`);
  writeFileSync(
    file,
    `import { activeRun, pipeline, step } from '@mortise/core';\nconst sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));\n${text}`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', file], { cwd: sage.root }).catch(
    (error: { stdout: string }) => error,
  );
  return stdout;
}

const eventsAt = (ledger: string, run: string) => ledgerIn(join(sage.root, ledger)).get(run)?.events ?? [];
const printedAt = (ledger: string, run: string): string[] =>
  eventsAt(ledger, run).flatMap(({ kind, stream, text }) => (kind === 'log' ? [`${stream} ${text}`] : []));
/** Whole lines of the event log of a run. */
async function logOf(run: string): Promise<string> {
  const folder = join(sage.root, '.mortise/logs', (await sage.client.getPipelineRun(run)).id);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}

const PRINTS = `async () => {
  console.log('begun');
  activeRun().logMetric('loss', 1);
  for (const letter of 'by letters\\n') process.stdout.write(letter);
  process.stderr.write('oh\\nno\\n');
  console.log('the key is', 'key-6f1d-8a20');
  process.stdout.write('no end, key-6f1d');
}`;
const PRINTED = ['out begun', 'out by letters', 'err oh', 'err no', 'out the key is ***', 'out no end, key-6f1d'];

test.each(['inline', 'process'])(
  'what a step prints, %s, reaches the trackers that keep output, line by line, and no others',
  async (isolation) => {
    const name = `prints-${isolation}`;
    const last = await script(
      name,
      `const talk = step('talk', { experimentTracker: ['keeps', 'other'], cache: false, isolation: '${isolation}' }, ${PRINTS});
const untracked = step('untracked', { cache: false }, async () => console.log('for nobody'));
const run = await pipeline('p', () => { talk(); untracked(); }).run({}, { name: '${name}', stack: 'all' });
console.log(run.status);`,
    );
    expect(last).toMatch(/completed\n$/);
    // The two streams of a process are two pipes.
    expect(isolation === 'inline' ? printedAt('keeps', `${name} > talk`) : printedAt('keeps', `${name} > talk`).sort()).toEqual(
      isolation === 'inline' ? PRINTED : PRINTED.toSorted(),
    );
    expect(eventsAt('keeps', `${name} > talk`).every(({ at }) => Math.abs(Date.now() - at) < 60_000)).toBe(true);
    expect(eventsAt('other', `${name} > talk`).map(({ kind }) => kind)).toEqual(['metrics']);
    expect(await logOf(name)).not.toContain('for nobody');
    const run = await sage.client.getPipelineRun(name);
    expect(run.warnings).toEqual([]);
    expect(run.steps['talk']!.attempts[0]!.trackerRuns.map(({ delivered }) => delivered)).toEqual([true, true]);
  },
);

test('where no tracker of a step keeps output, nothing of it is in the event log', async () => {
  await script(
    'unkept',
    `const talk = step('talk', { experimentTracker: true, cache: false }, ${PRINTS});
await pipeline('p', () => { talk(); }).run({}, { name: 'unkept', stack: 'none' });`,
  );
  expect((await logOf('unkept')).match(/"kind":"\w+"/g)).toEqual(['"kind":"metrics"']);
  expect(eventsAt('other', 'unkept > talk').map(({ kind }) => kind)).toEqual(['metrics']);
});

test('a cached step prints nothing anywhere', async () => {
  await script(
    'cached',
    `const talk = step('talk', { experimentTracker: 'keeps' }, ${PRINTS});
const p = pipeline('p', () => { talk(); });
for (const name of ['first', 'second']) await p.run({}, { name, stack: 'all' });`,
  );
  expect(printedAt('keeps', 'first > talk')).toEqual(PRINTED);
  expect(printedAt('keeps', 'second > talk')).toEqual([]);
});

test('what a failed attempt printed stays with it, also what it printed last; what it prints after its end is for nobody, and no warning', async () => {
  await script(
    'fails',
    `let tries = 0;
const talk = step('talk', { experimentTracker: 'keeps', cache: false, retry: { retries: 1 } }, async () => {
  const attempt = ++tries;
  setTimeout(() => console.log('too late'), 1_000);
  console.log('attempt', attempt);
  process.stderr.write('its last words');
  if (attempt === 1) throw new Error('no wine left');
});
const rest = step('rest', { cache: false }, () => sleep(1_300));
await pipeline('p', () => { rest(undefined, { after: [talk()] }); }).run({}, { name: 'fails', stack: 'all' });`,
  );
  expect(printedAt('keeps', 'fails > talk')).toEqual(['out attempt 1', 'err its last words']);
  expect(printedAt('keeps', 'fails > talk (2)')).toEqual(['out attempt 2', 'err its last words']);
  expect((await sage.client.getPipelineRun('fails')).warnings).toEqual([]);
});

test('more than 10 MB reaches no tracker, and the last line says so', async () => {
  await script(
    'much',
    `const line = 'x'.repeat(999_999) + '\\n';
const talk = step('talk', { experimentTracker: 'keeps', cache: false }, async () => { for (let i = 0; i < 12; i++) process.stdout.write(line); });
await pipeline('p', () => { talk(); }).run({}, { name: 'much', stack: 'all' });`,
  );
  const printed = printedAt('keeps', 'much > talk');
  expect(printed.slice(0, -1).map((line) => line.length)).toEqual(Array<number>(9).fill('out '.length + 999_999));
  expect(printed.at(-1)).toBe('err ... the rest of the output is not kept: a step may print 10 MB');
});

test('a tracker that was away has all lines later, once and in order; so has one to which the run is sent then, if it keeps output', async () => {
  sage.setLedger('keeps', 'closed');
  await script(
    'away',
    `const talk = step('talk', { experimentTracker: 'keeps', cache: false }, ${PRINTS});
await pipeline('p', () => { talk(); }).run({}, { name: 'away', stack: 'all', trackerTimeoutMs: 200 });`,
  );
  expect(printedAt('keeps', 'away > talk')).toEqual([]);
  sage.setLedger('keeps', 'open');
  await sage.client.deliver();
  expect(printedAt('keeps', 'away > talk')).toEqual(PRINTED);
  const run = (await sage.client.getPipelineRun('away')).id;
  for (const to of ['also', 'other']) await sage.client.deliverRuns({ runs: [run], to });
  expect(printedAt('also', 'away > talk')).toEqual(PRINTED);
  expect(eventsAt('other', 'away > talk').map(({ kind }) => kind)).toEqual(['metrics']);
});

// A last letter is held back where a secret begins with it, as the key of the store may: no secret begins with a full stop.
test('what a process printed that was killed is delivered by the next one', async () => {
  await script(
    'killed',
    `const talk = step('talk', { experimentTracker: 'keeps', cache: false }, async () => {
  process.stdout.write('a line\\nan unfinished one.');
  await sleep(1_300);
  process.stdout.write('and');
  process.kill(process.pid, 'SIGKILL');
});
await pipeline('p', () => { talk(); }).run({}, { name: 'killed', stack: 'all' });`,
  );
  await sage.client.deliver();
  expect(printedAt('keeps', 'killed > talk')).toEqual(['out a line', 'out an unfinished one.']);
});
