import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { Client, isPipelineClass, pipeline, resumeRun, runPipeline, step, when, type PipelineRun } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
beforeAll(async () => {
  project = await temporaryProject();
});
afterAll(() => project.remove());

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const statuses = (run: PipelineRun) => Object.fromEntries(Object.entries(run.steps).map(([id, { status }]) => [id, status]));

/** A class with one step, which does what it is told, and what `run` returns. */
class One {
  @step()
  async load(): Promise<number> {
    return 1;
  }
  @pipeline()
  async run(): Promise<unknown> {
    return this.load();
  }
}

describe('a class is refused before anything runs', () => {
  const refused = (Class: unknown, code: string, message: string) =>
    expect(runPipeline(Class as typeof One)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });

  it('when a step is static, a getter or a field, is called run, or takes two arguments', () => {
    const decorate = step() as unknown as (first: unknown, second: unknown, third?: PropertyDescriptor) => void;
    const method = async (): Promise<number> => 1;
    const bad = (reason: string) => expect.objectContaining({ message: expect.stringContaining(reason) });
    const context = { kind: 'method', name: 'load', static: false, private: false };
    expect(() => decorate(class {}, 'load', { value: method })).toThrow(bad('@step load is static'));
    expect(() => decorate({}, 'load', { get: method })).toThrow(bad('@step load is no method'));
    expect(() => decorate({}, 'load')).toThrow(bad('@step load is no method'));
    expect(() => decorate({}, 'run', { value: method })).toThrow(bad('name of the @pipeline method'));
    expect(() => decorate(method, { ...context, static: true })).toThrow(bad('@step load is static'));
    expect(() => decorate(method, { ...context, name: '#load', private: true })).toThrow(bad('@step #load is private'));
    expect(() => decorate(method, { ...context, kind: 'getter' })).toThrow(bad('@step load is no method'));
    expect(() => decorate(undefined, { ...context, kind: 'field' })).toThrow(bad('@step load is no method'));
    expect(() => decorate(async (_a: unknown, _b: unknown) => 1, context)).toThrow(expect.objectContaining({ code: 'STEP_ARGUMENTS' }));
    expect(() => step({ cach: false } as never)(method, context as never)).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }));
    expect(() => pipeline({ parms: {} } as never)).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }));
  });

  it('when @step or @pipeline stands without its parentheses, in decorators of both kinds', () => {
    const decorators = { step, pipeline } as unknown as Record<'step' | 'pipeline', (...args: unknown[]) => unknown>;
    const method = async (): Promise<number> => 1;
    const code = 'DECORATOR_NOT_CALLED';
    const bare = (decorator: 'step' | 'pipeline', name: string) => {
      const line = `${code}: @${decorator} of the method "${name}" has no parentheses. Write @${decorator}().`;
      const context = { kind: 'method', name, static: false, private: false };
      expect(() => decorators[decorator](method, context)).toThrow(expect.objectContaining({ line }));
      expect(() => decorators[decorator]({}, name, { value: method })).toThrow(expect.objectContaining({ line }));
      expect(() => decorators[decorator](class {}, name, { value: method })).toThrow(expect.objectContaining({ line }));
    };
    bare('step', 'load');
    bare('pipeline', 'run');
  });

  it('when @pipeline stands on another method, on a field or on the class itself, which is named as what it is', () => {
    const decorate = pipeline() as unknown as (first: unknown, second?: unknown, third?: PropertyDescriptor) => void;
    const method = async (): Promise<number> => 1;
    class Wine {}
    const bad = (message: string) => expect.objectContaining({ code: 'BAD_PIPELINE_METHOD', message });
    const other = '@pipeline main is on another method than run()';
    expect(() => decorate(method, { kind: 'method', name: 'main' })).toThrow(bad(other));
    expect(() => decorate({}, 'main', { value: method })).toThrow(bad(other));
    expect(() => decorate(undefined, { kind: 'field', name: 'run' })).toThrow(bad('@pipeline run is no method'));
    expect(() => decorate({}, 'run')).toThrow(bad('@pipeline run is no method'));
    expect(() => decorate(Wine, { kind: 'class', name: 'Wine' })).toThrow(bad('@pipeline Wine is on a class'));
    expect(() => decorate(Wine)).toThrow(bad('@pipeline Wine is on a class'));
  });

  it('and so is a step or a pipeline of a function that is given no name', () => {
    const made = { step, pipeline } as unknown as Record<'step' | 'pipeline', (...args: unknown[]) => unknown>;
    for (const args of [[() => 1], [{ cache: false }, () => 1], [undefined, () => 1]])
      for (const kind of ['step', 'pipeline'] as const)
        expect(() => made[kind](...args)).toThrow(
          expect.objectContaining({
            line: `NAME_MISSING: ${kind}() was given a function and no name. The name comes first: ${kind}('name', ...).`,
          }),
        );
  });

  it('when an override of a step has no @step, however far down and whatever it is', async () => {
    class Silent extends One {
      override async load(): Promise<number> {
        return 2;
      }
    }
    class Below extends Silent {
      @pipeline()
      override async run(): Promise<unknown> {
        return super.run();
      }
    }
    class Again extends One {
      @step()
      override async load(): Promise<number> {
        return 3;
      }
    }
    class Third extends Again {
      override async load(): Promise<number> {
        return 4;
      }
    }
    await refused(Silent, 'BAD_STEP_METHOD', '@step load is overridden in Silent without @step');
    await refused(Below, 'BAD_STEP_METHOD', 'overridden in Silent');
    await refused(Third, 'BAD_STEP_METHOD', 'overridden in Third');
    expect((await runPipeline(Again)).result).toBe(3);
    class Accessor extends One {}
    Object.defineProperty(Accessor.prototype, 'load', { get: () => async () => 5 });
    await refused(Accessor, 'BAD_STEP_METHOD', 'overridden in Accessor');
    class Field extends One {
      override load = async (): Promise<number> => 6;
    }
    await refused(Field, 'BAD_STEP_METHOD', '@step load is hidden by a field of Field');
  });

  it('when it has no @pipeline of its run, or a constructor that takes arguments or throws', async () => {
    class Undecorated extends One {
      override async run(): Promise<unknown> {
        return this.load();
      }
    }
    class Arguments extends One {
      constructor(_size: number) {
        super();
      }
    }
    class Throwing extends One {
      constructor() {
        super();
        throw new RangeError('no disk');
      }
    }
    class Getter {
      get run(): () => Promise<unknown> {
        throw new Error('the getter was called');
      }
    }
    expect([One, Undecorated, Getter].map(isPipelineClass)).toEqual([true, false, false]);
    await refused(undefined, 'BAD_PIPELINE_CLASS', 'class undefined cannot run as a pipeline: it is no class');
    await refused(new One(), 'BAD_PIPELINE_CLASS', 'class One cannot run as a pipeline: an instance of it was given, and not the class');
    const made = pipeline('made', () => undefined);
    await refused(made, 'BAD_PIPELINE_CLASS', 'class made cannot run as a pipeline: it was made by pipeline(), and has a run() of its own');
    await refused(Undecorated, 'BAD_PIPELINE_CLASS', 'class Undecorated cannot run as a pipeline: it has no method run() with @pipeline');
    await refused(Arguments, 'BAD_PIPELINE_CLASS', 'its constructor takes arguments');
    await refused(Getter, 'BAD_PIPELINE_CLASS', 'it has no method run() with @pipeline');
    await refused(Throwing, 'BAD_PIPELINE_CLASS', 'its constructor threw: no disk');
    await expect(runPipeline(One, { lr: 1 } as never)).rejects.toMatchObject({ code: 'UNKNOWN_PARAM', advice: 'It takes none.' });
    await expect(runPipeline(One, {}, { concurrency: 0 })).rejects.toMatchObject({ code: 'BAD_OPTION' });
  });
});

