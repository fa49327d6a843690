import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Listing, PipelineRun, RunListItem } from '@mortise/core/client';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';

let project: CliProject;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  await project.mortise(['init']);
});
afterAll(() => project.remove());

const mortise = (...args: string[]) => project.mortise(args);
const shown = (run: string) => project.json<PipelineRun>('runs', 'show', run);

/** A pipeline of one step that says hello. */
const GREET = `
import { pipeline, step } from '@mortise/core';
const hello = step('hello', async ({ name }) => 'hello ' + name);
`;

describe('run', () => {
  it('prints a line per step as it starts and ends, then steps, metrics and tracker runs', async () => {
    project.write(
      'train.ts',
      `import { activeRun, pipeline, step } from '@mortise/core';
       const train = step('train', { experimentTracker: true }, async ({ epochs }: { epochs: number }) => {
         for (let epoch = 1; epoch <= epochs; epoch++) activeRun().logMetrics({ loss: 1 / epoch }, { step: epoch });
         return { epochs };
       });
       export const training = pipeline('training', { params: { epochs: 2 } }, ({ epochs }) => train({ epochs }));`,
    );
    const { code, stdout, stderr } = await mortise('run', 'train.ts', '--param', 'epochs=4', '--name', 'first');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^run first\n {2}train started\n {2}train completed in [\d.]+ s\n\n/);
    expect(stdout).toMatch(/^train +completed +[\d.]+ s$/m);
    expect(stdout).toMatch(/^train +loss +0\.25 +0\.25 +1 +4$/m);
    const url = (await shown('first')).steps['train']!.runMetadata['experiment_tracker_url']!.value as string;
    expect(stdout).toContain(url);
    expect(stdout).toMatch(/^run first {2}completed in [\d.]+ s\n$/m);
    expect(JSON.parse(readFileSync(fileURLToPath(url), 'utf8'))).toMatchObject({ status: 'completed' });
  });

  it('prints all of it, also to somebody who reads slowly', async () => {
    project.write(
      'talks.ts',
      `import { pipeline, step } from '@mortise/core';
       const talk = step('talk', { cache: false }, () => console.log('x'.repeat(2_000_000)));
       export const talks = pipeline('talks', () => { talk(); });`,
    );
    const { code, stdout } = await project.mortise(['run', 'talks.ts', '--name', 'talks'], {
      started: ({ stdout: read }) => {
        read!.pause();
        setTimeout(() => read!.resume(), 2_000);
      },
    });
    expect(code).toBe(0);
    expect(stdout.split('\n').at(-2)).toMatch(/^run talks {2}completed in/);
  });

  it('says that a step was cached, unless --no-cache', async () => {
    expect((await mortise('run', 'train.ts', '--param', 'epochs=4')).stdout).toMatch(/^ {2}train cached$/m);
    expect((await mortise('run', 'train.ts', '--param', 'epochs=4', '--no-cache')).stdout).toMatch(/^ {2}train completed/m);
  });

  it('ends with 1 and the reason when a step fails', async () => {
    project.write(
      'failing.js',
      `import { pipeline, step } from '@mortise/core';
       const bad = step('bad', { experimentTracker: true, retry: { retries: 1 } }, async () => { throw new RangeError('too far'); });
       const next = step('next', async () => 1);
       export const failing = pipeline('failing', () => { bad(); next(undefined, { after: [] }); });`,
    );
    const { code, stdout } = await mortise(
      'run',
      'failing.js',
      '--name',
      'fails',
      '--execution-mode',
      'continue-on-failure',
      '--concurrency',
      '1',
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {2}bad failed \(attempt 2\).*: .*too far$/m);
    expect(stdout).toMatch(/^run fails {2}failed in .*\n.*step "bad" failed: too far$/m);
    const run = await shown('fails');
    expect(run).toMatchObject({ status: 'failed', steps: { bad: { status: 'failed', attempt: 2 }, next: { status: 'completed' } } });
    const [first, second] = run.steps['bad']!.attempts.map(({ trackerRuns }) => trackerRuns[0]!);
    expect(first).toMatchObject({ status: 'failed', delivered: true, supersededBy: second!.id });
    expect(second).toMatchObject({ status: 'failed', delivered: true, supersededBy: null });
  });

  it('is refused under a name that is taken, on an unknown stack, and for a tracker that the stack lacks', async () => {
    expect((await mortise('run', 'train.ts', '--name', 'first')).stderr).toBe(
      'error RUN_NAME_TAKEN: a run named "first" exists already. Choose another --name.\n',
    );
    expect((await mortise('run', 'train.ts', '--stack', 'defalt')).stderr).toBe(
      'error UNKNOWN_STACK: no stack named "defalt". Did you mean "default"?\n',
    );
    await mortise('stack', 'register', 'bare', '-o', 'default', '-a', 'default');
    const before = await project.json<Listing<RunListItem>>('runs', 'list');
    const { code, stderr } = await mortise('run', 'train.ts', '--stack', 'bare');
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'error TRACKER_NOT_IN_STACK: step "train" is tracked, but stack "bare" has no experiment tracker. Choose a stack with one.\n' }); // prettier-ignore
    expect(await project.json('runs', 'list')).toEqual(before);
  });

  it('goes on when nobody reads what it prints any more', async () => {
    const closed = await project.mortise(['run', 'train.ts', '--no-cache', '--name', 'unread'], {
      started: (child) => void child.stdout!.destroy(),
    });
    expect(closed).toMatchObject({ code: 0, stderr: '' });
    expect((await shown('unread')).status).toBe('completed');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends as killed on %s', async (signal) => {
    project.write(
      'waiting.js',
      `import { activeRun, pipeline, step } from '@mortise/core';
       const wait = step('wait', { cache: false, experimentTracker: true }, () => new Promise((resolve, reject) => {
         const timer = setTimeout(resolve, 30_000);
         activeRun().signal.addEventListener('abort', () => { clearTimeout(timer); reject(new Error('stopped')); });
       }));
       export const waiting = pipeline('waiting', () => wait());`,
    );
    const { code } = await project.mortise(['run', 'waiting.js', '--name', signal.toLowerCase()], {
      started: (child) => {
        child.stdout!.on('data', (text: string) => {
          if (text.includes('wait started')) child.kill(signal);
        });
      },
    });
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
    const run = await shown(signal.toLowerCase());
    expect([run.status, run.steps['wait']!.status, run.steps['wait']!.attempts[0]!.trackerRuns[0]!.status]).toEqual([
      'killed',
      'killed',
      'killed',
    ]);
  });

  it('says that it was a second signal that ended it, or a step that waits for what never comes', async () => {
    project.write(
      'stubborn.js',
      `import { pipeline, step } from '@mortise/core';
       const stubborn = step('stubborn', { cache: false, onEnd: () => new Promise((resolve) => setTimeout(resolve, 1_500)) }, () => new Promise((resolve) => setTimeout(resolve, 30_000)));
       const never = step('never', { cache: false }, () => new Promise(() => undefined));
       export const ends = pipeline('ends', () => { stubborn(); });
       export const waits = pipeline('waits', () => { never(); });`,
    );
    const second = await project.mortise(['run', 'stubborn.js#ends', '--name', 'ends'], {
      started: (child) => {
        child.stdout!.on('data', (text: string) => {
          if (!text.includes('stubborn started')) return;
          child.kill('SIGINT');
          setTimeout(() => child.kill('SIGINT'), 500);
        });
      },
    });
    expect([second.code, second.stderr]).toEqual([
      130,
      expect.stringMatching(/^a second signal ended the process before the run was over: /),
    ]);
    const never = await project.mortise(['run', 'stubborn.js#waits', '--name', 'waits']);
    expect([never.code, never.stderr]).toEqual([1, expect.stringMatching(/^the code of a step waits for what never comes before /m)]);
    // What is said of failed runs below is of others.
    await mortise('runs', 'delete', 'ends', 'waits');
  });
});

