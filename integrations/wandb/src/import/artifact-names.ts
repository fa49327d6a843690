import type { ArtifactRecord } from '@mortise/wandb-client';

/** Names of the artifacts of one run. W&B counts the versions of a name, which share its paths; here a later one is `NAME-2/...`. */
export class ArtifactNames {
  /** By name here: which version has it. */
  readonly #taken = new Map<string, string>();

  /** The same for what is logged again without a change: that is no version of its own. */
  of({ name, digest }: Pick<ArtifactRecord, 'name' | 'digest'>): string {
    const version = `${name}\n${digest}`;
    let free = name;
    for (let n = 2; (this.#taken.get(free) ?? version) !== version; n++) free = `${name}-${n}`;
    this.#taken.set(free, version);
    return free;
  }
}
