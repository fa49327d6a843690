import { stripVTControlCharacters } from 'node:util';
import type { Alert, Alerter } from '@mortise/core';

export class ConsoleAlerter implements Alerter {
  async send({ title, text, severity, url }: Alert, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const parts = [`[${severity}] ${title}:`, text, ...(url === undefined ? [] : [`(${url})`])];
    process.stderr.write(`${oneLine(parts.join(' '))}\n`);
  }
}

/** The text of an alert may come from anywhere, such as an error's message. */
function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

export async function create(): Promise<ConsoleAlerter> {
  return new ConsoleAlerter();
}
