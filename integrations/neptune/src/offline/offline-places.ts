import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Permanent, type TrackerRunRef } from '@mortise/core';

import type { NeptuneAccess } from '../experiment-tracker/neptune-access.ts';
import type { RunPlaces } from '../experiment-tracker/neptune-tracker.ts';
import { makeRunFolder } from './make-run-folder.ts';
import { OfflinePlace } from './offline-place.ts';
import { OPERATIONS_FILE } from './operations-schema.ts';

/** Runs in files, one folder each. */
export function offlinePlaces({ directory, project }: NeptuneAccess & { mode: 'offline' }): RunPlaces {
  const open = new Set<OfflinePlace>();
  return {
    async placeOf(runId, known) {
      const path = knownPath(known) ?? join(directory, folderOf(project, runId), OPERATIONS_FILE);
      const place = new OfflinePlace(path, { project, runId, known });
      open.add(place);
      return place;
    },
    async check() {
      makeRunFolder(directory);
      try {
        await access(directory, constants.W_OK | constants.X_OK);
      } catch (cause) {
        throw new Permanent(`the folder ${directory} cannot be written to: ${(cause as Error).message}`, { cause });
      }
    },
    end() {
      for (const place of open) place.rest();
    },
  };
}

/** Where it was when it was last written to, whatever the config says now, unless it is there no more. */
function knownPath(known: TrackerRunRef | undefined): string | undefined {
  const path = known?.url?.startsWith('file:') === true ? fileURLToPath(known.url) : undefined;
  return path !== undefined && existsSync(path) ? path : undefined;
}

/** As the Python client names the folder of a run, which ends with a time; ours, which all who open the run must find, with 0. */
function folderOf(project: string, runId: string): string {
  const clean = (part: string): string =>
    part
      .replaceAll(/[<>:" /\\|?*\p{Cc}]/gu, '_')
      .replaceAll(/_{2,}/g, '_')
      .slice(0, 64);
  return `${clean(project)}_${clean(runId)}_0`;
}
