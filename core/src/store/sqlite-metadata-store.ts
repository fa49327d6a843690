import { intendVersions, commitLooseVersion } from './artifact-versions.ts';
import { commitAttempt, settleStep, startAttempt } from './attempts.ts';
import { findCached } from './cached-steps.ts';
import { component, components, createComponent, deleteComponent, flavors, saveFlavors } from './components.ts';
import { applyEvents, openSegment, sealSegment } from './event-segments.ts';
import { document, metricHistory } from './logged-values.ts';
import type { MetadataStore } from './metadata-store.ts';
import { migrate } from './migrate.ts';
import { run, runNames, runs } from './run-records.ts';
import { addWarnings, createRun, finishRun, putMetadata } from './runs.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import { createStack, deleteStack, stack, stacks } from './stacks.ts';
import { stepRuns } from './step-run-records.ts';
import { createStoreDb, type StoreDb } from './store-db.ts';
import { createTrackerRuns, undelivered, updateTrackerRun } from './tracker-runs.ts';
import { version, versions } from './version-records.ts';

/** Opens the SQLite file at `path` as a store, with the newest schema. Throws as `openStore` does. */
export async function openSqliteStore(path: string, create: boolean): Promise<MetadataStore> {
  const connection = await SqliteConnection.open(path, create);
  try {
    const id = await migrate(connection, create);
    return metadataStore(createStoreDb(connection), id);
  } catch (error) {
    connection.close();
    throw error;
  }
}

type Operation<Rest extends unknown[], Result> = (store: StoreDb, ...rest: Rest) => Result;

function metadataStore(store: StoreDb, id: string): MetadataStore {
  const on =
    <Rest extends unknown[], Result>(operation: Operation<Rest, Result>) =>
    (...rest: Rest): Result =>
      operation(store, ...rest);
  return {
    url: `sqlite:${store.connection.path}`,
    id,
    close: () => store.connection.close(),
    saveFlavors: on(saveFlavors),
    flavors: on(flavors),
    createComponent: on(createComponent),
    component: on(component),
    components: on(components),
    deleteComponent: on(deleteComponent),
    createStack: on(createStack),
    stack: on(stack),
    stacks: on(stacks),
    deleteStack: on(deleteStack),
    createRun: on(createRun),
    finishRun: on(finishRun),
    addWarnings: on(addWarnings),
    startAttempt: on(startAttempt),
    intendVersions: on(intendVersions),
    commitAttempt: on(commitAttempt),
    commitLooseVersion: on(commitLooseVersion),
    settleStep: on(settleStep),
    findCached: on(findCached),
    putMetadata: on(putMetadata),
    openSegment: on(openSegment),
    applyEvents: on(applyEvents),
    sealSegment: on(sealSegment),
    createTrackerRuns: on(createTrackerRuns),
    updateTrackerRun: on(updateTrackerRun),
    undelivered: on(undelivered),
    run: on(run),
    runs: on(runs),
    stepRuns: on(stepRuns),
    metricHistory: on(metricHistory),
    document: on(document),
    version: on(version),
    versions: on(versions),
    runNames: on(runNames),
  };
}
