import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { FILL, mayMount, onSmallDisk, type DiskEnd } from '../testing/small-disk.ts';
import { scriptProject, type ScriptProject } from '../testing/script-project.ts';

let project: ScriptProject;
beforeAll(async () => {
  project = await scriptProject();
  project.write('init.mjs', `import { initProject } from '@mortise/core'; await initProject(import.meta.dirname);`);
});
afterAll(() => project.remove());

const IMPORT = `
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { activeRun, Client, pipeline, resumeRun, step } from '@mortise/core';
/** Resolves when the process has been heard to warn. */
const warned = () => new Promise((resolve) => {
  const { write } = process.stderr;
  const alive = setInterval(() => undefined, 1_000);
  process.stderr.write = function (text, ...rest) {
    if (String(text).startsWith('warning ')) resolve(clearInterval(alive));
    return write.call(this, text, ...rest);
  };
});
const look = async (name) => {
  const client = new Client();
  const { status, error, steps: { full } } = await client.getPipelineRun(name);
  const versions = (await client.listArtifacts({ limit: 100 })).items.filter((item) => item.artifact.startsWith(name + '/')).length;
  const printed = [];
  for await (const { text } of client.stepLogs(name)) printed.push(text);
  const filesIn = (folder) => (existsSync('.mortise/artifacts/' + folder) ? readdirSync('.mortise/artifacts/' + folder) : []);
  const bytes = [...filesIn(name), ...filesIn('.tmp')];
  return { status, error: error?.message, step: full?.status, versions, bytes, points: full?.tracker.metrics.x?.count, printed: printed.join('') };
};
`;

interface Case {
  /** The folder that is the small disk. */
  folder: string;
  size: string;
  /** What the step `full` does once the disk is full; `log` counts in `logged`. */
  body: string;
  /** Bytes that are still free then. */
  spare?: number;
  /** Default: inline. */
  isolation?: 'process';
  /** How long the end of the run waits for what is tried again. */
  trackerTimeoutMs?: number;
}

interface Seen {
  status: string;
  error?: string;
  step: string;
  versions: number;
  /** Names of the run's files in the artifact store, and of files that are only begun. */
  bytes: string[];
  points?: number;
  printed: string;
}

interface Told {
  /** What the process of the run said: how the run ended, or the error that it threw. */
  run: DiskEnd & { end: { status?: string; error?: string; warnings?: string[]; thrown?: string } };
  /** What another process sees when there is room again. */
  seen: Seen;
  /** What it has then delivered. */
  delivered: { delivered: number; left: number }[];
  /** How the run ended after it was resumed, and what is seen then. */
  resumed?: string;
  after: Seen;
}

/** Runs a pipeline whose only step fills the disk and then writes to it, and looks at it when there is room again. */
async function whenFull(name: string, { folder, size, body, spare = 0, isolation, trackerTimeoutMs = 60_000 }: Case): Promise<Told> {
  const env = folder === 'db' ? { MORTISE_STORE_URL: 'sqlite:db/store.db' } : {};
  project.write(
    `${name}.mjs`,
    `${IMPORT}${FILL}
let logged = 0;
const log = (times) => { for (let i = 0; i < times; i++) { activeRun().logMetrics({ x: i }, { step: i }); logged++; } };
const full = step('full', { experimentTracker: true, cache: false }, async () => {
  if (!process.env.ROOM) fill(import.meta.dirname + '/${folder}', ${spare});
  ${body}
});
export const p = pipeline('${name}', () => { full(); });
const end = await p.run({}, { name: '${name}', trackerTimeoutMs: ${trackerTimeoutMs}, isolation: '${isolation ?? 'inline'}' }).then(
  ({ status, error, warnings }) => ({ status, error: error?.message, warnings }),
  (error) => ({ thrown: error.line ?? error.stack }),
);
console.log('\\n' + JSON.stringify(end));`,
  );
  project.write(
    `${name}-look.mjs`,
    `${IMPORT}
process.env.ROOM = 'yes';
const seen = await look('${name}');
const delivered = await new Client().deliver();
const resumed = seen.status === 'completed' ? undefined : (await resumeRun('${name}')).status;
console.log('\\n' + JSON.stringify({ seen, delivered, resumed, after: await look('${name}') }));`,
  );
  const ends = await onSmallDisk(project, { folder, size }, ['init.mjs', `${name}.mjs`, `${name}-look.mjs`], env);
  const [init, run, look] = ends as [DiskEnd, DiskEnd, DiskEnd];
  expect(init).toMatchObject({ code: 0, stderr: '' });
  if (look.stderr !== '') throw new Error(look.stderr);
  return { run: { ...run, end: lastLine(run.stdout) as Told['run']['end'] }, ...(lastLine(look.stdout) as Omit<Told, 'run'>) };
}

const lastLine = (text: string): unknown => JSON.parse(text.trimEnd().split('\n').at(-1)!);

