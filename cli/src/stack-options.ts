import type { StackParts } from '@mortise/core/client';

/** Names of components by their type, as commander collects them under the type's name in camelCase. */
export interface StackOptions {
  orchestrator?: string[];
  artifactStore?: string[];
  experimentTracker?: string[];
  alerter?: string[];
}

/** The types that were named. */
export function partsOf({ orchestrator, artifactStore, experimentTracker, alerter }: StackOptions): StackParts {
  return {
    ...(orchestrator !== undefined && { orchestrator }),
    ...(artifactStore !== undefined && { 'artifact-store': artifactStore }),
    ...(experimentTracker !== undefined && { 'experiment-tracker': experimentTracker }),
    ...(alerter !== undefined && { alerter }),
  };
}