describe('a step call fails', () => {
  class Calls {
    @step({ cache: false })
    async inner(_inputs?: object): Promise<number> {
      return 1;
    }
    @step({ cache: false })
    async outer(): Promise<number> {
      return this.inner();
    }
    @step({ cache: false })
    async itself(inputs: { deep: boolean }): Promise<number> {
      return inputs.deep ? this.itself({ deep: false }) : 1;
    }
    @pipeline({ params: { how: '' } })
    async run({ how }: { how: string }): Promise<number> {
      const call = this.inner.bind(this) as (...args: unknown[]) => Promise<number>;
      if (how === 'two') return call({ a: 1 }, { b: 2 });
      if (how === 'number') return call(5);
      if (how === 'array') return call([1]);
      if (how === 'map') return call(new Map([['a', 1]]));
      if (how === 'function') return call({ f: () => 1 });
      if (how === 'inside') return this.outer();
      if (how === 'itself') return this.itself({ deep: true });
      if (how === 'detached') return Reflect.apply(this.inner, undefined, []);
      return new Calls().inner.call(new One());
    }
  }

  it.each([
    ['two', 'STEP_ARGUMENTS', 'was called with 2 arguments'],
    ['number', 'STEP_ARGUMENTS', 'was called with a number'],
    ['array', 'STEP_ARGUMENTS', 'was called with an array'],
    ['map', 'STEP_ARGUMENTS', 'was called with an object that is no plain object'],
    ['function', 'INPUT_NOT_STORABLE', 'input "f" of step "inner" cannot be stored'],
    ['inside', 'STEP_INSIDE_STEP', 'step "inner" was called inside step "outer"'],
    ['itself', 'STEP_INSIDE_STEP', 'step "itself" was called inside step "itself"'],
    ['detached', 'BAD_STEP_METHOD', 'not on its "this"'],
    ['another', 'BAD_STEP_METHOD', 'not on its "this"'],
  ])('%s', async (how, code, message) => {
    const run = await runPipeline(Calls, { how });
    expect(run).toMatchObject({ status: 'failed', error: { name: code, message: expect.stringContaining(message) } });
  });

  it('by a step, a pipeline or a when() of function style in its run(), which are told from a call outside of any pipeline', async () => {
    const [loose, other] = [step('loose', () => 1), pipeline('other', () => undefined)] as unknown as [() => unknown, () => unknown];
    const branch = when as unknown as (...args: unknown[]) => unknown;
    class Mixed {
      @step({ cache: false })
      async inner(): Promise<unknown> {
        return loose();
      }
      @pipeline({ params: { how: '' } })
      async run({ how }: { how: string }): Promise<unknown> {
        if (how === 'inner') return this.inner();
        if (how === 'planned') return Object.keys((await pipeline('planned', () => void loose()).compile()).spec.steps).length;
        return how === 'step' ? loose() : how === 'pipeline' ? other() : branch(true, { then: () => 1 });
      }
    }
    const rest = 'is of function style, and was called in run() of a class-style pipeline';
    for (const [how, what] of [
      ['step', 'step "loose"'],
      ['pipeline', 'pipeline "other"'],
      ['when', 'when()'],
    ] as const)
      expect((await runPipeline(Mixed, { how })).error).toMatchObject({ name: 'STYLES_MIXED', message: expect.stringContaining(`${what} ${rest}`) }); // prettier-ignore
    expect((await runPipeline(Mixed, { how: 'inner' })).error).toMatchObject({ name: 'STEP_INSIDE_STEP' });
    expect(await runPipeline(Mixed, { how: 'planned' })).toMatchObject({ status: 'completed', result: 1 });
  });

  it('but super of the same step runs as a function', async () => {
    class More extends One {
      @step()
      override async load(): Promise<number> {
        return 10 + (await super.load());
      }
    }
    const run = await runPipeline(More);
    expect(run.result).toBe(11);
    expect(statuses(run)).toEqual({ load: 'completed' });
  });

  it('of a run whose methods have no @step one is warned, and of a run that failed one is not', async () => {
    class Forgotten {
      async load(): Promise<number> {
        return 1;
      }
      @pipeline({ params: { fails: false } })
      async run({ fails }: { fails: boolean }): Promise<number> {
        if (fails) throw new Error('first');
        return this.load();
      }
    }
    const warning = 'run() of Forgotten called no step, so nothing of it is recorded: a step is a method with @step()';
    expect(await runPipeline(Forgotten)).toMatchObject({ status: 'completed', result: 1, warnings: [warning] });
    expect(await runPipeline(Forgotten, { fails: true })).toMatchObject({ status: 'failed', warnings: [] });
    expect((await runPipeline(One)).warnings).toEqual([]);
  });

  it('inside a run that a step began it does not', async () => {
    class Outer {
      @step({ cache: false })
      async other(): Promise<unknown> {
        return (await runPipeline(One)).result;
      }
      @pipeline()
      async run(): Promise<unknown> {
        return this.other();
      }
    }
    expect(await runPipeline(Outer)).toMatchObject({ status: 'completed', result: 1 });
  });
});

