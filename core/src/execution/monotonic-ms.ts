/** A clock that nobody sets, ms. `performance` would load node:perf_hooks, which takes as long as 20 cache hits. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Whole ms since then. */
export const msSince = (monotonic: number): number => Math.round(monotonicMs() - monotonic);
