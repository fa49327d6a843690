import { decodeRecord } from './decode-record.ts';
import type { LogRecord } from './log-record.ts';
import { TransactionLogDamaged } from './transaction-log-damaged.ts';
import { TransactionLogReader, type ReadOptions } from './transaction-log-reader.ts';

export interface ReadTransactionLogOptions extends ReadOptions {
  /** Told where the unfinished rest begins that a killed process has left. */
  onTorn?: (offset: number) => void;
  /** Kinds that are not asked for. */
  skip?: readonly Exclude<LogRecord['kind'], 'other'>[];
}

/**
 * The records of a `.wandb` file, of any size in little memory. Throws `TransactionLogDamaged`, unless `onDamage` is given, and errors of the file
 * system.
 * @example
 * for await (const record of readTransactionLog('run-r1.wandb')) if (record.kind === 'history') console.log(record.row);
 */
export async function* readTransactionLog(
  path: string,
  { onTorn, skip, ...options }: ReadTransactionLogOptions = {},
): AsyncGenerator<LogRecord, void> {
  const reader = new TransactionLogReader(path);
  for await (const { bytes, offset } of reader.records(options)) {
    const record = decoded(path, bytes, offset, skip);
    if (!(record instanceof TransactionLogDamaged)) yield record;
    else if (options.onDamage === undefined) throw record;
    else options.onDamage(record);
  }
  if (reader.tornAt !== undefined) onTorn?.(reader.tornAt);
}

function decoded(
  path: string,
  bytes: Uint8Array,
  offset: number,
  skip: ReadTransactionLogOptions['skip'],
): LogRecord | TransactionLogDamaged {
  try {
    return decodeRecord(bytes, skip);
  } catch {
    return new TransactionLogDamaged(path, offset, 'a record cannot be read');
  }
}
