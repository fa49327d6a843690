/** A timer cannot be set for longer, ms: Node would let it go off at once. 24 days. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
