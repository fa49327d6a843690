import { stripVTControlCharacters } from 'node:util';
import type { Alerter } from '@mortise/core';

type Alert = Parameters<Alerter['send']>[0];

export class ConsoleAlerter implements Alerter {
  async send({ title, text, severity, url }: Alert): Promise<void> {
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
