import { readFileSync } from 'node:fs';

/**
 * The most memory (resident set) that this process had so far, bytes. What `process.resourceUsage()` tells on Linux may be that of the process that started
 * this one, which shares its memory with it until the program begins.
 */
export function peakMemory(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
}
