import type { BinaryReader } from '@bufbuild/protobuf/wire';

import { setNested } from '../nested-value.ts';
import { fromValueJson } from '../value-json.ts';
import type { ValueAt } from './log-record.ts';
import { readNested } from './message-reader.ts';

/** Update and remove lists of a config or summary record: what it is made of is kept to the last digit. */
export function readUpdate(reader: BinaryReader): { update: ValueAt[]; remove: string[][] } {
  const update: ValueAt[] = [];
  const remove: string[][] = [];
  readNested(reader, (field, record) => {
    if (field === 1) update.push(readItem(record, { bigIntegers: true }));
    else if (field === 2) remove.push([...readItem(record).path]);
    else return false;
    return true;
  });
  return { update, remove };
}

/** A history record's row, with `_step` among its values. */
export function readRow(reader: BinaryReader): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  let step = 0;
  readNested(reader, (field, record) => {
    if (field === 1) {
      const { path, value } = readItem(record);
      if (path.length > 0) setNested(row, path, value);
      return true;
    }
    return (
      field === 2 &&
      readNested(record, (number, counted) => {
        if (number !== 1) return false;
        step = Number(counted.int64());
        return true;
      })
    );
  });
  row['_step'] ??= step;
  return row;
}

/** An item's value is JSON; of a history it may be typed as well. */
function readItem(reader: BinaryReader, options?: Parameters<typeof fromValueJson>[1]): ValueAt {
  const path: string[] = [];
  let value: unknown;
  readNested(reader, (field, item) => {
    switch (field) {
      case 1:
      case 2:
        path.push(item.string());
        return true;
      case 3:
        item.int32();
        value = null;
        return true;
      case 4:
        value = item.bool();
        return true;
      case 5:
        value = Number(item.sint64());
        return true;
      case 6:
        value = item.double();
        return true;
      case 7:
        value = item.string();
        return true;
      case 8:
      case 16:
        value = fromValueJson(item.string(), options);
        return true;
      default:
        return false;
    }
  });
  return { path, value };
}
