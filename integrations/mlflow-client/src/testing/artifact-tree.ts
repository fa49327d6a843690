import { detail, invalid, missing, StubRefusal } from './stub-refusal.ts';

export interface StubArtifact {
  bytes: Uint8Array;
  modifiedAt: number;
}

/** Files below the artifact proxy's root, as a folder of a POSIX file system keeps them. */
export class ArtifactTree {
  readonly files = new Map<string, StubArtifact>();

  put(path: string, bytes: Uint8Array): void {
    const parents = path.split('/').map((_, at, segments) => segments.slice(0, at).join('/'));
    if (this.#isFolder(path) || parents.some((parent) => this.files.has(parent))) throw collapsed();
    if (path.split('/').some((segment) => Buffer.byteLength(segment) > 255)) throw collapsed();
    this.files.set(path, { bytes, modifiedAt: Date.now() });
  }

  get(path: string): StubArtifact {
    const file = this.files.get(path);
    if (file !== undefined) return file;
    if (this.#isFolder(path)) throw detail(400, `Artifact path refers to a directory, not a file: '${path}'`);
    throw missing(`No such artifact: '${path}'`);
  }

  /** A file, or a folder with all that is in it. */
  delete(path: string): void {
    for (const name of this.files.keys()) if (name === path || name.startsWith(`${path}/`)) this.files.delete(name);
  }

  /** What is in a folder, by name; `prefix` is put before each. */
  list(folder: string, prefix = ''): { path: string; is_dir: boolean; file_size?: number }[] {
    const below = folder === '' ? '' : `${folder}/`;
    const found = new Map<string, { path: string; is_dir: boolean; file_size?: number }>();
    for (const [name, { bytes }] of this.files) {
      if (!name.startsWith(below)) continue;
      const [first = '', ...rest] = name.slice(below.length).split('/');
      const path = `${prefix}${first}`;
      found.set(first, rest.length > 0 ? { path, is_dir: true } : { path, is_dir: false, file_size: bytes.length });
    }
    return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  #isFolder(path: string): boolean {
    return [...this.files.keys()].some((name) => name.startsWith(`${path}/`));
  }
}

/** A path as MLflow understands it: decoded until nothing changes any more, control characters escaped. */
export function understoodPath(path: string): string {
  const decoded = decodedFully(path).replace(/\p{Cc}/gu, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  if (decoded.includes('#') || decoded.startsWith('/') || decoded.split('/').includes('..')) throw invalid('Invalid path');
  return decoded
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/');
}

function decodedFully(path: string): string {
  for (let at = path, depth = 0; depth < 10; depth++) {
    const decoded = at
      .replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString())
      .replace(/[?;]$/, '');
    if (decoded === at) return at;
    at = decoded;
  }
  throw collapsed();
}

/** What an exception that nobody caught looks like. */
function collapsed(): StubRefusal {
  return new StubRefusal(500, 'text/plain; charset=utf-8', 'Internal Server Error');
}
