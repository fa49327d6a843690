import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { isMortiseError } from '../errors.ts';
import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { StackSnapshot } from '../store/stack-data.ts';
import type { VersionRecord } from '../store/version-data.ts';

/** The artifact stores that hold the versions of a project, each opened when it is first asked for, as the stack of a run described it. */
export class ArtifactStores {
  readonly #place: { store: MetadataStore; project: Project };
  /** By what they are made from. */
  readonly #opened = new Map<string, Promise<ArtifactStore | undefined>>();

  constructor(place: { store: MetadataStore; project: Project }) {
    this.#place = place;
  }

  /** The store that holds a version: that of `stack`, or that of the run which made the version. Undefined if it cannot be opened here. */
  async holding(version: VersionRecord, stack?: StackSnapshot): Promise<ArtifactStore | undefined> {
    const known = stack === undefined ? undefined : await this.#open(stack);
    if (known?.id === version.storeId) return known;
    const producer = version.producerRunId === undefined ? undefined : await this.#place.store.run(version.producerRunId);
    const origin = producer === undefined ? undefined : await this.#open(producer.stack);
    if (origin?.id === version.storeId) return origin;
    // Its run was deleted, or its place was given a component of another config meanwhile.
    return (await this.registered()).opened.find(({ id }) => id === version.storeId);
  }

  /** Those that are registered as components, each place once; `closed`: names of those that cannot be opened here. */
  async registered(): Promise<{ opened: ArtifactStore[]; closed: string[] }> {
    const opened = new Map<string, ArtifactStore>();
    const closed: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.#place.store.components({ type: 'artifact-store', limit: 1000, ...(after !== undefined && { after }) });
      for (const { type, name, flavor, config } of page.items) {
        const store = await this.#open({ name, components: [{ type, name, flavor, config, source: '', version: '' }] });
        if (store === undefined) closed.push(name);
        else opened.set(store.id, store);
      }
      if (page.next === undefined) return { opened: [...opened.values()], closed };
      after = page.next;
    }
  }

  async close(): Promise<void> {
    const stores = await Promise.all(this.#opened.values());
    this.#opened.clear();
    const left = await Promise.allSettled(stores.map(async (store) => store?.[Symbol.asyncDispose]?.()));
    const failed = left.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
    if (failed !== undefined) throw failed.reason;
  }

  #open(stack: StackSnapshot): Promise<ArtifactStore | undefined> {
    const key = JSON.stringify(stack.components.filter(({ type }) => type === 'artifact-store'));
    const opened = this.#opened.get(key) ?? this.#assemble(stack);
    this.#opened.set(key, opened);
    return opened;
  }

  /** A store that is gone, or whose package is, must not keep anyone from looking at a run. */
  async #assemble(stack: StackSnapshot): Promise<ArtifactStore | undefined> {
    const [{ assembleArtifactStore }, { processLog }] = await Promise.all([
      import('../stack/assemble-stack.ts'),
      import('../stack/logger.ts'),
    ]);
    try {
      return await assembleArtifactStore(stack, { ...this.#place, log: processLog() });
    } catch (error) {
      if (isMortiseError(error)) return undefined;
      throw error;
    }
  }
}
