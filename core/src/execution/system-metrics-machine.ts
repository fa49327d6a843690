import { statfsSync } from 'node:fs';
import { sep } from 'node:path';

/**
 * What a machine can be asked. Each throws where the platform cannot tell. What can be read at once is: it runs in a thread
 * of its own, and the process has one small pool for all that is read otherwise, which user code may fill.
 */
export interface Machine {
  cpu(): Promise<CpuTime>;
  memory(): Promise<MemoryUse>;
  disk(): Promise<DiskUse>;
  network(): Promise<NetworkTraffic>;
  gpus(): Promise<GpuUse[]>;
}

/** Since the machine was started, over all CPUs; of any one unit. */
export interface CpuTime {
  busy: number;
  total: number;
}

/** Bytes. */
export interface MemoryUse {
  used: number;
  total: number;
}

/** Bytes. `available`: to programs without special rights, so that used and available may be less than the disk. */
export interface DiskUse {
  used: number;
  available: number;
}

/** Bytes since the machine was started. */
export interface NetworkTraffic {
  received: number;
  transmitted: number;
}

/** NaN is what a GPU does not tell. */
export interface GpuUse {
  index: number;
  /** Bytes. */
  memoryUsed: number;
  memoryTotal: number;
  /** 0 to 100. */
  utilization: number;
  powerWatts: number;
  powerLimitWatts: number;
}

/** What could be read at one time. */
export type Reading = { at: number } & { [K in keyof Machine]?: Awaited<ReturnType<Machine[K]>> };

/** So often something is asked for that was not told in time: the first question may have to wake up a driver, but a tool that hangs delays each sample. */
const TRIES = 3;

/** Reads what the machine tells. What it could not tell at first it lacks, and is not asked for again; later failures leave a gap. */
export class MachineReader {
  readonly #machine: Machine;
  readonly #known = new Map<keyof Machine, boolean>();
  readonly #tooSlow = new Map<keyof Machine, number>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Default: all there is. Never rejects. `at` is when it was asked, ms since the epoch. */
  async read(parts: readonly (keyof Machine)[] = ['cpu', 'memory', 'disk', 'network', 'gpus']): Promise<Reading> {
    const at = Date.now();
    const asked = parts.filter((part) => this.#known.get(part) !== false);
    const answers = await Promise.all(asked.map(async (part) => [part, await this.#ask(part)] as const));
    return { at, ...Object.fromEntries(answers.filter(([, answer]) => answer !== undefined)) };
  }

  async #ask(part: keyof Machine): Promise<unknown> {
    try {
      const answer = await this.#machine[part]();
      this.#known.set(part, true);
      return answer;
    } catch (error) {
      if (!this.#known.has(part) && !this.#mayWakeUp(part, error)) this.#known.set(part, false);
      return undefined;
    }
  }

  /** Whether a tool was ended because its time was up, and not for too many times yet. */
  #mayWakeUp(part: keyof Machine, error: unknown): boolean {
    if ((error as { killed?: unknown } | undefined)?.killed !== true) return false;
    const times = (this.#tooSlow.get(part) ?? 0) + 1;
    this.#tooSlow.set(part, times);
    return times < TRIES;
  }
}

/** The disk of the root folder, as MLflow takes it. */
export async function rootDisk(): Promise<DiskUse> {
  const { blocks, bfree, bavail, bsize } = statfsSync(sep);
  return { used: (blocks - bfree) * bsize, available: bavail * bsize };
}