(mayMount() ? describe : describe.skip)('a disk that is full (only where the user may mount one)', () => {
  const places = [
    ['inline', undefined],
    ['process', 'process'],
  ] as const;

  it.each(places)(
    'when the event log is written fails the step that logged; all that was logged before is there (%s)',
    async (where, isolation) => {
      const written: Case = {
        folder: '.mortise/logs',
        size: '1m',
        body: `try { log(1000); } catch (error) { error.message += '; logged ' + logged; throw error; }`,
      };
      const { run, seen, resumed, after } = await whenFull(`log-${where}`, { ...written, ...(isolation && { isolation }) });
      expect(run.end.error).toMatch(
        /^step "full" failed: cannot write the event log .*no space left.*\. Check free space and permissions\.$/,
      );
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(seen).toMatchObject({ status: 'failed', step: 'failed', versions: 0 });
      expect(seen.points ?? 0).toBe(Number(/; logged (\d+)/.exec(run.end.error!)![1]));
      expect({ resumed, points: after.points }).toEqual({ resumed: 'completed', points: 1000 });
    },
  );

  it.each(places)('when an output is stored fails the step; no version of it is there, nor a file (%s)', async (where, isolation) => {
    const stored: Case = { folder: '.mortise/artifacts', size: '1m', body: 'return new Float64Array(30_000);' };
    const { run, seen, resumed, after } = await whenFull(`bytes-${where}`, { ...stored, ...(isolation && { isolation }) });
    expect(run.end.error).toMatch(
      /output "output" of step "full" cannot be stored: the artifact store "default" failed .*no space.*\. Check free space and permissions there, /,
    );
    expect(run.stderr).toBe('');
    expect(seen).toMatchObject({ status: 'failed', step: 'failed', versions: 0, bytes: [] });
    expect({ resumed, versions: after.versions }).toEqual({ resumed: 'completed', versions: 1 });
  });

  it('when a file is logged fails the step', async () => {
    const body = `await activeRun().logArtifact(new Uint8Array(100_000), { path: 'a.bin' });`;
    const { run, seen, resumed } = await whenFull('file', { folder: '.mortise/artifacts', size: '1m', body });
    expect(run.end.error).toMatch(/the artifact store "default" failed .*no space/);
    expect(seen).toMatchObject({ status: 'failed', step: 'failed' });
    expect(resumed).toBe('completed');
  });

  it('when a step prints costs what it printed, and a warning', async () => {
    const body = `for (let i = 0; i < 1000; i++) console.log('line ' + i + ' ' + 'x'.repeat(90));`;
    const { run, seen } = await whenFull('console', { folder: '.mortise/logs', size: '1m', body });
    expect(run.end).toMatchObject({
      status: 'completed',
      warnings: [expect.stringMatching(/^what a step printed could not be kept in .*no space/)],
    });
    expect(seen.status).toBe('completed');
    const lines = seen.printed.split('\n');
    expect(lines.slice(0, -1)).toEqual(lines.slice(0, -1).map((_, i) => `line ${i} ${'x'.repeat(90)}`));
  });

  it('when the tracker writes costs nothing but the time until it is delivered', async () => {
    const body = `log(3); activeRun().setNote('n'.repeat(20_000)); return 1;`;
    const { run, seen, delivered } = await whenFull('tracker', { folder: '.mortise/tracking', size: '1m', body, trackerTimeoutMs: 300 });
    expect(run.end).toMatchObject({ status: 'completed', warnings: [expect.stringMatching(/^experiment tracker "default": 2 tracker runs not delivered yet \(cannot write .*no space/)] }); // prettier-ignore
    expect(seen).toMatchObject({ status: 'completed', points: 3, versions: 1 });
    expect(delivered).toMatchObject([{ delivered: 2, left: 0 }]);
  });

  it('when compiled code and fingerprints are kept costs nothing', async () => {
    const { run, seen } = await whenFull('cache', { folder: '.mortise/cache', size: '8m', body: 'log(3); return 1;' });
    expect(run).toMatchObject({ code: 0, stderr: '', end: { status: 'completed', warnings: [] } });
    expect(seen).toMatchObject({ status: 'completed', points: 3, versions: 1 });
  });

  it('when a step is committed throws one error; the run is swept and goes on when there is room', async () => {
    const { run, seen, resumed, after } = await whenFull('commit', { folder: 'db', size: '4m', body: 'return 1;', trackerTimeoutMs: 300 });
    expect(run.end.thrown).toMatch(/^STORE_WRITE_FAILED: cannot write to the store .*full\. Check free space and permissions\.$/);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(seen).toMatchObject({ status: 'failed', step: 'failed', versions: 0, error: expect.stringContaining('ended without a word') });
    expect({ resumed, ...after }).toMatchObject({ resumed: 'completed', status: 'completed', versions: 1 });
  });

  it('when a run is to begin, or somebody looks, is one error that says so', async () => {
    project.write(
      'nothing-begins.mjs',
      `${IMPORT}${FILL}
fill(import.meta.dirname + '/db');
const p = pipeline('begin', () => { step('one', () => 1)(); });
const said = [];
await new Client().listRuns().catch((error) => said.push(error.line ?? error.stack));
await p.run().catch((error) => said.push(error.line ?? error.stack));
console.log(JSON.stringify(said));`,
    );
    project.write('nothing-begun.mjs', `${IMPORT} console.log(JSON.stringify((await new Client().listRuns()).items));`);
    const scripts = ['init.mjs', 'nothing-begins.mjs', 'nothing-begun.mjs'];
    const ends = await onSmallDisk(project, { folder: 'db', size: '4m' }, scripts, { MORTISE_STORE_URL: 'sqlite:db/store.db' });
    const line = /^STORE_WRITE_FAILED: cannot write to the store .*: no space is left\. Check free space and permissions\.$/;
    expect(ends[1]).toMatchObject({ code: 0, stderr: '' });
    expect(lastLine(ends[1]!.stdout)).toEqual([expect.stringMatching(line), expect.stringMatching(line)]);
    expect(lastLine(ends[2]!.stdout)).toEqual([]);
  });

  it('when the store is written for a while, but not any more when the step ends, costs nothing', async () => {
    const body = `const full = warned(); log(2_000); await full; rmSync('db/filler'); return 1;`;
    const { run, seen } = await whenFull('room', { folder: 'db', size: '8m', body, trackerTimeoutMs: 20_000 });
    expect(run).toMatchObject({ code: 0, end: { status: 'completed', warnings: [] } });
    expect(run.stderr).toMatch(/^warning what was logged could not be applied to the store yet: .*full\n$/);
    expect(seen).toMatchObject({ status: 'completed', versions: 1, points: 2_000 });
  });

  it('when the write-ahead log grows throws one error; what was logged is applied when there is room', async () => {
    const body = 'log(10_000); await new Promise((resolve) => setTimeout(resolve, 300)); return 1;';
    const { run, seen, resumed, after } = await whenFull('wal', { folder: 'db', size: '8m', spare: 100_000, body, trackerTimeoutMs: 300 });
    expect(run.end.thrown).toMatch(/^STORE_WRITE_FAILED: .*full\. Check free space and permissions\.$/);
    expect(run.stderr).toMatch(/^warning what was logged could not be applied to the store yet: .*full\n$/);
    expect(seen).toMatchObject({ status: 'failed', step: 'failed', versions: 0, points: 10_000 });
    expect({ resumed, ...after }).toMatchObject({ resumed: 'completed', versions: 1, points: 10_000 });
  });
});

it('a process that may write nothing more says so, goes on living, and ends the run as soon as it may write again', async () => {
  project.write(
    'limited.mjs',
    `${IMPORT}
import { execFileSync } from 'node:child_process';
const mayWrite = (bytes) => execFileSync('prlimit', ['--fsize=' + bytes + ':', '--pid', String(process.pid)]);
const said = [];
const say = (error) => void said.push(error.line ?? error.stack);
let limited = true;
const full = step('full', { experimentTracker: true, cache: false }, async () => {
  activeRun().logMetrics({ x: 1 });
  if (limited) {
    mayWrite(0);
    console.log('printed');
    try { activeRun().logMetrics({ x: 2 }); } catch (error) { say(error); }
    await activeRun().logArtifact(new Uint8Array(10), { path: 'a.bin' }).catch(say);
  }
  return [1];
});
export const p = pipeline('limited', () => { full(); });
await p.run({}, { name: 'limited' }).then(() => said.push('it ended'), say);
mayWrite('unlimited');
limited = false;
const seen = await look('limited');
const { status: resumed } = await resumeRun('limited', { pipeline: p });
const next = (await p.run({}, { name: 'next' })).status;
console.log('\\n' + JSON.stringify({ said, seen, resumed, next, after: await look('limited') }));`,
  );
  const { stdout, stderr } = await project.run('limited.mjs');
  const { said, seen, resumed, next, after } = lastLine(stdout) as Omit<Told, 'run'> & { said: string[]; next: string };
  expect(said).toEqual([
    expect.stringMatching(/^EVENT_LOG_FAILED: cannot write the event log .*\. Check free space and permissions\.$/),
    expect.stringMatching(/^ARTIFACT_STORE_FAILED: the artifact store "default" failed to write /),
    expect.stringMatching(/^STORE_WRITE_FAILED: cannot write to the store .*\. Check free space and permissions\.$/),
  ]);
  expect(stderr.split('\n').filter(Boolean)).toEqual([
    expect.stringMatching(/^warning what was logged could not be applied to the store yet/),
  ]);
  expect(seen).toMatchObject({ status: 'failed', step: 'failed', versions: 0, points: 1, printed: '' });
  expect(seen.error).toContain('could not write to the store how it ended');
  expect({ resumed, next }).toEqual({ resumed: 'completed', next: 'completed' });
  expect(after).toMatchObject({ status: 'completed', versions: 2, points: 1 });
});
