/** Before what Mortise samples of the machine, as at MLflow. */
const OURS = 'system/';
const OUR_GPU = /^gpu_(\d+)_(.+)$/;
const THEIR_GPU = /^gpu[./](\d+)[./](.+)$/;

/** A name, and how many of a common unit one of ours and one of theirs is: bytes, say. Both 1 where the unit is the same. */
export type SampleName = readonly [theirs: string, ourUnit?: number, theirUnit?: number];

export interface SampleTable {
  /** Before all of their samples: `sys.`. */
  prefix: string;
  /** Before and after the number of a GPU: `.`, in `gpu.0.`. */
  separator: '.' | '/';
  /** By our name, without `system/`. */
  machine: Readonly<Record<string, SampleName>>;
  /** By our name, without `system/gpu_N_`; theirs without `gpu.N.`. */
  gpu: Readonly<Record<string, SampleName>>;
}

export interface NamedSample {
  name: string;
  value: number;
}

interface Target {
  name: string;
  unit: number;
  targetUnit: number;
}

/** What a tracker's own client calls what Mortise samples of the machine (`system/...`), and in which units it measures it: there and back. */
export class SampleNames {
  readonly #prefix: string;
  readonly #separator: SampleTable['separator'];
  readonly #there = new Map<string, Target>();
  readonly #back = new Map<string, Target>();

  constructor({ prefix, separator, machine, gpu }: SampleTable) {
    this.#prefix = prefix;
    this.#separator = separator;
    for (const [kind, names] of [
      ['machine', machine],
      ['gpu', gpu],
    ] as const)
      for (const [ours, [theirs, unit = 1, targetUnit = 1]] of Object.entries(names)) {
        this.#there.set(`${kind} ${ours}`, { name: theirs, unit, targetUnit });
        this.#back.set(`${kind} ${theirs}`, { name: ours, unit: targetUnit, targetUnit: unit });
      }
  }

  /** A sample of Mortise as theirs; undefined for other metrics. */
  there(name: string, value: number): NamedSample | undefined {
    if (!name.startsWith(OURS)) return undefined;
    const [, gpu, rest = name.slice(OURS.length)] = OUR_GPU.exec(name.slice(OURS.length)) ?? [];
    const found = this.#there.get(`${gpu === undefined ? 'machine' : 'gpu'} ${rest}`);
    if (found === undefined) return undefined;
    const ofGpu = gpu === undefined ? '' : `gpu${this.#separator}${gpu}${this.#separator}`;
    return { name: `${this.#prefix}${ofGpu}${found.name}`, value: wholeUnits(value, found.unit) / found.targetUnit };
  }

  /** One of theirs as a sample of Mortise; undefined for other metrics. */
  back(name: string, value: number): NamedSample | undefined {
    if (!name.startsWith(this.#prefix)) return undefined;
    const [, gpu, rest = name.slice(this.#prefix.length)] = THEIR_GPU.exec(name.slice(this.#prefix.length)) ?? [];
    const found = this.#back.get(`${gpu === undefined ? 'machine' : 'gpu'} ${rest}`);
    if (found === undefined) return undefined;
    return { name: `${OURS}${gpu === undefined ? '' : `gpu_${gpu}_`}${found.name}`, value: (value * found.unit) / found.targetUnit };
  }
}

/** Whole where that loses nothing, as of bytes: then it comes back as it was. */
function wholeUnits(value: number, unit: number): number {
  const whole = Math.round(value * unit);
  return whole / unit === value ? whole : value * unit;
}
