import { ImportFailed, isError } from '../errors.ts';
import { didYouMean } from '../errors/wording.ts';
import { reasonOf } from '../execution/outcome.ts';
import { workerIdentity } from '../execution/worker-identity.ts';
import type { Project } from '../project/project.ts';
import { assembleArtifactStore, snapshotOf } from '../stack/assemble-stack.ts';
import { findDescriptor, flavorDescriptors } from '../stack/builtin-flavors.ts';
import { findStack } from '../stack/find-stack.ts';
import { processLog } from '../stack/logger.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { StackSnapshot } from '../store/stack-data.ts';
import { importedOutcome, importRun, type ImportPlace } from './import-run.ts';
import { importedIds } from './imported-ids.ts';
import { ImportWarnings } from './import-warnings.ts';
import { loadImporter, orFailed } from './load-importer.ts';
import type { ImportedRun, RunImporter } from './run-importer.ts';
import { removeAbandonedLogs } from './staged-file.ts';

export interface ImportRunsOptions {
  /** `wandb`, `comet`, `neptune`, `mlflow`: the package `@mortise/<vendor>` is to be installed. Or another package's name, or a path from the project's root. */
  vendor: string;
  /** What is read: a folder, a file, an address. */
  from: string;
  /** Only runs of this experiment or project. Default: all. */
  experiment?: string;
  /** Only say what would be imported. Default false. */
  dryRun?: boolean;
  /** Where keys and addresses are looked for. Default: the environment of this process. */
  env?: Record<string, string | undefined>;
  /** Ends it: runs that are whole by then stay. */
  signal?: AbortSignal;
  /** Told as it gets further. */
  onProgress?(progress: ImportProgress): void;
  /** Told, in one line, of what could not be taken over. Default: a warning on stderr. */
  onWarning?(message: string): void;
}

export interface ImportProgress {
  /** The run that is being read. */
  run: string;
  /** Runs that are done with, also those that were there already. */
  runs: number;
  points: number;
  files: number;
}

export interface ImportReport {
  vendor: string;
  from: string;
  dryRun: boolean;
  /** Runs that are new here, or would be. */
  imported: number;
  /** Runs that were here already. */
  alreadyThere: number;
  /** Metric values of those that are new. */
  points: number;
  /** Files of those that are new. */
  files: number;
  runs: ImportedRunView[];
  /** Runs that could not be imported, and why. */
  failed: FailedImport[];
}

export interface ImportedRunView {
  /** Here. */
  id: string;
  /** As its vendor calls it. */
  name: string;
  experiment: string;
  status: 'completed' | 'failed' | 'killed';
  /** It was here already. */
  alreadyThere: boolean;
}

export interface FailedImport {
  /** At the vendor. */
  id: string;
  name: string;
  reason: string;
}

interface Place {
  store: MetadataStore;
  project: Project;
  /** Name of the stack whose artifact store keeps the files. */
  stack: string;
}

/**
 * Reads the runs that another tracker has kept into the local store, one after the other. A run that cannot be read stops nothing of the others.
 * @throws ImportFailed if nothing can be read, FlavorModuleNotFound, FlavorNeedsLoader, UnknownStack
 */
export async function importRuns({ store, project, stack }: Place, options: ImportRunsOptions): Promise<ImportReport> {
  const { vendor, from, experiment, dryRun = false, env = process.env, signal = new AbortController().signal } = options;
  const log = processLog();
  const warnings = new ImportWarnings(options.onWarning ?? ((message) => log.warn(message)));
  const importer = await loadImporter(vendor, from, project.root, {
    env,
    warn: warnings.warn,
    ...(experiment !== undefined && { experiment }),
  });
  const snapshot = await snapshotForFiles({ store, project, stack });
  let artifactStore: ReturnType<ImportPlace['artifactStore']> | undefined;
  const report = { vendor: importer.vendor, from, dryRun, imported: 0, alreadyThere: 0, points: 0, files: 0, runs: [], failed: [] };
  const importing = new Importing(importer, options, report, {
    store,
    logsFolder: project.logsFolder,
    worker: workerIdentity(),
    stack: snapshot,
    artifactStore: () => (artifactStore ??= assembleArtifactStore(snapshot, { store, project, log })),
    signal,
  });
  try {
    removeAbandonedLogs(project.logsFolder);
    await orFailed(from, () => importing.all());
  } catch (error) {
    // What was imported before it broke off stays.
    if (!isError(error, ImportFailed) || dryRun || report.imported === 0) throw error;
    throw new ImportFailed({ ...error.facts, imported: report.imported }, { cause: error.cause });
  } finally {
    warnings.end();
    await artifactStore?.then((made) => made[Symbol.asyncDispose]?.()).catch(() => undefined);
  }
  return report;
}

