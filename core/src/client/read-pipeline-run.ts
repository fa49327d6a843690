import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { nearest, UnknownRun } from '../errors.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { RunRecord } from '../store/run-data.ts';
import type { StackSnapshot } from '../store/stack-data.ts';
import type { VersionRecord } from '../store/version-data.ts';
import { deliveryWarnings } from '../tracking/delivery-warnings.ts';
import { maskSecrets } from './mask-secrets.ts';
import { pipelineRunView } from './pipeline-run-view.ts';
import type { PipelineRun } from './pipeline-run.ts';

/** Finds the artifact store that holds a version, looking first into the given stack; undefined if it cannot be opened here. */
export type ArtifactStoreFinder = (version: VersionRecord, stack: StackSnapshot | undefined) => Promise<ArtifactStore | undefined>;

/**
 * A run by its name, its id, or `latest`. URIs are built on read, so that a project that was moved still names the right places.
 * @param artifactStores The one store that is open, or how to find each.
 * @throws UnknownRun
 */
export async function readPipelineRun(
  store: MetadataStore,
  nameOrId: string,
  artifactStores: ArtifactStore | ArtifactStoreFinder,
): Promise<PipelineRun> {
  const run = await findRun(store, nameOrId);
  const stepRuns = await store.stepRuns(run.id);
  const find = typeof artifactStores === 'function' ? artifactStores : only(artifactStores);
  const holders = new Map<string, ArtifactStore | undefined>();
  for (const version of stepRuns.flatMap((stepRun) => stepRun.outputs))
    if (!holders.has(version.storeId)) holders.set(version.storeId, await find(version, run.stack));
  const stack = await shownStack(run.stack, store);
  const warnings = [...new Set([...run.warnings, ...(await deliveryWarnings(store, run, stepRuns))])];
  return pipelineRunView({ ...run, stack, warnings }, stepRuns, ({ storeId, key }) => holders.get(storeId)?.uri(key) ?? null);
}

/** @throws UnknownRun, with the nearest name. */
export async function findRun(store: MetadataStore, nameOrId: string): Promise<RunRecord> {
  // Callers without types name one by what the command line did not have.
  const run = typeof nameOrId === 'string' ? await store.run(nameOrId) : undefined;
  if (run === undefined) throw new UnknownRun({ run: nameOrId, nearest: nearest(String(nameOrId), await store.runNames(1000)) });
  return run;
}

/** Without the secrets that were stored in clear text. */
async function shownStack(stack: StackSnapshot, store: MetadataStore): Promise<StackSnapshot> {
  if (stack.components.every(({ config }) => Object.keys(config).length === 0)) return stack;
  const flavors = await store.flavors();
  return { ...stack, components: stack.components.map((component) => maskSecrets(component, flavors)) };
}

function only(artifactStore: ArtifactStore): ArtifactStoreFinder {
  return async ({ storeId }) => (storeId === artifactStore.id ? artifactStore : undefined);
}
