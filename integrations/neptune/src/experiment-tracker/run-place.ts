import type { TrackerRunRef } from '@mortise/core';

import type { RunFile } from './run-files.ts';
import type { Refused, RunMemory, RunWrites } from './run-memory.ts';

/** Where a run is kept: a file of operations, or a server. */
export interface RunPlace {
  readonly ref: TrackerRunRef;
  readonly memory: RunMemory;
  /** Keeps the bytes of a file where `file.path` says. Throws `ArtifactNotFound` and `Permanent` when that cannot be, else what may pass. */
  keepFile(file: RunFile, signal: AbortSignal): Promise<void>;
  /** Writes what `make` says for what is known at that moment; it is safe when this resolves. Gives what was refused. */
  write(make: (memory: RunMemory) => RunWrites, signal: AbortSignal): Promise<Refused[]>;
  /** The run has ended: what is held open is let go. It may be written to again. */
  rest(): void;
}
