/** As OpenSSL labels them. */
const CERTIFICATE = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----.*?-----END \1-----/gs;

/** What is wrong with the text of a certificate authority; undefined where nothing is. TLS takes what is wrong without a word, and trusts nobody more. */
export function faultOfAuthorities(ca: string): { message: string; cause?: unknown } | undefined {
  const certificates = typeof ca === 'string' ? [...ca.matchAll(CERTIFICATE)] : [];
  if (certificates.length === 0)
    return { message: '"ca" holds no certificate: it must be the text of a PEM file, "-----BEGIN CERTIFICATE-----" and so on' };
  // Only who gives one pays for loading this.
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  for (const [at, [pem]] of certificates.entries()) {
    try {
      new X509Certificate(pem);
    } catch (cause) {
      return { message: `Certificate ${at + 1} of ${certificates.length} in "ca" cannot be read: it is damaged`, cause };
    }
  }
  return undefined;
}
