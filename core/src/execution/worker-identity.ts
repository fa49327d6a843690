import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

import { newId } from '../id.ts';
import type { WorkerRecord } from '../store/run-data.ts';
import { parseStat } from './process-status.ts';

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
    processStartedAt: orEmpty(() => String(parseStat(readFileSync('/proc/self/stat', 'utf8')).startedAt)),
  });
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
