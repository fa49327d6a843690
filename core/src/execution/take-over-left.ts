import type { DeliveryPlace } from '../tracking/delivery-place.ts';
import type { TrackerComponent } from '../tracking/run-tracking.ts';
import { withinTime } from '../tracking/within-time.ts';
import { ownerState } from './owner-state.ts';

/** How long the end of a run waits until it is noted how far the deliveries for earlier ones came, ms. */
const LEAVE_MS = 500;

/**
 * Delivers in the background what earlier processes left undelivered, until `stop`. It keeps no run waiting, and no process alive. `trackers`: those of the
 * run, which serve for others too.
 */
export function takeOverLeft(place: Omit<DeliveryPlace, 'isDead'>, trackers: readonly TrackerComponent[]): { stop(): Promise<void> } {
  const stop = new AbortController();
  const work = takeOver(place, trackers, stop.signal).catch((error: unknown) => {
    place.log.debug('what earlier runs left could not be delivered', { error });
  });
  return {
    async stop() {
      stop.abort();
      await withinTime(work, LEAVE_MS);
    },
  };
}

async function takeOver(place: Omit<DeliveryPlace, 'isDead'>, trackers: readonly TrackerComponent[], signal: AbortSignal): Promise<void> {
  const { store } = place;
  if (!(await store.hasLeftWork()) || signal.aborted) return;
  const { deliverLeft } = await import('../tracking/deliver-left.ts');
  await deliverLeft(deliveryPlace(place), { signal, trackers });
}

/** With what only this room knows: whether a process lives. */
export function deliveryPlace(place: Omit<DeliveryPlace, 'isDead'>): DeliveryPlace {
  const isDead = async (owner: Parameters<DeliveryPlace['isDead']>[0]): Promise<boolean> =>
    (await ownerState({ owner, since: Date.now() }, place.worker)) === 'dead';
  return { ...place, isDead };
}
