import type { CreateRun, FieldValue, Snapshot } from '../wire/snapshot.ts';

export interface SeriesPoint {
  step: number;
  at: number;
  value: FieldValue;
}

/** Of `IngestCode`. */
const OK = 0;
const TYPE_CONFLICTING = 21;
const POINT_DUPLICATE = 24;
const STEP_NON_INCREASING = 25;
const NAN_UNSUPPORTED = 32;
const NON_WRITABLE = 19;

/** What Neptune would hold of a run after these operations: the rules are those that its ingest codes tell of. */
export class RunAtNeptune {
  readonly project: string;
  readonly id: string;
  created: CreateRun | undefined;
  readonly fields = new Map<string, FieldValue>();
  readonly series = new Map<string, SeriesPoint[]>();
  readonly sets = new Map<string, Set<string>>();

  constructor(project: string, id: string) {
    this.project = project;
    this.id = id;
  }

  /** Of a field, or the last point of a series; undefined where there is no text. */
  text(path: string): string | undefined {
    const value = this.fields.get(path) ?? this.series.get(path)?.at(-1)?.value;
    return value?.kind === 'string' ? value.value : undefined;
  }

  /** Gives a code for each value. */
  apply({ at, step = 0, assign, append, modify }: Snapshot, rules: IngestRules = {}): number[] {
    const codes: number[] = [];
    for (const [path, value] of assign ?? []) codes.push(this.#assign(path, value, rules));
    for (const [path, value] of append ?? []) codes.push(this.#append(path, { step, at, value }, rules));
    for (const [path, changes] of modify ?? []) {
      const members = this.sets.get(path) ?? new Set<string>();
      for (const [member, change] of changes) {
        if (change === 'add') members.add(member);
        else members.delete(member);
      }
      this.sets.set(path, members);
      codes.push(OK);
    }
    return codes;
  }

  #assign(path: string, value: FieldValue, { readOnly = [] }: IngestRules): number {
    if (readOnly.includes(path)) return NON_WRITABLE;
    const there = this.fields.get(path);
    if (this.series.has(path) || (there !== undefined && there.kind !== value.kind)) return TYPE_CONFLICTING;
    this.fields.set(path, value);
    return OK;
  }

  #append(path: string, point: SeriesPoint, { finite = false }: IngestRules): number {
    if (finite && point.value.kind === 'float' && !Number.isFinite(point.value.value)) return NAN_UNSUPPORTED;
    if (this.fields.has(path)) return TYPE_CONFLICTING;
    const points = this.series.get(path) ?? [];
    const last = points.at(-1);
    if (last !== undefined && last.value.kind !== point.value.kind) return TYPE_CONFLICTING;
    if (last !== undefined && point.step <= last.step)
      return points.some(({ step }) => step === point.step) ? POINT_DUPLICATE : STEP_NON_INCREASING;
    points.push(point);
    this.series.set(path, points);
    return OK;
  }
}

/** What this Neptune refuses. */
export interface IngestRules {
  /** Paths that nobody may write. */
  readOnly?: readonly string[];
  /** It takes no NaN and no infinities. */
  finite?: boolean;
}