describe('what a file may look like', () => {
  const runs = async (file: string, ...args: string[]) => {
    const { code, stderr, stdout } = await mortise('run', file, ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return { stdout, run: await shown('latest') };
  };

  it('it runs what it would run at its top level, with its params and options; those of the command line win', async () => {
    project.write('top.js', `${GREET}const greet = pipeline('greet', { params: { name: 'a', tone: 'b' } }, ({ name }) => hello({ name }));
      await greet.run({ name: 'top', tone: 'top' }, { tags: { from: 'top' }, name: 'top-' + Date.now() });
      console.log('after');`); // prettier-ignore
    const { stdout, run } = await runs('top.js', '--param', 'tone=cli', '--name', 'named');
    expect(run).toMatchObject({ name: 'named', params: { name: 'top', tone: 'cli' }, tags: { from: 'top' } });
    expect(stdout).not.toContain('after');
  });

  it('--experiment and --tag are those of the run; tags of the file stay beside them', async () => {
    project.write('tagged.js', `${GREET}const greet = pipeline('greet', () => hello({ name: 'x' }));
      await greet.run({}, { experiment: 'of-the-file', tags: { from: 'top', kind: 'top' } });`); // prettier-ignore
    const { run } = await runs('tagged.js', '--experiment', 'vineyard', '--tag', 'kind=cli', '--tag', 'note=a=b');
    expect(run).toMatchObject({ experiment: 'vineyard', tags: { from: 'top', kind: 'cli', note: 'a=b' } });
    expect((await runs('tagged.js')).run).toMatchObject({ experiment: 'of-the-file', tags: { from: 'top', kind: 'top' } });
    const tagged = (...tags: string[]) => project.json<Listing<RunListItem>>('runs', 'list', ...tags.flatMap((tag) => ['--tag', tag]));
    expect((await tagged('kind=cli', 'note=a=b')).items.map(({ id }) => id)).toEqual([run.id]);
    expect((await tagged('kind=top', 'note=a=b')).items).toEqual([]);
    expect((await mortise('runs', 'list', '--tag', 'kind')).stderr).toBe('error BAD_USAGE: --tag kind is not NAME=VALUE\n');
    project.write('mistagged.js', `${GREET}const greet = pipeline('greet', () => hello({ name: 'x' }));
      await greet.run({}, { tags: ['top'] });`); // prettier-ignore
    const { code, stderr } = await mortise('run', 'mistagged.js');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^error BAD_OPTION: option "tags" of run\(\)/) });
  });

  it('#NAME chooses by the name of the pipeline or of the export', async () => {
    project.write('two.js', `${GREET}export const one = pipeline('first-of-two', () => hello({ name: '1' }));
      export const two = pipeline('second-of-two', () => hello({ name: '2' }));`); // prettier-ignore
    expect((await runs('two.js#two')).run.pipeline).toBe('second-of-two');
    expect((await runs('two.js#first-of-two')).run.pipeline).toBe('first-of-two');
  });

  it('decorators and enums go through tsx, and the file runs once', async () => {
    project.write('class.ts', `import { pipeline, step } from '@mortise/core';
      enum Mode { fast = 'fast' }
      console.log('the module runs');
      export class Wine {
        @step() async load() { return Mode.fast; }
        @pipeline({ params: { lr: 0.1 } }) async run({ lr }: { lr: number }) { return [await this.load(), lr]; }
      }`); // prettier-ignore
    const { stdout, run } = await runs('class.ts', '--param', 'lr=0.5');
    expect(stdout.match(/the module runs/g)).toHaveLength(1);
    expect(run).toMatchObject({ pipeline: 'Wine', params: { lr: 0.5 }, steps: { load: { status: 'completed' } } });
  });

  it('a file with an enum that awaits at its top level is an ES module to tsx too', async () => {
    project.write(
      'awaits-enum.ts',
      `${GREET}
      enum Mode { fast = 'fast' }
      const name: string = await Promise.resolve(Mode.fast);
      export const greeting = pipeline('awaits-enum', () => hello({ name }));`,
    );
    const { code, stderr } = await mortise('run', 'awaits-enum.ts', '--name', 'awaits-enum');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((await shown('awaits-enum')).steps['hello']!.params).toEqual({ name: 'fast' });
    expect(await mortise('run', 'awaits-enum.ts', '--isolation', 'process', '--no-cache')).toMatchObject({ code: 0, stderr: '' });
  });

  it('tsx takes the tsconfig.json nearest to the file, wherever it is called from', async () => {
    project.write('legacy/tsconfig.json', '{ "compilerOptions": { "experimentalDecorators": true } }');
    const kind = (file: string) => project.write(file, `${GREET}
      const seen: string[] = [];
      const note = (...args: unknown[]): void => void seen.push(typeof args[1] === 'string' ? 'legacy' : 'standard');
      class Noted { @note method(): void { /* decorated */ } }
      console.log(seen.join(), Noted.name);
      export const greet = pipeline('greet', () => hello({ name: '1' }));`); // prettier-ignore
    kind('legacy/noted.ts');
    kind('noted.ts');
    mkdirSync(join(project.folder, 'elsewhere'), { recursive: true });
    for (const [file, decorators] of [
      ['../legacy/noted.ts', 'legacy'],
      ['../noted.ts', 'standard'],
    ] as const)
      // prettier-ignore
      expect((await project.mortise(['run', file], { cwd: join(project.folder, 'elsewhere') })).stdout).toContain(`${decorators} Noted`);
  });

  it('an import without its extension goes through tsx', async () => {
    project.write('lib.ts', 'export const who: string = "lib";');
    project.write('noext.ts', `${GREET}import { who } from './lib';
      export const greet = pipeline('greet', () => hello({ name: who }));`); // prettier-ignore
    await runs('noext.ts');
  });

  it('a package of type "commonjs", or of none, may hold it', async () => {
    for (const [folder, manifest] of [
      ['cjs', '{ "type": "commonjs" }'],
      ['typeless', '{}'],
    ] as const) {
      // prettier-ignore
      project.write(`${folder}/package.json`, manifest);
      project.write(
        `${folder}/pipeline.ts`,
        `${GREET}export const greet = pipeline('${folder}', () => hello({ name: '${folder}' as string }));`,
      );
      expect((await runs(`${folder}/pipeline.ts`)).run.pipeline).toBe(folder);
    }
    project.write('cjs/required.js', `const { pipeline, step } = require('@mortise/core');
      const one = step('one', async () => 1);
      exports.required = pipeline('required', () => one());`); // prettier-ignore
    expect((await runs('cjs/required.js')).run.pipeline).toBe('required');
  });
});

