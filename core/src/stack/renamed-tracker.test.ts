import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initProject } from '../project/init-project.ts';
import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { openStore } from '../store/open-store.ts';
import { createdRun } from '../testing/sample-store.ts';
import { assembleStack } from './assemble-stack.ts';
import { assembleTracker } from './assemble-tracker.ts';
import { StackRegistry } from './stack-registry.ts';

let project: Project;
let store: MetadataStore;
let registry: StackRegistry;
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };

beforeEach(async () => {
  ({ project } = await initProject(mkdtempSync(join(tmpdir(), 'mortise-renamed-'))));
  store = await openStore(project.storeUrl);
  registry = new StackRegistry({ store, project });
});
afterEach(() => {
  store.close();
  rmSync(project.root, { recursive: true });
});

test('a run that was under way when its tracker took another name finds it as it was, and keeps its snapshot', async () => {
  const { snapshot, ...stack } = await assembleStack('default', { store, project, log });
  await stack[Symbol.asyncDispose]();
  const run = await createdRun(store, { stack: snapshot });
  const of = { component: 'default', flavor: 'local' };
  await store.createTrackerRuns(run.id, [of]);
  await registry.renameComponent('experiment-tracker', 'default', 'files');
  expect((await store.run(run.id))!.stack).toEqual(snapshot);
  expect(await assembleTracker(of, snapshot, { store, project, log })).toMatchObject({ name: 'default', flavor: 'local' });
  expect((await assembleStack('default', { store, project, log })).trackers.map(({ name }) => name)).toEqual(['files']);
});
