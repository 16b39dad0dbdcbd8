import apis from "./google-apis.json";

const methods: Readonly<Record<string, string>> = apis.methods;
const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = apis.messages;

/**
 * The HTTP rule of a method in Google's protos, with a star for each field; undefined for an API
 * that the file does not have.
 */
export function googleRule(method: string): string | undefined {
  return methods[method] && starred(methods[method]);
}

export function starred(rule: string): string {
  return rule.replace(/\{[\w.]+=([^}]+)\}/g, "$1").replace(/\{[\w.]+\}/g, "*");
}

/**
 * Fields of a JSON value that a message of Google's protos does not have, by their paths.
 *
 * @param message full name. Messages that the file does not have are not looked into.
 */
export function strayFields(message: string, value: unknown): string[] {
  const fields = messages[message];
  if (!fields) throw new Error(`there is no message ${message} in google-apis.json`);
  return Object.entries(value as object).flatMap(([name, inner]) => {
    if (name === "@type") return [];
    const type = fields[name];
    if (type === undefined) return [name];
    const nested = named(type, message);
    if (nested === undefined) return [];
    return [inner].flat().flatMap((each) => strayFields(nested, each).map((path) => `${name}.${path}`));
  });
}

/** A type's full name, as the protos of a message see it: its own, or of what is around it. */
function named(type: string, message: string): string | undefined {
  for (let scope = message; scope !== ""; scope = scope.replace(/\.?[^.]+$/, "")) {
    const name = `${scope}.${type}`;
    if (messages[name]) return name;
  }
  return messages[type] && type;
}