/** All that an imported run has of a stack: its files are kept in that artifact store. */
async function snapshotForFiles({ store, project, stack }: Place): Promise<StackSnapshot> {
  const descriptors = await flavorDescriptors(store);
  const kept = (await findStack({ store, project }, stack)).components.filter(({ type }) => type === 'artifact-store');
  return { name: stack, components: kept.map((part) => snapshotOf(part, findDescriptor(descriptors, part.type, part.flavor))) };
}

class Importing {
  readonly #importer: RunImporter;
  readonly #options: ImportRunsOptions;
  readonly #report: ImportReport;
  readonly #place: ImportPlace;
  readonly #progress: ImportProgress = { run: '', runs: 0, points: 0, files: 0 };

  constructor(importer: RunImporter, options: ImportRunsOptions, report: ImportReport, place: Omit<ImportPlace, 'read'>) {
    this.#importer = importer;
    this.#options = options;
    this.#report = report;
    this.#place = { ...place, read: (what, count) => this.#read(what, count) };
  }

  async all(): Promise<void> {
    const { signal } = this.#place;
    const { experiment } = this.#options;
    const others = new Set<string>();
    for await (const run of this.#importer.runs(signal)) {
      signal.throwIfAborted();
      if (run.unreadable !== undefined) {
        this.#report.failed.push({ id: run.id, name: run.name, reason: run.unreadable });
        continue;
      }
      if (experiment !== undefined && run.experiment !== experiment) {
        others.add(run.experiment);
        continue;
      }
      this.#progress.run = run.name;
      await this.#one(run);
      this.#progress.runs++;
      this.#options.onProgress?.({ ...this.#progress });
    }
    if (this.#progress.runs === 0) this.#requireAny(experiment, [...others]);
  }

  /** There is no run that was asked for. Without an experiment that is right where there is none at all. */
  #requireAny(experiment: string | undefined, others: readonly string[]): void {
    const { from } = this.#options;
    const { failed } = this.#report;
    if (others.length === 0 && failed.length > 0) throw new ImportFailed({ from, reason: unreadable(failed) });
    if (experiment === undefined) return;
    const reason = `no run of it is of the experiment "${experiment}"`;
    throw new ImportFailed({ from, reason, advice: didYouMean(experiment, others) });
  }

  async #one(run: ImportedRun): Promise<void> {
    const { id, name, experiment } = run;
    try {
      const alreadyThere = this.#options.dryRun === true ? await this.#isThere(run) : await this.#imported(run);
      this.#report[alreadyThere ? 'alreadyThere' : 'imported']++;
      const { status } = importedOutcome(run);
      this.#report.runs.push({ id: importedIds(this.#importer.vendor, id).run, name, experiment, status, alreadyThere });
    } catch (error) {
      if (this.#place.signal.aborted) throw error;
      this.#report.failed.push({ id, name, reason: isError(error, ImportFailed) ? error.facts.reason : reasonOf(error) });
    }
  }

  async #isThere({ id }: ImportedRun): Promise<boolean> {
    return (await this.#place.store.runPresence(importedIds(this.#importer.vendor, id).run)) === 'there';
  }

  async #imported(run: ImportedRun): Promise<boolean> {
    const imported = await importRun(this.#place, this.#importer.vendor, run);
    if (imported.done === 'there') return true;
    this.#report.points += imported.points;
    this.#report.files += imported.files;
    return false;
  }

  #read(what: 'point' | 'file', count: number): void {
    const { onProgress } = this.#options;
    this.#progress[what === 'point' ? 'points' : 'files'] += count;
    if (this.#progress.points % PROGRESS_POINTS < count || what === 'file') onProgress?.({ ...this.#progress });
  }
}

/** How many points are read between two words of progress. */
const PROGRESS_POINTS = 1_000;

const MOST_NAMED = 5;

function unreadable(failed: readonly FailedImport[]): string {
  const named = failed.slice(0, MOST_NAMED).map(({ name, reason }) => `"${name}" (${reason})`);
  const which = [...named, ...(failed.length > MOST_NAMED ? ['...'] : [])].join('; ');
  return `${failed.length === 1 ? 'its run cannot' : `none of its ${failed.length} runs can`} be read: ${which}`;
}
