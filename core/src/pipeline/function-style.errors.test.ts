import { describe, expect, test } from '@jest/globals';

import { stepContext, type StepContext } from '../tracking/context.ts';
import { step as plainStep } from './step.ts';
import { lineOf, load, loosePipeline, refusal, split, step, train, when, type Loose } from '../testing/loose-pipeline.ts';

describe('a step is refused', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['without a name', () => step('', () => 1), /^BAD_STEP_ID: "" is no step id\./],
    ['by a name with a slash', () => step('a/b', () => 1), /^BAD_STEP_ID: "a\/b" is no step id\. Use letters/],
    ['without a function', () => step('a', { cache: true }), /^STEP_ARGUMENTS: step "a" was made without a function/],
    ['with two arguments', () => step('a', (a: unknown, b: unknown) => [a, b]), /^STEP_ARGUMENTS: step "a" has a function of 2 arguments/],
    ['with null for its options', () => step('a', null, () => 1), /^BAD_USAGE: the options of step "a" are no object/],
    ['with a list for its options', () => step('a', ['cache'], () => 1), /^BAD_USAGE: the options of step "a" are no object/],
    ['of a pipeline with null for its options', () => loosePipeline('a', null, () => 1), /^BAD_USAGE: the options of pipeline "a" are no/],
    [
      'with an unknown option',
      () => step('a', { experimentTracer: true }, () => 1),
      /^UNKNOWN_OPTION: step "a" has no option "experimentTracer"\. Did you mean "experimentTracker"\?/,
    ],
    [
      'with an unknown key of an output',
      () => step('a', { outputs: { x: { artefact: 'b' } } }, () => 1),
      /^UNKNOWN_OPTION: the output "x" has no option "artefact"\. Did you mean "artifact"/,
    ],
    [
      'with an unknown key of retry',
      () => step('a', { retry: { retries: 1, delay: 1 } }, () => 1),
      /^UNKNOWN_OPTION: the option "retry" has no option "delay"\. Did you mean "delayMs"/,
    ],
    [
      'with an unknown key of systemMetrics',
      () => step('a', { systemMetrics: { interval: 500 } }, () => 1),
      /^UNKNOWN_OPTION: the option "systemMetrics" has no option "interval"\. Did you mean "intervalMs"/,
    ],
    [
      'of a pipeline with system metrics too often',
      () => loosePipeline('a', { systemMetrics: { intervalMs: 100 } }, () => undefined),
      /^BAD_OPTION: .*pipeline "a".*needs \{ intervalMs \}, a number of ms from 500/,
    ],
  ])('%s', async (_, make, message) => {
    expect(await lineOf(make)).toMatch(message);
  });

  test.each<[string, unknown, string]>([
    ['experimentTracker', 1, 'must be true, false, or the names'],
    ['experimentTracker', [''], 'must be true, false, or the names'],
    ['experimentTracker', [], 'names no experiment tracker: say false for none'],
    ['cache', 'no', 'must be true or false'],
    ['cacheKey', { at: new Date() }, 'must be JSON: it.at is a Date'],
    ['cacheFiles', 'a.csv', 'must be an array of names'],
    ['retry', 3, 'must be { retries, delayMs, backoff }'],
    ['retry', { retries: 1.5 }, 'needs { retries }, a whole number from 0'],
    ['retry', { retries: 1, delayMs: -1 }, 'must have a delayMs from 0'],
    ['retry', { retries: 1, backoff: 0 }, 'must have a backoff above 0'],
    ['timeoutMs', 0, 'must be a number of ms above 0'],
    ['systemMetrics', 1, 'must be true, false or { intervalMs }'],
    ['systemMetrics', {}, 'needs { intervalMs }, a number of ms from 500 to 86400000'],
    ['systemMetrics', { intervalMs: 499 }, 'needs { intervalMs }, a number of ms from 500 to 86400000'],
    ['systemMetrics', { intervalMs: NaN }, 'needs { intervalMs }, a number of ms from 500 to 86400000'],
    ['systemMetrics', { intervalMs: 86_400_001 }, 'needs { intervalMs }, a number of ms from 500 to 86400000'],
    ['settings', 1, 'must hold an object of settings per component type, flavor or component'],
    ['settings', { alerter: 1 }, 'must hold an object under "alerter"'],
    ['settings', { alerter: { f: () => 1 } }, 'must be JSON: it.alerter.f is a function'],
    [
      'settings',
      { 'experiment-traker': {} },
      'has the key "experiment-traker", and there is no component type "experiment-traker": did you mean "experiment-tracker"?',
    ],
    [
      'settings',
      { mlflow: {} },
      'has the key "mlflow", and there is no component type "mlflow": keys are orchestrator, artifact-store, experiment-tracker, alerter',
    ],
    ['settings', { 'alerter:': {} }, 'has the key "alerter:": what follows "alerter:" is to be the name of a component'],
    ['settings', { 'alerter.a b': {} }, 'has the key "alerter.a b": what follows "alerter." is to be the name of a flavor'],
    ['outputs', 'a', 'must be an array of names, or an object'],
    ['outputs', [], 'must name an output'],
    ['outputs', ['a', 'a'], 'names an output twice'],
    ['outputs', ['a b'], 'has "a b", which is no name'],
    ['outputs', { a: true }, 'must say {}, { artifact } or tracked.metrics()'],
    ['outputs', { a: { tracked: 'image' } }, 'must say tracked.metrics(), .json() or .figure() for "a"'],
  ])('with a wrong %s: %j', async (option, value, reason) => {
    expect(await lineOf(() => step('a', { [option]: value }, () => 1))).toContain(`BAD_OPTION: option "${option}" of step "a" ${reason}`);
  });
});

