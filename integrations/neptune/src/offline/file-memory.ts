import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { RunMemory, RunWrites } from '../experiment-tracker/run-memory.ts';

export type KnownOfRun = Pick<RunWrites, 'acked' | 'tags' | 'steps' | 'begun' | 'ended'>;

/** What the file of a run says of it; read once, and again after another process has written. */
export class FileMemory implements RunMemory {
  readonly acked = new Map<string, number>();
  readonly tags = new Map<string, string>();
  begun = false;
  ended: string | undefined;
  readonly #database: DatabaseSync;
  readonly #steps = new Map<string, number | undefined>();
  readonly #stepOf: StatementSync;
  readonly #putStep: StatementSync;
  #version: unknown;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#stepOf = database.prepare('SELECT step FROM mortise_series WHERE path = ?');
    this.#putStep = database.prepare('INSERT OR REPLACE INTO mortise_series (path, step) VALUES (?, ?)');
    this.refresh();
  }

  refresh(): void {
    const { data_version: version } = this.#database.prepare('PRAGMA data_version').get() as { data_version: number };
    if (version === this.#version) return;
    this.#version = version;
    this.reload();
  }

  /** What was noted and not written is forgotten. */
  reload(): void {
    this.acked.clear();
    this.tags.clear();
    this.#steps.clear();
    for (const { writer, seq } of this.#database.prepare('SELECT writer, seq FROM mortise_acked').all())
      this.acked.set(String(writer), Number(seq));
    for (const { name, member } of this.#database.prepare('SELECT name, member FROM mortise_tags').all())
      this.tags.set(String(name), String(member));
    const facts = new Map(
      this.#database
        .prepare('SELECT fact, value FROM mortise_run')
        .all()
        .map(({ fact, value }) => [fact, value]),
    );
    this.begun = facts.get('begun') === 'true';
    this.ended = facts.get('ended') as string | undefined;
  }

  /** All that is known, for a file that takes the place of this one. */
  get known(): KnownOfRun {
    const { acked, tags, begun, ended } = this;
    const steps = Array.from(this.#steps).flatMap(([path, step]) => (step === undefined ? [] : [[path, step] as const]));
    return { acked, tags, steps: new Map(steps), begun, ...(ended !== undefined && { ended }) };
  }

  lastStep(path: string): number | undefined {
    if (!this.#steps.has(path)) this.#steps.set(path, (this.#stepOf.get(path) as { step: number } | undefined)?.step);
    return this.#steps.get(path);
  }

  /** Within a transaction. */
  note({ acked, tags, steps, begun, ended }: KnownOfRun): void {
    const put = (sql: string, ...values: (string | number)[]): unknown => this.#database.prepare(sql).run(...values);
    for (const [writer, seq] of acked ?? []) {
      put('INSERT OR REPLACE INTO mortise_acked (writer, seq) VALUES (?, ?)', writer, seq);
      this.acked.set(writer, seq);
    }
    for (const [name, member] of tags ?? []) {
      if (member === null) {
        put('DELETE FROM mortise_tags WHERE name = ?', name);
        this.tags.delete(name);
      } else {
        put('INSERT OR REPLACE INTO mortise_tags (name, member) VALUES (?, ?)', name, member);
        this.tags.set(name, member);
      }
    }
    for (const [path, step] of steps ?? []) {
      this.#putStep.run(path, step);
      this.#steps.set(path, step);
    }
    if (begun === true) put("INSERT OR REPLACE INTO mortise_run (fact, value) VALUES ('begun', 'true')");
    if (ended === null) put("DELETE FROM mortise_run WHERE fact = 'ended'");
    else if (ended !== undefined) put("INSERT OR REPLACE INTO mortise_run (fact, value) VALUES ('ended', ?)", ended);
    this.begun ||= begun === true;
    if (ended !== undefined) this.ended = ended ?? undefined;
  }
}
