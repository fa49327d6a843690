import type { NeptuneAccess } from '../experiment-tracker/neptune-access.ts';
import type { RunPlaces } from '../experiment-tracker/neptune-tracker.ts';
import { NeptuneSession } from './neptune-session.ts';
import { OnlinePlace } from './online-place.ts';

/** Runs at a server. */
export function onlinePlaces(
  access: NeptuneAccess & { mode: 'online' },
  { fetch, warn }: { fetch: typeof globalThis.fetch; warn(message: string): void },
): RunPlaces {
  const { project, timeoutMs } = access;
  const session = new NeptuneSession(access, { fetch, timeoutMs });
  return {
    async placeOf(runId, known, signal, again) {
      const pages = known?.url?.startsWith('http') === true ? undefined : await session.enter(signal);
      const url = pages === undefined ? known!.url! : runUrl(pages, project, runId);
      return new OnlinePlace({ session, project, runId, url, known, again, warn });
    },
    async check(signal) {
      // Anew: that we were let in before says nothing of now.
      await new NeptuneSession(access, { fetch, timeoutMs }).enter(signal);
    },
    end() {},
  };
}

/** By the rule of the Python client's `get_run_url`. */
function runUrl(pages: string, project: string, runId: string): string {
  const quoted = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return `${pages}/${project.split('/').map(quoted).join('/')}/-/run/?customId=${quoted(runId)}`;
}
