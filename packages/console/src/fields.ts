import type { ActionBodies, ActionName } from "./api-types";
import { Invalid } from "./errors";

/** Reads the body of an action. Every error says what was given and what is allowed. */
export class Fields<Name extends ActionName> {
  private readonly fields: Readonly<Record<string, unknown>>;

  /** @throws Invalid for anything but an object with these fields */
  constructor(body: ActionBodies[Name], allowed: readonly PropertyKey[]) {
    if (typeof body !== "object" || body === null || Array.isArray(body)) {
      throw new Invalid(`Given ${shown(body)}; allowed: an object`);
    }
    const unknown = Object.keys(body).filter((name) => !allowed.includes(name));
    if (unknown.length > 0) {
      throw new Invalid(
        `Given ${unknown.join(", ")}; allowed: ${allowed.length > 0 ? allowed.join(", ") : "no fields"}`,
      );
    }
    this.fields = body as Readonly<Record<string, unknown>>;
  }

  value(name: keyof ActionBodies[Name] & string): unknown {
    return this.fields[name];
  }

  text(name: keyof ActionBodies[Name] & string, mayBeEmpty = false): string {
    const text = this.optionalText(name, mayBeEmpty);
    if (text === undefined) throw new Invalid(`${name} is missing; allowed: a text`);
    return text;
  }

  optionalText(name: keyof ActionBodies[Name] & string, mayBeEmpty = false): string | undefined {
    const value = this.fields[name];
    if (value === undefined || (typeof value === "string" && (value !== "" || mayBeEmpty))) return value;
    throw new Invalid(`${name}: given ${shown(value)}; allowed: a text${mayBeEmpty ? "" : " that is not empty"}`);
  }

  /** Of texts by name. @returns an empty object if it is not given */
  optionalTexts(name: keyof ActionBodies[Name] & string): Record<string, string> {
    const value = this.fields[name] ?? {};
    const isMap = typeof value === "object" && !Array.isArray(value);
    if (isMap && Object.values(value).every((each) => typeof each === "string")) return value as Record<string, string>;
    throw new Invalid(`${name}: given ${shown(value)}; allowed: an object of texts`);
  }

  bytes(name: keyof ActionBodies[Name] & string): Buffer {
    const bytes = this.optionalBytes(name);
    if (bytes === undefined) throw new Invalid(`${name} is missing; allowed: bytes in base64`);
    return bytes;
  }

  optionalBytes(name: keyof ActionBodies[Name] & string): Buffer | undefined {
    const text = this.optionalText(name, true);
    if (text === undefined) return undefined;
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Invalid(`${name}: allowed: bytes in base64`);
    return Buffer.from(text, "base64");
  }

  whole(name: keyof ActionBodies[Name] & string, least: number, most: number): number {
    const value = this.optionalWhole(name, least, most);
    if (value === undefined) throw new Invalid(`${name} is missing; allowed: ${least} to ${most}`);
    return value;
  }

  optionalWhole(name: keyof ActionBodies[Name] & string, least: number, most: number): number | undefined {
    const value = this.fields[name];
    if (value === undefined) return undefined;
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
    throw new Invalid(`${name}: given ${shown(value)}; allowed: ${least} to ${most}`);
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
