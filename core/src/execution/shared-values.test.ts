import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { pipeline, runPipeline, step } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
beforeAll(async () => {
  project = await temporaryProject();
});
afterAll(() => project.remove());

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Beyond what is decoded anew for each consumer. */
const LENGTH = 100_000;

const base = step('base', { cache: false }, async () => new Float64Array(LENGTH).fill(1));
const scale = step('scale', { cache: false }, async ({ x, by }: { x: Float64Array; by: number }) => {
  for (let i = 0; i < x.length; i++) x[i]! *= by;
  await pause(20);
  return x[0]!;
});

/** A table that is held by all of these, as a data set is by the tries of a search over parameters. */
const searches = step('searches', { cache: false }, async () => {
  const rows = Array.from({ length: LENGTH }, (_, row) => row);
  return [1, 2, 3].map((seed) => ({ seed, rows }));
});
const halves = step('halves', { cache: false, outputs: ['train', 'test'] }, async () => {
  const rows = Array.from({ length: LENGTH }, (_, row) => row);
  return { train: { rows, part: 'train' }, test: { rows, part: 'test' } };
});
const grown = step('grown', { cache: false }, async ({ x }: { x: { rows: number[] } }) => {
  await pause(20);
  x.rows.push(-1);
  await pause(20);
  return x.rows.length - LENGTH;
});

/** What a class-style step was given the first time. */
let tries = 0;

class Sharing {
  @step({ cache: false })
  async list(): Promise<{ numbers: number[] }> {
    return { numbers: [1, 2] };
  }
  @step({ cache: false })
  async grow({ of }: { of: { numbers: number[] } }): Promise<number> {
    of.numbers.push(3);
    await pause(50);
    return of.numbers.length;
  }
  @step({ cache: false })
  async look({ of }: { of: { numbers: number[] } }): Promise<number> {
    await pause(20);
    return of.numbers.length;
  }
  @step({ cache: false, retry: { retries: 1 } })
  async retried({ of }: { of: { numbers: number[] } }): Promise<number> {
    of.numbers.push(9);
    if (++tries === 1) throw new Error('again');
    return of.numbers.length;
  }
}

class AtOnce extends Sharing {
  @pipeline()
  async run(): Promise<number[]> {
    const of = await this.list();
    return Promise.all([this.grow({ of }), this.look({ of })]);
  }
}

class Again extends Sharing {
  @pipeline()
  async run(): Promise<number> {
    return this.retried({ of: await this.list() });
  }
}

describe('what one step does to a value, no other sees', () => {
  it('when a large array goes to several at once', async () => {
    const run = await pipeline('large', () => scale.map({ by: [2, 3, 4] }, { x: base() })).run();
    expect(run.result).toEqual([2, 3, 4]);
  });

  it("when the items of a large list hold one another's parts", async () => {
    const run = await pipeline('search', () => grown.map({ x: searches() })).run();
    expect(run.result).toEqual([1, 1, 1]);
  });

  it("when the large outputs of one step hold one another's parts", async () => {
    const run = await pipeline('split', () => {
      const { train, test } = halves();
      return { train: grown({ x: train }), test: grown({ x: test }) };
    }).run();
    expect(run.result).toEqual({ train: 1, test: 1 });
  });

  it('when class-style steps get one object at once', async () => {
    expect((await runPipeline(AtOnce)).result).toEqual([3, 2]);
  });

  it('when it is tried again', async () => {
    tries = 0;
    expect((await runPipeline(Again)).result).toBe(3);
  });
});
