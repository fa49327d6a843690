import { readTransactionLog } from '../transaction-log/read-transaction-log.ts';
import { isCode } from './error-code.ts';

/** How this client calls itself in the header of a log. */
export const PRODUCER = '@mortise/wandb-client';

/** Who wrote a log; undefined if its header is not there, or not whole. Throws `TransactionLogDamaged` and errors of the file system. */
export async function producerOf(log: string): Promise<string | undefined> {
  try {
    for await (const record of readTransactionLog(log)) return record.kind === 'header' ? record.producer : undefined;
    return undefined;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
