import type { CometClient } from './client/comet-client.ts';

/** What `activeRun(comet).native()` gives: Comet's experiment, and calls of its server unless it is offline. */
export interface CometRun {
  experimentKey: string;
  workspace: string | undefined;
  projectName: string;
  /** Of the experiment's page, as the server told it. */
  url: string | undefined;
  /** Undefined offline. */
  client: CometClient | undefined;
}
