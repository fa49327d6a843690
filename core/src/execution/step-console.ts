import { closeSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

import { makeFolder } from '../make-folder.ts';
import { writeWhole } from '../tracking/write-whole.ts';
import type { OutputStream } from './user-code.ts';

/** A piece of what an attempt of a step wrote: one line of its console file, as JSON. `at` is ms since the epoch, UTC. */
export interface ConsoleChunk {
  at: number;
  stream: OutputStream;
  text: string;
}

/** Most bytes of a console file. What is written beyond is not kept. */
export const CONSOLE_BYTES = 10_000_000;
const OVER = `... the rest of the output is not kept: a step may print ${CONSOLE_BYTES / 1e6} MB\n`;

/** The console file of an attempt of a step; not there when it printed nothing. */
export function consoleFile(logsFolder: string, runId: string, stepRunId: string): string {
  return join(logsFolder, runId, 'console', `${stepRunId}.log`);
}

/** Keeps what one attempt of a step writes to stdout and stderr, in a file that is made at the first byte. What was written survives the process. */
export class StepConsole {
  readonly #path: string;
  readonly #warn: (what: string) => void;
  readonly #kept: ((stream: OutputStream, text: string) => void) | undefined;
  readonly #decoders = { out: new StringDecoder('utf8'), err: new StringDecoder('utf8') };
  #fd: number | undefined;
  #size = 0;
  #over = false;

  /** `warn` is told, once, why something was not kept; `kept` is told of all that was. */
  constructor(path: string, warn: (what: string) => void, kept?: (stream: OutputStream, text: string) => void) {
    this.#path = path;
    this.#warn = warn;
    this.#kept = kept;
  }

  /** Never throws: a full disk must not end the step. */
  write(stream: OutputStream, chunk: string | Uint8Array): void {
    if (this.#over) return;
    const text =
      typeof chunk === 'string' ? chunk : this.#decoders[stream].write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (text === '') return;
    try {
      this.#append({ at: Date.now(), stream, text });
    } catch (error) {
      this.#end(`what a step printed could not be kept in ${this.#path}: ${(error as Error).message}`);
    }
  }

  close(): void {
    this.#over = true;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #append(chunk: ConsoleChunk): void {
    const line = consoleLine(chunk);
    if (this.#size + line.length <= CONSOLE_BYTES) return this.#write(chunk, line);
    const last: ConsoleChunk = { ...chunk, stream: 'err', text: OVER };
    this.#write(last, consoleLine(last));
    this.#end(`a step printed more than ${CONSOLE_BYTES / 1e6} MB: the rest was not kept`);
  }

  #write({ stream, text }: ConsoleChunk, line: Uint8Array): void {
    this.#fd ??= this.#open();
    writeWhole(this.#fd, line);
    this.#size += line.length;
    this.#kept?.(stream, text);
  }

  #open(): number {
    makeFolder(dirname(this.#path));
    return openSync(this.#path, 'wx');
  }

  #end(why: string): void {
    this.close();
    this.#warn(why);
  }
}

/** A line of a console file. */
export function consoleLine(chunk: ConsoleChunk): Buffer {
  return Buffer.from(`${JSON.stringify(chunk)}\n`);
}
