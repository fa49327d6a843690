import { defineFlavor } from '@mortise/core';

/** Runs the steps of a pipeline in this process, as soon as what they wait for is there. */
export default defineFlavor({
  apiVersion: 1,
  type: 'orchestrator',
  name: 'local',
  config: async () => (await import('./local-orchestrator-config.ts')).LocalOrchestratorConfig,
  load: () => import('./local-orchestrator.ts'),
});
