/** An answer that is not 200. */
export class StubRefusal extends Error {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;

  constructor(status: number, contentType: string, body: string) {
    super(`${status} ${body}`);
    this.status = status;
    this.contentType = contentType;
    this.body = body;
  }
}

const STATUS_OF: Record<string, number> = { RESOURCE_DOES_NOT_EXIST: 404, NOT_IMPLEMENTED: 501, TEMPORARILY_UNAVAILABLE: 503 };

/** In MLflow's words. All that is no 404, 501 or 503 is 400, a name that is taken, too. */
export function refusal(errorCode: string, message: string): StubRefusal {
  const body = { error_code: errorCode, message, sqlstate: 'KAM00', error_class: errorCode };
  return new StubRefusal(STATUS_OF[errorCode] ?? 400, 'application/json', JSON.stringify(body));
}

export function invalid(message: string): StubRefusal {
  return refusal('INVALID_PARAMETER_VALUE', message);
}

export function missing(message: string): StubRefusal {
  return refusal('RESOURCE_DOES_NOT_EXIST', message);
}

/** As FastAPI says it, in whose hands artifacts are. */
export function detail(status: number, text: string): StubRefusal {
  return new StubRefusal(status, 'application/json', JSON.stringify({ detail: text }));
}

export function page(status: 401 | 404 | 405, title: string): StubRefusal {
  return new StubRefusal(
    status,
    'text/html; charset=utf-8',
    `<!doctype html>\n<html lang=en>\n<title>${status} ${title}</title>\n<h1>${title}</h1>\n`,
  );
}

/** With a statement in it, as SQLAlchemy's errors have. */
export function databaseError(errorCode: string, what: string, statement: string): StubRefusal {
  const account = `\n[SQL: ${statement}]\n[parameters: ('secret-parameter',)]\n(Background on this error at: https://sqlalche.me/e/21/gkpj)`;
  return refusal(errorCode, `${what}${account}`);
}