describe('a file that cannot be run is one line, exit code 1, and no run', () => {
  const files: Record<string, string> = {
    'none.js': 'export const nothing = 1;',
    'syntax.js': 'const fine = 1;\nconst broken = ;\n',
    'syntax.ts': 'const fine: number = 1;\nconst broken: number = ;\n',
    'imports-syntax.js': "import './syntax.js';",
    'missing-package.js': "import 'a-package-that-nobody-has';",
    'missing-file.js': "import './nowhere.js';",
    'cjs-await/package.json': '{ "type": "commonjs" }',
    'cjs-await/awaits.ts': 'const one: number = 1;\nexport const two = await Promise.resolve(one);\n',
    'cjs-await/needs.ts': "import { one } from '@nobody/has';\nconsole.log(one as number);\n",
    'cjs-await/needs-file.ts': "import { one } from './nowhere.js';\nconsole.log(one as number);\n",
    // As Node 22 fails on it.
    'requires.ts': `throw Object.assign(new Error("request for './x.js' is not in cache"), { code: 'ERR_VM_MODULE_LINK_FAILURE' });`,
    'throws.ts': 'const text: string = "x";\nthrow new TypeError(text + " is wrong");\n',
    'why?/module/package.json': '{ "type": "module" }',
    'why?/module/needs-tsx.ts': 'export enum Wine { red }\n',
    'why?/commonjs/package.json': '{ "type": "commonjs" }',
    'why?/commonjs/needs-tsx.ts': 'export enum Wine { red }\n',
    'hangs.js': 'await new Promise(() => {});',
    'late.js': "console.log('it ran');\nawait import('./nowhere.js');\n",
    'instance.js': `import { runPipeline } from '@mortise/core';\nexport class Greet { async run() {} }\nawait runPipeline(new Greet());`,
    'function-style.js': `import { runPipeline } from '@mortise/core';\n${GREET}export const greet = pipeline('greet', () => hello({ name: 'x' }));\nawait runPipeline(greet);`,
    'body.js': `${GREET}export const greet = pipeline('greet', () => { hello({ name: undefinedName }); });`,
    'pair.js': `${GREET}export const one = pipeline('one', () => hello({ name: '1' }));\nexport const two = pipeline('two', () => hello({ name: '2' }));`,
    'params.js': `${GREET}export const greet = pipeline('greet', { params: { name: 'x', count: 1, loud: false, list: [1] } }, ({ name }) => hello({ name }));`,
  };
  let before: unknown;
  beforeAll(async () => {
    for (const [name, text] of Object.entries(files)) project.write(name, text);
    before = await project.json('runs', 'list');
  });
  afterAll(async () => expect(await project.json('runs', 'list')).toEqual(before));

  it.each<[string[], string | RegExp]>([
    [['nowhere.ts'], 'FILE_NOT_FOUND: there is no file nowhere.ts'],
    [['pair.js:two'], 'FILE_NOT_FOUND: there is no file pair.js:two. Did you mean "pair.js#two"?'],
    [['pair'], 'FILE_NOT_FOUND: there is no file pair. Did you mean "pair.js"?'],
    [['pair#two'], 'FILE_NOT_FOUND: there is no file pair. Did you mean "pair.js#two"?'],
    [['none.js'], /^NO_PIPELINE: none\.js exports no pipeline\./],
    [['instance.js'], /^BAD_PIPELINE_CLASS: class Greet cannot run as a pipeline: an instance of it was given/],
    [['function-style.js'], /^BAD_PIPELINE_CLASS: class greet cannot run as a pipeline: it was made by pipeline\(\)/],
    [['pair.js'], 'SEVERAL_PIPELINES: pair.js has several pipelines: one, two. Name one: pair.js#one'],
    [['pair.js#three'], 'NO_PIPELINE: pair.js has no pipeline "three". It has: one, two.'],
    [['syntax.js'], "FILE_BROKEN: syntax.js cannot be loaded: syntax.js:2: Unexpected token ';'"],
    [['syntax.ts'], 'FILE_BROKEN: syntax.ts cannot be loaded: syntax.ts:2:23: Unexpected ";"'],
    [['imports-syntax.js'], "FILE_BROKEN: imports-syntax.js cannot be loaded: syntax.js:2: Unexpected token ';'"],
    [
      ['missing-package.js'],
      'MISSING_PACKAGE: missing-package.js needs the package a-package-that-nobody-has. Run "npm install a-package-that-nobody-has".',
    ],
    [['cjs-await/needs.ts'], 'MISSING_PACKAGE: cjs-await/needs.ts needs the package @nobody/has. Run "npm install @nobody/has".'],
    [['cjs-await/needs-file.ts'], /^FILE_BROKEN: cjs-await\/needs-file\.ts cannot be loaded: Error: Cannot find module '\.\/nowhere\.js'/],
    [['missing-file.js'], /^FILE_BROKEN: missing-file\.js cannot be loaded: .*nowhere\.js/],
    [
      ['cjs-await/awaits.ts'],
      'FILE_BROKEN: cjs-await/awaits.ts cannot be loaded: cjs-await/awaits.ts:2:19: await at the top level is for ES modules: run "npm pkg set type=module"',
    ],
    ...['module', 'commonjs'].map((type): [string[], string] => [
      [`why?/${type}/needs-tsx.ts`],
      `FILE_BROKEN: why?/${type}/needs-tsx.ts cannot be loaded: Node cannot load it alone, and tsx loads no file with a "?" in its path: rename the file or the folder`,
    ]),
    [['throws.ts'], 'FILE_BROKEN: throws.ts cannot be loaded: TypeError: x is wrong (throws.ts:2:7)'],
    [
      ['requires.ts'],
      `FILE_BROKEN: requires.ts cannot be loaded: Node ${process.version} cannot load an ES module by require() from TypeScript that is CommonJS: write "import" for "require", or take Node 24 or newer`,
    ],
    [['hangs.js'], /^FILE_BROKEN: hangs\.js cannot be loaded: its top level awaits something that never happens/],
    [
      ['body.js'],
      /^PIPELINE_BROKEN: pipeline "greet" threw before its first step: ReferenceError: undefinedName is not defined \(body\.js:\d+:\d+\)/,
    ],
    [['params.js', '--param', 'nam=y'], 'UNKNOWN_PARAM: pipeline "greet" has no param "nam". Did you mean "name"?'],
    [['params.js', '--param', 'count=many'], /^BAD_PARAM: param "count" of pipeline "greet" must be a number, not "many"/],
    [['params.js', '--param', 'loud=yes'], /^BAD_PARAM: param "loud" of pipeline "greet" must be true or false/],
    [['params.js', '--param', 'list=1,2'], /^BAD_PARAM: param "list" of pipeline "greet" must be JSON/],
    [['params.js', '--param', 'count'], 'BAD_USAGE: --param count is not NAME=VALUE'],
    [['params.js', '--tag', 'kind'], 'BAD_USAGE: --tag kind is not NAME=VALUE'],
    [['params.js', '--tag', ' =1'], 'BAD_USAGE: --tag =1 is not NAME=VALUE'],
    [['params.js', '--tag', 'a=1', '--tag', 'a=2'], 'BAD_USAGE: --tag names "a" twice'],
    [['params.js', '--count=1'], "BAD_USAGE: unknown option '--count'. A param is given by --param NAME=VALUE."],
    [['params.js', '--count', '1'], "BAD_USAGE: unknown option '--count'. A param is given by --param NAME=VALUE."],
    [['params.js', '--pram', 'count=1'], 'BAD_USAGE: unknown option \'--pram\'. Did you mean "--param"?'],
    [
      ['params.js', 'count=1'],
      "BAD_USAGE: too many arguments for 'run'. Expected 1 argument but got 2. A param is given by --param NAME=VALUE.",
    ],
    [['params.js', '--concurrency', '0'], /^BAD_USAGE: --concurrency/],
    [['params.js', '--execution-mode', 'fast'], /^BAD_USAGE: .*Allowed choices are fail-fast, stop-on-failure, continue-on-failure/],
  ])('%j', async (args, line) => {
    const { code, stdout, stderr } = await mortise('run', ...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const [, said] = /^error ([^\n]*)\n$/.exec(stderr) ?? [];
    if (typeof line === 'string') expect(said ?? stderr).toBe(line);
    else expect(said ?? stderr).toMatch(line);
  });

  it('a module that began to run is not run again', async () => {
    const { code, stdout, stderr } = await mortise('run', 'late.js');
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'it ran\n' });
    expect(stderr).toMatch(/^error FILE_BROKEN: late\.js cannot be loaded: .*nowhere\.js/);
    // CommonJS is parsed late, so here a syntax error may be one of the file or one that its code met.
    project.write('late/package.json', '{ "type": "commonjs" }');
    project.write('late/late.js', "console.log('it ran');\nJSON.parse('{');\n");
    expect(await mortise('run', 'late/late.js')).toMatchObject({ code: 1, stdout: 'it ran\n' });
  });

  it('a folder without a project', async () => {
    const empty = cliProject();
    try {
      empty.write('params.js', files['params.js']!);
      const { code, stderr } = await empty.mortise(['run', 'params.js']);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^error NO_PROJECT: [^\n]*mortise init[^\n]*\n$/) });
    } finally {
      empty.remove();
    }
  });
});

