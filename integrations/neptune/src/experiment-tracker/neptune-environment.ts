export type Mode = 'offline' | 'online';

/** Neptune's own variables, as far as they count here. Empty ones are not set. */
export function neptuneEnvironment(env: NodeJS.ProcessEnv = process.env) {
  return {
    apiToken: env['NEPTUNE_API_TOKEN'] || undefined,
    project: env['NEPTUNE_PROJECT'] || undefined,
    mode: modeOf(env['NEPTUNE_MODE']),
    /** As it is set, where that is neither of the two. */
    otherMode: env['NEPTUNE_MODE'] && modeOf(env['NEPTUNE_MODE']) === undefined ? env['NEPTUNE_MODE'] : undefined,
    offlineDirectory: env['NEPTUNE_LOG_DIRECTORY'] || undefined,
  };
}

/** The Python client calls it `async` when it sends. Others (`disabled`) do not say where to. */
function modeOf(text: string | undefined): Mode | undefined {
  switch (text?.toLowerCase()) {
    case 'offline':
      return 'offline';
    case 'online':
    case 'async':
    case 'sync':
      return 'online';
    default:
      return undefined;
  }
}
