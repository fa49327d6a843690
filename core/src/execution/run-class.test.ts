import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import {
  activeRun,
  Client,
  file,
  pipeline,
  registerMaterializer,
  runPipeline,
  step,
  stream,
  type FileArtifact,
  type StreamArtifact,
} from '../index.ts';
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

/** `size` depends on what a subclass says. */
class Scaled {
  factor(): number {
    return 1;
  }
  @step()
  async size(): Promise<number> {
    return this.factor();
  }
  @pipeline()
  async run(): Promise<number> {
    return this.size();
  }
}
class Doubled extends Scaled {
  override factor(): number {
    return 2;
  }
  @pipeline()
  override async run(): Promise<number> {
    return super.run();
  }
}
/** Has no decorator of its own, so that nobody knows where it is written. */
class Tripled extends Scaled {
  override factor(): number {
    return 3;
  }
}

// At the top level, because what a class made in a function uses is not in its source.
class Changing extends Base {
  @pipeline()
  async run(): Promise<number> {
    const data = await this.load();
    data.rows.push(4);
    return this.publish({ model: await this.train({ data, lr: 1 }) });
  }
}

class LeftOut {
  @step({ cache: false })
  async free({ size }: { size?: number }): Promise<number> {
    return size ?? 1;
  }
  @step({ cache: false })
  async preset({ size }: { size?: number } = { size: 5 }): Promise<number> {
    return size ?? 1;
  }
  @pipeline()
  async run(): Promise<number[]> {
    return [await this.free({}), await this.preset()];
  }
}

describe('a class-style pipeline', () => {
  it('calls a step whose inputs may all be left out without them', async () => {
    expect((await runPipeline(LeftOut)).result).toEqual([1, 5]);
  });

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

  it('never gives two calls one place, also where a step is named like the second call of another one', async () => {
    class Numbered {
      @step()
      async load({ of }: { of: number }): Promise<number> {
        return of;
      }
      @step()
      async load_2({ of }: { of: number }): Promise<number> {
        return of * 10;
      }
      @pipeline()
      async run(): Promise<number[]> {
        return [await this.load({ of: 1 }), await this.load({ of: 2 }), await this.load_2({ of: 3 }), await this.load_2({ of: 4 })];
      }
    }
    const { steps, result } = await runPipeline(Numbered);
    expect(result).toEqual([1, 2, 30, 40]);
    expect(Object.entries(steps).map(([id, { attempt, params }]) => [id, attempt, params['of']])).toEqual([
      ['load', 1, 1],
      ['load_3', 1, 2],
      ['load_2', 1, 3],
      ['load_2_2', 1, 4],
    ]);
  });

  it('gives a step a list of what others gave, in which a place that is empty is undefined', async () => {
    class Gappy extends Base {
      @step()
      async count({ of }: { of: unknown[] }): Promise<unknown[]> {
        return of.map((each) => (each === undefined ? 'nothing' : (each as { rows: number[] }).rows.length));
      }
      @pipeline()
      async run(): Promise<unknown[]> {
        const of: unknown[] = [];
        of[1] = await this.load();
        return this.count({ of });
      }
    }
    const { result, error } = await runPipeline(Gappy);
    expect(error).toBeNull();
    expect(result).toEqual(['nothing', 3]);
  });

  it('records an object of which only what its bytes mean was changed outside a step as a new version', async () => {
    class Shaped {
      columns = 2;
    }
    registerMaterializer<Shaped>({
      name: 'shaped',
      version: 1,
      handles: (value): value is Shaped => value instanceof Shaped,
      async save({ columns }, out) {
        await out.write(new Uint8Array(6));
        return { columns };
      },
      async load(_from, meta) {
        return Object.assign(new Shaped(), meta);
      },
    });
    class Reshaping extends Base {
      @step()
      async make(): Promise<Shaped> {
        return new Shaped();
      }
      @step()
      async columnsOf({ table }: { table: Shaped }): Promise<number> {
        return table.columns;
      }
      @pipeline()
      async run(): Promise<number[]> {
        const table = await this.make();
        const before = await this.columnsOf({ table });
        table.columns = 3;
        return [before, await this.columnsOf({ table })];
      }
    }
    const { result, steps } = await runPipeline(Reshaping);
    expect(result).toEqual([2, 3]);
    expect(steps['columnsOf_2']!.inputs['table']).toEqual({ artifact: 'Reshaping/columnsOf_2/input-table', version: 1 });
  });

  it('gives a step the stored stream or file that no step made: a stream was read to store it, and a file may be written to', async () => {
    const path = join(project.project.folder, 'rows.txt');
    let attempts = 0;
    class Given {
      @step({ cache: false, retry: { retries: 1, delayMs: 1 } })
      async join({ rows, report }: { rows: StreamArtifact; report: FileArtifact }): Promise<string> {
        let text = '';
        for await (const bytes of rows) text += String(bytes);
        writeFileSync(path, 'other');
        if (++attempts === 1) throw new Error('once more');
        return text + readFileSync(report.path, 'utf8');
      }
      @pipeline()
      async run(): Promise<string[]> {
        const rows = stream(Readable.from([Buffer.from('ab'), Buffer.from('c')]));
        const report = file(path);
        writeFileSync(path, 'd');
        const first = await this.join({ rows, report });
        return [first, await this.join({ rows, report })];
      }
    }
    const { result, error } = await runPipeline(Given);
    expect(error).toBeNull();
    // In between the file was written to, outside of what is stored.
    expect(result).toEqual(['abcd', 'abcother']);
  });

  it('records an object that was changed outside a step as a new version', async () => {
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

  it('runs what its steps share, but not what a subclass changed, from the cache', async () => {
    await runPipeline(Scaled);
    expect((await runPipeline(Scaled)).steps['size']!.status).toBe('cached');
    const other = await runPipeline(Doubled);
    expect(other).toMatchObject({ result: 2, steps: { size: { status: 'completed' } } });
    const unknown = await runPipeline(Tripled);
    expect(unknown).toMatchObject({ result: 3, steps: { size: { status: 'completed' } } });
    expect((await runPipeline(Tripled)).steps['size']!.status).toBe('completed');
  });

  it('outside a run has methods that are just methods', async () => {
    expect(await new Example().good({ model: { weights: [1] }, least: 0 })).toBe(true);
  });
});
