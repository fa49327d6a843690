import assert from 'node:assert/strict';
import { inspect, stripVTControlCharacters } from 'node:util';

import type { Alert, Alerter } from '@mortise/core';

import { failureOf } from '../failure-of.ts';
import { within } from '../within.ts';
import type { AlerterBackend, AlerterFault, AlerterSuite, ReceivedAlert } from './alerter-suite.ts';

export type Clause = (claim: string, prove: (place: AlerterPlace) => Promise<void>) => void;

/** How long one alert may take, ms. */
export const LIMIT_MS = 5_000;

export const never = (): AbortSignal => new AbortController().signal;
export const PLAIN: Alert = { title: 'Run wine-1', text: 'accuracy 0.98', severity: 'info' };

/** An alerter in one test. */
export class AlerterPlace {
  readonly alerter: Alerter;
  readonly backend: AlerterBackend;
  readonly suite: AlerterSuite;

  static async open(suite: AlerterSuite): Promise<AlerterPlace> {
    const backend = await suite.backend();
    return new AlerterPlace(suite, backend, await backend.create());
  }

  private constructor(suite: AlerterSuite, backend: AlerterBackend, alerter: Alerter) {
    this.suite = suite;
    this.backend = backend;
    this.alerter = alerter;
  }

  /** Sends an alert, which nobody can change. Fails when that takes too long. */
  async send(alert: Alert, signal = never(), alerter = this.alerter): Promise<void> {
    await within(LIMIT_MS, 'to send an alert', alerter.send(Object.freeze({ ...alert }), signal));
  }

  /** What an alert that cannot be sent ends with, in time. Fails when it holds a secret, or says nothing. */
  async failureOf(what: string, call: Promise<void>): Promise<unknown> {
    const error = await within(LIMIT_MS, `to give up ${what}`, failureOf(call, what));
    const { message } = error as { message?: unknown };
    assert.ok(typeof message === 'string' && message !== '', `${what} failed without a word`);
    this.assertNoSecret(inspect(error, { depth: 10 }), `what ${what} failed with`);
    return error;
  }

  /** Fails unless exactly these have arrived, in whatever order. */
  async assertReceived(alerts: readonly Alert[]): Promise<void> {
    const left = [...(await this.backend.received())];
    for (const { text } of left) this.assertNoSecret(text, 'an alert');
    for (const alert of alerts) {
      const at = left.findIndex((received) => this.#isOf(received, alert));
      assert.ok(at >= 0, `"${alert.title}" has not arrived as it was sent; what arrived: ${inspect(left)}`);
      left.splice(at, 1);
    }
    assert.deepEqual(left, [], 'more has arrived than was sent');
  }

  /** Everything fails in this way while `during` runs. */
  async failing(fault: AlerterFault, during: () => Promise<void>): Promise<void> {
    assert.ok(this.backend.fail !== undefined, `the suite lists the fault "${fault}", but its backend has no method fail`);
    const mend = await this.backend.fail(fault);
    try {
      await during();
    } finally {
      await mend();
    }
  }

  async end(): Promise<void> {
    try {
      await within(LIMIT_MS, 'to dispose of it', Promise.resolve(this.alerter[Symbol.asyncDispose]?.()));
    } finally {
      await this.backend.remove?.();
    }
  }

  assertNoSecret(text: string, where: string): void {
    for (const secret of this.suite.secrets ?? []) assert.ok(!text.includes(secret), `${where} holds a secret`);
  }

  #isOf(received: ReceivedAlert, { title, text, ...facts }: Alert): boolean {
    const { lacks = [], textLength = Infinity } = this.suite;
    const seen = spaced(received.text);
    const due = spaced(text.slice(0, textLength));
    if (!seen.includes(spaced(title)) || !seen.includes(due)) return false;
    return (['severity', 'runId', 'url'] as const).every((fact) => lacks.includes(fact) || (received[fact] ?? undefined) === facts[fact]);
  }
}

/** A text whose spaces and control characters are all one space. */
function spaced(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}
