/**
 * For a program that runs pipelines inside of itself: what it may put its own in place of. Needs the package `inversify`.
 * @module @mortise/core/container
 */
import { Container, type ServiceIdentifier } from 'inversify';

import type { Logger } from './stack/flavor.ts';
import { logTo, stderrLogger } from './stack/logger.ts';

export type { Logger } from './stack/flavor.ts';

/** Where the messages of Mortise and of its components go: a `Logger`. Values of secrets are masked before. Default: warnings to stderr, a line each. */
export const LOG: ServiceIdentifier<Logger> = Symbol.for('mortise.log');

/** What this process's runs are given, by what it is asked for; what is bound anew holds from then on. */
export const container: Container = new Container();

container.bind(LOG).toConstantValue(stderrLogger());
logTo(() => container.get(LOG));