describe('a call of a step is refused', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'with a wire that has no name',
      () => train(load()),
      /^STEP_ARGUMENTS: step "train" was given the output of step "load" without a name: train\(\{ name/,
    ],
    ['with a value', () => train(5), /^STEP_ARGUMENTS: step "train" was given a number\. A step takes one object/],
    ['with an array', () => train([1]), /^STEP_ARGUMENTS: step "train" was given an array/],
    ['with a class instance', () => train(new Map()), /^STEP_ARGUMENTS: step "train" was given an object that is no plain object/],
    [
      'with a second wire',
      () => train({ data: 1 }, load()),
      /^STEP_ARGUMENTS: step "train" was given the output of step "load" where the options/,
    ],
    ['with three arguments', () => train({}, {}, {}), /^STEP_ARGUMENTS: step "train" was called with 3 arguments/],
    [
      'with an unknown option',
      () => train({ data: 1 }, { afer: [] }),
      /^UNKNOWN_OPTION: a call of step "train" has no option "afer"\. Did you mean "after"\?/,
    ],
    ['with an id that is none', () => train({ data: 1 }, { id: 'a[0]' }), /^BAD_STEP_ID: "a\[0\]" is no step id/],
    [
      'with an id that is taken',
      () => [load(), train({ data: 1 }, { id: 'load' })],
      /^DUPLICATE_STEP_ID: pipeline "wine" has two steps with the id "load"/,
    ],
    [
      'with an output that is not there',
      () => split()['validation'],
      /^UNKNOWN_OUTPUT: step "split" has no output "validation"\. Known: train, test\./,
    ],
    ['with an output misspelt', () => split()['tran'], /^UNKNOWN_OUTPUT: .* Did you mean "train"\?/],
    [
      'with a function',
      () => train({ data: { f: () => 1 } }),
      /^INPUT_NOT_STORABLE: input "data" of step "train" cannot be stored: data\.f is a function \(f\)\. Pass plain data, or the output/,
    ],
    [
      'with a cycle',
      () => {
        const at: { to?: unknown } = {};
        at.to = at;
        return train({ data: at });
      },
      /^INPUT_NOT_STORABLE: .* data\.to is a cycle back to data\./,
    ],
    ['with a Promise', () => train({ data: Promise.resolve(1) }), /^INPUT_NOT_STORABLE: .* data is a Promise \(await it\)/],
    [
      'with a wire within an object',
      () => train({ data: { part: load() } }),
      /^INPUT_NOT_STORABLE: input "data" of step "train" holds the output of step "load" within an object, but only the whole/,
    ],
    [
      'with all outputs as one input',
      () => train({ data: split() }),
      /^INPUT_NOT_STORABLE: .* is all outputs of step "split": pass one of them \(train, test\)/,
    ],
    ['with itself in an array', cyclic, /^INPUT_NOT_STORABLE: .*cycle/],
    ['mapped over nothing', () => train['map']!({}), /^STEP_ARGUMENTS: step "train" was mapped over nothing/],
    [
      'mapped over a number',
      () => train['map']!({ data: 5 }),
      /^MAP_NOT_ARRAY: step "train" cannot be mapped over input "data": it is a number/,
    ],
    [
      'mapped over what is not there',
      () => train['map']!({ data: undefined }),
      /^MAP_NOT_ARRAY: step "train" cannot be mapped over input "data": it is undefined/,
    ],
    [
      'mapped over lists of two lengths',
      () => train['map']!({ a: [1], b: [1, 2] }),
      /^MAP_NOT_ARRAY: .* input "b": it has 2 items where another has 1/,
    ],
    [
      'mapped and shared in one',
      () => train['map']!({ data: [1] }, { data: 1 }),
      /^STEP_ARGUMENTS: .* the input "data" both mapped and shared/,
    ],
    [
      'after a text',
      () => train({ data: 1 }, { after: ['load'] }),
      /^BAD_OPTION: option "after" of a call of step "train" holds something that is not the output/,
    ],
    ['after a wire without a list', () => train({ data: 1 }, { after: load() }), /^BAD_OPTION: option "after" .* must be an array/],
  ])('%s', async (_, call, message) => {
    expect(await refusal(() => void call())).toMatch(message);
  });

  function cyclic(): unknown {
    const list: unknown[] = [];
    list.push(list);
    return train({ data: list });
  }

  test('outside a pipeline, naming the function itself', async () => {
    const advice =
      "Call it while a pipeline's body runs, not later in a timer or a callback; train.fn(...) runs the function itself, for example in a test.";
    expect(await lineOf(() => train({ data: 1 }))).toBe(`STEP_OUTSIDE_PIPELINE: step "train" was called outside a pipeline. ${advice}`);
    expect(await lineOf(() => train['map']!({ data: [1] }))).toMatch(/^STEP_OUTSIDE_PIPELINE/);
    expect(plainStep('plain', ({ data }: { data: number }) => data + 1).fn({ data: 1 })).toBe(2);
  });

  test('inside a step that runs; a pipeline that is planned there is not', async () => {
    const running = { stepId: 'outer' } as StepContext;
    await stepContext().run(running, async () => {
      expect(await lineOf(() => train({ data: 1 }))).toMatch(/^STEP_INSIDE_STEP: step "train" was called inside step "outer"/);
      await loosePipeline('planned', () => void load()).compile();
    });
  });

  test('with a wire of another run of a body', async () => {
    let kept: unknown;
    await loosePipeline('first', () => {
      kept = load();
    }).compile();
    const foreign = /^FOREIGN_WIRE: input "data" of step "train" is the output of step "load", made in another run of a pipeline's body/;
    expect(await refusal(() => void train({ data: kept }))).toMatch(foreign);
    expect(await refusal(() => void train({ data: [kept] }))).toMatch(foreign);
    expect(await refusal(() => void train({ data: 1 }, { after: [kept] }))).toMatch(/^FOREIGN_WIRE: input "after"/);
    expect(await refusal(() => void when(kept, { then: () => 1 }))).toMatch(/^FOREIGN_WIRE: input "condition" of step "when"/);
    expect(await refusal(() => kept)).toMatch(/^FOREIGN_WIRE: input "result"/);
  });
});

