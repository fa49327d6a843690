/** How long a claim on tracker runs holds unless it is renewed, ms. */
export const CLAIM_MS = 30_000;
