import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { pipeline, registerMaterializer, runPipeline, step, when, type PipelineRun } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
/** What stops the run that loads. */
let stop: AbortController;

/** A value that is soon stored, and never loaded: the store hangs. */
class Hanging {}

beforeAll(async () => {
  project = await temporaryProject();
  registerMaterializer<Hanging>({
    ...{ name: 'hanging', version: 1 },
    handles: (value): value is Hanging => value instanceof Hanging,
    async save(_value, writer) {
      await writer.write(Buffer.from('hanging'));
      return null;
    },
    load() {
      setTimeout(() => stop.abort());
      return new Promise(() => undefined);
    },
  });
});
afterAll(() => project.remove());

const make = step('make', async () => new Hanging() as unknown as boolean);
const use = step('use', async ({ value }: { value: unknown }) => value);
const plans = {
  'a condition': pipeline('conditional', () => when(make(), { then: () => use({ value: 1 }), else: () => use({ value: 2 }) })),
  'a mapped array': pipeline('mapped', () => use.map({ value: make() as never })),
  'a result': pipeline('result', () => make()),
};

class Cached {
  @step()
  async make(): Promise<unknown> {
    return new Hanging();
  }
  @pipeline()
  async run(): Promise<number> {
    await this.make();
    return 1;
  }
}

async function killed(run: (options: { signal: AbortSignal }) => Promise<PipelineRun>): Promise<void> {
  stop = new AbortController();
  const hangs = new Promise((resolve) => setTimeout(resolve, 10_000, 'hangs').unref());
  expect(await Promise.race([run({ signal: stop.signal }), hangs])).toMatchObject({
    status: 'killed',
    error: { message: 'the run was killed (aborted by its caller)' },
  });
}

it.each(Object.entries(plans))('a run that is stopped while it loads %s ends at once', async (_what, plan) => {
  await killed((options) => plan.run({}, options));
});

it('a run that is stopped while it loads what a step left in the cache ends at once', async () => {
  expect((await runPipeline(Cached)).status).toBe('completed');
  await killed((options) => runPipeline(Cached, {}, options));
});
