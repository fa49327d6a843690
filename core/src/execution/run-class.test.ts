import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { activeRun, Client, pipeline, runPipeline, step } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
beforeEach(async () => {
  project = await temporaryProject();
});
afterEach(() => project.remove());

interface Model {
  weights: number[];
}

class Base {
  @step()
  async load(): Promise<{ rows: number[] }> {
    return { rows: [1, 2, 3] };
  }

  @step({ experimentTracker: true })
  async train({ data, lr }: { data: { rows: number[] }; lr: number }): Promise<Model> {
    activeRun().logMetrics({ lr });
    return { weights: data.rows.map((row) => row * lr) };
  }

  @step()
  async good({ model, least }: { model: Model; least: number }): Promise<boolean> {
    return model.weights[0]! >= least;
  }

  @step()
  async publish({ model }: { model: Model }): Promise<number> {
    return model.weights.length;
  }
}

class Example extends Base {
  @pipeline({ params: { lr: 2, least: 1 } })
  async run({ lr, least }: { lr: number; least: number }): Promise<number | undefined> {
    const data = await this.load();
    const model = await this.train({ data, lr });
    if (await this.good({ model, least })) return this.publish({ model });
    return undefined;
  }
}

describe('a class-style pipeline', () => {
  it('branches on what a step gave', async () => {
    const yes = await runPipeline(Example, { least: 1 });
    expect(yes.result).toBe(3);
    expect(Object.keys(yes.steps)).toEqual(['load', 'train', 'good', 'publish']);
    const no = await runPipeline(Example, { least: 100 });
    expect(no.result).toBeUndefined();
    expect(Object.keys(no.steps)).toEqual(['load', 'train', 'good']);
    expect(no.steps['train']).toMatchObject({ status: 'cached', cached: true });
    expect(no.steps['train']!.runMetadata['experiment_tracker_url']).toEqual(yes.steps['train']!.runMetadata['experiment_tracker_url']);
  });

  it('keeps the lineage of objects by identity, and records plain values as they are', async () => {
    const run = await runPipeline(Example);
    expect(run.pipeline).toBe('Example');
    expect(run.steps['train']!.inputs).toEqual({ data: { artifact: 'Example/load/output', version: 1 }, lr: { value: 2 } });
    expect(run.steps['train']!.params).toEqual({ lr: 2 });
    expect(run.steps['publish']!.inputs['model']).toEqual({ artifact: 'Example/train/output', version: 1 });
  });

  it('numbers the calls of a step, runs them at once, and is seen by the client', async () => {
    class Many extends Base {
      @pipeline()
      async run(): Promise<number[]> {
        const data = await this.load();
        const models = await Promise.all([1, 2, 3].map((lr) => this.train({ data, lr })));
        return models.map((model) => model.weights[0]!);
      }
    }
    const run = await runPipeline(Many, {}, { name: 'many' });
    expect(run.result).toEqual([1, 2, 3]);
    const seen = await new Client().getPipelineRun('many');
    expect(Object.keys(seen.steps)).toEqual(['load', 'train', 'train_2', 'train_3']);
  });

  it('records an object that was changed outside a step as a new version', async () => {
    class Changing extends Base {
      @pipeline()
      async run(): Promise<number> {
        const data = await this.load();
        data.rows.push(4);
        return this.publish({ model: await this.train({ data, lr: 1 }) });
      }
    }
    const run = await runPipeline(Changing);
    expect(run.result).toBe(4);
    expect(run.steps['train']!.inputs['data']).toEqual({ artifact: 'Changing/train/input-data', version: 1 });
    expect((await runPipeline(Changing)).steps['train']!.status).toBe('cached');
  });

  it('throws a step’s error where it was called: caught, the run goes on; not caught, the run fails', async () => {
    class Failing {
      @step({ cache: false })
      async bad(): Promise<number> {
        throw new RangeError('no good');
      }
      @pipeline({ params: { heed: true } })
      async run({ heed }: { heed: boolean }): Promise<string> {
        if (heed) await this.bad();
        return this.bad().then(String, (error: Error) => `caught ${error.message}`);
      }
    }
    const failed = await runPipeline(Failing, { heed: true });
    expect(failed).toMatchObject({ status: 'failed', error: { name: 'RangeError', message: 'step "bad" failed: no good' } });
    const caught = await runPipeline(Failing, { heed: false });
    expect(caught).toMatchObject({ status: 'completed', result: 'caught no good' });
    expect(caught.steps['bad']!.status).toBe('failed');
  });

  it('runs each step on a fresh, frozen instance and says so when one writes to this', async () => {
    class Stateful {
      kept = 0;
      @step({ cache: false })
      async write(): Promise<number> {
        this.kept = 3;
        return 1;
      }
      @pipeline()
      async run(): Promise<number> {
        return this.write();
      }
    }
    const run = await runPipeline(Stateful);
    expect(run.steps['write']!.error).toMatchObject({ name: 'FROZEN_INSTANCE' });
    expect(run.error!.message).toContain('step "write" wrote to "this" of Stateful');
  });

  it('refuses a step inside a step, but runs super of the same one as a function', async () => {
    class Nested extends Base {
      @step({ cache: false })
      override async load(): Promise<{ rows: number[] }> {
        const { rows } = await super.load();
        return { rows: [...rows, 9] };
      }
      @step({ cache: false })
      async outer(): Promise<boolean> {
        return this.good({ model: { weights: [1] }, least: 0 });
      }
      @pipeline({ params: { nest: false } })
      async run({ nest }: { nest: boolean }): Promise<number> {
        if (nest) await this.outer();
        return (await this.load()).rows.length;
      }
    }
    expect((await runPipeline(Nested)).result).toBe(4);
    const run = await runPipeline(Nested, { nest: true });
    expect(run.steps['outer']!.error).toMatchObject({ name: 'STEP_INSIDE_STEP' });
  });

  it('refuses an override of a step without @step', async () => {
    class Silent extends Example {
      override async train(): Promise<Model> {
        return { weights: [] };
      }
    }
    await expect(runPipeline(Silent)).rejects.toMatchObject({
      code: 'BAD_STEP_METHOD',
      message: expect.stringContaining('overridden in Silent without @step'),
    });
  });

  it('refuses static steps, constructors with arguments, classes without a pipeline, and unknown params', async () => {
    expect(() => {
      class Static {
        // @ts-expect-error: a static step does not compile either
        @step()
        static async load(): Promise<number> {
          return 1;
        }
      }
      return Static;
    }).toThrow(expect.objectContaining({ code: 'BAD_STEP_METHOD' }));
    class Arguments extends Example {
      constructor(size: number) {
        super();
        if (size < 0) throw new RangeError('size');
      }
    }
    await expect(runPipeline(Arguments as never)).rejects.toMatchObject({ code: 'BAD_PIPELINE_CLASS' });
    await expect(runPipeline(Base as never)).rejects.toMatchObject({ code: 'BAD_PIPELINE_CLASS' });
    await expect(runPipeline(Example, { lrr: 1 } as never)).rejects.toMatchObject({ code: 'UNKNOWN_PARAM', advice: 'Did you mean "lr"?' });
  });

  it('outside a run has methods that are just methods', async () => {
    expect(await new Example().good({ model: { weights: [1] }, least: 0 })).toBe(true);
  });
});
