import { intendVersions, commitLooseVersion } from './artifact-versions.ts';
import { commitAttempt, settleSteps, startAttempt } from './attempts.ts';
import { cachedAfter, findCached } from './cached-steps.ts';
import { component, components, createComponent, deleteComponent, updateComponent } from './components.ts';
import { addFlavor, deleteFlavor, flavors, noteFlavorProblem, saveFlavors, updateFlavor } from './flavors.ts';
import { applyEvents, openSegment, sealSegment } from './event-segments.ts';
import { dueAcked, dueTrackerRuns, refusals, rejectedEvents } from './due-tracker-runs.ts';
import { hasLeftWork, runsWithOpenLogs, segments } from './left-segments.ts';
import { document, metricHistory } from './logged-values.ts';
import type { MetadataStore } from './metadata-store.ts';
import { migrate } from './migrate.ts';
import { redactedWrites } from './redacted-writes.ts';
import { run, runNames } from './run-records.ts';
import { resumeRun } from './resume-run.ts';
import { addWarnings, createRun, finishRun, putMetadata } from './runs.ts';
import { requestCancel, runsUnderWay } from './run-sessions.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import { createStack, deleteStack, stack, stacks, updateStack } from './stacks.ts';
import { stepRuns } from './step-run-records.ts';
import { createStoreDb, type StoreDb } from './store-db.ts';
import { sweepRun } from './sweep-run.ts';
import { claimTrackerRuns, dropTrackerRuns, releaseClaim, releaseClaimsOf, renewClaim } from './tracker-claims.ts';
import { createTrackerRuns, undelivered, updateTrackerRun } from './tracker-runs.ts';
import { version } from './version-records.ts';

/** Opens the SQLite file at `path` as a store, with the newest schema. Throws as `openStore` does. */
export async function openSqliteStore(path: string, create: boolean): Promise<MetadataStore> {
  const connection = await SqliteConnection.open(path, create);
  try {
    const id = await migrate(connection, create);
    return redactedWrites(metadataStore(createStoreDb(connection), id));
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
  // The lists whose queries depend on what is asked, and with them the builder of queries, load when they are needed.
  return {
    url: `sqlite:${store.connection.path}`,
    id,
    close: () => store.connection.close(),
    saveFlavors: on(saveFlavors),
    addFlavor: on(addFlavor),
    updateFlavor: on(updateFlavor),
    flavors: on(flavors),
    deleteFlavor: on(deleteFlavor),
    noteFlavorProblem: on(noteFlavorProblem),
    createComponent: on(createComponent),
    component: on(component),
    components: async ({ sort, ...query }) =>
      sort === undefined ? components(store, query) : (await import('./sorted-components.ts')).sortedComponents(store, { ...query, sort }),
    updateComponent: on(updateComponent),
    deleteComponent: on(deleteComponent),
    createStack: on(createStack),
    updateStack: on(updateStack),
    stack: on(stack),
    stacks: async ({ sort, ...query }) =>
      sort === undefined ? stacks(store, query) : (await import('./sorted-components.ts')).sortedStacks(store, { ...query, sort }),
    deleteStack: on(deleteStack),
    createRun: on(createRun),
    runsUnderWay: on(runsUnderWay),
    sweepRun: on(sweepRun),
    requestCancel: on(requestCancel),
    resumeRun: on(resumeRun),
    finishRun: on(finishRun),
    addWarnings: on(addWarnings),
    startAttempt: on(startAttempt),
    intendVersions: on(intendVersions),
    commitAttempt: on(commitAttempt),
    commitLooseVersion: on(commitLooseVersion),
    settleSteps: on(settleSteps),
    findCached: on(findCached),
    cachedAfter: on(cachedAfter),
    putMetadata: on(putMetadata),
    openSegment: on(openSegment),
    applyEvents: on(applyEvents),
    sealSegment: on(sealSegment),
    createTrackerRuns: on(createTrackerRuns),
    updateTrackerRun: on(updateTrackerRun),
    undelivered: on(undelivered),
    hasLeftWork: on(hasLeftWork),
    dueTrackerRuns: on(dueTrackerRuns),
    claimTrackerRuns: on(claimTrackerRuns),
    renewClaim: on(renewClaim),
    releaseClaim: on(releaseClaim),
    releaseClaimsOf: on(releaseClaimsOf),
    dropTrackerRuns: on(dropTrackerRuns),
    dueAcked: on(dueAcked),
    rejectedEvents: on(rejectedEvents),
    refusals: on(refusals),
    segments: on(segments),
    runsWithOpenLogs: on(runsWithOpenLogs),
    run: on(run),
    runs: async (query) => (await import('./run-list.ts')).runs(store, query),
    stepRuns: on(stepRuns),
    metricHistory: on(metricHistory),
    document: on(document),
    version: on(version),
    versions: async (query) => (await import('./version-list.ts')).versions(store, query),
    runNames: on(runNames),
    // Rarely called: loaded when they are.
    lastAttempt: async (...given) => (await import('./last-attempt.ts')).lastAttempt(store, ...given),
    attemptsSince: async (...given) => (await import('./attempts-since.ts')).attemptsSince(store, ...given),
    addPastRun: async (...given) => (await import('./past-runs.ts')).addPastRun(store, ...given),
    runPresence: async (...given) => (await import('./past-runs.ts')).runPresence(store, ...given),
    addTrackerRuns: async (...given) => (await import('./added-trackers.ts')).addTrackerRuns(store, ...given),
    importStack: async (...given) => (await import('./import-stack.ts')).importStack(store, ...given),
    createSecret: async (...given) => (await import('./secrets.ts')).createSecret(store, ...given),
    updateSecret: async (...given) => (await import('./secrets.ts')).updateSecret(store, ...given),
    secret: async (...given) => (await import('./secrets.ts')).secret(store, ...given),
    secrets: async (...given) => (await import('./secrets.ts')).secrets(store, ...given),
    deleteSecret: async (...given) => (await import('./secrets.ts')).deleteSecret(store, ...given),
    deleteRun: async (...given) => (await import('./deleted-runs.ts')).deleteRun(store, ...given),
    findGarbage: async (...given) => (await import('./garbage.ts')).findGarbage(store, ...given),
    accountFor: async (...given) => (await import('./garbage.ts')).accountFor(store, ...given),
    forgetGarbage: async (...given) => (await import('./garbage.ts')).forgetGarbage(store, ...given),
    drainedSegments: async (...given) => (await import('./drained-segments.ts')).drainedSegments(store, ...given),
    forgetSegments: async (...given) => (await import('./drained-segments.ts')).forgetSegments(store, ...given),
  };
}
