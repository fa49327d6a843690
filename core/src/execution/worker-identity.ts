import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

import { newId } from '../id.ts';
import type { WorkerRecord } from '../store/metadata-store.ts';

let worker: WorkerRecord | undefined;

/**
 * Who this process is, so that another one can tell later whether it still lives: host, boot, pid namespace, pid and the process's start time
 * (a pid is reused, a start time is not). What the system does not tell is an empty string.
 */
export function workerIdentity(): WorkerRecord {
  return (worker ??= {
    id: newId(),
    host: hostname(),
    bootId: orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: orEmpty(() => readlinkSync('/proc/self/ns/pid')),
    pid: process.pid,
    processStartedAt: orEmpty(() => processStartTime(process.pid)),
  });
}

/** Field 22 of `/proc/<pid>/stat`, clock ticks since boot; the command before it may hold spaces and brackets, so count from the last `)`. */
function processStartTime(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
