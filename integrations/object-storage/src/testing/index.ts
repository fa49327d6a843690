export { bytesOf, chunksOf, randomBody, sha256Of } from './bytes.ts';
export { linesOf } from './lines-of.ts';
export { moveManyObjects } from './many-objects.ts';
export { argumentsOfTransfer, memoryOfTransfer } from './memory-of-transfer.ts';
export { raceForKey } from './race-for-key.ts';
export { transferObject } from './transfer-object.ts';
