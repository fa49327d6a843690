import { afterEach, describe, expect, test } from '@jest/globals';
import { inspect } from 'node:util';

import { stepContext, type StepContext } from '../tracking/context.ts';
import { lineOf, load, loosePipeline, refusal, split, train, when, type Loose } from '../testing/loose-pipeline.ts';

describe('a wire that is touched says so', () => {
  const wire = 'of the output of step "load", which has no value yet';
  test.each<[string, (wire: Loose) => unknown, string]>([
    ['a property', (w) => w['rows'], `reading property "rows" ${wire}`],
    ['a method', (w) => w['map']!(), `reading property "map" ${wire}`],
    ['an index', (w) => (w as unknown as unknown[])[0], `reading property "0" ${wire}`],
    ['an optional property', (w) => w?.['rows'], `reading property "rows" ${wire}`],
    ['text', (w) => `${w as unknown as string}`, `calculating with, comparing or printing the value ${wire}`],
    ['arithmetic', (w) => (w as unknown as number) + 1, `calculating with, comparing or printing the value ${wire}`],
    ['a comparison', (w) => (w as unknown as number) < 1, `calculating with, comparing or printing the value ${wire}`],
    ['spread', (w) => ({ ...w }), `listing the properties ${wire}`],
    ['array spread', (w) => [...(w as unknown as unknown[])], `iterating over or destructuring the value ${wire}`],
    ['destructuring', ({ rows }) => rows, `reading property "rows" ${wire}`],
    ['JSON', (w) => JSON.stringify(w), `making JSON of the value ${wire}`],
    ['in', (w) => 'rows' in w, `asking for property "rows" ${wire}`],
    [
      'for in',
      (w) => {
        for (const key in w) return key;
        return 0;
      },
      `listing the properties ${wire}`,
    ],
    ['instanceof', (w) => w instanceof Map, `asking for the class ${wire}`],
    ['Object.keys', (w) => Object.keys(w), `listing the properties ${wire}`],
    ['writing', (w) => ((w as { rows?: unknown })['rows'] = 1), `writing property "rows" ${wire}`],
    ['delete', (w) => delete (w as { rows?: unknown })['rows'], `deleting property "rows" ${wire}`],
    ['freezing', (w) => Object.freeze(w), `freezing ${wire}`],
  ])('%s', async (_, touch, message) => {
    expect(await refusal(() => void touch(load()))).toContain(`WIRE_TOUCHED: ${message}`);
  });

  test('an output that was declared, and the result of a when, by their names', async () => {
    expect(await refusal(() => void split()['train']!['rows'])).toContain('of output "train" of step "split", which');
    expect(await refusal(() => void when(load(), { then: () => load() })['x'])).toContain('of the result of when(load), which');
  });

  test('that a step takes from around it is to be an input of the step, for inside of one it is already', async () => {
    let wire: unknown;
    const use = loosePipeline('outer', () => {
      wire = load();
    });
    await use.compile();
    await stepContext().run({ stepId: 'use' } as StepContext, async () => {
      expect(await lineOf(() => `${wire as string}`)).toBe(
        'WIRE_IN_STEP: step "use" took the output of step "load" from the code around it: only what is given to a step as an input has a value there. Pass it in the pipeline, use({ name: wire }), and read the input.',
      );
      await expect(Promise.resolve(wire)).rejects.toMatchObject({ code: 'WIRE_IN_STEP' });
      expect(await refusal(() => void load()['rows'])).toMatch(/^WIRE_TOUCHED/);
    });
  });

  test('read for a part of it, it is told how a step gives its parts one by one', async () => {
    const parts = 'Do this inside a step, or have the step give it as an output of its own: step(name, { outputs: ["rows"] }, fn).';
    expect(await refusal(() => void load()['rows'])).toContain(` only connects steps. ${parts}`);
    expect(await refusal(() => void load()['map']!())).toContain('Do this inside a step, or run a step for each item with step.map().');
    expect(await refusal(() => void [...(load() as unknown as unknown[])])).toContain('run a step for each item with step.map().');
    expect(await refusal(() => void split()['train']!['rows'])).toContain('Do this inside a step, or use when(wire');
  });

  test('only console.log shows it', async () => {
    let shown = '';
    await loosePipeline('shown', () => {
      shown = inspect({ data: load() });
    }).compile();
    expect(shown).toBe('{ data: <the output of step "load"> }');
  });
});

describe('a wire in a condition is refused', () => {
  test('with its text and line', async () => {
    const line = await refusal(() => {
      const w = load();
      if (w) train({ data: w });
    });
    expect(line).toMatch(/^WIRE_IN_CONDITION: pipeline "wine" tests w in a condition \(line 3 of its body\).* Branch with when\(wire/);
  });

  test('before a loop on it never ends, and in a nested pipeline too', async () => {
    const endless = (): void => {
      let w = load();
      while (w) w = train({ data: w });
    };
    expect(await refusal(endless)).toMatch(/^WIRE_IN_CONDITION: pipeline "wine" tests w /);
    const nested = loosePipeline('inner', endless);
    expect(await refusal(() => void nested())).toMatch(/^WIRE_IN_CONDITION: pipeline "inner" tests w /);
  });

  test('and is what is said first, whatever it led to', async () => {
    const nested = loosePipeline('inner', (_params: unknown, { data }: { data: unknown }) => {
      const flag = data ? 1 : 2;
      throw new Error(`flag is ${flag}`);
    });
    expect(await refusal(() => void nested({ data: load() }))).toMatch(/^WIRE_IN_CONDITION: pipeline "inner" tests data /);
  });

  test('a body whose source cannot be seen is refused', async () => {
    expect(await lineOf(() => loosePipeline('bound', (() => undefined).bind(null)).compile())).toMatch(
      /^BODY_UNREADABLE: the body of pipeline "bound" cannot be read: /,
    );
  });
});

describe('an async body is refused', () => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown): void => void unhandled.push(reason);
  afterEach(() => void process.off('unhandledRejection', listen));

  test('without an unhandled rejection, also within a branch', async () => {
    process.on('unhandledRejection', listen);
    const expected =
      'ASYNC_BODY: the body of pipeline "wine" is async, or returns a promise. A function-style body only connects steps: make it a plain function, or write the pipeline as a class.';
    expect(await refusal(async () => load()['x'])).toBe(expected);
    expect(await refusal(async () => void (await (load() as unknown as Promise<unknown>)))).toBe(expected);
    expect(await refusal(async () => load())).toBe(expected);
    expect(await refusal(async () => split())).toBe(expected);
    expect(await refusal(() => when(load(), { then: async () => load() }))).toBe(expected);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(unhandled).toEqual([]);
  });
});