describe('a plan is refused', () => {
  test('with a cycle', async () => {
    const line = await refusal(() => {
      const after: unknown[] = [];
      const one = step('one', () => 1)({}, { after });
      const two = step('two', () => 1)({ one });
      after.push(train({ data: two }));
    });
    expect(line).toBe('PIPELINE_CYCLE: pipeline "wine" has a cycle: one -> train -> two -> one. A step cannot wait for itself.');
  });

  test('with a step after itself', async () => {
    const line = await refusal(() => {
      const after: unknown[] = [];
      after.push(load({}, { after }));
    });
    expect(line).toMatch(/^PIPELINE_CYCLE: .*: load -> load\./);
  });

  test('with a pipeline that calls itself without end, directly or by others', async () => {
    const advice = 'A body runs while the run is planned, so a pipeline that calls itself must end by its params.';
    const self: Loose = loosePipeline('self', () => void self());
    expect(await refusal(() => void self())).toBe(
      `PIPELINE_CYCLE: pipeline "wine" nests pipelines more than 100 deep: wine -> self -> self. ${advice}`,
    );
    const there: Loose = loosePipeline('there', () => void back());
    const back: Loose = loosePipeline('back', () => void there());
    for (const [first, names] of [
      [there, 'wine -> there -> back -> there'],
      [back, 'wine -> back -> there -> back'],
    ] as const)
      expect(await refusal(() => void first())).toContain(`more than 100 deep: ${names}. `);
  });

  test('that never ends', async () => {
    const line = await refusal(() => {
      for (let i = 0; i < Infinity; i++) load();
    });
    expect(line).toMatch(/^PLAN_TOO_LARGE: pipeline "wine" has more than 100000 steps/);
  });
});

