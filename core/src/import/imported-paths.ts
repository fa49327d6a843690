/**
 * What the files of one run are called here. At a vendor `a` and `a/b` may both be files; in a folder they cannot. Whichever comes later is kept as
 * `renamed-2/...`. As the order of events stays, so do the names.
 */
export class ImportedPaths {
  /** Those that are called otherwise than at their vendor. */
  readonly renamed = new Map<string, string>();
  /** Files here, with what they are at their vendor. */
  readonly #files = new Map<string, string>();
  readonly #folders = new Set<string>();

  of(given: string): string {
    const known = this.renamed.get(given);
    if (known !== undefined) return known;
    let path = given;
    for (let n = 2; !this.#isFree(path, given); n++) path = `renamed-${n}/${given}`;
    if (path !== given) this.renamed.set(given, path);
    this.#files.set(path, given);
    for (const folder of foldersOf(path)) this.#folders.add(folder);
    return path;
  }

  /** The same file may come again. */
  #isFree(path: string, given: string): boolean {
    const of = this.#files.get(path);
    if (of !== undefined) return of === given;
    return !this.#folders.has(path) && foldersOf(path).every((folder) => !this.#files.has(folder));
  }
}

/** `a/b/c` lies in `a` and in `a/b`. */
function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) folders.push(path.slice(0, at));
  return folders;
}
