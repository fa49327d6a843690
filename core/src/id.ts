const pool = Buffer.alloc(16 * 256);
let used = pool.length;
let lastMs = 0;
let counter = 0;

/** A UUIDv7 (RFC 9562) as 32 hex digits: sorts by time, and within one process by order of making. */
export function newId(now = Date.now()): string {
  if (used === pool.length) {
    // Loaded when first needed: importing it costs a third of a short command's start.
    process.getBuiltinModule('node:crypto').randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += 16;
  if (now > lastMs) {
    lastMs = now;
    counter = pool.readUInt16BE(at + 6) & 0x7ff;
  } else if (++counter > 0xfff) {
    lastMs++;
    counter = 0;
  }
  pool.writeUIntBE(lastMs, at, 6);
  pool.writeUInt16BE(0x7000 | counter, at + 6);
  pool[at + 8] = (pool[at + 8]! & 0x3f) | 0x80;
  return pool.toString('hex', at, used);
}
