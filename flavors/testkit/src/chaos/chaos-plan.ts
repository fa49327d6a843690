/**
 * What becomes of one call:
 * - `pass`: nothing out of the ordinary.
 * - `refuse`: it fails with a `Permanent`, and never reached the tracker.
 * - `unavailable`: it fails with a `Transient`, and never reached the tracker.
 * - `time-out`: no answer, and it never reached the tracker; a `Transient` after `timeoutMs`, or the end of its signal.
 * - `cut`: the connection is lost half-way: half of the events reached the tracker, then a `Transient`. Other calls: as `unavailable`.
 * - `lose-answer`: the tracker did as it was told, but the answer is lost: a `Transient`.
 * - `duplicate`: the tracker gets it twice, the second right after the first.
 * - `delay`: the answer comes late: after that of the next call that is made meanwhile, or after `delayMs`.
 * - `die-before`, `die-after`: the process ends before the call reached the tracker, or before the answer came back.
 */
export type ChaosAct = (typeof CHAOS_ACTS)[number];

export const CHAOS_ACTS = [
  'pass',
  'refuse',
  'unavailable',
  'time-out',
  'cut',
  'lose-answer',
  'duplicate',
  'delay',
  'die-before',
  'die-after',
] as const;

export type ChaosMethod = 'open' | 'deliver' | 'close' | 'check';

/** What becomes of the calls: of each method in the order in which they come, `pass` after the last; or by chance, the same each time for one seed. */
export type ChaosPlan = Partial<Record<ChaosMethod, readonly ChaosAct[]>> | RandomPlan;

export interface RandomPlan {
  seed: number;
  /** How likely each is, from 0 to 1, together at most 1. The rest passes. */
  odds: Partial<Record<ChaosAct, number>>;
  /** After so many calls that did not pass all do, so that everything comes to an end. Default: never. */
  most?: number;
}

/** Gives what becomes of the next call of a method. */
export function scheduleOf(plan: ChaosPlan): (method: ChaosMethod) => ChaosAct {
  return 'seed' in plan ? randomSchedule(plan) : explicitSchedule(plan);
}

function explicitSchedule(plan: Partial<Record<ChaosMethod, readonly ChaosAct[]>>): (method: ChaosMethod) => ChaosAct {
  const made: Record<ChaosMethod, number> = { open: 0, deliver: 0, close: 0, check: 0 };
  return (method) => plan[method]?.[made[method]++] ?? 'pass';
}

function randomSchedule({ seed, odds, most = Infinity }: RandomPlan): () => ChaosAct {
  const random = randomNumbers(seed);
  let harm = 0;
  return () => {
    let left = random();
    if (harm >= most) return 'pass';
    for (const act of CHAOS_ACTS) {
      left -= odds[act] ?? 0;
      if (left >= 0) continue;
      if (act !== 'pass') harm += 1;
      return act;
    }
    return 'pass';
  };
}

/** Numbers from 0 up to 1 that look random: the generator mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
