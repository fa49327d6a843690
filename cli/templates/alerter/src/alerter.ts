import { appendFile, mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { Transient } from '@mortise/core';
import type { Alert, Alerter, ComponentContext } from '@mortise/core';

import type { FlavorNameConfig } from './config.js';

export async function create({ config, projectRoot }: ComponentContext<FlavorNameConfig>): Promise<FlavorNameAlerter> {
  return new FlavorNameAlerter(resolve(projectRoot, config.file));
}

/** Tells people what happened. This one adds a line of JSON to a file; replace that by a call to whatever your people look at. */
export class FlavorNameAlerter implements Alerter {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  async send(alert: Alert, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#try(() => appendFile(this.#file, `${JSON.stringify(alert)}\n`));
  }

  /** For `mortise stack validate`: can it be reached? Sends nothing. */
  async check(): Promise<void> {
    await this.#try(() => appendFile(this.#file, ''));
  }

  async #try(write: () => Promise<void>): Promise<void> {
    try {
      await mkdir(dirname(this.#file), { recursive: true });
      await write();
    } catch (cause) {
      throw new Transient(`cannot write ${this.#file}: ${(cause as Error).message}`, { cause });
    }
  }
}
