/** Ids of the runs of this process that are over, though the store, which could not be written to, does not say so. They are swept like those of a dead one. */
export const unendedRuns = new Set<string>();
