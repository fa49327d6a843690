import { expect, test } from '@jest/globals';

import { withoutStatements } from './without-statements.ts';

test('SQL, its parameters and SQLAlchemy’s address are left out', () => {
  const message =
    "Experiment(name=a) already exists. Error: (sqlite3.IntegrityError) UNIQUE constraint failed: experiments.name\n[SQL: INSERT INTO x\nVALUES (?)]\n[parameters: ('p',)]\n(Background on this error at: https://sqlalche.me/e/21/gkpj)";
  expect(withoutStatements(message)).toBe('Experiment(name=a) already exists. Error: UNIQUE constraint failed: experiments.name');
});

test('drivers of other databases are left out, too', () => {
  const message =
    '(raised as a result of Query-invoked autoflush; consider using a session.no_autoflush block)\n(psycopg2.errors.UniqueViolation) duplicate key\n(pymysql.err.OperationalError) lost';
  expect(withoutStatements(message)).not.toMatch(/psycopg2|pymysql|raised as/);
});

test('advice on Python code is left out', () => {
  expect(
    withoutStatements(
      'Changing param values is not allowed.\n\nThe cause of this error is typically due to repeated calls\nwith mlflow.start_run():',
    ),
  ).toBe('Changing param values is not allowed.');
});
