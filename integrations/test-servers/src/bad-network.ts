import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { activeRun, Client, initProject, pipeline, step, type JsonObject, type PipelineRun } from '@mortise/core';

import { toldByStore, type ToldRuns } from '../../../core/src/testing/told-runs.ts';
import type { Fault, FaultScope } from './fault.ts';
import { startFaultyProxy, type FaultyProxy } from './faulty-proxy.ts';

const POINTS = 2_000;

/** A tracker's server, and what it says of runs. */
export interface ToldServer {
  url: string;
  /** Of the component, whose server is at `url`. */
  config(url: string): JsonObject;
  /** What the server tells of a pipeline run and its attempts. */
  toldBy(run: PipelineRun): Promise<ToldRuns>;
  stop(): Promise<void>;
}

export interface BadNetwork {
  flavor: string;
  /** The module whose default export is the flavor. */
  module: URL;
  start(): Promise<ToldServer>;
  /** What passes while the run goes on. */
  passing: readonly [name: string, faults: readonly (readonly [Fault, FaultScope])[]][];
  /** What lasts longer than the run, and what the run says of it. */
  lasting: readonly [name: string, fault: Fault, says: RegExp][];
  /** What the tracker cannot tell of what the store knows: takes it out of both. */
  asFarAsTold?(told: ToldRuns): ToldRuns;
}

/** Registers a test for each fault of the network between a pipeline and its tracker: nothing is lost, nothing is doubled, and the step goes on. */
export function testBadNetwork({ flavor, module, start, passing, lasting, asFarAsTold = (told) => told }: BadNetwork): void {
  const before = process.env['MORTISE_PROJECT'];
  let server: ToldServer;
  let proxy: FaultyProxy;
  let root: string;
  let client: Client;
  beforeAll(async () => {
    server = await start();
    proxy = await startFaultyProxy(server.url);
    root = mkdtempSync(join(tmpdir(), 'mortise-network-'));
    process.env['MORTISE_PROJECT'] = root;
    await initProject(root);
    writeFileSync(join(root, 'flavor.ts'), `export { default } from ${JSON.stringify(module.href)};\n`);
    client = new Client();
    await client.registerFlavor({ type: 'experiment-tracker', source: './flavor.ts' });
    await client.registerComponent(
      { type: 'experiment-tracker', name: 'team', flavor, config: server.config(proxy.url) },
      { allowPlainSecrets: true },
    );
    await client.registerStack('team', { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': 'team' });
    await client.setActiveStack('team');
  });
  afterEach(() => proxy.clear());
  afterAll(async () => {
    await client?.close();
    if (before === undefined) delete process.env['MORTISE_PROJECT'];
    else process.env['MORTISE_PROJECT'] = before;
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
    await proxy?.stop();
    await server?.stop();
  });

  /** Runs a step that logs for a second; `took` is its own time, ms. */
  async function run(trackerTimeoutMs: number) {
    let took = 0;
    const train = step('train', { experimentTracker: true, cache: false }, async () => {
      const begun = performance.now();
      activeRun().logParam('lr', 0.1);
      for (let i = 0; i < POINTS; i++) {
        activeRun().logMetric('loss', i / 8, { step: i });
        if (i % 100 === 0) await delay(50);
      }
      took = performance.now() - begun;
    });
    const ended = await pipeline('network', () => void train()).run({}, { trackerTimeoutMs });
    expect(ended.status).toBe('completed');
    expect(took).toBeLessThan(60_000);
    return ended;
  }

  /** One tracker run for the run and one for the step, which say what the store says; every point once. */
  async function expectWhole(runId: string): Promise<void> {
    const stored = await client.getPipelineRun(runId);
    expect(stored.warnings).toEqual([]);
    const told = await server.toldBy(stored);
    expect(asFarAsTold(told)).toEqual(asFarAsTold(toldByStore(stored)));
    expect(told).toMatchObject({ 'train 1': [{ status: 'completed', points: { loss: POINTS } }] });
  }

  test.each(passing)('%s: one run each, nothing lost, nothing doubled', async (_, faults) => {
    const injected = faults.map(([fault, scope]) => proxy.inject(fault, scope));
    const { id } = await run(240_000);
    expect(injected.map(({ hits }) => hits > 0)).not.toContain(false);
    await expectWhole(id);
  });

  test.each(lasting)('%s until after the end of the run: delivered later', async (_, fault, says) => {
    proxy.inject(fault);
    const { id, warnings } = await run(2_000);
    expect(warnings).toEqual([expect.stringMatching(/^experiment tracker "team": 2 tracker runs not delivered yet/)]);
    expect(warnings[0]).toMatch(says);
    expect(warnings[0]).not.toMatch(/[<>\n]/);
    proxy.clear();
    expect(await client.deliver({ patienceMs: 120_000 })).toMatchObject([{ component: 'team', left: 0 }]);
    await expectWhole(id);
  });
}
