import type { ImportedRun } from './run-importer.ts';

type OfRun = Pick<ImportedRun, 'id' | 'name'>;

/** What is told of runs while they are read: the same of many once, in the end. */
export class ImportWarnings {
  readonly #tell: (message: string) => void;
  /** Runs by id, by what is told of them. */
  readonly #ofRuns = new Map<string, Map<string, OfRun>>();

  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  readonly warn = (message: string, run?: OfRun): void => {
    if (run === undefined) return this.#tell(message);
    const runs = this.#ofRuns.get(message);
    if (runs === undefined) this.#ofRuns.set(message, new Map([[run.id, run]]));
    else runs.set(run.id, run);
  };

  /** Tells what was kept back. */
  end(): void {
    for (const [message, runs] of this.#ofRuns) {
      const [first] = runs.values();
      const others = runs.size === 1 ? '' : ` and ${runs.size - 1} ${runs.size === 2 ? 'other' : 'others'}`;
      this.#tell(`run "${first!.name}"${others}: ${message}`);
    }
    this.#ofRuns.clear();
  }
}
