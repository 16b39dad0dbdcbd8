import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface Certificate {
  /** PEM. */
  readonly certificate: string;
  readonly key: KeyObject;
}

/**
 * The certificates of a run's TLS port: a CA that processes trust, and a certificate that the CA
 * signed for Google's names.
 */
export interface Authority {
  /**
   * PEM of the CA's certificate. The key is not kept after it has signed the leaf, so nothing else
   * can be signed.
   */
  readonly ca: string;
  readonly leaf: Certificate;
}

/** @param names DNS names, wildcards for one label allowed */
export function createEphemeralCa(names: readonly string[]): Authority {
  const caKeys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const leafKeys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = "Local run";
  return {
    ca: certificate({
      issuer,
      subject: issuer,
      publicKey: caKeys.publicKey,
      signer: caKeys.privateKey,
      extension: BASIC_CONSTRAINTS_CA,
    }),
    leaf: {
      certificate: certificate({
        issuer,
        subject: "Google, locally",
        publicKey: leafKeys.publicKey,
        signer: caKeys.privateKey,
        extension: subjectAltName(names),
      }),
      key: leafKeys.privateKey,
    },
  };
}

interface Contents {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly extension: Buffer;
}

/** An X.509 v3 certificate, valid from yesterday for 30 days. Source: RFC 5280, 4.1. */
function certificate({ issuer, subject, publicKey, signer, extension }: Contents): string {
  const day = 86_400_000;
  const content = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    name(issuer),
    sequence(time(Date.now() - day), time(Date.now() + 30 * day)),
    name(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(extension)),
  );
  const signature = sign("sha256", content, signer);
  const whole = sequence(content, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** Tag, length, value. Source: X.690, 8.1. */
function der(tag: number, ...values: readonly Buffer[]): Buffer {
  const value = Buffer.concat(values);
  const length = value.length;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), value]);
  const digits = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...digits]), value]);
}

function sequence(...values: readonly Buffer[]): Buffer {
  return der(0x30, ...values);
}

function integer(value: Buffer): Buffer {
  return der(0x02, value);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function name(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(commonName)))));
}

/** UTCTime: YYMMDDHHMMSSZ. */
function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/\D/g, "");
  return der(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}

function subjectAltName(names: readonly string[]): Buffer {
  return sequence(oid("551d11"), der(0x04, sequence(...names.map((dns) => der(0x82, Buffer.from(dns))))));
}

const ECDSA_WITH_SHA256 = sequence(oid("2a8648ce3d040302"));
const TRUE = Buffer.from([0x01, 0x01, 0xff]);
const BASIC_CONSTRAINTS_CA = sequence(oid("551d13"), TRUE, der(0x04, sequence(TRUE)));
