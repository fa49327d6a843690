import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { IsBoolean, IsInt, IsOptional, IsString } from 'class-validator';

import * as local from '@mortise/flavor-local';
import { Client, defineFlavor, pipeline, runPipeline, settingsFor, step, type OrchestratedRun, type PipelineSpec } from '../index.ts';
import { isMortiseError } from '../errors.ts';
import { findProject } from '../project/find-project.ts';
import { recordingFlavor, RecordingTracker } from '../testing/recording-tracker.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

class ServerSettings {
  @IsBoolean()
  nested = false;

  @IsOptional()
  @IsInt()
  priority?: number;

  @IsOptional()
  @IsString()
  token?: string;
}
class QueueSettings {
  @IsString()
  queue = 'slow';
}
class RequiringSettings {
  @IsString()
  project!: string;
}

let server: RecordingTracker;
let other: RecordingTracker;
const offered: unknown[] = [];
const trackerOf = (pick: () => RecordingTracker) => async () => ({ create: async () => pick() });
const serverFlavor = defineFlavor({
  apiVersion: 1,
  type: 'experiment-tracker',
  name: 'server',
  secrets: ['token'],
  settings: async () => ServerSettings,
  load: trackerOf(() => server),
});
const flavors = [
  ...local.flavors,
  serverFlavor,
  recordingFlavor(new RecordingTracker(), 'plain'),
  defineFlavor({ apiVersion: 1, type: 'experiment-tracker', name: 'other', load: trackerOf(() => other) }),
  defineFlavor({
    apiVersion: 1,
    type: 'experiment-tracker',
    name: 'requiring',
    settings: async () => RequiringSettings,
    load: trackerOf(() => other),
  }),
  defineFlavor({
    apiVersion: 1,
    type: 'orchestrator',
    name: 'queueing',
    settings: async () => QueueSettings,
    load: async () => ({
      create: async () => ({
        async execute(plan: PipelineSpec, run: OrchestratedRun) {
          for (const { id } of plan.steps) {
            offered.push(await run.settings(id));
            await run.runStep(id);
          }
        },
      }),
    }),
  }),
];
jest.unstable_mockModule('@mortise/flavor-local', () => ({ flavors }));

let place: Awaited<ReturnType<typeof temporaryProject>>;
let client: Client;

beforeEach(async () => {
  [server, other] = [new RecordingTracker(), new RecordingTracker()];
  offered.length = 0;
  place = await temporaryProject();
  client = new Client({ project: findProject().root });
  for (const [name, flavor] of [
    ['team', 'server'],
    ['second', 'other'],
    ['strict', 'requiring'],
  ] as const)
    await client.registerComponent({ type: 'experiment-tracker', name, flavor, config: {} });
  await client.registerComponent({ type: 'orchestrator', name: 'queue', flavor: 'queueing', config: {} });
  const parts = { orchestrator: 'queue', 'artifact-store': 'default' };
  await client.registerStack('team', { ...parts, 'experiment-tracker': ['team', 'second'] });
  await client.registerStack('strict', { ...parts, 'experiment-tracker': 'strict' });
  await client.setActiveStack('team');
});
afterEach(async () => {
  delete process.env['WINE_STAGE'];
  delete process.env['WINE_PRIORITY'];
  await client.close();
  place.remove();
});

// At the top level, because steps that a function makes are not cached.
const grapes = step('grapes', () => ['merlot', 'syrah']);
const steady = step('steady', { experimentTracker: 'team' }, ({ grape }: { grape: string }) => grape);
const onTeam = { experimentTracker: 'team' };
const [one, two, three] = [step('one', onTeam, () => 1), step('two', onTeam, () => 2), step('three', onTeam, () => 3)];
const [four, five] = [step('four', onTeam, () => 4), step('five', onTeam, () => 5)];
const tracked = { experimentTracker: true, cache: false } as const;

/** The line of the error that a run throws before any step of it. */
async function refused(run: () => Promise<unknown>): Promise<string> {
  const thrown: unknown = await run().then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(await client.listRuns()).toEqual({ items: [], next: null });
  return isMortiseError(thrown) ? thrown.line : `not refused: ${String(thrown)}`;
}

