import type { Flavor } from '@mortise/core';
import consoleAlerter from './alerter/console/index.ts';
import webhookAlerter from './alerter/webhook/index.ts';
import localArtifactStore from './artifact-store/index.ts';
import localTracker from './experiment-tracker/index.ts';
import localOrchestrator from './orchestrator/index.ts';

export type { ConsoleAlerter } from './alerter/console/console-alerter.ts';
export type { WebhookAlerter } from './alerter/webhook/webhook-alerter.ts';
export type { LocalArtifactStore } from './artifact-store/local-artifact-store.ts';
export type { LocalTracker } from './experiment-tracker/local-tracker.ts';
export type { LocalOrchestrator } from './orchestrator/local-orchestrator.ts';
export { consoleAlerter, localArtifactStore, localOrchestrator, localTracker, webhookAlerter };

/** The flavors that come with Mortise. */
export const flavors: readonly Flavor[] = [localOrchestrator, localArtifactStore, localTracker, consoleAlerter, webhookAlerter];
