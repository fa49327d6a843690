import type { PutOptions } from '@mortise/core';

import type { Background } from './background.ts';
import type { BucketClient } from './bucket-client.ts';
import type { PartMemory } from './part-memory.ts';
import { S3Failure } from './s3-failure.ts';

/** What the puts of a store have in common. */
export interface PutContext {
  /** Bytes. */
  partSize: number;
  /** Parts of one upload that are on their way at once. */
  maxConcurrency: number;
  memory: PartMemory;
  /** Where uploads that failed are taken away, when their caller does not wait. */
  background: Background;
}

/** One put under way. */
export interface Put {
  bucket: BucketClient;
  key: string;
  options: PutOptions;
  /** Of this put and no other: kept with the object. */
  mark: string;
  /** Ends all of it; `signal` is aborted by this or by the caller. */
  stop: AbortController;
  signal: AbortSignal;
}

export interface Written {
  size: number;
  sha256: string;
  /** Of an upload in parts. */
  inParts: boolean;
}

/** Throws when a body has not as many bytes as were announced. */
export function checkSize({ options: { size } }: Put, found: number): void {
  if (size === undefined || size === found) return;
  throw new S3Failure(
    'refused',
    `the body has ${found > size ? 'more than ' : ''}${Math.min(size, found)} bytes where ${size} were announced`,
  );
}