describe('when is refused', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'on a value',
      () => when(true, { then: () => 1 }),
      /^BAD_CONDITION: when\(\) was given something that is not the output of a step\. .* branch on params with if/,
    ],
    ['on all outputs of a step', () => when(split(), { then: () => 1 }), /^BAD_CONDITION/],
    [
      'with a function in place of its branches',
      () => when(load(), () => load()),
      /^BAD_CONDITION: when\(\) was given no function for "then": write when\(wire, \{ then: \(\) => \.\.\., else: \(\) => \.\.\. \}\)/,
    ],
    ['without branches', () => when(load()), /^BAD_CONDITION: when\(\) was given no function for "then"/],
    [
      'with a wire in place of a branch',
      () => when(load(), { then: () => load(), else: load() as never }),
      /^BAD_CONDITION: when\(\) was given no function for "else"/,
    ],
    [
      'with the branches themselves in place of functions',
      () => when(load(), load(), load()),
      /^BAD_CONDITION: when\(\) was given no function for "then": write when/,
    ],
    [
      'with all outputs of a step in place of its branches',
      () => when(load(), split()),
      /^BAD_CONDITION: when\(\) was given no function for "then": write when/,
    ],
    [
      'with a branch of another name, which nothing would run',
      () => when(load(), { then: () => load(), otherwise: () => load() }),
      /^UNKNOWN_OPTION: when\(\) has no option "otherwise"\. Known: then, else\./,
    ],
    [
      'on the result of another',
      () => when(when(load(), { then: () => load(), else: () => load() }), { then: () => 1 }),
      /^BAD_CONDITION: when\(\) was given the result of when\(load\), which is not the output of one step: let a step pass it on/,
    ],
    [
      'with an object of wires in a branch',
      () => when(load(), { then: () => split() }),
      /^INPUT_NOT_STORABLE: input "then" of step "when" is all outputs/,
    ],
  ])('%s', async (_, call, message) => {
    expect(await refusal(() => void call())).toMatch(message);
  });

  test('outside a pipeline', async () => {
    expect(await lineOf(() => when(1, {}))).toMatch(/^BAD_CONDITION: when\(\) was called outside a pipeline/);
  });

  test('and leaves no condition behind when a branch throws', async () => {
    const plan = loosePipeline('wine', () => {
      try {
        when(load(), {
          then: () => {
            throw new Error('in a branch');
          },
        });
      } catch {
        train({ data: 1 });
      }
    });
    expect((await plan.compile()).spec.steps.map((planned) => planned.when)).toEqual([[], []]);
  });
});