const SHARED = { hits: 0, list: [] as number[] };
class Stateful {
  kept = 0;
  declare late?: number;
  list: number[] = [2, 1];
  named: Record<string, number> = {};
  nested = { best: { loss: 1 } };
  shared = SHARED;
  seen = new Set<number>();
  #hidden = 0;
  get doubled(): number {
    return this.#hidden * 2;
  }
  set doubled(value: number) {
    this.#hidden = value / 2;
  }
  remember(value: number): void {
    this.kept = value;
  }
  @step({ cache: false })
  async act({ how }: { how: string }): Promise<unknown> {
    if (how === 'set') this.kept = 3;
    if (how === 'add') this.late = 3;
    if (how === 'helper') this.remember(3);
    if (how === 'push') this.list.push(3);
    if (how === 'sort') this.list.sort();
    if (how === 'entry') this.named[how] = 1;
    if (how === 'nested') this.nested.best.loss = 0;
    if (how === 'delete') delete this.late;
    if (how === 'delete kept') delete (this as { kept?: number }).kept;
    if (how === 'assign') Object.assign(this, { kept: 4 });
    if (how === 'shared') this.shared.list.push(this.shared.hits++);
    if (how === 'hidden') this.doubled = ++this.#hidden * 4;
    if (how === 'set of') this.seen.add(1);
    return [this instanceof Stateful, { ...this }.kept, Object.keys(this).includes('list'), this.#hidden, this.doubled, this.seen.size];
  }
  @pipeline({ params: { how: '', inRun: false } })
  async run({ how, inRun }: { how: string; inRun: boolean }): Promise<unknown> {
    if (inRun) this.list.push((await this.act({ how })) as number);
    return this.act({ how });
  }
}

describe('an instance', () => {
  it.each([
    ['set', 'kept'],
    ['add', 'late'],
    ['helper', 'kept'],
    ['push', 'list'],
    ['sort', 'list'],
    ['entry', 'named'],
    ['nested', 'nested'],
    ['delete kept', 'kept'],
    ['assign', 'kept'],
  ])('that a step writes to is an error that names the field: %s', async (how, field) => {
    const { error } = (await runPipeline(Stateful, { how })).steps['act']!;
    expect(error).toMatchObject({
      name: 'FROZEN_INSTANCE',
      message: expect.stringContaining(`step "act" wrote to "this.${field}" of Stateful`),
    });
  });

  it('that run() writes to is one too', async () => {
    const { error } = await runPipeline(Stateful, { inRun: true });
    expect(error).toMatchObject({ name: 'FROZEN_INSTANCE', message: expect.stringContaining('run() wrote to "this.list" of Stateful') });
  });

  it('is not blamed for a write to what the step itself made unwritable', async () => {
    class Unwritable {
      kept = { best: { loss: 1 }, list: [1] };
      @step({ cache: false })
      async act({ how }: { how: string }): Promise<number> {
        if (how === 'assign') (Object.freeze({ kept: 1 }) as { kept: number }).kept = 2;
        if (how === 'add') (Object.preventExtensions({}) as { worst: number }).worst = 2;
        if (how === 'push') (Object.freeze([]) as unknown as number[]).push(this.kept.best.loss);
        return 1;
      }
      @pipeline({ params: { how: '' } })
      async run({ how }: { how: string }): Promise<number> {
        return this.act({ how });
      }
    }
    for (const how of ['assign', 'add', 'push'])
      expect((await runPipeline(Unwritable, { how })).steps['act']!.error).toMatchObject({ name: 'TypeError' });
  });

  it('is otherwise like any: it is of its class, has its fields, and may change what it shares with others', async () => {
    const expected = [true, 0, true, 0, 0, 0];
    expect((await runPipeline(Stateful, { how: 'nothing' })).result).toEqual(expected);
    expect((await runPipeline(Stateful, { how: 'shared' })).result).toEqual(expected);
    expect((await runPipeline(Stateful, { how: 'delete' })).result).toEqual(expected);
    expect(SHARED).toEqual({ hits: 1, list: [0] });
  });

  it('starts anew in each call where a write cannot be seen: private fields and sets', async () => {
    for (const _ of [1, 2]) expect((await runPipeline(Stateful, { how: 'hidden' })).result).toEqual([true, 0, true, 2, 4, 0]);
    for (const _ of [1, 2]) expect((await runPipeline(Stateful, { how: 'set of' })).result).toEqual([true, 0, true, 0, 0, 1]);
  });
});

/** What a step `bad` waits for: that the last of all steps has begun, or that another one has won. */
let gate: PromiseWithResolvers<void>;
beforeEach(() => {
  gate = Promise.withResolvers();
});

class Ends {
  @step({ cache: false })
  async bad({ after = 0, waits = false }: { after?: number; waits?: boolean } = {}): Promise<number> {
    if (waits) await gate.promise;
    await pause(after);
    throw new RangeError('no good');
  }
  @step({ cache: false })
  async slow({ ms, last = false }: { ms: number; last?: boolean }): Promise<number> {
    if (last) gate.resolve();
    await pause(ms);
    return ms;
  }
  @pipeline({ params: { how: '' } })
  async run({ how }: { how: string }): Promise<unknown> {
    return ways[how]!(this);
  }
}
let late: Promise<unknown> | undefined;
const over = Promise.withResolvers<void>();
const ways: Record<string, (self: Ends) => Promise<unknown>> = {
  all: (self) =>
    Promise.all([
      self.slow({ ms: 60 }),
      self.bad({ after: 5, waits: true }),
      self.bad({ after: 100, waits: true }),
      self.slow({ ms: 30, last: true }),
    ]),
  unawaited: async (self) => {
    void self.slow({ ms: 30 });
    return 'returned';
  },
  'unawaited failure': async (self) => {
    void self.bad();
    await self.slow({ ms: 20 });
    return 'returned';
  },
  race: async (self) => {
    const first = await Promise.race([self.slow({ ms: 1 }), self.bad({ after: 50, waits: true })]);
    gate.resolve();
    return first;
  },
  late: async (self) => {
    late = over.promise.then(() => self.slow({ ms: 1 }));
    late.catch(() => undefined);
    return 1;
  },
  throws: async (self) => {
    await self.bad().catch(() => undefined);
    throw new TypeError('of run itself');
  },
  'second failure': async (self) => {
    await self.bad().catch(() => undefined);
    return self.bad();
  },
  'throws nothing': async () => {
    const nothing: unknown = undefined;
    throw nothing;
  },
  instance: async (self) => new Map([['self', await self.slow({ ms: 1 })]]),
  'again and again': async (self) => {
    for (;;) {
      try {
        return await self.bad();
      } catch {
        continue;
      }
    }
  },
};

describe('a run ends', () => {
  it('after all its steps have, when Promise.all is rejected by one of them', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const run = await runPipeline(Ends, { how: 'all' });
    await pause(5);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    expect(run).toMatchObject({ status: 'failed', error: { name: 'RangeError', message: 'step "bad" failed: no good' } });
    expect(statuses(run)).toEqual({ slow: 'completed', bad: 'failed', bad_2: 'failed', slow_2: 'completed' });
  });

  it('after steps that nobody awaited; a failure of one that nobody saw is the run’s', async () => {
    const good = await runPipeline(Ends, { how: 'unawaited' });
    expect(good).toMatchObject({ status: 'completed', result: 'returned', warnings: [], steps: { slow: { status: 'completed' } } });
    const bad = await runPipeline(Ends, { how: 'unawaited failure' });
    expect(bad).toMatchObject({ status: 'failed', error: { message: 'step "bad" failed: no good' }, result: undefined });
    expect(bad.warnings).toEqual(['run() did not wait for step "bad", which failed: await every step call']);
    expect(await runPipeline(Ends, { how: 'race' })).toMatchObject({
      status: 'completed',
      result: 1,
      warnings: [],
      steps: { bad: { status: 'failed' } },
    });
  });

  it('and a step called after it is refused', async () => {
    const run = await runPipeline(Ends, { how: 'late' });
    expect(run).toMatchObject({ status: 'completed', steps: {} });
    over.resolve();
    await expect(late).rejects.toMatchObject({ code: 'STEP_NOT_STARTED', message: 'step "slow" was not started: the run has ended' });
  });

  it('and a step called after it that nobody awaits is a warning of the run', async () => {
    const after = Promise.withResolvers<void>();
    class Left extends One {
      @pipeline()
      override async run(): Promise<unknown> {
        void after.promise.then(() => {
          void this.load();
          this.load().catch(() => undefined);
        });
        return this.load();
      }
    }
    const run = await runPipeline(Left);
    expect(run).toMatchObject({ status: 'completed', warnings: [] });
    after.resolve();
    await pause(50);
    await using client = new Client();
    const { warnings, steps } = await client.getPipelineRun(run.id);
    expect(Object.keys(steps)).toEqual(['load']);
    expect(warnings).toEqual(['step "load_2" was called after run() had ended, and did not run: await every step call']);
  });

  it('as failed by what run() threw, whether a step threw it or not', async () => {
    const own = await runPipeline(Ends, { how: 'throws' });
    expect(own).toMatchObject({ status: 'failed', error: { name: 'TypeError', message: 'of run itself' } });
    expect(own.error!.stack).toContain('run-class.errors.test.ts');
    expect((await runPipeline(Ends, { how: 'second failure' })).error!.message).toBe('step "bad_2" failed: no good');
    expect((await runPipeline(Ends, { how: 'throws nothing' })).status).toBe('failed');
    await expect(runPipeline(Ends, { how: 'throws' }, { throwOnFailure: true })).rejects.toMatchObject({ code: 'RUN_FAILED' });
  });

  it('with a result of any kind, as it is', async () => {
    expect((await runPipeline(Ends, { how: 'instance' })).result).toEqual(new Map([['self', 1]]));
  });
});

