import { isServerUrl } from '@mortise/object-storage';
import {
  IsBoolean,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  Validate,
  ValidateIf,
  ValidatorConstraint,
} from 'class-validator';
import type { ValidationArguments, ValidatorConstraintInterface } from 'class-validator';

import { placeIn } from './s3-place.ts';

const MEBIBYTE = 1024 * 1024;

@ValidatorConstraint({ name: 'isS3Path' })
class IsS3Path implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && placeIn(value) !== undefined;
  }

  defaultMessage(): string {
    return 'must be s3://BUCKET or s3://BUCKET/PREFIX, without empty segments, "." and ".."';
  }
}

/** What is wrong must be told without the value: somebody may have put a password there. */
@ValidatorConstraint({ name: 'isEndpoint' })
class IsEndpoint implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return isServerUrl(value);
  }

  defaultMessage(): string {
    return 'must be an http or https URL without a user, a password or a query: credentials belong in "key" and "secret"';
  }
}

@ValidatorConstraint({ name: 'hasKey' })
class HasKey implements ValidatorConstraintInterface {
  validate(_value: unknown, { object }: ValidationArguments): boolean {
    return (object as S3ArtifactStoreConfig).key !== undefined;
  }

  defaultMessage(): string {
    return 'needs "key" and "secret" beside it';
  }
}

const isPair = ({ key, secret }: S3ArtifactStoreConfig): boolean => key !== undefined || secret !== undefined;

export class S3ArtifactStoreConfig {
  /** `s3://BUCKET/PREFIX`: the bucket, which must be there, and what all keys begin with. */
  @Validate(IsS3Path, { context: { description: 'the bucket and what all keys begin with: s3://BUCKET/PREFIX' } })
  path!: string;

  /** Of a server other than AWS, as `https://minio.example.com:9000`. Variables and profiles of AWS tools that name one are not looked at. */
  @IsOptional()
  @Validate(IsEndpoint, { context: { description: 'URL of the server (default: AWS)' } })
  endpoint?: string;

  /** Default: `AWS_REGION` or the AWS profile; `us-east-1` with an endpoint. */
  @IsOptional()
  @IsString({ context: { description: 'region of the bucket (default: that of the AWS environment; us-east-1 with an endpoint)' } })
  @Matches(/^[a-z0-9-]+$/i, { message: 'must be the name of a region, as eu-central-1' })
  region?: string;

  /** Asks for `ENDPOINT/BUCKET` instead of `BUCKET.ENDPOINT`. Default: with an endpoint. */
  @IsOptional()
  @IsBoolean({ context: { description: 'the bucket is named in the path of URLs, not in the host (default: true with an endpoint)' } })
  forcePathStyle?: boolean;

  /** Access key id. Default, with `secret`: what AWS tools find (environment, profile, role of the machine). */
  @ValidateIf(isPair)
  @IsString({
    message: 'is needed beside "secret"',
    context: { description: 'access key id (default: the credentials that AWS tools find)' },
  })
  @IsNotEmpty()
  key?: string;

  /** Secret access key. */
  @ValidateIf(isPair)
  @IsString({ message: 'is needed beside "key"', context: { description: 'secret access key' } })
  @IsNotEmpty()
  secret?: string;

  /** Of temporary credentials. */
  @IsOptional()
  @IsString({ context: { description: 'session token of temporary credentials' } })
  @IsNotEmpty()
  @Validate(HasKey)
  sessionToken?: string;

  /** Objects are encrypted with this KMS key (SSE-KMS). Default: as the bucket says. */
  @IsOptional()
  @IsString({ context: { description: 'KMS key that encrypts the objects (default: as the bucket says)' } })
  @IsNotEmpty()
  kmsKeyId?: string;

  /** As `STANDARD_IA`. Default: as the bucket says. */
  @IsOptional()
  @IsString({ context: { description: 'storage class, as STANDARD_IA (default: as the bucket says)' } })
  @Matches(/^[A-Z0-9_]+$/, { message: 'must be a storage class, as STANDARD_IA' })
  storageClass?: string;

  /** Parts of one upload that are on their way at once. Memory of an upload: one part more. */
  @IsInt({ context: { description: 'parts of one upload that are on their way at once' } })
  @Min(1)
  @Max(64)
  maxConcurrency: number = 4;

  /** Bytes of a part; what is not longer is sent whole. */
  @IsInt({ context: { description: 'bytes of a part; what is not longer is sent whole' } })
  @Min(5 * MEBIBYTE)
  @Max(5 * 1024 * MEBIBYTE)
  partSize: number = 8 * MEBIBYTE;

  /** How long the server may be silent before a request is tried again, ms. */
  @IsInt({ context: { description: 'how long the server may be silent before a request is tried again, ms' } })
  @Min(100)
  @Max(600_000)
  timeoutMs: number = 30_000;
}
