import { artifactClaims } from './artifact-claims.ts';
import { batchClaims } from './batch-claims.ts';
import type { Claim } from './claim.ts';
import { metricClaims } from './metric-claims.ts';
import { modelClaims } from './model-claims.ts';
import { runClaims } from './run-claims.ts';
import { searchClaims } from './search-claims.ts';
import { textClaims } from './text-claims.ts';

/** What is true of MLflow 3.17 and of the client before it, by topic. */
export const claims: Record<string, Claim[]> = {
  'experiments and runs': runClaims,
  metrics: metricClaims,
  batches: batchClaims,
  texts: textClaims,
  search: searchClaims,
  artifacts: artifactClaims,
  models: modelClaims,
};
