import type { Migration } from '../migrate.ts';

/** Labels and edits of stacks and components, flavors of other packages, secrets. */
export const openStacks: Migration = {
  version: 2,
  minCore: '0.1.0',
  sql: `
-- labels: JSON, text by text. updated_at: NULL while it is as it was registered.
ALTER TABLE components ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
ALTER TABLE components ADD COLUMN updated_at INTEGER;
ALTER TABLE stacks ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
ALTER TABLE stacks ADD COLUMN updated_at INTEGER;
-- The orders that lists of them may have.
CREATE INDEX components_name ON components (name, id);
CREATE INDEX components_created ON components (created_at, id);
CREATE INDEX stacks_created ON stacks (created_at, id);

-- problem: JSON { reason, at } of the last time that the flavor was loaded and could not be; NULL since it could.
ALTER TABLE flavors ADD COLUMN problem TEXT;

-- sealed: its values, encrypted together (secrets/seal.ts). keys: their names, JSON. key_id: which key it was sealed with.
CREATE TABLE secrets (
  name TEXT PRIMARY KEY, keys TEXT NOT NULL, sealed TEXT NOT NULL, key_id TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER
) STRICT, WITHOUT ROWID;
`,
};
