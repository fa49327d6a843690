import { IsInt, IsNotEmpty, IsObject, IsOptional, IsString, Max, Min, Validate, ValidatorConstraint } from 'class-validator';
import type { ValidatorConstraintInterface } from 'class-validator';

/** What is wrong must be told without the value: a URL may be as good as a password. */
@ValidatorConstraint({ name: 'isWebhookUrl' })
class IsWebhookUrl implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    if (typeof value !== 'string' || !URL.canParse(value)) return false;
    const { protocol, username, password } = new URL(value);
    return ['http:', 'https:'].includes(protocol) && username === '' && password === '';
  }

  defaultMessage(): string {
    return 'must be an http or https URL without a user or a password: "headers" can have an "authorization"';
  }
}

@ValidatorConstraint({ name: 'isHeaders' })
class IsHeaders implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    try {
      new Headers(value as Record<string, string>);
      return Object.values(value as object).every((text) => typeof text === 'string');
    } catch {
      return false;
    }
  }

  defaultMessage(): string {
    return 'must be an object of names and texts, as HTTP allows them in headers';
  }
}

export class WebhookAlerterConfig {
  /** Where alerts are posted to. One that is as good as a password is best kept as a secret: `{{secret.NAME.KEY}}`. */
  @Validate(IsWebhookUrl, { context: { description: 'where alerts are posted to' } })
  url!: string;

  /** Signs each alert: the header `x-mortise-signature` is `sha256=` and the HMAC-SHA256 of the body in hex. Default: not signed. */
  @IsOptional()
  @IsString({ context: { description: 'signs each alert (default: not signed)' } })
  @IsNotEmpty()
  secret?: string;

  /** How long one try may take, ms. */
  @IsInt({ context: { description: 'how long one try may take, ms' } })
  @Min(1)
  @Max(600_000)
  timeoutMs: number = 10_000;

  /** Tries after the first: when the server cannot be reached, or answers 408, 429 or 5xx. */
  @IsInt({ context: { description: 'tries after the first' } })
  @Min(0)
  @Max(20)
  retries: number = 3;

  /** Sent along, as `{"authorization":"Bearer {{secret.NAME.KEY}}"}`. */
  @IsOptional()
  @IsObject({ context: { description: 'sent along: a JSON object of names and texts' } })
  @Validate(IsHeaders)
  headers?: Record<string, string>;
}
