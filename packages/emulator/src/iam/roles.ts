import data from "./roles.json";

const PREDEFINED: Readonly<Record<string, readonly string[]>> = data.roles;

/**
 * The permissions of a predefined role, as far as emulators check them; undefined for a role that
 * is not in the data.
 */
export function predefinedRole(name: string): readonly string[] | undefined {
  return Object.hasOwn(PREDEFINED, name) ? PREDEFINED[name] : undefined;
}

/**
 * The predefined role with the fewest permissions that holds one: of the permission's own service
 * if there is one, and none of Google's agents, legacy ones and trials.
 */
export function narrowestRole(permission: string): string | undefined {
  const holders = Object.keys(PREDEFINED).filter(
    (role) => !/[sS]ervice(Agent)?$|legacy|expressMode/.test(role) && PREDEFINED[role]?.includes(permission),
  );
  const [service] = permission.split(".");
  return holders.find((role) => role.startsWith(`roles/${service}.`)) ?? holders[0];
}
