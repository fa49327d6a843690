import { intField } from '../wire/int-field.ts';
import type { FieldValue, SetChange, Snapshot } from '../wire/snapshot.ts';

/** An operation of Neptune 1.x, as its client writes it into its log. */
export interface OldOperation {
  type: string;
  path: string[];
  /** ms since the epoch, UTC. */
  at: number;
  value?: unknown;
  values?: unknown[];
  ext?: string;
  file_path?: string | null;
  tmp_file_name?: string | null;
  file_globs?: string[];
}

interface OldPoint {
  value: unknown;
  /** Null: the next one. */
  step: number | null;
  /** Seconds since the epoch, UTC. */
  ts: number;
}

const CLEARS = /^(DeleteAttribute|Clear\w+)$/;

/** Reads operations twice: first what was deleted later on, then all else in the words of Neptune 3. */
export class OldOperations {
  /** How often each path was still to be deleted. */
  readonly #deletes = new Map<string, number>();
  readonly #lastSteps = new Map<string, number>();
  readonly #notTaken: (what: string) => void;

  /** `notTaken` is told of what has no place here. */
  constructor(notTaken: (what: string) => void) {
    this.#notTaken = notTaken;
  }

  note({ type, path }: OldOperation): void {
    const name = path.join('/');
    if (CLEARS.test(type)) this.#deletes.set(name, (this.#deletes.get(name) ?? 0) + 1);
  }

  *snapshots(operation: OldOperation): Generator<Snapshot, void, undefined> {
    const { type, at, values = [] } = operation;
    const path = operation.path.join('/');
    const left = this.#deletes.get(path) ?? 0;
    if (CLEARS.test(type)) {
      this.#deletes.set(path, left - 1);
      return;
    }
    if (left > 0) return;
    switch (type) {
      case 'LogFloats':
      case 'LogStrings':
        for (const point of values as OldPoint[]) yield this.#point(path, point, type === 'LogFloats' ? 'float' : 'string');
        return;
      case 'AddStrings':
      case 'RemoveStrings': {
        const change: SetChange = type === 'AddStrings' ? 'add' : 'remove';
        yield { at, modify: new Map([[path, new Map((values as string[]).map((member) => [member, change]))]]) };
        return;
      }
      case 'ConfigFloatSeries':
        return;
      case 'UploadFileSet':
        if ((operation.file_globs ?? []).length > 0) this.#notTaken(`the set of files ${JSON.stringify(path)}`);
        return;
      default: {
        const value = assigned(operation);
        if (value === undefined) this.#notTaken(`${type} of ${JSON.stringify(path)}`);
        else yield { at, assign: new Map([[path, value]]) };
      }
    }
  }

  #point(path: string, { value, step, ts }: OldPoint, kind: 'float' | 'string'): Snapshot {
    const last = this.#lastSteps.get(path);
    const at = step ?? (last === undefined ? 0 : last + 1);
    this.#lastSteps.set(path, at);
    return {
      at: ts * 1_000,
      step: at,
      append: new Map([[path, { kind, value: typeof value === 'bigint' ? Number(value) : value } as FieldValue]]),
    };
  }
}

/** Undefined for an operation that assigns nothing that is known here. */
function assigned({ type, value, file_path, tmp_file_name, ext }: OldOperation): FieldValue | undefined {
  switch (type) {
    case 'AssignFloat':
      return { kind: 'float', value: Number(value) };
    case 'AssignInt':
      return intField(value as bigint | number);
    case 'AssignBool':
      return { kind: 'bool', value: value === true };
    case 'AssignString':
      return { kind: 'string', value: String(value) };
    case 'AssignDatetime':
      return { kind: 'timestamp', value: Number(value) };
    case 'UploadFile': {
      const path = file_path ?? tmp_file_name ?? undefined;
      return path === undefined ? undefined : { kind: 'file', value: { path, size: 0, mime: ext ?? '' } };
    }
    default:
      return undefined;
  }
}
