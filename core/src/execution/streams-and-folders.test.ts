import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import {
  activeRun,
  Client,
  file,
  folder,
  pipeline,
  runPipeline,
  step,
  stream,
  type FileArtifact,
  type FolderArtifact,
  type StreamArtifact,
} from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
let made: string;
beforeEach(async () => {
  project = await temporaryProject();
  made = mkdtempSync(join(tmpdir(), 'mortise-made-'));
});
afterEach(() => {
  project.remove();
  rmSync(made, { recursive: true, force: true });
});

const BLOCKS = 5;
const rows = async () => stream(Readable.from(Array.from({ length: BLOCKS }, () => Buffer.alloc(100_000, 1))));
const countBytes = async ({ rows }: { rows: StreamArtifact }) => {
  let size = 0;
  for await (const bytes of rows) size += bytes.length;
  return size;
};
const files = async () => {
  mkdirSync(join(made, 'model/layers'), { recursive: true });
  writeFileSync(join(made, 'model/layers/0.bin'), 'zero');
  writeFileSync(join(made, 'model/config.json'), '{}');
  return folder(join(made, 'model'));
};
const names = async ({ model }: { model: FolderArtifact }) => [model.name, ...readdirSync(model.path).sort()];

const dump = step('dump', rows);
const count = step('count', countBytes);
const train = step('train', files);
const look = step('look', names);
const broken = step('broken', async () =>
  stream(async function* () {
    yield Buffer.alloc(1000);
    throw new Error('the database went away');
  }),
);
const slow = step('slow', { timeoutMs: 50 }, async () =>
  stream(async function* () {
    for (let i = 0; i < 40; i++, await delay(50)) yield Buffer.alloc(1000);
  }),
);
const counted = step('counted', async () =>
  stream(async function* () {
    for (let n = 1; n <= 3; n++) {
      activeRun().logMetric('rows', n);
      yield Buffer.alloc(1000);
    }
  }),
);

class Streamed {
  @step()
  async dump(): Promise<StreamArtifact> {
    return rows();
  }
  @step()
  async count({ rows }: { rows: StreamArtifact }): Promise<number> {
    return countBytes({ rows });
  }
  @step()
  async train(): Promise<FolderArtifact> {
    return files();
  }
  @step()
  async look({ model }: { model: FolderArtifact }): Promise<string[]> {
    return names({ model });
  }
  @pipeline()
  async run(): Promise<unknown[]> {
    const rows = await this.dump();
    const here = await countBytes({ rows });
    const once = await this.count({ rows });
    return [here, once, await this.count({ rows }), await this.look({ model: await this.train() })];
  }
}

describe('streams and folders between steps', () => {
  it.each([4, 400_000])('of %i bytes are the stored ones: a step may write where the maker of its input did', async (size) => {
    const model = step('model', async () => {
      mkdirSync(join(made, 'model'));
      writeFileSync(join(made, 'model/weights.bin'), 'a'.repeat(size));
      return folder(join(made, 'model'));
    });
    const report = step('report', async () => {
      writeFileSync(join(made, 'report.txt'), 'a'.repeat(size));
      return file(join(made, 'report.txt'));
    });
    const next = step('next', async ({ base, text }: { base: FolderArtifact; text: FileArtifact }) => {
      rmSync(join(made, 'model'), { recursive: true });
      writeFileSync(join(made, 'report.txt'), 'b');
      return [join(base.path, 'weights.bin'), text.path].map((path) => readFileSync(path, 'utf8').slice(0, 4));
    });
    const run = await pipeline('again', () => next({ base: model(), text: report() })).run();
    expect(run.error).toBeNull();
    expect(run.result).toEqual(['aaaa', 'aaaa']);
  });

  it('are the stored ones in a class too', async () => {
    class Rewriting {
      @step()
      async model(): Promise<FolderArtifact> {
        return files();
      }
      @step()
      async report(): Promise<FileArtifact> {
        writeFileSync(join(made, 'report.txt'), 'zero');
        return file(join(made, 'report.txt'));
      }
      @step()
      async next({ base, text }: { base: FolderArtifact; text: FileArtifact }): Promise<string[]> {
        rmSync(join(made, 'model'), { recursive: true });
        writeFileSync(join(made, 'report.txt'), 'one');
        return [join(base.path, 'layers/0.bin'), text.path].map((path) => readFileSync(path, 'utf8'));
      }
      @pipeline()
      async run(): Promise<string[]> {
        return this.next({ base: await this.model(), text: await this.report() });
      }
    }
    const run = await runPipeline(Rewriting, {});
    expect(run.error).toBeNull();
    expect(run.result).toEqual(['zero', 'zero']);
  });

  it('reach every consumer whole, and the result, from memory or from the cache', async () => {
    const both = pipeline('both', () => {
      const data = dump();
      return { data, one: count({ rows: data }), two: count({ rows: data }), seen: look({ model: train() }) };
    });
    for (const status of ['completed', 'cached']) {
      const run = await both.run();
      expect(run.error).toBeNull();
      expect(run.steps['dump']!.status).toBe(status);
      expect(run.result).toMatchObject({ one: 500_000, two: 500_000, seen: ['model', 'config.json', 'layers'] });
      expect(await countBytes({ rows: run.result!.data })).toBe(500_000);
      rmSync(made, { recursive: true, force: true });
      const model = (await (await new Client().getArtifactVersion('both/train/output')).load()) as FolderArtifact;
      expect(readFileSync(join(model.path, 'layers/0.bin'), 'utf8')).toBe('zero');
    }
  });

  it('reach run() and the steps of a class, though the stream was read when it was stored', async () => {
    for (const status of ['completed', 'cached']) {
      const run = await runPipeline(Streamed);
      expect(run.error).toBeNull();
      expect(run.result).toEqual([500_000, 500_000, 500_000, ['model', 'config.json', 'layers']]);
      expect(run.steps['count_2']!.inputs['rows']).toEqual({ artifact: 'Streamed/dump/output', version: 1 });
      expect(run.steps['dump']!.status).toBe(status);
    }
  });

  it('that fail half-way fail the step and make no version', async () => {
    const run = await pipeline('failing', () => broken()).run();
    expect(run.error!.message).toContain('the database went away');
    const client = new Client();
    expect((await client.listArtifacts({ runId: run.id })).items).toEqual([]);
    await client.close();
    expect(readdirSync(project.project.artifactsFolder).filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  it('have the time of their step: a stream that gives its bytes too slowly fails it', async () => {
    const run = await pipeline('late', () => slow()).run();
    expect(run.steps['slow']).toMatchObject({ status: 'failed', error: { name: 'STEP_TIMEOUT' } });
    expect(readdirSync(project.project.artifactsFolder).filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  it('are of their step: what the code of a stream logs while it is stored is recorded', async () => {
    const run = await pipeline('logging', () => counted()).run();
    expect(run.steps['counted']!.tracker.metrics['rows']).toMatchObject({ count: 3, last: 3 });
  });
});
