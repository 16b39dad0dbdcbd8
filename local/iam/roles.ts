import data from "./roles.json";

const PREDEFINED: Readonly<Record<string, readonly string[]>> = data.roles;

/** Permissions of a predefined role, as far as anything here checks them; undefined for one that is not in the data. */
export function predefinedRole(name: string): readonly string[] | undefined {
  return Object.hasOwn(PREDEFINED, name) ? PREDEFINED[name] : undefined;
}

/** The predefined role with the fewest permissions that holds one, apart from those of Google's agents, legacy ones and trials. */
export function narrowestRole(permission: string): string | undefined {
  return Object.keys(PREDEFINED).find(
    (role) => !/serviceAgent|legacy|expressMode/.test(role) && PREDEFINED[role]?.includes(permission),
  );
}