describe('runs', () => {
  it('list filters, sorts and pages', async () => {
    const all = await project.json<Listing<RunListItem>>('runs', 'list');
    expect(all.items.map(({ startedAt }) => startedAt)).toEqual(all.items.map(({ startedAt }) => startedAt).toSorted().toReversed()); // prettier-ignore
    const failed = await project.json<Listing<RunListItem>>('runs', 'list', '--status', 'failed');
    expect(failed.items.map(({ name, pipeline, error }) => [name, pipeline, error?.message])).toEqual([
      ['fails', 'failing', expect.stringContaining('too far')],
    ]);
    const byName = await project.json<Listing<RunListItem>>('runs', 'list', '--sort', 'name', '--limit', '1');
    const next = await project.json<Listing<RunListItem>>('runs', 'list', '--sort', 'name', '--limit', '1', '--after', byName.next!);
    expect(next.items[0]!.name > byName.items[0]!.name).toBe(true);
  });

  it('show gives every documented key', async () => {
    const run = await shown('first');
    expect(Object.keys(run).toSorted()).toEqual(['command', 'endedAt', 'error', 'experiment', 'git', 'host', 'id', 'name', 'node', 'packages', 'params', 'pipeline', 'runMetadata', 'stack', 'startedAt', 'status', 'steps', 'tags', 'trackerRuns', 'user', 'warnings']); // prettier-ignore
    expect(run.steps['train']).toEqual({
      status: 'completed',
      attempt: 1,
      settings: {},
      cached: false,
      params: { epochs: 4 },
      startedAt: expect.any(String),
      endedAt: expect.any(String),
      runMetadata: expect.objectContaining({ experiment_tracker_url: { type: 'uri', value: expect.stringMatching(/^file:/) } }),
      inputs: { epochs: { value: 4 } },
      outputs: { output: { artifact: 'training/train/output', version: 1, uri: expect.stringMatching(/^file:/), sha256: expect.stringMatching(/^[0-9a-f]{64}$/), size: expect.any(Number) } }, // prettier-ignore
      error: null,
      reason: null,
      attempts: [{ attempt: 1, status: 'completed', startedAt: expect.any(String), endedAt: expect.any(String), error: null, trackerRuns: [expect.objectContaining({ component: 'default', flavor: 'local', status: 'completed', delivered: true, error: null, supersededBy: null })] }], // prettier-ignore
      tracker: {
        params: { epochs: 4 },
        metrics: { loss: { last: 0.25, lastStep: 4, min: 0.25, max: 1, count: 4 } },
        tags: expect.any(Object),
        note: null,
        artifacts: [],
        documents: [],
      },
    });
  });

  it('show names the nearest run', async () => {
    expect((await mortise('runs', 'show', 'frist')).stderr).toBe('error UNKNOWN_RUN: no run "frist". Did you mean "first"?\n');
  });
});