describe('settings of a step that came from the cache', () => {
  beforeEach(async () => {
    const parts = { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': 'team' };
    await client.registerStack('mapping', parts);
  });
  const run = async (settings: PipelineSpec['settings'] = {}) => {
    const { steps, warnings } = await pipeline('wine', { settings }, () => void steady.map({ grape: grapes() })).run(
      {},
      { stack: 'mapping' },
    );
    return { status: steps['steady[1]']!.status, warnings };
  };
  const UNSET = { status: 'cached', warnings: [] };

  test('are told, once, when the step had run with others: nothing is done at a tracker that has its run', async () => {
    expect(await run({ 'experiment-tracker.server': { priority: 1, nested: true } })).toEqual({ status: 'completed', warnings: [] });
    expect(await run({ 'experiment-tracker.server': { priority: 4, nested: true } })).toEqual({
      status: 'cached',
      warnings: [
        'step "steady" came from the cache: what is set now for experiment tracker "team" ("priority") had no effect, for it was not when it ran. To run it anew: --no-cache',
      ],
    });
  });

  test('of several steps are told in one line of the run, with the steps and the settings', async () => {
    const all = async (own: { nested: boolean; priority?: number }) => {
      const settings = { 'experiment-tracker.server': own };
      const steps = () => void [one(), two(), three(), four(), five(), steady.map({ grape: grapes() })];
      const { warnings } = await pipeline('wine', { settings }, steps).run({}, { stack: 'mapping' });
      return warnings;
    };
    expect(await all({ nested: false })).toEqual([]);
    expect(await all({ nested: true, priority: 4 })).toEqual([
      expect.stringMatching(
        /^steps ("\w+", ){4}"\w+" and 1 more came from the cache: what is set now for experiment tracker "team" \("nested", "priority"\) had no effect, for it was not when they ran. To run them anew: --no-cache$/,
      ),
    ]);
  });

  test('are not told when they are those of the step that ran, none at all, or only say what its tracker run is called', async () => {
    await run({ 'experiment-tracker.server': { priority: 1 } });
    expect(await run({ 'experiment-tracker.server': { priority: 1 } })).toEqual(UNSET);
    expect(await run()).toEqual(UNSET);
    expect(await run({ 'experiment-tracker': { runName: 'best', tags: { team: 'red' } } })).toEqual(UNSET);
  });
});

describe('settings of a step are merged', () => {
  test('type, flavor, name; and what the step sets, however general, wins over what its pipeline sets, however special', async () => {
    const train = step(
      'train',
      { ...tracked, settings: { 'experiment-tracker': { runName: 'of-step' }, 'experiment-tracker.server': { priority: 4 } } },
      () => 1,
    );
    const wine = pipeline(
      'wine',
      {
        settings: {
          'experiment-tracker': { experiment: 'by-type', group: 'by-type', runName: 'of-pipeline' },
          'experiment-tracker.server': { group: 'by-flavor', experiment: 'by-flavor', priority: 1, nested: true },
          'experiment-tracker.plain': { of: 'another stack' },
          'experiment-tracker:team': { experiment: 'by-name', priority: 2 },
        },
      },
      () => void train(),
    );
    await wine.run({});
    const { start } = server.run('of-step');
    expect(start).toMatchObject({ experiment: 'by-name', group: 'by-flavor', settings: { priority: 4, nested: true } });
  });

  test("a pipeline's runName names its own tracker run only, those of its steps are named by theirs", async () => {
    const [named, plain] = [
      step('named', { ...tracked, settings: { 'experiment-tracker': { runName: 'best' } } }, () => 1),
      step('plain', tracked, () => 2),
    ];
    const inner = pipeline('inner', { settings: { 'experiment-tracker': { runName: 'within', group: 'g' } } }, () => void plain());
    const wine = pipeline(
      'wine',
      { settings: { 'experiment-tracker:team': { runName: 'nightly' } } },
      () => void [named(), plain(), inner({})],
    );
    const { steps } = await wine.run({});
    const names = [...server.runs.values()].map(({ start }) => start.name);
    expect(names.toSorted()).toEqual(['best', 'inner.plain', 'nightly', 'plain']);
    expect(server.run('inner.plain').start.group).toBe('g');
    expect(steps['plain']!.settings).toEqual({});
  });

  test('of several trackers each gets its own', async () => {
    const settings = { 'experiment-tracker': { experiment: 'both' }, 'experiment-tracker:second': { runName: 'mine' } };
    const train = step('train', { cache: false, experimentTracker: ['team', 'second'], settings }, () => 1);
    await pipeline('wine', () => void train()).run({});
    expect(server.run('train').start).toMatchObject({ experiment: 'both', settings: { nested: false } });
    expect(other.run('mine').start).toMatchObject({ experiment: 'both', settings: {} });
  });

  test('tags are added to those of the run, those of a step to those of its pipeline', async () => {
    const train = step('train', { ...tracked, settings: { 'experiment-tracker': { tags: { kind: 'final', stage: 'late' } } } }, () => 1);
    const wine = pipeline('wine', { settings: { 'experiment-tracker': { tags: { stage: 'early', owner: 'ann' } } } }, () => void train());
    await wine.run({}, { tags: { team: 'red', owner: 'bob' } });
    expect(server.run('train').start.tags).toMatchObject({ team: 'red', owner: 'ann', kind: 'final', stage: 'late' });
  });

  test('a class-style pipeline sets them for all of its steps, and a step for itself', async () => {
    class Wine {
      @step({ ...tracked, settings: { 'experiment-tracker': { runName: 'best' } } })
      async train() {
        return 1;
      }
      @pipeline({ settings: { 'experiment-tracker': { experiment: 'shared', runName: 'wine' } } })
      async run() {
        return this.train();
      }
    }
    const run = await runPipeline(Wine);
    expect(run.status).toBe('completed');
    expect(server.run('best').start.experiment).toBe('shared');
    expect(server.run('wine').start.experiment).toBe('shared');
  });
});

describe('a tracker run', () => {
  test("has what its schema makes of its settings, with defaults, also when nothing is set; the pipeline run's own has what the pipeline sets", async () => {
    const [set, plain] = [
      step('set', { ...tracked, settings: settingsFor(serverFlavor, { priority: 3 }) }, () => 1),
      step('plain', tracked, () => 2),
    ];
    const wine = pipeline('wine', { settings: { 'experiment-tracker.server': { nested: true } } }, () => void [set(), plain()]);
    const { name } = await wine.run({});
    expect(server.run('set').start.settings).toEqual({ nested: true, priority: 3 });
    expect(server.run('plain').start.settings).toEqual({ nested: true });
    expect(server.run(name).start.settings).toEqual({ nested: true });
  });

  test('of a retry has the settings of the first', async () => {
    let tries = 0;
    const flaky = step(
      'flaky',
      { ...tracked, retry: { retries: 1 }, settings: { 'experiment-tracker': { runName: 'f', group: 'g' } } },
      () => {
        if (tries++ === 0) throw new Error('not yet');
      },
    );
    await pipeline('wine', () => void flaky()).run({});
    expect([server.run('f').start.group, server.run('f (attempt 2)').start.group]).toEqual(['g', 'g']);
  });

  test('that is opened only after its process has gone has the settings of its step and of its pipeline', async () => {
    server = new RecordingTracker({ failOpen: Infinity });
    const train = step('train', { ...tracked, settings: { 'experiment-tracker.server': { priority: 7 } } }, () => 1);
    const wine = pipeline('wine', { settings: { 'experiment-tracker': { experiment: 'shared' } } }, () => void train());
    const { name } = await wine.run({}, { trackerTimeoutMs: 50 });
    server = new RecordingTracker();
    await client.deliver({ patienceMs: 2_000 });
    expect(server.run('train').start).toMatchObject({ experiment: 'shared', settings: { nested: false, priority: 7 } });
    expect(server.run(name).start).toMatchObject({ experiment: 'shared', settings: { nested: false } });
  });
});

describe('before any step runs', () => {
  const run = (settings: object, options: object = tracked) =>
    pipeline('wine', () => void step('train', { ...options, settings } as never, () => 1)()).run({});

  test('an unknown setting is refused with the step, the component and the nearest one', async () => {
    expect(await refused(() => run({ 'experiment-tracker': { experment: 'x' } }))).toBe(
      'SETTINGS_UNKNOWN_KEY: step "train" sets "experment", and the experiment tracker "team" (server) has no such setting. Did you mean "experiment"?',
    );
    expect(await refused(() => run({ 'experiment-tracker:team': { nestd: true } }))).toContain('Did you mean "nested"?');
  });

  test('also when the step is not tracked, and when no component of its type takes settings', async () => {
    expect(await refused(() => run({ 'experiment-tracker': { experment: 'x' } }, {}))).toContain('Did you mean "experiment"?');
    expect(await refused(() => run({ 'artifact-store': { path: 'x' } }))).toBe(
      'SETTINGS_UNKNOWN_KEY: step "train" sets "path", and the artifact store "default" (local) has no such setting. It takes no settings.',
    );
  });

  test('a setting under a type is to be known to all of the stack that are of it; under a flavor, to those of the flavor', async () => {
    expect(await refused(() => run({ 'experiment-tracker': { nested: true } }))).toContain(
      'the experiment tracker "second" (other) has no such setting',
    );
    expect((await run({ 'experiment-tracker.server': { nested: true } })).status).toBe('completed');
  });

  test('a wrong value is refused', async () => {
    expect(await refused(() => run({ 'experiment-tracker.server': { nested: 'yes' } }))).toBe(
      'SETTINGS_WRONG_TYPE: setting "nested" of step "train" for the experiment tracker "team" (server) is wrong: must be a boolean value',
    );
    expect(await refused(() => run({ 'experiment-tracker': { tags: { a: 1 } } }))).toContain('setting "tags" of step "train"');
    expect(await refused(() => run({ 'experiment-tracker': { tags: { 'mortise.end': 'FINISHED' } } }))).toContain(
      'must have no tag "mortise.end": names that begin with "mortise." are Mortise\'s own',
    );
    expect(await refused(() => run({ 'experiment-tracker': { runName: '' } }))).toContain('must be a text');
  });

  test('a secret in clear text is refused', async () => {
    const line = await refused(() => run({ 'experiment-tracker:team': { token: 'hunter22' } }));
    expect(line).toContain('SETTINGS_SECRET_IN_CLEAR: step "train" sets "token" for the experiment tracker "team" (server) in clear text');
    expect(line).not.toContain('hunter22');
  });

  test('a component that the stack does not have is refused, a flavor that it does not have is not', async () => {
    expect(await refused(() => run({ 'experiment-tracker:taem': { experiment: 'x' } }))).toBe(
      'SETTINGS_NO_COMPONENT: step "train" has settings for the experiment tracker "taem", which stack "team" does not have. Did you mean "team"?',
    );
    expect((await run({ 'experiment-tracker.plain': { anything: 1 } })).status).toBe('completed');
  });

  test('a flavor that is not registered is refused, with the nearest that is', async () => {
    expect(await refused(() => run({ 'experiment-tracker.sever': { nested: true } }))).toBe(
      'SETTINGS_NO_FLAVOR: step "train" has settings for the experiment tracker flavor "sever", which is not registered. Did you mean "server"?',
    );
    const wine = pipeline('wine', { settings: { 'alerter.xyzzy': { a: 1 } } }, () => void step('train', () => 1)());
    expect(await refused(() => wine.run({}))).toMatch(/^SETTINGS_NO_FLAVOR: pipeline "wine" has settings for the alerter flavor "xyzzy"/);
  });

  test('what a pipeline sets is looked at as what its steps set', async () => {
    const wine = pipeline('wine', { settings: { 'experiment-tracker': { experment: 'x' } } }, () => void step('train', () => 1)());
    expect(await refused(() => wine.run({}))).toContain('pipeline "wine" sets "experment"');
  });

  test('every step that a class-style pipeline may run is looked at', async () => {
    class Wine {
      @step({ settings: { 'experiment-tracker': { experment: 'x' } } })
      async never() {
        return 1;
      }
      @pipeline()
      async run() {
        return 1;
      }
    }
    expect(await refused(() => runPipeline(Wine))).toContain('step "never" sets "experment"');
  });

  test('a setting that is needed and not set is asked for', async () => {
    await client.setActiveStack('strict');
    expect(await refused(() => pipeline('wine', () => void step('train', tracked, () => 1)()).run({}))).toMatch(
      'SETTINGS_MISSING_KEY: pipeline "wine" does not set "project", which the experiment tracker "strict" (requiring) needs',
    );
    const settings = { 'experiment-tracker.requiring': { project: 'wines' } };
    await pipeline('wine', { settings }, () => void step('train', tracked, () => 1)()).run({});
    expect(other.run('train').start.settings).toEqual({ project: 'wines' });
  });
});

describe('references in settings', () => {
  test('are resolved for the tracker, for texts and for numbers, and stay as they are in what is stored', async () => {
    process.env['WINE_STAGE'] = 'blue';
    process.env['WINE_PRIORITY'] = '9';
    const settings = {
      'experiment-tracker': { experiment: 'wine-{{env.WINE_STAGE}}' },
      'experiment-tracker.server': { priority: '{{env.WINE_PRIORITY}}' },
    };
    await pipeline('wine', () => void step('train', { ...tracked, experimentTracker: 'team', settings }, () => 1)()).run({});
    expect(server.run('train').start).toMatchObject({ experiment: 'wine-blue', settings: { priority: 9 } });
    const { steps } = await client.getPipelineRun('latest');
    expect(steps['train']!.settings).toEqual({
      'experiment-tracker:team': { experiment: 'wine-{{env.WINE_STAGE}}', priority: '{{env.WINE_PRIORITY}}' },
    });
  });

  test('that lead nowhere by the time of a later delivery are why it does not come about', async () => {
    process.env['WINE_STAGE'] = 'blue';
    server = new RecordingTracker({ failOpen: Infinity });
    const settings = { 'experiment-tracker': { experiment: '{{env.WINE_STAGE}}' } };
    await pipeline('wine', { settings }, () => void step('train', tracked, () => 1)()).run({}, { trackerTimeoutMs: 50 });
    delete process.env['WINE_STAGE'];
    server = new RecordingTracker();
    expect(await client.deliver({ patienceMs: 200 })).toMatchObject([
      { component: 'team', left: 2, reason: expect.stringContaining('WINE_STAGE') },
    ]);
    process.env['WINE_STAGE'] = 'red';
    expect(await client.deliver({ patienceMs: 200 })).toMatchObject([{ left: 0, reason: null }]);
    expect(server.run('train').start.experiment).toBe('red');
  });

  test('that lead to a value of the wrong type stop the run before any step, whatever the setting is for', async () => {
    process.env['WINE_PRIORITY'] = 'abc';
    process.env['WINE_STAGE'] = '';
    const run = (settings: object) => pipeline('wine', () => void step('train', { ...tracked, settings } as never, () => 1)()).run({});
    expect(await refused(() => run({ 'experiment-tracker.server': { priority: '{{env.WINE_PRIORITY}}' } }))).toBe(
      'SETTINGS_WRONG_TYPE: setting "priority" of step "train" for the experiment tracker "team" (server) is wrong: must be an integer number',
    );
    expect(await refused(() => run({ 'experiment-tracker': { runName: '{{env.WINE_STAGE}}' } }))).toContain(
      'SETTINGS_WRONG_TYPE: setting "runName" of step "train"',
    );
    const settings = { 'experiment-tracker.server': { priority: '{{env.WINE_PRIORITY}}' } };
    const wine = pipeline('wine', { settings }, () => void step('train', tracked, () => 1)());
    expect(await refused(() => wine.run({}))).toContain('SETTINGS_WRONG_TYPE: setting "priority" of pipeline "wine"');
  });

  test('that lead nowhere or are malformed are told of once each, as what they are', async () => {
    const settings = {
      'experiment-tracker': { group: '{{env.NO_SUCH_VARIABLE}}', tags: { a: '{{secret.vendor}}', b: '{{env.NEITHER}}' } },
    };
    const wine = pipeline('wine', { settings }, () => void [step('a', tracked, () => 1)(), step('b', tracked, () => 1)()]);
    expect(await refused(() => wine.run({}))).toBe(
      'REFERENCES_MISSING: 2 references have no value: pipeline "wine" needs {{env.NO_SUCH_VARIABLE}}, and the variable NO_SUCH_VARIABLE is not set; ' +
        'pipeline "wine" needs {{env.NEITHER}}, and the variable NEITHER is not set; 1 reference is malformed: {{secret.vendor}} in pipeline "wine". ' +
        'Make secrets with "mortise secret create NAME KEY", and set variables in the environment. ' +
        'Write {{secret.NAME.KEY}} for a key of a secret, {{env.NAME}} for a variable of the environment.',
    );
  });

  test('that lead nowhere stop the run before any step', async () => {
    const settings = { 'experiment-tracker': { experiment: '{{env.NO_SUCH_VARIABLE}}' } };
    expect(await refused(() => pipeline('wine', () => void step('train', { ...tracked, settings }, () => 1)()).run({}))).toContain(
      'NO_SUCH_VARIABLE',
    );
  });
});

describe('of three runs that wait, one of which has a setting that leads nowhere by now', () => {
  const train = step('train', tracked, () => 1);
  const noted = step('noted', { ...tracked, settings: { 'experiment-tracker': { tags: { note: '{{env.WINE_STAGE}}' } } } }, () => 1);
  const reason = 'step "noted" of run "second" needs {{env.WINE_STAGE}}, and the variable WINE_STAGE is not set';
  const arrived = () => [...server.runs.values()].flatMap(({ start, status }) => (status === 'completed' ? [start.name] : [])).toSorted();

  beforeEach(async () => {
    process.env['WINE_STAGE'] = 'blue';
    server = new RecordingTracker({ failOpen: Infinity });
    for (const [name, each] of [
      ['first', train],
      ['second', noted],
      ['third', train],
    ] as const)
      await pipeline('wine', () => void each()).run({}, { name, trackerTimeoutMs: 50 });
    delete process.env['WINE_STAGE'];
    server = new RecordingTracker();
  });

  test('only its tracker run waits, and not for a tracker that fails: at once, with what it waits for, until that is there', async () => {
    const startedAt = performance.now();
    expect(await client.deliver({ patienceMs: 30_000 })).toEqual([
      { component: 'team', delivered: 5, left: 1, refused: [], reason, advice: 'Set WINE_STAGE in the environment of this process.' },
    ]);
    expect(performance.now() - startedAt).toBeLessThan(25_000);
    expect(arrived()).toEqual(['first', 'second', 'third', 'train', 'train']);
    expect((await client.trackerStatus('team')).items).toMatchObject([{ trackerRuns: 1, lastError: reason }]);
    process.env['WINE_STAGE'] = 'red';
    expect(await client.deliver()).toMatchObject([{ delivered: 1, left: 0, reason: null, advice: null }]);
    expect(server.run('noted').start.tags).toMatchObject({ note: 'red' });
  });

  test('a run that follows delivers the others', async () => {
    const patient = step('patient', { cache: false }, async () => {
      for (const end = Date.now() + 60_000; Date.now() < end && arrived().length < 5;)
        await new Promise((resolve) => setTimeout(resolve, 20));
    });
    await pipeline('wine', () => void patient()).run({});
    expect(arrived()).toEqual(['first', 'second', 'third', 'train', 'train']);
    expect((await client.trackerStatus('team')).items).toMatchObject([{ trackerRuns: 1, lastError: reason }]);
    expect((await client.getPipelineRun('second')).warnings).toEqual([
      `experiment tracker "team": 1 tracker run not delivered yet (${reason})`,
    ]);
  });
});

test('an orchestrator is offered what each step sets for it, with defaults', async () => {
  const [load, train] = [step('load', () => 1), step('train', { settings: { 'orchestrator.queueing': { queue: 'gpu' } } }, () => 1)];
  await pipeline('wine', () => void train(undefined, { after: [load()] })).run({});
  expect(offered).toEqual([{ queue: 'slow' }, { queue: 'gpu' }]);
});

describe('a run that is read', () => {
  test('has the merged settings of each step for the components that it used', async () => {
    const train = step('train', { ...tracked, settings: { 'experiment-tracker': { runName: 'best' } } }, () => 1);
    const plain = step('plain', () => 1);
    const wine = pipeline(
      'wine',
      { settings: { 'experiment-tracker': { experiment: 'shared' }, orchestrator: { queue: 'gpu' } } },
      () => void [train(), plain()],
    );
    await wine.run({});
    const { steps } = await client.getPipelineRun('latest');
    expect(steps['train']!.settings).toEqual({
      'orchestrator:queue': { queue: 'gpu' },
      'experiment-tracker:team': { experiment: 'shared', runName: 'best' },
    });
    expect(steps['plain']!.settings).toEqual({ 'orchestrator:queue': { queue: 'gpu' } });
  });
});
