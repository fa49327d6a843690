import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { GpuUse } from './system-metrics-machine.ts';

const MIB = 2 ** 20;
const QUERY = 'index,memory.used,memory.total,utilization.gpu,power.draw,enforced.power.limit';
const LONGEST_MS = 4_000;

/** What the driver's own tool says of each NVIDIA GPU. Throws where it is not installed. */
export async function nvidiaGpus(): Promise<GpuUse[]> {
  const args = [`--query-gpu=${QUERY}`, '--format=csv,noheader,nounits'];
  const { stdout } = await promisify(execFile)('nvidia-smi', args, { timeout: LONGEST_MS, windowsHide: true });
  return parseNvidiaSmi(stdout);
}

/** One line per GPU: memory in MiB, power in watts; `[N/A]` and the like where it does not tell. */
export function parseNvidiaSmi(csv: string): GpuUse[] {
  const rows = csv.split('\n').filter((line) => /^\d+\s*,/.test(line));
  return rows.map((line) => {
    const [index, used, total, utilization, power, limit] = line.split(',').map((cell) => parseFloat(cell)) as Row;
    return { index, memoryUsed: used * MIB, memoryTotal: total * MIB, utilization, powerWatts: power, powerLimitWatts: limit };
  });
}

type Row = [number, number, number, number, number, number];
