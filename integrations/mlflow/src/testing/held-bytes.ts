import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of all buffers that are in use. What is garbage is collected before: when that happens by itself differs with what else the machine does. */
export function heldBytes(): number {
  // The second time the buffers have gone that the first one found.
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}
