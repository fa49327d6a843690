import type { Flavor } from '@mortise/core';
import consoleAlerter from './alerter/console/index.ts';
import webhookAlerter from './alerter/webhook/index.ts';
import localArtifactStore from './artifact-store/index.ts';
import localTracker from './experiment-tracker/index.ts';
import localOrchestrator from './orchestrator/index.ts';

export { consoleAlerter, localArtifactStore, localOrchestrator, localTracker, webhookAlerter };

/** The flavors that come with Mortise. */
export const flavors: readonly Flavor[] = [localOrchestrator, localArtifactStore, localTracker, consoleAlerter, webhookAlerter];