describe('after a failure', () => {
  let failed: PromiseWithResolvers<void>;
  beforeEach(() => {
    failed = Promise.withResolvers();
  });
  class Queue {
    @step({ cache: false, onFailure: () => failed.resolve() })
    async item({ i }: { i: number }): Promise<number> {
      await pause(10);
      if (i === 1) throw new Error('item 1');
      // Is still under way when it has been recorded that the first one failed.
      if (i === 2) await failed.promise.then(() => pause(300));
      return i;
    }
    @pipeline()
    async run(): Promise<number[]> {
      return Promise.all([1, 2, 3, 4].map((i) => this.item({ i })));
    }
  }
  const modes = [
    ['stop-on-failure', { item: 'failed', item_2: 'completed', item_3: 'skipped', item_4: 'skipped' }],
    ['fail-fast', { item: 'failed', item_2: 'killed', item_3: 'skipped', item_4: 'skipped' }],
    ['continue-on-failure', { item: 'failed', item_2: 'completed', item_3: 'completed', item_4: 'completed' }],
  ] as const;

  it.each(modes)('%s decides about the step calls that run and those that wait for their turn', async (executionMode, expected) => {
    const run = await runPipeline(Queue, {}, { executionMode, concurrency: 2 });
    expect(statuses(run)).toEqual(expected);
    expect(run).toMatchObject({ status: 'failed', error: { message: 'step "item" failed: item 1' } });
  });

  it('a resumed run that fails again keeps what its earlier session completed', async () => {
    const began: number[] = [];
    let mended = false;
    class Items {
      @step({ cache: false })
      async item({ i }: { i: number }): Promise<number> {
        began.push(i);
        if (i === 1 && !mended) throw new Error('item 1');
        return i;
      }
      @pipeline()
      async run(): Promise<number[]> {
        return Promise.all([1, 2, 3].map((i) => this.item({ i })));
      }
    }
    const { id } = await runPipeline(Items, {}, { concurrency: 3 });
    const again = await resumeRun(id, { pipeline: Items, concurrency: 1 });
    expect(statuses(again)).toEqual({ item: 'failed', item_2: 'completed', item_3: 'completed' });
    mended = true;
    const last = await resumeRun(id, { pipeline: Items, concurrency: 1 });
    expect(last).toMatchObject({ status: 'completed', result: [1, 2, 3] });
    expect(statuses(last)).toEqual({ item: 'completed', item_2: 'completed', item_3: 'completed' });
    expect(began).toEqual([1, 2, 3, 1, 1]);
  });

  it('continue-on-failure goes on with what waits for other steps, to its end', async () => {
    class Branches {
      @step({ cache: false, onFailure: () => failed.resolve() })
      async first({ i }: { i: number }): Promise<number> {
        if (i === 1) throw new Error('branch 1');
        await failed.promise.then(() => pause(20));
        return i;
      }
      @step({ cache: false })
      async second({ i }: { i: number }): Promise<number> {
        return i;
      }
      @pipeline()
      async run(): Promise<number[]> {
        return Promise.all([1, 2].map(async (i) => this.second({ i: await this.first({ i }) })));
      }
    }
    const run = await runPipeline(Branches, {}, { executionMode: 'continue-on-failure' });
    expect(run).toMatchObject({ status: 'failed', error: { message: 'step "first" failed: branch 1' } });
    expect(statuses(run)).toEqual({ first: 'failed', first_2: 'completed', second: 'completed' });
  });

  it('a stop is a stop: the run is killed, even if a step had failed before, and code that calls again and again does not hold it', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 60);
    const run = await runPipeline(Ends, { how: 'again and again' }, { signal: stop.signal });
    expect(run).toMatchObject({ status: 'killed', error: { message: expect.stringContaining('aborted by its caller') } });
  });
});

it('outside a run a step is just its method', async () => {
  expect(await new One().load()).toBe(1);
});
