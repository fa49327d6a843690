/** What Comet's client says of a file beside its bytes, as far as that makes its path. */
export interface AssetParams {
  fileName?: unknown;
  /** Images have one, and no `fileName`. */
  figName?: unknown;
  extension?: unknown;
  /** The name of the model that a file is of. */
  groupingName?: unknown;
  step?: unknown;
  overwrite?: unknown;
}

/** Paths of the files of one run. Comet keeps several of one name, unless the later one is to replace the others; here each needs a path of its own. */
export class AssetPaths {
  readonly #taken = new Set<string>();
  /** By path: what was tried last. */
  readonly #numbers = new Map<string, number>();

  /** `name`: of the file in its archive, for want of a better one. */
  of(name: string, params: AssetParams): string {
    const path = relative(nameIn(params) ?? name);
    return params.overwrite === true ? this.take(path) : this.take(this.#free(path, params.step));
  }

  /** Gives it. */
  take(path: string): string {
    this.#taken.add(path);
    return path;
  }

  #free(path: string, step: unknown): string {
    if (!this.#taken.has(path)) return path;
    const [, stem = path, extension = ''] = /^(.*[^/])(\.[^./]+)$/s.exec(path) ?? [];
    const atStep = `${stem}-step-${String(step)}${extension}`;
    if (typeof step === 'number' && !this.#taken.has(atStep)) return atStep;
    for (let n = (this.#numbers.get(path) ?? 1) + 1; ; n++) {
      const numbered = `${stem}-${n}${extension}`;
      if (this.#taken.has(numbered)) continue;
      this.#numbers.set(path, n);
      return numbered;
    }
  }
}

/** What Comet's client calls texts that are given a name by the server. */
const NAMED_LATER = 'auto-generated-in-the-backend';

function nameIn({ fileName, figName, extension, groupingName }: AssetParams): string | undefined {
  if (fileName === NAMED_LATER) return 'text-sample.txt';
  const folder = typeof groupingName === 'string' && groupingName !== '' ? `${groupingName}/` : '';
  if (typeof fileName === 'string' && fileName !== '') return folder + fileName;
  if (typeof figName !== 'string' || figName === '') return undefined;
  const end = typeof extension === 'string' && extension !== '' ? `.${extension}` : '';
  return figName.endsWith(end) ? figName : `${figName}${end}`;
}

/** As a path below a run: nothing leads out of it. */
function relative(path: string): string {
  const segments = path
    .replaceAll('\\', '/')
    .split('/')
    .filter((segment) => !['', '.', '..'].includes(segment));
  return segments.join('/') || 'file';
}
