import type { Json, TrackerRunRef } from '@mortise/core';

import { LOGS } from '../experiment-tracker/run-paths.ts';
import type { RunMemory, RunWrites } from '../experiment-tracker/run-memory.ts';

/** As a ref carries it on to another process. */
interface SavedMemory {
  begun: boolean;
  ended?: string;
  acked: Record<string, number>;
  tags: Record<string, string>;
  /** Last steps of the output's series, which are ours, and of the metrics that were written last: more of them would go with every batch. */
  steps: Record<string, number>;
}

const MOST_STEPS = 100;

/** What this process knows of a run at a server. */
export class SessionMemory implements RunMemory {
  begun: boolean;
  ended: string | undefined;
  readonly acked: Map<string, number>;
  readonly tags: Map<string, string>;
  readonly #steps: Map<string, number>;

  constructor(known: TrackerRunRef | undefined) {
    const saved = (known?.state ?? {}) as unknown as Partial<SavedMemory>;
    this.begun = saved.begun === true;
    this.ended = saved.ended;
    this.acked = new Map(Object.entries(saved.acked ?? {}));
    this.tags = new Map(Object.entries(saved.tags ?? {}));
    this.#steps = new Map(Object.entries(saved.steps ?? {}));
  }

  lastStep(path: string): number | undefined {
    return this.#steps.get(path);
  }

  note({ acked, tags, steps, begun, ended }: RunWrites): void {
    for (const [writer, seq] of acked ?? []) this.acked.set(writer, seq);
    for (const [path, step] of steps ?? []) {
      // The last come last.
      this.#steps.delete(path);
      this.#steps.set(path, step);
    }
    for (const [name, member] of tags ?? []) {
      if (member === null) this.tags.delete(name);
      else this.tags.set(name, member);
    }
    this.begun ||= begun === true;
    if (ended !== undefined) this.ended = ended ?? undefined;
  }

  saved(): Json {
    const ours = Object.values(LOGS).flatMap((path) => (this.#steps.has(path) ? [[path, this.#steps.get(path)!] as const] : []));
    const steps = [...Array.from(this.#steps).slice(-MOST_STEPS), ...ours];
    return {
      begun: this.begun,
      ...(this.ended !== undefined && { ended: this.ended }),
      acked: Object.fromEntries(this.acked),
      tags: Object.fromEntries(this.tags),
      steps: Object.fromEntries(steps),
    };
  }
}
