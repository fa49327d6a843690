import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { assembleArtifactStore } from '../stack/assemble-stack.ts';
import { assembleTracker } from '../stack/assemble-tracker.ts';
import type { StackSnapshot } from '../store/stack-data.ts';
import type { DeliveryPlace } from './delivery-place.ts';
import { PacedTracker } from './paced-tracker.ts';
import type { TrackerComponent } from './run-tracking.ts';

export interface PacedComponent extends TrackerComponent {
  tracker: PacedTracker;
}

/** The trackers of runs that are over, and the artifact stores of their stacks, each made when it is first needed. */
export class LeftTrackers {
  readonly #place: DeliveryPlace;
  readonly #given: readonly TrackerComponent[];
  /** By name and what they are made from. */
  readonly #paced = new Map<string, Promise<PacedComponent>>();
  readonly #made: TrackerComponent[] = [];
  readonly #stores = new Map<string, Promise<ArtifactStore>>();

  /** `given`: those that are there already, and stay. */
  constructor(place: DeliveryPlace, given: readonly TrackerComponent[]) {
    this.#place = place;
    this.#given = given;
  }

  /** Throws what making it throws. */
  of(which: { component: string; flavor: string }, stack: StackSnapshot): Promise<PacedComponent> {
    const part = stack.components.find(({ type, name }) => type === 'experiment-tracker' && name === which.component);
    const key = JSON.stringify([which.component, which.flavor, part?.config]);
    let paced = this.#paced.get(key);
    if (paced === undefined) this.#paced.set(key, (paced = this.#pace(which, stack)));
    return paced;
  }

  /** The artifact store of a run's stack. Throws what making it throws. */
  artifactStoreOf(stack: StackSnapshot): Promise<ArtifactStore> {
    const key = JSON.stringify(stack.components.filter(({ type }) => type === 'artifact-store'));
    let store = this.#stores.get(key);
    if (store === undefined) {
      this.#stores.set(key, (store = assembleArtifactStore(stack, this.#place)));
      store.catch(() => this.#stores.delete(key));
    }
    return store;
  }

  async dispose(): Promise<void> {
    for (const store of this.#stores.values())
      await store.then((made) => made[Symbol.asyncDispose]?.()).catch((error: unknown) => this.#warn('an artifact store', error));
    for (const { name, tracker } of this.#made) {
      try {
        await tracker[Symbol.asyncDispose]?.();
      } catch (error) {
        this.#warn(`the experiment tracker "${name}"`, error);
      }
    }
  }

  #warn(what: string, error: unknown): void {
    this.#place.log.warn(`${what} did not end cleanly: ${String(error)}`);
  }

  async #pace(which: { component: string; flavor: string }, stack: StackSnapshot): Promise<PacedComponent> {
    const given = this.#given.find(({ name, flavor }) => name === which.component && flavor === which.flavor);
    const component = given ?? (await assembleTracker(which, stack, this.#place));
    if (given === undefined) this.#made.push(component);
    const endingFailed = (error: unknown): void =>
      this.#place.log.debug(`experiment tracker "${component.name}" failed when told of an end`, { error });
    return { ...component, tracker: new PacedTracker(component.tracker, { flavor: component.flavor, endingFailed }) };
  }
}
