import type { FileRef, Snapshot } from '../wire/snapshot.ts';
import type { FoundFile } from './found-file.ts';

/** What cannot be read: a file or folder, and why. */
export interface Unreadable {
  path: string;
  reason: string;
}

/** What is found on disk. */
export interface FoundSources {
  sources: RunSource[];
  unreadable: Unreadable[];
}

/** What is on disk of a run of Neptune, whoever wrote it. */
export interface RunSource {
  /** `workspace/project`. */
  project: string;
  /** Custom run id. */
  runId: string;
  /** What it logged, in its order as far as that is known, read anew by every call. `warn` is told of what is not taken over. */
  snapshots(signal: AbortSignal, warn: (message: string) => void): AsyncIterable<Snapshot>;
  /** As far as that is written apart. */
  experiment?: string;
  /** ms since the epoch, UTC. */
  createdAt?: number;
  /** Of a run that goes on with another: which, and from which step on. */
  fork?: { project: string; runId: string; step: number };
  /** Where a file of the run is. `loggedAt`: ms since the epoch. */
  fileAt(file: FileRef, loggedAt: number): Promise<FoundFile>;
}
