/** A point of a series; `at`: ms since the epoch, UTC. */
export interface Preview {
  step: number;
  at: number;
  value: number;
}

/**
 * Points that were logged as previews: what comes at the same step replaces one, and the final value of a later step ends its waiting. As at Neptune, none
 * comes after a final value of its step or a later one.
 */
export class Previews {
  readonly #held = new Map<string, Map<number, Preview>>();
  /** Steps of final values. */
  readonly #final = new Map<string, number>();

  hold(path: string, preview: Preview): void {
    if (preview.step <= (this.#final.get(path) ?? -Infinity)) return;
    const ofPath = this.#held.get(path) ?? new Map<number, Preview>();
    this.#held.set(path, ofPath.set(preview.step, preview));
  }

  /** Takes those before a final value, by their steps; that of its step is gone. */
  before(path: string, step: number): Preview[] {
    this.#final.set(path, step);
    const ofPath = this.#held.get(path);
    if (ofPath === undefined) return [];
    const taken = [...ofPath.values()].filter((preview) => preview.step <= step).sort((one, other) => one.step - other.step);
    for (const preview of taken) ofPath.delete(preview.step);
    if (ofPath.size === 0) this.#held.delete(path);
    return taken.filter((preview) => preview.step < step);
  }

  /** Series that have some. */
  get paths(): string[] {
    return [...this.#held.keys()];
  }
}