describe('a pipeline is refused', () => {
  const inner = loosePipeline('inner', { params: { lr: 1 } }, (_params: unknown, { data }: { data: unknown }) => train({ data }));

  test.each<[string, () => unknown, RegExp]>([
    ['by a name with a space', () => loosePipeline('my wine', () => undefined), /^BAD_NAME: "my wine" is no name for a pipeline/],
    ['without a body', () => loosePipeline('wine', { params: {} }), /^BAD_OPTION: option "body" of pipeline "wine" must be a function/],
    [
      'with an unknown option',
      () => loosePipeline('wine', { param: {} }, () => 1),
      /^UNKNOWN_OPTION: pipeline "wine" has no option "param"\. Did you mean "params"/,
    ],
    [
      'with a wrong option',
      () => loosePipeline('wine', { cache: 1 }, () => 1),
      /^BAD_OPTION: option "cache" of pipeline "wine" must be true or false/,
    ],
    [
      'with a default that is no JSON',
      () => loosePipeline('wine', { params: { at: new Date() } }, () => 1),
      /^BAD_PARAM: param "at" .*"at" is a Date/,
    ],
    [
      'called outside another one',
      () => inner({ data: 1 }),
      /^PIPELINE_OUTSIDE_PIPELINE: pipeline "inner" was called outside .* Run it with \.run/,
    ],
  ])('%s', async (_, make, message) => {
    expect(await lineOf(make)).toMatch(message);
  });

  test('run in the body of another one, which would begin a run of its own beside it', async () => {
    const bare = loosePipeline('bare', () => void load());
    const line =
      'PIPELINE_RUN_IN_BODY: pipeline "bare" was run in the body of pipeline "wine", which only connects steps. ' +
      'Nest it by calling it: bare(inputs, params).';
    expect(await refusal(() => void (bare as unknown as { run(): unknown }).run())).toBe(line);
    expect(await refusal(() => (bare as unknown as { run(): unknown }).run())).toBe(line);
  });

  test.each<[string, () => unknown, RegExp]>([
    ['nested without its inputs', () => inner(), /^MISSING_INPUT: pipeline "inner" reads the input "data", which it was not given/],
    ['nested with a misspelt input', () => inner({ dta: 1 }), /^MISSING_INPUT: .*"data", which it was not given\. It was given: dta\./],
    [
      'nested with a wrong param',
      () => inner({ data: 1 }, { lr: 'x' }),
      /^BAD_PARAM: param "lr" of pipeline "inner" must be a number, not text/,
    ],
    ['nested with a wire as a param', () => inner({ data: 1 }, { lr: load() }), /^BAD_PARAM: .* is a step's output/],
    [
      'nested with its params where the inputs belong, which would run with the defaults',
      () => loosePipeline('rated', { params: { lr: 1 } }, ({ lr }: { lr: number }) => train({ data: lr }))({ lr: 2 }),
      /^STEP_ARGUMENTS: step "rated" is a pipeline, and "lr" is a param of it, no input: nested, it takes an object of inputs, one of params/,
    ],
    ['nested with a wire alone', () => inner(load()), /^STEP_ARGUMENTS: step "inner" is a pipeline: nested, it takes an object/],
    [
      'nested with an unknown option',
      () => inner({ data: 1 }, {}, { ID: 'x' }),
      /^UNKNOWN_OPTION: a call of pipeline "inner" has no option "ID"/,
    ],
    ['returning a number', () => loosePipeline('five', () => 5)(), /^BAD_PIPELINE_RESULT: the body of pipeline "wine" returned a number/],
  ])('%s', async (_, call, message) => {
    expect(await refusal(() => void call())).toMatch(message);
  });

  test.each<[string, unknown, string]>([
    ['a number', 5, 'a number'],
    ['an array of values', [1], 'an array with something else than wires'],
    ['a value by name', { a: 1 }, '{ a }, where a is a number'],
    ['nothing by name', { a: undefined }, '{ a }, where a is undefined'],
    ['a class instance', new Map(), 'an object that holds something else'],
  ])('when its body returns %s', async (_, returned, text) => {
    expect(await refusal(() => returned)).toContain(`BAD_PIPELINE_RESULT: the body of pipeline "wine" returned ${text}`);
  });

  test('run by itself when it needs inputs', async () => {
    expect(await lineOf(() => inner.compile())).toMatch(/^MISSING_INPUT: .* A pipeline with inputs is called in the body of another one/);
  });
});
