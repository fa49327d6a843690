/** What the files of one run and those of its artifacts are called here, where both are files of the run. Whichever comes later makes way. */
export class FilePaths {
  readonly #ofRun = new Set<string>();
  readonly #ofArtifacts = new Set<string>();
  readonly #tell: (message: string) => void;

  /** `tell`: of those that are called otherwise than at W&B. */
  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  ofRun(given: string): string {
    const path = freeOf(this.#ofArtifacts, given, 'files');
    this.#ofRun.add(path);
    if (path !== given) this.#tell(`its file ${given} is ${path} here, as an artifact has a file of that path`);
    return path;
  }

  ofArtifact(given: string): string {
    const path = freeOf(this.#ofRun, given, 'artifacts');
    this.#ofArtifacts.add(path);
    if (path !== given) this.#tell(`the artifact's file ${given} is ${path} here, as the run has a file of that path`);
    return path;
  }
}

function freeOf(taken: ReadonlySet<string>, given: string, folder: string): string {
  let path = given;
  while (taken.has(path)) path = `${folder}/${path}`;
  return path;
}
