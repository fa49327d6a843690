// Messages of Neptune 3, as described by neptune-api's descriptors. Copyright (c) Neptune Labs Sp. z o.o., Apache-2.0: see NOTICE.
import { readFields } from './read-fields.ts';

/** What became of one request id, in counts: a snapshot's values may fare differently. */
export interface RequestStatus {
  /** `code` is gRPC's (0: fine, 14: not yet processed), `detail` an `IngestCode`. */
  counts: { code: number; count: number; detail: number }[];
}

/** gRPC's `UNAVAILABLE`: asked too early. */
export const NOT_YET = 14;

/** Ids of a `SubmitResponse`: one for each snapshot, in their order, or that of the run. */
export function readRequestIds(bytes: Uint8Array): string[] {
  const ids: string[] = [];
  let single = '';
  readFields(bytes, { 1: (reader) => void (single = reader.string()), 2: (reader) => void ids.push(reader.string()) });
  return ids.length === 0 && single !== '' ? [single] : ids;
}

/** Of a `BulkRequestStatus`, in the order of the ids that were asked for. */
export function readStatuses(bytes: Uint8Array): RequestStatus[] {
  const statuses: RequestStatus[] = [];
  readFields(bytes, { 1: (reader) => void statuses.push(readStatus(reader.bytes())) });
  return statuses;
}

function readStatus(bytes: Uint8Array): RequestStatus {
  const status: RequestStatus = { counts: [] };
  readFields(bytes, {
    1: (reader) => {
      const count = { code: 0, count: 0, detail: 0 };
      readFields(reader.bytes(), {
        1: (from) => void (count.code = from.int32()),
        2: (from) => void (count.count = Number(from.int64())),
        3: (from) => void (count.detail = from.int32()),
      });
      status.counts.push(count);
    },
  });
  return status;
}
