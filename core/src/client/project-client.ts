import { checkKnown } from '../check-known.ts';
import { checkPath, checkTexts } from '../check-texts.ts';
import { findProject } from '../project/find-project.ts';
import type { Project } from '../project/project.ts';
import { keepSecretKey } from '../secrets/kept-secrets.ts';
import { StackRegistry } from '../stack/stack-registry.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { openStore } from '../store/open-store.ts';
import { ArtifactStores } from './artifact-stores.ts';

export interface ClientOptions {
  /** A folder of the project. Default: that of `MORTISE_PROJECT`, else of the working directory. */
  project?: string;
}

/** A project that has been opened. */
export interface OpenedProject {
  project: Project;
  store: MetadataStore;
  registry: StackRegistry;
  artifactStores: ArtifactStores;
}

/** Opens a project with the first call, and lets go of it. */
export class ProjectClient {
  readonly #options: ClientOptions;
  #opened: Promise<OpenedProject> | undefined;

  /** Opens the project with the first call. Throws `UnknownOption`, `BadUsage`. */
  constructor(options: ClientOptions = {}) {
    // A project that is misspelt would be that of the working directory.
    checkKnown('new Client()', options, ['project'] satisfies (keyof ClientOptions)[]);
    if (options.project !== undefined) {
      checkTexts('new Client()', { project: options.project });
      checkPath('new Client()', options.project);
    }
    this.#options = options;
  }

  /** Lets go of the store. A later call opens it again. */
  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = undefined;
    try {
      await opened?.artifactStores.close();
    } finally {
      opened?.store.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Throws `NoProject`, `StoreCorrupt`, `StoreTooNew`. */
  protected open(): Promise<OpenedProject> {
    this.#opened ??= openProject(this.#options).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  /** Runs of processes that have died are brought to their end before anybody looks. Where no run is under way, that costs a query. */
  protected async openSwept(): Promise<OpenedProject> {
    const place = await this.open();
    if ((await place.store.runsUnderWay()).length > 0) {
      const { sweep } = await import('../execution/sweep.ts');
      await sweep(place);
    }
    return place;
  }
}

async function openProject({ project: from }: ClientOptions): Promise<OpenedProject> {
  keepSecretKey();
  const project = findProject(from === undefined ? {} : { from });
  const store = await openStore(project.storeUrl);
  const place = { project, store };
  return { ...place, registry: new StackRegistry(place), artifactStores: new ArtifactStores(place) };
}
